//! What can go wrong with a capture, and what to do about it.

use std::io;

use crate::{LinkType, MAX_RECORD_LEN};

/// A capture that cannot be read or written.
///
/// Every variant names the file. Packet numbers count from 1, as Wireshark shows them; offsets are bytes from the start
/// of the file. [`remedy`](Self::remedy) says what the user can do.
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
        /// What the system said.
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
        /// What its first bytes suggest.
        looks_like: &'static str,
        /// What turns it into a capture.
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
    /// The file ends within a packet record or block.
    #[error(
        "{file}: ends within packet {packet}, whose record starts at byte {offset}: {have} of {need} bytes are there"
    )]
    Truncated {
        /// Name of the capture.
        file: String,
        /// Number of the packet, or of the packet that would follow the block.
        packet: u64,
        /// Where the record starts.
        offset: u64,
        /// Bytes of the record that are there.
        have: u64,
        /// Bytes that the record needs, as far as known.
        need: u64,
    },
    /// A packet was captured on something other than Ethernet.
    #[error(
        "{file}: packet {packet} at byte {offset} has link type {link_type}; only Ethernet is supported"
    )]
    LinkType {
        /// Name of the capture.
        file: String,
        /// Number of the packet; 1 if the file header gives the type for all packets.
        packet: u64,
        /// Where its record, or the file header, starts.
        offset: u64,
        /// The link type found.
        link_type: LinkType,
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
        /// Where its record starts.
        offset: u64,
        /// The announced length.
        length: u64,
    },
    /// A record or block contradicts its format.
    #[error("{file}: malformed at packet {packet}, byte {offset}: {what}")]
    Malformed {
        /// Name of the capture.
        file: String,
        /// Number of the packet, or of the packet that would follow the block.
        packet: u64,
        /// Where the record or block starts.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The output cannot be created or written.
    #[error("{file}: cannot be written: {source}")]
    Unwritable {
        /// Name of the capture.
        file: String,
        /// What the system said.
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
        /// Its length in bytes.
        length: u64,
    },
}

const REPAIR: &str = "the file is damaged or was cut off: capture it again, copy it again, or repair it with `pcapfix`; \
                      `editcap -F pcap IN OUT` keeps the packets before the damage";

impl CaptureError {
    /// What the user can do about it, as one sentence without a full stop.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NotFound { .. } => {
                "check the path; `scr trace gen -o x.pcap` makes a synthetic capture".into()
            }
            Self::IsDirectory { .. } => "name a pcap or pcapng file inside it".into(),
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "give yourself read permission, for instance with `chmod u+r`".into()
            }
            Self::Unreadable { .. } => "check the path, the medium and the permissions".into(),
            Self::Empty { .. } => {
                "nothing was captured, or the capture has not been flushed yet (`tcpdump -U` flushes per packet)".into()
            }
            Self::NotACapture { remedy, .. } => (*remedy).into(),
            Self::TruncatedHeader { .. } | Self::Truncated { .. } | Self::AbsurdLength { .. } => REPAIR.into(),
            Self::Malformed { .. } => REPAIR.into(),
            Self::UnsupportedVersion { .. } => "convert it with `editcap -F pcap IN OUT`".into(),
            Self::LinkType { .. } => {
                "capture on an Ethernet interface (not `any`), select the Ethernet packets with \
                 `tshark -r IN -w OUT -Y eth`, or give packets an Ethernet header with `tcprewrite --dlt=enet`"
                    .into()
            }
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
            | Self::LinkType { file, .. }
            | Self::AbsurdLength { file, .. }
            | Self::Malformed { file, .. }
            | Self::Unwritable { file, .. }
            | Self::TooLong { file, .. } => file,
        }
    }
}
