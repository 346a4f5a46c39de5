//! A whole run: a device, k workers, the way out, and the report.

mod config;
mod feed;
mod report;
mod run;

pub use config::{Outputs, ReplayConfig, ReplayError};
pub use report::{LossReport, NicFigures, PerCore, ReplayReport, Verdicts};
pub use run::{Progress, replay, replay_own};
