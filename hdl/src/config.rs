//! Build parameters of a sequencer.

use scr_wire::{ConfigError, Limits, Profile};

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

    /// Which k and B the sequencer can be configured for.
    ///
    /// # Panics
    ///
    /// If N or the number of cores is out of range: [`check`](Self::check) says so.
    pub fn limits(&self) -> Limits {
        let limits = Limits::new(&self.profile, self.history, self.max_cores);
        limits.expect("the parameters have been checked")
    }

    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the parameter that is out of range.
    pub fn check(&self) -> Result<(), BuildError> {
        Limits::new(&self.profile, self.history, self.max_cores)?;
        if !Self::WIDTHS.contains(&self.width) {
            return Err(BuildError::Width(self.width));
        }
        Ok(())
    }
}

/// Most characters of the top module's name: with what is put behind it, it must do as a file's name.
pub const MAX_TOP: usize = 200;

/// Why a name cannot be the top module's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopProblem {
    /// The name is no identifier.
    #[error(
        "a name has letters, digits and underscores, no digit first, and at most {MAX_TOP} of them"
    )]
    NoIdentifier,
    /// The name is a keyword of the language.
    #[error("that is a keyword of SystemVerilog (IEEE 1800-2017, Annex B)")]
    Keyword,
    /// Tools have a use for it: `std` is the package that SystemVerilog has built in, `TOP` is what Verilator calls its own.
    #[error("SystemVerilog or a tool has that name for something of its own")]
    Reserved,
    /// A port, signal or instance in the module has it.
    #[error("a port, signal or instance inside the module has that name")]
    Inside,
}

/// Why a sequencer cannot be generated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// N or the number of cores is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// W is none of those that can be generated.
    #[error("a data width of {width} bits: it must be one of {known:?}", width = .0, known = CoreConfig::WIDTHS)]
    Width(usize),
    /// The name of the top module cannot be one.
    #[error("the top module cannot be called {name:?}: {problem}")]
    Top {
        /// The name.
        name: String,
        /// Why not.
        problem: TopProblem,
    },
    /// A shell's block for so many interfaces cannot be made.
    #[error("{0} interfaces: there must be 1 to {max}", max = crate::shell::corundum::MAX_INTERFACES)]
    Interfaces(usize),
    /// There is no thread to be had, on which the design would be made.
    #[error("no thread can be started: {0}")]
    Thread(std::io::ErrorKind),
    /// The design could not be written.
    #[error(transparent)]
    Emit(#[from] EmitError),
}
