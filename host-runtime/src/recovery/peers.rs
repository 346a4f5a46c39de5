//! The combined answer of all peers' logs about a row.

use std::sync::Arc;

use scr_wire::profile::MAX_ROW_BYTES;

use super::guard::{Guard, stands};
use super::log::{Held, Log};

/// The answer about a row that the own frames do not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// A peer held it; its bytes have been copied.
    Held {
        /// Number of the peer.
        peer: u16,
    },
    /// No surviving frame held it: every replica skips it.
    LostEverywhere,
    /// No log holds it, but one has advanced too far to tell whether it did.
    Unknown,
    /// A peer may still receive it.
    NotYet,
}

/// The logs of all workers but one.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    logs: Vec<(u16, Arc<Log>)>,
    /// The worker's own place.
    own: Option<(u16, Arc<Log>)>,
    /// Whether the worker's own log has rows of a previous worker at its place.
    inherits: bool,
}

impl Peers {
    /// The logs of the peers of `core` among `logs`, which are in the order of cores.
    pub fn of(core: u16, logs: &[Arc<Log>]) -> Self {
        let logs = (0..).zip(logs).map(|(peer, log)| (peer, Arc::clone(log)));
        let (mut own, logs): (Vec<_>, _) = logs.partition(|&(peer, _)| peer == core);
        Self {
            logs,
            own: own.pop(),
            inherits: false,
        }
    }

    /// The peers of a worker that joins at a place where others may have been before: the rows they left in the place's
    /// log count for everybody, and so for their successor.
    #[must_use]
    pub fn inheriting(mut self) -> Self {
        self.inherits = true;
        self
    }

    /// Number of rows that each log keeps; 0 without peers.
    pub fn span(&self) -> u64 {
        self.logs.first().map_or(0, |(_, log)| log.span())
    }

    /// Settles the row at `position`. Frames carry at most `window` rows, so a peer that has seen all its frames before
    /// position + window will not receive this row any more.
    pub fn settle(&self, position: u64, window: u64, row: &mut [u8; MAX_ROW_BYTES]) -> Settlement {
        let window = if stands(Guard::WholeWindow) {
            window
        } else {
            1
        };
        self.settle_among(row, position, None, |watermark| {
            watermark >= position + window
        })
    }

    /// Settles the row at `position`, which lies before `barrier`, as [`settle`](Self::settle). A peer that has come to the
    /// barrier has taken all its frames that could hold the row.
    pub fn settle_before(
        &self,
        barrier: u64,
        position: u64,
        window: u64,
        row: &mut [u8; MAX_ROW_BYTES],
    ) -> Settlement {
        let barrier = Some(barrier);
        self.settle_among(row, position, barrier, |watermark| {
            watermark >= position + window
        })
    }

    /// Settles the row at `position` once all peers have ended.
    pub fn settle_ended(&self, position: u64, row: &mut [u8; MAX_ROW_BYTES]) -> Settlement {
        self.settle_among(row, position, None, |_| true)
    }

    fn settle_among(
        &self,
        row: &mut [u8; MAX_ROW_BYTES],
        position: u64,
        barrier: Option<u64>,
        is_past: impl Fn(u64) -> bool,
    ) -> Settlement {
        let mut result = Settlement::LostEverywhere;
        for &(peer, ref log) in &self.logs {
            // Before the log is read: what a peer says it has seen is in its log by then.
            let mut extent = log.extent();
            let mut held = log.read(position, extent, row);
            if !stands(Guard::PastBeforeRead) {
                extent = log.extent();
            }
            if let Some(barrier) = barrier
                && held == Held::Nothing
                && !is_past(extent.watermark)
                && log.has_entered(barrier)
            {
                // All that came before the barrier is in the log by now, but may not have been when it was read.
                held = log.read(position, log.extent(), row);
                if held == Held::Nothing {
                    continue;
                }
            }
            match held {
                Held::Row => return Settlement::Held { peer },
                Held::Nothing if extent.fenced || is_past(extent.watermark) => {}
                Held::Nothing if stands(Guard::NothingIsNotYet) => result = Settlement::NotYet,
                Held::Overwritten
                    if result == Settlement::LostEverywhere
                        && stands(Guard::OverwrittenIsUnknown) =>
                {
                    result = Settlement::Unknown;
                }
                Held::Nothing | Held::Overwritten => {}
            }
        }
        if self.inherits
            && let Some((place, log)) = &self.own
        {
            // Rows that do not count were thrown away when the log was opened, and this worker itself has written nothing yet
            // from here on.
            match log.read(position, log.extent(), row) {
                Held::Row => return Settlement::Held { peer: *place },
                Held::Overwritten if result == Settlement::LostEverywhere => {
                    result = Settlement::Unknown;
                }
                _ => {}
            }
        }
        result
    }

    /// The peers whose logs are not fenced.
    pub fn living(&self) -> impl Iterator<Item = u16> + '_ {
        let living = self.logs.iter().filter(|(_, log)| !log.extent().fenced);
        living.map(|&(peer, _)| peer)
    }

    /// Whether every peer has seen all its frames before `position`.
    pub fn all_past(&self, position: u64) -> bool {
        self.logs.iter().all(|(_, log)| log.is_past(position))
    }

    /// Whether every peer has seen all its frames before `position`, or has come to `barrier`.
    pub fn all_past_or_at(&self, barrier: u64, position: u64) -> bool {
        let mut logs = self.logs.iter();
        logs.all(|(_, log)| log.is_past(position) || log.has_entered(barrier))
    }

    /// The lowest position from `from` on that any log holds.
    pub fn first_held(&self, from: u64) -> Option<u64> {
        self.logs
            .iter()
            .filter_map(|(_, log)| log.first_held(from))
            .min()
    }

    /// Whether every peer that is there has come to `barrier`.
    pub fn all_at_barrier(&self, barrier: u64) -> bool {
        self.logs.iter().all(|(_, log)| log.has_entered(barrier))
    }

    /// The furthest position that any peer has seen; final when all have come to a barrier.
    pub fn furthest_watermark(&self) -> u64 {
        let watermarks = self.logs.iter().map(|(_, log)| log.watermark());
        watermarks.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_yet_is_not_lost() {
        let (a, _own) = Log::new(8, 4);
        let (b, mut b_writer) = Log::new(8, 4);
        let (c, mut c_writer) = Log::new(8, 4);
        let peers = Peers::of(0, &[a, b, c]);
        let mut row = [0; MAX_ROW_BYTES];
        assert_eq!(peers.settle(5, 3, &mut row), Settlement::NotYet);
        b_writer.publish_watermark(8).unwrap();
        assert_eq!(peers.settle(5, 3, &mut row), Settlement::NotYet);
        c_writer.publish_watermark(7).unwrap();
        assert_eq!(peers.settle(5, 3, &mut row), Settlement::NotYet);
        c_writer.append(5, &[7; 4]);
        assert_eq!(peers.settle(5, 3, &mut row), Settlement::NotYet);
        c_writer.publish_rows().unwrap();
        assert_eq!(peers.settle(5, 3, &mut row), Settlement::Held { peer: 2 });
        assert_eq!(row[..4], [7; 4]);
        c_writer.append(7, &[8; 4]);
        assert_eq!(peers.settle(7, 3, &mut row), Settlement::NotYet);
        c_writer.publish_watermark(20).unwrap();
        assert_eq!(peers.settle(4, 3, &mut row), Settlement::LostEverywhere);
        c_writer.append(128, &[9; 4]);
        assert_eq!(peers.settle(4, 3, &mut row), Settlement::Unknown);
        assert_eq!(peers.settle(5, 3, &mut row), Settlement::Unknown);
    }

    #[test]
    fn who_has_come_to_a_barrier_takes_no_frame_before_it() {
        let (a, _own) = Log::new(8, 4);
        let (b, mut writer) = Log::new(8, 4);
        let peers = Peers::of(0, &[a, b]);
        let mut row = [0; MAX_ROW_BYTES];
        writer.append(5, &[7; 4]);
        writer.publish_watermark(6).unwrap();
        let mut settle = |barrier, at| peers.settle_before(barrier, at, 3, &mut row);
        assert_eq!(settle(1, 3), Settlement::LostEverywhere);
        assert_eq!(settle(1, 4), Settlement::NotYet);
        assert!(!peers.all_past_or_at(1, 7));
        writer.enter_barrier(1);
        assert_eq!(settle(1, 4), Settlement::LostEverywhere);
        assert_eq!(settle(1, 5), Settlement::Held { peer: 1 });
        assert_eq!(settle(1, 6), Settlement::LostEverywhere);
        assert!(peers.all_past_or_at(1, 7));
        // Of what comes behind that barrier nothing is said.
        assert_eq!(settle(3, 6), Settlement::NotYet);
        assert!(!peers.all_past_or_at(3, 7));
    }

    #[test]
    fn a_successor_finds_what_was_left_at_its_place() {
        let (a, mut writer) = Log::new(8, 4);
        let (b, _peer) = Log::new(8, 4);
        let logs = [Arc::clone(&a), Arc::clone(&b)];
        for position in 0..200u8 {
            writer.append(position.into(), &[position; 4]);
        }
        writer.publish_watermark(199).unwrap();
        writer.append(200, &[200; 4]);
        a.fence();
        b.fence();
        a.open(210, 0);
        let mut row = [0; MAX_ROW_BYTES];
        let stranger = Peers::of(0, &logs);
        assert_eq!(
            stranger.settle(190, 3, &mut row),
            Settlement::LostEverywhere
        );
        let heir = stranger.inheriting();
        assert_eq!(heir.settle(190, 3, &mut row), Settlement::Held { peer: 0 });
        assert_eq!(row[..4], [190; 4]);
        assert_eq!(heir.settle(2, 3, &mut row), Settlement::Unknown);
        // This row was not published.
        assert_eq!(heir.settle(200, 3, &mut row), Settlement::LostEverywhere);
    }

    #[test]
    fn of_a_dead_peer_counts_what_it_published() {
        let (a, _own) = Log::new(8, 4);
        let (b, mut writer) = Log::new(8, 4);
        let peers = Peers::of(0, &[a, Arc::clone(&b)]);
        let mut row = [0; MAX_ROW_BYTES];
        writer.append(0, &[1; 4]);
        writer.publish_watermark(2).unwrap();
        writer.append(2, &[3; 4]);
        assert_eq!(peers.settle(1, 3, &mut row), Settlement::NotYet);
        assert_eq!(peers.settle(2, 3, &mut row), Settlement::NotYet);
        assert!(!peers.all_at_barrier(1));
        assert_eq!(peers.living().collect::<Vec<_>>(), [1]);
        b.fence();
        assert_eq!(peers.settle(0, 3, &mut row), Settlement::Held { peer: 1 });
        assert_eq!(peers.settle(1, 3, &mut row), Settlement::LostEverywhere);
        assert_eq!(peers.settle(2, 3, &mut row), Settlement::LostEverywhere);
        assert!(peers.all_at_barrier(1) && peers.all_past(100));
        assert_eq!(peers.living().count(), 0);
        assert_eq!(peers.furthest_watermark(), 2);
    }
}
