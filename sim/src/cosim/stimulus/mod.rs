//! What a run does to the block, apart from what is expected of it: for a seed it is always the same.
//!
//! | module | one idea |
//! |---|---|
//! | `schedule` | which packet comes next, and what happens while it is being sent |
//! | `source` | packets offered as beats; garbage while nothing is offered |
//! | `writes` | registers written under traffic, one after the other |

mod schedule;
mod source;
pub(super) mod writes;

use fastrand::Rng;
use scr_hdl::Dut;

use super::config::CosimConfig;
use super::steps::Step;
use crate::stream::{PatternState, PortError, StreamPorts};
pub(super) use schedule::Action;
use schedule::Schedule;
use source::Source;
pub(super) use source::{Accepted, Fate, Offered};
use writes::RegisterWrites;

/// All inputs of the block.
///
/// Chance has one stream for all of them, so the order of the calls is part of what a seed means.
pub(super) struct Stimulus<I: Iterator<Item = Step>> {
    ports: StreamPorts,
    rng: Rng,
    source: Source,
    sink: PatternState,
    schedule: Schedule<I>,
    pub(super) writes: RegisterWrites,
}

impl<I: Iterator<Item = Step>> Stimulus<I> {
    pub(super) fn new(
        dut: &(impl Dut + ?Sized),
        ports: StreamPorts,
        config: &CosimConfig,
        steps: I,
    ) -> Result<Self, PortError> {
        let mut rng = Rng::with_seed(config.seed);
        Ok(Self {
            ports,
            source: Source::new(ports, PatternState::new(config.source, rng.u64(..))),
            sink: PatternState::new(config.sink, rng.u64(..)),
            rng,
            schedule: Schedule::new(steps),
            writes: RegisterWrites::new(dut.ports(), config.settings.clone())?,
        })
    }

    /// Goes on to the next packet once the previous one is sent; returns whether there was one. `all_out` says that
    /// no frame is inside.
    pub(super) fn fetch(&mut self, all_out: bool) -> bool {
        if self.source.is_sending() {
            return false;
        }
        let beat_bytes = self.ports.beat_bytes();
        let next = self.schedule.packet(all_out, beat_bytes, &mut self.rng);
        next.is_some_and(|packet| {
            self.source.send(packet);
            true
        })
    }

    /// The action for this cycle, if it is time for one.
    pub(super) fn action(&mut self) -> Option<Action> {
        self.schedule.action(self.writes.busy())
    }

    /// Whether everything has been sent, written and done.
    pub(super) fn is_done(&mut self) -> bool {
        !self.source.is_sending() && !self.writes.busy() && self.schedule.is_done()
    }

    /// Lets the sink be ready in this cycle, or not.
    pub(super) fn sink(&mut self, dut: &mut (impl Dut + ?Sized), valid: bool) -> bool {
        let ready = self.sink.next(valid);
        self.ports.m_ready.set_bit(dut, ready);
        ready
    }

    /// Offers the next beat, if the source's pattern allows it.
    pub(super) fn offer(&mut self, dut: &mut (impl Dut + ?Sized)) -> Option<Offered<'_>> {
        self.source.offer(dut, &mut self.rng)
    }

    /// After the tick: what became of the beat at the input, if the block `accepts` one.
    pub(super) fn accept(&mut self, dut: &mut (impl Dut + ?Sized), accepts: bool) -> Fate {
        self.source.accept(dut, accepts, &mut self.rng)
    }

    /// Resets the block. A packet not even offered is sent after the reset; of any other the rest is dropped.
    pub(super) fn reset(&mut self, dut: &mut (impl Dut + ?Sized), cycles: u32) {
        self.source.reset();
        let offered = self.rng.bool();
        self.ports.reset(dut, self.writes.bus(), cycles, offered);
        self.writes.forget();
    }

    /// Whether packets wait behind this reset until the settings are in force. Otherwise they may meet the reset
    /// values, or any settings on the way to those that are written again.
    pub(super) fn waits_for_settings(&mut self) -> bool {
        self.rng.bool()
    }

    /// Holds packets back, or no longer.
    pub(super) fn hold(&mut self, hold: bool) {
        self.source.hold(hold);
    }
}
