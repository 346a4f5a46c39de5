//! A whole run: a device, k workers, the way out, and the report.
//!
//! ```text
//!            ┌─────────────── ReceiveLoop ───────────────┐
//!  device ──▶│ Membership: the next step                 │      Pipeline
//!            │ Links: bursts and requests ───────────────┼──▶ task 0 … ──▶ egress
//!            └───────────────────────────────────────────┘         │             │
//!                                                                  ▼             ▼
//!                                                               Account ──▶ ReplayReport
//! ```
//!
//! The calling thread drives the device; worker tasks and egress are tasks on other threads.
//!
//! | module | one idea |
//! |---|---|
//! | `config` | what a run is to do, and why it may fail |
//! | `pipeline` | worker tasks, egress, and the queues between them |
//! | `links` | everything that leads from the receive loop to them |
//! | `receive` | the receive loop |
//! | `first_frame` | the number of the first frame under a new steering map |
//! | `replay` | a run from its device's first packet to the report |
//! | `account` | the report, made from the results of the parts |
//! | `report` | the report |
//! | `state_file` | the final state, written |

mod account;
mod config;
mod first_frame;
mod links;
mod pipeline;
mod receive;
#[cfg(feature = "run")]
mod replay;
mod report;
mod state_file;

pub use config::{Outputs, ReplayConfig, ReplayError};
pub use links::Links;
pub use pipeline::{Part, Pipeline, membership};
pub use receive::Progress;
#[cfg(feature = "run")]
pub use replay::{replay, replay_own};
pub use report::{LossReport, NicFigures, PerCore, ReplayReport, Verdicts};
