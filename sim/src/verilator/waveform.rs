//! Checks that the file that an instance wrote is complete.
//!
//! Verilator's tracers do not report a full volume. For a value change dump the shim knows what could not be written.
//! GTKWave's writer, which makes FST files, continues as if nothing were wrong; so the file is checked when it is
//! closed.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Why a waveform is incomplete.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot write {}: {reason}", path.display())]
pub struct WaveformError {
    /// Path of the file.
    pub path: PathBuf,
    /// The reason.
    pub reason: String,
}

/// The file that an instance writes.
#[derive(Clone, Debug)]
pub struct Waveform {
    path: Arc<Path>,
    /// Why the file is incomplete, once it is closed.
    closed: Arc<OnceLock<Option<String>>>,
}

impl Waveform {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.into(),
            closed: Arc::default(),
        }
    }

    /// Records that the instance is gone; `failure` is the shim's result.
    pub(super) fn close(&self, failure: i32) {
        let whole = match failure {
            0 => check(&self.path),
            number => Err(io::Error::from_raw_os_error(number)),
        };
        // There is one instance, and it is dropped once.
        let _ = self.closed.set(whole.err().map(|error| error.to_string()));
    }

    /// Checks that the file is complete, as far as can be told from outside. While the instance lives, it counts as
    /// complete.
    ///
    /// # Errors
    ///
    /// [`WaveformError`], usually for a full volume.
    pub fn finished(&self) -> Result<(), WaveformError> {
        match self.closed.get() {
            Some(Some(reason)) => Err(WaveformError {
                path: self.path.to_path_buf(),
                reason: reason.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// Kinds of blocks in an FST file (`fstBlockType` in GTKWave's fstapi.h).
const HEADER: u8 = 0;
const GEOMETRY: u8 = 3;
const HIERARCHY: [u8; 3] = [4, 6, 7];
/// A block that was being written.
const UNFINISHED: u8 = 255;

/// Fails if an FST file is incomplete. Other files are not checked.
fn check(path: &Path) -> io::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let len = file.get_ref().metadata()?.len();
    let mut first = [0];
    if file.read(&mut first)? == 0 {
        return Err(cut());
    }
    match first {
        [HEADER | UNFINISHED] => blocks(&mut file, len),
        _ => Ok(()),
    }
}

/// A file is a sequence of blocks: a byte for the kind, eight for the length, themselves included, then the contents.
fn blocks(file: &mut (impl Read + Seek), len: u64) -> io::Result<()> {
    let (mut at, mut geometry, mut hierarchy) = (0, false, false);
    while at < len {
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 9];
        file.read_exact(&mut head).map_err(|_| cut())?;
        let [kind, length @ ..] = head;
        geometry |= kind == GEOMETRY;
        hierarchy |= HIERARCHY.contains(&kind);
        let next = u64::from_be_bytes(length)
            .checked_add(at + 1)
            .filter(|&next| next > at + 8 && next <= len && kind != UNFINISHED);
        at = next.ok_or_else(cut)?;
    }
    if geometry && hierarchy {
        Ok(())
    } else {
        Err(cut())
    }
}

fn cut() -> io::Error {
    io::Error::new(
        io::ErrorKind::StorageFull,
        "it is cut off; the volume may be full",
    )
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn block(kind: u8, bytes: usize) -> Vec<u8> {
        let mut block = vec![kind];
        block.extend((bytes as u64 + 8).to_be_bytes());
        block.resize(9 + bytes, 7);
        block
    }

    fn is_whole(bytes: &[u8]) -> bool {
        blocks(&mut Cursor::new(bytes), bytes.len() as u64).is_ok()
    }

    #[test]
    fn only_whole_files_are_whole() {
        let file = [
            block(HEADER, 321),
            block(8, 1000),
            block(GEOMETRY, 40),
            block(4, 60),
        ];
        let whole = file.concat();
        assert!(is_whole(&whole));
        for len in 0..whole.len() {
            assert!(!is_whole(&whole[..len]), "{len}");
        }
        assert!(!is_whole(&[&whole[..], &block(UNFINISHED, 30)].concat()));
        assert!(!is_whole(
            &[&whole[..], &[1, 0, 0, 0, 0, 0, 0, 0, 0]].concat()
        ));
        assert!(!is_whole(&[&whole[..], &[1], &[255; 8]].concat()));
        assert!(!is_whole(&file[..3].concat()));
    }

    #[test]
    fn what_the_shim_says_comes_first() {
        let waveform = Waveform::new(Path::new("no such folder/x.vcd"));
        assert_eq!(waveform.finished(), Ok(()));
        let enospc = 28;
        waveform.clone().close(enospc);
        let error = waveform.finished().unwrap_err().to_string();
        assert!(
            error.starts_with("cannot write no such folder/x.vcd: "),
            "{error}"
        );
        assert!(error.to_lowercase().contains("space"), "{error}");
    }
}
