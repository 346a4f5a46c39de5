//! What happened to workers and steering.

use std::fmt;

use serde::Serialize;

/// Why a worker counts as dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// The worker crashed.
    Crash,
    /// The worker gave no sign of life for too long.
    Stall,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crash => "crash",
            Self::Stall => "stall",
        })
    }
}

/// A worker that died.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Departure {
    /// The worker's place.
    pub core: u16,
    /// The reason.
    pub cause: Cause,
    /// Number of frames lost with the worker: in its queue, or taken but not handed on.
    pub frames_lost: u64,
}

/// A change of the steering map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resteering {
    /// Sequence number of the first frame under the new map, if there was one.
    pub seq: Option<u64>,
    /// The new k.
    pub cores: u8,
    /// The place of each of the sequencer's cores.
    pub queues: Vec<u16>,
    /// Places whose workers joined with a peer's snapshot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<u16>,
}

/// Deaths and changes of the steering map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FailoverReport {
    /// Workers that died.
    pub died: Vec<Departure>,
    /// Changes of the steering map.
    #[serde(rename = "turns")]
    pub resteerings: Vec<Resteering>,
}

impl FailoverReport {
    /// Whether there was neither a death nor a change.
    pub fn is_empty(&self) -> bool {
        self.died.is_empty() && self.resteerings.is_empty()
    }

    /// Number of frames lost with workers.
    pub fn frames_lost(&self) -> u64 {
        self.died.iter().map(|one| one.frames_lost).sum()
    }
}
