use rust_hdl::prelude::*;

use super::types::{DEST, FIFO_BITS, ID, USER};
use crate::primitive::{DistRam, KeepCount};

/// Takes every beat it is given, and offers it on the output stream from registers. The scheduler starts
/// no beat for which there is no room.
#[derive(LogicBlock, Default)]
pub struct OutputFifo<const W: usize, const K: usize> {
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
    /// The beat that comes in is its frame's last.
    pub write_last: Signal<In, Bit>,
    /// `tuser` of the beat that comes in.
    pub write_user: Signal<In, Bits<USER>>,
    /// `tid` of its frame.
    pub write_id: Signal<In, Bits<ID>>,
    /// `tdest` of its frame.
    pub write_dest: Signal<In, Bits<DEST>>,
    /// A place has become free.
    pub returned: Signal<Out, Bit>,
    /// Stream data.
    pub m_tdata: Signal<Out, Bits<W>>,
    /// Valid bytes of `m_tdata`.
    pub m_tkeep: Signal<Out, Bits<K>>,
    /// A beat is offered.
    pub m_tvalid: Signal<Out, Bit>,
    /// A beat is taken.
    pub m_tready: Signal<In, Bit>,
    /// The beat is its frame's last.
    pub m_tlast: Signal<Out, Bit>,
    /// Timestamp and the shell's bits.
    pub m_tuser: Signal<Out, Bits<USER>>,
    /// Source port.
    pub m_tid: Signal<Out, Bits<ID>>,
    /// Receive queue.
    pub m_tdest: Signal<Out, Bits<DEST>>,
    /// A beat has been given out.
    pub counted: Signal<Out, Bit>,
    /// Bytes of the beat that has been given out.
    pub counted_bytes: Signal<Out, Bits<8>>,
    /// A beat was offered and not taken.
    pub stalled: Signal<Out, Bit>,
    data_ram: DistRam<Bits<W>, FIFO_BITS>,
    keep_ram: DistRam<Bits<K>, FIFO_BITS>,
    last_ram: DistRam<Bit, FIFO_BITS>,
    user_ram: DistRam<Bits<USER>, FIFO_BITS>,
    id_ram: DistRam<Bits<ID>, FIFO_BITS>,
    dest_ram: DistRam<Bits<DEST>, FIFO_BITS>,
    write_pointer: DFF<Bits<FIFO_BITS>>,
    read_pointer: DFF<Bits<FIFO_BITS>>,
    stored: DFF<Bits<32>>,
    out_valid: DFF<Bit>,
    out_data: DFF<Bits<W>>,
    out_keep: DFF<Bits<K>>,
    out_last: DFF<Bit>,
    out_user: DFF<Bits<USER>>,
    out_id: DFF<Bits<ID>>,
    out_dest: DFF<Bits<DEST>>,
    load: Signal<Local, Bit>,
    keep_count: KeepCount<K>,
    count_valid: DFF<Bit>,
    count: DFF<Bits<8>>,
    waits: DFF<Bit>,
}

impl<const W: usize, const K: usize> Logic for OutputFifo<W, K> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clk,
            write_pointer,
            read_pointer,
            stored,
            out_valid,
            out_data,
            out_keep,
            out_last,
            out_user,
            out_id,
            out_dest
        );
        clock!(
            self,
            clk,
            data_ram,
            keep_ram,
            last_ram,
            user_ram,
            id_ram,
            dest_ram,
            count_valid,
            count,
            waits
        );
        self.data_ram.write_enable.next = self.write.val();
        self.keep_ram.write_enable.next = self.write.val();
        self.last_ram.write_enable.next = self.write.val();
        self.user_ram.write_enable.next = self.write.val();
        self.id_ram.write_enable.next = self.write.val();
        self.dest_ram.write_enable.next = self.write.val();
        self.data_ram.write_address.next = self.write_pointer.q.val();
        self.keep_ram.write_address.next = self.write_pointer.q.val();
        self.last_ram.write_address.next = self.write_pointer.q.val();
        self.user_ram.write_address.next = self.write_pointer.q.val();
        self.id_ram.write_address.next = self.write_pointer.q.val();
        self.dest_ram.write_address.next = self.write_pointer.q.val();
        self.data_ram.write_data.next = self.write_data.val();
        self.keep_ram.write_data.next = self.write_keep.val();
        self.last_ram.write_data.next = self.write_last.val();
        self.user_ram.write_data.next = self.write_user.val();
        self.id_ram.write_data.next = self.write_id.val();
        self.dest_ram.write_data.next = self.write_dest.val();
        self.data_ram.read_address.next = self.read_pointer.q.val();
        self.keep_ram.read_address.next = self.read_pointer.q.val();
        self.last_ram.read_address.next = self.read_pointer.q.val();
        self.user_ram.read_address.next = self.read_pointer.q.val();
        self.id_ram.read_address.next = self.read_pointer.q.val();
        self.dest_ram.read_address.next = self.read_pointer.q.val();

        self.load.next =
            (!self.out_valid.q.val() | self.m_tready.val()) & self.stored.q.val().get_bit(0);
        if self.write.val() {
            self.write_pointer.d.next = self.write_pointer.q.val() + 1;
        }
        if self.load.val() {
            self.read_pointer.d.next = self.read_pointer.q.val() + 1;
            self.out_valid.d.next = true;
            self.out_data.d.next = self.data_ram.read_data.val();
            self.out_keep.d.next = self.keep_ram.read_data.val();
            self.out_last.d.next = self.last_ram.read_data.val();
            self.out_user.d.next = self.user_ram.read_data.val();
            self.out_id.d.next = self.id_ram.read_data.val();
            self.out_dest.d.next = self.dest_ram.read_data.val();
        } else if self.m_tready.val() {
            self.out_valid.d.next = false;
        }
        if self.write.val() & !self.load.val() {
            self.stored.d.next = (self.stored.q.val() << 1) | 1;
        } else if !self.write.val() & self.load.val() {
            self.stored.d.next = self.stored.q.val() >> 1;
        }
        self.returned.next = self.load.val();

        self.keep_count.keep.next = self.out_keep.q.val();
        self.count_valid.d.next = self.out_valid.q.val() & self.m_tready.val() & !self.rst.val();
        self.count.d.next = self.keep_count.count.val();
        self.waits.d.next = self.out_valid.q.val() & !self.m_tready.val() & !self.rst.val();
        self.counted.next = self.count_valid.q.val();
        self.counted_bytes.next = self.count.q.val();
        self.stalled.next = self.waits.q.val();

        self.m_tvalid.next = self.out_valid.q.val();
        self.m_tdata.next = self.out_data.q.val();
        self.m_tkeep.next = self.out_keep.q.val();
        self.m_tlast.next = self.out_last.q.val();
        self.m_tuser.next = self.out_user.q.val();
        self.m_tid.next = self.out_id.q.val();
        self.m_tdest.next = self.out_dest.q.val();

        if self.rst.val() {
            self.write_pointer.d.next = 0.into();
            self.read_pointer.d.next = 0.into();
            self.stored.d.next = 0.into();
            self.out_valid.d.next = false;
        }
    }
}
