//! `token-bucket`: limits every flow to a rate, with bursts.
//!
//! Key: the 5-tuple; entries are kept as described in [`crate::flows`]. With `syn-fin`, packets without an entry pass, and a
//! FIN removes its entry whether its packet passes or not. A bucket starts full. Time fills it with `rate` tokens a
//! second, up to `burst`; a packet that finds a whole token takes it and passes, any other is dropped and takes
//! nothing.
//!
//! ```text
//!  tokens = min(burst, tokens + max(0, t - last) · rate)      last = max(last, t), for dropped packets too
//! ```
//!
//! Time that goes back has no effect, unless it goes back by more than an empty bucket takes to fill: then `last = t`,
//! because a single packet with a time far ahead must not stop the flow until that time comes.
//!
//! Tokens are counted in whole units of 10⁻⁹, the unit of a rate in tokens a second times nanoseconds, so nothing is
//! ever rounded. Products that exceed 64 bits are larger than any bucket.
//!
//! When the table is full, a new flow evicts the one under the table's hand ([`crate::table`]); the evicted flow's next
//! packet finds a full bucket.

use scr_wire::Field;
use serde::Serialize;

use crate::flows::{Keeping, SYN_FIN};
use crate::layout::FiveTuple;
use crate::options::CAPACITY;
use crate::{
    Action, Address, FlowFunction, KeyFields, Layout, Nanoseconds, OptionError, OptionHelp,
    Options, Retain,
};

/// One token, in units of 10⁻⁹.
const TOKEN: u64 = 1_000_000_000;

/// The function's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    /// Tokens a second.
    pub rate: u64,
    /// Content of a full bucket, in 10⁻⁹ tokens.
    pub full: u64,
    /// When entries are created and removed.
    pub keeping: Keeping,
}

/// A flow's bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Content, in 10⁻⁹ tokens.
    tokens: u64,
    /// Time up to which the bucket has been filled, in nanoseconds: the latest time of a packet, except times far
    /// ahead.
    last: u64,
}

impl Bucket {
    /// Advances the time to `now` unless it is later already; sets it back to `now` if it was further ahead than
    /// filling takes.
    #[inline(always)]
    fn fill(&mut self, now: u64, rate: u64, full: u64) {
        // No bucket holds as much as the value at which this saturates.
        if self.last.saturating_sub(now).saturating_mul(rate) > full {
            self.last = now;
            return;
        }
        let gained = now.saturating_sub(self.last).saturating_mul(rate);
        self.tokens = self.tokens.saturating_add(gained).min(full);
        self.last = self.last.max(now);
    }

    /// Takes a token if there is a whole one; returns whether it did.
    #[inline(always)]
    fn take(&mut self) -> bool {
        let left = self.tokens.checked_sub(TOKEN);
        self.tokens = left.unwrap_or(self.tokens);
        left.is_some()
    }
}

/// The effect of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metered {
    /// The bucket after the row.
    bucket: Bucket,
    /// Whether the row's packet got a token.
    pass: bool,
}

/// An entry of the state file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The flow.
    #[serde(flatten)]
    pub flow: FiveTuple,
    /// Tokens at the time of the latest packet.
    pub tokens: f64,
    /// Time of the latest packet, in nanoseconds.
    pub last_ns: Nanoseconds,
}

impl FlowFunction for TokenBucket {
    const NAME: &'static str = "token-bucket";
    const ABOUT: &'static str = "drop what a flow sends beyond a rate";
    const OPTIONS: &'static [OptionHelp] = &[
        OptionHelp {
            usage: "rate=PACKETS",
            about: "packets a second that a flow may send (1000)",
        },
        OptionHelp {
            usage: "burst=PACKETS",
            about: "packets that it may send at once (16)",
        },
        SYN_FIN,
        CAPACITY,
    ];

    type Key<L: Layout> = <L::Address as Address>::Flow;
    type ShownKey = FiveTuple;
    type Value = Bucket;
    /// The bucket and the verdict; `None` for a row that touched no entry.
    type Effect = Option<Metered>;
    type Entry = Entry;
    type Shared = ();

    fn read(options: &mut Options) -> Result<Self, OptionError> {
        let burst = options.number("burst", 1..=u64::MAX / TOKEN)?.unwrap_or(16);
        Ok(Self {
            rate: options.number("rate", 0..=u64::MAX)?.unwrap_or(1000),
            full: burst * TOKEN,
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
        let time = [Field::Seconds, Field::Nanoseconds];
        self.keeping.other_fields(&time)
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
        bucket: &mut Bucket,
        new: bool,
    ) -> (Option<Metered>, Retain) {
        if new {
            bucket.tokens = self.full;
        }
        bucket.fill(layout.nanos(row), self.rate, self.full);
        let pass = bucket.take();
        let metered = Metered {
            bucket: *bucket,
            pass,
        };
        (Some(metered), self.keeping.retain(layout, row, new))
    }

    #[inline(always)]
    fn without_entry<L: Layout>(&self, _: &L, _: &[u8]) -> Option<Metered> {
        None
    }

    #[inline(always)]
    fn action(&self, effect: Option<Metered>) -> Action {
        Action::pass_if(effect.is_none_or(|metered| metered.pass))
    }

    fn entry(&self, flow: FiveTuple, &Bucket { tokens, last }: &Bucket) -> Entry {
        Entry {
            flow,
            tokens: tokens as f64 / TOKEN as f64,
            last_ns: Nanoseconds(last),
        }
    }

    fn describe(&self, effect: Option<Metered>) -> Option<String> {
        let Bucket { tokens, last } = effect?.bucket;
        let (whole, rest) = (tokens / TOKEN, tokens % TOKEN);
        Some(format!("tokens={whole}.{rest:09} last_ns={last}"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::layout::{Flow6Time, FlowTime};
    use crate::{Keyed, NetworkFunction, Own, Verdict};

    const SYN: u8 = 0x02;
    const FIN: u8 = 0x01;
    const ACK: u8 = 0x10;
    /// The latest time that a row can have.
    const END: u64 = u32::MAX as u64 * 1_000_000_000 + 999_999_999;

    fn parameters(options: &[&str]) -> Result<TokenBucket, OptionError> {
        Ok(Own::<TokenBucket>::new(options)?.parameters().clone())
    }

    fn function<L: Layout>(layout: L, options: &[&str]) -> Keyed<TokenBucket, L> {
        Own::<TokenBucket>::new(options).unwrap().over(layout)
    }

    fn row(host: u8, protocol: u8, flags: u8, at: u64) -> [u8; 32] {
        let mut row = [0; 32];
        row[..16].copy_from_slice(&[
            10, 0, 0, host, 10, 0, 1, 1, 0, 7, 0, 80, protocol, flags, 0, 40,
        ]);
        row[16..20].copy_from_slice(&((at / 1_000_000_000) as u32).to_be_bytes());
        row[20..24].copy_from_slice(&((at % 1_000_000_000) as u32).to_be_bytes());
        row
    }

    /// Verdicts on a flow's packets at these times, and the tokens left at the end.
    fn verdicts(options: &[&str], times: &[u64]) -> (String, u64) {
        let f = function(FlowTime, options);
        let mut state = f.new_state();
        let mut tokens = 0;
        let verdicts = times
            .iter()
            .map(|&at| {
                let effect = f.apply(&mut state, &row(1, 6, ACK, at));
                tokens = effect.unwrap().bucket.tokens;
                match f.verdict(effect, &[], &mut vec![]) {
                    Verdict::Pass => 'p',
                    _ => 'd',
                }
            })
            .collect();
        (verdicts, tokens)
    }

    #[test]
    fn defaults_are_a_thousand_a_second_and_sixteen_at_once() {
        let (text, tokens) = verdicts(&[], &[5; 18]);
        assert_eq!((text.as_str(), tokens), ("ppppppppppppppppdd", 0));
        let mut times = vec![0; 16];
        times.extend([999_999, 1_000_000, 1_000_000, 2_999_999, 3_000_000]);
        let (text, tokens) = verdicts(&[], &times);
        assert_eq!(&text[16..], "dpdpp");
        assert_eq!(tokens, 0);
    }

    #[test]
    fn a_token_is_whole_or_is_none() {
        // 3 tokens a second: a token takes 333,333,333⅓ ns, and the remainder of the last nanosecond is kept.
        let options = ["rate=3", "burst=2"];
        assert_eq!(verdicts(&options, &[0, 0, 333_333_333]).0, "ppd");
        let thirds = [0, 0, 333_333_334, 666_666_666, 666_666_667];
        assert_eq!(
            verdicts(&options, &thirds[..4]),
            ("pppd".into(), 999_999_998)
        );
        assert_eq!(verdicts(&options, &thirds), ("pppdp".into(), 1));
        // Many small steps fill the bucket as one large step does.
        let mut steps = vec![0];
        steps.extend((0..=1_000).map(|n| n * 333_334));
        let (text, tokens) = verdicts(&options, &steps);
        assert_eq!((text.matches('p').count(), tokens), (3, 2_000));
        // What does not fit a full bucket is lost.
        assert_eq!(verdicts(&options, &[0, 333_333_334]).1, TOKEN);
    }

    #[test]
    fn time_that_goes_back_neither_fills_nor_empties() {
        let options = ["rate=1", "burst=2"];
        let second = 1_000_000_000;
        let at = [10, 10, 9, 10, 11, 9, 12, 12].map(|s| s * second);
        // At 9 s the last time stays 10 s, so the packet at 10 s gains nothing.
        assert_eq!(verdicts(&options, &at), ("ppddpdpd".into(), 0));
    }

    #[test]
    fn time_that_goes_back_by_more_than_filling_takes_is_the_time() {
        let options = ["rate=1", "burst=2"];
        let at = |times: &[u64]| verdicts(&options, times);
        // Exactly two seconds are not more; the packet takes an existing token and gains none.
        assert_eq!(at(&[10 * TOKEN, 8 * TOKEN, 9 * TOKEN]), ("ppd".into(), 0));
        let back = [10 * TOKEN, 8 * TOKEN - 1, 9 * TOKEN, 9 * TOKEN];
        assert_eq!(at(&back), ("pppd".into(), 1));
        // After a packet an hour ahead the flow goes on.
        let mut hour = vec![TOKEN; 1];
        hour.push(3601 * TOKEN);
        hour.extend((2..20).map(|s| s * TOKEN));
        assert_eq!(at(&hour).0, "p".repeat(20));
        // A bucket that never fills takes forever to fill.
        assert_eq!(verdicts(&["rate=0", "burst=1"], &[END, 0]).0, "pd");
        let f = function(FlowTime, &["rate=0", "burst=1"]);
        let mut state = f.new_state();
        f.apply(&mut state, &row(1, 17, 0, END));
        f.apply(&mut state, &row(1, 17, 0, 0));
        assert_eq!(f.entries(&state)[0].last_ns.0, END);
        // Seconds that wrap.
        assert_eq!(at(&[END, END, 0, 1, TOKEN]).0, "ppddp");
    }

    #[test]
    fn dropped_packets_move_the_time() {
        let options = ["rate=1", "burst=1"];
        let f = function(FlowTime, &options);
        let mut state = f.new_state();
        f.apply(&mut state, &row(1, 17, 0, 0));
        let effect = f.apply(&mut state, &row(1, 17, 0, 250_000_000));
        assert_eq!(f.verdict(effect, &[], &mut vec![]), Verdict::Drop);
        let described = f.describe(&row(1, 17, 0, 250_000_000), effect).unwrap();
        assert_eq!(described.key, "10.0.0.1:7>10.0.1.1:80/17");
        assert_eq!(described.state, "tokens=0.250000000 last_ns=250000000");
        assert_eq!(
            serde_json::to_string(&f.entries(&state)).unwrap(),
            r#"[{"src":"10.0.0.1","dst":"10.0.1.1","sport":7,"dport":80,"proto":17,"tokens":0.25,"last_ns":"250000000"}]"#
        );
    }

    #[test]
    fn largest_rates_and_bursts_do_not_overflow() {
        let most = u64::MAX / TOKEN;
        let burst = format!("burst={most}");
        let rate = format!("rate={}", u64::MAX);
        let full = most * TOKEN;
        assert_eq!(verdicts(&[&rate, &burst], &[0, END]).1, full - TOKEN);
        assert_eq!(verdicts(&["rate=1", &burst], &[0, END]).1, full - TOKEN);
        assert_eq!(verdicts(&[&rate, "burst=1"], &[0, 0, 1]).0, "pdp");
        assert_eq!(verdicts(&[&rate, "burst=1"], &[END, 0, END]).0, "pdp");
        assert_eq!(verdicts(&["rate=0", "burst=1"], &[0, END]).0, "pd");
        // 2³² tokens a second for 2³² ns: a product of 2⁶⁴ counts as much, not as nothing.
        let rate = format!("rate={}", 1u64 << 32);
        assert_eq!(verdicts(&[&rate, "burst=1"], &[0, 1 << 32]).0, "pp");
        // The whole range of time at one token a second: 2³² - 1 tokens and a fraction.
        let burst = format!("burst={}", 1u64 << 33);
        let f = parameters(&["rate=1", &burst]).unwrap();
        let mut bucket = Bucket::default();
        let (effect, _) = f.update(&FlowTime, &row(1, 6, ACK, END), &mut bucket, false);
        assert_eq!(effect.unwrap().bucket.tokens, END - TOKEN);
    }

    #[test]
    fn syn_fin_keeps_connections() {
        let f = function(FlowTime, &["syn-fin", "burst=2", "rate=1"]);
        let mut state = f.new_state();
        let mut step = |protocol, flags| {
            let effect = f.apply(&mut state, &row(1, protocol, flags, 5));
            let verdict = f.verdict(effect, &[], &mut vec![]);
            (effect.is_some(), verdict, state.table.len())
        };
        use Verdict::{Drop, Pass};
        assert_eq!(step(6, ACK), (false, Pass, 0));
        assert_eq!(step(6, FIN), (false, Pass, 0));
        assert_eq!(step(1, SYN), (false, Pass, 0));
        assert_eq!(step(6, SYN | FIN), (true, Pass, 1));
        assert_eq!(step(6, ACK), (true, Pass, 1));
        assert_eq!(step(6, SYN), (true, Drop, 1));
        assert_eq!(step(6, FIN), (true, Drop, 0));
        assert_eq!(step(6, SYN | ACK), (true, Pass, 1));
        assert_eq!(step(6, FIN), (true, Pass, 0));
        assert_eq!(step(17, FIN), (true, Pass, 1));
        assert_eq!(step(17, FIN), (true, Pass, 1));
    }

    #[test]
    fn options_are_checked() {
        let defaults = parameters(&[]).unwrap();
        assert_eq!((defaults.rate, defaults.full), (1000, 16 * TOKEN));
        for bad in [
            "rate=-1",
            "rate=1.5",
            "burst=0",
            "burst=18446744074",
            "rate",
        ] {
            assert!(parameters(&[bad]).is_err(), "{bad}");
        }
        assert_eq!(
            parameters(&["threshold=1"]).unwrap_err().to_string(),
            "token-bucket has no option 'threshold'; it takes rate=PACKETS, burst=PACKETS, syn-fin, capacity=ENTRIES"
        );
    }

    #[test]
    fn blank_rows_pass_and_ipv6_is_metered() {
        let f = function(Flow6Time, &["burst=1"]);
        let mut state = f.new_state();
        let effect = f.apply(&mut state, &[0; 64]);
        assert_eq!(f.verdict(effect, &[], &mut vec![]), Verdict::Pass);
        assert!(state.table.is_empty());
        let mut row = [0; 64];
        row[..2].copy_from_slice(&[0x20, 0x01]);
        row[36] = 58;
        for due in [Verdict::Pass, Verdict::Drop] {
            let effect = f.apply(&mut state, &row);
            assert_eq!(f.verdict(effect, &[], &mut vec![]), due);
        }
        assert_eq!(f.entries(&state)[0].flow.src.to_string(), "2001::");
    }

    #[test]
    fn the_flow_that_came_first_is_evicted_and_starts_anew() {
        let f = function(FlowTime, &["burst=1", "rate=0", "capacity=2"]);
        let mut state = f.new_state();
        let mut pass = |host| {
            let effect = f.apply(&mut state, &row(host, 6, ACK, 9));
            f.verdict(effect, &[], &mut vec![]) == Verdict::Pass
        };
        assert_eq!([1, 2, 1, 2].map(&mut pass), [true, true, false, false]);
        assert_eq!([3, 2, 1, 2].map(&mut pass), [true, false, true, true]);
    }

    proptest! {
        /// Compared with a bucket that keeps fractions as they are written and never saturates.
        #[test]
        fn equals_a_naive_meter(
            rate in prop_oneof![0u64..5, 0u64..3_000_000_000, any::<u64>()],
            burst in prop_oneof![1u64..5, 1u64..=18_446_744_073],
            steps in proptest::collection::vec(
                (0u8..4, prop_oneof![0u64..3, 0u64..2_000_000_000, 0..=END], any::<bool>()),
                1..200,
            ),
        ) {
            let f = function(FlowTime, &[&format!("rate={rate}"), &format!("burst={burst}")]);
            let mut state = f.new_state();
            let mut meters: BTreeMap<u8, (u128, u64)> = BTreeMap::new();
            let mut now = 0u64;
            for (host, step, absolute) in steps {
                now = if absolute { step } else { now.saturating_add(step).min(END) };
                let effect = f.apply(&mut state, &row(host, 17, 0, now));
                let (tokens, last) = meters.entry(host).or_insert((u128::from(burst) * 1_000_000_000, now));
                if now < *last && u128::from(*last - now) * u128::from(rate) > u128::from(burst) * 1_000_000_000 {
                    *last = now;
                } else if now > *last {
                    *tokens += u128::from(now - *last) * u128::from(rate);
                    *last = now;
                }
                if *tokens > u128::from(burst) * 1_000_000_000 {
                    *tokens = u128::from(burst) * 1_000_000_000;
                }
                let due = if *tokens >= 1_000_000_000 {
                    *tokens -= 1_000_000_000;
                    Verdict::Pass
                } else {
                    Verdict::Drop
                };
                prop_assert_eq!(f.verdict(effect, &[], &mut vec![]), due);
                prop_assert_eq!(u128::from(effect.unwrap().bucket.tokens), *tokens);
            }
            let ours: Vec<_> = f.entries(&state).iter().map(|e| (e.tokens, e.last_ns.0)).collect();
            let theirs: Vec<_> = meters.values().map(|&(t, last)| (t as f64 / 1e9, last)).collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}
