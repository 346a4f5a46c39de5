//! Build parameters of a sequencer.

use scr_wire::{MAX_CORES, MAX_HISTORY, MIN_HISTORY, Profile};

use crate::verilog::EmitError;

/// What a sequencer is generated from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreConfig {
    /// Row profile.
    pub profile: Profile,
    /// History depth N, 16..=256 rows besides the packet's own.
    pub history: usize,
    /// Data width W in bits: 128, 256, 512 or 1024.
    pub width: usize,
    /// Most cores, 1..=128.
    pub max_cores: u8,
}

impl CoreConfig {
    /// Data widths that can be generated, in bits.
    pub const WIDTHS: &[usize] = &[128, 256, 512, 1024];
    /// Default history depth.
    pub const HISTORY: usize = 64;
    /// Default data width in bits.
    pub const WIDTH: usize = 512;
    /// Default number of cores.
    pub const MAX_CORES: u8 = 16;

    /// The default sequencer for rows of `profile`.
    pub fn new(profile: &Profile) -> Self {
        Self {
            profile: *profile,
            history: Self::HISTORY,
            width: Self::WIDTH,
            max_cores: Self::MAX_CORES,
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the parameter that is out of range.
    pub fn check(&self) -> Result<(), BuildError> {
        if !(MIN_HISTORY..=MAX_HISTORY).contains(&self.history) {
            return Err(BuildError::History(self.history));
        }
        if !Self::WIDTHS.contains(&self.width) {
            return Err(BuildError::Width(self.width));
        }
        if self.max_cores == 0 || self.max_cores > MAX_CORES {
            return Err(BuildError::MaxCores(self.max_cores));
        }
        Ok(())
    }
}

/// Why a sequencer cannot be generated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// N is out of range.
    #[error("a history of {0} rows: it must have {MIN_HISTORY} to {MAX_HISTORY}")]
    History(usize),
    /// W is none of those that can be generated.
    #[error("a data width of {width} bits: it must be one of {known:?}", width = .0, known = CoreConfig::WIDTHS)]
    Width(usize),
    /// The number of cores is out of range.
    #[error("{0} cores: there must be 1 to {MAX_CORES}")]
    MaxCores(u8),
    /// The name of the top module is none.
    #[error(
        "{0:?} is no name for a module: letters, digits and underscores, not a digit first, and no keyword"
    )]
    Top(String),
    /// The design could not be written.
    #[error(transparent)]
    Emit(#[from] EmitError),
}
