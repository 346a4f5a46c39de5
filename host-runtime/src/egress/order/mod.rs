//! Puts outcomes into order of arrival.
//!
//! ```text
//!  bursts ──────────▶ ┐        the way of each frame               ┌─▶ segment begins
//!  lane of place 0 ─▶ ├─▶ Merge ──────────────────▶ Resequencer ──▶│   frame, frame, …
//!  lane of place 1 ─▶ │                                            │   segment ends
//!  tombstones ──────▶ ┘                                            └─▶ (a walk)
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | [`resequencer`] | a window of positions, filled by several lanes |
//! | `merge` | all frames of all bursts, in order, with what became of each |
//! | `lane` | the output of one place's workers |
//! | `tombstone` | notices of workers that died |

mod lane;
mod merge;
pub mod resequencer;
mod tombstone;

pub(super) use lane::Handed;
pub(super) use merge::{Arrival, Merge, MergeConfig, Walk};
pub use resequencer::Resequencer;
pub use tombstone::{Tombstone, Tombstones};
