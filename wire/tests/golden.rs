//! Properties of the golden sequencer against a model that keeps everything and computes each prefix anew.

use proptest::prelude::*;
use scr_wire::geometry::MAX_VALID_ROWS;
use scr_wire::{
    Config, Disposition, Frame, Geometry, MAX_PREFIX_BYTES, Profile, Seq, Sequencer, Timestamp,
    parse, profile,
};

/// What can happen to a sequencer.
#[derive(Clone, Debug)]
enum Step {
    Packet(Vec<u8>, Timestamp),
    Cores(u8),
    Words(u8),
    Enable(bool),
    SequenceAll(bool),
    Reset,
}

fn packet() -> impl Strategy<Value = Vec<u8>> {
    let ip = (any::<[u8; 8]>(), 0usize..3, 5u8..16, 0u8..30, any::<bool>());
    let ipv4 = ip.prop_map(|(bytes, tags, ihl, cut, tcp)| {
        let mut frame = vec![0; 12];
        for _ in 0..tags {
            frame.extend([0x81, 0x00, 0, 1]);
        }
        frame.extend([0x08, 0x00, 0x40 | ihl, 0, 0, bytes[0], 0, 0, 0, 0, 64]);
        frame.extend([if tcp { 6 } else { 17 }, 0, 0]);
        frame.extend(bytes);
        frame.resize(frame.len() + usize::from(ihl - 5) * 4, 1);
        frame.extend((0..20).map(|i| i ^ bytes[7]));
        frame.truncate(frame.len() - usize::from(cut));
        frame
    });
    prop_oneof![3 => ipv4, 1 => proptest::collection::vec(any::<u8>(), 0..80)]
}

fn step() -> impl Strategy<Value = Step> {
    let time = (any::<u32>(), 0u32..1_000_000_000);
    prop_oneof![
        40 => (packet(), time).prop_map(|(bytes, (seconds, nanos))| {
            Step::Packet(bytes, Timestamp { seconds, nanos })
        }),
        2 => (1u8..=128).prop_map(Step::Cores),
        2 => (1u8..=63).prop_map(Step::Words),
        1 => any::<bool>().prop_map(Step::Enable),
        1 => any::<bool>().prop_map(Step::SequenceAll),
        1 => Just(Step::Reset),
    ]
}

/// Everything of an epoch, and nothing clever.
struct Naive {
    rows: Vec<Vec<u8>>,
    last_core: Option<u8>,
    epoch: u8,
}

impl Naive {
    fn new_epoch(&mut self) {
        self.rows.clear();
        self.last_core = None;
        self.epoch = (self.epoch + 1) % 64;
    }

    fn prefix(&mut self, profile: &Profile, history: usize, config: Config) -> Vec<u8> {
        let row = profile.row_bytes();
        let seq = self.rows.len() as u64 - 1;
        let core = self.last_core.map_or(0, |last| (last + 1) % config.cores);
        self.last_core = Some(core);
        let length = 64 * usize::from(config.prefix_words);
        let start = row.max(16);
        let fit = (length - start) / row;
        let valid = self
            .rows
            .len()
            .min(fit)
            .min(history + 1)
            .min(MAX_VALID_ROWS);
        let mut bytes = vec![
            0x02,
            1,
            profile.id(),
            config.prefix_words,
            config.cores,
            core,
        ];
        bytes.push(self.epoch << 2 | 0b10);
        bytes.extend(&seq.to_be_bytes()[3..]);
        bytes.extend([0x88, 0xb5, valid as u8, profile.row_log2()]);
        bytes.resize(start, 0);
        for row in self.rows.iter().rev().take(valid) {
            bytes.extend(row);
        }
        bytes.resize(length, 0);
        bytes
    }
}

proptest! {
    #[test]
    fn prefixes_are_those_of_the_naive_model(
        profile in (0usize..5).prop_map(|i| *profile::BUILTIN[i]),
        history in 16usize..=256,
        steps in proptest::collection::vec(step(), 1..400),
    ) {
        let words = Geometry::fewest_words(&profile, 1).unwrap().prefix_words();
        let mut config = Config::new(1, words);
        let mut sequencer = Box::new(Sequencer::new(&profile, history, config).unwrap());
        let mut naive = Naive { rows: Vec::new(), last_core: None, epoch: 0 };
        let mut prefix = vec![0xaa; MAX_PREFIX_BYTES];
        for step in steps {
            let mut wanted = config;
            match step {
                Step::Packet(bytes, time) => {
                    let parsed = parse::parse(&bytes, profile.has_ipv6());
                    let counts = parsed.ip_version.is_some() || config.sequence_all;
                    let got = sequencer.sequence(&bytes, time, &mut prefix);
                    if !config.enable || !counts {
                        prop_assert_eq!(got, Disposition::PassedBy);
                        continue;
                    }
                    let mut row = vec![0; profile.row_bytes()];
                    profile.encode(&parsed, time, &mut row);
                    naive.rows.push(row);
                    let expected = naive.prefix(&profile, history, config);
                    let seq = Seq::new(naive.rows.len() as u64 - 1);
                    let core = expected[5];
                    let prefix_bytes = expected.len();
                    prop_assert_eq!(got, Disposition::Sequenced { seq, core, prefix_bytes });
                    prop_assert_eq!(&prefix[..prefix_bytes], &expected[..]);
                    let frame = [&expected[..], &bytes[..]].concat();
                    let view = Frame::parse(&frame, &profile).unwrap();
                    prop_assert_eq!(view.packet(), &bytes[..]);
                    prop_assert_eq!(view.row(0), Some(&naive.rows[naive.rows.len() - 1][..]));
                    continue;
                }
                Step::Reset => {
                    sequencer.reset();
                    naive.new_epoch();
                    continue;
                }
                Step::Cores(cores) => wanted.cores = cores,
                Step::Words(words) => wanted.prefix_words = words,
                Step::Enable(on) => wanted.enable = on,
                Step::SequenceAll(on) => wanted.sequence_all = on,
            }
            let rows = Geometry::new(&profile, wanted.prefix_words)
                .map_or(0, |g| g.rows().min(history + 1).min(MAX_VALID_ROWS));
            let valid = usize::from(wanted.cores) <= rows;
            prop_assert_eq!(sequencer.configure(wanted).is_ok(), valid);
            if valid {
                if wanted.enable && !config.enable {
                    naive.new_epoch();
                }
                config = wanted;
            }
        }
    }

    #[test]
    fn rows_decode_to_what_was_encoded(bytes in packet(), seconds: u32, nanos in 0u32..1_000_000_000) {
        let time = Timestamp { seconds, nanos };
        for profile in profile::BUILTIN {
            let parsed = parse::parse(&bytes, profile.has_ipv6());
            let mut row = vec![0; profile.row_bytes()];
            profile.encode(&parsed, time, &mut row);
            let (packet, stamp) = profile.decode(&row);
            let mut again = vec![0; profile.row_bytes()];
            profile.encode(&packet, stamp, &mut again);
            prop_assert_eq!(row, again);
        }
    }
}

#[test]
fn numbers_wrap_and_the_rotation_goes_on() {
    let mut sequencer = Box::new(Sequencer::new(&profile::FLOW, 16, Config::new(3, 1)).unwrap());
    sequencer.set_next_seq(Seq::ZERO.minus(2));
    let mut packet = vec![0; 34];
    (packet[12], packet[14]) = (8, 0x45);
    let mut prefix = [0; 64];
    let mut seen = Vec::new();
    for _ in 0..4 {
        if let Disposition::Sequenced { seq, core, .. } =
            sequencer.sequence(&packet, Timestamp::default(), &mut prefix)
        {
            seen.push((seq.get(), core));
        }
    }
    let last = (1 << 40) - 1;
    assert_eq!(seen, [(last - 1, 0), (last, 1), (0, 2), (1, 0)]);
}
