//! Recovery of rows that a worker's own frames do not hold.
//!
//! ```text
//!  worker i ──▶ own log (append, publish)      Peers of worker i
//!                    │                          asks all other logs about a row:
//!                    └── read by all others ──▶ held │ lost everywhere │ unknown │ not yet
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | `log` | a ring of the newest rows of one worker, which others read while it is written |
//! | `peers` | the logs of all peers together: what became of a row |
//! | `store` | storing runs of words while others may read them |
//! | `guard` | every fence and check by name, so that models can take each one away |
//! | `sync` | atomics: the standard library's, or loom's |
//!
//! A worker that finds a hole in its rows asks its peers' logs ([`Peers::settle`]). The answer is the row, or that no
//! surviving frame held it, or "not yet". "Not yet" never becomes "lost" through a timeout: a row is lost everywhere
//! only if every peer is fenced or has seen so far that its coming frames cannot hold the row, and no log holds it as a
//! row that counts. Rows count once they have been published.
//!
//! Before it waits, a worker publishes how far its own frames go ([`LogWriter::publish_watermark`]), so that two workers
//! that miss the same row do not wait for each other: of all rows waited for, the oldest can always be settled.

#[cfg(loom)]
pub mod guard;
#[cfg(not(loom))]
pub(crate) mod guard;
mod log;
mod peers;
mod store;
mod sync;

pub use log::{Extent, Fenced, Held, Log, LogWriter};
pub use peers::{Peers, Settlement};
