//! The frame format of State-Compute Replication (SCR), version 1.
//!
//! A *sequencer* in the NIC numbers packets, keeps the metadata of the last N packets as *rows*, prefixes every packet
//! with the newest rows and sprays the packets round-robin over k cores. This crate is the single definition of that
//! format in code; hardware, host, golden model and documentation are derived from it. `docs/wire-format.md` describes
//! it in prose.
//!
//! ```text
//!  packet ──▶ parse ──▶ profile ──▶ sequencer ──▶ frame ──▶ host
//!             (which     (which       (header,      (checked view
//!              fields)    bytes)       history)      over bytes)
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`seq`] | 40-bit sequence numbers and their serial arithmetic (RFC 1982) |
//! | [`header`] | the 16-byte header, read and written |
//! | [`field`] | the fields a row can be made of |
//! | [`profile`] | a row: which fields, in which order, in how many bytes |
//! | [`parse`] | from an Ethernet frame to the values of all fields |
//! | [`geometry`] | the placement of rows in a prefix of B words |
//! | [`limits`] | which numbers of cores, prefix words and rows fit each other |
//! | [`registers`] | the hardware's register map, and the order of writes to it |
//! | [`passed_by`] | why a frame gets no number |
//! | [`foreign`] | which frames with SCR's EtherType belong to other protocols |
//! | [`frame`] | a checked view over a received SCR frame; every reason to reject one |
//! | [`sequencer`] | the golden sequencer, which the hardware must match byte for byte |
//!
//! The crate is `no_std`, allocates nothing and contains no `unsafe`.
//!
//! ```
//! use scr_wire::{profile, sequencer::{Config, Disposition, Sequencer}, frame::Frame, parse::Timestamp};
//!
//! let mut sequencer = Sequencer::new(&profile::FLOW, 64, Config::new(3, 1))?;
//! let packet = [0u8; 60]; // not IP: passes by, unless everything is to be sequenced
//! let mut prefix = [0u8; 64];
//! assert_eq!(sequencer.sequence(&packet, Timestamp::default(), &mut prefix), Disposition::PassedBy);
//! # Ok::<(), scr_wire::ConfigError>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

pub mod field;
pub mod foreign;
pub mod frame;
pub mod geometry;
pub mod header;
pub mod limits;
pub mod parse;
pub mod passed_by;
pub mod profile;
pub mod registers;
pub mod seq;
pub mod sequencer;

pub use field::Field;
pub use frame::{Frame, Rejection};
pub use geometry::Geometry;
pub use header::Header;
pub use limits::{ConfigError, Limits};
pub use parse::{Parsed, Timestamp};
pub use passed_by::PassedBy;
pub use profile::Profile;
pub use seq::Seq;
pub use sequencer::{Config, Disposition, Sequencer};

/// Bytes in one prefix word; a prefix is a whole number of them.
pub const WORD_BYTES: usize = 64;

/// Most words a prefix may have (`prefix_words`, header byte 3).
pub const MAX_PREFIX_WORDS: u8 = 63;

/// Most bytes a prefix may have.
pub const MAX_PREFIX_BYTES: usize = WORD_BYTES * MAX_PREFIX_WORDS as usize;

/// Most cores in a rotation (`cores`, header byte 4).
pub const MAX_CORES: u8 = 128;

/// Fewest rows of history a sequencer keeps besides the packet's own.
pub const MIN_HISTORY: usize = 16;

/// Most rows of history a sequencer keeps besides the packet's own.
pub const MAX_HISTORY: usize = 256;
