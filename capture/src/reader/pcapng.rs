//! Blocks of the pcapng format.
//!
//! `pcap-file` 3.0.0-rc.3 parses pcapng, too, but neither its `next_block` nor its `next_raw_block` is suitable here.
//! Both decode Interface Description Blocks strictly, and so end the file at: a resolution finer than 10⁻⁹ or 2⁻²⁹ s
//! (picosecond captures exist), a reserved field that is not zero, any option of odd size or with text that is not
//! UTF-8. Both reject block lengths that are not a multiple of four, although Wireshark reads such files. `next_block`
//! also rejects times before 1970 and an original length below the captured one, parses every option of every packet,
//! with allocations, and fails on blocks that could be skipped (a name resolution block with odd text). Whatever it
//! does accept is read the same way here; a test compares the two.
//!
//! The captured length of a Simple Packet Block is the smaller of its original length and its interface's snap length.
//! In other blocks a packet longer than the snap length is handed on whole, as in Wireshark.
//!
//! Blocks without packets are not loaded into memory whole, so they may have any size.

use super::chunks::Chunks;
use super::interface::{Clock, Interface};
use super::{CaptureFormat, Fault, Record};
use crate::ByteOrder;
use crate::{LinkType, MAX_RECORD_LEN, Timestamp};

const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

const BYTE_ORDER_MAGIC: u32 = 0x1A2B_3C4D;
/// Type and length before the body; the length alone is repeated after it.
const BLOCK_HEADER: usize = 8;
const BLOCK_MIN: usize = 12;
/// Room for the longest packet with header and trailer.
const BLOCK_MAX: usize = MAX_RECORD_LEN + 64;

/// The state of a pcapng file between blocks: its current section.
pub(super) struct PcapNgBlocks {
    order: ByteOrder,
    interfaces: Vec<Interface>,
    /// Where the current block starts, in bytes from the start of the capture.
    start: u64,
}

/// The header of a block.
struct Block {
    kind: u32,
    /// Length with header and trailer, as announced.
    length: u32,
    /// Length with header and trailer, padded.
    total: u64,
}

impl PcapNgBlocks {
    /// Consumes the first section header.
    pub(super) fn open(chunks: &mut Chunks) -> Result<Self, Fault> {
        let mut blocks = Self {
            order: ByteOrder::Little,
            interfaces: Vec::new(),
            start: 0,
        };
        let opened = match blocks.block(chunks) {
            Ok(Some(block)) => blocks
                .begin_section(chunks, &block)
                .and_then(|()| blocks.end(chunks, &block)),
            Ok(None) => Err(Fault::TruncatedHeader),
            Err(fault) => Err(fault),
        };
        match opened {
            Ok(()) => Ok(blocks),
            Err(Fault::Truncated { .. }) => Err(Fault::TruncatedHeader),
            Err(fault) => Err(fault),
        }
    }

    pub(super) fn format(&self) -> CaptureFormat {
        CaptureFormat::PcapNg {
            byte_order: self.order,
        }
    }

    /// The link type of the first interface of the section, once it has been described.
    pub(super) fn link_type(&self) -> Option<LinkType> {
        self.interfaces.first().map(|interface| interface.link_type)
    }

    /// Position where the current block starts.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Finds the next packet, skipping other blocks, and brings its block to the front of the window. False at the end
    /// of the file.
    #[inline]
    pub(super) fn next(&mut self, chunks: &mut Chunks, record: &mut Record) -> Result<bool, Fault> {
        loop {
            let Some(block) = self.block(chunks)? else {
                return Ok(false);
            };
            match block.kind {
                ENHANCED_PACKET | OBSOLETE_PACKET | SIMPLE_PACKET => {
                    let bytes = self.whole(chunks, &block)?;
                    *record = match block.kind {
                        SIMPLE_PACKET => self.simple_packet(bytes)?,
                        kind => self.packet(bytes, kind == OBSOLETE_PACKET)?,
                    };
                    return Ok(true);
                }
                SECTION_HEADER => self.begin_section(chunks, &block)?,
                INTERFACE_DESCRIPTION => self.describe_interface(chunks, &block)?,
                _ => {}
            }
            self.end(chunks, &block)?;
        }
    }

    /// Brings the header of the next block into the window; `None` at the end of the file.
    #[inline]
    fn block(&mut self, chunks: &mut Chunks) -> Result<Option<Block>, Fault> {
        self.start = chunks.offset();
        if !chunks.require(BLOCK_MIN)? {
            return match chunks.window().len() {
                0 => Ok(None),
                have => Err(Fault::Truncated {
                    have: have as u64,
                    need: BLOCK_MIN as u64,
                }),
            };
        }
        let window = chunks.window();
        // A section header's type reads the same in both byte orders, and its first field gives the byte order of the
        // rest.
        let order = if window[..4] == SECTION_HEADER.to_be_bytes() {
            section_order(window)?
        } else {
            self.order
        };
        let kind = order.u32_at(window, 0);
        let length = order.u32_at(window, 4);
        if (length as usize) < BLOCK_MIN {
            return Err(malformed(format!(
                "a block announces {length} bytes; no block has fewer than {BLOCK_MIN}"
            )));
        }
        Ok(Some(Block {
            kind,
            length,
            // Some writers omit the padding from the length, but not from the file.
            total: u64::from(length).next_multiple_of(4),
        }))
    }

    /// Loads a packet's block into the window as a whole and checks its two lengths.
    #[inline]
    fn whole<'c>(&self, chunks: &'c mut Chunks, block: &Block) -> Result<&'c [u8], Fault> {
        if block.total > BLOCK_MAX as u64 {
            return Err(Fault::AbsurdLength(block.length.into()));
        }
        let total = block.total as usize;
        self.require(chunks, block, total)?;
        let bytes = &chunks.window()[..total];
        self.check_trailer(&bytes[total - 4..], block)?;
        Ok(bytes)
    }

    /// Skips the rest of a block without a packet, which may have any size, and checks its two lengths.
    fn end(&self, chunks: &mut Chunks, block: &Block) -> Result<(), Fault> {
        let trailer = self.start + block.total - 4;
        if !chunks.skip(trailer - chunks.offset())? {
            return Err(self.truncated(chunks, block));
        }
        self.require(chunks, block, 4)?;
        self.check_trailer(&chunks.window()[..4], block)?;
        chunks.take(4);
        Ok(())
    }

    fn check_trailer(&self, trailer: &[u8], block: &Block) -> Result<(), Fault> {
        match self.order.u32_at(trailer, 0) {
            same if same == block.length => Ok(()),
            other => Err(malformed(format!(
                "a block announces {} bytes before its body and {other} after it",
                block.length
            ))),
        }
    }

    /// Brings the next `need` bytes of a block into the window.
    #[inline]
    fn require(&self, chunks: &mut Chunks, block: &Block, need: usize) -> Result<(), Fault> {
        match chunks.require(need)? {
            true => Ok(()),
            false => Err(self.truncated(chunks, block)),
        }
    }

    #[cold]
    fn truncated(&self, chunks: &Chunks, block: &Block) -> Fault {
        Fault::Truncated {
            have: chunks.offset() - self.start + chunks.window().len() as u64,
            need: block.total,
        }
    }

    #[cold]
    fn begin_section(&mut self, chunks: &mut Chunks, block: &Block) -> Result<(), Fault> {
        if block.length < 28 {
            return Err(malformed("a section header block is too short".into()));
        }
        self.require(chunks, block, 16)?;
        let window = chunks.window();
        let order = section_order(window)?;
        let (major, minor) = (order.u16_at(window, 12), order.u16_at(window, 14));
        // Some writers put 1.2 although the format is still 1.0.
        if major != 1 {
            return Err(Fault::Version {
                format: "pcapng",
                major,
                minor,
            });
        }
        self.order = order;
        self.interfaces.clear();
        Ok(())
    }

    #[cold]
    fn describe_interface(&mut self, chunks: &mut Chunks, block: &Block) -> Result<(), Fault> {
        /// Header, link type, a reserved field and snap length.
        const FIXED: usize = BLOCK_HEADER + 8;
        if block.length < 20 {
            return Err(malformed(
                "an interface description block is too short".into(),
            ));
        }
        let order = self.order;
        self.require(chunks, block, FIXED)?;
        let link_type = LinkType::from_file(order.u16_at(chunks.window(), 8).into());
        let snaplen = order.u32_at(chunks.window(), 12);
        chunks.take(FIXED);
        let mut clock = Clock::default();
        let (mut has_resolution, mut has_offset) = (false, false);
        let mut left = block.total - (FIXED + 4) as u64;
        // The first occurrence of an option counts.
        while left >= 4 {
            self.require(chunks, block, 4)?;
            let window = chunks.window();
            let (code, length) = (
                order.u16_at(window, 0),
                usize::from(order.u16_at(window, 2)),
            );
            // End of options; its length is ignored.
            if code == 0 {
                break;
            }
            if (4 + length) as u64 > left {
                return Err(malformed(format!(
                    "option {code} of an interface reaches beyond its block"
                )));
            }
            self.require(chunks, block, 4 + length)?;
            match (code, &chunks.window()[4..4 + length]) {
                (9, &[resolution]) if !has_resolution => {
                    clock.set_resolution(resolution);
                    has_resolution = true;
                }
                (14, value) if length == 8 && !has_offset => {
                    clock.offset = order.u64_at(value, 0) as i64;
                    has_offset = true;
                }
                // Reading on with the wrong clock would be worse than stopping.
                (9, _) if !has_resolution => {
                    return Err(malformed(format!(
                        "option if_tsresol has {length} bytes instead of 1"
                    )));
                }
                (14, _) if !has_offset => {
                    return Err(malformed(format!(
                        "option if_tsoffset has {length} bytes instead of 8"
                    )));
                }
                _ => {}
            }
            let padded = left.min((4 + length.next_multiple_of(4)) as u64);
            if !chunks.skip(padded)? {
                return Err(self.truncated(chunks, block));
            }
            left -= padded;
        }
        self.interfaces.push(Interface {
            link_type,
            snaplen,
            clock,
        });
        Ok(())
    }

    /// An Enhanced Packet Block, or the obsolete Packet Block, which differs in the width of the interface number.
    #[inline]
    fn packet(&self, block: &[u8], obsolete: bool) -> Result<Record, Fault> {
        const HEADER: usize = BLOCK_HEADER + 20;
        if block.len() < HEADER + 4 {
            return Err(malformed("a packet block is too short".into()));
        }
        let order = self.order;
        let id = if obsolete {
            u32::from(order.u16_at(block, 8))
        } else {
            order.u32_at(block, 8)
        };
        let interface = self.interface(id)?;
        let raw = u64::from(order.u32_at(block, 12)) << 32 | u64::from(order.u32_at(block, 16));
        let captured = order.u32_at(block, 20) as usize;
        if captured > block.len() - HEADER - 4 {
            return Err(malformed(format!(
                "a packet block of {} bytes announces a packet of {captured} bytes",
                block.len()
            )));
        }
        Ok(Record {
            timestamp: interface.clock.decode(raw),
            original_len: order.u32_at(block, 24),
            link_type: interface.link_type,
            carried: false,
            skip: HEADER as u32,
            captured: captured as u32,
            total: block.len() as u32,
        })
    }

    fn simple_packet(&self, block: &[u8]) -> Result<Record, Fault> {
        const HEADER: usize = BLOCK_HEADER + 4;
        if block.len() < HEADER + 4 {
            return Err(malformed("a simple packet block is too short".into()));
        }
        let interface = self.interface(0)?;
        let original_len = self.order.u32_at(block, 8);
        let captured = match interface.snaplen {
            0 => original_len,
            limit => original_len.min(limit),
        } as usize;
        if captured > block.len() - HEADER - 4 {
            return Err(malformed(format!(
                "a simple packet block of {} bytes announces a packet of {captured} bytes",
                block.len()
            )));
        }
        Ok(Record {
            timestamp: Timestamp::default(),
            original_len,
            link_type: interface.link_type,
            carried: false,
            skip: HEADER as u32,
            captured: captured as u32,
            total: block.len() as u32,
        })
    }

    #[inline]
    fn interface(&self, id: u32) -> Result<&Interface, Fault> {
        match self.interfaces.get(id as usize) {
            Some(interface) => Ok(interface),
            None => Err(malformed(format!(
                "a packet refers to interface {id}, but its section has described {} so far",
                self.interfaces.len()
            ))),
        }
    }
}

fn section_order(block: &[u8]) -> Result<ByteOrder, Fault> {
    [ByteOrder::Little, ByteOrder::Big]
        .into_iter()
        .find(|order| order.u32_at(block, 8) == BYTE_ORDER_MAGIC)
        .ok_or_else(|| malformed("a section header block has no byte-order magic".into()))
}

#[cold]
fn malformed(what: String) -> Fault {
    Fault::Malformed(what)
}
