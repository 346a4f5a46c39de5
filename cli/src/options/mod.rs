//! Groups of options shared by several commands, and the values derived from them.

pub mod number;
pub mod profile;
pub mod sequencer;

pub use profile::ProfileArg;
pub use sequencer::SequencerArgs;
