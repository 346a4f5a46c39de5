use rust_hdl::prelude::*;

use crate::primitive::DistRam;

/// Holds a frame's beats while its prefix is made and sent.
///
/// 2ᶠ = D beats deep. Occupancy is counted in unary: bit i is set when there are more than i beats, so that every
/// question about it is one bit.
///
/// The FIFO is read at two places: the scheduler takes the *promise* of a beat (and learns whether it is a
/// frame's last), the assembler pops the beat itself some cycles later.
#[derive(LogicBlock, Default)]
pub struct BeatFifo<const W: usize, const K: usize, const F: usize, const D: usize> {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// A beat comes in.
    pub write: Signal<In, Bit>,
    /// Data of the beat that comes in.
    pub write_data: Signal<In, Bits<W>>,
    /// Valid bytes of `write_data`.
    pub write_keep: Signal<In, Bits<K>>,
    /// The shell's flag beside it.
    pub write_flag: Signal<In, Bit>,
    /// Whether it is its frame's last.
    pub write_last: Signal<In, Bit>,
    /// There is room for the beats that may be under way when the input is told to stop.
    pub space: Signal<Out, Bit>,
    /// A beat can be promised.
    pub available: Signal<Out, Bit>,
    /// The next beat to be promised is its frame's last.
    pub promised_last: Signal<Out, Bit>,
    /// Promise the next beat.
    pub promise: Signal<In, Bit>,
    /// Data of the next beat to be popped.
    pub data: Signal<Out, Bits<W>>,
    /// Valid bytes of `data`.
    pub keep: Signal<Out, Bits<K>>,
    /// The shell's flag beside it.
    pub flag: Signal<Out, Bit>,
    /// Pop the next beat.
    pub pop: Signal<In, Bit>,
    data_ram: DistRam<Bits<W>, F>,
    keep_ram: DistRam<Bits<K>, F>,
    flag_ram: DistRam<Bit, F>,
    last_ram: DistRam<Bit, F>,
    write_pointer: DFF<Bits<F>>,
    promise_pointer: DFF<Bits<F>>,
    pop_pointer: DFF<Bits<F>>,
    unpromised: DFF<Bits<D>>,
    held: DFF<Bits<D>>,
    space_flag: DFF<Bit>,
}

/// Beats that can still arrive after `space` has fallen: two on their way through registers (`space`,
/// `s_tready`), one in the input stage, one being counted.
const UNDER_WAY: usize = 4;

impl<const W: usize, const K: usize, const F: usize, const D: usize> Logic
    for BeatFifo<W, K, F, D>
{
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clk,
            write_pointer,
            promise_pointer,
            pop_pointer,
            unpromised,
            held,
            space_flag
        );
        clock!(self, clk, data_ram, keep_ram, flag_ram, last_ram);
        self.data_ram.write_enable.next = self.write.val();
        self.data_ram.write_address.next = self.write_pointer.q.val();
        self.data_ram.write_data.next = self.write_data.val();
        self.keep_ram.write_enable.next = self.write.val();
        self.keep_ram.write_address.next = self.write_pointer.q.val();
        self.keep_ram.write_data.next = self.write_keep.val();
        self.flag_ram.write_enable.next = self.write.val();
        self.flag_ram.write_address.next = self.write_pointer.q.val();
        self.flag_ram.write_data.next = self.write_flag.val();
        self.last_ram.write_enable.next = self.write.val();
        self.last_ram.write_address.next = self.write_pointer.q.val();
        self.last_ram.write_data.next = self.write_last.val();

        self.last_ram.read_address.next = self.promise_pointer.q.val();
        self.promised_last.next = self.last_ram.read_data.val();
        self.data_ram.read_address.next = self.pop_pointer.q.val();
        self.data.next = self.data_ram.read_data.val();
        self.keep_ram.read_address.next = self.pop_pointer.q.val();
        self.keep.next = self.keep_ram.read_data.val();
        self.flag_ram.read_address.next = self.pop_pointer.q.val();
        self.flag.next = self.flag_ram.read_data.val();

        if self.write.val() {
            self.write_pointer.d.next = self.write_pointer.q.val() + 1;
        }
        if self.promise.val() {
            self.promise_pointer.d.next = self.promise_pointer.q.val() + 1;
        }
        if self.pop.val() {
            self.pop_pointer.d.next = self.pop_pointer.q.val() + 1;
        }
        if self.write.val() & !self.promise.val() {
            self.unpromised.d.next = (self.unpromised.q.val() << 1) | 1;
        } else if !self.write.val() & self.promise.val() {
            self.unpromised.d.next = self.unpromised.q.val() >> 1;
        }
        if self.write.val() & !self.pop.val() {
            self.held.d.next = (self.held.q.val() << 1) | 1;
        } else if !self.write.val() & self.pop.val() {
            self.held.d.next = self.held.q.val() >> 1;
        }
        for full_from in (D - UNDER_WAY - 1)..(D - UNDER_WAY) {
            self.space_flag.d.next = !self.held.q.val().get_bit(full_from);
        }
        self.available.next = self.unpromised.q.val().get_bit(0);
        self.space.next = self.space_flag.q.val();

        if self.rst.val() {
            self.write_pointer.d.next = 0.into();
            self.promise_pointer.d.next = 0.into();
            self.pop_pointer.d.next = 0.into();
            self.unpromised.d.next = 0.into();
            self.held.d.next = 0.into();
            self.space_flag.d.next = false;
        }
    }
}
