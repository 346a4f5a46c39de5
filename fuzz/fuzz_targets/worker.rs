//! A worker without peers on arbitrary frames: those of the golden sequencer with losses, resets and new configurations,
//! damaged, cut off or repeated, and mere noise. It never panics; a frame that it rejects changes neither state nor counts
//! nor output; and one that it takes does what the format says, by a reading of it that knows no worker.
#![no_main]

use scr_nf::{NetworkFunction, Visitor};
use libfuzzer_sys::fuzz_target;
use scr_fuzz::{Clock, Input, function, packet};
use scr_runtime::EventLevel;
use scr_runtime::recovery::Peers;
use scr_runtime::worker::{Outcome, Output, Worker, WorkerConfig};
use scr_wire::{Config, Disposition, Frame, Geometry, MAX_PREFIX_BYTES, Profile, Seq, Sequencer};

/// Half of all sequence numbers.
const HALF: u64 = 1 << (Seq::BITS - 1);

struct Frames<'a>(Input<'a>, &'a Profile);

/// What the worker must be: the state after the rows that its frames held, and the number of the next row.
struct Expected<F: NetworkFunction> {
    function: F,
    state: F::State,
    next: Seq,
    epoch: Option<u8>,
    max_rows: u64,
    rewritten: Vec<u8>,
}

impl<F: NetworkFunction> Expected<F> {
    /// The frame's verdict; `None` where it is to be rejected. With it the number of rows applied.
    fn take(&mut self, bytes: &[u8], profile: &Profile) -> Option<(Outcome, u64)> {
        let frame = Frame::parse(bytes, profile).ok()?;
        let header = frame.header();
        let ahead = header.seq.since(self.next);
        if ahead >= HALF || self.epoch.is_some_and(|epoch| epoch != header.epoch) {
            return None;
        }
        let rows = (ahead + 1)
            .min(u64::from(header.valid_rows))
            .min(self.max_rows);
        let mut effect = None;
        for i in (0..rows as usize).rev() {
            effect = Some(self.function.apply(&mut self.state, frame.row(i).unwrap()));
        }
        self.next = header.seq.plus(1);
        self.rewritten.clear();
        let verdict = self
            .function
            .verdict(effect.unwrap(), frame.packet(), &mut self.rewritten);
        Some((Outcome::Verdict(verdict), rows))
    }
}

impl Visitor for Frames<'_> {
    type Output = ();

    fn visit<F: NetworkFunction>(self, function: F) {
        let Self(mut input, profile) = self;
        let [cores, rows, history, setting] = std::array::from_fn(|_| input.byte().unwrap_or(0));
        let config = |cores: u8, rows: u8| {
            let (cores, rows) = (cores % 8 + 1, usize::from(rows % 16) + 1);
            let mut config = Config::new(
                cores,
                Geometry::fewest_words(profile, rows)
                    .unwrap()
                    .prefix_words(),
            );
            config.sequence_all = setting & 4 != 0;
            config
        };
        let first = config(cores, rows);
        let Ok(mut sequencer) = Sequencer::new(profile, usize::from(history % 32) + 8, first)
        else {
            return;
        };
        if setting & 8 != 0 {
            // Numbers are about to begin anew.
            sequencer.set_next_seq(Seq::ZERO.minus(3));
        }
        let max_rows = if setting & 16 == 0 { 255 } else { rows % 16 };
        let mut expected = Expected {
            state: function.new_state(),
            function: function.clone(),
            next: sequencer.next_seq(),
            epoch: None,
            max_rows: u64::from(max_rows.max(1)),
            rewritten: Vec::new(),
        };
        let mut worker = Worker::new(
            function,
            WorkerConfig {
                core: 0,
                profile: *profile,
                first_seq: sequencer.next_seq(),
                max_rows,
                log: None,
                peers: Peers::of(0, &[]),
                events: [
                    EventLevel::Off,
                    EventLevel::Recovery,
                    EventLevel::State,
                    EventLevel::Off,
                ][usize::from(setting & 3)],
            },
        );

        let mut clock = Clock::default();
        let mut prefix = [0; MAX_PREFIX_BYTES];
        let mut frame = Vec::new();
        let mut out = Output::default();
        while let Some(step) = input.byte() {
            match step & 15 {
                // The frame before once more, damaged perhaps.
                0 => {}
                1 => {
                    frame.clear();
                    frame.extend(input.bytes(usize::from(step)));
                }
                2 if step & 0xf0 == 0 => sequencer.reset(),
                2 if step & 0xf0 == 0x10 => {
                    let (cores, rows) = (input.byte().unwrap_or(0), input.byte().unwrap_or(0));
                    let _ = sequencer.configure(config(cores, rows));
                }
                2 if step & 0xf0 == 0x20 => {
                    expected.epoch = Some(sequencer.epoch());
                    expected.next = sequencer.next_seq();
                    worker.start_epoch(sequencer.epoch(), sequencer.next_seq());
                }
                _ => {
                    let Some(packet) = packet(&mut input) else {
                        break;
                    };
                    let time = clock.step(input.byte().unwrap_or(0));
                    if let Disposition::Sequenced { prefix_bytes, .. } =
                        sequencer.sequence(&packet, time, &mut prefix)
                    {
                        frame.clear();
                        frame.extend_from_slice(&prefix[..prefix_bytes]);
                        frame.extend_from_slice(&packet);
                    }
                }
            }
            match step >> 4 {
                // Lost.
                0..=3 => continue,
                4 | 5 => {
                    if let (Some(at), Some(value)) = (input.byte(), input.byte()) {
                        // In the header, or anywhere.
                        let at = usize::from(at) % if step & 0x10 == 0 { 16 } else { 256 };
                        if let Some(byte) = frame.get_mut(at) {
                            *byte = value;
                        }
                    }
                }
                6 => frame.truncate(usize::from(input.byte().unwrap_or(0))),
                _ => {}
            }

            out.clear();
            let (state, counters) = (worker.state().clone(), *worker.counters());
            let outcome = worker.handle(&frame, &mut out).expect("nobody to wait for");
            match expected.take(&frame, profile) {
                Some((verdict, rows)) => {
                    assert_eq!(outcome, verdict);
                    assert_eq!(out.rewritten, expected.rewritten);
                    assert_eq!(worker.counters().frames, counters.frames + 1);
                    assert_eq!(worker.counters().rows_applied, counters.rows_applied + rows);
                }
                None => {
                    assert!(matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
                    assert!(
                        state == *worker.state(),
                        "a rejected frame changed the state"
                    );
                    assert_eq!(*worker.counters(), counters);
                    assert!(out.rewritten.is_empty() && out.events.is_empty());
                }
            }
            assert!(
                expected.state == *worker.state(),
                "not the state that the rows make"
            );
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    if let (Some(name), Some(profile)) = (input.byte(), input.byte()) {
        let (selected, profile) = function(name, profile);
        selected.with(profile, Frames(input, profile)).unwrap();
    }
});
