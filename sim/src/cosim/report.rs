//! What a cosimulation saw.

/// The report of a cosimulation without a mismatch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CosimReport {
    /// Packets sent.
    pub packets: u64,
    /// Frames checked.
    pub frames: u64,
    /// Frames with a prefix.
    pub sequenced: u64,
    /// Frames without a prefix.
    pub passed_by: u64,
    /// Packets lost in resets.
    pub lost_in_resets: u64,
    /// Clock cycles, from the end of the initial reset.
    pub cycles: u64,
    /// Input beats accepted.
    pub beats_in: u64,
    /// Output beats taken.
    pub beats_out: u64,
    /// Cycles in which the sink was ready, a frame was due and no beat came, with the source at full rate. Only near a
    /// change of settings is a bubble not a mismatch.
    pub bubbles: u64,
    /// Frames whose latency was measured and equal to the documented one: those that found the block idle, with source
    /// and sink at full rate.
    pub latency_measured: u64,
    /// Changes of settings made.
    pub changes: u64,
    /// Resets made.
    pub resets: u64,
}
