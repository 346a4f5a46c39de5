//! Errors of captures, and their remedies.

use std::io;

use crate::reader::{Compression, LeftOut};
use crate::{LinkType, MAX_RECORD_LEN};

/// A capture that cannot be read or written.
///
/// Every variant names the file. Packet numbers count from 1, as in Wireshark; offsets are bytes from the start of the
/// file, or of the decompressed stream, and then `(decompressed)` follows the name. [`remedy`](Self::remedy) says what
/// the user can do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// There is no such file.
    #[error("{file}: no such file")]
    NotFound {
        /// Name of the capture.
        file: String,
    },
    /// The path leads to a directory.
    #[error("{file}: is a directory, not a capture")]
    IsDirectory {
        /// Name of the capture.
        file: String,
    },
    /// The file cannot be opened, or reading failed part-way.
    #[error("{file}: cannot be read at byte {offset}: {source}")]
    Unreadable {
        /// Name of the capture.
        file: String,
        /// Bytes read before the failure.
        offset: u64,
        /// The system's error.
        source: io::Error,
    },
    /// The file has no bytes at all.
    #[error("{file}: is empty (0 bytes)")]
    Empty {
        /// Name of the capture.
        file: String,
    },
    /// The file starts with no magic number of pcap or pcapng.
    #[error("{file}: is not a pcap or pcapng capture; it looks like {looks_like}")]
    NotACapture {
        /// Name of the capture.
        file: String,
        /// Suggestion from the first bytes.
        looks_like: &'static str,
        /// How to turn the file into a capture.
        remedy: &'static str,
    },
    /// The file ends within its file header or first section header.
    #[error("{file}: ends within the capture header, after {have} bytes")]
    TruncatedHeader {
        /// Name of the capture.
        file: String,
        /// Length of the file in bytes.
        have: u64,
    },
    /// A version of the format that is not supported.
    #[error("{file}: version {major}.{minor} of the {format} format is not supported")]
    UnsupportedVersion {
        /// Name of the capture.
        file: String,
        /// `pcap` or `pcapng`.
        format: &'static str,
        /// Major version in the file.
        major: u16,
        /// Minor version in the file.
        minor: u16,
    },
    /// The file ends within a packet record or block. Only a strict reader reports this as an error.
    #[error(
        "{file}: ends within packet {packet}, whose record starts at byte {offset}: {have} of {need} bytes are there"
    )]
    Truncated {
        /// Name of the capture.
        file: String,
        /// Number of the packet, or of the packet that would follow the block.
        packet: u64,
        /// Offset of the record.
        offset: u64,
        /// Bytes of the record that are present.
        have: u64,
        /// Bytes that the record needs, as far as known.
        need: u64,
    },
    /// A compressed stream is damaged.
    #[error(
        "{file}: the {compression} stream is damaged at its byte {at}, within packet {packet}, whose record starts at \
         byte {offset}: {what}"
    )]
    DamagedStream {
        /// Name of the capture.
        file: String,
        /// The file's compression.
        compression: Compression,
        /// Offset in the compressed stream where the decompressor stopped.
        at: u64,
        /// Number of the packet expected next.
        packet: u64,
        /// Offset of its record in the decompressed stream.
        offset: u64,
        /// The fault.
        what: String,
    },
    /// A zstd stream needs more memory for decompression than allowed.
    #[error(
        "{file}: the zstd stream needs more than 128 MiB of memory, at packet {packet}, byte {offset}"
    )]
    LargeWindow {
        /// Name of the capture.
        file: String,
        /// Number of the packet expected next.
        packet: u64,
        /// Offset of its record in the decompressed stream.
        offset: u64,
    },
    /// No packet of the capture has a supported link type.
    #[error("{}", link_type_message(file, *packet, *link_type))]
    LinkType {
        /// Name of the capture.
        file: String,
        /// Number of the first packet and the offset of its record; `None` if the file header gives the type for all.
        packet: Option<(u64, u64)>,
        /// The link type found.
        link_type: LinkType,
    },
    /// A packet cannot be read as Ethernet. Only a strict reader reports this as an error.
    #[error("{file}: packet {packet} at byte {offset} has link type {link_type} and {}", left_out_message(*why))]
    LeftOut {
        /// Name of the capture.
        file: String,
        /// Number of the packet.
        packet: u64,
        /// Offset of the packet's record.
        offset: u64,
        /// Link type of the packet.
        link_type: LinkType,
        /// Why the packet cannot be read.
        why: LeftOut,
    },
    /// A record announces more bytes than [`MAX_RECORD_LEN`].
    #[error(
        "{file}: packet {packet} at byte {offset} announces {length} bytes, which no packet has"
    )]
    AbsurdLength {
        /// Name of the capture.
        file: String,
        /// Number of the packet.
        packet: u64,
        /// Offset of the packet's record.
        offset: u64,
        /// The length announced.
        length: u64,
    },
    /// A record or block contradicts its format.
    #[error("{file}: malformed at packet {packet}, byte {offset}: {what}")]
    Malformed {
        /// Name of the capture.
        file: String,
        /// Number of the packet, or of the packet that would follow the block.
        packet: u64,
        /// Offset of the record or block.
        offset: u64,
        /// The contradiction.
        what: String,
    },
    /// The output cannot be created or written.
    #[error("{file}: cannot be written: {source}")]
    Unwritable {
        /// Name of the capture.
        file: String,
        /// The system's error.
        source: io::Error,
    },
    /// A packet handed to the writer is longer than [`MAX_RECORD_LEN`].
    #[error(
        "{file}: packet {packet} has {length} bytes, more than the {MAX_RECORD_LEN} that are written"
    )]
    TooLong {
        /// Name of the capture.
        file: String,
        /// Number the packet would have had.
        packet: u64,
        /// Length of the packet in bytes.
        length: u64,
    },
}

fn link_type_message(file: &str, packet: Option<(u64, u64)>, link_type: LinkType) -> String {
    match packet {
        None => format!("{file}: has link type {link_type}, which is not read"),
        Some((packet, offset)) => format!(
            "{file}: packet {packet} at byte {offset} has link type {link_type}, and no packet has one that is read"
        ),
    }
}

fn left_out_message(why: LeftOut) -> &'static str {
    match why {
        LeftOut::LinkType => "is not read",
        LeftOut::Payload => "carries what has no EtherType",
        LeftOut::Short => "is shorter than its link layer's header",
    }
}

const REPAIR: &str = "the file is damaged: capture it again or copy it again; `editcap -F pcapng IN OUT` keeps the packets \
                      before the damage";

/// The names of the supported link types.
fn read_link_types() -> String {
    LinkType::READ.map(LinkType::label).join(", ")
}

impl CaptureError {
    /// The remedy for the user, as one sentence without a full stop.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NotFound { .. } => {
                "check the path; `scr trace gen -o x.pcap` makes a synthetic capture".into()
            }
            Self::IsDirectory { .. } => "name a pcap or pcapng file inside it".into(),
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "give yourself permission to read the file".into()
            }
            Self::Unreadable { .. } => "check the path, the medium and the permissions".into(),
            Self::Empty { .. } => {
                "nothing was captured, or nothing of the capture has been written yet: wait until packets are".into()
            }
            Self::NotACapture { remedy, .. } => (*remedy).into(),
            Self::TruncatedHeader { .. } => {
                "the file was cut off before the first packet: capture it again or copy it again".into()
            }
            Self::Truncated { .. } => {
                "the file was cut off: capture it again or copy it again; without `--strict` the packets before are read".into()
            }
            Self::AbsurdLength { .. } | Self::Malformed { .. } => REPAIR.into(),
            Self::DamagedStream { .. } => {
                "the file is damaged: get it again, or compress the capture again".into()
            }
            Self::LargeWindow { .. } => "`zstd -dc --long=31 IN > OUT` decompresses it with as much memory as it needs".into(),
            Self::UnsupportedVersion { .. } => {
                "the file is damaged, or of a format that nobody knows: capture it again or copy it again".into()
            }
            Self::LinkType { .. } => format!(
                "capture on Ethernet, or on any other interface of one of the link types {}",
                read_link_types()
            ),
            Self::LeftOut { .. } => "without `--strict` such packets pass by and are counted, where others are read".into(),
            Self::Unwritable { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => "create the directory first".into(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "choose a path you may write to".into()
                }
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "free some space or choose another volume".into()
                }
                io::ErrorKind::IsADirectory => "name a file, not a directory".into(),
                io::ErrorKind::BrokenPipe => "the program reading the output has ended; keep it running".into(),
                _ => "check the path and the volume, or write to another file".into(),
            },
            Self::TooLong { .. } => "split the packet or drop it".into(),
        }
    }

    /// The file's name.
    #[must_use]
    pub fn file(&self) -> &str {
        match self {
            Self::NotFound { file }
            | Self::IsDirectory { file }
            | Self::Unreadable { file, .. }
            | Self::Empty { file }
            | Self::NotACapture { file, .. }
            | Self::TruncatedHeader { file, .. }
            | Self::UnsupportedVersion { file, .. }
            | Self::Truncated { file, .. }
            | Self::DamagedStream { file, .. }
            | Self::LargeWindow { file, .. }
            | Self::LinkType { file, .. }
            | Self::LeftOut { file, .. }
            | Self::AbsurdLength { file, .. }
            | Self::Malformed { file, .. }
            | Self::Unwritable { file, .. }
            | Self::TooLong { file, .. } => file,
        }
    }
}
