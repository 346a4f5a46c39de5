//! What a run expects of the block's outputs, whatever is done to its inputs.
//!
//! | module | one idea |
//! |---|---|
//! | `inside` | the packets whose frames are not completely out |
//! | `timing` | when a frame has to come out |
//! | `frame` | beats put together to a frame |
//! | `checker` | decides whether a frame is correct, also near a change of settings |
//! | `counts` | expected values of the block's counters at the end |
//! | `watchdog` | a block that is stuck |

mod checker;
mod counts;
mod frame;
mod inside;
mod timing;
mod watchdog;

use scr_hdl::Dut;
use scr_wire::MAX_PREFIX_BYTES;
use scr_wire::parse::parse;

use super::config::CosimConfig;
use super::mismatch::MismatchKind;
use super::report::CosimReport;
use super::stimulus::writes::Write;
use super::stimulus::{Fate, Offered};
use crate::stream::{Beat, Rules, Settings, StreamPorts};
use checker::Checker;
use counts::{Counts, Expected};
use frame::Frame;
use inside::{InFlight, Inside};
use timing::Timing;
use watchdog::Watchdog;

/// Everything that looks at the block.
pub(super) struct Observer {
    ports: StreamPorts,
    /// The settings that a reset leaves.
    after_reset: Settings,
    has_ipv6: bool,
    inside: Inside,
    rules: Rules,
    timing: Timing,
    frame: Frame,
    checker: Checker,
    counts: Counts,
    watchdog: Watchdog,
    beat: Box<Beat>,
    frames: u64,
    lost_in_resets: u64,
    beats_in: u64,
    beats_out: u64,
}

impl Observer {
    pub(super) fn new(ports: StreamPorts, config: &CosimConfig) -> Result<Self, MismatchKind> {
        let after_reset = Settings::after_reset(&config.profile, ports.beat_bytes());
        Ok(Self {
            ports,
            has_ipv6: config.profile.has_ipv6(),
            inside: Inside::default(),
            rules: Rules::new(ports.beat_bytes()),
            timing: Timing::new(config),
            frame: Frame::default(),
            checker: Checker::new(
                &config.profile,
                config.history,
                &after_reset,
                config.grace_cycles,
                ports.max_id(),
            )?,
            after_reset,
            counts: Counts::default(),
            watchdog: Watchdog::new(config.watchdog_cycles),
            beat: Box::default(),
            frames: 0,
            lost_in_resets: 0,
            beats_in: 0,
            beats_out: 0,
        })
    }

    /// Looks at the output in a cycle in which the sink is `ready`; returns whether a beat was taken.
    pub(super) fn output(
        &mut self,
        dut: &(impl Dut + ?Sized),
        valid: bool,
        ready: bool,
        cycle: u64,
    ) -> Result<bool, MismatchKind> {
        if valid {
            self.ports.sample(dut, &mut self.beat);
        }
        self.rules.check(valid.then_some(&*self.beat), ready)?;
        let Some(oldest) = self.inside.oldest() else {
            return match valid {
                true => Err(MismatchKind::Unexpected),
                false => Ok(false),
            };
        };
        let changing = self.checker.changing();
        self.timing.check(oldest, valid, ready, cycle, changing)?;
        if !valid {
            return Ok(false);
        }
        if !ready {
            self.counts.output_stalls += 1;
            return Ok(false);
        }
        self.beats_out += 1;
        self.counts.bytes_out += u64::from(self.beat.keep.count_ones());
        let longest = oldest.packet.bytes.len() + MAX_PREFIX_BYTES;
        if self.frame.add(&self.beat, longest)?
            && let Some(packet) = self.inside.pop()
        {
            self.frame_out(&packet)?;
        }
        Ok(true)
    }

    /// A frame is out: it must be that of the packet.
    fn frame_out(&mut self, sent: &InFlight) -> Result<(), MismatchKind> {
        let times = sent.times().ok_or(MismatchKind::TooEarly)?;
        let outcome = self.checker.check(&sent.packet, &self.frame, times)?;
        let malformed = parse(&sent.packet.bytes, self.has_ipv6).malformed;
        self.counts.frame_out(outcome, malformed);
        self.frame.check_flags(&sent.flags)?;
        self.frame.clear();
        self.frames += 1;
        Ok(())
    }

    /// A beat is at the input from this cycle on.
    pub(super) fn offered(&mut self, beat: Offered<'_>, cycle: u64) {
        self.inside.offered(beat, cycle);
    }

    /// A write to a register began in this cycle, or its response came.
    pub(super) fn write(&mut self, write: Write, cycle: u64) {
        match write {
            Write::Began(offset, value) => {
                let settings = self.checker.settings().clone().written(offset, value);
                self.checker.begin(settings, cycle);
            }
            Write::Ended => self.checker.written(cycle),
        }
    }

    /// Takes note of the input's part in this cycle.
    pub(super) fn input(&mut self, fate: Fate, cycle: u64) {
        match fate {
            Fate::Idle => {}
            Fate::Stalled => self.counts.input_stalls += 1,
            Fate::Accepted(beat) => {
                self.beats_in += 1;
                self.counts.bytes_in += beat.bytes as u64;
                self.counts.packets_in += u64::from(beat.last);
                self.inside.accepted(beat, cycle);
            }
        }
    }

    /// Checks that the block is not stuck. `waiting_for` is what should have happened.
    pub(super) fn watch(
        &mut self,
        moved: bool,
        cycle: u64,
        waiting_for: impl FnOnce() -> &'static str,
    ) -> Result<(), MismatchKind> {
        let idle = self.inside.is_empty();
        self.watchdog.check(moved || idle, cycle, waiting_for)
    }

    /// Puts settings in force that are so for every frame still to come out.
    pub(super) fn settle(&mut self, cycle: u64) -> Result<(), MismatchKind> {
        let oldest = self.inside.oldest_accepted(cycle);
        self.checker.settle(cycle, oldest)?;
        if self.checker.changing() {
            self.timing.unsettle(cycle);
        }
        Ok(())
    }

    /// Nothing was sent until all settings were in force.
    pub(super) fn settled(&mut self, cycle: u64) -> Result<(), MismatchKind> {
        self.checker.settle(cycle, None)?;
        self.timing.settled();
        Ok(())
    }

    /// The frames inside will be lost in a reset.
    pub(super) fn lose(&mut self) {
        self.lost_in_resets += self.inside.lose();
        self.frame.clear();
    }

    /// The block has been reset, up to this cycle.
    pub(super) fn reset(
        &mut self,
        dut: &(impl Dut + ?Sized),
        cycle: u64,
    ) -> Result<(), MismatchKind> {
        self.rules.reset();
        self.counts = Counts::default();
        if self.ports.m_valid.bit(dut) {
            return Err(MismatchKind::ValidAfterReset);
        }
        self.timing.unsettle(cycle);
        Ok(())
    }

    /// The reset put its own settings in force.
    pub(super) fn settings_were_reset(&mut self) -> Result<(), MismatchKind> {
        Ok(self.checker.reset(&self.after_reset)?)
    }

    /// From this cycle on something has to move.
    pub(super) fn restart_watchdog(&mut self, cycle: u64) {
        self.watchdog.restart(cycle);
    }

    /// Whether no frame is inside.
    pub(super) fn all_out(&self) -> bool {
        self.inside.is_empty()
    }

    /// Whether it is uncertain that settings are in force.
    pub(super) fn changing(&self) -> bool {
        self.checker.changing()
    }

    /// Number of the packet whose frame is due.
    pub(super) fn due(&self) -> u64 {
        self.frames + self.lost_in_resets + 1
    }

    /// What the registers must show, now that all frames are out.
    pub(super) fn registers(&self) -> Expected {
        Expected {
            counts: self.counts.clone(),
            positions: self.checker.positions().collect(),
        }
    }

    /// What has been seen.
    pub(super) fn report(&self) -> CosimReport {
        CosimReport {
            frames: self.frames,
            sequenced: self.checker.sequenced,
            passed_by: self.checker.passed_by,
            lost_in_resets: self.lost_in_resets,
            beats_in: self.beats_in,
            beats_out: self.beats_out,
            bubbles: self.timing.bubbles,
            latency_measured: self.timing.latency_measured,
            ..CosimReport::default()
        }
    }
}
