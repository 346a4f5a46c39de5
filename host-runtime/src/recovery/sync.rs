//! Atomics: the standard library's or, in models, loom's, which explore every interleaving and every value that a load
//! may return.

#[cfg(loom)]
pub(super) use loom::sync::atomic::{AtomicU32, AtomicU64, fence};
#[cfg(not(loom))]
pub(super) use std::sync::atomic::{AtomicU32, AtomicU64, fence};

pub(super) use std::sync::atomic::Ordering;
