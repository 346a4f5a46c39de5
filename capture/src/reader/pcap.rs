//! Records of the classic pcap format, and of its older and modified forms, as libpcap reads them:
//!
//! * versions 2.0 to 2.4, and 543.0, which tcpdump of DG/UX wrote. Before 2.3, and in 543.0, the two lengths of a
//!   record are swapped. Some writers of 2.3 swapped them, too: in 2.3 they count as swapped if the first is the larger
//!   one;
//! * Kuznetzov's modified pcap, whose record headers have eight more bytes, which are ignored.
//!
//! Framing is done here because `pcap-file` supports none of these. It also rejects what Wireshark reads: records
//! longer than the snap length in the file header, records whose original length is below the captured one, and
//! fractions of a second that reach a second. Here the lengths are handed on as recorded, and the fraction is carried
//! into the seconds and counted.

use super::chunks::Chunks;
use super::{CaptureFormat, Fault, Record};
use crate::ByteOrder;
use crate::{LinkType, MAX_RECORD_LEN, Timestamp};

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
/// Kuznetzov's header: interface, protocol, kind of packet and a byte of padding are added.
const MODIFIED_RECORD_HEADER: usize = RECORD_HEADER + 8;

/// The meaning of a magic number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    nanosecond: bool,
    modified: bool,
    order: ByteOrder,
}

impl Variant {
    const fn new(nanosecond: bool, modified: bool, order: ByteOrder) -> Self {
        Self {
            nanosecond,
            modified,
            order,
        }
    }

    /// The magic numbers as stored in a file.
    pub(super) const MAGICS: [([u8; 4], Self); 6] = [
        (
            [0xA1, 0xB2, 0xC3, 0xD4],
            Self::new(false, false, ByteOrder::Big),
        ),
        (
            [0xD4, 0xC3, 0xB2, 0xA1],
            Self::new(false, false, ByteOrder::Little),
        ),
        (
            [0xA1, 0xB2, 0x3C, 0x4D],
            Self::new(true, false, ByteOrder::Big),
        ),
        (
            [0x4D, 0x3C, 0xB2, 0xA1],
            Self::new(true, false, ByteOrder::Little),
        ),
        (
            [0xA1, 0xB2, 0xCD, 0x34],
            Self::new(false, true, ByteOrder::Big),
        ),
        (
            [0x34, 0xCD, 0xB2, 0xA1],
            Self::new(false, true, ByteOrder::Little),
        ),
    ];
}

/// The order of a record's two lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    OriginalFirst,
    /// The smaller one is the captured length.
    Either,
}

/// The state of a pcap file between records: the content of its header.
pub(super) struct PcapRecords {
    order: ByteOrder,
    nanosecond: bool,
    record_header: usize,
    lengths: Lengths,
    link_type: LinkType,
}

impl PcapRecords {
    /// Consumes the file header.
    pub(super) fn open(chunks: &mut Chunks, variant: Variant) -> Result<Self, Fault> {
        if !chunks.require(FILE_HEADER)? {
            return Err(Fault::TruncatedHeader);
        }
        let Variant {
            nanosecond,
            modified,
            order,
        } = variant;
        let header = chunks.window();
        let (major, minor) = (order.u16_at(header, 4), order.u16_at(header, 6));
        let lengths = match (major, minor) {
            (2, 0..=2) | (543, 0) => Lengths::OriginalFirst,
            (2, 3) => Lengths::Either,
            (2, 4) => Lengths::CapturedFirst,
            _ => {
                return Err(Fault::Version {
                    format: "pcap",
                    major,
                    minor,
                });
            }
        };
        let link_type = LinkType::from_pcap_header(order.u32_at(header, 20));
        if !link_type.is_read() {
            return Err(Fault::LinkType(link_type));
        }
        chunks.take(FILE_HEADER);
        Ok(Self {
            order,
            nanosecond,
            record_header: match modified {
                true => MODIFIED_RECORD_HEADER,
                false => RECORD_HEADER,
            },
            lengths,
            link_type,
        })
    }

    pub(super) fn format(&self) -> CaptureFormat {
        CaptureFormat::Pcap {
            nanosecond: self.nanosecond,
            byte_order: self.order,
        }
    }

    pub(super) fn link_type(&self) -> LinkType {
        self.link_type
    }

    /// Finds the next record and brings its bytes to the front of the window. False at the end of the file.
    #[inline]
    pub(super) fn next(&self, chunks: &mut Chunks, record: &mut Record) -> Result<bool, Fault> {
        if !chunks.require(self.record_header)? {
            return match chunks.window().len() {
                0 => Ok(false),
                have => Err(Fault::Truncated {
                    have: have as u64,
                    need: self.record_header as u64,
                }),
            };
        }
        let order = self.order;
        let header = chunks.window();
        let (seconds, fraction) = (order.u32_at(header, 0), order.u32_at(header, 4));
        let (first, second) = (order.u32_at(header, 8), order.u32_at(header, 12));
        let (captured, original_len) = match self.lengths {
            Lengths::CapturedFirst => (first, second),
            Lengths::Either if first <= second => (first, second),
            Lengths::OriginalFirst | Lengths::Either => (second, first),
        };
        let captured = captured as usize;
        if captured > MAX_RECORD_LEN {
            return Err(Fault::AbsurdLength(captured as u64));
        }
        let total = self.record_header + captured;
        if !chunks.require(total)? {
            return Err(Fault::Truncated {
                have: chunks.window().len() as u64,
                need: total as u64,
            });
        }
        let (carry, nanos) = match self.nanosecond {
            true => (fraction / 1_000_000_000, fraction % 1_000_000_000),
            false => (fraction / 1_000_000, fraction % 1_000_000 * 1000),
        };
        *record = Record {
            timestamp: Timestamp {
                seconds: u64::from(seconds) + u64::from(carry),
                nanos,
            },
            original_len,
            link_type: self.link_type,
            carried: carry > 0,
            skip: self.record_header as u32,
            captured: captured as u32,
            total: total as u32,
        };
        Ok(true)
    }
}
