//! The golden sequencer: the hardware must match it byte for byte, and it is the sequencer of a deployment without an
//! FPGA.

use crate::geometry::Geometry;
use crate::header::{EPOCH_BITS, Header};
use crate::parse::{self, Parsed, Timestamp};
use crate::profile::MAX_ROW_BYTES;
use crate::{ConfigError, Limits, MAX_CORES, Profile, Seq};

/// The settings that can be changed while traffic runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Cores k in the rotation, 1..=128.
    pub cores: u8,
    /// Words B in a prefix, 1..=63.
    pub prefix_words: u8,
    /// When false, every frame passes by unaltered.
    pub enable: bool,
    /// Sequence every frame, not only IP.
    pub sequence_all: bool,
}

impl Config {
    /// An enabled sequencer of IP frames for k = `cores` with B = `prefix_words`.
    pub const fn new(cores: u8, prefix_words: u8) -> Self {
        Self {
            cores,
            prefix_words,
            enable: true,
            sequence_all: false,
        }
    }

    /// Whether a frame with this parse gets a sequence number (section 6 of the format).
    #[inline]
    pub const fn sequences(&self, parsed: &Parsed) -> bool {
        self.enable && (parsed.ip_version.is_some() || self.sequence_all)
    }
}

/// How a frame was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The frame leaves unaltered, without prefix and number, to the default queue.
    PassedBy,
    /// The frame leaves behind a prefix.
    Sequenced {
        /// Sequence number of the frame.
        seq: Seq,
        /// The core the frame is steered to.
        core: u8,
        /// Bytes of prefix written.
        prefix_bytes: usize,
    },
}

/// Rows that the buffer holds. It grows downwards, and on reaching its floor the live part moves to the top. A multiple
/// of the largest window (N + 1 = 257), so that this happens rarely.
const BUFFER_ROWS: usize = 1024;

/// The golden sequencer. About 64 KiB, nothing allocated; box it where that matters.
///
/// The history lies in one contiguous piece, newest first, so a prefix is one header and one copy.
#[derive(Clone)]
pub struct Sequencer {
    profile: Profile,
    ipv6: bool,
    limits: Limits,
    config: Config,
    geometry: Geometry,
    epoch: u8,
    next_seq: Seq,
    /// The core of the next packet, before reduction to the k then in force.
    next_core: u8,
    /// Packets sequenced in this epoch, saturating at N + 1.
    filled: usize,
    /// Byte offset of the newest row in `rows`.
    newest: usize,
    rows: [u8; BUFFER_ROWS * MAX_ROW_BYTES],
}

impl Sequencer {
    /// A sequencer in epoch 0 with a history of N = `history` rows (16..=256) besides the packet's own.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if N, k or B is out of range or they do not fit each other.
    pub fn new(profile: &Profile, history: usize, config: Config) -> Result<Self, ConfigError> {
        let limits = Limits::new(profile, history, MAX_CORES)?;
        let geometry = limits.check(&config)?;
        let rows = [0; BUFFER_ROWS * MAX_ROW_BYTES];
        Ok(Self {
            profile: *profile,
            ipv6: profile.has_ipv6(),
            limits,
            config,
            geometry,
            epoch: 0,
            next_seq: Seq::ZERO,
            next_core: 0,
            filled: 0,
            newest: BUFFER_ROWS * profile.row_bytes(),
            rows,
        })
    }

    /// The row profile.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The history depth N.
    pub fn history(&self) -> usize {
        self.limits.history()
    }

    /// The configuration in force.
    pub fn config(&self) -> Config {
        self.config
    }

    /// Placement of the rows under the configuration in force.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The current epoch, 0..64.
    pub fn epoch(&self) -> u8 {
        self.epoch
    }

    /// The sequence number of the next sequenced packet.
    pub fn next_seq(&self) -> Seq {
        self.next_seq
    }

    /// Continues the numbering at `seq`, as if an epoch had run to that point; the history is kept.
    pub fn set_next_seq(&mut self, seq: Seq) {
        self.next_seq = seq;
    }

    /// Applies a new configuration from the next frame on. A change of k or B keeps `seq` and the history; a change
    /// from disabled to enabled starts a new epoch.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]; the configuration in force is then unchanged.
    pub fn configure(&mut self, config: Config) -> Result<(), ConfigError> {
        self.geometry = self.limits.check(&config)?;
        let starts = config.enable && !self.config.enable;
        self.config = config;
        if starts {
            self.new_epoch();
        }
        Ok(())
    }

    /// A reset: a new epoch under the same configuration.
    pub fn reset(&mut self) {
        self.new_epoch();
    }

    fn new_epoch(&mut self) {
        self.epoch = (self.epoch + 1) % (1 << EPOCH_BITS);
        self.next_seq = Seq::ZERO;
        self.next_core = 0;
        self.filled = 0;
        self.newest = BUFFER_ROWS * self.profile.row_bytes();
    }

    /// Sequences one frame and, if it gets a prefix, writes the prefix to the start of `prefix`.
    ///
    /// # Panics
    ///
    /// If `prefix` is shorter than the prefix to be written; [`crate::MAX_PREFIX_BYTES`] are always enough.
    #[inline]
    pub fn sequence(&mut self, frame: &[u8], time: Timestamp, prefix: &mut [u8]) -> Disposition {
        if !self.config.enable {
            return Disposition::PassedBy;
        }
        let parsed = parse::parse(frame, self.ipv6);
        if !self.config.sequences(&parsed) {
            return Disposition::PassedBy;
        }
        self.push(&parsed, time);

        let geometry = self.geometry;
        let row_bytes = geometry.row_bytes();
        let valid_rows = self
            .filled
            .min(geometry.max_valid_rows(self.limits.history()));
        let core = self.next_core % self.config.cores;
        let seq = self.next_seq;
        let header = Header {
            profile: self.profile.id(),
            prefix_words: geometry.prefix_words(),
            cores: self.config.cores,
            core,
            epoch: self.epoch,
            seq,
            valid_rows: valid_rows as u8,
            row_log2: self.profile.row_log2(),
        }
        .emit();
        let prefix = &mut prefix[..geometry.prefix_bytes()];
        let (head, rest) = prefix.split_at_mut(geometry.first_row());
        let (live, padding) = rest.split_at_mut(valid_rows * row_bytes);
        head[..header.len()].copy_from_slice(&header);
        head[header.len()..].fill(0);
        live.copy_from_slice(&self.rows[self.newest..][..valid_rows * row_bytes]);
        padding.fill(0);

        self.next_seq = seq.plus(1);
        self.next_core = core + 1;
        Disposition::Sequenced {
            seq,
            core,
            prefix_bytes: geometry.prefix_bytes(),
        }
    }

    /// Puts the packet's row in front of the history.
    #[inline]
    fn push(&mut self, parsed: &Parsed, time: Timestamp) {
        let row_bytes = self.profile.row_bytes();
        if self.newest == 0 {
            let live = self.filled * row_bytes;
            self.newest = BUFFER_ROWS * row_bytes - live;
            self.rows.copy_within(..live, self.newest);
        }
        self.newest -= row_bytes;
        let row = &mut self.rows[self.newest..][..row_bytes];
        self.profile.encode(parsed, time, row);
        self.filled = (self.filled + 1).min(self.limits.history() + 1);
    }
}
