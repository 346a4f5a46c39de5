use rust_hdl::prelude::*;
use scr_wire::{Profile, header};

use super::types::{DEST, FrameTicket, HeaderBytes, ID, TIME, USER};
use crate::primitive::{Param, Spread};

/// Makes output beats: header and rows of a prefix, or a beat of packet. Three cycles after a beat was
/// scheduled it stands in the output registers.
#[derive(LogicBlock, Default)]
pub struct Assembler<const W: usize, const K: usize, const R: usize> {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// A beat was scheduled.
    pub slot_valid: Signal<In, Bit>,
    /// The beat that was scheduled is one of prefix.
    pub slot_prefix: Signal<In, Bit>,
    /// The beat that was scheduled is its frame's first.
    pub slot_first: Signal<In, Bit>,
    /// The beat that was scheduled has the slot, or slots, before the first row.
    pub slot_before_rows: Signal<In, Bit>,
    /// The beat that was scheduled is its frame's last.
    pub slot_last: Signal<In, Bit>,
    /// Row slots to be filled in it and after.
    pub slot_filled: Signal<In, Bits<10>>,
    /// Ticket of its frame.
    pub slot_frame: Signal<In, FrameTicket>,
    /// Rows for it, newest first; two cycles later.
    pub rows: Signal<In, Bits<W>>,
    /// Next beat of packet.
    pub packet_data: Signal<In, Bits<W>>,
    /// Valid bytes of `packet_data`.
    pub packet_keep: Signal<In, Bits<K>>,
    /// The shell's flag beside it.
    pub packet_flag: Signal<In, Bit>,
    /// Take the next beat of packet.
    pub packet_pop: Signal<Out, Bit>,
    /// A beat comes out.
    pub valid: Signal<Out, Bit>,
    /// Data of the beat that comes out.
    pub data: Signal<Out, Bits<W>>,
    /// Valid bytes of `data`.
    pub keep: Signal<Out, Bits<K>>,
    /// The beat that comes out is its frame's last.
    pub last: Signal<Out, Bit>,
    /// Timestamp of its frame, and the shell's flag of a beat of packet.
    pub user: Signal<Out, Bits<USER>>,
    /// `tid` of its frame.
    pub id: Signal<Out, Bits<ID>>,
    /// `tdest` of its frame.
    pub dest: Signal<Out, Bits<DEST>>,

    a_valid: DFF<Bit>,
    a_prefix: DFF<Bit>,
    a_first: DFF<Bit>,
    a_before_rows: DFF<Bit>,
    a_last: DFF<Bit>,
    a_slots: DFF<Bits<32>>,
    a_frame: DFF<FrameTicket>,
    header: Signal<Local, HeaderBytes>,
    b_valid: DFF<Bit>,
    b_prefix: DFF<Bit>,
    b_first: DFF<Bit>,
    b_last: DFF<Bit>,
    b_slots: DFF<Bits<32>>,
    b_header: DFF<HeaderBytes>,
    b_time: DFF<Bits<TIME>>,
    b_id: DFF<Bits<ID>>,
    b_dest: DFF<Bits<DEST>>,
    spread: Spread<R, W>,
    header_bits: Signal<Local, Bits<128>>,
    c_valid: DFF<Bit>,
    c_data: DFF<Bits<W>>,
    c_keep: DFF<Bits<K>>,
    c_last: DFF<Bit>,
    c_time: DFF<Bits<TIME>>,
    c_flag: DFF<Bit>,
    c_id: DFF<Bits<ID>>,
    c_dest: DFF<Bits<DEST>>,

    all_slots: Param<Bits<32>>,
    row_slots_of_first: Param<Bits<32>>,
    full_keep: Param<Bits<K>>,
    dst_mac: Param<Bits<8>>,
    version: Param<Bits<8>>,
    profile: Param<Bits<8>>,
    src_mac: Param<Bits<2>>,
    ethertype: Param<Bits<16>>,
    row_log2: Param<Bits<8>>,
}

impl<const W: usize, const K: usize, const R: usize> Assembler<W, K, R> {
    /// An assembler for rows of `profile`.
    pub fn new(profile: &Profile) -> Self {
        let row_bytes = profile.row_bytes();
        let header_slots = row_bytes.max(header::HEADER_BYTES) / row_bytes;
        let all: u64 = u64::from(u32::MAX);
        Self {
            all_slots: Param::new(all),
            row_slots_of_first: Param::new(all << header_slots & all),
            full_keep: Param::new(Bits::<K>::mask()),
            dst_mac: Param::new(u64::from(header::DST_MAC_0)),
            version: Param::new(u64::from(header::VERSION)),
            profile: Param::new(u64::from(profile.id())),
            src_mac: Param::new(u64::from(header::SRC_MAC_0)),
            ethertype: Param::new(u64::from(header::ETHERTYPE.swap_bytes())),
            row_log2: Param::new(u64::from(profile.row_log2())),
            ..Self::default()
        }
    }
}

impl<const W: usize, const K: usize, const R: usize> Logic for Assembler<W, K, R> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self,
            clk,
            a_valid,
            a_prefix,
            a_first,
            a_before_rows,
            a_last,
            a_slots,
            a_frame,
            b_valid,
            b_prefix,
            b_first,
            b_last,
            b_slots,
            b_header,
            b_time,
            b_id,
            b_dest
        );
        clock!(
            self, clk, c_valid, c_data, c_keep, c_last, c_time, c_flag, c_id, c_dest
        );

        // Which slots hold a row.
        self.a_valid.d.next = self.slot_valid.val() & !self.rst.val();
        self.a_prefix.d.next = self.slot_prefix.val();
        self.a_first.d.next = self.slot_first.val();
        self.a_before_rows.d.next = self.slot_before_rows.val();
        self.a_last.d.next = self.slot_last.val();
        self.a_slots.d.next = !(self.all_slots.val() << self.slot_filled.val());
        self.a_frame.d.next = self.slot_frame.val();

        // The header, in the first beat only.
        self.header.next.dst_mac = self.dst_mac.val();
        self.header.next.version = self.version.val();
        self.header.next.profile = self.profile.val();
        self.header.next.prefix_words = self.a_frame.q.val().prefix_words;
        self.header.next.cores = self.a_frame.q.val().cores;
        self.header.next.core = self.a_frame.q.val().core;
        self.header.next.src_mac = self.src_mac.val();
        self.header.next.epoch = self.a_frame.q.val().epoch;
        self.header.next.seq_4 = self.a_frame.q.val().seq.get_bits::<8>(32);
        self.header.next.seq_3 = self.a_frame.q.val().seq.get_bits::<8>(24);
        self.header.next.seq_2 = self.a_frame.q.val().seq.get_bits::<8>(16);
        self.header.next.seq_1 = self.a_frame.q.val().seq.get_bits::<8>(8);
        self.header.next.seq_0 = self.a_frame.q.val().seq.get_bits::<8>(0);
        self.header.next.ethertype = self.ethertype.val();
        self.header.next.valid_rows = self.a_frame.q.val().valid_rows;
        self.header.next.row_log2 = self.row_log2.val();
        self.b_valid.d.next = self.a_valid.q.val() & !self.rst.val();
        self.b_prefix.d.next = self.a_prefix.q.val();
        self.b_last.d.next = self.a_last.q.val();
        self.b_header.d.next = self.header.val();
        self.b_slots.d.next = self.a_slots.q.val();
        self.b_first.d.next = self.a_first.q.val();
        if self.a_before_rows.q.val() {
            self.b_slots.d.next = self.a_slots.q.val() & self.row_slots_of_first.val();
        }
        self.b_time.d.next = self.a_frame.q.val().timestamp;
        self.b_id.d.next = self.a_frame.q.val().id;
        self.b_dest.d.next = self.a_frame.q.val().dest;

        // The beat.
        self.spread.flag.next = self.b_slots.q.val();
        self.header_bits.next = 0.into();
        if self.b_first.q.val() {
            self.header_bits.next = bit_cast::<128, 128>(self.b_header.q.val().into());
        }
        if self.b_prefix.q.val() {
            self.c_data.d.next = (self.rows.val() & self.spread.mask.val())
                | bit_cast::<W, 128>(self.header_bits.val());
            self.c_keep.d.next = self.full_keep.val();
            self.c_flag.d.next = false;
        } else {
            self.c_data.d.next = self.packet_data.val();
            self.c_keep.d.next = self.packet_keep.val();
            self.c_flag.d.next = self.packet_flag.val();
        }
        self.packet_pop.next = self.b_valid.q.val() & !self.b_prefix.q.val();
        self.c_valid.d.next = self.b_valid.q.val() & !self.rst.val();
        self.c_last.d.next = self.b_last.q.val();
        self.c_time.d.next = self.b_time.q.val();
        self.c_id.d.next = self.b_id.q.val();
        self.c_dest.d.next = self.b_dest.q.val();

        self.valid.next = self.c_valid.q.val();
        self.data.next = self.c_data.q.val();
        self.keep.next = self.c_keep.q.val();
        self.last.next = self.c_last.q.val();
        self.user.next = (bit_cast::<USER, TIME>(self.c_time.q.val()) << 1)
            | bit_cast::<USER, 1>(self.c_flag.q.val().into());
        self.id.next = self.c_id.q.val();
        self.dest.next = self.c_dest.q.val();
    }
}
