//! The single thread that everything is compared with.
//!
//! ```text
//!  every frame in order,   ┌─▶ Ledger: which of its rows no frame before it carried
//!  and what its worker ─▶ Judge ─▶ Reference: applies them, gives the expected outcome
//!  says (crate::egress)    └─▶ the first mismatch
//!
//!  final states of all replicas ─▶ compare ─▶ do they agree, and with the Reference's?
//! ```
//!
//! Only the reference's state is kept, so memory does not grow.
//!
//! | module | one idea |
//! |---|---|
//! | [`judge`] | actual and expected outcome of each frame |
//! | [`ledger`] | the surviving rows |
//! | [`reference`](mod@reference) | one thread, one state, the surviving rows in order |
//! | [`mismatch`] | the first difference |
//! | [`replicas`] | final states, compared |

pub mod judge;
pub mod ledger;
pub mod mismatch;
pub mod reference;
pub mod replicas;

pub use judge::{Judge, Judgement, Said};
pub use ledger::Ledger;
pub use mismatch::Mismatch;
pub use reference::Reference;
