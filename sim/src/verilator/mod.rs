//! A Verilator model as a [`Dut`](scr_hdl::Dut).
//!
//! | module | one idea |
//! |---|---|
//! | `library` | the shared library: opened, its C interface looked up and checked |
//! | `model` | one instance: ports are read and written where the model keeps them |

mod library;
mod model;

pub use library::{LoadError, ModelLibrary};
pub use model::{TraceError, VerilatorModel};
