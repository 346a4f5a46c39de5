//! Coverage of the emitted Verilog: which lines ran, which bits toggled, and why the others did not.
//!
//! | module | content |
//! |---|---|
//! | `stimulus` | the stimulus |
//! | `points` | Verilator's coverage files, read and added up |
//! | `reasons` | why a point is not covered |
//! | `report` | the result as text and as a page |

mod points;
mod reasons;
mod report;
mod stimulus;

pub use points::{Kind, Point, Points};
pub use reasons::{Reason, reason};
pub use report::Report;
pub use stimulus::collect;
