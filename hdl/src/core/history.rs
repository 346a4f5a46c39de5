use rust_hdl::prelude::*;

use crate::primitive::{BeatOfRows, Param, RowRam};

/// One lane of the history: every L-th row.
#[derive(LogicBlock, Default)]
pub struct HistoryLane<const R: usize> {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// A row is written.
    pub write: Signal<In, Bit>,
    /// The lane it belongs to.
    pub write_lane: Signal<In, Bits<5>>,
    /// Address of the row in its lane.
    pub write_address: Signal<In, Bits<9>>,
    /// The row.
    pub write_row: Signal<In, Bits<R>>,
    /// Address of the newest rows that are read.
    pub read_address: Signal<In, Bits<9>>,
    /// The address before it.
    pub read_address_before: Signal<In, Bits<9>>,
    /// Lanes below this one read one address earlier.
    pub first_lane: Signal<In, Bits<5>>,
    /// The row that was read, a cycle later.
    pub read_row: Signal<Out, Bits<R>>,
    ram: RowRam<R>,
    index: Param<Bits<5>>,
    // A bit wider, so that the last of 32 lanes is compared like any other.
    wide_index: Param<Bits<6>>,
}

impl<const R: usize> HistoryLane<R> {
    fn new(index: usize, depth: usize) -> Self {
        Self {
            ram: RowRam::new(depth),
            index: Param::new(index as u64),
            wide_index: Param::new(index as u64),
            ..Self::default()
        }
    }
}

impl<const R: usize> Logic for HistoryLane<R> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clk, ram);
        self.ram.write_enable.next = self.write.val() & (self.write_lane.val() == self.index.val());
        self.ram.write_address.next = self.write_address.val();
        self.ram.write_row.next = self.write_row.val();
        if self.wide_index.val() < bit_cast::<6, 5>(self.first_lane.val()) {
            self.ram.read_address.next = self.read_address_before.val();
        } else {
            self.ram.read_address.next = self.read_address.val();
        }
        self.read_row.next = self.ram.read_row.val();
    }
}

/// The history of rows, in RAM.
///
/// There are as many lanes as a beat has row slots, L (one, where a row is wider than a beat). Places are counted on from row to row, over
/// epochs too. The row of place p lies at address p div L of lane L − 1 − p mod L; so L consecutive rows lie in L different lanes at one of two
/// neighbouring addresses, and a rotation brings them newest first. Two cycles from request to rows.
#[derive(LogicBlock, Default)]
pub struct History<const W: usize, const R: usize> {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// A row is written.
    pub write: Signal<In, Bit>,
    /// The row.
    pub write_row: Signal<In, Bits<R>>,
    /// Place of the row, that of the row before and one.
    pub write_place: Signal<In, Bits<14>>,
    /// Address of the newest row to be read.
    pub address: Signal<In, Bits<9>>,
    /// The address before it.
    pub address_before: Signal<In, Bits<9>>,
    /// Lane of the newest row to be read, which is also the rotation.
    pub rotation: Signal<In, Bits<5>>,
    /// Which part of the row, where a row is wider than a beat.
    pub part: Signal<In, Bits<2>>,
    /// L rows, newest first, two cycles later.
    pub rows: Signal<Out, Bits<W>>,
    lane: Vec<HistoryLane<R>>,
    join: BeatOfRows<R, W>,
    read_part: DFF<Bits<2>>,
    turn: Signal<Local, Bits<5>>,
    write_address: Signal<Local, Bits<14>>,
    low_place: Signal<Local, Bits<5>>,
    write_lane: Signal<Local, Bits<5>>,
    read_rotation: DFF<Bits<5>>,
    by_1: Signal<Local, Bits<W>>,
    by_2: Signal<Local, Bits<W>>,
    by_4: Signal<Local, Bits<W>>,
    by_8: Signal<Local, Bits<W>>,
    by_16: Signal<Local, Bits<W>>,
    rotated: DFF<Bits<W>>,
    lanes_log2: Param<Bits<3>>,
    lane_mask: Param<Bits<5>>,
    down_1: Param<Bits<12>>,
    down_2: Param<Bits<12>>,
    down_4: Param<Bits<12>>,
    down_8: Param<Bits<12>>,
    down_16: Param<Bits<12>>,
    up_1: Param<Bits<12>>,
    up_2: Param<Bits<12>>,
    up_4: Param<Bits<12>>,
    up_8: Param<Bits<12>>,
    up_16: Param<Bits<12>>,
}

impl<const W: usize, const R: usize> History<W, R> {
    /// A history of at least `capacity` rows.
    pub fn new(capacity: usize) -> Self {
        let lanes = (W / R).max(1);
        let depth = capacity.div_ceil(lanes).next_power_of_two().max(2);
        // A rotation by a whole turn or more never happens; shifts by 0 stand for it.
        let turns = |rows: usize| rows < lanes;
        let down = |rows: usize| if turns(rows) { rows * R } else { 0 };
        let up = |rows: usize| if turns(rows) { W - rows * R } else { 0 };
        let down = |rows| Param::new(down(rows) as u64);
        let up = |rows| Param::new(up(rows) as u64);
        Self {
            lane: (0..lanes).map(|i| HistoryLane::new(i, depth)).collect(),
            lanes_log2: Param::new(u64::from(lanes.trailing_zeros())),
            lane_mask: Param::new(lanes as u64 - 1),
            down_1: down(1),
            down_2: down(2),
            down_4: down(4),
            down_8: down(8),
            down_16: down(16),
            up_1: up(1),
            up_2: up(2),
            up_4: up(4),
            up_8: up(8),
            up_16: up(16),
            ..Self::default()
        }
    }
}

impl<const W: usize, const R: usize> Logic for History<W, R> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clk, read_rotation, read_part, rotated);
        // Bits of the rotation that cannot be set are told so, or their logic would stay.
        self.turn.next = self.rotation.val() & self.lane_mask.val();
        self.write_address.next = self.write_place.val() >> self.lanes_log2.val();
        self.low_place.next = self.write_place.val().get_bits::<5>(0);
        self.write_lane.next = !self.low_place.val() & self.lane_mask.val();
        for i in 0..self.lane.len() {
            self.lane[i].clk.next = self.clk.val();
            self.lane[i].write.next = self.write.val();
            self.lane[i].write_lane.next = self.write_lane.val();
            self.lane[i].write_address.next = self.write_address.val().get_bits::<9>(0);
            self.lane[i].write_row.next = self.write_row.val();
            self.lane[i].read_address.next = self.address.val();
            self.lane[i].read_address_before.next = self.address_before.val();
            self.lane[i].first_lane.next = self.turn.val();
            self.join.row[i].next = self.lane[i].read_row.val();
        }
        self.read_rotation.d.next = self.turn.val();
        self.read_part.d.next = self.part.val();
        self.join.part.next = self.read_part.q.val();

        self.by_1.next = self.join.beat.val();
        if self.read_rotation.q.val().get_bit(0) {
            self.by_1.next = (self.join.beat.val() >> self.down_1.val())
                | (self.join.beat.val() << self.up_1.val());
        }
        self.by_2.next = self.by_1.val();
        if self.read_rotation.q.val().get_bit(1) {
            self.by_2.next =
                (self.by_1.val() >> self.down_2.val()) | (self.by_1.val() << self.up_2.val());
        }
        self.by_4.next = self.by_2.val();
        if self.read_rotation.q.val().get_bit(2) {
            self.by_4.next =
                (self.by_2.val() >> self.down_4.val()) | (self.by_2.val() << self.up_4.val());
        }
        self.by_8.next = self.by_4.val();
        if self.read_rotation.q.val().get_bit(3) {
            self.by_8.next =
                (self.by_4.val() >> self.down_8.val()) | (self.by_4.val() << self.up_8.val());
        }
        self.by_16.next = self.by_8.val();
        if self.read_rotation.q.val().get_bit(4) {
            self.by_16.next =
                (self.by_8.val() >> self.down_16.val()) | (self.by_8.val() << self.up_16.val());
        }
        self.rotated.d.next = self.by_16.val();
        self.rows.next = self.rotated.q.val();
    }
}
