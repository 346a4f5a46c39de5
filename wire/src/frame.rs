//! A checked view over a received SCR frame, and every reason to reject one.

use core::fmt;

use crate::geometry::Geometry;
use crate::header::{ETHERTYPE, HEADER_BYTES, Header, VERSION};
use crate::{MAX_CORES, MAX_PREFIX_WORDS, Profile};

/// Why a receiver drops a frame without touching its state (format, section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[repr(u8)]
pub enum Rejection {
    /// The frame is shorter than 16 bytes.
    #[error("shorter than the 16-byte header")]
    TooShort,
    /// EtherType is not 0x88B5.
    #[error("EtherType is not 0x88b5")]
    EtherType,
    /// Version is not 1.
    #[error("version is not 1")]
    Version,
    /// The profile is not the receiver's.
    #[error("the row profile is another one")]
    Profile,
    /// `row_log2` is not that of the profile.
    #[error("the row size is not the profile's")]
    RowSize,
    /// The high nibble of byte 15 is not zero.
    #[error("flags are set that version 1 does not define")]
    Flags,
    /// `prefix_words` is 0 or above 63.
    #[error("prefix_words is 0 or above 63")]
    PrefixWords,
    /// The prefix holds no row.
    #[error("the prefix is too short for a row")]
    NoRow,
    /// The frame is shorter than its prefix.
    #[error("the frame is shorter than its prefix")]
    Truncated,
    /// `cores` is 0 or above 128.
    #[error("cores is 0 or above 128")]
    Cores,
    /// `core` is not below `cores`.
    #[error("core is not below cores")]
    Core,
    /// `valid_rows` is 0 or above the rows that fit.
    #[error("valid_rows is 0 or more than fit")]
    ValidRows,
}

impl Rejection {
    /// All reasons, in the order in which they are checked.
    pub const ALL: [Self; 12] = [
        Self::TooShort,
        Self::EtherType,
        Self::Version,
        Self::Profile,
        Self::RowSize,
        Self::Flags,
        Self::PrefixWords,
        Self::NoRow,
        Self::Truncated,
        Self::Cores,
        Self::Core,
        Self::ValidRows,
    ];

    /// Place in [`ALL`](Self::ALL), for arrays of counters.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Name of the reason in metrics and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::EtherType => "ethertype",
            Self::Version => "version",
            Self::Profile => "profile",
            Self::RowSize => "row_size",
            Self::Flags => "flags",
            Self::PrefixWords => "prefix_words",
            Self::NoRow => "no_row",
            Self::Truncated => "truncated",
            Self::Cores => "cores",
            Self::Core => "core",
            Self::ValidRows => "valid_rows",
        }
    }
}

/// A valid SCR frame: header, rows and the packet, borrowed from the receive buffer.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    header: Header,
    geometry: Geometry,
    bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Checks `bytes` against the format and `profile`. Byte 0 and bits 1..0 of byte 6 are not checked, because bridges
    /// may rewrite MAC addresses. No byte string causes a panic.
    ///
    /// # Errors
    ///
    /// The first [`Rejection`] that applies.
    #[inline]
    pub fn parse(bytes: &'a [u8], profile: &Profile) -> Result<Self, Rejection> {
        let Some(head) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(Rejection::TooShort);
        };
        if head[12..14] != ETHERTYPE.to_be_bytes() {
            return Err(Rejection::EtherType);
        }
        if head[1] != VERSION {
            return Err(Rejection::Version);
        }
        let header = Header::read(head);
        if header.profile != profile.id() {
            return Err(Rejection::Profile);
        }
        if header.row_log2 != profile.row_log2() {
            return Err(Rejection::RowSize);
        }
        if head[15] >> 4 != 0 {
            return Err(Rejection::Flags);
        }
        if header.prefix_words == 0 || header.prefix_words > MAX_PREFIX_WORDS {
            return Err(Rejection::PrefixWords);
        }
        let Some(geometry) = Geometry::new(profile, header.prefix_words) else {
            return Err(Rejection::NoRow);
        };
        if bytes.len() < geometry.prefix_bytes() {
            return Err(Rejection::Truncated);
        }
        if header.cores == 0 || header.cores > MAX_CORES {
            return Err(Rejection::Cores);
        }
        if header.core >= header.cores {
            return Err(Rejection::Core);
        }
        if header.valid_rows == 0 || usize::from(header.valid_rows) > geometry.rows() {
            return Err(Rejection::ValidRows);
        }
        Ok(Self {
            header,
            geometry,
            bytes,
        })
    }

    /// The contents of the header.
    #[inline]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Placement of the rows.
    #[inline]
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Row `i`, of the packet sequenced `i` places before this one, or `None` from `valid_rows` on.
    #[inline]
    pub fn row(&self, i: usize) -> Option<&'a [u8]> {
        if i >= usize::from(self.header.valid_rows) {
            return None;
        }
        let size = self.geometry.row_bytes();
        let at = self.geometry.first_row() + i * size;
        self.bytes.get(at..at + size)
    }

    /// The valid rows as one slice of `valid_rows · R` bytes, newest first.
    #[inline]
    pub fn rows(&self) -> &'a [u8] {
        let at = self.geometry.first_row();
        let len = usize::from(self.header.valid_rows) * self.geometry.row_bytes();
        self.bytes.get(at..at + len).unwrap_or(&[])
    }

    /// The original packet, unaltered.
    #[inline]
    pub fn packet(&self) -> &'a [u8] {
        self.bytes
            .get(self.geometry.prefix_bytes()..)
            .unwrap_or(&[])
    }
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("header", &self.header)
            .field("packet_bytes", &self.packet().len())
            .finish_non_exhaustive()
    }
}
