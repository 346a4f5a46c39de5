//! Standard output, and output files that are known to be writable before the work starts, and that are put in their places
//! when it is done.
//!
//! | module | one idea |
//! |---|---|
//! | [`staged`] | a file that is written beside its place |

pub mod staged;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use same_file::Handle;
use scr_capture::{CaptureError, CaptureWriter, WriteOptions};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::interrupt;
use staged::{Place, Staged};

/// Name that stands for standard input or output.
const STANDARD: &str = "-";

/// Buffered standard output.
pub fn stdout() -> BufWriter<io::StdoutLock<'static>> {
    BufWriter::with_capacity(64 << 10, io::stdout().lock())
}

/// Prints a result.
pub fn print(text: &str) -> Result {
    let mut out = stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(Error::stdout)
}

/// Prints a result as one JSON object on a line of its own.
pub fn print_json(object: &impl Serialize) -> Result {
    let mut out = stdout();
    serde_json::to_writer(&mut out, object)
        .map_err(io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(Error::stdout)
}

/// Files that a command is going to read or to write, so that none is written over another: not under another
/// name (a link of either kind) nor where it is standard input or output.
///
/// Regular files are written beside their places. [`put_in_place`](Self::put_in_place) puts them there when all are whole; a
/// command that fails before that leaves what was there before. Devices, FIFOs and descriptors are written as they are.
pub struct Files {
    taken: Vec<Taken>,
    staged: Vec<(Staged, String)>,
}

/// A file that is read or written.
struct Taken {
    /// It, if it exists.
    handle: Option<Handle>,
    /// Where it will be.
    target: Option<PathBuf>,
    role: String,
}

impl Default for Files {
    fn default() -> Self {
        let mut files = Self {
            taken: Vec::new(),
            staged: Vec::new(),
        };
        files.remember_handle("standard output", Handle::stdout());
        files
    }
}

/// An output file that was opened.
pub struct Opened {
    /// The file.
    pub file: File,
    /// Its name for the user.
    pub name: String,
}

impl Files {
    /// A command that reads `path`.
    pub fn reading(path: &Path) -> Self {
        let mut files = Self::default();
        if path == Path::new(STANDARD) {
            files.remember_handle("standard input", Handle::stdin());
        } else {
            files.remember("the input", path);
        }
        files
    }

    /// A command that also reads `path`, as `role`.
    pub fn also_reading(mut self, role: &str, path: Option<&Path>) -> Self {
        if let Some(path) = path {
            self.remember(role, path);
        }
        self
    }

    /// Creates a capture for option `option`; `-` is standard output.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or is a file that the command reads or writes already.
    pub fn capture(&mut self, option: &str, path: &Path) -> Result<CaptureWriter<'static>> {
        self.capture_with(option, path, WriteOptions::default())
    }

    /// As [`capture`](Self::capture), in a format of choice.
    ///
    /// # Errors
    ///
    /// As [`capture`](Self::capture).
    pub fn capture_with(
        &mut self,
        option: &str,
        path: &Path,
        options: WriteOptions,
    ) -> Result<CaptureWriter<'static>> {
        not_terminal(option, path)?;
        if path == Path::new(STANDARD) {
            interrupt::watch()?;
            return Ok(CaptureWriter::create_with(path, options)?);
        }
        let Opened { file, name } = self.open(option, path)?;
        Ok(CaptureWriter::from_file(file, name, options))
    }

    /// Creates a text file for option `option`.
    ///
    /// # Errors
    ///
    /// As [`capture`](Self::capture).
    pub fn text(&mut self, option: &str, path: &Path) -> Result<TextFile> {
        let Opened { file, name } = self.open(option, path)?;
        Ok(TextFile {
            writer: BufWriter::with_capacity(256 << 10, file),
            name,
        })
    }

    /// Creates a file for option `option`.
    ///
    /// # Errors
    ///
    /// As [`capture`](Self::capture).
    pub fn open(&mut self, option: &str, path: &Path) -> Result<Opened> {
        let name = path.display().to_string();
        let unwritable = |error| Error::write(name.clone(), error);
        let file = match self.claim(option, path)? {
            Some(target) => {
                let (file, staged) = Staged::create(target, ".part").map_err(unwritable)?;
                self.staged.push((staged, name.clone()));
                file
            }
            None => File::create(path).map_err(unwritable)?,
        };
        Ok(Opened { file, name })
    }

    /// Creates a file for option `option` that somebody else is going to write, by its name, with another file beside it
    /// that has `companion` behind its name. The path to be written ends as `path` does.
    ///
    /// # Errors
    ///
    /// As [`capture`](Self::capture); also when `path` is no regular file.
    pub fn path(&mut self, option: &str, path: &Path, companion: &str) -> Result<PathBuf> {
        let name = path.display().to_string();
        let Some(target) = self.claim(option, path)? else {
            return Err(Error::bad(
                format!("{option} {name}: is not a regular file"),
                format!("give {option} the name of a file on a disk"),
            ));
        };
        let suffix = path
            .extension()
            .map_or_else(String::new, |end| format!(".{}", end.to_string_lossy()));
        let (_, staged) =
            Staged::create(target, &suffix).map_err(|error| Error::write(name.clone(), error))?;
        let path = staged.path().to_owned();
        let mut beside = path.clone().into_os_string();
        beside.push(companion);
        self.staged
            .push((staged.with_companion(beside.into()), name));
        Ok(path)
    }

    /// Puts all files in their places. They must have been written to their ends.
    ///
    /// # Errors
    ///
    /// When one cannot be put there.
    pub fn put_in_place(self) -> Result {
        for (staged, name) in self.staged {
            staged
                .put_in_place()
                .map_err(|error| Error::write(name, error))?;
        }
        Ok(())
    }

    /// Where the file of `path` is to be, if it is not a stream. Fails when it is taken.
    fn claim(&mut self, option: &str, path: &Path) -> Result<Option<PathBuf>> {
        interrupt::watch()?;
        let place =
            Place::of(path).map_err(|error| Error::write(path.display().to_string(), error))?;
        let handle = regular(path);
        let target = match place {
            Place::File(target) => Some(target),
            Place::Stream => None,
        };
        let same = |taken: &&Taken| {
            (handle.is_some() && taken.handle == handle)
                || (target.is_some() && taken.target == target)
        };
        // Several outputs may go to /dev/null.
        if let Some(taken) = self.taken.iter().find(same) {
            return Err(Error::bad(
                format!("{option} {}: is also {}", path.display(), taken.role),
                "give every file a name of its own",
            ));
        }
        self.taken.push(Taken {
            handle,
            target: target.clone(),
            role: option.to_owned(),
        });
        Ok(target)
    }

    /// A standard stream, if it is a file.
    fn remember_handle(&mut self, role: &str, handle: io::Result<Handle>) {
        let file = handle.ok().filter(|handle| {
            let metadata = handle.as_file().metadata();
            metadata.is_ok_and(|m| m.is_file())
        });
        self.taken.extend(file.map(|handle| Taken {
            handle: Some(handle),
            target: None,
            role: role.to_owned(),
        }));
    }

    fn remember(&mut self, role: &str, path: &Path) {
        self.taken.push(Taken {
            handle: regular(path),
            target: None,
            role: role.to_owned(),
        });
    }
}

/// The regular file at `path`. Nothing else is opened, for opening a FIFO waits.
fn regular(path: &Path) -> Option<Handle> {
    let is_regular = path.metadata().is_ok_and(|m| m.is_file());
    is_regular.then(|| Handle::from_path(path).ok()).flatten()
}

/// Refuses to write bytes that are no text to a terminal.
pub fn not_terminal(option: &str, path: &Path) -> Result {
    let is_terminal = match is_stdout(path) {
        true => io::stdout().is_terminal(),
        false => is_device(path) && File::open(path).is_ok_and(|file| file.is_terminal()),
    };
    if !is_terminal {
        return Ok(());
    }
    Err(Error::bad(
        format!(
            "{option} {}: a terminal cannot show a capture",
            path.display()
        ),
        format!(
            "give {option} the name of a file, or send standard output to a file or another program"
        ),
    ))
}

fn is_device(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.metadata()
        .is_ok_and(|m| m.file_type().is_char_device())
}

/// Whether the path means standard output.
pub fn is_stdout(path: &Path) -> bool {
    let names = [STANDARD, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    names.iter().any(|name| path == Path::new(name))
}

/// Refuses standard output for a file of a command that prints its result there.
pub fn not_stdout(option: &str, path: Option<&Path>) -> Result {
    match path.filter(|path| is_stdout(path)) {
        Some(path) => Err(Error::bad(
            format!(
                "{option} {}: standard output carries the command's result",
                path.display()
            ),
            format!("give {option} the name of a file"),
        )),
        None => Ok(()),
    }
}

/// A text file being written.
pub struct TextFile {
    writer: BufWriter<File>,
    name: String,
}

impl TextFile {
    /// Writes what is buffered.
    pub fn finish(mut self) -> Result {
        self.flush().map_err(unwrap)
    }

    /// The error with the file's name, in a form that [`unwrap`] takes apart again.
    fn named(&self, source: io::Error) -> io::Error {
        let (kind, file) = (source.kind(), self.name.clone());
        io::Error::new(kind, CaptureError::Unwritable { file, source })
    }
}

impl Write for TextFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes).map_err(|e| self.named(e))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(|e| self.named(e))
    }
}

/// What went wrong with a [`TextFile`], from the error that its [`Write`] gave.
pub fn unwrap(error: io::Error) -> Error {
    match error.downcast::<CaptureError>() {
        Ok(named) => named.into(),
        Err(other) => Error::write("an output file", other),
    }
}
