//! The simulated NIC: packets in, frames out, cycle by cycle.
//!
//! ```text
//! push ──▶ input queue ──beats──▶ the block ──beats──▶ frames ──▶ pop
//! ```
//!
//! | module | content |
//! |---|---|
//! | `input` | packets waiting, laid out as beats |
//! | `output` | frames being collected, and complete frames |
//! | `control` | the registers: a bus of cycles, and settings that the driver writes over it |
//! | `error` | why the simulation cannot continue |
//! | [`attached`] | the simulated NIC as a [`scr_nic::Nic`], controlled by a host |

pub mod attached;
mod control;
mod error;
mod input;
mod output;

use std::collections::VecDeque;

use scr_hdl::Dut;
use scr_wire::{MAX_PREFIX_BYTES, Timestamp};

use crate::stream::{
    Answer, Beat, Pattern, PatternState, RegisterBus, Rules, Settings, StreamPorts, User,
};
pub use attached::AttachedNic;
pub use error::NicError;
use input::InputQueue;
pub use output::OutFrame;
use output::OutputQueue;

/// Clock frequency of the simulated hardware, in Hz.
pub const CLOCK_HZ: f64 = 250e6;

/// Parameters of a simulated NIC.
#[derive(Clone, Debug)]
pub struct NicConfig {
    /// The sequencer's initial settings.
    pub settings: Settings,
    /// The block's documented latency: cycles from the one in which the first beat of a frame is accepted to the one in
    /// which its first output beat is valid, if the block was idle before.
    pub latency_cycles: u64,
    /// When the host takes beats.
    pub sink: Pattern,
    /// Check the rules of AXI4-Stream on the output in every cycle. Costs some speed.
    pub check_rules: bool,
    /// The block is declared stuck if no beat is accepted or taken for this many cycles.
    pub watchdog_cycles: u64,
    /// Cycles after which settings are in force if no frame is inside.
    pub settle_cycles: u64,
    /// Packets are collected up to this many bytes, then simulated in one go.
    pub batch_bytes: usize,
}

impl NicConfig {
    /// A configuration with a sink that is always ready and without checks of rules.
    pub fn new(settings: Settings, latency_cycles: u64) -> Self {
        Self {
            settings,
            latency_cycles,
            sink: Pattern::Always,
            check_rules: false,
            watchdog_cycles: 10_000,
            settle_cycles: 512,
            batch_bytes: 32 << 10,
        }
    }
}

/// Counters of the simulation, from the end of the initial reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NicCounters {
    /// Packets whose frame came out completely.
    pub packets: u64,
    /// Clock cycles.
    pub cycles: u64,
    /// Input beats that the block accepted.
    pub beats_in: u64,
    /// Output beats that the sink took.
    pub beats_out: u64,
    /// Cycles wasted; see [`SimNic`]. A correct design wastes none.
    pub idle_with_work: u64,
}

impl NicCounters {
    /// Packets per second, in millions, that this run would reach on hardware at 250 MHz.
    pub fn mpps_at_250mhz(&self) -> f64 {
        if self.cycles == 0 {
            return 0.0;
        }
        self.packets as f64 * CLOCK_HZ / self.cycles as f64 / 1e6
    }
}

/// A frame on its way through the block.
struct InFlight {
    /// The cycle in which its first beat was offered.
    offered: u64,
    bytes: usize,
}

/// A NIC whose hardware is simulated cycle by cycle.
///
/// Packets are offered at full rate: as long as packets are queued, there is a beat at the input in every cycle in
/// which the hardware is ready. The clock stands while the input queue is empty, unless [`flush`](Self::flush) drives
/// the last frames out; so the simulated line is never idle, and the cycle counts are those of a line at full rate,
/// however slowly the packets are pushed.
///
/// Frames come out in the order of the packets, one for each. Memory does not grow with the number of packets as long
/// as frames are popped; in steady state nothing is allocated.
///
/// **`idle_with_work`** counts the cycles in which the sink was ready, no output beat came, and the oldest frame not
/// completely out had been offered at the input `latency_cycles` or more cycles earlier (accepted or not: a block that
/// keeps frames waiting at its input is idle, too). Such a cycle is lost for good, so at full rate a correct design has
/// none.
///
/// The NIC works with any block; with a known block type the compiler can inline it, which speeds up the simulation of
/// a fast one.
///
/// ```no_run
/// # fn model() -> Box<dyn scr_hdl::Dut + Send> { unimplemented!() }
/// use scr_sim::nic::{NicConfig, SimNic};
/// use scr_sim::stream::Settings;
/// use scr_wire::{Config, Timestamp};
///
/// let mut nic = SimNic::new(model(), NicConfig::new(Settings::new(Config::new(4, 2)), 12))?;
/// for packet in [&[0u8; 60][..], &[1; 1514]] {
///     nic.push(packet, Timestamp::default())?;
///     while let Some(frame) = nic.pop() {
///         println!("queue {}: {} bytes", frame.queue, frame.bytes.len());
///     }
/// }
/// nic.flush()?;
/// while let Some(frame) = nic.pop() { /* the rest */ }
/// # Ok::<(), scr_sim::nic::NicError>(())
/// ```
pub struct SimNic<D = Box<dyn Dut + Send>> {
    dut: D,
    ports: StreamPorts,
    bus: RegisterBus,
    /// The answer to the access to a register, until whoever began it takes it.
    answer: Option<Answer>,
    config: NicConfig,
    sink: PatternState,
    rules: Option<Rules>,
    beat: Box<Beat>,

    input: InputQueue,
    output: OutputQueue,
    in_flight: VecDeque<InFlight>,
    /// Inputs as last driven, so that only changes cost time.
    driven: Driven,
    /// Whether a beat is at the input and not accepted yet.
    offering: bool,
    /// Cycle of the last beat in or out.
    last_move: u64,
    counters: NicCounters,
}

/// The current values of the control inputs.
struct Driven {
    valid: bool,
    ready: bool,
    keep: u128,
    last: bool,
}

impl<D> std::fmt::Debug for SimNic<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimNic")
            .field("config", &self.config)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl<D: Dut> SimNic<D> {
    /// Powers the block up: a reset, the settings, and as many cycles as they need.
    ///
    /// # Errors
    ///
    /// [`NicError`] if the block lacks a port, rejects the settings or does not become ready.
    pub fn new(dut: D, config: NicConfig) -> Result<Self, NicError> {
        let bus = RegisterBus::find(dut.ports())?;
        let ports = StreamPorts::find(dut.ports())?;
        let beat_bytes = ports.beat_bytes();
        let mut nic = Self {
            dut,
            ports,
            bus,
            answer: None,
            sink: PatternState::new(config.sink, 0),
            rules: config.check_rules.then(|| Rules::new(beat_bytes)),
            beat: Box::default(),
            input: InputQueue::new(beat_bytes),
            output: OutputQueue::new(beat_bytes),
            in_flight: VecDeque::new(),
            driven: Driven {
                valid: false,
                ready: false,
                keep: 0,
                last: false,
            },
            offering: false,
            last_move: 0,
            counters: NicCounters::default(),
            config,
        };
        nic.power_up()?;
        Ok(nic)
    }

    /// Queues a packet of at least one byte. When enough are queued they are simulated, and frames can be
    /// [popped](Self::pop).
    ///
    /// # Errors
    ///
    /// [`NicError`]; the NIC is unusable afterwards.
    ///
    /// # Panics
    ///
    /// If the packet has no bytes: there is no such frame on a wire.
    pub fn push(&mut self, packet: &[u8], time: Timestamp) -> Result<(), NicError> {
        self.push_with(packet, User::new(time, false), 0)
    }

    /// As [`push`](Self::push), with complete tuser and tid.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    ///
    /// # Panics
    ///
    /// If the packet has no bytes.
    pub fn push_with(&mut self, packet: &[u8], user: User, id: u16) -> Result<(), NicError> {
        assert!(!packet.is_empty(), "a packet of zero bytes");
        self.input.push(packet, user, id);
        if self.input.bytes() >= self.config.batch_bytes {
            self.run()?;
        }
        Ok(())
    }

    /// Simulates until all packets queued so far are inside the block. Their last frames stay inside.
    ///
    /// # Errors
    ///
    /// [`NicError`]; the NIC is unusable afterwards.
    pub fn run(&mut self) -> Result<(), NicError> {
        self.output.reclaim();
        while !self.input.is_empty() {
            self.cycle()?;
        }
        Ok(())
    }

    /// Simulates until all frames are out. The next packet finds the block idle.
    ///
    /// # Errors
    ///
    /// [`NicError`]; the NIC is unusable afterwards.
    pub fn flush(&mut self) -> Result<(), NicError> {
        self.run()?;
        while !self.in_flight.is_empty() {
            self.cycle()?;
        }
        Ok(())
    }

    /// The next frame that is completely out.
    pub fn pop(&mut self) -> Option<OutFrame<'_>> {
        self.output.pop()
    }

    /// Number of frames that can be popped.
    pub fn ready_frames(&self) -> usize {
        self.output.complete()
    }

    /// The counters so far.
    pub fn counters(&self) -> NicCounters {
        self.counters
    }

    /// Restarts the counters; all frames must be out.
    pub fn restart_counters(&mut self) {
        self.last_move = 0;
        self.counters = NicCounters::default();
    }

    /// The block, for access to its ports.
    pub fn dut(&self) -> &D {
        &self.dut
    }

    fn power_up(&mut self) -> Result<(), NicError> {
        const RESET_CYCLES: u32 = 16;
        self.ports.drive(&mut self.dut, &Beat::default());
        self.ports
            .reset(&mut self.dut, &mut self.bus, RESET_CYCLES, false);
        let settings = self.config.settings.clone();
        self.apply(&settings)?;
        let mut waited = 0;
        while !self.ports.s_ready.bit(&self.dut) {
            self.dut.tick();
            waited += 1;
            if waited > self.config.watchdog_cycles {
                return Err(NicError::Stuck {
                    packet: 1,
                    waiting_for: "s_axis_tready has been low since the reset,",
                    cycles: waited,
                    cycle: waited,
                });
            }
        }
        self.restart_counters();
        Ok(())
    }

    /// Simulates one clock cycle.
    #[inline]
    fn cycle(&mut self) -> Result<(), NicError> {
        let dut = &mut self.dut;
        let ports = &self.ports;
        let cycle = self.counters.cycles;
        let accepts = ports.s_ready.bit(dut);
        let valid = ports.m_valid.bit(dut);

        // Output.
        let ready = self.sink.next(valid);
        if ready != self.driven.ready {
            self.driven.ready = ready;
            ports.m_ready.set_bit(dut, ready);
        }
        if let Some(rules) = &mut self.rules {
            if valid && rules.looks_at_data(ready) {
                ports.sample(dut, &mut self.beat);
            } else if valid {
                ports.sample_control(dut, &mut self.beat);
            }
            rules
                .check(valid.then_some(&*self.beat), ready)
                .map_err(|violation| NicError::Rule {
                    packet: self.counters.packets + 1,
                    cycle,
                    violation,
                })?;
        }
        let mut moved = false;
        if ready && valid {
            moved = true;
            self.counters.beats_out += 1;
            let Some(oldest) = self.in_flight.front() else {
                return Err(NicError::Unexpected {
                    packet: self.counters.packets,
                    cycle,
                });
            };
            if self.output.take(dut, ports) {
                self.in_flight.pop_front();
                self.counters.packets += 1;
            } else if self.output.open_bytes() > oldest.bytes + MAX_PREFIX_BYTES {
                return Err(NicError::Endless {
                    packet: self.counters.packets + 1,
                    bytes: self.output.open_bytes(),
                    cycle,
                });
            }
        } else if ready
            && let Some(oldest) = self.in_flight.front()
            && cycle - oldest.offered >= self.config.latency_cycles
        {
            self.counters.idle_with_work += 1;
        }

        // Input: a beat stays until it is accepted.
        if !self.offering
            && let Some(beat) = self.input.beat()
        {
            self.offering = true;
            if !self.driven.valid {
                self.driven.valid = true;
                ports.s_valid.set_bit(dut, true);
            }
            dut.set(ports.s_data, beat.data);
            if beat.keep != self.driven.keep {
                self.driven.keep = beat.keep;
                ports.s_keep.set(dut, beat.keep);
            }
            if beat.last != self.driven.last {
                self.driven.last = beat.last;
                ports.s_last.set_bit(dut, beat.last);
            }
            if beat.first {
                ports.s_user.set(dut, beat.user.0);
                ports.s_id.set(dut, beat.id.into());
                let bytes = beat.packet_bytes;
                self.in_flight.push_back(InFlight {
                    offered: cycle,
                    bytes,
                });
            }
        }
        if (self.bus.busy() || self.bus.lingers())
            && let Some(answer) = self.bus.step(dut)?
        {
            self.answer = Some(answer);
        }

        dut.tick();
        self.counters.cycles += 1;

        if self.offering && accepts {
            moved = true;
            self.counters.beats_in += 1;
            self.input.advance();
            self.offering = false;
            if self.input.is_empty() {
                self.driven.valid = false;
                ports.s_valid.set_bit(dut, false);
            }
        }
        if moved || self.in_flight.is_empty() {
            self.last_move = cycle;
        } else if cycle - self.last_move > self.config.watchdog_cycles {
            return Err(self.stuck(accepts, ready));
        }
        Ok(())
    }

    #[cold]
    fn stuck(&self, accepts: bool, ready: bool) -> NicError {
        let waiting_for = match (self.offering && !accepts, ready) {
            (true, _) => "a beat is not accepted and none comes out",
            (false, true) => "no beat comes out",
            (false, false) => "the sink takes nothing",
        };
        NicError::Stuck {
            packet: self.counters.packets + 1,
            waiting_for,
            cycles: self.config.watchdog_cycles,
            cycle: self.counters.cycles,
        }
    }
}
