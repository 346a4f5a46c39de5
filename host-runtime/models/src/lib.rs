//! Models of loss recovery, for [loom](https://docs.rs/loom): it runs each one in every interleaving of its threads, and
//! with every value that a load may return under the memory model.
//!
//! ```text
//!  models: logs, peers, workers, a death ──▶ harness: threads under loom ──▶ every interleaving: holds, or fails how
//!                                             ▲
//!                     a guard taken away ─────┘
//! ```
//!
//! Only built with `--cfg loom`; `scripts/loom` does. The models run the runtime's own log, peers and worker, whose
//! atomics are loom's then. `tests/recovery.rs` demands that all models hold, and that some model fails for every fence
//! and check that is taken away. `docs/recovery-models.md` explains them.
#![forbid(unsafe_code)]
#![cfg(loom)]

pub mod harness;
pub mod models;
