//! Packet captures for SCR: reading, writing and synthesising them.
//!
//! ```text
//!  file, pipe ──▶ [gzip, zstd] ──▶ blocks ──▶ records ──▶ link type ──▶ Ethernet frames with times
//!                                                                           │
//!  trace: flows, sizes, arrivals, seed ──▶ packets ────────────────────────▶┴──▶ writer ──▶ pcap, pcapng
//! ```
//!
//! | module | purpose |
//! |---|---|
//! | [`reader`] | streams a pcap or pcapng file, compressed or not, in bounded memory, without allocating per packet |
//! | [`writer`] | writes pcap (microseconds or nanoseconds) or pcapng, byte for byte reproducible |
//! | [`packet`] | builds single frames with correct lengths and checksums |
//! | [`trace`] | generates whole traffic mixes, deterministic from a seed |
//!
//! ```
//! use scr_capture::{CaptureReader, CaptureWriter, Timestamp};
//! use std::io::Cursor;
//!
//! let mut file = Vec::new();
//! let mut writer = CaptureWriter::from_write(&mut file, "example")?;
//! writer.write(&Timestamp::new(1, 5), 60, &[0; 60])?;
//! writer.finish()?;
//!
//! let mut reader = CaptureReader::from_read(Cursor::new(file), "example")?;
//! while let Some(packet) = reader.next_packet()? {
//!     assert_eq!((packet.index, packet.data.len()), (1, 60));
//! }
//! # Ok::<(), scr_capture::CaptureError>(())
//! ```
#![forbid(unsafe_code)]

pub mod error;
pub mod link_type;
mod order;
pub mod packet;
pub mod reader;
pub mod timestamp;
pub mod trace;
pub mod writer;

pub use error::CaptureError;
pub use link_type::LinkType;
pub use order::ByteOrder;
pub use reader::{CaptureFormat, CaptureReader, Packet};
pub use timestamp::Timestamp;
pub use writer::{CaptureWriter, WriteFormat, WriteOptions};

/// The longest packet record or pcapng block that is read or written, in bytes (64 MiB).
///
/// A capture that announces a longer one is damaged; the limit keeps a damaged length from causing a huge allocation.
pub const MAX_RECORD_LEN: usize = 64 << 20;
