//! Sorting a batch's frames into lanes and noticing where the sequencer's configuration changed.

use scr_wire::{Frame, Geometry, Header, Profile, Seq};

use super::burst::{Burst, Segment};
use crate::device::{DeviceError, Fate, Path};

/// How far a sequence number may lie ahead of the one before; what lies further lies behind. Half of what serial
/// arithmetic allows, so that it holds for a worker as well that missed the frames before.
const AHEAD: u64 = 1 << (Seq::BITS - 2);
/// A jump of more than this makes all workers come to the same row first, so that none takes the next jump for a step back.
const JUMP: u64 = 1 << 20;
/// Half of all epochs.
const HALF_EPOCHS: u8 = 1 << (scr_wire::header::EPOCH_BITS - 1);
const EPOCH_MASK: u8 = (1 << scr_wire::header::EPOCH_BITS) - 1;

/// Prepares bursts, in order.
#[derive(Debug)]
pub struct Dispatcher {
    profile: Profile,
    cores: usize,
    first_seq: Seq,
    max_rows: u64,
    /// Epoch and prefix words in force.
    current: Option<(u8, u8)>,
    window: u64,
    last: Option<Seq>,
    barriers: u64,
    sequenced: u64,
}

impl Dispatcher {
    /// A dispatcher for `cores` workers that take at most `max_rows` rows from a frame; the first row there is has
    /// sequence number `first_seq`.
    pub fn new(profile: &Profile, cores: usize, first_seq: Seq, max_rows: u8) -> Self {
        Self {
            profile: *profile,
            cores,
            first_seq,
            max_rows: u64::from(max_rows.max(1)),
            current: None,
            window: 1,
            last: None,
            barriers: 0,
            sequenced: 0,
        }
    }

    /// Barriers so far.
    pub fn barriers(&self) -> u64 {
        self.barriers
    }

    /// The number of the last sequenced frame, lost or not, and the most rows that a frame carries now.
    pub fn sent(&self) -> Option<(Seq, u64)> {
        self.last.map(|last| (last, self.window))
    }

    /// Sequenced frames so far, lost ones included.
    pub fn sequenced(&self) -> u64 {
        self.sequenced
    }

    /// Fills in lanes and segments of a burst whose batch is full.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Contract`] when a frame was steered to a queue that no worker serves.
    pub fn prepare(&mut self, burst: &mut Burst) -> Result<(), DeviceError> {
        burst.segments.clear();
        burst.segments.push(Segment {
            start: 0,
            barrier: false,
            epoch: None,
            window: self.window,
            last: None,
            unreadable: 0,
        });
        for i in 0..burst.batch.len() {
            let info = burst.batch.frames()[i];
            if !info.path.is_sequenced() {
                continue;
            }
            let faults = burst.batch.faults(i);
            self.sequenced += u64::from(!faults.copy);
            if let Ok(frame) = Frame::parse(burst.batch.bytes(i), &self.profile) {
                let header = *frame.header();
                if !self.follows(&header) {
                    burst.batch.faults_mut(i).fate = Fate::Disordered;
                    continue;
                }
                self.enter(i, &header, &mut burst.segments);
                self.last = Some(header.seq);
                if let Some(segment) = burst.segments.last_mut() {
                    segment.last = self.last;
                    segment.unreadable = 0;
                }
            } else if let Some(segment) = burst.segments.last_mut() {
                segment.unreadable += u64::from(!faults.copy);
            }
            if faults.fate == Fate::Delivered {
                let lane = burst.lanes.get_mut(usize::from(info.queue));
                let Some(lane) = lane else {
                    return Err(self.no_worker(info.packet.index, info.queue, info.path));
                };
                lane.push(i as u32);
            }
        }
        Ok(())
    }

    /// Whether the frame comes after all before it.
    #[inline]
    fn follows(&self, header: &Header) -> bool {
        let Some((epoch, _)) = self.current else {
            return header.seq.since(self.first_seq) < AHEAD;
        };
        if header.epoch != epoch {
            let newer = header.epoch.wrapping_sub(epoch) & EPOCH_MASK < HALF_EPOCHS;
            return newer && header.seq.get() < AHEAD;
        }
        let ahead = self.last.map_or(1, |last| header.seq.since(last));
        ahead != 0 && ahead < AHEAD
    }

    /// Starts a segment at frame `i` if its configuration is a new one.
    #[inline]
    fn enter(&mut self, i: usize, header: &Header, segments: &mut Vec<Segment>) {
        let configuration = (header.epoch, header.prefix_words);
        let jump = self.last.is_some_and(|last| header.seq.since(last) > JUMP);
        if self.current == Some(configuration) && !jump {
            return;
        }
        let before = self.current.replace(configuration);
        let rows = Geometry::new(&self.profile, header.prefix_words).map_or(1, Geometry::rows);
        self.window = (rows as u64)
            .min(scr_wire::geometry::MAX_VALID_ROWS as u64)
            .min(self.max_rows);
        let epoch = match before {
            None => Some((header.epoch, self.first_seq)),
            Some((epoch, _)) if epoch != header.epoch => Some((header.epoch, Seq::ZERO)),
            Some(_) => None,
        };
        self.barriers += u64::from(before.is_some());
        segments.push(Segment {
            start: i,
            barrier: before.is_some(),
            epoch,
            window: self.window,
            last: None,
            unreadable: 0,
        });
    }

    #[cold]
    fn no_worker(&self, packet: u64, queue: u16, path: Path) -> DeviceError {
        debug_assert!(path.is_sequenced());
        let what = format!(
            "its frame was steered to queue {queue}, but there are {} workers",
            self.cores
        );
        DeviceError::Contract { packet, what }
    }
}
