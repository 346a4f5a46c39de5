//! A Verilator model as a [`Dut`](scr_hdl::Dut).
//!
//! | module | one idea |
//! |---|---|
//! | `library` | the shared library: opened, its C interface looked up and checked |
//! | `model` | one instance: ports are read and written where the model keeps them |
//! | `waveform` | whether the file that an instance wrote is whole |

mod library;
mod model;
mod waveform;

pub use library::{LoadError, ModelLibrary};
pub use model::{TraceError, VerilatorModel};
pub use waveform::{Waveform, WaveformError};
