//! Blocks that `#[hdl_gen]` cannot express: memories and pure wiring. Each states its behaviour twice, once
//! as a simulation and once as Verilog, and is small enough to be compared by eye; the lockstep tests
//! compare them by machine.

mod beat_of_rows;
mod concat;
mod dist_ram;
pub mod keep_count;
mod param;
mod preset;
mod row_layout;
mod row_ram;
mod spread;

pub use beat_of_rows::BeatOfRows;
pub use concat::Concat;
pub use dist_ram::DistRam;
pub use keep_count::KeepCount;
pub use param::Param;
pub use preset::Preset;
pub use row_layout::RowLayout;
pub use row_ram::RowRam;
pub use spread::Spread;

/// First line of the Verilog of a block that is pure wiring: the emitter expands such a block in place
/// instead of making it a module.
pub(crate) const INLINE: &str = "// inline\n";
