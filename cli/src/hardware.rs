//! The generated hardware in a simulator: Verilator's if available, else rust-hdl's own.

use std::path::{Path, PathBuf};
use std::time::Instant;

use scr_hdl::{CoreConfig, Dut, Emitted};
use scr_sim::build::{BuildStep, ModelBuilder, Toolchain, TraceFormat};
use scr_sim::cosim::{self, Step};
use scr_sim::sequencer::{SequencerError, SequencerModel};
use scr_sim::stream::Settings;
use scr_sim::verilator::VerilatorModel;
use scr_wire::{Config, MIN_HISTORY};

use crate::error::{Error, Result};
use crate::interrupt;
use crate::options::sequencer::Sequencing;
use crate::progress::Progress;

/// A simulator of hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simulator {
    /// A model of the emitted Verilog, built by Verilator and a C++ compiler.
    Verilator,
    /// rust-hdl's own simulator.
    RustHdl,
}

impl Simulator {
    /// The fastest simulator available here, and the reason if it is the slow one.
    pub fn best() -> (Self, Option<String>) {
        match Toolchain::discover() {
            Ok(_) => (Self::Verilator, None),
            Err(error) => (
                Self::RustHdl,
                error.to_string().lines().next().map(str::to_owned),
            ),
        }
    }

    /// Name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verilator => "verilator",
            Self::RustHdl => "rust-hdl",
        }
    }

    /// The block of `core`, writing its waveform to `path`.
    ///
    /// # Errors
    ///
    /// If the simulator is not Verilator, the model cannot be built, or the file cannot be opened.
    pub fn load_traced(self, core: &CoreConfig, path: &Path) -> Result<VerilatorModel> {
        if self != Self::Verilator {
            return Err(Error::bad(
                format!(
                    "{}: rust-hdl's simulator writes no waveform",
                    path.display()
                ),
                "install Verilator and a C++ compiler (`scr doctor` shows what is there) and use --nic verilator",
            ));
        }
        model(core, Some(TraceFormat::of(path)))?
            .library
            .instance_traced(path)
            .map_err(|error| model_error(error.into()))
    }
}

/// The block of `core` in rust-hdl's own simulator.
///
/// # Errors
///
/// If the core cannot be generated.
pub fn interpreted(core: &CoreConfig) -> Result<Box<dyn Dut + Send>> {
    scr_hdl::simulate(core).map_err(core_error)
}

/// The smallest hardware generated for a configuration: there are few sizes, so that built models are found again.
pub fn core_for(sequencing: &Sequencing) -> CoreConfig {
    CoreConfig {
        history: sequencing.history,
        max_cores: sequencing
            .most_cores
            .next_power_of_two()
            .max(CoreConfig::MAX_CORES),
        ..CoreConfig::new(&sequencing.profile)
    }
}

/// The Verilog of a core whose top module is called `top`.
///
/// # Errors
///
/// If a parameter is out of range.
pub fn emit(core: &CoreConfig, top: &str) -> Result<Emitted> {
    scr_hdl::emit::emit_as(core, top).map_err(core_error)
}

/// The Verilog of Corundum's application block with sequencers of `core`, whose module is called `sequencer`.
///
/// # Errors
///
/// If a parameter is out of range.
pub fn emit_corundum(core: &CoreConfig, interfaces: usize, sequencer: &str) -> Result<Emitted> {
    scr_hdl::shell::corundum::emit(core, interfaces, sequencer).map_err(core_error)
}

fn core_error(error: scr_hdl::BuildError) -> Error {
    match error {
        scr_hdl::BuildError::Top { name, problem } => Error::bad(
            format!("--top {name} cannot be the name of a module: {problem}"),
            "choose another, such as scr_sequencer_0, or leave --top out",
        ),
        scr_hdl::BuildError::Thread(kind) => Error::no_thread(&kind.into()),
        other => Error::bad(
            format!("the hardware cannot be generated: {other}"),
            "see `scr emit --help` for the values that can be built",
        ),
    }
}

/// The Verilator model of a core, built if it is not in the cache; it writes waveforms if `trace` gives a format.
///
/// # Errors
///
/// If the core cannot be generated or the model cannot be built.
pub fn model(core: &CoreConfig, trace: Option<TraceFormat>) -> Result<SequencerModel> {
    let mut builder = ModelBuilder::new();
    if let Some(format) = trace {
        builder = builder.trace(format);
    }
    build(core, &builder)
}

fn build(core: &CoreConfig, builder: &ModelBuilder) -> Result<SequencerModel> {
    // Unfinished files are removed when a signal comes.
    interrupt::watch()?;
    let progress = Progress::spinner("looking for the Verilator model");
    SequencerModel::build(core, builder, &mut |step| show(&progress, &step)).map_err(model_error)
}

/// The result of building and running a small model.
pub struct Trial {
    /// Seconds that building and running took.
    pub seconds: f64,
    /// Directory of the models.
    pub cache: PathBuf,
}

/// Builds a small model, even if it is in the cache, and compares its output with the golden model's.
///
/// # Errors
///
/// The reason why models cannot be built and run here.
pub fn try_out() -> Result<Trial> {
    /// Enough packets that frames come out of every core.
    const PACKETS: usize = 100;
    let started = Instant::now();
    let profile = scr_wire::profile::SOURCE;
    let core = CoreConfig {
        history: MIN_HISTORY,
        width: CoreConfig::WIDTHS[0],
        ..CoreConfig::new(&profile)
    };
    let model = build(&core, &ModelBuilder::new().quick().anew())?;
    let settings = Settings::new(Config::new(2, 1));
    let packets = cosim::random_packets(1, PACKETS);
    let steps = packets.into_iter().map(Step::Packet).chain([Step::Drain]);
    let mut block = instance(&model)?;
    cosim::run(&mut block, steps, &model.cosim_config(settings)).map_err(|mismatch| {
        Error::check(
            format!("a small model differs from the golden model: {mismatch}"),
            "try another Verilator or compiler with $VERILATOR or $CXX, and report it with their versions",
        )
    })?;
    let path = model.library.path();
    Ok(Trial {
        seconds: started.elapsed().as_secs_f64(),
        cache: path.parent().unwrap_or(path).to_owned(),
    })
}

/// An instance of a model, powered up.
///
/// # Errors
///
/// If the model does not start.
pub fn instance(model: &SequencerModel) -> Result<VerilatorModel> {
    model.instance().map_err(model_error)
}

fn show(progress: &Progress, step: &BuildStep) {
    match step {
        BuildStep::Cached => {}
        BuildStep::Waiting => {
            progress.say("waiting for another process that builds the same model")
        }
        BuildStep::Private(why) => {
            let (message, remedy) = why.rsplit_once('\n').unwrap_or((why, ""));
            progress.note(&format!(
                "note: models are kept only for this run: {message}\nhelp: {remedy}"
            ));
        }
        BuildStep::Verilating => {
            progress.note("building the Verilator model of this configuration, once (some 10 s)");
            progress.say("Verilator translates the Verilog");
        }
        BuildStep::Warned(words) => progress.note(words),
        BuildStep::Compiling { done, total } => {
            progress.say(&format!("compiling the model, {done} of {total} files"));
        }
        BuildStep::Linking => progress.say("linking the model"),
        other => progress.say(&format!("{other:?}")),
    }
}

/// The message of a build error ends with a line that gives the remedy.
fn model_error(error: SequencerError) -> Error {
    let error = match error {
        SequencerError::Emit(error) => return core_error(error),
        other => other.to_string(),
    };
    match error.rsplit_once('\n') {
        Some((message, remedy)) => Error::bad(message, remedy),
        None => Error::bad(
            error,
            "`scr doctor` shows what is installed; --nic model needs no simulator",
        ),
    }
}
