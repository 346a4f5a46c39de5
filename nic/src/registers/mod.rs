//! Control of a hardware sequencer through its registers (`scr_wire::registers`).
//!
//! | module | content |
//! |---|---|
//! | [`access`] | register access: the only difference between simulated and real NICs |
//! | [`sequencer`] | the driver: identify, check, configure, read counters |
//! | [`settings`] | what can be changed in a running sequencer, and the order of writes |
//! | [`error`] | why a sequencer cannot be controlled |

pub mod access;
pub mod error;
pub mod sequencer;
pub mod settings;

pub use access::RegisterAccess;
pub use error::ControlError;
pub use sequencer::{Counters, SequencerControl, Status};
pub use settings::Settings;
