//! Standard output, and output files that are known to be writable before the work starts.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use same_file::Handle;
use scr_capture::{CaptureError, CaptureWriter, WriteOptions};
use serde::Serialize;

use crate::error::{Error, Result};

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
pub struct Files {
    taken: Vec<(Handle, String)>,
}

impl Default for Files {
    fn default() -> Self {
        let mut files = Self { taken: Vec::new() };
        files.remember_handle("standard output", Handle::stdout());
        files
    }
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

    /// Creates a capture for option `option`.
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
        self.open(option, path, || {
            Ok(CaptureWriter::create_with(path, options)?)
        })
    }

    /// Creates a text file for option `option`.
    ///
    /// # Errors
    ///
    /// As [`capture`](Self::capture).
    pub fn text(&mut self, option: &str, path: &Path) -> Result<TextFile> {
        self.open(option, path, || {
            let name = path.display().to_string();
            match File::create(path) {
                Ok(file) => Ok(TextFile {
                    writer: BufWriter::with_capacity(256 << 10, file),
                    name,
                }),
                Err(error) => Err(Error::write(name, error)),
            }
        })
    }

    /// Creates a file of any kind for option `option`, by `create`.
    ///
    /// # Errors
    ///
    /// As [`capture`](Self::capture).
    pub fn open<F>(
        &mut self,
        option: &str,
        path: &Path,
        create: impl FnOnce() -> Result<F>,
    ) -> Result<F> {
        self.claim(option, path)?;
        let file = create()?;
        self.remember(option, path);
        Ok(file)
    }

    /// Fails when `path` is taken, before anything is truncated.
    fn claim(&self, option: &str, path: &Path) -> Result {
        let Some(handle) = regular(path) else {
            return Ok(()); // It does not exist yet, or is a device: several outputs may go to /dev/null.
        };
        match self.taken.iter().find(|(taken, _)| *taken == handle) {
            Some((_, by)) => Err(Error::bad(
                format!("{option} {}: is also {by}", path.display()),
                "give every file a name of its own",
            )),
            None => Ok(()),
        }
    }

    /// A standard stream, if it is a file.
    fn remember_handle(&mut self, role: &str, handle: io::Result<Handle>) {
        let file = handle.ok().filter(|handle| {
            let metadata = handle.as_file().metadata();
            metadata.is_ok_and(|m| m.is_file())
        });
        self.taken.extend(file.map(|h| (h, role.to_owned())));
    }

    fn remember(&mut self, role: &str, path: &Path) {
        let handle = regular(path);
        self.taken.extend(handle.map(|h| (h, role.to_owned())));
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

#[cfg(unix)]
fn is_device(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.metadata()
        .is_ok_and(|m| m.file_type().is_char_device())
}

#[cfg(not(unix))]
fn is_device(_: &Path) -> bool {
    false
}

/// Whether the path means standard output.
pub fn is_stdout(path: &Path) -> bool {
    path == Path::new(STANDARD)
}

/// Refuses standard output for a file of a command that prints its result there.
pub fn not_stdout(option: &str, path: Option<&Path>) -> Result {
    let names = [STANDARD, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    match path {
        Some(path) if names.iter().any(|name| path == Path::new(name)) => Err(Error::bad(
            format!(
                "{option} {}: standard output carries the command's result",
                path.display()
            ),
            format!("give {option} the name of a file"),
        )),
        _ => Ok(()),
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
