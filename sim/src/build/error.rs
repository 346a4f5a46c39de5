//! Errors of building a model, with their remedies.

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
        /// The missing program.
        what: &'static str,
        /// The names tried.
        tried: String,
        /// The environment variable that can name it.
        variable: &'static str,
    },
    /// A variable names a program that is not there.
    #[error(
        "{what} was not found: ${variable} names {name}\nName a program that is there, as a path or as a command line, or unset ${variable}."
    )]
    Named {
        /// The missing program.
        what: &'static str,
        /// The first word of the variable.
        name: String,
        /// The environment variable.
        variable: &'static str,
    },
    /// A variable is not a command line.
    #[error(
        "${variable} is no command line: a quotation mark has no partner in: {line}\nQuote as for a shell, or unset ${variable}."
    )]
    Quotes {
        /// Value of the variable.
        line: String,
        /// The environment variable.
        variable: &'static str,
    },
    /// A program exists, but does not work.
    #[error(
        "{what} does not work: `{command}` said:\n{words}\nReinstall it, for example with `apt-get install --reinstall verilator g++`."
    )]
    Unusable {
        /// The program that does not work.
        what: &'static str,
        /// The command line.
        command: String,
        /// The program's output.
        words: String,
    },
    /// A program did not start.
    #[error("`{command}` did not start: {source}\n{}", remedy_of_start(source))]
    Start {
        /// The command line.
        command: String,
        /// The system's error.
        source: io::Error,
    },
    /// No thread could be started for compiling.
    #[error("a thread could not be started: {0}\n{MORE_THREADS}")]
    Thread(io::Error),
    /// Verilator rejected the Verilog.
    #[error(
        "Verilator refused the Verilog:\n{words}\nThe command was `{command}`.\nIf the Verilog is the generator's own, this is a defect of the generator; please report it with these lines."
    )]
    Verilator {
        /// The command line.
        command: String,
        /// Verilator's output.
        words: String,
    },
    /// The C++ compiler failed.
    #[error(
        "the C++ compiler failed:\n{words}\nThe command was `{command}`.\nCheck that the compiler knows C++17. FST waveforms need the headers of zlib and, under a recent Verilator, of lz4 (`apt-get install g++ zlib1g-dev liblz4-dev`); VCD waveforms need neither."
    )]
    Compiler {
        /// The command line.
        command: String,
        /// The compiler's output.
        words: String,
    },
    /// The top module has no one-bit input `clk`.
    #[error(
        "module {top} has no one-bit port `clk`\nThe clock of a simulated block must be called so."
    )]
    NoClock {
        /// Name of the top module.
        top: String,
    },
    /// Verilator's run-time library is incomplete.
    #[error("Verilator's run-time library is incomplete: {}: {source}\nReinstall Verilator.", path.display())]
    Runtime {
        /// The file.
        path: PathBuf,
        /// The read error.
        source: io::Error,
    },
    /// The cache directory cannot be used.
    #[error(
        "cannot {doing} {} in the model cache: {source}\nName a writable directory in $SCR_CACHE_DIR.", path.display()
    )]
    Cache {
        /// The attempted operation.
        doing: &'static str,
        /// The file concerned.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// There is no place for models.
    #[error("there is no home directory to keep models in\nName a directory in $SCR_CACHE_DIR.")]
    Homeless,
    /// Somebody else could put code where models are loaded from.
    #[error("models are not loaded from {}: {why}\n{remedy}", dir.display())]
    Untrusted {
        /// The cache directory.
        dir: PathBuf,
        /// The problem with the directory.
        why: String,
        /// The remedy.
        remedy: String,
    },
    /// A file of the build in progress cannot be written or read.
    #[error("cannot write or read {} while building a model: {source}\nCheck the free space.", path.display())]
    Work {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The finished model cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// Remedy if no process or thread can be started.
const MORE_THREADS: &str = "Raise the limits on processes (`ulimit -u`, or pids.max of the control group) and on memory (`ulimit -v`), or end other programs.";

fn remedy_of_start(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::WouldBlock => MORE_THREADS,
        io::ErrorKind::OutOfMemory => "Give it more memory (`ulimit -v`), or end other programs.",
        _ => "Check that it is an executable program.",
    }
}

impl BuildError {
    /// Whether another cache directory would help: this one cannot be written, or its volume is full.
    pub(super) fn is_for_want_of_room(&self) -> bool {
        let full = |kind| {
            matches!(
                kind,
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            )
        };
        let says = |words: &str| {
            ["No space left on device", "Disk quota exceeded"]
                .iter()
                .any(|full| words.contains(full))
        };
        match self {
            Self::Homeless | Self::Cache { .. } => true,
            Self::Work { source, .. } => full(source.kind()),
            Self::Verilator { words, .. } | Self::Compiler { words, .. } => says(words),
            _ => false,
        }
    }

    pub(super) fn scratch(source: io::Error) -> Self {
        Self::Work {
            path: std::env::temp_dir(),
            source,
        }
    }
}
