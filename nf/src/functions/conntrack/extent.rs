//! The sequence numbers that a segment may occupy: rows have its sequence number and its IP length, but do not tell
//! options from data.
//!
//! ```text
//!  IP length:  │ IP header, TCP header │ options (0 to 40 bytes, in fours) │ data │
//!                                      └────────────── room ──────────────────────┘
//!  numbers:    seq ── SYN, FIN: + 1 ──▶ least ─────── at most room more ───────▶ end
//! ```

use super::transitions::Segment;

/// Bytes of an IPv4 header without options and a TCP header without options.
const HEADERS_V4: u16 = 40;
/// Bytes of an IPv6 header without extensions and a TCP header without options.
const HEADERS_V6: u16 = 60;
/// Bytes of an IPv6 header, which its length field does not count but rows do.
const IPV6_HEADER: u16 = 40;
/// Largest number of bytes of TCP options.
const MOST_OPTIONS: u16 = 40;
/// The room of a packet too large for its length field.
const UNKNOWN: u16 = u16::MAX;

/// Whether `a` comes before `b`, modulo 2³².
#[inline(always)]
pub const fn is_before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// Whether `a` comes after `b`, modulo 2³².
#[inline(always)]
pub const fn is_after(a: u32, b: u32) -> bool {
    is_before(b, a)
}

/// The IP version, as far as lengths depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Bytes behind the headers without options: at most 65,535.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room(u16);

impl Room {
    /// The room in a packet of this IP length, as rows have it; `None` if not even a TCP header fits. A length that the
    /// IP header cannot express is that of a packet too large for its length field.
    #[inline(always)]
    pub const fn of(version: Version, ip_length: u16) -> Option<Self> {
        let (unknown, headers) = match version {
            Version::V4 => (ip_length == 0, HEADERS_V4),
            Version::V6 => (ip_length <= IPV6_HEADER, HEADERS_V6),
        };
        if unknown {
            return Some(Self(UNKNOWN));
        }
        match ip_length.checked_sub(headers) {
            Some(room) => Some(Self(room)),
            None => None,
        }
    }

    /// Whether there is room for an option.
    #[inline(always)]
    pub const fn holds_options(self) -> bool {
        self.0 >= 4
    }
}

/// The sequence numbers of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The number behind the segment if it had no data.
    least: u32,
    room: Room,
}

impl Extent {
    /// The numbers of a segment that begins with `seq`.
    #[inline(always)]
    pub const fn of(segment: Segment, seq: u32, room: Room) -> Self {
        let own = matches!(segment, Segment::Syn | Segment::SynAck | Segment::Fin) as u32;
        Self {
            least: seq.wrapping_add(own),
            room,
        }
    }

    /// The number behind the segment's data if there are no options.
    #[inline(always)]
    pub const fn end(self) -> u32 {
        self.least.wrapping_add(self.room.0 as u32)
    }

    /// Room behind the segment's headers.
    #[inline(always)]
    pub const fn room(self) -> Room {
        self.room
    }

    /// Where the segment may end.
    #[inline(always)]
    pub const fn ends(self) -> Ends {
        let options = match self.room.0 {
            UNKNOWN => Slack::UNKNOWN,
            room if room >= MOST_OPTIONS => Slack(MOST_OPTIONS as u8 / 4),
            room => Slack(room as u8 / 4),
        };
        Ends {
            last: self.end(),
            options,
        }
    }
}

/// Words of options that a segment may have, 0 to 10; [`UNKNOWN`](Self::UNKNOWN) if the length is unknown. Four bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slack(pub u8);

impl Slack {
    /// All of the room may be data.
    pub const UNKNOWN: Self = Self(11);
}

/// The numbers at which a segment may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The highest of them, if there are no options.
    pub last: u32,
    /// How many words of options there may be.
    pub options: Slack,
}

impl Ends {
    /// Whether `number` is one of them.
    #[inline]
    pub const fn has(self, number: u32) -> bool {
        let before = self.last.wrapping_sub(number);
        match self.options {
            Slack::UNKNOWN => before <= UNKNOWN as u32,
            Slack(words) => before.is_multiple_of(4) && before / 4 <= words as u32,
        }
    }

    /// Whether the segment may have options.
    pub const fn has_options(self) -> bool {
        self.options.0 > 0
    }
}
