//! Reading captures: pcap and pcapng, streamed through one buffer.
//!
//! [`CaptureReader::next_packet`] lends each packet out of the buffer, so that a capture of any length is read in
//! constant memory and without an allocation per packet. Parsing is layered: [`chunks`](self) keep a window of the file,
//! the format modules find the next record at the front of the window, and the reader attaches packet number, offset and
//! file name to whatever went wrong.

mod chunks;
mod interface;
mod pcap;
mod pcapng;
mod sniff;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::ByteOrder;
use crate::{CaptureError, LinkType, Timestamp};
use chunks::Chunks;
use pcap::PcapRecords;
use pcapng::PcapNgBlocks;
use sniff::Magic;

/// How much is read at a time, in bytes: it stays in a core's second-level cache between the kernel's copy and the parser.
/// 128 KiB to 512 KiB measure alike, 32 KiB and 4 MiB a tenth slower.
const CHUNK: usize = 256 << 10;

/// One captured packet, lent by the reader or the trace generator until the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Number of the packet in its capture, counted from 1 as Wireshark shows it.
    pub index: u64,
    /// Where its record starts in the file, in bytes; 0 for a generated packet.
    pub offset: u64,
    /// When it was received; 1970 for a pcapng Simple Packet Block, which has no timestamp.
    pub timestamp: Timestamp,
    /// Its length on the wire in bytes. Real captures hold records in which it is below `data.len()`.
    pub original_len: u32,
    /// What was captured of it, from the destination MAC address on; possibly nothing.
    pub data: &'a [u8],
}

/// The file format of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureFormat {
    /// Classic pcap.
    Pcap {
        /// Whether timestamps have nanoseconds, not microseconds.
        nanosecond: bool,
        /// Byte order of the headers.
        byte_order: ByteOrder,
    },
    /// pcapng.
    PcapNg {
        /// Byte order of the current section.
        byte_order: ByteOrder,
    },
}

impl std::fmt::Display for CaptureFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pcap {
                nanosecond,
                byte_order,
            } => {
                let unit = if *nanosecond {
                    "nanoseconds"
                } else {
                    "microseconds"
                };
                write!(f, "pcap ({unit}, {byte_order})")
            }
            Self::PcapNg { byte_order } => write!(f, "pcapng ({byte_order})"),
        }
    }
}

/// A record at the front of the window.
struct Record {
    timestamp: Timestamp,
    original_len: u32,
    /// Bytes before the packet's data.
    skip: usize,
    captured: usize,
    /// Length of the whole record.
    total: usize,
}

/// What a format module found wrong, before the reader adds where.
enum Fault {
    Io(io::Error),
    TruncatedHeader,
    Truncated {
        have: usize,
        need: usize,
    },
    AbsurdLength(u64),
    LinkType(LinkType),
    Version {
        format: &'static str,
        major: u16,
        minor: u16,
    },
    Malformed(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

enum Records {
    Pcap(PcapRecords),
    PcapNg(PcapNgBlocks),
}

/// A capture being read from its beginning to its end.
pub struct CaptureReader {
    chunks: Chunks,
    records: Records,
    name: String,
    packets: u64,
    total_bytes: Option<u64>,
    /// After the end or an error nothing more is read.
    finished: bool,
}

impl std::fmt::Debug for CaptureReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaptureReader")
            .field("name", &self.name)
            .field("format", &self.format())
            .field("packets", &self.packets)
            .field("bytes_read", &self.bytes_read())
            .finish_non_exhaustive()
    }
}

impl CaptureReader {
    /// Opens the capture at `path`; `-` is standard input.
    ///
    /// # Errors
    /// If the file cannot be read, or its header is not that of a supported Ethernet capture.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        if path == Path::new("-") {
            return Self::from_read(io::stdin(), "standard input");
        }
        let name = path.display().to_string();
        let attempt = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = match attempt {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(CaptureError::NotFound { file: name });
            }
            Err(source) => {
                return Err(CaptureError::Unreadable {
                    file: name,
                    offset: 0,
                    source,
                });
            }
        };
        if metadata.is_dir() {
            return Err(CaptureError::IsDirectory { file: name });
        }
        let total = metadata.is_file().then_some(metadata.len());
        Self::start(Box::new(file), name, total, CHUNK)
    }

    /// Reads a capture from anything that yields bytes; `name` stands for the file in errors.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_read(
        source: impl Read + Send + 'static,
        name: impl Into<String>,
    ) -> Result<Self, CaptureError> {
        Self::start(Box::new(source), name.into(), None, CHUNK)
    }

    /// As [`from_read`](Self::from_read), reading `chunk` bytes at a time (at least 1). For tests and fuzzing: results do
    /// not depend on the chunk's size.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_read_with_chunk(
        source: impl Read + Send + 'static,
        name: impl Into<String>,
        chunk: usize,
    ) -> Result<Self, CaptureError> {
        Self::start(Box::new(source), name.into(), None, chunk)
    }

    fn start(
        source: Box<dyn Read + Send>,
        name: String,
        total_bytes: Option<u64>,
        chunk: usize,
    ) -> Result<Self, CaptureError> {
        let mut chunks = Chunks::new(source, chunk);
        let opened = match Self::recognise(&mut chunks, &name)? {
            Magic::Pcap => PcapRecords::open(&mut chunks).map(Records::Pcap),
            Magic::PcapNg => PcapNgBlocks::open(&mut chunks).map(Records::PcapNg),
        };
        match opened {
            Ok(records) => Ok(Self {
                chunks,
                records,
                name,
                packets: 0,
                total_bytes,
                finished: false,
            }),
            Err(fault) => Err(locate(fault, &name, 0, &chunks)),
        }
    }

    fn recognise(chunks: &mut Chunks, name: &str) -> Result<Magic, CaptureError> {
        /// Enough to tell what else a file may be.
        const HEAD: usize = 512;
        let file = name.to_owned();
        let unreadable = |source| CaptureError::Unreadable {
            file: name.to_owned(),
            offset: 0,
            source,
        };
        chunks.require(4).map_err(unreadable)?;
        if let Some(magic) = sniff::magic(chunks.window()) {
            return Ok(magic);
        }
        chunks.require(HEAD).map_err(unreadable)?;
        let head = chunks.window();
        if head.is_empty() {
            return Err(CaptureError::Empty { file });
        }
        if sniff::begins_like_a_capture(head) {
            return Err(CaptureError::TruncatedHeader {
                file,
                have: head.len() as u64,
            });
        }
        let sniff::Impression { looks_like, remedy } = sniff::impression(head);
        Err(CaptureError::NotACapture {
            file,
            looks_like,
            remedy,
        })
    }

    /// The next packet, or `None` at the end of the capture. After an error the capture is at its end.
    ///
    /// # Errors
    /// If the capture is damaged, cannot be read on, or the packet was not captured on Ethernet.
    #[inline]
    pub fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        if self.finished {
            return Ok(None);
        }
        let found = match &mut self.records {
            Records::Pcap(records) => records.next(&mut self.chunks),
            Records::PcapNg(blocks) => blocks.next(&mut self.chunks),
        };
        match found {
            Ok(Some(record)) => {
                self.packets += 1;
                let offset = self.chunks.offset();
                let bytes = self.chunks.take(record.total);
                Ok(Some(Packet {
                    index: self.packets,
                    offset,
                    timestamp: record.timestamp,
                    original_len: record.original_len,
                    data: &bytes[record.skip..record.skip + record.captured],
                }))
            }
            Ok(None) => {
                self.finished = true;
                Ok(None)
            }
            Err(fault) => {
                self.finished = true;
                Err(locate(fault, &self.name, self.packets, &self.chunks))
            }
        }
    }

    /// Bytes of the file consumed so far, for progress.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.chunks.offset()
    }

    /// Length of the file in bytes; `None` if it is no regular file.
    #[must_use]
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// Packets read so far.
    #[must_use]
    pub fn packets_read(&self) -> u64 {
        self.packets
    }

    /// The link type: that of all packets in pcap, that of the first interface described so far in pcapng.
    #[must_use]
    pub fn link_type(&self) -> Option<LinkType> {
        match &self.records {
            Records::Pcap(_) => Some(LinkType::ETHERNET),
            Records::PcapNg(blocks) => blocks.link_type(),
        }
    }

    /// The file's format.
    #[must_use]
    pub fn format(&self) -> CaptureFormat {
        match &self.records {
            Records::Pcap(records) => records.format(),
            Records::PcapNg(blocks) => blocks.format(),
        }
    }

    /// The file's name, as errors show it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Adds file, packet number and offset to a fault found after `packets` packets.
#[cold]
#[inline(never)]
fn locate(fault: Fault, name: &str, packets: u64, chunks: &Chunks) -> CaptureError {
    let file = name.to_owned();
    let packet = packets + 1;
    let offset = chunks.offset();
    match fault {
        Fault::Io(source) => CaptureError::Unreadable {
            file,
            offset: offset + chunks.window().len() as u64,
            source,
        },
        Fault::TruncatedHeader => CaptureError::TruncatedHeader {
            file,
            have: chunks.window().len() as u64,
        },
        Fault::Truncated { have, need } => CaptureError::Truncated {
            file,
            packet,
            offset,
            have: have as u64,
            need: need as u64,
        },
        Fault::AbsurdLength(length) => CaptureError::AbsurdLength {
            file,
            packet,
            offset,
            length,
        },
        Fault::LinkType(link_type) => CaptureError::LinkType {
            file,
            packet,
            offset,
            link_type,
        },
        Fault::Version {
            format,
            major,
            minor,
        } => CaptureError::UnsupportedVersion {
            file,
            format,
            major,
            minor,
        },
        Fault::Malformed(what) => CaptureError::Malformed {
            file,
            packet,
            offset,
            what,
        },
    }
}
