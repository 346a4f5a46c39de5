//! Blocks of the pcapng format.
//!
//! `pcap-file` 3.0.0-rc.3 parses pcapng too, yet neither its `next_block` nor its `next_raw_block` serves here. Both
//! decode Interface Description Blocks strictly, and so end the file at: a resolution finer than 10⁻⁹ or 2⁻²⁹ s
//! (picosecond captures exist), a reserved field that is not zero, any option of odd size or with text that is not UTF-8.
//! Both refuse block lengths that are no multiple of four, although Wireshark reads such files. `next_block` further
//! refuses moments before 1970 and an original length below the captured one, parses every option of every packet,
//! allocating for them, and fails on blocks that could be skipped (a name resolution block with odd text). What it
//! does accept is read alike here; a test compares the two.
//!
//! The captured length of a Simple Packet Block is the smaller of its original length and its interface's snap length. A
//! longer packet than the snap length in other blocks is handed on whole, as Wireshark does.

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
/// Type and length before the body; as much again, the length alone, after it.
const BLOCK_HEADER: usize = 8;
const BLOCK_MIN: usize = 12;
/// Room for the longest packet with header and trailer.
const BLOCK_MAX: usize = MAX_RECORD_LEN + 64;

/// The state of a pcapng file between blocks: its current section.
pub(super) struct PcapNgBlocks {
    order: ByteOrder,
    interfaces: Vec<Interface>,
}

/// A block that lies whole in the window.
struct Block {
    kind: u32,
    /// Length with header and trailer, padded.
    total: usize,
}

impl PcapNgBlocks {
    /// Consumes the first section header.
    pub(super) fn open(chunks: &mut Chunks) -> Result<Self, Fault> {
        let mut blocks = Self {
            order: ByteOrder::Little,
            interfaces: Vec::new(),
        };
        match blocks.frame(chunks) {
            Ok(Some(block)) => {
                blocks.begin_section(&chunks.window()[..block.total])?;
                chunks.take(block.total);
                Ok(blocks)
            }
            Ok(None) | Err(Fault::Truncated { .. }) => Err(Fault::TruncatedHeader),
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

    /// Finds the next packet, skipping other blocks; its block is then at the front of the window.
    #[inline]
    pub(super) fn next(&mut self, chunks: &mut Chunks) -> Result<Option<Record>, Fault> {
        loop {
            let Some(block) = self.frame(chunks)? else {
                return Ok(None);
            };
            let bytes = &chunks.window()[..block.total];
            match block.kind {
                ENHANCED_PACKET => return self.packet(bytes, false).map(Some),
                OBSOLETE_PACKET => return self.packet(bytes, true).map(Some),
                SIMPLE_PACKET => return self.simple_packet(bytes).map(Some),
                SECTION_HEADER => self.begin_section(bytes)?,
                INTERFACE_DESCRIPTION => self.describe_interface(bytes)?,
                _ => {}
            }
            chunks.take(block.total);
        }
    }

    /// Brings the next block whole into the window and checks its two lengths; `None` at the end of the file.
    #[inline]
    fn frame(&mut self, chunks: &mut Chunks) -> Result<Option<Block>, Fault> {
        if !chunks.require(BLOCK_MIN)? {
            return match chunks.window().len() {
                0 => Ok(None),
                have => Err(Fault::Truncated {
                    have,
                    need: BLOCK_MIN,
                }),
            };
        }
        let window = chunks.window();
        // A section header's type reads the same in both byte orders, and its first field tells the order of the rest.
        let order = if window[..4] == SECTION_HEADER.to_be_bytes() {
            section_order(window)?
        } else {
            self.order
        };
        let kind = order.u32_at(window, 0);
        let length = order.u32_at(window, 4) as usize;
        if length < BLOCK_MIN {
            return Err(malformed(format!(
                "a block announces {length} bytes; no block has fewer than {BLOCK_MIN}"
            )));
        }
        if length > BLOCK_MAX {
            return Err(Fault::AbsurdLength(length as u64));
        }
        // Some writers leave the padding out of the length, though not out of the file.
        let total = length.next_multiple_of(4);
        if !chunks.require(total)? {
            return Err(Fault::Truncated {
                have: chunks.window().len(),
                need: total,
            });
        }
        let trailer = order.u32_at(chunks.window(), total - 4) as usize;
        if trailer != length {
            return Err(malformed(format!(
                "a block announces {length} bytes before its body and {trailer} after it"
            )));
        }
        Ok(Some(Block { kind, total }))
    }

    #[cold]
    fn begin_section(&mut self, block: &[u8]) -> Result<(), Fault> {
        if block.len() < 28 {
            return Err(malformed("a section header block is too short".into()));
        }
        let order = section_order(block)?;
        let (major, minor) = (order.u16_at(block, 12), order.u16_at(block, 14));
        // 1.2 is what some writers put though the format is still 1.0.
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
    fn describe_interface(&mut self, block: &[u8]) -> Result<(), Fault> {
        if block.len() < 20 {
            return Err(malformed(
                "an interface description block is too short".into(),
            ));
        }
        let order = self.order;
        let mut clock = Clock::default();
        let (mut has_resolution, mut has_offset) = (false, false);
        let mut options = &block[16..block.len() - 4];
        // The first occurrence of an option counts.
        while options.len() >= 4 {
            let (code, length) = (
                order.u16_at(options, 0),
                usize::from(order.u16_at(options, 2)),
            );
            // End of options; nothing is read into its length.
            if code == 0 {
                break;
            }
            let Some(value) = options.get(4..4 + length) else {
                return Err(malformed(format!(
                    "option {code} of an interface reaches beyond its block"
                )));
            };
            match (code, value) {
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
            options = options
                .get(4 + length.next_multiple_of(4)..)
                .unwrap_or_default();
        }
        self.interfaces.push(Interface {
            link_type: LinkType(order.u16_at(block, 8).into()),
            snaplen: order.u32_at(block, 12),
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
            skip: HEADER,
            captured,
            total: block.len(),
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
            skip: HEADER,
            captured,
            total: block.len(),
        })
    }

    #[inline]
    fn interface(&self, id: u32) -> Result<&Interface, Fault> {
        match self.interfaces.get(id as usize) {
            Some(interface) if interface.link_type == LinkType::ETHERNET => Ok(interface),
            Some(interface) => Err(Fault::LinkType(interface.link_type)),
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
