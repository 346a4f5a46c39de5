//! A run, cycle by cycle: what is done to the block, and what is seen of it.

use scr_hdl::Dut;

use super::config::CosimConfig;
use super::lockstep::Divergence;
use super::mismatch::{Mismatch, MismatchKind};
use super::observe::Observer;
use super::report::CosimReport;
use super::steps::Step;
use super::stimulus::{Action, Fate, Stimulus};
use crate::stream::{Beat, StreamPorts};

/// Length of the initial reset, in cycles.
const RESET_CYCLES: u32 = 16;

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
    let mut engine = Engine::new(dut, steps.into_iter(), config, probe).map_err(at_start)?;
    engine.run().map_err(|kind| Mismatch {
        packet: engine.observer.due(),
        cycle: engine.cycle,
        kind,
        seed: config.seed,
    })
}

struct Engine<'a, D: ?Sized, I: Iterator<Item = Step>, P> {
    dut: &'a mut D,
    ports: StreamPorts,
    config: &'a CosimConfig,
    probe: &'a P,
    stimulus: Stimulus<I>,
    observer: Observer,
    cycle: u64,
    packets: u64,
    changes: u64,
    resets: u64,
}

impl<'a, D, I, P> Engine<'a, D, I, P>
where
    D: Dut + ?Sized,
    I: Iterator<Item = Step>,
    P: Fn() -> Option<Divergence>,
{
    fn new(
        dut: &'a mut D,
        steps: I,
        config: &'a CosimConfig,
        probe: &'a P,
    ) -> Result<Self, MismatchKind> {
        let ports = StreamPorts::find(dut.ports())?;
        let mut engine = Self {
            stimulus: Stimulus::new(dut, ports, config, steps)?,
            observer: Observer::new(ports, config)?,
            dut,
            ports,
            config,
            probe,
            cycle: 0,
            packets: 0,
            changes: 0,
            resets: 0,
        };
        engine.ports.drive(engine.dut, &Beat::default());
        engine.reset(RESET_CYCLES)?;
        engine.quiet()?;
        engine.cycle = 0;
        engine.observer.restart_watchdog(0);
        Ok(engine)
    }

    fn report(&self) -> CosimReport {
        CosimReport {
            packets: self.packets,
            cycles: self.cycle,
            changes: self.changes,
            resets: self.resets,
            ..self.observer.report()
        }
    }

    fn run(&mut self) -> Result<CosimReport, MismatchKind> {
        loop {
            let fetched = self.stimulus.fetch(self.observer.all_out());
            self.packets += u64::from(fetched);
            if self.is_done() {
                return self.end();
            }
            self.act()?;
            self.cycle()?;
        }
    }

    fn is_done(&mut self) -> bool {
        self.observer.all_out() && !self.observer.changing() && self.stimulus.is_done()
    }

    /// Sees that no more output comes and that the registers show what happened. Cycles are counted up to their reading.
    fn end(&mut self) -> Result<CosimReport, MismatchKind> {
        for _ in 0..self.config.latency_cycles + 16 {
            self.cycle()?;
        }
        let report = self.report();
        if self.config.check_counters {
            let expected = self.observer.registers();
            expected.check(|offset| self.read(offset))?;
        }
        Ok(report)
    }

    fn read(&mut self, offset: u16) -> Result<u32, MismatchKind> {
        self.stimulus.writes.read(offset);
        loop {
            self.cycle()?;
            if let Some(value) = self.stimulus.writes.answer() {
                return Ok(value);
            }
        }
    }

    /// Performs the pending action, if it is time.
    fn act(&mut self) -> Result<(), MismatchKind> {
        self.observer.settle(self.cycle)?;
        match self.stimulus.action() {
            None => {}
            Some(Action::Set(setting)) => {
                self.stimulus.writes.change(setting);
                self.changes += 1;
            }
            Some(Action::Reset(cycles)) => {
                self.observer.lose();
                self.reset(cycles.max(1).into())?;
                self.observer.settings_were_reset()?;
                if self.stimulus.waits_for_settings() {
                    self.quiet()?;
                }
                self.resets += 1;
                self.observer.restart_watchdog(self.cycle);
            }
        }
        Ok(())
    }

    /// Resets the block, after which the settings are written again.
    fn reset(&mut self, cycles: u32) -> Result<(), MismatchKind> {
        self.stimulus.reset(self.dut, cycles);
        self.cycle += u64::from(cycles);
        self.probe()?;
        self.observer.reset(self.dut, self.cycle)
    }

    /// Sends nothing until all settings are in force.
    fn quiet(&mut self) -> Result<(), MismatchKind> {
        self.stimulus.hold(true);
        while self.stimulus.writes.busy() {
            self.cycle()?;
        }
        for _ in 0..=self.config.grace_cycles {
            self.cycle()?;
        }
        self.stimulus.hold(false);
        self.observer.settled(self.cycle)
    }

    /// One clock cycle: outputs are read, then inputs are chosen, then the clock ticks.
    fn cycle(&mut self) -> Result<(), MismatchKind> {
        let accepts = self.ports.s_ready.bit(self.dut);
        let valid = self.ports.m_valid.bit(self.dut);
        let ready = self.stimulus.sink(self.dut, valid);
        let taken = self.observer.output(self.dut, valid, ready, self.cycle)?;
        if let Some(beat) = self.stimulus.offer(self.dut) {
            self.observer.offered(beat, self.cycle);
        }
        if let Some(write) = self.stimulus.writes.drive(self.dut)? {
            self.observer.write(write, self.cycle);
        }

        self.dut.tick();

        self.probe()?;
        let fate = self.stimulus.accept(self.dut, accepts);
        self.observer.input(fate, self.cycle);
        self.cycle += 1;
        let moved = taken || matches!(fate, Fate::Accepted(_));
        self.observer
            .watch(moved, self.cycle, || match (fate, valid) {
                (_, true) => "the sink takes nothing",
                (Fate::Stalled, false) => "s_axis_tready and m_axis_tvalid are low",
                (_, false) => "m_axis_tvalid is low",
            })
    }

    /// Fails if the block and another in lockstep have parted.
    fn probe(&self) -> Result<(), MismatchKind> {
        (self.probe)().map_or(Ok(()), |divergence| Err(divergence.into()))
    }
}
