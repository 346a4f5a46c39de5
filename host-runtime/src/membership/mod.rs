//! The workers of a run, and what happens when one dies, leaves or joins.
//!
//! ```text
//!                     poll, watch                 steps: fence, ask, admit, resteer, hold
//!  receive loop ──────────────────▶ Membership ──────────────────────────────────────────▶ receive loop
//!  (crate::run)   observations:     members, dead,      executed on logs, queues, egress and device
//!                 heartbeats, logs, leaving, joining,
//!                 queues, device,   steering map, plan
//!                 the clock
//! ```
//!
//! A *place* has a queue, a log and, at times, a worker. Every replica holds the whole state, so none is lost with a
//! worker. What is lost is the frames in its queue: those it had not handed on when it died, and those steered to it before the
//! steering map was changed. They are counted.
//!
//! Only the [state machine](Membership) decides. Only [`heartbeats`] are shared between threads.
//!
//! | module | one idea |
//! |---|---|
//! | [`cores`] | a set of places |
//! | [`heartbeats`] | signs of life |
//! | [`detector`] | when no sign of life is too long |
//! | [`steering`] | which place each of the sequencer's cores is |
//! | [`plan`] | changes of k at sequence numbers |
//! | [`machine`] | who is in, dead, joining and leaving, and what has to be done next |
//! | [`report`] | what happened |

pub mod cores;
pub mod detector;
pub mod heartbeats;
pub mod machine;
pub mod plan;
pub mod report;
pub mod steering;

pub use cores::CoreSet;
pub use detector::FailureDetector;
pub use heartbeats::{Heartbeat, Heartbeats};
pub use machine::{
    CannotResteer, LEAD, Membership, MembershipConfig, Replica, Signs, Step, Surroundings,
};
pub use plan::{Plan, PlanError, Resize};
pub use report::{Cause, Departure, FailoverReport, Resteering};
