//! The single thread that everything is compared with.
//!
//! The [`egress`](crate::egress) walks through all frames in order of arrival. The [`reference`](mod@reference) applies
//! the surviving rows in the same order and determines the expected verdict; the [`ledger`] knows which rows those are.
//! Only the reference's state is kept, so memory does not grow.

pub mod ledger;
pub mod reference;
pub mod replicas;

pub use ledger::Ledger;
pub use reference::{Mismatch, Reference};
