//! The source of a capture's bytes: a file or pipe, read directly or through a decompressor.

mod gzip;
mod zstd;

use std::fmt;
use std::io::{self, Read};

use super::chunks::Chunks;
use gzip::Gzip;
use zstd::Zstd;

/// Compression of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// gzip: one or several members.
    Gzip,
    /// zstd: one or several frames.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

impl Compression {
    /// The compression that the first bytes announce. The magic number of zstd has four bytes, that of gzip two.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        /// zstd frames without data, which may come first, have any of sixteen magic numbers.
        const SKIPPABLE: [u8; 3] = [0x2A, 0x4D, 0x18];
        match bytes {
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Zstd),
            [0x50..=0x5F, rest @ ..] if rest.starts_with(&SKIPPABLE) => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Why a stream cannot continue.
#[derive(Debug)]
pub(super) enum StreamFault {
    Io(io::Error),
    /// A compressed stream ends prematurely.
    Cut,
    /// A compressed stream is damaged.
    Damaged {
        compression: Compression,
        /// Position in the compressed stream.
        at: u64,
        what: String,
    },
    /// A zstd frame needs more memory than allowed.
    Window,
}

impl From<io::Error> for StreamFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Box<StreamFault>> for StreamFault {
    fn from(fault: Box<StreamFault>) -> Self {
        *fault
    }
}

/// A stream of bytes.
pub(super) enum Source {
    Plain(Box<dyn Read + Send>),
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
}

impl Source {
    /// The decompressed stream of `compressed`, of which nothing has been consumed.
    ///
    /// # Errors
    /// If there is no memory for a decompressor.
    pub(super) fn decompressing(
        compressed: Chunks,
        compression: Compression,
    ) -> Result<Self, StreamFault> {
        Ok(match compression {
            Compression::Gzip => Self::Gzip(Box::new(Gzip::new(compressed))),
            Compression::Zstd => Self::Zstd(Box::new(Zstd::new(compressed)?)),
        })
    }

    /// As [`Read::read`].
    pub(super) fn read(&mut self, into: &mut [u8]) -> Result<usize, StreamFault> {
        match self {
            Self::Plain(source) => Ok(source.read(into)?),
            Self::Gzip(gzip) => gzip.read(into),
            Self::Zstd(zstd) => zstd.read(into),
        }
    }

    /// Bytes consumed of the compressed stream; `None` if the stream is not compressed.
    pub(super) fn file_offset(&self) -> Option<u64> {
        match self {
            Self::Plain(_) => None,
            Self::Gzip(gzip) => Some(gzip.file_offset()),
            Self::Zstd(zstd) => Some(zstd.file_offset()),
        }
    }
}
