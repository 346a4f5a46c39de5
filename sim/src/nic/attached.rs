//! The simulated NIC as a [`Nic`], configured and read through its registers like a real one.

use scr_hdl::Dut;
use scr_nic::{
    Activity, BoxError, Counters, FrameSink, Nic, NicReport, SequencerControl, SteeringMap,
};
use scr_wire::parse::parse;
use scr_wire::{Config, Profile, Timestamp};

use super::SimNic;

/// A simulated NIC controlled by a host.
#[derive(Debug)]
pub struct AttachedNic<D> {
    control: SequencerControl<SimNic<D>>,
    kind: &'static str,
    profile: Profile,
    config: Config,
    packets: u64,
    activity: Activity,
    counters: Option<Counters>,
}

impl<D: Dut> AttachedNic<D> {
    /// Finds the sequencer behind the registers of `nic`, which reports call `kind`, and configures it. Cycles count
    /// from here on.
    ///
    /// # Errors
    ///
    /// [`ControlError`](scr_nic::registers::ControlError) if its rows are not those of `profile` or `config` does not
    /// fit, [`NicError`](super::NicError) if the hardware cannot continue.
    pub fn attach(
        nic: SimNic<D>,
        kind: &'static str,
        profile: &Profile,
        config: Config,
    ) -> Result<Self, BoxError> {
        let mut control = SequencerControl::identify(nic)?;
        control.expect_profile(profile)?;
        control.configure(&config)?;
        // A capture may have no packet that reaches the NIC.
        let counters = control.counters()?;
        let nic = control.access();
        nic.settle()?;
        nic.restart_counters();
        Ok(Self {
            control,
            kind,
            profile: *profile,
            config,
            packets: 0,
            activity: Activity::default(),
            counters: Some(counters),
        })
    }

    fn collect(&mut self, out: &mut dyn FrameSink) {
        let nic = self.control.access();
        while let Some(frame) = nic.pop() {
            out.frame(frame.queue, &[frame.bytes]);
        }
        let counters = nic.counters();
        self.activity = Activity {
            cycles: counters.cycles,
            beats_in: counters.beats_in,
            beats_out: counters.beats_out,
            idle_with_work: counters.idle_with_work,
        };
    }
}

impl<D: Dut> Nic for AttachedNic<D> {
    fn offer(
        &mut self,
        packet: &[u8],
        time: Timestamp,
        out: &mut dyn FrameSink,
    ) -> Result<(), BoxError> {
        self.packets += 1;
        self.control.access().push(packet, time)?;
        self.collect(out);
        Ok(())
    }

    fn flush(&mut self, out: &mut dyn FrameSink) -> Result<(), BoxError> {
        self.control.access().flush()?;
        self.collect(out);
        let counters = self.control.counters()?;
        let numbered_or_not = counters.sequenced + counters.passed_by;
        if (counters.packets_in, numbered_or_not) != (self.packets, self.packets) {
            let text = format!(
                "its counters show {} packets in, {numbered_or_not} of them sequenced or passed by; it was given {}",
                counters.packets_in, self.packets
            );
            return Err(text.into());
        }
        self.counters = Some(counters);
        Ok(())
    }

    fn numbers(&self, packet: &[u8]) -> bool {
        let parsed = parse(packet, self.profile.has_ipv6());
        self.config.sequences(&parsed)
    }

    fn resteer(&mut self, map: &SteeringMap) -> Result<bool, BoxError> {
        let mut settings = self.control.settings()?;
        for (core, &queue) in (0..).zip(map.queues()) {
            settings.steer(core, queue);
        }
        self.config.cores = map.cores();
        settings.sequencer = self.config;
        self.control.apply(&settings)?;
        self.control.access().settle()?;
        Ok(true)
    }

    fn report(&self) -> NicReport {
        NicReport {
            activity: Some(self.activity),
            counters: self.counters.clone(),
            ..NicReport::of_kind(self.kind)
        }
    }
}
