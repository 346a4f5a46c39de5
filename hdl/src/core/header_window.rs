use rust_hdl::prelude::*;

use super::types::{ID, TIME};
use crate::primitive::{Concat, Param};

/// Bits of a frame that the parser sees: 128 bytes.
pub const WINDOW: usize = 1024;

/// Collects the first 128 bytes of every frame, one segment a beat.
///
/// `valid` comes in the cycle after the beat that completes the window (its last segment, or the frame's
/// last beat); the window is stable in that cycle only.
#[derive(LogicBlock, Default)]
pub struct HeaderWindow<const W: usize, const K: usize> {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// A beat comes in.
    pub beat_valid: Signal<In, Bit>,
    /// The beat that comes in is its frame's last.
    pub beat_last: Signal<In, Bit>,
    /// Data of the beat that comes in.
    pub beat_data: Signal<In, Bits<W>>,
    /// Valid bytes of `beat_data`.
    pub beat_keep: Signal<In, Bits<K>>,
    /// Timestamp of the beat that comes in.
    pub beat_time: Signal<In, Bits<TIME>>,
    /// Source port of the beat that comes in.
    pub beat_id: Signal<In, Bits<ID>>,
    /// The window of a frame is complete.
    pub valid: Signal<Out, Bit>,
    /// Bytes of the window; those that the frame does not have are stale.
    pub window: Signal<Out, Bits<WINDOW>>,
    /// Which bytes the frame has.
    pub present: Signal<Out, Bits<128>>,
    /// Timestamp of the first beat.
    pub timestamp: Signal<Out, Bits<TIME>>,
    /// `tid` of the first beat.
    pub id: Signal<Out, Bits<ID>>,
    /// Beats by which the frame fell short of the window: 0 when the window is full.
    pub missing_beats: Signal<Out, Bits<4>>,
    segment: Vec<DFF<Bits<W>>>,
    segment_keep: Vec<DFF<Bits<K>>>,
    window_join: Concat<W, WINDOW>,
    present_join: Concat<K, 128>,
    first_time: DFF<Bits<TIME>>,
    first_id: DFF<Bits<ID>>,
    beat_index: DFF<Bits<4>>,
    complete: DFF<Bit>,
    short_by: DFF<Bits<4>>,
    place: Signal<Local, Bits<16>>,
    is_first: Signal<Local, Bit>,
    is_final: Signal<Local, Bit>,
    is_past: Signal<Local, Bit>,
    one: Param<Bits<16>>,
    final_index: Param<Bits<4>>,
    past_index: Param<Bits<4>>,
}

impl<const W: usize, const K: usize> HeaderWindow<W, K> {
    /// A window of segments of W bits.
    pub fn new() -> Self {
        let segments = WINDOW / W;
        Self {
            segment: (0..segments).map(|_| DFF::default()).collect(),
            segment_keep: (0..segments).map(|_| DFF::default()).collect(),
            one: Param::new(1),
            final_index: Param::new(segments as u64 - 1),
            past_index: Param::new(segments as u64),
            ..Self::default()
        }
    }
}

impl<const W: usize, const K: usize> Logic for HeaderWindow<W, K> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clk, first_time, first_id, beat_index, complete, short_by
        );
        // Which segment the beat is; past the window, none.
        self.place.next = self.one.val() << self.beat_index.q.val();
        self.is_first.next = self.place.val().get_bit(0);
        self.is_past.next = self.beat_index.q.val() == self.past_index.val();
        self.is_final.next = self.beat_index.q.val() == self.final_index.val();
        for i in 0..self.segment.len() {
            self.segment[i].clock.next = self.clk.val();
            self.segment_keep[i].clock.next = self.clk.val();
            self.segment[i].d.next = self.segment[i].q.val();
            self.segment_keep[i].d.next = self.segment_keep[i].q.val();
            if self.beat_valid.val() & self.is_first.val() {
                self.segment_keep[i].d.next = 0.into();
            }
            if self.beat_valid.val() & self.place.val().get_bit(i) {
                self.segment[i].d.next = self.beat_data.val();
                self.segment_keep[i].d.next = self.beat_keep.val();
            }
            self.window_join.part[i].next = self.segment[i].q.val();
            self.present_join.part[i].next = self.segment_keep[i].q.val();
        }
        if self.beat_valid.val() & self.is_first.val() {
            self.first_time.d.next = self.beat_time.val();
            self.first_id.d.next = self.beat_id.val();
        }

        // The index stops at the beat after the window.
        if self.beat_valid.val() {
            if self.beat_last.val() {
                self.beat_index.d.next = 0.into();
            } else if !self.is_past.val() {
                self.beat_index.d.next = self.beat_index.q.val() + 1;
            }
        }
        self.complete.d.next = self.beat_valid.val()
            & (self.is_final.val() | self.beat_last.val())
            & !self.is_past.val();
        self.short_by.d.next = self.final_index.val() - self.beat_index.q.val();

        self.valid.next = self.complete.q.val();
        self.window.next = self.window_join.whole.val();
        self.present.next = self.present_join.whole.val();
        self.timestamp.next = self.first_time.q.val();
        self.id.next = self.first_id.q.val();
        self.missing_beats.next = self.short_by.q.val();

        if self.rst.val() {
            self.beat_index.d.next = 0.into();
            self.complete.d.next = false;
        }
    }
}
