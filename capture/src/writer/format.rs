//! The capture formats that can be written.

use std::str::FromStr;

use crate::ByteOrder;

/// The unit of timestamps in a pcapng file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TsResolution {
    /// 10⁻ⁿ seconds; n is 0..=19, so that a second can be counted in 64 bits.
    Decimal(u8),
    /// 2⁻ⁿ seconds; n is 0..=63.
    Binary(u8),
}

impl TsResolution {
    /// Microseconds, the format's default.
    pub const MICROS: Self = Self::Decimal(6);
    /// Nanoseconds.
    pub const NANOS: Self = Self::Decimal(9);

    /// The byte of option `if_tsresol`. Powers above the range are clamped to its maximum.
    pub(super) fn option(self) -> u8 {
        match self {
            Self::Decimal(power) => power.min(19),
            Self::Binary(power) => power.min(63) | 0x80,
        }
    }

    /// Units in a second.
    pub(super) fn per_second(self) -> u64 {
        match self {
            Self::Decimal(power) => 10_u64.pow(power.min(19).into()),
            Self::Binary(power) => 1 << power.min(63),
        }
    }
}

/// The format of a capture to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WriteFormat {
    /// pcap with microseconds; smaller fractions are truncated. Seconds modulo 2³².
    Pcap,
    /// pcap with nanoseconds. Seconds modulo 2³².
    #[default]
    PcapNs,
    /// pcapng: one section, one interface, Enhanced Packet Blocks.
    PcapNg {
        /// Unit of the timestamps; smaller fractions are truncated, and values beyond 64 bits are taken modulo 2⁶⁴.
        resolution: TsResolution,
        /// Seconds that readers add to every timestamp (option `if_tsoffset`), written only if not zero. Units below a
        /// nanosecond need it, since 64 bits hold only 213 days of picoseconds.
        offset: i64,
    },
}

impl WriteFormat {
    /// pcapng with nanoseconds.
    pub const PCAPNG: Self = Self::PcapNg {
        resolution: TsResolution::NANOS,
        offset: 0,
    };
}

/// A text that is not the name of a capture format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown capture format {0:?}: expected pcap, pcap-ns or pcapng")]
pub struct UnknownFormat(String);

impl FromStr for WriteFormat {
    type Err = UnknownFormat;

    /// Parses `pcap`, `pcap-ns` or `pcapng` (with nanoseconds).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "pcap" => Ok(Self::Pcap),
            "pcap-ns" => Ok(Self::PcapNs),
            "pcapng" => Ok(Self::PCAPNG),
            other => Err(UnknownFormat(other.into())),
        }
    }
}

/// Options for writing a capture. The default is a nanosecond little-endian pcap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WriteOptions {
    /// File format.
    pub format: WriteFormat,
    /// Byte order of the headers.
    pub byte_order: ByteOrder,
}

impl From<WriteFormat> for WriteOptions {
    fn from(format: WriteFormat) -> Self {
        Self {
            format,
            byte_order: ByteOrder::default(),
        }
    }
}
