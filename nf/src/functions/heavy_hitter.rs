//! `heavy-hitter`: counts packets and bytes of every flow and reports flows that reach a number of bytes.
//!
//! Key: the 5-tuple; entries are kept as described in [`crate::flows`]. Bytes are IP lengths. Every packet passes.
//!
//! When the table is full, a new flow evicts the one under the table's hand ([`crate::table`]), whose counts are lost.

use scr_wire::Field;
use serde::Serialize;

use crate::flows::{Keeping, SYN_FIN};
use crate::layout::FiveTuple;
use crate::options::CAPACITY;
use crate::{
    Action, Address, FlowFunction, KeyFields, Layout, OptionError, OptionHelp, Options, Retain,
};

/// The function's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeavyHitter {
    /// Number of bytes from which a flow counts as heavy.
    pub threshold: u64,
    /// When entries are created and removed.
    pub keeping: Keeping,
}

/// A flow's counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    packets: u64,
    bytes: u64,
}

/// An entry of the state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The flow.
    #[serde(flatten)]
    pub flow: FiveTuple,
    /// Packets counted.
    pub packets: u64,
    /// Bytes counted.
    pub bytes: u64,
    /// Whether the bytes reach the threshold.
    pub heavy: bool,
}

impl FlowFunction for HeavyHitter {
    const NAME: &'static str = "heavy-hitter";
    const ABOUT: &'static str = "count every flow and report the heavy ones";
    const OPTIONS: &'static [OptionHelp] = &[
        OptionHelp {
            usage: "threshold=BYTES",
            about: "bytes from which on a flow is heavy (1048576)",
        },
        SYN_FIN,
        CAPACITY,
    ];

    type Key<L: Layout> = <L::Address as Address>::Flow;
    type ShownKey = FiveTuple;
    type Value = Counts;
    /// The flow's counts; `None` for a row that touched no entry.
    type Effect = Option<Counts>;
    type Entry = Entry;
    type Shared = ();

    fn read(options: &mut Options) -> Result<Self, OptionError> {
        Ok(Self {
            threshold: options
                .number("threshold", 0..=u64::MAX)?
                .unwrap_or(1 << 20),
            keeping: Keeping::read(options)?,
        })
    }

    fn capacity(&self) -> usize {
        self.keeping.capacity
    }

    fn key_fields(&self) -> KeyFields {
        KeyFields::FLOW
    }

    fn other_fields(&self) -> Vec<Field> {
        self.keeping.other_fields(&[Field::IpLength])
    }

    #[inline(always)]
    fn key<L: Layout>(&self, layout: &L, row: &[u8]) -> Option<Self::Key<L>> {
        (!layout.is_blank(row)).then(|| layout.flow(row))
    }

    #[inline(always)]
    fn creates<L: Layout>(&self, layout: &L, row: &[u8]) -> bool {
        self.keeping.creates(layout, row)
    }

    #[inline(always)]
    fn keeps_all(&self) -> bool {
        self.keeping.keeps_all()
    }

    #[inline(always)]
    fn update<L: Layout>(
        &self,
        layout: &L,
        row: &[u8],
        counts: &mut Counts,
        new: bool,
    ) -> (Option<Counts>, Retain) {
        counts.packets += 1;
        counts.bytes += u64::from(layout.ip_length(row));
        (Some(*counts), self.keeping.retain(layout, row, new))
    }

    #[inline(always)]
    fn without_entry<L: Layout>(&self, _: &L, _: &[u8]) -> Option<Counts> {
        None
    }

    #[inline(always)]
    fn action(&self, _: Option<Counts>) -> Action {
        Action::Pass
    }

    fn entry(&self, flow: FiveTuple, &Counts { packets, bytes }: &Counts) -> Entry {
        Entry {
            flow,
            packets,
            bytes,
            heavy: bytes >= self.threshold,
        }
    }

    fn describe(&self, effect: Option<Counts>) -> Option<String> {
        let Counts { packets, bytes } = effect?;
        Some(format!("packets={packets} bytes={bytes}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Flow, Flow6Time};
    use crate::{Keyed, NetworkFunction, Own};

    fn function<L: Layout>(layout: L, options: &[&str]) -> Keyed<HeavyHitter, L> {
        Own::<HeavyHitter>::new(options).unwrap().over(layout)
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
                    e.flow.src.to_string(),
                    e.flow.sport,
                    e.flow.proto,
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
            .map(|e| e.flow.src.to_string())
            .collect();
        assert_eq!(sources, ["10.0.0.1", "2001::"]);
        let described = f.describe(&v4, effect).unwrap();
        assert_eq!(described.key, "10.0.0.1:0>10.0.0.2:0/17");
        assert_eq!(described.state, "packets=1 bytes=0");
    }
}
