//! The models. Each is small: two or three threads, a ring of two to five blocks of two rows, a few frames.

use std::sync::Arc;

use loom::model::Builder;
use loom::thread;
use scr_runtime::recovery::{Held, Log, LogWriter, Peers, Settlement};
use scr_runtime::worker::Counters;
use scr_wire::profile::MAX_ROW_BYTES;

use crate::harness::{both, frames, pair};

/// A model.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// The model's name.
    pub name: &'static str,
    /// Runs it in all interleavings; panics in one that goes wrong.
    pub check: fn(),
}

/// All models.
pub const ALL: [Model; 13] = [
    Model {
        name: "rows are whole",
        check: rows_are_whole,
    },
    Model {
        name: "two readers",
        check: two_readers,
    },
    Model {
        name: "skipped rows",
        check: skipped_rows,
    },
    Model {
        name: "what was seen is there",
        check: what_was_seen_is_there,
    },
    Model {
        name: "a later frame",
        check: a_later_frame,
    },
    Model {
        name: "declared dead",
        check: declared_dead,
    },
    Model {
        name: "overwritten",
        check: overwritten,
    },
    Model {
        name: "a frame being taken",
        check: a_frame_being_taken,
    },
    Model {
        name: "the drain",
        check: the_drain,
    },
    Model {
        name: "epochs",
        check: epochs,
    },
    Model {
        name: "an idle worker",
        check: an_idle_worker,
    },
    Model {
        name: "a jump",
        check: a_jump,
    },
    Model {
        name: "both miss a row",
        check: both_miss_a_row,
    },
];

/// Tries all interleavings with at most `preemptions` switches away from a thread that could go on.
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    // Who waits for ever exceeds this.
    builder.max_branches = 600;
    builder.check(model);
}

/// A row of two words that names its position in both.
fn row(position: u64) -> [u8; 8] {
    let mut row = [0; 8];
    for word in row.chunks_exact_mut(4) {
        word.copy_from_slice(&(position as u32 + 100).to_le_bytes());
    }
    row
}

/// Reads, and demands that a row that is given is that of `position`, whole.
fn read(log: &Log, position: u64) -> Held {
    let mut bytes = [0; MAX_ROW_BYTES];
    let held = log.read(position, log.extent(), &mut bytes);
    if held == Held::Row {
        assert_eq!(bytes[..8], row(position), "torn, or another row");
    }
    held
}

/// A replica has applied just these rows, and none was given up.
fn ends_with(worker: &(Vec<u8>, Counters), rows: &[u8]) {
    assert_eq!(worker.0, rows, "rows applied");
    assert_eq!(worker.1.rows_unrecovered, 0, "rows given up");
}

/// Rows 0 and 4, for which a ring of two blocks of two has the same place, each published.
fn write_over(mut writer: LogWriter) {
    for position in [0, 4] {
        writer.append(position, &row(position));
        writer
            .publish_watermark(position + 1)
            .expect("nobody fences");
    }
}

/// A place is written, and written over, while it is read for the older and for the newer row.
fn rows_are_whole() {
    explore(3, || {
        let (log, writer) = Log::new(2, 8);
        both(
            || {
                read(&log, 0);
                let newer = read(&log, 4);
                assert_ne!(newer, Held::Overwritten, "nothing is newer");
            },
            move || write_over(writer),
        );
        assert_eq!(read(&log, 0), Held::Overwritten);
        assert_eq!(read(&log, 4), Held::Row);
    });
}

/// Rows are whole for two readers at once, one for each of the two rows.
fn two_readers() {
    explore(2, || {
        let (log, writer) = Log::new(2, 8);
        let other = Arc::clone(&log);
        let other = thread::spawn(move || {
            read(&other, 0);
        });
        both(
            || assert_ne!(read(&log, 4), Held::Overwritten, "nothing is newer"),
            move || write_over(writer),
        );
        other.join().expect("the reader ends");
    });
}

/// Rows 1 and 4 are skipped, at the end of a block and at the start of one, and have never been there.
fn skipped_rows() {
    explore(2, || {
        let (log, mut writer) = Log::new(4, 8);
        both(
            || {
                for position in [1, 4] {
                    assert_eq!(read(&log, position), Held::Nothing, "it was skipped");
                }
            },
            move || {
                for position in [0, 2, 3, 5] {
                    writer.append(position, &row(position));
                    writer
                        .publish_watermark(position + 1)
                        .expect("nobody fences");
                }
            },
        );
        let held = (0..6).filter(|&position| read(&log, position) == Held::Row);
        assert_eq!(held.collect::<Vec<_>>(), [0, 2, 3, 5], "rows held");
    });
}

/// A worker appends a row and then publishes that it has passed it. Nobody may take the row for lost.
fn what_was_seen_is_there() {
    explore(3, || {
        let (own, _own_writer) = Log::new(2, 8);
        let (log, mut writer) = Log::new(2, 8);
        let peers = Peers::of(0, &[own, log]);
        both(
            || {
                let mut bytes = [0; MAX_ROW_BYTES];
                match peers.settle(0, 1, &mut bytes) {
                    Settlement::NotYet => {}
                    Settlement::Held { peer: 1 } => assert_eq!(bytes[..8], row(0), "torn"),
                    wrong => panic!("the row is there or comes, but: {wrong:?}"),
                }
            },
            move || {
                writer.append(0, &row(0));
                writer.publish_watermark(1).expect("nobody fences");
            },
        );
    });
}

/// The row does not come in the frame of its own packet but in the one behind it.
fn a_later_frame() {
    explore(3, || {
        let (own, _own_writer) = Log::new(4, 8);
        let (log, mut writer) = Log::new(4, 8);
        let peers = Peers::of(0, &[own, log]);
        both(
            || {
                let mut bytes = [0; MAX_ROW_BYTES];
                let settlement = peers.settle(1, 2, &mut bytes);
                assert_ne!(
                    settlement,
                    Settlement::LostEverywhere,
                    "a frame to come has it"
                );
            },
            move || {
                // Position 1 was lost on the way; the frame of position 2 has its row, too.
                writer.append(0, &row(0));
                writer.publish_watermark(2).expect("nobody fences");
                writer.append_rows(1, &[row(2), row(1)].concat());
                writer.publish_watermark(3).expect("nobody fences");
            },
        );
    });
}

/// A row that was there is written over. It may be found or unknown, but it never was lost.
fn overwritten() {
    explore(3, || {
        let (own, _own_writer) = Log::new(2, 8);
        let (log, mut writer) = Log::new(2, 8);
        let peers = Peers::of(0, &[own, log]);
        writer.append(0, &row(0));
        writer.publish_watermark(4).expect("nobody fences");
        both(
            || {
                let mut bytes = [0; MAX_ROW_BYTES];
                let settlement = peers.settle(0, 1, &mut bytes);
                assert_ne!(settlement, Settlement::LostEverywhere, "the log held it");
            },
            move || writer.append(4, &row(4)),
        );
    });
}

/// Frames 1 and 2 of 0..=4 are lost. Both workers miss row 1, which no frame holds; worker 0 needs row 2, which worker 1
/// has from frame 3, and worker 1 needs row 0 of worker 0.
fn both_miss_a_row() {
    let frames = frames(5, &[]);
    explore(1, move || {
        let [mut zero, mut one] = pair(8, &frames);
        let (zero, one) = both(
            move || {
                zero.take(0);
                zero.take(4);
                zero.finish()
            },
            move || {
                one.take(3);
                one.finish()
            },
        );
        for worker in [zero, one] {
            ends_with(&worker, &[0, 2, 3, 4]);
            assert_eq!(worker.1.rows_from_logs, 1, "rows from logs");
            assert_eq!(worker.1.rows_lost_everywhere, 1, "rows lost everywhere");
        }
    });
}

/// Frame 0 is lost. Worker 0 needs its row from worker 1, which is about to take the frame that has it.
fn a_frame_being_taken() {
    let frames = frames(3, &[]);
    explore(2, move || {
        let [mut zero, mut one] = pair(4, &frames);
        let (zero, one) = both(
            move || {
                zero.take(2);
                zero.finish()
            },
            move || {
                one.take(1);
                one.finish()
            },
        );
        ends_with(&zero, &[0, 1, 2]);
        ends_with(&one, &[0, 1, 2]);
    });
}

/// At the end each worker has a row that the other one lacks.
fn the_drain() {
    let frames = frames(3, &[]);
    explore(3, move || {
        let [mut zero, mut one] = pair(4, &frames);
        let (zero, one) = both(
            move || {
                zero.take(0);
                zero.finish()
            },
            move || {
                one.take(1);
                one.finish()
            },
        );
        ends_with(&zero, &[0, 1]);
        ends_with(&one, &[0, 1]);
    });
}

/// A new epoch starts, whose rows take the places of those that the barrier before it still needs.
fn epochs() {
    let frames = frames(4, &[2]);
    explore(2, move || {
        let [mut zero, mut one] = pair(2, &frames);
        let (zero, one) = both(
            move || {
                zero.take(0);
                zero.epoch(1);
                zero.take(2);
                zero.finish()
            },
            move || {
                one.take(1);
                one.epoch(1);
                one.take(3);
                one.finish()
            },
        );
        ends_with(&zero, &[0, 1, 2, 3]);
        ends_with(&one, &[0, 1, 2, 3]);
    });
}

/// All frames of worker 0 are lost, and worker 1 misses rows.
fn an_idle_worker() {
    let frames = frames(4, &[]);
    explore(2, move || {
        let [mut zero, mut one] = pair(4, &frames);
        let (zero, one) = both(
            move || {
                zero.idle(3);
                zero.finish()
            },
            move || {
                one.take(3);
                one.finish()
            },
        );
        ends_with(&zero, &[2, 3]);
        ends_with(&one, &[2, 3]);
        assert_eq!(one.1.rows_lost_everywhere, 2, "rows lost everywhere");
    });
}

/// Worker 0 misses more rows than logs hold. In the middle of them are two that worker 1 has.
fn a_jump() {
    let frames = frames(9, &[]);
    explore(1, move || {
        let [mut zero, mut one] = pair(4, &frames);
        let (zero, one) = both(
            move || {
                zero.take(0);
                zero.take(8);
                zero.finish()
            },
            move || {
                one.take(3);
                one.idle(8);
                one.finish()
            },
        );
        ends_with(&zero, &[0, 2, 3, 7, 8]);
        ends_with(&one, &[0, 2, 3, 7, 8]);
        assert_eq!(zero.1.rows_lost_everywhere, 4, "rows lost everywhere");
    });
}

/// A worker is declared dead while it goes on: it takes frame 0, publishes, takes frame 1. Two others ask for both rows,
/// one before the death and one after. Whatever they are told, they are told the same: the row, or that it is lost.
fn declared_dead() {
    explore(3, || {
        let (own, _own_writer) = Log::new(4, 8);
        let (log, mut writer) = Log::new(4, 8);
        let peers = Peers::of(0, &[own, Arc::clone(&log)]);
        let ask = |position| {
            let mut bytes = [0; MAX_ROW_BYTES];
            let answer = peers.settle(position, 1, &mut bytes);
            if answer == (Settlement::Held { peer: 1 }) {
                assert_eq!(bytes[..8], row(position), "torn");
            }
            answer
        };
        let ((before, end, after), published) = both(
            || {
                let before = [ask(0), ask(1)];
                (before, log.fence(), [ask(0), ask(1)])
            },
            move || {
                let mut published = 0;
                for position in 0..2 {
                    writer.append(position, &row(position));
                    if writer.publish_watermark(position + 1).is_err() {
                        break;
                    }
                    published = position + 1;
                }
                published
            },
        );
        assert_eq!(published, end, "the dead knows what counts");
        let finally = [ask(0), ask(1)];
        for (position, ((first, second), last)) in
            before.into_iter().zip(after).zip(finally).enumerate()
        {
            let due = match (position as u64) < end {
                true => Settlement::Held { peer: 1 },
                false => Settlement::LostEverywhere,
            };
            assert!(
                first == due || first == Settlement::NotYet,
                "before: {first:?}"
            );
            assert_eq!((second, last), (due, due), "after");
        }
    });
}
