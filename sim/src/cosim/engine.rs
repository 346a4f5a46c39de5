//! Drives a block with steps, collects its output, and has it checked.

use std::collections::VecDeque;
use std::iter::Peekable;

use fastrand::Rng;
use scr_hdl::Dut;
use scr_wire::parse::parse;
use scr_wire::registers::{self, Capabilities};
use scr_wire::{MAX_PREFIX_BYTES, Profile};

use super::checker::{Checker, Frame, Outcome, Times};
use super::counts::Counts;
use super::lockstep::Divergence;
use super::mismatch::{Mismatch, MismatchKind};
use super::packets::TestPacket;
use super::steps::{Setting, Step};
use super::stimulus::writes::{RegisterWrites, Write};
use crate::stream::{
    Beat, MAX_BEAT_BYTES, Pattern, PatternState, Rules, Settings, StreamPorts, User,
};

/// Parameters of a cosimulation.
#[derive(Clone, Debug)]
pub struct CosimConfig {
    /// Row profile that the block was generated for.
    pub profile: Profile,
    /// History depth N that the block was generated for.
    pub history: usize,
    /// The block's documented latency; see [`NicConfig::latency_cycles`](crate::nic::NicConfig::latency_cycles).
    pub latency_cycles: u64,
    /// The initial settings.
    pub settings: Settings,
    /// When beats are offered.
    pub source: Pattern,
    /// When beats are accepted.
    pub sink: Pattern,
    /// Seed of the patterns, of the times at which settings change, and of the garbage on idle inputs.
    pub seed: u64,
    /// Number of cycles after the response to a write from which it is in force for every arriving frame.
    pub grace_cycles: u64,
    /// The block is declared stuck if no beat is accepted on either side for this many cycles.
    pub watchdog_cycles: u64,
    /// Whether to compare the counters with what happened, at the end.
    pub check_counters: bool,
}

impl CosimConfig {
    /// A configuration with full rate on both sides.
    pub fn new(profile: Profile, history: usize, latency_cycles: u64, settings: Settings) -> Self {
        Self {
            profile,
            history,
            latency_cycles,
            settings,
            source: Pattern::Always,
            sink: Pattern::Always,
            seed: 0,
            grace_cycles: 0,
            watchdog_cycles: 10_000,
            check_counters: true,
        }
    }
}

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

/// Runs the steps on a block, from power-up, until all frames are out.
///
/// Every output byte, tkeep, tlast, tdest, tuser and tid are checked, as are the rules of AXI4-Stream in every cycle.
/// With a source at full rate, no cycle may be wasted; with source and sink at full rate, a frame that finds the block
/// idle must have exactly the documented latency. A frame therefore takes exactly its prefix's beats and its own. At
/// the end the counters must show what happened since the last reset.
///
/// # Errors
///
/// The first [`Mismatch`].
pub fn run(
    dut: &mut (impl Dut + ?Sized),
    steps: impl IntoIterator<Item = Step>,
    config: &CosimConfig,
) -> Result<CosimReport, Mismatch> {
    run_watched(dut, steps, config, &|| None)
}

/// As [`run`], with a call of `probe` after each cycle.
pub(super) fn run_watched(
    dut: &mut (impl Dut + ?Sized),
    steps: impl IntoIterator<Item = Step>,
    config: &CosimConfig,
    probe: &impl Fn() -> Option<Divergence>,
) -> Result<CosimReport, Mismatch> {
    let at_start = |kind| Mismatch {
        packet: 1,
        cycle: 0,
        kind,
        seed: config.seed,
    };
    let mut engine = Engine::new(dut, config, probe).map_err(at_start)?;
    let mut steps = steps.into_iter().peekable();
    match engine.run(&mut steps) {
        Ok(()) => Ok(engine.finish()),
        Err(kind) => Err(Mismatch {
            packet: engine.due(),
            cycle: engine.cycle,
            kind,
            seed: config.seed,
        }),
    }
}

/// The packet being sent.
struct Sending {
    packet: TestPacket,
    /// Bytes accepted.
    done: usize,
    /// Whether a beat is at the input and not accepted yet.
    offering: bool,
}

/// A packet whose frame is not completely out.
struct InFlight {
    packet: TestPacket,
    offered: u64,
    accepted: Option<u64>,
    presented: Option<u64>,
    /// Whether the packet found the block idle.
    alone: bool,
    complete: bool,
    /// The flag beside each of the packet's beats.
    flags: Vec<bool>,
}

/// An action besides sending.
enum Action {
    Set(Setting),
    Reset(u8),
}

/// Checks that the flag passes with its beat; beside a prefix it is low.
fn check_flags(packet: &[bool], frame: &[bool]) -> Result<(), MismatchKind> {
    let prefix = frame.len() - packet.len().min(frame.len());
    let expected = std::iter::repeat_n(false, prefix).chain(packet.iter().copied());
    let differs = |(_, (expected, got)): &(usize, (bool, &bool))| expected != *got;
    match expected.zip(frame).enumerate().find(differs) {
        None => Ok(()),
        Some((beat, (expected, got))) => Err(MismatchKind::Flag {
            beat,
            expected,
            got: *got,
        }),
    }
}

struct Engine<'a, D: ?Sized, P> {
    dut: &'a mut D,
    ports: StreamPorts,
    writes: RegisterWrites,
    config: &'a CosimConfig,
    probe: &'a P,
    source: PatternState,
    sink: PatternState,
    rng: Rng,
    rules: Rules,
    checker: Checker,
    counts: Counts,

    sending: Option<Sending>,
    draining: bool,
    actions: VecDeque<Action>,
    /// Until this cycle, bubbles and latencies may be due to a change.
    unsettled_until: u64,
    /// Cycles until the next action is allowed.
    delay: u64,
    in_flight: VecDeque<InFlight>,
    frame: Frame,
    input: Box<Beat>,
    /// The first beat of an earlier frame, if it was a whole beat.
    stale: [u8; MAX_BEAT_BYTES],
    output: Box<Beat>,
    cycle: u64,
    last_move: u64,
    report: CosimReport,
}

/// Cycles after a change in which a source that was held up may still be late.
const SETTLING_CYCLES: u64 = 256;
/// Length of the initial reset, in cycles.
const RESET_CYCLES: u32 = 16;

impl<'a, D: Dut + ?Sized, P: Fn() -> Option<Divergence>> Engine<'a, D, P> {
    fn new(dut: &'a mut D, config: &'a CosimConfig, probe: &'a P) -> Result<Self, MismatchKind> {
        let ports = StreamPorts::find(dut.ports())?;
        let writes = RegisterWrites::new(dut.ports(), config.settings.clone())?;
        let mut rng = Rng::with_seed(config.seed);
        let checker = Checker::new(
            &config.profile,
            config.history,
            &Settings::after_reset(&config.profile, ports.beat_bytes()),
            config.grace_cycles,
            ports.max_id(),
        )?;
        let mut engine = Self {
            source: PatternState::new(config.source, rng.u64(..)),
            sink: PatternState::new(config.sink, rng.u64(..)),
            rules: Rules::new(ports.beat_bytes()),
            dut,
            ports,
            writes,
            config,
            probe,
            rng,
            checker,
            counts: Counts::default(),
            sending: None,
            draining: false,
            actions: VecDeque::new(),
            unsettled_until: 0,
            delay: 0,
            in_flight: VecDeque::new(),
            frame: Frame::default(),
            input: Box::default(),
            stale: [0; MAX_BEAT_BYTES],
            output: Box::default(),
            cycle: 0,
            last_move: 0,
            report: CosimReport::default(),
        };
        engine.ports.drive(engine.dut, &Beat::default());
        engine.reset(RESET_CYCLES)?;
        engine.quiet()?;
        engine.cycle = 0;
        engine.last_move = 0;
        Ok(engine)
    }

    /// Number of the packet whose frame is due.
    fn due(&self) -> u64 {
        self.report.frames + self.report.lost_in_resets + 1
    }

    fn finish(self) -> CosimReport {
        CosimReport {
            sequenced: self.checker.sequenced,
            passed_by: self.checker.passed_by,
            ..self.report
        }
    }

    fn run<I: Iterator<Item = Step>>(
        &mut self,
        steps: &mut Peekable<I>,
    ) -> Result<(), MismatchKind> {
        loop {
            self.fetch(steps);
            let done = self.sending.is_none()
                && self.actions.is_empty()
                && self.in_flight.is_empty()
                && !self.checker.changing()
                && !self.writes.busy()
                && steps.peek().is_none();
            if done {
                // No more output may come.
                for _ in 0..self.config.latency_cycles + 16 {
                    self.cycle()?;
                }
                self.report.cycles = self.cycle;
                return match self.config.check_counters {
                    true => self.registers(),
                    false => Ok(()),
                };
            }
            self.act()?;
            self.cycle()?;
        }
    }

    /// Checks, with all frames out, that the counters show what happened since the last reset.
    fn registers(&mut self) -> Result<(), MismatchKind> {
        let capabilities = Capabilities::from_word(self.read(registers::CAPABILITIES.offset)?);
        for (_, offset, expected) in self.counts.registers(capabilities.max_cores) {
            let got = self.read_wide(offset)?;
            Counts::check(offset, expected, got)?;
        }
        let status = u64::from(self.read(registers::STATUS.offset)?);
        let next_seq = self.read_wide(registers::SEQ.offset)?;
        let mut wrong = None;
        for (epoch, expected) in self.checker.positions() {
            let epoch = u64::from(epoch) << registers::STATUS_EPOCH_SHIFT;
            let check = Counts::check(registers::STATUS.offset, epoch, status)
                .and_then(|()| Counts::check(registers::SEQ.offset, expected, next_seq));
            match check {
                Ok(()) => return Ok(()),
                Err(kind) => wrong = Some(kind),
            }
        }
        wrong.map_or(Ok(()), Err)
    }

    fn read_wide(&mut self, offset: u16) -> Result<u64, MismatchKind> {
        let low = self.read(offset)?;
        let high = self.read(offset + 4)?;
        Ok(u64::from(high) << 32 | u64::from(low))
    }

    fn read(&mut self, offset: u16) -> Result<u32, MismatchKind> {
        self.writes.read(offset);
        loop {
            self.cycle()?;
            if let Some(value) = self.writes.answer() {
                return Ok(value);
            }
        }
    }

    /// Takes the next packet once the previous one is sent, and the actions to take while it is being sent.
    fn fetch<I: Iterator<Item = Step>>(&mut self, steps: &mut Peekable<I>) {
        if self.draining && self.in_flight.is_empty() {
            self.draining = false;
        }
        while self.sending.is_none() && !self.draining {
            match steps.next() {
                Some(Step::Packet(packet)) => {
                    self.report.packets += 1;
                    self.sending = Some(Sending {
                        packet,
                        done: 0,
                        offering: false,
                    });
                }
                Some(Step::Set(setting)) => self.actions.push_back(Action::Set(setting)),
                Some(Step::Reset(cycles)) => self.actions.push_back(Action::Reset(cycles)),
                Some(Step::Drain) => self.draining = true,
                None => break,
            }
            let Some(sending) = &self.sending else {
                continue;
            };
            let first = self.actions.len();
            while let Some(Step::Set(_) | Step::Reset(_)) = steps.peek() {
                match steps.next() {
                    Some(Step::Set(setting)) => self.actions.push_back(Action::Set(setting)),
                    Some(Step::Reset(cycles)) => self.actions.push_back(Action::Reset(cycles)),
                    _ => {}
                }
            }
            if self.actions.len() > first {
                let beats = sending.packet.bytes.len().div_ceil(self.ports.beat_bytes());
                self.delay = self.rng.u64(..=2 * beats as u64);
            }
        }
    }

    /// Performs the pending action, if it is time.
    fn act(&mut self) -> Result<(), MismatchKind> {
        let oldest = self
            .in_flight
            .front()
            .map(|frame| frame.accepted.unwrap_or(self.cycle));
        self.checker.settle(self.cycle, oldest)?;
        if self.checker.changing() {
            self.unsettled_until = self.cycle + SETTLING_CYCLES;
        }
        self.delay = self.delay.saturating_sub(1);
        // Writes follow each other at once; a reset waits for nothing.
        let must_wait = matches!(self.actions.front(), Some(Action::Set(_))) && self.writes.busy();
        if self.delay > 0 || must_wait {
            return Ok(());
        }
        match self.actions.pop_front() {
            None => {}
            Some(Action::Set(setting)) => {
                self.writes.change(setting);
                self.report.changes += 1;
            }
            Some(Action::Reset(cycles)) => {
                self.report.lost_in_resets += self.in_flight.len() as u64;
                // A packet not even offered is sent after the reset; any other counts among those in flight.
                self.sending = self.sending.take().filter(|s| s.done == 0 && !s.offering);
                self.in_flight.clear();
                self.frame.clear();
                self.reset(cycles.max(1).into())?;
                let settings = Settings::after_reset(&self.config.profile, self.ports.beat_bytes());
                self.checker.reset(&settings)?;
                // Frames may meet the reset values, or any settings on the way to those that are written again.
                if self.rng.bool() {
                    self.quiet()?;
                }
                self.report.resets += 1;
                self.last_move = self.cycle;
            }
        }
        Ok(())
    }

    /// Resets the block, then writes the requested settings again.
    fn reset(&mut self, cycles: u32) -> Result<(), MismatchKind> {
        let offered = self.rng.bool();
        let bus = self.writes.bus();
        self.ports.reset(self.dut, bus, cycles, offered);
        self.writes.forget();
        self.rules.reset();
        self.counts = Counts::default();
        self.cycle += u64::from(cycles);
        if let Some(divergence) = (self.probe)() {
            return Err(divergence.into());
        }
        if self.ports.m_valid.bit(self.dut) {
            return Err(MismatchKind::ValidAfterReset);
        }
        self.unsettled_until = self.cycle + SETTLING_CYCLES;
        Ok(())
    }

    /// Sends nothing until all settings are in force.
    fn quiet(&mut self) -> Result<(), MismatchKind> {
        let sending = self.sending.take();
        while self.writes.busy() {
            self.cycle()?;
        }
        for _ in 0..=self.config.grace_cycles {
            self.cycle()?;
        }
        self.checker.settle(self.cycle, None)?;
        self.unsettled_until = 0;
        self.sending = sending;
        Ok(())
    }

    /// Whether it is uncertain that the settings are in force, now or some cycles ago.
    fn changing(&self) -> bool {
        self.checker.changing() || self.cycle < self.unsettled_until
    }

    /// Drives the register inputs of this cycle.
    fn drive(&mut self) -> Result<(), MismatchKind> {
        match self.writes.drive(self.dut)? {
            Some(Write::Began(offset, value)) => {
                let settings = self.checker.settings().clone().written(offset, value);
                self.checker.begin(settings, self.cycle);
            }
            Some(Write::Ended) => self.checker.written(self.cycle),
            None => {}
        }
        Ok(())
    }

    fn cycle(&mut self) -> Result<(), MismatchKind> {
        let accepts = self.ports.s_ready.bit(self.dut);
        let valid = self.ports.m_valid.bit(self.dut);
        let ready = self.sink.next(valid);
        self.ports.m_ready.set_bit(self.dut, ready);
        let mut moved = self.output(valid, ready)?;
        self.offer();
        self.drive()?;

        self.dut.tick();

        if let Some(divergence) = (self.probe)() {
            return Err(divergence.into());
        }
        moved |= self.accept(accepts);
        self.cycle += 1;
        if moved || self.in_flight.is_empty() {
            self.last_move = self.cycle;
        } else if self.cycle - self.last_move > self.config.watchdog_cycles {
            let offering = self.sending.as_ref().is_some_and(|s| s.offering);
            return Err(MismatchKind::Stuck {
                cycles: self.config.watchdog_cycles,
                waiting_for: match (offering && !accepts, valid) {
                    (_, true) => "the sink takes nothing",
                    (true, false) => "s_axis_tready and m_axis_tvalid are low",
                    (false, false) => "m_axis_tvalid is low",
                },
            });
        }
        Ok(())
    }

    /// Checks the output and takes its beat; returns whether one was taken.
    fn output(&mut self, valid: bool, ready: bool) -> Result<bool, MismatchKind> {
        if valid {
            self.ports.sample(self.dut, &mut self.output);
        }
        self.rules.check(valid.then_some(&*self.output), ready)?;
        let changing = self.changing();
        let Some(oldest) = self.in_flight.front_mut() else {
            return if valid {
                Err(MismatchKind::Unexpected)
            } else {
                Ok(false)
            };
        };
        if !valid {
            let due = oldest.offered + self.config.latency_cycles <= self.cycle;
            if ready && due && self.config.source == Pattern::Always {
                self.report.bubbles += 1;
                if !changing {
                    return Err(MismatchKind::Bubble);
                }
            }
            return Ok(false);
        }
        if oldest.presented.is_none() {
            oldest.presented = Some(self.cycle);
            let full_rate =
                self.config.source == Pattern::Always && self.config.sink == Pattern::Always;
            if let Some(accepted) = oldest.accepted
                && oldest.alone
                && full_rate
            {
                let (expected, got) = (self.config.latency_cycles, self.cycle - accepted);
                if got == expected {
                    self.report.latency_measured += 1;
                } else if !changing {
                    return Err(MismatchKind::Latency { expected, got });
                }
            }
        }
        if !ready {
            self.counts.output_stalls += 1;
            return Ok(false);
        }
        self.report.beats_out += 1;
        let beat = &self.output;
        let count = beat.keep.count_ones() as usize;
        self.counts.bytes_out += count as u64;
        self.frame.bytes.extend_from_slice(&beat.data[..count]);
        self.frame.flags.push(beat.user.bad_frame());
        if !beat.last {
            if self.frame.bytes.len() > oldest.packet.bytes.len() + MAX_PREFIX_BYTES {
                return Err(MismatchKind::Endless(self.frame.bytes.len()));
            }
            return Ok(true);
        }
        self.frame.user = beat.user;
        self.frame.id = beat.id;
        self.frame.dest = beat.dest;
        let (Some(accepted), Some(presented), true) =
            (oldest.accepted, oldest.presented, oldest.complete)
        else {
            return Err(MismatchKind::TooEarly);
        };
        let times = Times {
            accepted,
            presented,
        };
        match self.checker.check(&oldest.packet, &self.frame, times)? {
            Outcome::PassedBy => self.counts.passed_by += 1,
            Outcome::Sequenced(core) => {
                self.counts.sequenced += 1;
                self.counts.sent[usize::from(core)] += 1;
            }
        }
        let parsed = parse(&oldest.packet.bytes, self.config.profile.has_ipv6());
        self.counts.malformed += u64::from(parsed.malformed);
        check_flags(&oldest.flags, &self.frame.flags)?;
        self.frame.clear();
        self.in_flight.pop_front();
        self.report.frames += 1;
        Ok(true)
    }

    /// Offers the next beat if the source's pattern allows it. An idle input carries garbage.
    fn offer(&mut self) {
        let waiting = self.sending.as_ref().is_some_and(|s| !s.offering);
        let mood = self.source.next(waiting);
        let Some(sending) = &mut self.sending else {
            return;
        };
        if sending.offering || !mood {
            return;
        }
        sending.offering = true;
        let packet = &sending.packet;
        if sending.done == 0 {
            self.in_flight.push_back(InFlight {
                packet: packet.clone(),
                offered: self.cycle,
                accepted: None,
                presented: None,
                alone: self.in_flight.is_empty(),
                complete: false,
                flags: Vec::new(),
            });
        }
        let beat_bytes = self.ports.beat_bytes();
        let left = &packet.bytes[sending.done..];
        let count = left.len().min(beat_bytes);
        let beat = &mut *self.input;
        beat.data[..count].copy_from_slice(&left[..count]);
        // The bytes behind the frame's end are arbitrary, or those of an earlier frame: perhaps a header.
        if self.rng.bool() {
            beat.data[count..beat_bytes].copy_from_slice(&self.stale[count..beat_bytes]);
        } else {
            self.rng.fill(&mut beat.data[count..beat_bytes]);
        }
        if sending.done == 0 && count == beat_bytes {
            self.stale[..beat_bytes].copy_from_slice(left.get(..beat_bytes).unwrap_or(left));
        }
        beat.keep = u128::MAX >> (128 - count);
        beat.last = left.len() <= beat_bytes;
        // Beside later beats only the bad-frame flag counts.
        if sending.done == 0 {
            beat.user = packet.user();
            beat.id = packet.id & self.ports.max_id();
        } else {
            beat.user = User(self.rng.u128(..) >> (128 - User::BITS));
            beat.id = self.rng.u16(..) & self.ports.max_id();
        }
        // Shells set the flag beside the last beat.
        let flag = match beat.last {
            true => packet.bad_frame,
            false => self.rng.bool(),
        };
        beat.user = beat.user.with_flag(flag);
        if let Some(newest) = self.in_flight.back_mut() {
            newest.flags.push(flag);
        }
        self.ports.drive(self.dut, beat);
        self.ports.s_valid.set_bit(self.dut, true);
    }

    /// After the tick: the beat at the input was accepted if the block was ready.
    fn accept(&mut self, accepts: bool) -> bool {
        let Some(sending) = self.sending.as_mut().filter(|s| s.offering) else {
            return false;
        };
        if !accepts {
            self.counts.input_stalls += 1;
            return false;
        }
        self.report.beats_in += 1;
        let left = sending.packet.bytes.len() - sending.done;
        self.counts.bytes_in += left.min(self.ports.beat_bytes()) as u64;
        sending.offering = false;
        if sending.done == 0
            && let Some(newest) = self.in_flight.back_mut()
        {
            newest.accepted = Some(self.cycle);
        }
        sending.done += self.ports.beat_bytes();
        if sending.done >= sending.packet.bytes.len() {
            self.counts.packets_in += 1;
            self.sending = None;
            if let Some(newest) = self.in_flight.back_mut() {
                newest.complete = true;
            }
        }
        self.ports.s_valid.set_bit(self.dut, false);
        self.garbage();
        true
    }

    /// Drives random payload, which the block must ignore while tvalid is low.
    fn garbage(&mut self) {
        let beat = &mut *self.input;
        for chunk in beat.data.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.rng.u64(..).to_le_bytes());
        }
        beat.keep = self.rng.u128(..) & self.ports.full_keep();
        beat.last = self.rng.bool();
        beat.user = User(self.rng.u128(..) >> (128 - User::BITS));
        beat.id = self.rng.u16(..) & self.ports.max_id();
        self.ports.drive(self.dut, beat);
    }
}
