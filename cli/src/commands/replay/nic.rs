//! The NIC of a replay: the golden sequencer, or the generated hardware in a simulator.

use std::path::Path;

use scr_hdl::emit::latency_cycles;
use scr_hdl::{CoreConfig, Dut};
use scr_nic::{BoxError, Model, Nic};
use scr_sim::nic::{AttachedNic, NicConfig, SimNic};
use scr_sim::stream::Settings;
use scr_sim::verilator::Waveform;
use scr_wire::registers;

use super::args::NicArg;
use crate::error::{Error, Result};
use crate::hardware::{self, Simulator};
use crate::options::sequencer::Sequencing;

/// A NIC, and the waveform it writes.
pub type Opened = (Box<dyn Nic>, Option<Waveform>);

/// The NIC requested, with this sequencing, writing its waveform to `trace` if given.
///
/// # Errors
///
/// If the hardware cannot be simulated here.
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
        // If a block's type is known, its simulation is faster.
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
    // The settings after a reset; the driver does the rest.
    let at_reset = Settings::new(registers::reset_config(&core.profile));
    let defect = |error: BoxError| {
        Error::check(
            format!("the simulated NIC does not start: {error}"),
            "this is a defect of the hardware; please report it with the command line",
        )
    };
    let nic =
        SimNic::new(block, NicConfig::new(at_reset, latency)).map_err(|e| defect(e.into()))?;
    let nic = AttachedNic::attach(
        nic,
        simulator.name(),
        &sequencing.profile,
        sequencing.config,
    )
    .map_err(defect)?;
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

/// The simulator that `--nic sim` selects here, with a message about it.
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
