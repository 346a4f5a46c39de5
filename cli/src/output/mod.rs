//! Standard output, and output files. Files are checked for writability before the work starts and moved to their
//! places when it is done.
//!
//! | module | content |
//! |---|---|
//! | [`staged`] | a file written beside its target |

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

/// The name for standard input or output.
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

/// Prints a result as one JSON object on its own line.
pub fn print_json(object: &impl Serialize) -> Result {
    let mut out = stdout();
    serde_json::to_writer(&mut out, object)
        .map_err(io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(Error::stdout)
}

/// The files that a command reads and writes, so that none is written over another: neither under another name (a link
/// of either kind) nor as standard input or output.
///
/// Regular files are written beside their targets. [`put_in_place`](Self::put_in_place) moves them there once all are
/// complete; a command that fails before that leaves the old files. Devices, FIFOs and descriptors are written
/// directly.
pub struct Files {
    taken: Vec<Taken>,
    staged: Vec<(Staged, String)>,
}

/// A file that is read or written.
struct Taken {
    /// Handle of the file, if it exists.
    handle: Option<Handle>,
    /// Path of the file once written.
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

/// An output file that has been opened.
pub struct Opened {
    /// The file.
    pub file: File,
    /// The file's name for the user.
    pub name: String,
}

impl Files {
    /// The files of a command that reads `path`.
    pub fn reading(path: &Path) -> Self {
        let mut files = Self::default();
        if path == Path::new(STANDARD) {
            files.remember_handle("standard input", Handle::stdin());
        } else {
            files.remember("the input", path);
        }
        files
    }

    /// Adds `path`, read as `role`.
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
    /// If it cannot be written, or is a file that the command already reads or writes.
    pub fn capture(&mut self, option: &str, path: &Path) -> Result<CaptureWriter<'static>> {
        self.capture_with(option, path, WriteOptions::default())
    }

    /// As [`capture`](Self::capture), in a given format.
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

    /// Reserves a path for option `option`, to be written by another program, which may put another file beside it,
    /// named with `companion` appended. The path to be written ends as `path` does.
    ///
    /// # Errors
    ///
    /// As [`capture`](Self::capture); also if `path` is not a regular file.
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

    /// Moves all files to their places. They must be complete.
    ///
    /// # Errors
    ///
    /// If one cannot be moved.
    pub fn put_in_place(self) -> Result {
        for (staged, name) in self.staged {
            staged
                .put_in_place()
                .map_err(|error| Error::write(name, error))?;
        }
        Ok(())
    }

    /// The target of `path`, unless it is a stream. Fails if the file is in use already.
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

    /// Remembers a standard stream, if it is a file.
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

/// The regular file at `path`. Nothing else is opened, because opening a FIFO blocks.
fn regular(path: &Path) -> Option<Handle> {
    let is_regular = path.metadata().is_ok_and(|m| m.is_file());
    is_regular.then(|| Handle::from_path(path).ok()).flatten()
}

/// Rejects a terminal as the destination of binary output.
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

/// Whether `path` means standard output.
pub fn is_stdout(path: &Path) -> bool {
    let names = [STANDARD, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    names.iter().any(|name| path == Path::new(name))
}

/// Rejects standard output for a file if the command prints its result there.
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
    /// Writes buffered data.
    pub fn finish(mut self) -> Result {
        self.flush().map_err(unwrap)
    }

    /// The error with the file's name, in a form that [`unwrap`] can take apart.
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

/// The failure of a [`TextFile`], from the error returned by its [`Write`].
pub fn unwrap(error: io::Error) -> Error {
    match error.downcast::<CaptureError>() {
        Ok(named) => named.into(),
        Err(other) => Error::write("an output file", other),
    }
}
