//! Records of the classic pcap format.
//!
//! Framing is `pcap-file`'s [`PcapParser::next_raw_packet`]. Its validating sibling `next_packet` is not used, because it
//! refuses files that Wireshark reads: records longer than the snap length in the file header, records whose original
//! length is below the captured one, and fractions of a second or more. Of these the lengths are handed on as recorded,
//! and the fraction is carried into the seconds. Two more things are done here because `pcap-file` leaves them out: the
//! frame-check-sequence flags in the upper bits of the link type are set aside, and the file's version is checked.

use pcap_file::Endianness;
use pcap_file::pcap::{PcapParseError, PcapParser, PcapTsResolution};

use super::chunks::Chunks;
use super::{CaptureFormat, Fault, Record};
use crate::ByteOrder;
use crate::{LinkType, MAX_RECORD_LEN, Timestamp};

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// The state of a pcap file between records: what its header said.
pub(super) struct PcapRecords {
    parser: PcapParser,
    nanosecond: bool,
    big_endian: bool,
    /// Before version 2.3 the two lengths of a record stood the other way round.
    swapped_lengths: bool,
}

impl PcapRecords {
    /// Consumes the file header.
    pub(super) fn open(chunks: &mut Chunks) -> Result<Self, Fault> {
        if !chunks.require(FILE_HEADER)? {
            return Err(Fault::TruncatedHeader);
        }
        let parser = match PcapParser::new(chunks.window()) {
            Ok((_, parser)) => parser,
            Err(error) => return Err(Fault::Malformed(error.to_string())),
        };
        let header = parser.header();
        if header.version_major != 2 {
            return Err(Fault::Version {
                format: "pcap",
                major: header.version_major,
                minor: header.version_minor,
            });
        }
        let link_type = LinkType::from_pcap_header(header.datalink.into());
        if link_type != LinkType::ETHERNET {
            return Err(Fault::LinkType(link_type));
        }
        chunks.take(FILE_HEADER);
        Ok(Self {
            nanosecond: header.ts_resolution == PcapTsResolution::NanoSecond,
            big_endian: header.endianness == Endianness::Big,
            swapped_lengths: header.version_minor < 3,
            parser,
        })
    }

    pub(super) fn format(&self) -> CaptureFormat {
        CaptureFormat::Pcap {
            nanosecond: self.nanosecond,
            byte_order: if self.big_endian {
                ByteOrder::Big
            } else {
                ByteOrder::Little
            },
        }
    }

    /// Finds the next record; its bytes are then at the front of the window.
    #[inline]
    pub(super) fn next(&self, chunks: &mut Chunks) -> Result<Option<Record>, Fault> {
        loop {
            let window = chunks.window();
            match self.parser.next_raw_packet(window) {
                Ok((_, raw)) => {
                    let (captured, original) = (raw.incl_len as usize, raw.orig_len);
                    if captured > MAX_RECORD_LEN {
                        return Err(Fault::AbsurdLength(captured as u64));
                    }
                    if self.swapped_lengths && captured != original as usize {
                        return Err(Fault::Malformed(
                            "a pcap older than version 2.3, which stores its two lengths the other way round".into(),
                        ));
                    }
                    let seconds = u64::from(raw.ts_sec);
                    let timestamp = if self.nanosecond {
                        Timestamp::new(seconds, raw.ts_frac)
                    } else {
                        let (carry, micros) = (raw.ts_frac / 1_000_000, raw.ts_frac % 1_000_000);
                        Timestamp {
                            seconds: seconds + u64::from(carry),
                            nanos: micros * 1000,
                        }
                    };
                    return Ok(Some(Record {
                        timestamp,
                        original_len: original,
                        skip: RECORD_HEADER,
                        captured,
                        total: RECORD_HEADER + captured,
                    }));
                }
                Err(PcapParseError::IncompleteBuffer(..)) => {
                    if !self.read_on(chunks)? {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(Fault::Malformed(error.to_string())),
            }
        }
    }

    /// Brings the whole next record into the window; false at the end of the file.
    #[cold]
    fn read_on(&self, chunks: &mut Chunks) -> Result<bool, Fault> {
        if !chunks.require(RECORD_HEADER)? {
            return match chunks.window().len() {
                0 => Ok(false),
                have => Err(Fault::Truncated {
                    have,
                    need: RECORD_HEADER,
                }),
            };
        }
        let length: [u8; 4] = chunks.window()[8..12].try_into().unwrap_or_default();
        let length = if self.big_endian {
            u32::from_be_bytes(length)
        } else {
            u32::from_le_bytes(length)
        } as usize;
        if length > MAX_RECORD_LEN {
            return Err(Fault::AbsurdLength(length as u64));
        }
        let need = RECORD_HEADER + length;
        if !chunks.require(need)? {
            return Err(Fault::Truncated {
                have: chunks.window().len(),
                need,
            });
        }
        Ok(true)
    }
}
