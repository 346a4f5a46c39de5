//! `ddos`: drops packets of a source beyond a given number.
//!
//! Key: source address. Every packet counts, including dropped ones; packet `threshold + 1` is the first to be dropped.
//! The count runs from the start or, with `window=SECONDS`, covers the source's current window; windows follow each
//! other without gaps from the source's first packet on. A packet older than its source's window counts in that window,
//! unless it is older than the window's start by more than one window: then it starts a new window, because a single
//! packet with a time far ahead must not make all later packets count in one window.
//!
//! 0.0.0.0 is a source like any other (a flood of DHCP requests has it). Only with `sequence_all` can a row be that of
//! a frame that is not IP, which has no source. Only the protocol tells such a row apart, so a packet from 0.0.0.0 with
//! protocol 0 does not count then.
//!
//! When the table is full, a new source evicts the one under the table's hand ([`crate::table`]), whose count is lost.

use std::net::IpAddr;

use scr_wire::Field;
use serde::Serialize;

use crate::options::CAPACITY;
use crate::{Action, FlowFunction, KeyFields, Layout, OptionError, OptionHelp, Options, Retain};

/// The function's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ddos {
    /// Packets of a source that pass.
    pub threshold: u64,
    /// Length of a window in nanoseconds; `None` counts from the start.
    pub window: Option<u64>,
    /// Capacity of the table, in entries.
    pub capacity: usize,
    /// Whether frames that are not IP have rows, too.
    other_frames: bool,
}

/// A source's count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source {
    packets: u64,
    /// When the current window began; 0 without windows.
    since: u64,
}

/// An entry of the state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Source address.
    pub src: IpAddr,
    /// Packets counted.
    pub packets: u64,
}

impl FlowFunction for Ddos {
    const NAME: &'static str = "ddos";
    const ABOUT: &'static str = "drop what a source sends beyond a number of packets";
    const OPTIONS: &'static [OptionHelp] = &[
        OptionHelp {
            usage: "threshold=PACKETS",
            about: "packets of a source that pass (1000000)",
        },
        OptionHelp {
            usage: "window=SECONDS",
            about: "count within windows of this length; needs a profile with timestamps (since the start)",
        },
        CAPACITY,
    ];

    type Key<L: Layout> = L::Address;
    type ShownKey = IpAddr;
    type Value = Source;
    /// The source's count; 0 for a row without a source.
    type Effect = u64;
    type Entry = Entry;
    type Shared = ();

    fn read(options: &mut Options) -> Result<Self, OptionError> {
        Ok(Self {
            threshold: options
                .number("threshold", 0..=u64::MAX)?
                .unwrap_or(1_000_000),
            window: options.seconds("window")?,
            capacity: options.capacity()?,
            other_frames: false,
        })
    }

    fn with_other_frames(self) -> Self {
        Self {
            other_frames: true,
            ..self
        }
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn key_fields(&self) -> KeyFields {
        KeyFields::SOURCE
    }

    fn other_fields(&self) -> Vec<Field> {
        let mut fields = Vec::new();
        if self.other_frames {
            fields.push(Field::Protocol);
        }
        if self.window.is_some() {
            fields.extend([Field::Seconds, Field::Nanoseconds]);
        }
        fields
    }

    #[inline(always)]
    fn key<L: Layout>(&self, layout: &L, row: &[u8]) -> Option<L::Address> {
        let nobody = self.other_frames && layout.is_of_nobody(row);
        (!nobody).then(|| layout.src(row))
    }

    #[inline(always)]
    fn keeps_all(&self) -> bool {
        true
    }

    #[inline(always)]
    fn update<L: Layout>(
        &self,
        layout: &L,
        row: &[u8],
        source: &mut Source,
        new: bool,
    ) -> (u64, Retain) {
        if let Some(window) = self.window {
            let now = layout.nanos(row);
            if new {
                source.since = now;
            } else if now >= source.since.saturating_add(window) {
                source.since += (now - source.since) / window * window;
                source.packets = 0;
            } else if source.since.saturating_sub(now) > window {
                // The time of the packet that began the window was too far ahead.
                source.since = now;
                source.packets = 0;
            }
        }
        source.packets += 1;
        (source.packets, Retain::Keep)
    }

    #[inline(always)]
    fn without_entry<L: Layout>(&self, _: &L, _: &[u8]) -> u64 {
        0
    }

    #[inline(always)]
    fn action(&self, packets: u64) -> Action {
        Action::pass_if(packets <= self.threshold)
    }

    fn entry(&self, src: IpAddr, source: &Source) -> Entry {
        Entry {
            src,
            packets: source.packets,
        }
    }

    fn describe(&self, packets: u64) -> Option<String> {
        (packets > 0).then(|| packets.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{FlowTime, Knock, Source};
    use crate::{Keyed, NetworkFunction, Own, Verdict};

    fn function<L: Layout>(layout: L, options: &[&str]) -> Keyed<Ddos, L> {
        Own::<Ddos>::new(options).unwrap().over(layout)
    }

    #[test]
    fn the_packet_after_the_threshold_is_dropped() {
        let f = function(Source, &["threshold=3"]);
        let mut state = f.new_state();
        let mut verdicts = vec![];
        for _ in 0..5 {
            let effect = f.apply(&mut state, &[10, 0, 0, 1]);
            verdicts.push(f.verdict(effect, &[], &mut vec![]));
        }
        use Verdict::{Drop, Pass};
        assert_eq!(verdicts, [Pass, Pass, Pass, Drop, Drop]);
        assert_eq!(f.apply(&mut state, &[10, 0, 0, 2]), 1);
        let entries = serde_json::to_string(&f.entries(&state)).unwrap();
        assert_eq!(
            entries,
            r#"[{"src":"10.0.0.1","packets":5},{"src":"10.0.0.2","packets":1}]"#
        );
    }

    #[test]
    fn a_source_of_zeros_counts_like_any_other() {
        let f = function(Source, &["threshold=1"]);
        let mut state = f.new_state();
        assert_eq!(f.apply(&mut state, &[0; 4]), 1);
        assert_eq!(f.apply(&mut state, &[0; 4]), 2);
        assert_eq!(f.describe(&[0; 4], 2).unwrap().key, "0.0.0.0");
        assert_eq!(f.entries(&state)[0].src.to_string(), "0.0.0.0");
        assert_eq!(f.verdict(1, &[], &mut vec![]), Verdict::Pass);
        assert_eq!(f.verdict(2, &[], &mut vec![]), Verdict::Drop);
    }

    #[test]
    fn with_other_frames_blank_rows_pass_and_count_nowhere() {
        let parameters = Own::<Ddos>::new(&["threshold=0"]).unwrap();
        let f = parameters.with_other_frames().over(Knock);
        let mut state = f.new_state();
        assert_eq!(f.apply(&mut state, &[0; 8]), 0);
        assert_eq!(f.verdict(0, &[], &mut vec![]), Verdict::Pass);
        assert!(state.table.is_empty());
        assert_eq!(f.describe(&[0; 8], 0), None);
        // DHCP, and a row with only a destination port.
        assert_eq!(f.apply(&mut state, &[0, 0, 0, 0, 0, 67, 17, 0]), 1);
        assert_eq!(f.verdict(1, &[], &mut vec![]), Verdict::Drop);
        assert_eq!(f.apply(&mut state, &[0, 0, 0, 0, 0, 67, 0, 0]), 0);
    }

    #[test]
    fn windows_tumble_from_the_first_packet() {
        let f = function(FlowTime, &["window=1.5"]);
        let mut state = f.new_state();
        let mut at = |seconds: u32, nanos: u32| {
            let mut row = [0; 32];
            row[0] = 10;
            row[16..20].copy_from_slice(&seconds.to_be_bytes());
            row[20..24].copy_from_slice(&nanos.to_be_bytes());
            f.apply(&mut state, &row)
        };
        assert_eq!(at(100, 0), 1);
        assert_eq!(at(101, 499_999_999), 2);
        assert_eq!(at(101, 500_000_000), 1);
        assert_eq!(at(101, 0), 2); // older than the window: counts in it
        assert_eq!(at(107, 499_999_999), 1); // the window from 106.0
        assert_eq!(at(107, 500_000_000), 1);
        // Older than the start of the window by exactly one window, and by more.
        assert_eq!(at(106, 0), 2);
        assert_eq!(at(105, 999_999_999), 1); // the window from there
        assert_eq!(at(107, 499_999_998), 2);
        assert_eq!(at(107, 499_999_999), 1);
    }

    #[test]
    fn a_packet_far_ahead_or_a_clock_that_wraps_keeps_no_source_out() {
        let f = function(FlowTime, &["window=1", "threshold=2"]);
        let mut state = f.new_state();
        let mut at = |seconds: u32| {
            let mut row = [0; 32];
            row[0] = 10;
            row[16..20].copy_from_slice(&seconds.to_be_bytes());
            f.apply(&mut state, &row)
        };
        assert_eq!([at(100), at(3700), at(101), at(101)], [1, 1, 1, 2]);
        assert_eq!([at(102), at(u32::MAX), at(0), at(1)], [1, 1, 1, 1]);
        let f = function(FlowTime, &["window=4294967295.999999999"]);
        let mut state = f.new_state();
        let mut last = |seconds: u32| {
            let mut row = [0xff; 32];
            row[16..20].copy_from_slice(&seconds.to_be_bytes());
            f.apply(&mut state, &row)
        };
        assert_eq!([last(u32::MAX), last(0), last(u32::MAX)], [1, 2, 3]);
    }
}
