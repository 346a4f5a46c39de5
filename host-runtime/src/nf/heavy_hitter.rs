//! `heavy-hitter`: counts packets and bytes of every flow and reports those that reach a number of bytes.
//!
//! Key: the 5-tuple, of any IP protocol; ports are 0 where a packet has none. Bytes are IP lengths. Every packet passes.
//!
//! With `syn-fin` an entry is created by a TCP SYN or any UDP packet, and removed by a FIN, which still counts; a FIN
//! removes only an entry that existed before the packet. Packets without an entry change nothing.
//!
//! When the table is full, a new flow evicts the one under the table's hand ([`crate::table`]), whose counts are lost.

use std::net::IpAddr;

use scr_wire::Field;
use scr_wire::parse::{PROTOCOL_TCP, PROTOCOL_UDP};
use serde::Serialize;

use super::options::CAPACITY;
use super::{
    Address, Description, Family, Layout, NetworkFunction, OptionError, OptionHelp, Options,
    Verdict,
};
use crate::table::{Step, Table};

/// The function before its layout is known.
#[derive(Clone, Copy, Debug)]
pub struct HeavyHitter;

/// Its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Bytes from which on a flow is heavy.
    pub threshold: u64,
    /// Entries live from SYN to FIN.
    pub syn_fin: bool,
    /// Entries in the table.
    pub capacity: usize,
}

impl Family for HeavyHitter {
    const NAME: &'static str = "heavy-hitter";
    const ABOUT: &'static str = "count every flow and report the heavy ones";
    const OPTIONS: &'static [OptionHelp] = &[
        OptionHelp {
            usage: "threshold=BYTES",
            about: "bytes from which on a flow is heavy (1048576)",
        },
        OptionHelp {
            usage: "syn-fin",
            about: "keep entries only from a TCP SYN or UDP packet to a FIN",
        },
        CAPACITY,
    ];
    type Parameters = Parameters;
    type Function<L: Layout> = Function<L>;

    fn parameters(options: &mut Options) -> Result<Parameters, OptionError> {
        Ok(Parameters {
            threshold: options
                .number("threshold", 0..=u64::MAX)?
                .unwrap_or(1 << 20),
            syn_fin: options.flag("syn-fin"),
            capacity: options.capacity()?,
        })
    }

    fn needs(parameters: &Parameters) -> Vec<Field> {
        let mut fields = vec![
            Field::SrcIp4,
            Field::DstIp4,
            Field::SrcPort,
            Field::DstPort,
            Field::Protocol,
            Field::IpLength,
        ];
        if parameters.syn_fin {
            fields.push(Field::TcpFlags);
        }
        fields
    }

    fn build<L: Layout>(parameters: Parameters, layout: L) -> Function<L> {
        Function { parameters, layout }
    }
}

/// A flow's counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counts {
    packets: u64,
    bytes: u64,
}

/// The function over rows of layout `L`.
#[derive(Clone, Debug)]
pub struct Function<L> {
    parameters: Parameters,
    layout: L,
}

/// An entry of the state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Source port.
    pub sport: u16,
    /// Destination port.
    pub dport: u16,
    /// IP protocol.
    pub proto: u8,
    /// Packets counted.
    pub packets: u64,
    /// Bytes counted.
    pub bytes: u64,
    /// Whether the bytes reach the threshold.
    pub heavy: bool,
}

impl<L: Layout> NetworkFunction for Function<L> {
    type State = Table<<L::Address as Address>::Flow, Counts>;
    /// The flow's counts; `None` for a row that touched no entry.
    type Effect = Option<Counts>;
    type Entry = Entry;

    const ROW_BYTES: usize = L::ROW_BYTES;

    fn new_state(&self) -> Self::State {
        Table::new(self.parameters.capacity)
    }

    #[inline(always)]
    fn apply(&self, state: &mut Self::State, row: &[u8]) -> Option<Counts> {
        if self.layout.is_blank(row) {
            return None;
        }
        let flow = self.layout.flow(row);
        let bytes = u64::from(self.layout.ip_length(row));
        if self.parameters.syn_fin {
            return self.apply_syn_fin(state, row, flow, bytes);
        }
        let (counts, _) = state.get_or_insert(&flow);
        counts.packets += 1;
        counts.bytes += bytes;
        Some(*counts)
    }

    fn looks_ahead(&self, state: &Self::State) -> bool {
        state.outgrows_l2()
    }

    #[inline(always)]
    fn prefetch(&self, state: &Self::State, row: &[u8], step: Step) {
        state.prefetch(&self.layout.flow(row), step);
    }

    #[inline]
    fn verdict(&self, _: Option<Counts>, _: &[u8], _: &mut Vec<u8>) -> Verdict {
        Verdict::Pass
    }

    fn entries(&self, state: &Self::State) -> Vec<Entry> {
        let mut entries: Vec<_> = state
            .iter()
            .map(|(&flow, &counts)| (flow, counts))
            .collect();
        entries.sort_unstable();
        entries
            .into_iter()
            .map(|(flow, Counts { packets, bytes })| {
                let tuple = L::Address::tuple(flow);
                Entry {
                    src: tuple.src,
                    dst: tuple.dst,
                    sport: tuple.sport,
                    dport: tuple.dport,
                    proto: tuple.proto,
                    packets,
                    bytes,
                    heavy: bytes >= self.parameters.threshold,
                }
            })
            .collect()
    }

    fn describe(&self, row: &[u8], effect: Option<Counts>) -> Option<Description> {
        let Counts { packets, bytes } = effect?;
        Some(Description {
            key: L::Address::tuple(self.layout.flow(row)).to_string(),
            state: format!("packets={packets} bytes={bytes}"),
        })
    }
}

impl<L: Layout> Function<L> {
    fn apply_syn_fin(
        &self,
        state: &mut Table<<L::Address as Address>::Flow, Counts>,
        row: &[u8],
        flow: <L::Address as Address>::Flow,
        bytes: u64,
    ) -> Option<Counts> {
        let protocol = self.layout.protocol(row);
        let flags = self.layout.tcp_flags(row);
        let tcp = protocol == PROTOCOL_TCP;
        let creates = protocol == PROTOCOL_UDP || tcp && flags.syn();
        let (counts, new) = if creates {
            state.get_or_insert(&flow)
        } else {
            (state.get_mut(&flow)?, false)
        };
        counts.packets += 1;
        counts.bytes += bytes;
        let counts = *counts;
        if tcp && flags.fin() && !new {
            state.remove(&flow);
        }
        Some(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nf::layout::{Flow, Flow6Time};

    fn function<L: Layout>(layout: L, options: &[&str]) -> Function<L> {
        let mut options = Options::parse(HeavyHitter::NAME, HeavyHitter::OPTIONS, options).unwrap();
        HeavyHitter::build(HeavyHitter::parameters(&mut options).unwrap(), layout)
    }

    fn row(src: u8, sport: u16, protocol: u8, flags: u8, length: u16) -> [u8; 16] {
        let mut row = [
            10, 0, 0, src, 10, 0, 1, 1, 0, 0, 0, 80, protocol, flags, 0, 0,
        ];
        row[8..10].copy_from_slice(&sport.to_be_bytes());
        row[14..].copy_from_slice(&length.to_be_bytes());
        row
    }

    #[test]
    fn flows_are_counted_and_sorted_numerically() {
        let f = function(Flow, &["threshold=100"]);
        let mut state = f.new_state();
        for r in [
            row(10, 1, 6, 0, 40),
            row(9, 1000, 6, 0, 60),
            row(9, 200, 17, 0, 99),
            row(9, 1000, 6, 0, 40),
            row(9, 200, 1, 0, 1),
        ] {
            f.apply(&mut state, &r);
        }
        let lines: Vec<_> = f
            .entries(&state)
            .iter()
            .map(|e| {
                (
                    e.src.to_string(),
                    e.sport,
                    e.proto,
                    e.packets,
                    e.bytes,
                    e.heavy,
                )
            })
            .collect();
        let nine = || "10.0.0.9".to_owned();
        assert_eq!(
            lines,
            [
                (nine(), 200, 1, 1, 1, false),
                (nine(), 200, 17, 1, 99, false),
                (nine(), 1000, 6, 2, 100, true),
                ("10.0.0.10".to_owned(), 1, 6, 1, 40, false),
            ]
        );
        let json = serde_json::to_string(&f.entries(&state)[2]).unwrap();
        assert_eq!(
            json,
            r#"{"src":"10.0.0.9","dst":"10.0.1.1","sport":1000,"dport":80,"proto":6,"packets":2,"bytes":100,"heavy":true}"#
        );
    }

    #[test]
    fn syn_fin_keeps_connections() {
        let f = function(Flow, &["syn-fin"]);
        let mut state = f.new_state();
        let (syn, fin, ack) = (0x02, 0x01, 0x10);
        let mut step = |protocol, flags| {
            let effect = f.apply(&mut state, &row(1, 7, protocol, flags, 10));
            (effect.map(|c| c.packets), state.len())
        };
        assert_eq!(step(6, ack), (None, 0));
        assert_eq!(step(1, syn), (None, 0));
        assert_eq!(step(6, syn | fin), (Some(1), 1));
        assert_eq!(step(6, ack), (Some(2), 1));
        assert_eq!(step(6, syn), (Some(3), 1));
        assert_eq!(step(6, fin), (Some(4), 0));
        assert_eq!(step(6, fin), (None, 0));
        assert_eq!(step(17, 0), (Some(1), 1));
    }

    #[test]
    fn both_address_families_live_together() {
        let f = function(Flow6Time, &[]);
        let mut state = f.new_state();
        let mut v4 = [0; 64];
        v4[10..16].copy_from_slice(&[0xff, 0xff, 10, 0, 0, 1]);
        v4[26..32].copy_from_slice(&[0xff, 0xff, 10, 0, 0, 2]);
        v4[36] = 17;
        let mut v6 = [0; 64];
        v6[..2].copy_from_slice(&[0x20, 0x01]);
        v6[36] = 17;
        f.apply(&mut state, &v6);
        let effect = f.apply(&mut state, &v4);
        f.apply(&mut state, &[0; 64]);
        let sources: Vec<_> = f
            .entries(&state)
            .iter()
            .map(|e| e.src.to_string())
            .collect();
        assert_eq!(sources, ["10.0.0.1", "2001::"]);
        let described = f.describe(&v4, effect).unwrap();
        assert_eq!(described.key, "10.0.0.1:0>10.0.0.2:0/17");
        assert_eq!(described.state, "packets=1 bytes=0");
    }
}
