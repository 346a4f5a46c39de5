//! The sequencer's datapath, block by block, in the order in which a packet meets them.
//!
//! ```text
//!            ┌──────────────────────────── beat_fifo ────────────────────────────┐
//! s_axis ─▶ input_stage ─▶ header_window ─▶ packet_parser ─▶ meta_fifo           │
//!                                                              │                 ▼
//!                       settings ──▶ numberer ◀────────────────┘             assembler ─▶ output_fifo ─▶ m_axis
//!                                      │  └─▶ history (rows) ────────────────▶   ▲
//!                                      └────▶ frame_queue ─▶ scheduler ──────────┘
//! ```
//!
//! * All registers power up to their reset state, zero; a reset clears control state only.
//! * Nothing but FIFO occupancy stops a stage: no enable runs through the pipeline, `s_axis_tready` and
//!   all `m_axis_*` signals are registers.

mod assembler;
mod beat_fifo;
mod counters;
mod datapath;
mod event_counter;
mod frame_queue;
mod header_window;
mod history;
mod input_stage;
mod meta_fifo;
mod numberer;
mod output_fifo;
mod packet_parser;
mod parser;
mod prefix_rows;
mod register_read;
mod register_write;
mod registers;
mod scheduler;
mod sent_counter;
mod sequencer;
mod settings;
mod steering;
mod types;

pub use sequencer::Sequencer;
pub use types::{DEST, ID, TIME, USER};

/// Places in a table with an entry for each core.
fn core_places(max_cores: u8) -> usize {
    usize::from(max_cores).next_power_of_two().max(2)
}

/// The source of every block, from which the emitter takes documentation and type names.
pub const SOURCES: &[&str] = &[
    include_str!("assembler.rs"),
    include_str!("beat_fifo.rs"),
    include_str!("counters.rs"),
    include_str!("datapath.rs"),
    include_str!("event_counter.rs"),
    include_str!("frame_queue.rs"),
    include_str!("header_window.rs"),
    include_str!("history.rs"),
    include_str!("input_stage.rs"),
    include_str!("meta_fifo.rs"),
    include_str!("numberer.rs"),
    include_str!("output_fifo.rs"),
    include_str!("packet_parser.rs"),
    include_str!("parser/ip_fields.rs"),
    include_str!("parser/ip_header_check.rs"),
    include_str!("parser/row_fields.rs"),
    include_str!("parser/transport_header.rs"),
    include_str!("parser/vlan_tags.rs"),
    include_str!("prefix_rows.rs"),
    include_str!("register_read.rs"),
    include_str!("register_write.rs"),
    include_str!("registers.rs"),
    include_str!("scheduler.rs"),
    include_str!("sent_counter.rs"),
    include_str!("sequencer.rs"),
    include_str!("settings.rs"),
    include_str!("settings/epoch_count.rs"),
    include_str!("settings/in_force.rs"),
    include_str!("settings/modulus.rs"),
    include_str!("settings/next_configuration.rs"),
    include_str!("settings/rotation.rs"),
    include_str!("steering.rs"),
    include_str!("types.rs"),
    include_str!("../primitive/beat_of_rows.rs"),
    include_str!("../primitive/concat.rs"),
    include_str!("../primitive/dist_ram.rs"),
    include_str!("../primitive/keep_count.rs"),
    include_str!("../primitive/preset.rs"),
    include_str!("../primitive/row_layout.rs"),
    include_str!("../primitive/row_ram.rs"),
    include_str!("../primitive/spread.rs"),
];
