//! The tracker against the [`model`](super::model) of its rules, on hostile sequences: verdict, state, the time of the
//! last refresh and that of death, after every row.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::model::{Model, Segment};
use super::*;

/// Address family of a connection's endpoints.
#[derive(Clone, Copy, Debug)]
enum Family {
    /// In rows of `flow-time`.
    V4,
    /// IPv4-mapped ones in rows of `flow6-time`.
    Mapped,
    V6,
}

impl Family {
    fn ip(self, host: u8) -> IpAddr {
        let four = Ipv4Addr::new(10, 0, 0, host);
        match self {
            Self::V4 => four.into(),
            Self::Mapped => four.to_ipv6_mapped().into(),
            Self::V6 => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host.into()).into(),
        }
    }

    fn headers(self) -> u16 {
        match self {
            Self::V6 => 60,
            _ => 40,
        }
    }
}

fn encode(p: &Segment) -> Vec<u8> {
    let mut row = Vec::new();
    for ip in [p.from.0, p.to.0] {
        match ip {
            IpAddr::V4(ip) => row.extend(ip.octets()),
            IpAddr::V6(ip) => row.extend(ip.octets()),
        }
    }
    row.extend(p.from.1.to_be_bytes());
    row.extend(p.to.1.to_be_bytes());
    row.extend([6, p.flags]);
    row.extend(p.length.to_be_bytes());
    row.extend(((p.at / SECOND) as u32).to_be_bytes());
    row.extend(((p.at % SECOND) as u32).to_be_bytes());
    row.extend(p.seq.to_be_bytes());
    row.extend(p.ack.to_be_bytes());
    row.resize(row.len().next_power_of_two(), 0);
    row
}

/// Tracker and model, side by side.
struct Pair<L: Layout> {
    function: Keyed<Conntrack, L>,
    state: KeyedState<<L::Address as Address>::Flow, Connection, u64>,
    model: Model,
}

impl<L: Layout> Pair<L> {
    fn new(layout: L) -> Self {
        let function = function(layout, &[]);
        let state = function.new_state();
        let model = Model::default();
        Self {
            function,
            state,
            model,
        }
    }

    /// Gives both a row and reports where they differ.
    fn take(&mut self, p: &Segment) -> Result<(), String> {
        let effect = self.function.apply(&mut self.state, &encode(p));
        let due = self.model.take(p);
        if effect.pass != due {
            return Err(format!("passes: {}, {:?}", effect.pass, self.model.0));
        }
        let mut ours: Vec<_> = self
            .state
            .table
            .iter()
            .map(|(&key, c)| {
                let client = match c.is_reversed() {
                    true => L::Address::reversed(key),
                    false => key,
                };
                let tuple = L::Address::tuple(client);
                let dead = |at: u64| c.is_dead(at);
                // The end of the connection's life, from where it is dead and where it is not.
                let seconds = [10, 30, 60, 120, 300, 432_000];
                let timeout = seconds
                    .into_iter()
                    .find(|s| dead(c.last + s * SECOND) && !dead(c.last + s * SECOND - 1));
                let ends = ((tuple.src, tuple.sport), (tuple.dst, tuple.dport));
                (ends, c.state.name(), c.last, timeout)
            })
            .collect();
        ours.sort_unstable();
        let canonical = |(ip, port): (IpAddr, u16)| (ip.to_canonical(), port);
        let due = self.model.0.iter().map(|c| {
            let ends = (canonical(c.client), canonical(c.server));
            (ends, c.state, c.refreshed, Some(c.timeout))
        });
        let mut due: Vec<_> = due.collect();
        due.sort_unstable();
        if ours != due {
            return Err(format!("{ours:?}, due: {due:?}, model: {:?}", self.model.0));
        }
        Ok(())
    }
}

/// The next step of a conversation.
#[derive(Clone, Copy, Debug)]
struct Move {
    reply: bool,
    flags: u8,
    seq: Number,
    ack: Number,
    length: Length,
    step: i64,
    /// Another connection of the same client.
    other: bool,
}

/// How a segment's number is chosen.
#[derive(Clone, Copy, Debug)]
enum Number {
    /// The next number, according to what was sent.
    Next,
    /// A number at this distance from the next one.
    Beside(i32),
    /// Zero.
    Zero,
    /// A different start.
    Anew(u32),
    /// Where the previous packet may have ended, with that many fewer options.
    Noted(u32),
}

#[derive(Clone, Copy, Debug)]
enum Length {
    /// Headers and this many bytes.
    Data(u16),
    Exactly(u16),
}

fn number() -> impl Strategy<Value = Number> {
    let near = prop_oneof![
        Just(1),
        Just(-1),
        Just(4),
        Just(-4),
        Just(-65_999),
        Just(-66_000),
        Just(-66_001),
        Just(-66_002),
        Just(65_535),
        Just(65_536),
        Just(70_000),
        Just(i32::MAX),
        Just(i32::MIN),
        Just(i32::MIN + 1),
        Just(1_073_725_440),
        Just(1_073_725_441),
        -100i32..100,
        any::<i32>(),
    ];
    prop_oneof![
        24 => Just(Number::Next),
        3 => near.prop_map(Number::Beside),
        1 => Just(Number::Zero),
        1 => prop_oneof![any::<u32>(), 0u32..3, (u32::MAX - 3)..].prop_map(Number::Anew),
        2 => (0u32..50).prop_map(Number::Noted),
    ]
}

fn length() -> impl Strategy<Value = Length> {
    prop_oneof![
        10 => Just(Length::Data(0)),
        3 => (0u16..60).prop_map(Length::Data),
        3 => prop_oneof![Just(100u16), Just(1460), Just(65_475), 0u16..65_000].prop_map(Length::Data),
        1 => prop_oneof![Just(0u16), Just(39), Just(40), Just(41), Just(59), Just(60), any::<u16>()]
            .prop_map(Length::Exactly),
    ]
}

fn flag_bits() -> impl Strategy<Value = u8> {
    prop_oneof![
        5 => Just(0x02u8), 4 => Just(0x12), 3 => Just(0x11), 12 => Just(0x10), 3 => Just(0x14), 4 => Just(0x04),
        1 => any::<u8>(),
    ]
}

fn time_step() -> impl Strategy<Value = i64> {
    let whole = prop_oneof![
        Just(10i64),
        Just(30),
        Just(60),
        Just(120),
        Just(300),
        Just(432_000)
    ];
    let exact = (whole, -1i64..=1).prop_map(|(s, by)| s * SECOND as i64 + by);
    prop_oneof![24 => 0i64..3, 2 => 0i64..20_000_000_000, 2 => exact, 1 => -20_000_000_000i64..0]
}

fn moves() -> impl Strategy<Value = Move> {
    let what = (any::<bool>(), flag_bits(), number(), number(), length());
    (what, time_step(), 0u8..12).prop_map(|((reply, flags, seq, ack, length), step, other)| Move {
        reply,
        flags,
        seq,
        ack,
        length,
        step,
        other: other == 0,
    })
}

/// Conversations that lead somewhere, with fitting numbers.
const BEGINNINGS: [&str; 12] = [
    "",
    "cS",
    "cS sSA",
    "cS sSA cA",
    "cS sSA cA sA cA",
    "cS sS cSA",
    "cA sA cA",
    "cA cA sSA",
    "cS sSA cA cFA",
    "cS sSA cA cFA sFA",
    "cS sSA cA cFA sFA cA",
    "cS sSA cA sR",
];

/// Two sides that know what they have sent.
struct Talk {
    family: Family,
    of_itself: bool,
    next: [u32; 2],
    before: u32,
    now: u64,
}

impl Talk {
    fn segment(&mut self, m: &Move) -> Segment {
        self.now = self.now.saturating_add_signed(m.step).min(END);
        let port = if m.other { 2000 } else { 1000 };
        let client = (self.family.ip(9), port);
        let server = match self.of_itself {
            true => client,
            false => (self.family.ip(1), 80),
        };
        let (from, to) = if m.reply {
            (server, client)
        } else {
            (client, server)
        };
        let [mine, others] = [m.reply, !m.reply].map(usize::from);
        let number = |number, next: u32| match number {
            Number::Next => next,
            Number::Beside(by) => next.wrapping_add_signed(by),
            Number::Zero => 0,
            Number::Anew(number) => number,
            Number::Noted(less) => self.before.wrapping_sub(less),
        };
        let seq = number(m.seq, self.next[mine]);
        let ack = match m.flags & 0x10 {
            0 if matches!(m.ack, Number::Next) => 0,
            _ => number(m.ack, self.next[others]),
        };
        let length = match m.length {
            Length::Data(bytes) => self.family.headers().saturating_add(bytes),
            Length::Exactly(length) => length,
        };
        let own = u32::from(m.flags & 3 != 0);
        let data = u32::from(length.saturating_sub(self.family.headers()));
        let end = seq.wrapping_add(own).wrapping_add(data);
        if m.flags & 4 == 0 {
            self.next[mine] = end;
        }
        self.before = end;
        Segment {
            from,
            to,
            flags: m.flags,
            length,
            seq,
            ack,
            at: self.now,
        }
    }
}

fn beginning(script: &str) -> Vec<Move> {
    let moves = script.split_whitespace().map(|item| Move {
        reply: item.starts_with('s'),
        flags: flags(&item[1..]),
        seq: Number::Next,
        ack: Number::Next,
        length: Length::Data(0),
        step: 1,
        other: false,
    });
    moves.collect()
}

fn agree(
    family: Family,
    of_itself: bool,
    starts: [u32; 2],
    moves: &[Move],
) -> Result<(), TestCaseError> {
    let mut talk = Talk {
        family,
        of_itself,
        next: starts,
        before: 0,
        now: 100 * SECOND,
    };
    let segments: Vec<_> = moves.iter().map(|m| talk.segment(m)).collect();
    fn run<L: Layout>(layout: L, segments: &[Segment]) -> Result<(), TestCaseError> {
        let mut pair = Pair::new(layout);
        for (i, segment) in segments.iter().enumerate() {
            let taken = pair.take(segment);
            prop_assert!(
                taken.is_ok(),
                "{i}: {:?} of {segments:#?}",
                taken.unwrap_err()
            );
        }
        Ok(())
    }
    match family {
        Family::V4 => run(FlowTime, &segments),
        _ => run(Flow6Time, &segments),
    }
}

fn family() -> impl Strategy<Value = Family> {
    prop_oneof![3 => Just(Family::V4), 1 => Just(Family::Mapped), 2 => Just(Family::V6)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn conversations_with_faults(
        family in family(),
        of_itself in prop_oneof![9 => Just(false), 1 => Just(true)],
        starts in prop_oneof![any::<[u32; 2]>(), Just([99, 499]), Just([0, 0]), Just([u32::MAX, u32::MAX - 70_000])],
        begin in 0usize..BEGINNINGS.len(),
        moves in proptest::collection::vec(moves(), 1..60),
    ) {
        let all = [beginning(BEGINNINGS[begin]), moves].concat();
        agree(family, of_itself, starts, &all)?;
    }

    #[test]
    fn small_numbers_and_any_flags(
        family in family(),
        steps in proptest::collection::vec(
            (any::<bool>(), flag_bits(), 0u32..4, 0u32..4, prop_oneof![Just(0u16), 0u16..9], time_step()),
            1..80,
        ),
    ) {
        let moves: Vec<_> = steps.iter().map(|&(reply, flags, seq, ack, data, step)| Move {
            reply,
            flags,
            seq: Number::Anew(seq),
            ack: Number::Anew(ack),
            length: Length::Data(data),
            step,
            other: false,
        }).collect();
        agree(family, false, [0, 0], &moves)?;
    }
}

/// The generated sequences reach the cases they are meant to reach.
#[test]
fn the_model_is_led_everywhere() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut states, mut assured, mut stayed) = (std::collections::BTreeSet::new(), 0, 0);
    for case in 0..400 {
        let mut talk = Talk {
            family: Family::V4,
            of_itself: false,
            next: [99, 499],
            before: 0,
            now: 100 * SECOND,
        };
        let mut model = Model::default();
        let mut all = beginning(BEGINNINGS[case % BEGINNINGS.len()]);
        let more = proptest::collection::vec(moves(), 60);
        all.extend(more.new_tree(&mut runner).unwrap().current());
        for m in &all {
            let p = talk.segment(m);
            let pass = model.take(&p);
            for c in &model.0 {
                states.insert(c.state);
                assured += usize::from(c.assured);
                let now = pass && c.refreshed == p.at && (c.client == p.from || c.server == p.from);
                stayed += usize::from(now && p.flags & 4 != 0 && c.state == "ESTABLISHED");
            }
        }
    }
    assert_eq!(states.len(), 9, "{states:?}");
    assert!(assured > 100 && stayed > 20, "{assured} {stayed}");
}
