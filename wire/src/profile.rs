//! Row profiles: which fields a row holds, in which order and in how many bytes.
//!
//! A profile is described once, here or by a user, and everything else is derived from the description: the hardware
//! extractor, the golden model, the host's decoder, the documentation's table.
//!
//! A user's own profile has an id from 128 up and fields from [`Field`]:
//!
//! ```
//! use scr_wire::{Field, Profile};
//!
//! /// Who talks to which service.
//! pub const PAIR: Profile = Profile::new(
//!     128, "pair", 16,
//!     &[Field::SrcIp4, Field::DstIp4, Field::DstPort, Field::Protocol, Field::Zero(5)],
//! );
//! assert_eq!(PAIR.offset(Field::DstPort), Some(8));
//! ```

use core::fmt;

use crate::field::Field;
use crate::parse::{Parsed, Timestamp};

/// Largest row in bytes.
pub const MAX_ROW_BYTES: usize = 64;

/// Lowest profile id free for users.
pub const FIRST_USER_ID: u8 = 128;

/// A row profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    id: u8,
    name: &'static str,
    row_bytes: usize,
    fields: &'static [Field],
}

/// Profile 1: the source of the packet. Made for DDoS mitigation.
pub const SOURCE: Profile = Profile::builtin(1, "source", 4, &[Field::SrcIp4]);

/// Profile 2: source and port knocked at. Made for the port-knocking firewall.
pub const KNOCK: Profile = Profile::builtin(
    2,
    "knock",
    8,
    &[
        Field::SrcIp4,
        Field::DstPort,
        Field::Protocol,
        Field::TcpFlags,
    ],
);

/// Profile 3: the 5-tuple, flags and length. Made for the heavy-hitter monitor.
pub const FLOW: Profile = Profile::builtin(
    3,
    "flow",
    16,
    &[
        Field::SrcIp4,
        Field::DstIp4,
        Field::SrcPort,
        Field::DstPort,
        Field::Protocol,
        Field::TcpFlags,
        Field::IpLength,
    ],
);

/// Profile 4: the bytes of [`FLOW`], the time, and TCP's sequence and acknowledgment numbers. Made for the connection
/// tracker and the token-bucket policer.
pub const FLOW_TIME: Profile = Profile::builtin(
    4,
    "flow-time",
    32,
    &[
        Field::SrcIp4,
        Field::DstIp4,
        Field::SrcPort,
        Field::DstPort,
        Field::Protocol,
        Field::TcpFlags,
        Field::IpLength,
        Field::Seconds,
        Field::Nanoseconds,
        Field::TcpSeq,
        Field::TcpAck,
    ],
);

/// Profile 5: as [`FLOW_TIME`], for IPv4 and IPv6 together; IPv4 addresses are IPv4-mapped.
pub const FLOW6_TIME: Profile = Profile::builtin(
    5,
    "flow6-time",
    64,
    &[
        Field::SrcIp,
        Field::DstIp,
        Field::SrcPort,
        Field::DstPort,
        Field::Protocol,
        Field::TcpFlags,
        Field::IpLength,
        Field::Seconds,
        Field::Nanoseconds,
        Field::TcpSeq,
        Field::TcpAck,
        Field::Zero(8),
    ],
);

/// The profiles of the format, narrowest first.
pub const BUILTIN: [&Profile; 5] = [&SOURCE, &KNOCK, &FLOW, &FLOW_TIME, &FLOW6_TIME];

/// Why a description is not a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Ids below 128 belong to the format.
    #[error("profile id {0} is reserved: ids 128 to 255 are free")]
    ReservedId(u8),
    /// The row size is none of those in the format.
    #[error("a row of {0} bytes: it must have 4, 8, 16, 32 or 64")]
    RowSize(usize),
    /// The fields take more or fewer bytes than the row has.
    #[error(
        "the fields take {fields} bytes, the row has {row}: add a zero field or choose another size"
    )]
    Length {
        /// Bytes of all fields.
        fields: usize,
        /// Bytes of the row.
        row: usize,
    },
    /// A field occurs twice.
    #[error("field {0} occurs twice")]
    Repeated(&'static str),
    /// The name is empty or has characters other than letters, digits, `-`, `_` and `.`.
    #[error("its name must be of letters, digits, '-', '_' and '.'")]
    Name,
    /// 4-byte and 16-byte addresses cannot stand in one row: the first sequence IPv4 only.
    #[error("4-byte and 16-byte addresses are mixed")]
    MixedAddresses,
}

/// Whether a profile may have this name: names appear in Verilog comments, in tables and in JSON.
const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if !(bytes[i].is_ascii_alphanumeric() || matches!(bytes[i], b'-' | b'_' | b'.')) {
            return false;
        }
        i += 1;
    }
    i > 0
}

impl Profile {
    const fn builtin(
        id: u8,
        name: &'static str,
        row_bytes: usize,
        fields: &'static [Field],
    ) -> Self {
        let profile = Self {
            id,
            name,
            row_bytes,
            fields,
        };
        match profile.check() {
            Ok(()) => profile,
            Err(_) => panic!("a profile of the format is malformed"),
        }
    }

    /// A user's profile: `id` 128..=255, `row_bytes` 4, 8, 16, 32 or 64, and fields that fill the row.
    ///
    /// # Panics
    ///
    /// If [`try_new`](Self::try_new) reports an error; in a `const`, at compile time.
    pub const fn new(
        id: u8,
        name: &'static str,
        row_bytes: usize,
        fields: &'static [Field],
    ) -> Self {
        match Self::try_new(id, name, row_bytes, fields) {
            Ok(profile) => profile,
            Err(ProfileError::ReservedId(_)) => panic!("profile id below 128"),
            Err(ProfileError::RowSize(_)) => panic!("row size must be 4, 8, 16, 32 or 64"),
            Err(ProfileError::Length { .. }) => panic!("the fields do not fill the row exactly"),
            Err(ProfileError::Repeated(_)) => panic!("a field occurs twice"),
            Err(ProfileError::Name) => panic!("a name is of letters, digits, '-', '_' and '.'"),
            Err(ProfileError::MixedAddresses) => panic!("4- and 16-byte addresses are mixed"),
        }
    }

    /// A user's profile, checked.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if the id is reserved, the row size unknown, the fields do not fill the row, a field is
    /// repeated, addresses of both sizes are mixed, or the name is invalid.
    pub const fn try_new(
        id: u8,
        name: &'static str,
        row_bytes: usize,
        fields: &'static [Field],
    ) -> Result<Self, ProfileError> {
        if id < FIRST_USER_ID {
            return Err(ProfileError::ReservedId(id));
        }
        let profile = Self {
            id,
            name,
            row_bytes,
            fields,
        };
        match profile.check() {
            Ok(()) => Ok(profile),
            Err(e) => Err(e),
        }
    }

    const fn check(&self) -> Result<(), ProfileError> {
        if !matches!(self.row_bytes, 4 | 8 | 16 | 32 | 64) {
            return Err(ProfileError::RowSize(self.row_bytes));
        }
        let (mut total, mut narrow, mut wide, mut i) = (0, false, false, 0);
        while i < self.fields.len() {
            let field = self.fields[i];
            total += field.len();
            narrow |= matches!(field, Field::SrcIp4 | Field::DstIp4);
            wide |= field.is_wide_address();
            if !matches!(field, Field::Zero(_)) && self.position(field, i + 1).is_some() {
                return Err(ProfileError::Repeated(field.name()));
            }
            i += 1;
        }
        if total != self.row_bytes {
            return Err(ProfileError::Length {
                fields: total,
                row: self.row_bytes,
            });
        }
        if narrow && wide {
            return Err(ProfileError::MixedAddresses);
        }
        if !is_name(self.name) {
            return Err(ProfileError::Name);
        }
        Ok(())
    }

    /// Index of the first `field` at or after index `from`. Written by hand because it is `const`.
    const fn position(&self, field: Field, from: usize) -> Option<usize> {
        let mut i = from;
        while i < self.fields.len() {
            let same = match (self.fields[i], field) {
                (Field::Zero(_), _) | (_, Field::Zero(_)) => false,
                (a, b) => const_eq(a.name(), b.name()),
            };
            if same {
                return Some(i);
            }
            i += 1;
        }
        None
    }

    /// The profile of the format with this name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        BUILTIN.into_iter().find(|p| p.name == name)
    }

    /// Profile id, header byte 2.
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// Name on the command line and in documentation.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Row size R in bytes: 4, 8, 16, 32 or 64.
    pub const fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    /// log2 of the row size, header byte 15.
    pub const fn row_log2(&self) -> u8 {
        self.row_bytes.trailing_zeros() as u8
    }

    /// The fields in their order in a row.
    pub const fn fields(&self) -> &'static [Field] {
        self.fields
    }

    /// The fields with their byte offsets in a row.
    pub fn layout(&self) -> impl Iterator<Item = (usize, Field)> + use<> {
        self.fields.iter().scan(0, |at, &field| {
            let offset = *at;
            *at += field.len();
            Some((offset, field))
        })
    }

    /// Byte offset of `field` in a row, if the profile has it.
    pub fn offset(&self, field: Field) -> Option<usize> {
        self.layout().find(|&(_, f)| f == field).map(|(at, _)| at)
    }

    /// Whether IPv6 packets are parsed and sequenced: profiles with 16-byte addresses.
    pub fn has_ipv6(&self) -> bool {
        self.fields.iter().any(|f| f.is_wide_address())
    }

    /// Writes the row of a packet into the first R bytes of `row`.
    ///
    /// # Panics
    ///
    /// When `row` is shorter than [`row_bytes`](Self::row_bytes).
    #[inline]
    pub fn encode(&self, packet: &Parsed, time: Timestamp, row: &mut [u8]) {
        let mut at = 0;
        for &field in self.fields {
            let end = at + field.len();
            let out = &mut row[at..end];
            match field {
                Field::SrcIp4 => out.copy_from_slice(&packet.src[12..]),
                Field::DstIp4 => out.copy_from_slice(&packet.dst[12..]),
                Field::SrcIp => out.copy_from_slice(&packet.src),
                Field::DstIp => out.copy_from_slice(&packet.dst),
                Field::SrcPort => out.copy_from_slice(&packet.src_port),
                Field::DstPort => out.copy_from_slice(&packet.dst_port),
                Field::Protocol => out[0] = packet.protocol,
                Field::TcpFlags => out[0] = packet.tcp_flags,
                Field::IpLength => out.copy_from_slice(&packet.ip_length),
                Field::Seconds => out.copy_from_slice(&time.seconds.to_be_bytes()),
                Field::Nanoseconds => out.copy_from_slice(&time.nanos.to_be_bytes()),
                Field::TcpSeq => out.copy_from_slice(&packet.tcp_seq),
                Field::TcpAck => out.copy_from_slice(&packet.tcp_ack),
                Field::Zero(_) => out.fill(0),
            }
            at = end;
        }
    }

    /// The fields of a row, the inverse of [`encode`](Self::encode). Fields that the profile lacks are zero;
    /// [`Parsed::ip_version`] cannot be derived from a row and is `None`.
    ///
    /// # Panics
    ///
    /// When `row` is shorter than [`row_bytes`](Self::row_bytes).
    pub fn decode(&self, row: &[u8]) -> (Parsed, Timestamp) {
        fn copy<const N: usize>(bytes: &[u8]) -> [u8; N] {
            let mut out = [0; N];
            out.copy_from_slice(bytes);
            out
        }
        let mut packet = Parsed::default();
        let mut time = Timestamp::default();
        let mut at = 0;
        for &field in self.fields {
            let bytes = &row[at..at + field.len()];
            match field {
                Field::SrcIp4 => packet.src[12..].copy_from_slice(bytes),
                Field::DstIp4 => packet.dst[12..].copy_from_slice(bytes),
                Field::SrcIp => packet.src = copy(bytes),
                Field::DstIp => packet.dst = copy(bytes),
                Field::SrcPort => packet.src_port = copy(bytes),
                Field::DstPort => packet.dst_port = copy(bytes),
                Field::Protocol => packet.protocol = bytes[0],
                Field::TcpFlags => packet.tcp_flags = bytes[0],
                Field::IpLength => packet.ip_length = copy(bytes),
                Field::Seconds => time.seconds = u32::from_be_bytes(copy(bytes)),
                Field::Nanoseconds => time.nanos = u32::from_be_bytes(copy(bytes)),
                Field::TcpSeq => packet.tcp_seq = copy(bytes),
                Field::TcpAck => packet.tcp_ack = copy(bytes),
                Field::Zero(_) => {}
            }
            at += field.len();
        }
        (packet, time)
    }
}

/// The row of the profile in the documentation's table (Markdown).
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {} | `{}` | {} | ", self.id, self.name, self.row_bytes)?;
        for (i, field) in self.fields.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{} ({})", field.title(), field.len())?;
        }
        f.write_str(" |")
    }
}

/// String equality in `const` context.
const fn const_eq(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flow_time_starts_with_flow() {
        assert_eq!(FLOW_TIME.fields()[..7], *FLOW.fields());
        assert_eq!(FLOW_TIME.offset(Field::Seconds), Some(16));
        assert_eq!(FLOW6_TIME.offset(Field::TcpAck), Some(52));
        assert_eq!(FLOW6_TIME.offset(Field::SrcIp4), None);
    }

    #[test]
    fn only_wide_addresses_bring_ipv6() {
        let with: [bool; 5] = core::array::from_fn(|i| BUILTIN[i].has_ipv6());
        assert_eq!(with, [false, false, false, false, true]);
    }

    #[test]
    fn bad_descriptions_are_refused() {
        use Field::*;
        let try_new = |id, row, fields| Profile::try_new(id, "x", row, fields);
        assert_eq!(
            try_new(127, 4, &[SrcIp4]),
            Err(ProfileError::ReservedId(127))
        );
        assert_eq!(try_new(128, 5, &[SrcIp4]), Err(ProfileError::RowSize(5)));
        assert_eq!(
            try_new(128, 8, &[SrcIp4]),
            Err(ProfileError::Length { fields: 4, row: 8 })
        );
        assert_eq!(
            try_new(128, 8, &[SrcIp4, SrcIp4]),
            Err(ProfileError::Repeated("src_ip4"))
        );
        assert_eq!(
            try_new(128, 32, &[SrcIp, DstIp4, Zero(12)]),
            Err(ProfileError::MixedAddresses)
        );
        assert!(try_new(255, 8, &[DstIp4, Zero(2), Zero(2)]).is_ok());
        for name in ["", "a b", "a\nb", "x/../y", "é"] {
            let refused = Profile::try_new(255, name, 4, &[SrcIp4]);
            assert_eq!(refused, Err(ProfileError::Name), "{name:?}");
        }
    }
}
