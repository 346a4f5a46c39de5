//! Reading captures: pcap and pcapng, streamed through one buffer.
//!
//! [`CaptureReader::next_packet`] lends each packet out of the buffer, so a capture of any length is read in constant
//! memory and without an allocation per packet. Parsing is layered: [`chunks`](self) keeps a window of the file, the
//! format modules find the next record at the front of the window, and the reader adds packet number, offset and file
//! name to any error. Below the window a capture may be compressed; above it, packets captured without an Ethernet
//! header are given one.

mod account;
mod chunks;
mod interface;
mod link;
mod pcap;
mod pcapng;
mod sniff;
mod source;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::ByteOrder;
use crate::{CaptureError, LinkType, Timestamp};
use chunks::Chunks;
use pcap::PcapRecords;
use pcapng::PcapNgBlocks;
use sniff::Magic;
use source::{Source, StreamFault};

pub use account::{Account, Carried, Cut};
pub use link::LeftOut;
pub use source::Compression;

/// Number of bytes read at a time: they stay in a core's second-level cache between the kernel's copy and the parser.
/// 128 KiB to 512 KiB measure alike, 32 KiB and 4 MiB a tenth slower.
const CHUNK: usize = 256 << 10;

/// How far behind a fault to look for damage to a compressed stream, in bytes: this takes a second at most.
const AHEAD: u64 = 256 << 20;

/// One captured packet, lent by the reader or the trace generator until the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Number of the packet in its capture, counted from 1 as Wireshark shows it.
    pub index: u64,
    /// Offset of the packet's record in the file, or in the decompressed stream, in bytes; 0 for a generated packet.
    pub offset: u64,
    /// Time of receipt; 1970 for a pcapng Simple Packet Block, which has no timestamp.
    pub timestamp: Timestamp,
    /// Length on the wire in bytes, from the destination MAC address on. In some records of real captures it is below
    /// `data.len()`.
    pub original_len: u32,
    /// Captured bytes, from the destination MAC address on; possibly none.
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

/// A record at the front of the window. The reader keeps one, which the format modules fill: returning records by value
/// costs a third more.
#[derive(Default)]
struct Record {
    timestamp: Timestamp,
    original_len: u32,
    link_type: LinkType,
    /// Whether the fraction of a second was a second or more.
    carried: bool,
    /// Bytes before the packet's data.
    skip: u32,
    captured: u32,
    /// Length of the whole record.
    total: u32,
}

impl Record {
    /// The captured bytes of the packet, once the record has been consumed.
    #[inline]
    fn data<'c>(&self, chunks: &'c Chunks) -> &'c [u8] {
        let (skip, captured) = (self.skip as usize, self.captured as usize);
        &chunks.taken(self.total as usize)[skip..skip + captured]
    }
}

/// An error found by a format module, before the reader adds the place.
enum Fault {
    /// Boxed, because results pass through memory with every packet.
    Stream(Box<StreamFault>),
    TruncatedHeader,
    Truncated {
        have: u64,
        need: u64,
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

impl From<Box<StreamFault>> for Fault {
    fn from(fault: Box<StreamFault>) -> Self {
        Self::Stream(fault)
    }
}

enum Records {
    Pcap(PcapRecords),
    PcapNg(PcapNgBlocks),
}

/// A capture being read from beginning to end.
///
/// Packets come with an Ethernet header. Those of the other link types in [`LinkType::READ`] are given one: its
/// EtherType is that of their payload, its addresses are zero, except for the source of a Linux cooked capture that has
/// one. Packets that cannot be read this way are left out, and counted in the [`account`](Self::account). A capture
/// that is cut short ends before its last, incomplete packet, and the account says so. [`strict`](Self::strict) turns
/// both into errors.
/// packet that is not whole. The account says so; [`strict`](Self::strict) makes errors of both.
pub struct CaptureReader {
    chunks: Chunks,
    records: Records,
    name: String,
    compression: Option<Compression>,
    strict: bool,
    /// The last record found.
    record: Record,
    packets: u64,
    /// Whether a packet with a supported link type has come.
    any_read: bool,
    unread: Option<Unread>,
    account: Account,
    /// A packet with the Ethernet header it was given.
    scratch: Vec<u8>,
    total_bytes: Option<u64>,
    /// Whether the end or an error was reached; nothing more is read then.
    finished: bool,
}

/// The first packet whose link type is not supported.
#[derive(Clone, Copy)]
struct Unread {
    packet: u64,
    offset: u64,
    link_type: LinkType,
}

/// Why a file cannot be opened.
enum Refusal {
    Fault(Fault),
    NotACapture,
}

impl<F: Into<Fault>> From<F> for Refusal {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
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

    /// Reads a capture from any [`Read`]; `name` stands for the file in errors.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_read(
        source: impl Read + Send + 'static,
        name: impl Into<String>,
    ) -> Result<Self, CaptureError> {
        Self::start(Box::new(source), name.into(), None, CHUNK)
    }

    /// As [`from_read`](Self::from_read), reading `chunk` bytes at a time (at least 1). For tests and fuzzing: results
    /// do not depend on the chunk size.
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
        let mut chunks = Chunks::new(Source::Plain(source), chunk);
        let mut compression = None;
        let opened = match Self::decompress(&mut chunks, chunk, &mut compression) {
            Ok(()) => Self::records(&mut chunks),
            Err(fault) => Err(Refusal::Fault(fault)),
        };
        match opened {
            Ok(records) => Ok(Self {
                chunks,
                records,
                name,
                compression,
                strict: false,
                record: Record::default(),
                packets: 0,
                any_read: false,
                unread: None,
                account: Account::default(),
                scratch: Vec::new(),
                total_bytes,
                finished: false,
            }),
            Err(Refusal::Fault(fault)) => {
                Err(Place::header(&name, compression, &chunks).locate(fault))
            }
            Err(Refusal::NotACapture) => Err(not_a_capture(chunks.window(), name, compression)),
        }
    }

    /// Puts a decompressor behind `chunks` if the first bytes call for one.
    fn decompress(
        chunks: &mut Chunks,
        chunk: usize,
        compression: &mut Option<Compression>,
    ) -> Result<(), Fault> {
        chunks.require(4)?;
        *compression = Compression::of(chunks.window());
        if let Some(compression) = *compression {
            let nothing = Chunks::new(Source::Plain(Box::new(io::empty())), 1);
            let compressed = std::mem::replace(chunks, nothing);
            *chunks = Chunks::new(
                Source::decompressing(compressed, compression).map_err(Box::new)?,
                chunk,
            );
        }
        Ok(())
    }

    fn records(chunks: &mut Chunks) -> Result<Records, Refusal> {
        /// Enough bytes to tell what else a file may be.
        const HEAD: usize = 512;
        chunks.require(4)?;
        match sniff::magic(chunks.window()) {
            Some(Magic::Pcap(variant)) => Ok(Records::Pcap(PcapRecords::open(chunks, variant)?)),
            Some(Magic::PcapNg) => Ok(Records::PcapNg(PcapNgBlocks::open(chunks)?)),
            None => {
                chunks.require(HEAD)?;
                let head = chunks.window();
                let cut = head.is_empty() && chunks.is_cut();
                Err(if cut || sniff::begins_like_a_capture(head) {
                    Refusal::Fault(Fault::TruncatedHeader)
                } else {
                    Refusal::NotACapture
                })
            }
        }
    }

    /// Turns into errors what is otherwise only counted: packets left out, and an incomplete last packet.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The next packet, or `None` at the end of the capture. After an error the capture is at its end.
    ///
    /// # Errors
    /// If the capture is damaged, reading fails, or none of its packets has a supported link type; with
    /// [`strict`](Self::strict) also if a packet is left out or incomplete.
    #[inline]
    pub fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        while !self.finished {
            let found = match &mut self.records {
                Records::Pcap(records) => records.next(&mut self.chunks, &mut self.record),
                Records::PcapNg(blocks) => blocks.next(&mut self.chunks, &mut self.record),
            };
            match found {
                Ok(true) => {
                    let record = &self.record;
                    self.packets += 1;
                    if record.carried {
                        self.account.carry(self.packets);
                    }
                    let offset = self.chunks.offset();
                    self.chunks.take(record.total as usize);
                    if record.link_type == LinkType::ETHERNET {
                        self.any_read = true;
                        return Ok(Some(Packet {
                            index: self.packets,
                            offset,
                            timestamp: record.timestamp,
                            original_len: record.original_len,
                            data: record.data(&self.chunks),
                        }));
                    }
                    if let Some(original_len) = self.give_header(offset)? {
                        return Ok(Some(Packet {
                            index: self.packets,
                            offset,
                            timestamp: self.record.timestamp,
                            original_len,
                            data: &self.scratch,
                        }));
                    }
                }
                Ok(false) => return self.end(None).map(|()| None),
                Err(fault) => return self.end(Some(fault)).map(|()| None),
            }
        }
        Ok(None)
    }

    /// Puts the packet of the last record, with an Ethernet header, into the scratch buffer; returns its original
    /// length, or `None` if the packet is left out.
    #[inline(never)]
    fn give_header(&mut self, offset: u64) -> Result<Option<u32>, CaptureError> {
        let record = &self.record;
        let link_type = record.link_type;
        let data = record.data(&self.chunks);
        match link::exchange(link_type, data, record.original_len) {
            Ok(exchange) => {
                self.scratch.clear();
                self.scratch.extend_from_slice(&exchange.header);
                self.scratch.extend_from_slice(&data[exchange.skip..]);
                self.account.convert(link_type);
                self.any_read = true;
                let payload = record.original_len.saturating_sub(exchange.skip as u32);
                Ok(Some(payload.saturating_add(link::ETHERNET as u32)))
            }
            Err(why) => {
                self.account.leave_out(link_type, why);
                let packet = self.packets;
                if self.strict {
                    self.finished = true;
                    return Err(CaptureError::LeftOut {
                        file: self.place_name(),
                        packet,
                        offset,
                        link_type,
                        why,
                    });
                }
                match why {
                    LeftOut::LinkType => {
                        self.unread.get_or_insert(Unread {
                            packet,
                            offset,
                            link_type,
                        });
                    }
                    LeftOut::Payload | LeftOut::Short => self.any_read = true,
                }
                Ok(None)
            }
        }
    }

    /// Handles the end of the capture, complete or not.
    #[cold]
    #[inline(never)]
    fn end(&mut self, fault: Option<Fault>) -> Result<(), CaptureError> {
        self.finished = true;
        let place = Place {
            file: self.place_name(),
            packet: self.packets + 1,
            offset: match &self.records {
                Records::Pcap(_) => self.chunks.offset(),
                Records::PcapNg(blocks) => blocks.start(),
            },
            end: self.chunks.offset() + self.chunks.window().len() as u64,
        };
        // Damage to a compressed stream may show in the decompressed data before the decompressor detects it.
        let fault = match fault {
            Some(fault @ (Fault::AbsurdLength(_) | Fault::Malformed(_)))
                if self.compression.is_some() =>
            {
                match self.chunks.skip(AHEAD) {
                    Err(damage) if matches!(*damage, StreamFault::Damaged { .. }) => {
                        Some(Fault::Stream(damage))
                    }
                    _ => Some(fault),
                }
            }
            other => other,
        };
        let cut = match fault {
            Some(Fault::Truncated { have, need }) => Some((have, need)),
            Some(fault) => return Err(place.locate(fault)),
            None if self.chunks.is_cut() => Some((0, 1)),
            None => None,
        };
        if let Some((have, need)) = cut {
            if self.strict {
                return Err(place.locate(Fault::Truncated { have, need }));
            }
            self.account.cut = Some(Cut {
                packet: place.packet,
                offset: place.offset,
                have,
            });
        }
        match self.unread {
            Some(unread) if !self.any_read => Err(CaptureError::LinkType {
                file: self.place_name(),
                packet: Some((unread.packet, unread.offset)),
                link_type: unread.link_type,
            }),
            _ => Ok(()),
        }
    }

    /// The name of the stream that offsets refer to.
    fn place_name(&self) -> String {
        place_name(&self.name, self.compression)
    }

    /// The account so far of everything besides complete Ethernet packets.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Compression of the file; `None` if it is not compressed.
    #[must_use]
    pub fn compression(&self) -> Option<Compression> {
        self.compression
    }

    /// Bytes of the file consumed so far, for progress.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.chunks.file_offset()
    }

    /// Length of the file in bytes; `None` if it is not a regular file.
    #[must_use]
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// Packets read so far, including those left out.
    #[must_use]
    pub fn packets_read(&self) -> u64 {
        self.packets
    }

    /// The link type: in pcap that of all packets, in pcapng that of the first interface described so far.
    #[must_use]
    pub fn link_type(&self) -> Option<LinkType> {
        match &self.records {
            Records::Pcap(records) => Some(records.link_type()),
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

    /// The file's name as shown in errors.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The name of the stream that offsets refer to.
fn place_name(name: &str, compression: Option<Compression>) -> String {
    match compression {
        None => name.to_owned(),
        Some(_) => format!("{name} (decompressed)"),
    }
}

#[cold]
fn not_a_capture(head: &[u8], name: String, compression: Option<Compression>) -> CaptureError {
    let file = place_name(&name, compression);
    if head.is_empty() {
        return CaptureError::Empty { file };
    }
    let sniff::Impression { looks_like, remedy } = sniff::impression(head);
    CaptureError::NotACapture {
        file,
        looks_like,
        remedy: match compression {
            None => remedy,
            Some(_) => sniff::WITHIN,
        },
    }
}

/// The place of a fault in a capture.
struct Place {
    file: String,
    /// Number of the expected packet.
    packet: u64,
    /// Offset of its record or block.
    offset: u64,
    /// End of the bytes available.
    end: u64,
}

impl Place {
    /// A place in the header of a file.
    fn header(name: &str, compression: Option<Compression>, chunks: &Chunks) -> Self {
        Self {
            file: place_name(name, compression),
            packet: 1,
            offset: 0,
            end: chunks.offset() + chunks.window().len() as u64,
        }
    }

    /// Adds file, packet number and offset to a fault.
    fn locate(self, fault: Fault) -> CaptureError {
        let Self {
            file,
            packet,
            offset,
            end,
        } = self;
        match fault {
            Fault::Stream(fault) => match *fault {
                StreamFault::Io(source) => CaptureError::Unreadable {
                    file,
                    offset: end,
                    source,
                },
                StreamFault::Damaged {
                    compression,
                    at,
                    what,
                } => CaptureError::DamagedStream {
                    file,
                    compression,
                    at,
                    packet,
                    offset,
                    what,
                },
                StreamFault::Window => CaptureError::LargeWindow {
                    file,
                    packet,
                    offset,
                },
                StreamFault::Cut => CaptureError::TruncatedHeader { file, have: end },
            },
            Fault::TruncatedHeader => CaptureError::TruncatedHeader { file, have: end },
            Fault::Truncated { have, need } => CaptureError::Truncated {
                file,
                packet,
                offset,
                have,
                need,
            },
            Fault::AbsurdLength(length) => CaptureError::AbsurdLength {
                file,
                packet,
                offset,
                length,
            },
            Fault::LinkType(link_type) => CaptureError::LinkType {
                file,
                packet: None,
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
}
