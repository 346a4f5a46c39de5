//! The NIC of a replay: the golden sequencer, or the generated hardware in a simulator.

use std::path::Path;

use scr_hdl::emit::latency_cycles;
use scr_hdl::{CoreConfig, Dut};
use scr_runtime::control::{Counters, RegisterAccess, SequencerControl};
use scr_runtime::device::{Activity, BoxError, Emit, Model, Nic, NicReport};
use scr_runtime::failover::Rotation;
use scr_sim::nic::{NicConfig, SimNic};
use scr_sim::stream::Settings;
use scr_sim::verilator::Waveform;
use scr_wire::parse::parse;
use scr_wire::{Config, Timestamp, registers};

use super::args::NicArg;
use crate::error::{Error, Result};
use crate::hardware::{self, Simulator};
use crate::options::sequencer::Sequencing;

/// A NIC, and the waveform that it writes.
pub type Opened = (Box<dyn Nic>, Option<Waveform>);

/// The NIC asked for, sequencing as told, writing its waveform to `trace` if that is given.
///
/// # Errors
///
/// When the hardware cannot be simulated here.
pub fn open(nic: NicArg, sequencing: &Sequencing, trace: Option<&Path>) -> Result<Opened> {
    let simulator = match nic {
        NicArg::Model => return Ok((model(sequencing)?, None)),
        NicArg::Verilator => Simulator::Verilator,
        NicArg::RustHdl => Simulator::RustHdl,
        NicArg::Sim => chosen(),
    };
    let core = hardware::core_for(sequencing);
    if let Some(path) = trace {
        let block = simulator.load_traced(&core, path)?;
        let waveform = block.waveform();
        return Ok((start(block, &core, simulator, sequencing)?, waveform));
    }
    let nic = match simulator {
        // Where a block's type is known its simulation is faster.
        Simulator::Verilator => {
            let block = hardware::instance(&hardware::model(&core, None)?)?;
            start(block, &core, simulator, sequencing)?
        }
        Simulator::RustHdl => start(hardware::interpreted(&core)?, &core, simulator, sequencing)?,
    };
    Ok((nic, None))
}

fn start<D: Dut + 'static>(
    block: D,
    core: &CoreConfig,
    simulator: Simulator,
    sequencing: &Sequencing,
) -> Result<Box<dyn Nic>> {
    let latency = latency_cycles(core.width).into();
    // As a reset leaves it; the driver does the rest.
    let at_reset = Settings::new(registers::reset_config(&core.profile));
    let defect = |error: BoxError| {
        Error::check(
            format!("the simulated NIC does not start: {error}"),
            "this is a defect of the hardware; please report it with the command line",
        )
    };
    let nic =
        SimNic::new(block, NicConfig::new(at_reset, latency)).map_err(|e| defect(e.into()))?;
    let nic = SimulatedNic::start(nic, simulator, sequencing).map_err(defect)?;
    Ok(Box::new(nic))
}

fn model(sequencing: &Sequencing) -> Result<Box<dyn Nic>> {
    match Model::new(&sequencing.profile, sequencing.history, sequencing.config) {
        Ok(model) => Ok(Box::new(model)),
        Err(error) => Err(Error::bad(
            error.to_string(),
            "change --cores, --history or --prefix-words",
        )),
    }
}

/// What `--nic sim` means here, said aloud.
fn chosen() -> Simulator {
    let (simulator, why_slow) = Simulator::best();
    match why_slow {
        None => eprintln!("nic: {}", simulator.name()),
        Some(why) => eprintln!(
            "nic: {}, several hundred times slower, for {why}",
            simulator.name()
        ),
    }
    simulator
}

/// The simulated NIC's registers.
struct SimRegisters<D>(SimNic<D>);

impl<D: Dut> RegisterAccess for SimRegisters<D> {
    fn read(&mut self, offset: u16) -> std::result::Result<u32, BoxError> {
        // As on PCI: what is not there reads as 0.
        Ok(self.0.read_register(offset)?.unwrap_or(0))
    }

    fn write(&mut self, offset: u16, value: u32) -> std::result::Result<(), BoxError> {
        // A refusal shows in STATUS.
        self.0.write_register(offset, value)?;
        Ok(())
    }
}

/// Simulated hardware as a NIC of the host runtime, configured and read through its registers.
struct SimulatedNic<D> {
    control: SequencerControl<SimRegisters<D>>,
    simulator: Simulator,
    sequencing: Sequencing,
    packets: u64,
    activity: Activity,
    counters: Option<Counters>,
}

impl<D: Dut> SimulatedNic<D> {
    fn start(
        nic: SimNic<D>,
        simulator: Simulator,
        sequencing: &Sequencing,
    ) -> std::result::Result<Self, BoxError> {
        let mut control = SequencerControl::identify(SimRegisters(nic))?;
        control.expect_profile(&sequencing.profile)?;
        control.configure(&sequencing.config)?;
        // A capture may have no packet that reaches the NIC.
        let counters = control.counters()?;
        let nic = &mut control.access().0;
        nic.settle()?;
        nic.restart_counters();
        Ok(Self {
            control,
            simulator,
            sequencing: *sequencing,
            packets: 0,
            activity: Activity::default(),
            counters: Some(counters),
        })
    }

    fn collect(&mut self, out: &mut Emit<'_>) {
        let nic = &mut self.control.access().0;
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

impl<D: Dut> Nic for SimulatedNic<D> {
    fn offer(
        &mut self,
        packet: &[u8],
        time: Timestamp,
        out: &mut Emit<'_>,
    ) -> std::result::Result<(), BoxError> {
        self.packets += 1;
        self.control.access().0.push(packet, time)?;
        self.collect(out);
        Ok(())
    }

    fn flush(&mut self, out: &mut Emit<'_>) -> std::result::Result<(), BoxError> {
        self.control.access().0.flush()?;
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
        let parsed = parse(packet, self.sequencing.profile.has_ipv6());
        self.sequencing.config.sequences(&parsed)
    }

    fn turn(&mut self, rotation: &Rotation) -> std::result::Result<bool, BoxError> {
        for (core, &queue) in (0..).zip(rotation.queues()) {
            self.control.steer(core, queue)?;
        }
        let config = Config {
            cores: rotation.cores(),
            ..self.sequencing.config
        };
        self.control.configure(&config)?;
        self.sequencing.config = config;
        self.control.access().0.settle()?;
        Ok(true)
    }

    fn report(&self) -> NicReport {
        NicReport {
            activity: Some(self.activity),
            counters: self.counters.clone(),
            ..NicReport::of_kind(self.simulator.name())
        }
    }
}
