//! Runs the binary.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What a run of the binary left.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `scr` with these arguments. It must not panic, whatever they are.
pub fn scr<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_scr"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran::new(output)
}

/// Runs `scr` with these arguments and a file as its standard input.
pub fn scr_reading<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>, input: &Path) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_scr"))
        .args(arguments)
        .stdin(File::open(input).unwrap())
        .output()
        .unwrap();
    Ran::new(output)
}

/// A run of `scr` with these arguments, to be set up further.
pub fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scr"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command that is, or ends in, `scr`. It must not panic.
pub fn run(command: &mut Command) -> Ran {
    Ran::new(
        command
            .output()
            .unwrap_or_else(|e| panic!("{command:?}: {e}")),
    )
}

impl Ran {
    fn new(output: Output) -> Self {
        let ran = Self {
            status: output.status.code().expect("ended by itself"),
            stdout: String::from_utf8(output.stdout).expect("text on standard output"),
            stderr: String::from_utf8(output.stderr).expect("text on standard error"),
        };
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        ran
    }

    /// The run must have succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 0, "{self:?}");
        self
    }

    /// The run must have ended with this status, and its message must contain all of these.
    #[track_caller]
    pub fn fails(self, status: i32, contains: &[&str]) {
        assert_eq!(self.status, status, "{self:?}");
        for part in contains {
            assert!(self.stderr.contains(part), "no {part:?} in {}", self.stderr);
        }
    }

    /// The JSON object on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.stdout))
    }
}

/// The folder of committed captures.
pub fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data")
}

/// A committed capture.
pub fn data_file(name: &str) -> PathBuf {
    data().join(name)
}

/// The arguments, which may be texts and paths.
#[macro_export]
macro_rules! args {
    ($($argument:expr),* $(,)?) => {
        [$(std::ffi::OsString::from($argument)),*]
    };
}
