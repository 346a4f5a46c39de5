//! What functions with one entry per flow have in common: which rows make, find and remove an entry.
//!
//! Key: the 5-tuple, of any IP protocol; ports are 0 where a packet has none.
//!
//! With `syn-fin`, the rule of the authors of the paper, an entry is created by a TCP SYN (with or without ACK) or any
//! UDP packet, and removed by a FIN, whose row still counts; a FIN removes only an entry that existed before the row.
//! Rows without an entry change nothing.

use scr_wire::Field;
use scr_wire::parse::{PROTOCOL_TCP, PROTOCOL_UDP};

use super::layout::FiveTuple;
use super::{Address, Layout, OptionError, OptionHelp, Options};
use crate::table::Table;

/// The option `syn-fin`.
pub const SYN_FIN: OptionHelp = OptionHelp {
    usage: "syn-fin",
    about: "keep entries only from a TCP SYN or UDP packet to a FIN",
};

/// A table of flows over rows of layout `L`.
pub type FlowTable<L, V> = Table<<<L as Layout>::Address as Address>::Flow, V>;

/// How entries are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Entries live from SYN to FIN.
    pub syn_fin: bool,
    /// Entries in the table.
    pub capacity: usize,
}

impl Keeping {
    /// Reads the options `syn-fin` and `capacity`.
    ///
    /// # Errors
    ///
    /// [`OptionError`] when one cannot be used.
    pub fn read(options: &mut Options) -> Result<Self, OptionError> {
        Ok(Self {
            syn_fin: options.flag("syn-fin"),
            capacity: options.capacity()?,
        })
    }

    /// The fields that a row must have: the 5-tuple, for `syn-fin` the flags, and `others`.
    pub fn needs(&self, others: &[Field]) -> Vec<Field> {
        let mut fields = FIVE_TUPLE.to_vec();
        if self.syn_fin {
            fields.push(Field::TcpFlags);
        }
        fields.extend(others);
        fields
    }

    /// Lets `change` have the entry of the row's flow, and says to it whether that is new; `None` for a row that has
    /// none.
    #[inline(always)]
    pub fn update<L: Layout, V: Copy + Default, R>(
        &self,
        layout: &L,
        table: &mut FlowTable<L, V>,
        row: &[u8],
        change: impl FnOnce(&mut V, bool) -> R,
    ) -> Option<R> {
        if layout.is_blank(row) {
            return None;
        }
        let flow = layout.flow(row);
        if !self.syn_fin {
            let (value, new) = table.get_or_insert(&flow);
            return Some(change(value, new));
        }
        let protocol = layout.protocol(row);
        let flags = layout.tcp_flags(row);
        let tcp = protocol == PROTOCOL_TCP;
        let creates = protocol == PROTOCOL_UDP || tcp && flags.syn();
        let (value, new) = if creates {
            table.get_or_insert(&flow)
        } else {
            (table.get_mut(&flow)?, false)
        };
        let result = change(value, new);
        if tcp && flags.fin() && !new {
            // A copy: what is passed by reference would be kept in memory for all rows.
            table.remove(&{ flow });
        }
        Some(result)
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

/// The flows of a table with their values, sorted numerically.
pub fn sorted<A: Address, V: Copy + Default>(table: &Table<A::Flow, V>) -> Vec<(FiveTuple, V)> {
    let mut entries: Vec<_> = table.iter().map(|(&flow, &value)| (flow, value)).collect();
    entries.sort_unstable_by_key(|&(flow, _)| flow);
    entries
        .into_iter()
        .map(|(flow, value)| (A::tuple(flow), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Flow;

    #[test]
    fn syn_fin_keeps_connections() {
        let keeping = Keeping {
            syn_fin: true,
            capacity: 8,
        };
        let mut table = Table::new(keeping.capacity);
        let (syn, fin, ack) = (0x02, 0x01, 0x10);
        let mut step = |protocol, flags| {
            let row = [
                10, 0, 0, 1, 10, 0, 1, 1, 0, 7, 0, 80, protocol, flags, 0, 10,
            ];
            let count = keeping.update(&Flow, &mut table, &row, |count: &mut u32, new| {
                assert_eq!(new, *count == 0);
                *count += 1;
                *count
            });
            (count, table.len())
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
