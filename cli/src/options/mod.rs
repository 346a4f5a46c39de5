//! Groups of options that several commands share, and what follows from them.

pub mod number;
pub mod profile;
pub mod sequencer;

pub use profile::ProfileArg;
pub use sequencer::SequencerArgs;
