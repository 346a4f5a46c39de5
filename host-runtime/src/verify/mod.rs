//! The single thread that everything is compared with.
//!
//! ```text
//!  every frame in order,   ┌─▶ Ledger: which of its rows no frame before it carried
//!  and what its worker ─▶ Judge ─▶ Reference: applies them, and says what is due
//!  says (crate::egress)    └─▶ the first mismatch
//!
//!  final states of all replicas ─▶ compare ─▶ do they agree, and with the Reference's?
//! ```
//!
//! Only the reference's state is kept, so memory does not grow.
//!
//! | module | one idea |
//! |---|---|
//! | [`judge`] | what is said of each frame, and what is due |
//! | [`ledger`] | which rows survive |
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
