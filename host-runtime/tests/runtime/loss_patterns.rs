//! Arbitrary losses, k from 1 to 16, M from k to 4k: replicas, verdicts and counters against a single thread over the
//! rows that survive.
//!
//! Which rows survive, and what each core must take from where, is computed here from the list of frames alone, without
//! the runtime's ledger, reference or dispatcher.

use crate::support::{Packet, Setup, run_device};
use proptest::prelude::*;
use scr_nf::Verdict;
use scr_nf::{NetworkFunction, Selected, Visitor};
use scr_nic::NicReport;
use scr_runtime::device::{Batch, Device, DeviceError, Fate, PacketInfo, Path, ReplayDevice};
use scr_wire::{Config, Disposition, Frame, Geometry, Seq, Sequencer, Timestamp};

/// A few frames that are lost together.
#[derive(Clone, Debug)]
enum Hole {
    /// One frame.
    One(usize),
    /// Consecutive frames.
    Burst(usize, usize),
    /// Consecutive frames of one core: it crashed, or is cut off for a while.
    Core(u8, usize, usize),
    /// All frames of one core.
    Idle(u8),
    /// The last frames.
    Tail(usize),
    /// Each frame with one chance in so many, by a seed.
    Some(u32, u32),
}

impl Hole {
    fn covers(&self, frame: &Sent, count: usize) -> bool {
        let n = frame.number;
        let within = |start: usize, len: usize| (start..start + len).contains(&n);
        match *self {
            Self::One(at) => n == at,
            Self::Burst(start, len) => within(start, len),
            Self::Core(core, start, len) => frame.core == core && within(start, len),
            Self::Idle(core) => frame.core == core,
            Self::Tail(len) => n + len >= count,
            Self::Some(chance, seed) => {
                let mixed = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ u64::from(seed));
                (mixed >> 33).is_multiple_of(chance.into())
            }
        }
    }
}

fn hole() -> impl Strategy<Value = Hole> {
    prop_oneof![
        4 => (0usize..600).prop_map(Hole::One),
        3 => (0usize..600, 1usize..40).prop_map(|(start, len)| Hole::Burst(start, len)),
        1 => (0usize..600, 100usize..500).prop_map(|(start, len)| Hole::Burst(start, len)),
        2 => (0u8..16, 0usize..600, 1usize..500).prop_map(|(c, start, len)| Hole::Core(c, start, len)),
        1 => (0u8..16).prop_map(Hole::Idle),
        2 => (1usize..60).prop_map(Hole::Tail),
        2 => (2u32..40, any::<u32>()).prop_map(|(chance, seed)| Hole::Some(chance, seed)),
    ]
}

/// A frame as the sequencer sent it.
#[derive(Debug)]
struct Sent {
    /// Number of its packet, over all epochs.
    number: usize,
    core: u8,
    /// Rows that a worker may use.
    rows: usize,
    prefix_bytes: usize,
    bytes: Vec<u8>,
    lost: bool,
    /// Whether its epoch starts with it.
    starts_epoch: bool,
}

#[derive(Clone, Debug)]
struct Case {
    setup: Setup,
    /// M: rows in a frame that are used.
    rows: usize,
    packets: Vec<Packet>,
    holes: Vec<Hole>,
    /// Packets before which the sequencer is reset.
    resets: Vec<usize>,
}

impl Case {
    fn send(&self) -> Vec<Sent> {
        let Setup {
            profile,
            history,
            cores,
            words,
            ..
        } = self.setup;
        let mut sequencer = Sequencer::new(profile, history, Config::new(cores, words)).unwrap();
        sequencer.set_next_seq(Seq::new(self.setup.first_seq));
        let mut prefix = [0; scr_wire::MAX_PREFIX_BYTES];
        let mut in_epoch = 0;
        let mut frames = Vec::new();
        for (number, packet) in self.packets.iter().enumerate() {
            let starts_epoch = self.resets.contains(&number);
            if starts_epoch {
                sequencer.reset();
                in_epoch = 0;
            }
            let packet = packet.bytes();
            let time = Timestamp {
                seconds: 1,
                nanos: number as u32 * 1000,
            };
            let Disposition::Sequenced {
                core, prefix_bytes, ..
            } = sequencer.sequence(&packet, time, &mut prefix)
            else {
                panic!("IP is sequenced");
            };
            in_epoch += 1;
            frames.push(Sent {
                number,
                core,
                rows: self.rows.min(in_epoch),
                prefix_bytes,
                bytes: [&prefix[..prefix_bytes], &packet].concat(),
                lost: false,
                starts_epoch,
            });
        }
        let count = frames.len();
        for frame in &mut frames {
            frame.lost = self.holes.iter().any(|hole| hole.covers(frame, count));
        }
        frames
    }
}

/// Gives all frames, lost ones marked.
struct Script<'a>(&'a [Sent]);

impl Device for Script<'_> {
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError> {
        while !batch.is_full() {
            let Some((frame, rest)) = self.0.split_first() else {
                return Ok(false);
            };
            self.0 = rest;
            let info = PacketInfo {
                index: frame.number as u64,
                timestamp: scr_capture::Timestamp::new(1, 0),
                original_len: frame.bytes.len() as u32,
            };
            let path = Path::Sequenced {
                prefix_bytes: frame.prefix_bytes as u16,
            };
            batch.push(info, path, frame.core.into(), &[&frame.bytes]);
            if frame.lost {
                batch.faults_mut(batch.len() - 1).fate = Fate::Lost;
            }
        }
        Ok(true)
    }

    fn report(&self) -> NicReport {
        NicReport::of_kind("script")
    }
}

impl ReplayDevice for Script<'_> {}

/// What must come out.
#[derive(Debug, Default, PartialEq)]
struct Due {
    passed: Vec<u64>,
    entries: serde_json::Value,
    survive: u64,
    lost_everywhere: u64,
    from_frames: u64,
    from_logs: u64,
    /// Over all cores, of the holes that each one meets in a frame.
    lost_in_frames: u64,
}

struct Judge<'a> {
    case: &'a Case,
    sent: &'a [Sent],
}

impl Visitor for Judge<'_> {
    type Output = Due;

    fn visit<F: NetworkFunction>(self, function: F) -> Due {
        let Self { case, sent } = self;
        let mut survives = vec![false; sent.len()];
        for frame in sent.iter().filter(|frame| !frame.lost) {
            survives[frame.number + 1 - frame.rows..=frame.number].fill(true);
        }
        let mut due = Due::default();
        // The single thread over the surviving rows.
        let mut state = function.new_state();
        for frame in sent.iter().filter(|frame| survives[frame.number]) {
            let parsed = Frame::parse(&frame.bytes, case.setup.profile).unwrap();
            let row = &parsed.rows()[..case.setup.profile.row_bytes()];
            let effect = function.apply(&mut state, row);
            due.survive += 1;
            let verdict = function.verdict(effect, parsed.packet(), &mut Vec::new());
            if !frame.lost && verdict == Verdict::Pass {
                due.passed.push(frame.number as u64);
            }
        }
        due.entries = serde_json::to_value(function.entries(&state)).unwrap();
        due.lost_everywhere = sent.len() as u64 - due.survive;
        // What each core lacks, and where it is.
        let cores = usize::from(case.setup.cores);
        let mut next = vec![0; cores];
        for frame in sent {
            if frame.starts_epoch {
                next.fill(frame.number);
            }
            if frame.lost {
                continue;
            }
            let next = &mut next[usize::from(frame.core)];
            let first = frame.number + 1 - frame.rows;
            for &survives in &survives[(*next).min(first)..first] {
                due.from_logs += u64::from(survives);
                due.lost_in_frames += u64::from(!survives);
            }
            let taken = frame.number + 1 - first.max(*next);
            due.from_frames += taken.saturating_sub(cores) as u64;
            *next = frame.number + 1;
        }
        due
    }
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let sent = case.send();
    let function = Selected::new(case.setup.nf, &case.setup.options).unwrap();
    let due = function
        .with(case.setup.profile, Judge { case, sent: &sent })
        .unwrap();
    let ran = run_device(&case.setup, &mut Script(&sent));
    let report = &ran.report;
    prop_assert!(report.replicas_agree, "{:?}", report.mismatch);
    prop_assert_eq!(report.verified, Some(true), "{:?}", report.mismatch);
    let passed: Vec<u64> = ran.out.iter().map(|&(index, _)| index).collect();
    prop_assert_eq!(&passed, &due.passed);
    prop_assert_eq!(&ran.state["entries"], &due.entries);
    prop_assert_eq!(report.loss.rows_lost_everywhere, due.lost_everywhere);
    prop_assert_eq!(report.loss.rows_from_frames, due.from_frames);
    prop_assert_eq!(report.loss.rows_from_logs, due.from_logs);
    prop_assert_eq!(report.loss.rows_unrecovered, 0);
    let lost = sent.iter().filter(|frame| frame.lost).count() as u64;
    prop_assert_eq!(report.loss.frames_lost, lost);
    for core in &report.per_core {
        prop_assert_eq!(core.rows_applied, due.survive);
        let frames = sent
            .iter()
            .filter(|f| !f.lost && u16::from(f.core) == core.core);
        prop_assert_eq!(core.frames, frames.count() as u64);
    }
    let events = |name| ran.events.iter().filter(|e| e["event"] == name).count() as u64;
    prop_assert_eq!(events("row-lost-everywhere"), due.lost_in_frames);
    prop_assert_eq!(events("row-from-log"), due.from_logs);
    prop_assert_eq!(events("row-from-frame"), due.from_frames);
    Ok(())
}

fn setup(nf: &'static str, options: &[&str], cores: u8, rows: usize) -> Setup {
    let base = Setup::new(nf, cores);
    Setup {
        options: options.iter().map(|&option| option.to_owned()).collect(),
        words: Geometry::fewest_words(base.profile, rows)
            .unwrap()
            .prefix_words(),
        max_rows: rows as u8,
        ..base
    }
}

fn case() -> impl Strategy<Value = Case> {
    let function = prop_oneof![
        Just(("conntrack", vec!["capacity=9"])),
        Just(("ddos", vec!["threshold=5"])),
        Just(("ddos", vec!["threshold=3", "capacity=4"])),
        Just(("heavy-hitter", vec![])),
        Just(("heavy-hitter", vec!["syn-fin", "capacity=5"])),
        Just(("port-knock", vec![])),
        Just(("token-bucket", vec!["rate=30000", "burst=2"])),
    ];
    let redundancy = prop_oneof![2 => Just(0.0), 1 => Just(1.0), 2 => 0.0..1.0];
    let first_seq = prop_oneof![Just(0), (1u64..400).prop_map(|n| (1 << 40) - n)];
    let flags = prop_oneof![4 => Just(0x02u8), 3 => Just(0x10), 2 => Just(0x11), 1 => any::<u8>()];
    let packet =
        (0u8..9, 99u16..104, flags).prop_map(|(src, port, flags)| Packet::tcp(src, port, flags));
    (
        (function, 1u8..=16, redundancy, first_seq),
        proptest::collection::vec(packet, 1..600),
        proptest::collection::vec(hole(), 0..8),
        proptest::collection::vec(1usize..600, 0..3),
        (1usize..20, 2usize..6, 1usize..4),
    )
        .prop_map(
            |(
                ((nf, options), cores, redundancy, first_seq),
                packets,
                holes,
                resets,
                (batch_frames, batches, threads),
            )| {
                let k = usize::from(cores);
                let rows = k + (3.0 * redundancy * f64::from(cores)).round() as usize;
                assert!((k..=4 * k).contains(&rows));
                Case {
                    setup: Setup {
                        first_seq,
                        batch_frames,
                        batches,
                        threads,
                        ..setup(nf, &options, cores, rows)
                    },
                    rows,
                    packets,
                    holes,
                    resets,
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn surviving_rows_are_all_that_counts(case in case()) {
        check(&case)?;
    }
}

fn packets(count: u32) -> Vec<Packet> {
    (0..count)
        .map(|n| Packet::tcp(n as u8 % 7, 100 + (n % 3) as u16, 2))
        .collect()
}

#[test]
fn cores_fall_silent_and_come_back() {
    for cores in [2, 3, 5, 8, 16] {
        let k = usize::from(cores);
        for rows in [k, 2 * k, 4 * k] {
            for silent in [1, k / 2, k - 1] {
                // The last cores get nothing for a long while, the first one nothing at the end.
                let mut holes: Vec<_> = (k - silent.max(1)..k)
                    .map(|core| Hole::Core(core as u8, 100, 1200))
                    .collect();
                holes.push(Hole::Core(0, 1700, 300));
                let case = Case {
                    setup: setup("heavy-hitter", &[], cores, rows),
                    rows,
                    packets: packets(2000),
                    holes,
                    resets: vec![700],
                };
                check(&case).unwrap();
            }
        }
    }
}

#[test]
fn everything_is_lost_around_a_reset() {
    // More than a worker falls behind before it asks without a frame; cores stand at different rows by then.
    for (start, len) in [
        (300, 400),
        (400, 300),
        (395, 310),
        (499, 2),
        (350, 150),
        (500, 150),
    ] {
        for cores in [1, 2, 3, 7, 16] {
            let k = usize::from(cores);
            let case = Case {
                setup: setup("conntrack", &["capacity=20"], cores, k),
                rows: k,
                packets: packets(1200),
                holes: vec![Hole::Burst(start, len), Hole::Core(1, start - 160, 170)],
                resets: vec![500],
            };
            check(&case).unwrap();
        }
    }
}
