//! Recording what happens to rows, as JSON lines.

use scr_nf::Description;
use serde::Serialize;

/// Which events are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventLevel {
    /// None.
    #[default]
    Off,
    /// Rows that were settled beyond the ordinary k.
    Recovery,
    /// Recovery events, and the state after every row that touched an entry.
    State,
}

/// Fate of a row, or of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    FromFrame,
    FromLog { peer: u16 },
    LostEverywhere,
    Unrecovered,
    Transferred { peer: u16 },
    Overtaken,
    State(Description),
}

#[derive(Serialize)]
struct Line<'a> {
    core: u16,
    seq: u64,
    event: &'static str,
    row: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
}

/// Events of one worker since the frame it took last. They are written with the sequence number of the next one, even those
/// of rows that were fetched before it came.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    level: EventLevel,
    pending: Vec<(u64, What)>,
}

impl Recorder {
    pub(super) fn new(level: EventLevel) -> Self {
        Self {
            level,
            pending: Vec::new(),
        }
    }

    #[inline(always)]
    pub(super) fn is_on(&self) -> bool {
        self.level != EventLevel::Off
    }

    #[inline(always)]
    pub(super) fn records_states(&self) -> bool {
        self.level == EventLevel::State
    }

    #[inline]
    pub(super) fn record(&mut self, row: u64, what: What) {
        if self.is_on() {
            self.pending.push((row, what));
        }
    }

    pub(super) fn forget(&mut self) {
        self.pending.clear();
    }

    pub(super) fn write(&mut self, core: u16, seq: u64, out: &mut Vec<u8>) {
        for (row, what) in self.pending.drain(..) {
            let mut line = Line {
                core,
                seq,
                event: "",
                row,
                peer: None,
                key: None,
                state: None,
            };
            line.event = match &what {
                What::FromFrame => "row-from-frame",
                What::FromLog { peer } => {
                    line.peer = Some(*peer);
                    "row-from-log"
                }
                What::LostEverywhere => "row-lost-everywhere",
                What::Unrecovered => "row-unrecovered",
                What::Transferred { peer } => {
                    line.peer = Some(*peer);
                    "state-transfer"
                }
                What::Overtaken => "frame-overtaken",
                What::State(description) => {
                    line.key = Some(&description.key);
                    line.state = Some(&description.state);
                    "state"
                }
            };
            // Writing plain structs to memory cannot fail.
            let _ = serde_json::to_writer(&mut *out, &line);
            out.push(b'\n');
        }
    }
}
