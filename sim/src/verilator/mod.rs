//! A Verilator model as a [`Dut`](scr_hdl::Dut).
//!
//! | module | content |
//! |---|---|
//! | `library` | the shared library: opened, its C interface looked up and checked |
//! | `model` | one instance: ports are read and written where the model stores them |
//! | `waveform` | whether the file that an instance wrote is complete |

mod library;
mod model;
mod waveform;

pub use library::{LoadError, ModelLibrary};
pub use model::{TraceError, VerilatorModel};
pub use waveform::{Waveform, WaveformError};
