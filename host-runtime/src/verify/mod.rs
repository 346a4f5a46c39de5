//! The single thread that everything is compared with.
//!
//! The [`egress`](crate::egress) walks through all frames in order of arrival. The [`reference`](mod@reference) applies the
//! surviving rows in the same order and says what verdict was due; the [`ledger`] knows which rows those are. Nothing is
//! kept but the reference's state, so memory does not grow.

pub mod ledger;
pub mod reference;

pub use ledger::Ledger;
pub use reference::{Mismatch, Reference};
