//! The NIC of a replay: the golden sequencer, or the generated hardware in a simulator.

use std::path::Path;

use scr_hdl::emit::latency_cycles;
use scr_runtime::device::{Activity, BoxError, Emit, Model, Nic, NicReport};
use scr_sim::nic::{NicConfig, SimNic};
use scr_sim::stream::Settings;
use scr_wire::Timestamp;

use super::args::NicArg;
use crate::error::{Error, Result};
use crate::hardware::{self, Simulator};
use crate::options::sequencer::Sequencing;

/// The NIC asked for, sequencing as told, writing its waveform to `trace` if that is given.
///
/// # Errors
///
/// When the hardware cannot be simulated here.
pub fn open(nic: NicArg, sequencing: &Sequencing, trace: Option<&Path>) -> Result<Box<dyn Nic>> {
    let simulator = match nic {
        NicArg::Model => return model(sequencing),
        NicArg::Verilator => Simulator::Verilator,
        NicArg::RustHdl => Simulator::RustHdl,
        NicArg::Sim => chosen(),
    };
    let core = hardware::core_for(sequencing);
    let block = simulator.load(&core, trace)?;
    let latency = latency_cycles(core.width).into();
    let config = NicConfig::new(Settings::new(sequencing.config), latency);
    let nic = SimNic::new(block, config).map_err(|error| {
        Error::check(
            format!("the simulated NIC does not start: {error}"),
            "this is a defect of the hardware; please report it with the command line",
        )
    })?;
    Ok(Box::new(SimulatedNic { nic, simulator }))
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

/// Simulated hardware as a NIC of the host runtime.
struct SimulatedNic {
    nic: SimNic,
    simulator: Simulator,
}

impl SimulatedNic {
    fn collect(&mut self, out: &mut Emit<'_>) {
        while let Some(frame) = self.nic.pop() {
            out.frame(frame.queue, &[frame.bytes]);
        }
    }
}

impl Nic for SimulatedNic {
    fn offer(
        &mut self,
        packet: &[u8],
        time: Timestamp,
        out: &mut Emit<'_>,
    ) -> std::result::Result<(), BoxError> {
        self.nic.push(packet, time)?;
        self.collect(out);
        Ok(())
    }

    fn flush(&mut self, out: &mut Emit<'_>) -> std::result::Result<(), BoxError> {
        self.nic.flush()?;
        self.collect(out);
        Ok(())
    }

    fn report(&self) -> NicReport {
        let counters = self.nic.counters();
        NicReport {
            activity: Some(Activity {
                cycles: counters.cycles,
                beats_in: counters.beats_in,
                beats_out: counters.beats_out,
                idle_with_work: counters.idle_with_work,
            }),
            ..NicReport::of_kind(self.simulator.name())
        }
    }
}
