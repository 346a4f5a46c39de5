//! Programs named by the user: in a variable, as a command line, or by a name that is looked up in `PATH`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{self, Path, PathBuf};
use std::process::Command;

/// The folders of `PATH`, each made absolute once: programs are run in other folders than the one they were found from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SearchPath {
    folders: Vec<PathBuf>,
}

impl SearchPath {
    /// The path of this process.
    pub(super) fn of_environment() -> Self {
        Self::new(&env::var_os("PATH").unwrap_or_default())
    }

    pub(super) fn new(path: &OsStr) -> Self {
        // An empty entry is the current folder.
        let entry = |folder: PathBuf| match folder.as_os_str().is_empty() {
            true => absolute(Path::new(".")),
            false => absolute(&folder),
        };
        Self {
            folders: env::split_paths(path).map(entry).collect(),
        }
    }

    /// The path of a program: a name with a folder refers to that folder, else the first executable of that name is
    /// taken.
    pub(super) fn find(&self, name: &Path) -> Option<PathBuf> {
        if name.components().count() > 1 {
            // A program that cannot be run reports this itself when it is started.
            return name.exists().then(|| absolute(name));
        }
        if name.as_os_str().is_empty() {
            return None;
        }
        let mut places = self.folders.iter().map(|folder| folder.join(name));
        places.find(|place| is_program(place))
    }

    /// The folders as a value of `PATH`.
    pub(super) fn value(&self) -> OsString {
        // The folders come from such a value, so none contains a separator.
        env::join_paths(&self.folders).unwrap_or_default()
    }
}

/// The path of the program `name`: a name with a folder refers to that folder, else the folders of `PATH` are searched.
/// The path is absolute.
#[must_use]
pub fn find_program(name: &Path) -> Option<PathBuf> {
    SearchPath::of_environment()
        .find(name)
        .filter(|p| is_program(p))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

fn absolute(path: &Path) -> PathBuf {
    path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A program with its first arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// Absolute path as found: links are not followed, because some programs behave according to their name.
    pub(super) path: PathBuf,
    pub(super) arguments: Vec<OsString>,
    search: SearchPath,
}

/// Why a text does not name a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoProgram {
    /// There is no program of this name.
    Absent(OsString),
    /// A quotation mark is unbalanced.
    Unbalanced,
}

impl Program {
    /// The program at `path`, or of that name in `PATH`.
    pub(super) fn named(path: &Path, search: &SearchPath) -> Option<Self> {
        Some(Self {
            path: search.find(path)?,
            arguments: Vec::new(),
            search: search.clone(),
        })
    }

    /// The program of a command line: a name with spaces if there is such a file, else words as a shell takes them.
    pub(super) fn of_line(line: &OsStr, search: &SearchPath) -> Result<Self, NoProgram> {
        if let Some(whole) = Self::named(Path::new(line), search) {
            return Ok(whole);
        }
        let mut words = words(line).ok_or(NoProgram::Unbalanced)?.into_iter();
        let name = words.next().unwrap_or_default();
        let Some(mut program) = Self::named(Path::new(&name), search) else {
            return Err(NoProgram::Absent(name));
        };
        program.arguments = words.collect();
        Ok(program)
    }

    /// A command for the program, with `PATH` absolute, for programs that it starts in turn, and its messages in
    /// English.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .env("PATH", self.search.value())
            .env("LC_ALL", "C");
        command
    }
}

fn words(line: &OsStr) -> Option<Vec<OsString>> {
    let words = shlex::bytes::split(line.as_bytes())?;
    Some(words.into_iter().map(OsString::from_vec).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn command_lines_are_words_of_a_shell() {
        let dir = tempfile::tempdir().unwrap();
        let (ccache, spaced) = (
            dir.path().join("ccache"),
            dir.path().join("my tools/g++ 13"),
        );
        program(&ccache);
        program(&spaced);
        let search = SearchPath::new(dir.path().as_os_str());
        let parse = |line: &str| Program::of_line(OsStr::new(line), &search);
        let parsed = |line: &str| {
            let program = parse(line).unwrap();
            (program.path, program.arguments)
        };
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(parsed("ccache"), (ccache.clone(), words(&[])));
        assert_eq!(
            parsed(" ccache  g++ '-DX=a b'"),
            (ccache, words(&["g++", "-DX=a b"]))
        );
        // A file of the whole name takes precedence; else it must be quoted.
        let line = spaced.display().to_string();
        assert_eq!(parsed(&line), (spaced.clone(), words(&[])));
        assert_eq!(
            parsed(&format!("\"{line}\" -m64")),
            (spaced, words(&["-m64"]))
        );
        assert_eq!(
            parse(&format!("{line} -m64")),
            Err(NoProgram::Absent(dir.path().join("my").into()))
        );
        assert_eq!(parse("ccache 'g++"), Err(NoProgram::Unbalanced));
        assert_eq!(parse("absent -x"), Err(NoProgram::Absent("absent".into())));
        assert_eq!(parse("''"), Err(NoProgram::Absent(OsString::new())));
    }

    #[test]
    fn relative_names_are_made_absolute_once() {
        let search = SearchPath::new(OsStr::new("relative::/absolute"));
        let here = env::current_dir().unwrap();
        assert_eq!(
            search.folders,
            [here.join("relative"), here.clone(), "/absolute".into()]
        );
        // Tests run in the folder of their package.
        let here = SearchPath::new(OsStr::new(""));
        assert_eq!(here.find(Path::new("Cargo.toml")), None, "no program");
        let found = here.find(Path::new("./Cargo.toml"));
        assert_eq!(found, Some(env::current_dir().unwrap().join("Cargo.toml")));
        assert_eq!(here.find(Path::new("./absent")), None);
        assert_eq!(here.find(Path::new("")), None);
    }

    #[test]
    fn what_is_no_program_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["a", "b", "c"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        fs::write(dir.path().join("a/tool"), "not to be run").unwrap();
        fs::create_dir(dir.path().join("b/tool")).unwrap();
        program(&dir.path().join("c/tool"));
        let path = env::join_paths(["a", "b", "c"].map(|f| dir.path().join(f))).unwrap();
        let search = SearchPath::new(&path);
        assert_eq!(
            search.find(Path::new("tool")),
            Some(dir.path().join("c/tool"))
        );
    }
}
