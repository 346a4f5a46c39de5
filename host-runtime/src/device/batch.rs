//! A batch of frames in one buffer, in the order in which they arrived.

use scr_capture::Timestamp;
use scr_nf::prefetch;

/// Most frames in a batch.
pub const BATCH_FRAMES: usize = 128;

/// Bytes from which a batch accepts no further frame.
pub const BATCH_BYTES: usize = 256 << 10;

/// Distance ahead, in bytes and in descriptions of frames, at which lines are taken from other cores before they are
/// written.
const BYTES_AHEAD: usize = 1024;
const FRAMES_AHEAD: usize = 10;

/// Lines of a frame that are prefetched before it is read: prefix and packet, or the beginning of a long packet. A
/// worker's frames are not adjacent, so processors do not predict their lines.
const LINES_READ: usize = 8;

/// The path of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Path {
    /// Behind a prefix of `prefix_bytes`, to the queue of a worker.
    Sequenced {
        /// Bytes of prefix at the start of the frame.
        prefix_bytes: u16,
    },
    /// Through the NIC, unaltered, to the default queue.
    PassedBy,
    /// Around the NIC: nothing of the packet was captured.
    Uncaptured,
}

impl Path {
    /// Whether the frame has a prefix.
    pub const fn is_sequenced(self) -> bool {
        matches!(self, Self::Sequenced { .. })
    }

    /// Bytes of prefix at the start of the frame.
    pub const fn prefix_bytes(self) -> usize {
        match self {
            Self::Sequenced { prefix_bytes } => prefix_bytes as usize,
            Self::PassedBy | Self::Uncaptured => 0,
        }
    }
}

/// Fate of a frame between NIC and worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fate {
    /// The frame is delivered.
    #[default]
    Delivered,
    /// The frame is lost: kept for the account, given to no worker.
    Lost,
    /// The frame's sequence number does not follow those before it, an error of the device: given to no worker.
    Disordered,
}

/// An injected fault of the worker that receives a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkerFault {
    /// The worker dies, with its replica, before it takes the frame.
    Crash,
    /// The worker stalls for this many milliseconds before it takes the frame.
    Stall(u32),
}

/// Faults of a frame: none for nearly all frames, and kept beside the batch, so that those cost nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FrameFaults {
    /// The frame's fate on its way to a worker.
    pub fate: Fate,
    /// Whether the frame is a second copy of the one before, without a packet of its own.
    pub copy: bool,
    /// The fault of the worker that receives the frame.
    pub worker: Option<WorkerFault>,
}

/// Information on a packet besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketInfo {
    /// Number of the packet in its capture, from 1.
    pub index: u64,
    /// Time of receipt.
    pub timestamp: Timestamp,
    /// Length on the wire, without the prefix.
    pub original_len: u32,
}

/// A frame's place in a batch, and information on it.
#[derive(Clone, Copy, Debug)]
pub struct FrameInfo {
    /// The packet in the frame.
    pub packet: PacketInfo,
    /// The path of the frame.
    pub path: Path,
    /// The queue the frame was steered to.
    pub queue: u16,
    start: u32,
    len: u32,
}

/// Frames in order of arrival, all in one buffer that is reused.
#[derive(Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    frames: Vec<FrameInfo>,
    /// Frames with faults, in order.
    faults: Vec<(usize, FrameFaults)>,
    max_frames: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self::new(BATCH_FRAMES)
    }
}

impl Batch {
    /// An empty batch for at most `max_frames` frames, at least 1.
    pub fn new(max_frames: usize) -> Self {
        Self {
            bytes: Vec::new(),
            frames: Vec::new(),
            faults: Vec::new(),
            max_frames: max_frames.max(1),
        }
    }

    /// Whether the batch accepts no further frame. Devices that produce several frames at once may exceed the limit.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.frames.len() >= self.max_frames || self.bytes.len() >= BATCH_BYTES
    }

    /// Frames in the batch.
    #[inline]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is no frame.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Removes all frames; memory is kept.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.frames.clear();
        self.faults.clear();
        prefetch::write_all(self.bytes.as_ptr(), BYTES_AHEAD);
        prefetch::write_all(self.frames.as_ptr(), FRAMES_AHEAD * size_of::<FrameInfo>());
    }

    /// Appends a frame whose bytes are `pieces`, one after the other.
    #[inline]
    pub fn push(&mut self, packet: PacketInfo, path: Path, queue: u16, pieces: &[&[u8]]) {
        let start = self.bytes.len();
        for piece in pieces {
            self.bytes.extend_from_slice(piece);
        }
        // Workers have read here since this was last written. The beginning was prefetched when the batch was emptied.
        let coming = self.bytes.as_ptr().wrapping_add(start + BYTES_AHEAD);
        prefetch::write_all(coming, self.bytes.len() - start);
        let infos = self.frames.as_ptr().wrapping_add(self.frames.len());
        prefetch::write(infos.wrapping_add(FRAMES_AHEAD));
        self.frames.push(FrameInfo {
            packet,
            path,
            queue,
            start: start as u32,
            len: (self.bytes.len() - start) as u32,
        });
    }

    /// Bytes of frame `i`, prefix included.
    #[inline]
    pub fn bytes(&self, i: usize) -> &[u8] {
        let frame = &self.frames[i];
        &self.bytes[frame.start as usize..][..frame.len as usize]
    }

    /// Starts to bring frame `i` to the core that will read it.
    #[inline(always)]
    pub fn prefetch(&self, i: usize) {
        let bytes = self.bytes(i);
        for line in bytes.chunks(prefetch::LINE).take(LINES_READ) {
            prefetch::read(line.as_ptr());
        }
    }

    /// Bytes of the packet in frame `i`, behind the prefix.
    #[inline]
    pub fn packet(&self, i: usize) -> &[u8] {
        let bytes = self.bytes(i);
        bytes
            .get(self.frames[i].path.prefix_bytes()..)
            .unwrap_or(&[])
    }

    /// Information on the frames, in order.
    #[inline]
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }

    /// The faults of frame `i`.
    #[inline]
    pub fn faults(&self, i: usize) -> FrameFaults {
        if self.faults.is_empty() {
            return FrameFaults::default();
        }
        self.faults_of(i)
    }

    #[cold]
    fn faults_of(&self, i: usize) -> FrameFaults {
        let place = self.faults.binary_search_by_key(&i, |&(frame, _)| frame);
        place.map_or(FrameFaults::default(), |place| self.faults[place].1)
    }

    /// The faults of frame `i`, mutably.
    pub fn faults_mut(&mut self, i: usize) -> &mut FrameFaults {
        let place = self.faults.binary_search_by_key(&i, |&(frame, _)| frame);
        let place = place.unwrap_or_else(|place| {
            self.faults.insert(place, (i, FrameFaults::default()));
            place
        });
        &mut self.faults[place].1
    }

    /// Bytes of frame `i`, mutably, to damage them.
    pub fn bytes_mut(&mut self, i: usize) -> &mut [u8] {
        let frame = &self.frames[i];
        &mut self.bytes[frame.start as usize..][..frame.len as usize]
    }

    /// Cuts frame `i` to at most `len` bytes.
    pub fn truncate(&mut self, i: usize, len: usize) {
        let frame = &mut self.frames[i];
        frame.len = frame.len.min(u32::try_from(len).unwrap_or(u32::MAX));
    }

    /// Inserts a second copy of frame `i` behind it.
    pub fn duplicate(&mut self, i: usize) {
        let FrameInfo { start, len, .. } = self.frames[i];
        let from = start as usize..(start + len) as usize;
        let copy = FrameInfo {
            start: self.bytes.len() as u32,
            ..self.frames[i]
        };
        self.bytes.extend_from_within(from);
        self.frames.insert(i + 1, copy);
        for (frame, _) in &mut self.faults {
            *frame += usize::from(*frame > i);
        }
        let faults = FrameFaults {
            copy: true,
            worker: None,
            ..self.faults(i)
        };
        *self.faults_mut(i + 1) = faults;
    }
}
