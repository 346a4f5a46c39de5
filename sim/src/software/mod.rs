//! A stand-in for the hardware: the golden model behind the hardware's ports, cycle by cycle, with faults on
//! request.
//!
//! With its faults, tests show that the simulated NIC and the cosimulation find what they are there to find; without,
//! whatever needs a NIC can be tested where there is no Verilator. The stand-in is no model of the hardware's insides.

mod axil;
mod registers;

use std::collections::VecDeque;

use scr_hdl::interface::{self, PortSpec};
use scr_hdl::{Direction, Dut, Port};
use scr_wire::parse::{WINDOW_BYTES, parse};
use scr_wire::{Config, ConfigError, Disposition, MAX_CORES, MAX_PREFIX_BYTES, Profile, Sequencer};

use axil::{Front, Master};
pub use registers::RegisterModel;

use crate::stream::{Beat, MAX_BEAT_BYTES, User};

/// The cycles from the first accepted beat to the first output beat.
pub const LATENCY_CYCLES: u64 = 9;

/// Cycles from a register to the setting in force.
const SETTING_DELAY: usize = 7;
/// Beats of packets that fit inside.
const CAPACITY: usize = 64;

/// Something that the stand-in does wrong. Frames are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A bit of a frame is flipped.
    FlipBit {
        /// The frame.
        frame: u64,
        /// The byte; in the last one, if the frame is shorter.
        byte: usize,
    },
    /// A frame is left out.
    Drop(u64),
    /// A frame is sent twice.
    Duplicate(u64),
    /// A frame lacks its last byte.
    Shorten(u64),
    /// A frame never ends: tlast is missing.
    NoLast(u64),
    /// A frame goes to another queue.
    WrongQueue(u64),
    /// A frame has another tid.
    WrongId(u64),
    /// A frame has another timestamp.
    WrongUser(u64),
    /// A frame's tuser changes behind its first beat.
    UserChanges(u64),
    /// A frame's last beat has no contiguous tkeep.
    HoleInKeep(u64),
    /// A frame's first beat has only half of tkeep.
    HalfKeep(u64),
    /// The payload of a frame changes while it waits for tready.
    Unstable(u64),
    /// tvalid falls while a frame waits for tready.
    ValidFalls(u64),
    /// A frame begins a cycle late.
    Late(u64),
    /// A frame pauses for a cycle behind its first beat.
    Bubble(u64),
    /// Nothing comes out from this frame on.
    Stuck(u64),
    /// A reset starts no new epoch.
    ResetKeepsEpoch,
    /// A reset does not clear the output.
    ResetKeepsOutput,
    /// Every other frame has the settings before the last change, for a hundred frames.
    SettingsWaver,
    /// Changes of settings never come into force.
    SettingsStay,
    /// A counter of the registers, by its place, counts everything twice.
    CountsTwice(usize),
}

/// Settings as they stand in the registers.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Standing {
    config: Config,
    default_queue: u16,
}

#[derive(Clone, Copy)]
struct OutBeat {
    beat: Beat,
    /// The tick from which it may be put out.
    from: u64,
    frame: u64,
    first: bool,
    /// Whether it frees space: it is a packet's, not a prefix's.
    counts: bool,
}

/// The packet that is coming in.
#[derive(Default)]
struct Arriving {
    bytes: Vec<u8>,
    start: u64,
    /// tuser and tid of its first beat; of later beats only the flag means something.
    user: User,
    id: u16,
    /// User, id and queue of the frame, once its prefix is decided.
    decided: Option<(User, u16, u16)>,
    first_out: bool,
    /// The flag beside each of its beats that are not sent on.
    flags: VecDeque<bool>,
}

/// The stand-in, with a 512-bit datapath.
pub struct SoftwareSequencer {
    ports: Vec<Port>,
    values: Vec<Vec<u8>>,
    golden: Box<Sequencer>,
    registers: RegisterModel,
    front: Front,
    settings: VecDeque<Standing>,
    previous: Option<Standing>,
    since_change: u64,
    arriving: Arriving,
    queue: VecDeque<OutBeat>,
    buffered: usize,
    showing: Option<OutBeat>,
    ready: bool,
    ticks: u64,
    frames: u64,
    powered: bool,
    in_reset: bool,
    faults: Vec<Fault>,
}

const BEAT_BYTES: usize = 64;

/// The ports of a sequencer with a 512-bit datapath.
pub fn ports() -> Vec<Port> {
    interface::ports(BEAT_BYTES * 8)
}

impl SoftwareSequencer {
    /// A stand-in for hardware generated for `profile` and a history of N = `history` rows.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when N is out of range.
    pub fn new(profile: &Profile, history: usize) -> Result<Self, ConfigError> {
        Self::with_faults(profile, history, Vec::new())
    }

    /// A stand-in that does these things wrong.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_faults(
        profile: &Profile,
        history: usize,
        faults: Vec<Fault>,
    ) -> Result<Self, ConfigError> {
        let words = scr_wire::Geometry::fewest_words(profile, 1).map_or(1, |g| g.prefix_words());
        let golden = Sequencer::new(profile, history, Config::new(1, words))?;
        let ports = ports();
        let values = ports.iter().map(|p| vec![0; p.bytes()]).collect();
        Ok(Self {
            ports,
            values,
            golden: Box::new(golden),
            registers: RegisterModel::new(profile, history, MAX_CORES, BEAT_BYTES),
            front: Front::default(),
            settings: VecDeque::new(),
            previous: None,
            since_change: u64::MAX,
            arriving: Arriving::default(),
            queue: VecDeque::new(),
            buffered: 0,
            showing: None,
            ready: false,
            ticks: 0,
            frames: 0,
            powered: false,
            in_reset: false,
            faults,
        })
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    fn value(&self, port: PortSpec) -> u128 {
        let mut bytes = [0; 16];
        let value = &self.values[port.place];
        bytes[..value.len()].copy_from_slice(value);
        u128::from_le_bytes(bytes)
    }

    fn bit(&self, port: PortSpec) -> bool {
        self.values[port.place][0] != 0
    }

    fn standing(&self) -> Standing {
        Standing {
            config: self.registers.config,
            default_queue: self.registers.default_queue,
        }
    }

    fn master(&self) -> Master {
        Master {
            awaddr: self.value(interface::S_AXIL_AWADDR) as u16,
            awvalid: self.bit(interface::S_AXIL_AWVALID),
            wdata: self.value(interface::S_AXIL_WDATA) as u32,
            wstrb: self.value(interface::S_AXIL_WSTRB) as u8,
            wvalid: self.bit(interface::S_AXIL_WVALID),
            bready: self.bit(interface::S_AXIL_BREADY),
            araddr: self.value(interface::S_AXIL_ARADDR) as u16,
            arvalid: self.bit(interface::S_AXIL_ARVALID),
            rready: self.bit(interface::S_AXIL_RREADY),
        }
    }

    /// Adds to a counter, by its place in the register map.
    fn count(&mut self, place: usize, amount: u64) {
        let twice = self.has(Fault::CountsTwice(place));
        self.registers.counters[place] += if twice { 2 * amount } else { amount };
    }

    fn reset(&mut self) {
        self.registers.reset();
        self.settings.clear();
        if !self.in_reset && self.powered && !self.has(Fault::ResetKeepsEpoch) {
            // One epoch, also when the reset enables what was disabled.
            if self.golden.config().enable {
                self.golden.reset();
            }
            _ = self.golden.configure(self.registers.config);
        }
        self.in_reset = true;
        self.front.reset();
        self.arriving = Arriving::default();
        self.queue.clear();
        self.buffered = 0;
        self.ready = false;
        if !self.has(Fault::ResetKeepsOutput) {
            self.showing = None;
        }
    }

    /// Settings come into force without frames too: each enabling starts an epoch.
    fn settle(&mut self) {
        let late = [Fault::SettingsWaver, Fault::SettingsStay];
        if let Some(now) = self.settings.front()
            && !late.iter().any(|&fault| self.has(fault))
            && self.golden.config() != now.config
        {
            // The registers refuse what is invalid.
            _ = self.golden.configure(now.config);
        }
    }

    /// The settings in force for the next frame, put into the golden model.
    fn take_settings(&mut self) -> u16 {
        let Some(&now) = self.settings.front() else {
            return 0;
        };
        let mut now = now;
        if let Some(previous) = self.previous
            && previous != now
        {
            if self.has(Fault::SettingsStay) && self.frames > 1 {
                now = previous;
            } else {
                self.since_change = 0;
            }
        }
        self.since_change = self.since_change.saturating_add(1);
        let waver = self.has(Fault::SettingsWaver) && (1..100).contains(&self.since_change);
        if waver && self.frames.is_multiple_of(2) {
            let cores = match now.config.cores {
                1 => 1,
                n => n - 1,
            };
            now.config.cores = cores;
        } else {
            self.previous = Some(now);
        }
        if self.golden.config() != now.config {
            // The registers refuse what is invalid.
            _ = self.golden.configure(now.config);
        }
        now.default_queue
    }

    /// A beat was accepted.
    fn accept(&mut self) {
        let keep = self.value(interface::S_AXIS_TKEEP);
        let last = self.value(interface::S_AXIS_TLAST) != 0;
        let count = keep.count_ones() as usize;
        if self.arriving.decided.is_none() && self.arriving.bytes.is_empty() {
            self.arriving.start = self.ticks;
            self.arriving.user = User(self.value(interface::S_AXIS_TUSER));
            self.arriving.id = self.value(interface::S_AXIS_TID) as u16;
        }
        let flag = User(self.value(interface::S_AXIS_TUSER)).bad_frame();
        self.arriving.flags.push_back(flag);
        let data = &self.values[interface::S_AXIS_TDATA.place][..count];
        self.arriving.bytes.extend_from_slice(data);
        self.count(0, last.into());
        self.count(1, count as u64);
        self.buffered += 1;
        if self.arriving.decided.is_some() {
            self.enqueue_packet(last);
        } else if last || self.arriving.bytes.len() >= WINDOW_BYTES {
            self.decide();
            self.enqueue_packet(last);
        }
        if last {
            self.end_of_frame();
        }
    }

    /// The packet's window is in: it gets its number, and its prefix goes out.
    fn decide(&mut self) {
        self.frames += 1;
        let default_queue = self.take_settings();
        let Arriving { user, id, .. } = self.arriving;
        let mut prefix = [0; MAX_PREFIX_BYTES];
        let malformed = parse(&self.arriving.bytes, self.golden.profile().has_ipv6()).malformed;
        self.count(7, malformed.into());
        let window = &self.arriving.bytes;
        let disposition = self.golden.sequence(window, user.time(), &mut prefix);
        let (bytes, dest) = match disposition {
            Disposition::PassedBy => {
                self.count(3, 1);
                (0, default_queue)
            }
            Disposition::Sequenced {
                core, prefix_bytes, ..
            } => {
                self.count(2, 1);
                self.registers.sent[usize::from(core)] += 1;
                (prefix_bytes, self.registers.steering[usize::from(core)])
            }
        };
        self.arriving.decided = Some((user, id, dest));
        self.arriving.first_out = true;
        for chunk in prefix[..bytes].chunks_exact(BEAT_BYTES) {
            self.enqueue(chunk, false, false);
        }
    }

    /// Whole beats of the packet, and the rest at its end, follow.
    fn enqueue_packet(&mut self, last: bool) {
        let bytes = std::mem::take(&mut self.arriving.bytes);
        let beats = bytes.len().div_ceil(BEAT_BYTES);
        for (i, chunk) in bytes.chunks(BEAT_BYTES).enumerate() {
            self.enqueue(chunk, last && i + 1 == beats, true);
        }
    }

    fn enqueue(&mut self, bytes: &[u8], last: bool, counts: bool) {
        let Some((user, id, dest)) = self.arriving.decided else {
            return;
        };
        let mut data = [0; MAX_BEAT_BYTES];
        data[..bytes.len()].copy_from_slice(bytes);
        let first = std::mem::take(&mut self.arriving.first_out);
        let flag = counts && self.arriving.flags.pop_front().unwrap_or_default();
        // A frame's beats can follow each other from its first one on.
        self.queue.push_back(OutBeat {
            beat: Beat {
                data,
                keep: u128::MAX >> (128 - bytes.len()),
                last,
                user: user.with_flag(flag),
                id,
                dest,
            },
            from: self.arriving.start + LATENCY_CYCLES - 1,
            frame: self.frames,
            first,
            counts,
        });
    }

    /// The packet is complete; its frame in the queue gets its faults.
    fn end_of_frame(&mut self) {
        self.arriving = Arriving::default();
        let frame = self.frames;
        let Some(start) = self.queue.iter().position(|b| b.frame == frame) else {
            return;
        };
        for fault in self.faults.clone() {
            let beats = self.queue.len() - start;
            let end = self.queue.len() - 1;
            match fault {
                Fault::FlipBit { frame: f, byte } if f == frame => {
                    let at = start + (byte / BEAT_BYTES).min(beats - 1);
                    let out = &mut self.queue[at].beat;
                    let count = out.keep.count_ones() as usize;
                    out.data[(byte % BEAT_BYTES).min(count - 1)] ^= 0x10;
                }
                Fault::Drop(f) if f == frame => {
                    let dropped = self.queue.drain(start..);
                    self.buffered -= dropped.filter(|b| b.counts).count();
                    return;
                }
                Fault::Duplicate(f) if f == frame => {
                    for i in start..=end {
                        let again = OutBeat {
                            counts: false,
                            ..self.queue[i]
                        };
                        self.queue.push_back(again);
                    }
                }
                Fault::Shorten(f) if f == frame => self.queue[end].beat.keep >>= 1,
                Fault::NoLast(f) if f == frame => self.queue[end].beat.last = false,
                Fault::HoleInKeep(f) if f == frame => {
                    self.queue[end].beat.keep = 0b101;
                }
                Fault::HalfKeep(f) if f == frame => {
                    self.queue[start].beat.keep = u128::from(u32::MAX);
                }
                Fault::UserChanges(f) if f == frame => self.queue[end].beat.user.0 ^= 2,
                Fault::Late(f) if f == frame => self.queue[start].from += 1,
                Fault::Bubble(f) if f == frame && beats > 1 => {
                    self.queue[start + 1].from = u64::MAX;
                }
                Fault::WrongQueue(f) if f == frame => {
                    self.queue.range_mut(start..).for_each(|b| b.beat.dest ^= 1);
                }
                Fault::WrongId(f) if f == frame => {
                    self.queue.range_mut(start..).for_each(|b| b.beat.id ^= 1);
                }
                Fault::WrongUser(f) if f == frame => {
                    self.queue
                        .range_mut(start..)
                        .for_each(|b| b.beat.user.0 ^= 1 << 60);
                }
                _ => {}
            }
        }
    }

    /// The output register takes the next beat, if it may.
    fn advance(&mut self) {
        if let Some(mut showing) = self.showing {
            if !self.bit(interface::M_AXIS_TREADY) {
                self.count(6, 1);
                let frame = showing.frame;
                if self.faults.contains(&Fault::Unstable(frame)) {
                    showing.beat.data[0] ^= 1;
                    self.showing = Some(showing);
                }
                if self.faults.contains(&Fault::ValidFalls(frame)) {
                    self.queue.push_front(showing);
                    self.buffered += usize::from(showing.counts);
                    self.showing = None;
                    self.faults.retain(|&f| f != Fault::ValidFalls(frame));
                }
                return;
            }
            let bytes = showing.beat.keep.count_ones();
            self.showing = None;
            self.count(4, bytes.into());
        }
        let Some(next) = self.queue.front_mut() else {
            return;
        };
        if next.from == u64::MAX {
            // The bubble.
            next.from = 0;
            return;
        }
        let stuck = next.first && self.faults.contains(&Fault::Stuck(next.frame));
        if stuck || next.from > self.ticks {
            return;
        }
        self.buffered -= usize::from(next.counts);
        self.showing = self.queue.pop_front();
    }

    fn show(&mut self) {
        let beat = self.showing.map(|b| b.beat).unwrap_or_default();
        self.values[interface::M_AXIS_TDATA.place].copy_from_slice(&beat.data[..BEAT_BYTES]);
        let front = self.front.out;
        let words = [
            (interface::S_AXIL_AWREADY, front.awready.into()),
            (interface::S_AXIL_WREADY, front.wready.into()),
            (interface::S_AXIL_BRESP, front.bresp.into()),
            (interface::S_AXIL_BVALID, front.bvalid.into()),
            (interface::S_AXIL_ARREADY, front.arready.into()),
            (interface::S_AXIL_RDATA, front.rdata.into()),
            (interface::S_AXIL_RRESP, front.rresp.into()),
            (interface::S_AXIL_RVALID, front.rvalid.into()),
            (interface::M_AXIS_TKEEP, beat.keep),
            (interface::M_AXIS_TVALID, self.showing.is_some().into()),
            (interface::M_AXIS_TLAST, beat.last.into()),
            (interface::M_AXIS_TUSER, beat.user.0),
            (interface::M_AXIS_TID, beat.id.into()),
            (interface::M_AXIS_TDEST, beat.dest.into()),
            (interface::S_AXIS_TREADY, self.ready.into()),
        ];
        for (port, word) in words {
            let value = &mut self.values[port.place];
            let count = value.len();
            value.copy_from_slice(&word.to_le_bytes()[..count]);
        }
    }
}

impl Dut for SoftwareSequencer {
    fn ports(&self) -> &[Port] {
        &self.ports
    }

    fn set(&mut self, port: usize, value: &[u8]) {
        let settable =
            self.ports[port].direction == Direction::Input && port != interface::CLK.place;
        assert!(settable, "port {} is no input", self.ports[port].name);
        self.values[port].copy_from_slice(value);
    }

    fn get(&self, port: usize, value: &mut [u8]) {
        value.copy_from_slice(&self.values[port]);
    }

    fn tick(&mut self) {
        let standing = self.standing();
        self.settings.push_back(standing);
        if self.settings.len() > SETTING_DELAY {
            self.settings.pop_front();
        }
        if self.bit(interface::RST) {
            self.reset();
        } else {
            self.settle();
            self.powered = true;
            self.in_reset = false;
            self.registers.epoch = self.golden.epoch();
            self.registers.next_seq = self.golden.next_seq().get();
            let master = self.master();
            self.front.tick(&master, &mut self.registers);
            let stalls = !self.ready && self.bit(interface::S_AXIS_TVALID);
            self.count(5, stalls.into());
            if self.ready && self.bit(interface::S_AXIS_TVALID) {
                self.accept();
            }
            self.advance();
            self.ready = self.buffered + 2 <= CAPACITY;
        }
        self.ticks += 1;
        self.show();
    }
}
