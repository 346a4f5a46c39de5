//! Which workers there are, and what happens when one dies, leaves or joins.
//!
//! ```text
//!            ┌───────── feed ─────────┐   buries the dead: fences their logs, tells the egress
//!            │  Watch, Plan, steering │   lets workers join (snapshot, open log) and leave
//!            └───┬───────────────┬────┘   resteers: queues and k of the sequencer
//!                ▼               ▼
//!  Roster: heartbeats         queues: loads, and requests between them
//!  of all places
//! ```
//!
//! A *place* has a queue, a log and, at times, a worker. Every replica holds the whole state, so none is lost with a
//! worker. What is lost is the frames in its queue: those it had not handed on when it died, and those steered to it before the
//! steering map was changed. They are counted.
//!
//! | module | one idea |
//! |---|---|
//! | [`members`] | a set of places |
//! | [`roster`] | signs of life |
//! | [`watch`] | when no sign of life is too long |
//! | [`steering`] | which place each of the sequencer's cores is |
//! | [`plan`] | changes of k at sequence numbers |
//! | [`report`] | what happened |

pub mod members;
pub mod plan;
pub mod report;
pub mod roster;
pub mod steering;
pub mod watch;

pub use members::Members;
pub use plan::{Plan, PlanError, Resize};
pub use report::{Cause, Departure, FailoverReport, Resteering};
pub use roster::{Place, Roster};
pub use watch::Watch;
