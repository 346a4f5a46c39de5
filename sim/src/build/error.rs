//! Why there is no model, in words that say what to do.

use std::io;
use std::path::PathBuf;

use crate::verilator::LoadError;

/// Why a model could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A program is not installed.
    #[error(
        "{what} was not found (tried: {tried})\nInstall it, for example with `apt-get install verilator g++`, or name it in ${variable}."
    )]
    Missing {
        /// What is missing.
        what: &'static str,
        /// The names tried.
        tried: String,
        /// The environment variable that can name it.
        variable: &'static str,
    },
    /// A program is there, but does not work.
    #[error(
        "{what} does not work: `{command}` said:\n{words}\nReinstall it, for example with `apt-get install --reinstall verilator g++`."
    )]
    Unusable {
        /// What does not work.
        what: &'static str,
        /// The command line.
        command: String,
        /// What it said.
        words: String,
    },
    /// A program did not start.
    #[error("`{command}` did not start: {source}\nCheck that it is an executable program.")]
    Start {
        /// The command line.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// Verilator refused the Verilog.
    #[error(
        "Verilator refused the Verilog:\n{words}\nThe command was `{command}`.\nIf the Verilog is the generator's own, this is a defect of the generator; please report it with these lines."
    )]
    Verilator {
        /// The command line.
        command: String,
        /// What it said.
        words: String,
    },
    /// The C++ compiler failed.
    #[error(
        "the C++ compiler failed:\n{words}\nThe command was `{command}`.\nCheck that the compiler knows C++17. FST waveforms need the headers of zlib and, under a recent Verilator, of lz4 (`apt-get install g++ zlib1g-dev liblz4-dev`); VCD waveforms need neither."
    )]
    Compiler {
        /// The command line.
        command: String,
        /// What it said.
        words: String,
    },
    /// The top module has no one-bit input `clk`.
    #[error(
        "module {top} has no one-bit port `clk`\nThe clock of a simulated block must be called so."
    )]
    NoClock {
        /// The top module.
        top: String,
    },
    /// Verilator's run-time library is incomplete.
    #[error("Verilator's run-time library is incomplete: {}: {source}\nReinstall Verilator.", path.display())]
    Runtime {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// The cache directory cannot be used.
    #[error(
        "cannot {doing} {} in the model cache: {source}\nName a writable directory in $SCR_CACHE_DIR.", path.display()
    )]
    Cache {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file of the build in progress cannot be written or read.
    #[error("cannot write or read {} while building a model: {source}\nCheck the free space.", path.display())]
    Work {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The finished model cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl BuildError {
    pub(super) fn scratch(source: io::Error) -> Self {
        Self::Work {
            path: std::env::temp_dir(),
            source,
        }
    }
}
