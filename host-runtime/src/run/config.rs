//! What a run needs to know, and why it may fail.

use std::io::Write;
use std::time::Duration;

use scr_nf::{SelectError, Selected};
use scr_nic::BoxError;
use scr_wire::{Profile, Seq};

use crate::device::DeviceError;
use crate::device::batch::BATCH_FRAMES;
use crate::egress::PacketSink;
use crate::membership::{CannotResteer, Plan};
use crate::worker::EventLevel;

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct ReplayConfig<S = Selected> {
    /// The network function with its options: [`Selected`], or [`Own`](scr_nf::Own). Where the device's sequencer is set
    /// to `sequence_all`, one that [knows of it](Selected::with_other_frames).
    pub function: S,
    /// Profile of the rows.
    pub profile: Profile,
    /// Workers k, 1..=128.
    pub cores: u8,
    /// Words B in a prefix, for the report.
    pub prefix_words: u8,
    /// Compare every verdict and the final states with a single-threaded run.
    pub verify: bool,
    /// Which events are recorded.
    pub events: EventLevel,
    /// Most rows that a worker takes from one frame; 255 is all. Less puts loss recovery under load.
    pub max_rows: u8,
    /// Sequence number of the first row of the first epoch: 0, but for a sequencer that continues a numbering.
    pub first_seq: Seq,
    /// Frames in a batch.
    pub batch_frames: usize,
    /// Batches in circulation, at least 2.
    pub batches: usize,
    /// Changes of k while traffic runs.
    pub plan: Plan,
    /// A worker that gives no sign of life for so long, while it is waited for, counts as dead.
    pub stall_timeout: Duration,
    /// A worker that was declared dead while it was only slow, and comes back, joins again.
    pub rejoin: bool,
    /// Workers keep logs, from which their peers take what they miss. Without, a row that a worker misses is given up by it
    /// alone, and its replica differs from then on: for measuring what logs cost while nothing is lost.
    pub logs: bool,
    /// Rows that each log keeps, or some more ([`Log::new`](crate::recovery::Log::new)); `None`: as many as a worker can come to need. With less, one
    /// that falls behind takes over a peer's replica.
    pub log_rows: Option<usize>,
    /// Threads besides the calling one; 0: as many as the machine has cores for.
    pub threads: usize,
}

impl<S> ReplayConfig<S> {
    /// A verified run of `function` on `cores` workers with rows of `profile`.
    pub fn new(function: S, profile: &Profile, cores: u8, prefix_words: u8) -> Self {
        Self {
            function,
            profile: *profile,
            cores,
            prefix_words,
            verify: true,
            events: EventLevel::Off,
            max_rows: u8::MAX,
            first_seq: Seq::ZERO,
            batch_frames: BATCH_FRAMES,
            batches: 8,
            plan: Plan::default(),
            stall_timeout: Duration::from_secs(10),
            rejoin: true,
            logs: true,
            log_rows: None,
            threads: 0,
        }
    }
}

/// Where a run's results go besides the report.
#[derive(Default)]
pub struct Outputs<'a> {
    /// Packets that passed, and passed by.
    pub packets: Option<Box<dyn PacketSink + Send + 'a>>,
    /// Events, as JSON lines; see [`ReplayConfig::events`].
    pub events: Option<Box<dyn Write + Send + 'a>>,
    /// The final state, as a JSON object.
    pub state: Option<Box<dyn Write + 'a>>,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The function cannot work on the profile.
    #[error(transparent)]
    Function(#[from] SelectError),
    /// k is out of range.
    #[error("{0} cores: there must be 1 to 128")]
    Cores(u8),
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// Packets or events could not be written.
    #[error(transparent)]
    Output(BoxError),
    /// The state could not be written.
    #[error("the state cannot be written: {0}")]
    State(std::io::Error),
    /// All workers died.
    #[error(
        "all workers are dead: there is no replica left to go on with; it was noticed after {packets} packets"
    )]
    NoWorkerLeft {
        /// Packets given by the device until then.
        packets: u64,
    },
    /// The device cannot change its cores, which the plan asks for.
    #[error("the device cannot change its cores while it runs")]
    CannotResteer,
    /// There was no thread to be had for the workers.
    #[error("a thread could not be started: {0}")]
    Thread(std::io::Error),
    /// A worker came to no end; its thread panicked.
    #[error("a worker stopped unexpectedly")]
    Stopped,
}

impl From<CannotResteer> for ReplayError {
    fn from(CannotResteer: CannotResteer) -> Self {
        Self::CannotResteer
    }
}
