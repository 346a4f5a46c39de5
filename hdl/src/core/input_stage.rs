use rust_hdl::prelude::*;

use super::types::{ID, TIME, USER};
use crate::primitive::KeepCount;

/// Registers the incoming stream. `s_tready` is a register too: it falls when the beat FIFO is nearly
/// full, and the FIFO has room for the beats that are then still under way (a skid buffer in effect).
#[derive(LogicBlock, Default)]
pub struct InputStage<const W: usize, const K: usize> {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// Stream data.
    pub s_tdata: Signal<In, Bits<W>>,
    /// Valid bytes of `s_tdata`.
    pub s_tkeep: Signal<In, Bits<K>>,
    /// A beat is offered.
    pub s_tvalid: Signal<In, Bit>,
    /// A beat is taken.
    pub s_tready: Signal<Out, Bit>,
    /// The beat is its frame's last.
    pub s_tlast: Signal<In, Bit>,
    /// Timestamp and the shell's bits.
    pub s_tuser: Signal<In, Bits<USER>>,
    /// Source port.
    pub s_tid: Signal<In, Bits<ID>>,
    /// The beat FIFO has room for what may be under way.
    pub space: Signal<In, Bit>,
    /// The registers hold a beat.
    pub valid: Signal<Out, Bit>,
    /// The beat in the registers is its frame's last.
    pub last: Signal<Out, Bit>,
    /// Data of the beat in the registers.
    pub data: Signal<Out, Bits<W>>,
    /// Valid bytes of `data`.
    pub keep: Signal<Out, Bits<K>>,
    /// Timestamp of the beat in the registers.
    pub timestamp: Signal<Out, Bits<TIME>>,
    /// The shell's flag beside it.
    pub flag: Signal<Out, Bit>,
    /// Source port of the beat in the registers.
    pub id: Signal<Out, Bits<ID>>,
    /// A beat has been taken in.
    pub counted: Signal<Out, Bit>,
    /// Bytes of the beat that has been taken in.
    pub counted_bytes: Signal<Out, Bits<8>>,
    /// The beat that has been taken in ended its frame.
    pub counted_last: Signal<Out, Bit>,
    /// A beat was offered and not taken.
    pub stalled: Signal<Out, Bit>,
    ready: DFF<Bit>,
    beat_valid: DFF<Bit>,
    beat_last: DFF<Bit>,
    beat_data: DFF<Bits<W>>,
    beat_keep: DFF<Bits<K>>,
    beat_user: DFF<Bits<USER>>,
    beat_id: DFF<Bits<ID>>,
    keep_count: KeepCount<K>,
    count_valid: DFF<Bit>,
    count_last: DFF<Bit>,
    count: DFF<Bits<8>>,
    waits: DFF<Bit>,
}

impl<const W: usize, const K: usize> Logic for InputStage<W, K> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self,
            clk,
            ready,
            beat_valid,
            beat_last,
            beat_data,
            beat_keep,
            beat_user,
            beat_id,
            count_valid,
            count_last,
            count,
            waits
        );
        self.ready.d.next = self.space.val() & !self.rst.val();
        self.beat_valid.d.next = self.s_tvalid.val() & self.ready.q.val() & !self.rst.val();
        self.beat_last.d.next = self.s_tlast.val();
        self.beat_data.d.next = self.s_tdata.val();
        self.beat_keep.d.next = self.s_tkeep.val();
        self.beat_user.d.next = self.s_tuser.val();
        self.beat_id.d.next = self.s_tid.val();

        self.keep_count.keep.next = self.beat_keep.q.val();
        self.count_valid.d.next = self.beat_valid.q.val() & !self.rst.val();
        self.count_last.d.next = self.beat_valid.q.val() & self.beat_last.q.val() & !self.rst.val();
        self.count.d.next = self.keep_count.count.val();
        self.waits.d.next = self.s_tvalid.val() & !self.ready.q.val() & !self.rst.val();
        self.counted.next = self.count_valid.q.val();
        self.counted_bytes.next = self.count.q.val();
        self.counted_last.next = self.count_last.q.val();
        self.stalled.next = self.waits.q.val();

        self.s_tready.next = self.ready.q.val();
        self.valid.next = self.beat_valid.q.val();
        self.last.next = self.beat_last.q.val();
        self.data.next = self.beat_data.q.val();
        self.keep.next = self.beat_keep.q.val();
        self.timestamp.next = self.beat_user.q.val().get_bits::<TIME>(1);
        self.flag.next = self.beat_user.q.val().get_bit(0);
        self.id.next = self.beat_id.q.val();
    }
}
