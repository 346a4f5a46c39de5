//! Outcomes into order of arrival.
//!
//! ```text
//!  bursts ──────────▶ ┐          what is known of each frame          ┌─▶ segment begins
//!  lane of place 0 ─▶ ├─▶ Merge ─────────────────────▶ Resequencer ──▶│   frame, frame, …
//!  lane of place 1 ─▶ │   (whose turn is it                           │   segment ends
//!  tombstones ──────▶ ┘    to say what became of it)                  └─▶ (a walk)
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | [`resequencer`] | a window of positions, filled by several lanes |
//! | `merge` | every frame of every burst, in order, with what became of it |
//! | `lane` | what one place's workers handed on |
//! | `tombstone` | what is known of workers that died |

mod lane;
mod merge;
pub mod resequencer;
mod tombstone;

pub(super) use lane::Handed;
pub(super) use merge::{Arrival, Merge, MergeConfig, Walk};
pub use resequencer::Resequencer;
pub use tombstone::{Tombstone, Tombstones};
