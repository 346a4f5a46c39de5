//! Common parts of functions with one entry per flow: which rows create, find and remove an entry.
//!
//! Key: the 5-tuple, of any IP protocol; ports are 0 where a packet has none.
//!
//! With `syn-fin`, the rule of the paper's authors, an entry is created by a TCP SYN (with or without ACK) or any UDP
//! packet, and removed by a FIN, whose row still counts; a FIN removes only an entry that existed before the row. Rows
//! without an entry change nothing.

use scr_wire::Field;
use scr_wire::parse::{PROTOCOL_TCP, PROTOCOL_UDP};

use crate::{Layout, OptionError, OptionHelp, Options, Retain};

/// The option `syn-fin`.
pub const SYN_FIN: OptionHelp = OptionHelp {
    usage: "syn-fin",
    about: "keep entries only from a TCP SYN or UDP packet to a FIN",
};

/// When entries are created and removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Whether entries live from SYN to FIN.
    pub syn_fin: bool,
    /// Capacity of the table, in entries.
    pub capacity: usize,
}

impl Keeping {
    /// Reads the options `syn-fin` and `capacity`.
    ///
    /// # Errors
    ///
    /// [`OptionError`] if a value cannot be used.
    pub fn read(options: &mut Options) -> Result<Self, OptionError> {
        Ok(Self {
            syn_fin: options.flag("syn-fin"),
            capacity: options.capacity()?,
        })
    }

    /// The fields that a row must have besides the 5-tuple: the flags for `syn-fin`, and `others`.
    pub fn other_fields(&self, others: &[Field]) -> Vec<Field> {
        let flags = self.syn_fin.then_some(Field::TcpFlags);
        flags.into_iter().chain(others.iter().copied()).collect()
    }

    /// Whether a row creates an entry if its flow has none.
    #[inline(always)]
    pub fn creates<L: Layout>(&self, layout: &L, row: &[u8]) -> bool {
        if !self.syn_fin {
            return true;
        }
        let protocol = layout.protocol(row);
        protocol == PROTOCOL_UDP || protocol == PROTOCOL_TCP && layout.tcp_flags(row).syn()
    }

    /// Whether every row creates its flow's entry and none removes one.
    #[inline(always)]
    pub fn keeps_all(&self) -> bool {
        !self.syn_fin
    }

    /// Fate of the entry, which is `new` if this row created it.
    #[inline(always)]
    pub fn retain<L: Layout>(&self, layout: &L, row: &[u8], new: bool) -> Retain {
        let ends = self.syn_fin
            && layout.protocol(row) == PROTOCOL_TCP
            && layout.tcp_flags(row).fin()
            && !new;
        if ends { Retain::Remove } else { Retain::Keep }
    }
}

/// Addresses, ports and protocol.
pub const FIVE_TUPLE: [Field; 5] = [
    Field::SrcIp4,
    Field::DstIp4,
    Field::SrcPort,
    Field::DstPort,
    Field::Protocol,
];

#[cfg(test)]
mod tests {
    use crate::functions::heavy_hitter::HeavyHitter;
    use crate::layout::Flow;
    use crate::{NetworkFunction, Own};

    #[test]
    fn syn_fin_keeps_connections() {
        let options = ["syn-fin", "capacity=8"];
        let f = Own::<HeavyHitter>::new(&options).unwrap().over(Flow);
        let mut state = f.new_state();
        let (syn, fin, ack) = (0x02, 0x01, 0x10);
        let mut step = |protocol, flags| {
            let row = [
                10, 0, 0, 1, 10, 0, 1, 1, 0, 7, 0, 80, protocol, flags, 0, 10,
            ];
            let described = f.describe(&row, f.apply(&mut state, &row));
            let count = described.map(|d| d.state[8..9].parse::<u32>().unwrap());
            (count, state.table.len())
        };
        assert_eq!(step(6, ack), (None, 0));
        assert_eq!(step(6, fin), (None, 0));
        assert_eq!(step(1, syn), (None, 0));
        assert_eq!(step(6, syn | fin), (Some(1), 1));
        assert_eq!(step(6, ack), (Some(2), 1));
        assert_eq!(step(6, syn), (Some(3), 1));
        assert_eq!(step(6, fin), (Some(4), 0));
        assert_eq!(step(6, syn | ack), (Some(1), 1));
        assert_eq!(step(6, fin), (Some(2), 0));
        assert_eq!(step(6, fin), (None, 0));
        assert_eq!(step(17, fin), (Some(1), 1));
        assert_eq!(step(17, fin), (Some(2), 1));
    }
}
