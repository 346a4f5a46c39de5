//! `scr replay`: a capture through a NIC into replicated workers.

mod args;
mod faults;
mod nic;
mod out;
mod summary;
mod warnings;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use scr_capture::{CaptureError, CaptureReader, Packet};
use scr_nf::{SelectError, Selected};
use scr_nic::BoxError;
use scr_runtime::device::{
    DeviceError, Extent, Fault, Inject, NicDevice, PacketSource, ReplayDevice, Tap,
};
use scr_runtime::{EventLevel, Outputs, ReplayConfig, ReplayError, ReplayReport};
use scr_wire::{Profile, profile};
use serde_json::{Map, Value};

pub use args::Args;
use args::{NicArg, Strategy};

use crate::error::{Error, Result};
use crate::input::Remarks;
use crate::output::{self, Files};
use crate::progress::Progress;
use crate::warning::Warning;
use crate::{interrupt, memory};

/// Runs the command.
pub fn run(args: &Args) -> Result {
    available(args.strategy)?;
    let mut function = Selected::new(&args.nf, &args.nf_opt).map_err(function_error)?;
    if args.sequencer.sequence_all {
        function = function.with_other_frames();
    }
    let profile = profile_for(args, &function)?;
    let plan = args.resize.clone().unwrap_or_default();
    let most = plan.most_cores(1);
    let sequencing = args.sequencer.resolve_up_to(profile, most)?;
    let faults = faults::all(args, sequencing.most_cores)?;
    let config = ReplayConfig {
        verify: !args.no_verify,
        events: match (&args.events, args.events_state) {
            (None, _) => EventLevel::Off,
            (Some(_), false) => EventLevel::Recovery,
            (Some(_), true) => EventLevel::State,
        },
        plan,
        stall_timeout: args.stall_timeout,
        rejoin: !args.no_rejoin,
        log_rows: args.log_rows.map(|rows| rows as usize),
        ..ReplayConfig::new(
            function,
            &profile,
            sequencing.config.cores,
            sequencing.config.prefix_words,
        )
    };

    memory::remedy(LESS_MEMORY);
    let mut reader = args.input.open(&args.capture)?;
    let total = reader.total_bytes();
    let mut written = Written::create(args)?;
    let files = std::mem::take(&mut written.files);
    let (nic, waveform) = nic::open(args.nic, &sequencing, written.trace.as_deref())?;

    let progress = Progress::bytes("replaying", total);
    interrupt::ask()?;
    let device = NicDevice::new(UntilInterrupted(&mut reader), nic);
    let report = written.replay(&config, device, faults.clone(), &progress);
    drop(progress);
    let mut report = report.map_err(|error| error.named(&args.capture))?;
    let remarks = Remarks::on(&reader);
    remarks.count_left_out(
        &mut report.packets,
        &mut report.passed_by,
        &mut report.passed_by_reasons,
    );
    if let (Some(path), Some(Err(error))) = (&args.trace, waveform.map(|w| w.finished())) {
        return Err(Error::bad(
            format!("cannot write {}: {}", path.display(), error.reason),
            "give --trace a file on a volume with more room, or replay fewer packets",
        ));
    }
    files.put_in_place()?;

    let mut warnings = warnings::of_result(&report);
    let missed = warnings::missed(args, &faults, &report);
    let notes: Vec<String> = missed.iter().map(|missed| missed.message.clone()).collect();
    if args.json {
        warnings.extend(missed);
        output::print_json(&object(
            &report,
            &remarks,
            args.loss_rate.is_some(),
            &warnings,
        ))?;
    } else {
        output::print(&summary::render(&report, &warnings))?;
    }
    for note in notes {
        eprintln!("note: {note}");
    }
    remarks.say();
    judge(&report)?;
    interrupt::ended(report.packets)
}

/// Advice on how a replay can need less memory.
const LESS_MEMORY: &str = "make capacity= of --nf-opt, --log-rows or --cores smaller, or allow the program more memory (`ulimit -v`)";

/// A capture that ends when a signal comes.
struct UntilInterrupted<'a>(&'a mut CaptureReader);

impl PacketSource for UntilInterrupted<'_> {
    #[inline]
    fn next_packet(&mut self) -> std::result::Result<Option<Packet<'_>>, BoxError> {
        if interrupt::came() {
            return Ok(None);
        }
        match self.0.next_packet() {
            Ok(packet) => Ok(packet),
            // The end of an input that ended with the signal.
            Err(_) if interrupt::came() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn extent(&self) -> Extent {
        PacketSource::extent(&*self.0)
    }
}

fn available(strategy: Strategy) -> Result {
    if strategy == Strategy::Scr {
        return Ok(());
    }
    let name = strategy
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned());
    Err(Error::bad(
        format!("not available yet: --strategy {name}"),
        "use --strategy scr",
    ))
}

/// The requested profile, which must have the fields the function needs; otherwise the smallest that has.
fn profile_for(args: &Args, function: &Selected) -> Result<Profile> {
    let Some(arg) = &args.profile else {
        return Ok(*function.smallest_profile());
    };
    let chosen = arg.load()?;
    function.check(&chosen).map_err(|error| {
        let working: Vec<&str> = profile::BUILTIN
            .into_iter()
            .filter(|profile| function.check(profile).is_ok())
            .map(Profile::name)
            .collect();
        // Whether the profile is unsuitable only because of frames that are not IP.
        let for_all = args.sequencer.sequence_all
            && Selected::new(&args.nf, &args.nf_opt).is_ok_and(|one| one.check(&chosen).is_ok());
        let (when, or) = match for_all {
            true => ("with --sequence-all ", "--profile or --sequence-all"),
            false => ("", "--profile"),
        };
        Error::bad(
            format!("{when}{error}"),
            format!(
                "use one of the profiles {}, or leave {or} out",
                working.join(", ")
            ),
        )
    })?;
    Ok(chosen)
}

fn function_error(error: SelectError) -> Error {
    let remedy = match &error {
        SelectError::Unknown { .. } => "choose one of these with --nf",
        _ => "see `scr replay --help` for what --nf-opt takes",
    };
    Error::bad(error.to_string(), remedy)
}

/// The files that a replay writes.
struct Written {
    frames: Option<scr_capture::CaptureWriter<'static>>,
    out: Option<(out::OutSink, out::OutFile)>,
    state: Option<output::TextFile>,
    events: Option<output::TextFile>,
    /// Path for the simulated NIC's waveform.
    trace: Option<PathBuf>,
    files: Files,
}

/// Suffix that the FST writer appends to its file's name for a second file, which it keeps while it writes.
const BESIDE_FST: &str = ".hier";

impl Written {
    /// Creates all files, so that none fails after the work is done.
    fn create(args: &Args) -> Result<Self> {
        let profile = args.profile.as_ref().and_then(|p| p.file());
        let mut files = Files::reading(&args.capture).also_reading("the profile", profile);
        let given = [
            ("--frames", &args.frames),
            ("--out", &args.out),
            ("--state", &args.state),
            ("--events", &args.events),
            ("--trace", &args.trace),
        ];
        for (option, path) in given {
            output::not_stdout(option, path.as_deref())?;
        }
        let mut trace = None;
        if let Some(path) = &args.trace {
            if !matches!(args.nic, NicArg::Sim | NicArg::Verilator) {
                return Err(Error::bad(
                    format!(
                        "--trace {}: only a NIC simulated by Verilator writes a waveform",
                        path.display()
                    ),
                    "use --nic verilator",
                ));
            }
            trace = Some(files.path("--trace", path, BESIDE_FST)?);
        }
        Ok(Self {
            trace,
            frames: match &args.frames {
                Some(path) => Some(files.capture("--frames", path)?),
                None => None,
            },
            out: match &args.out {
                Some(path) => {
                    output::not_terminal("--out", path)?;
                    Some(out::start(files.open("--out", path)?)?)
                }
                None => None,
            },
            state: match &args.state {
                Some(path) => Some(files.text("--state", path)?),
                None => None,
            },
            events: match &args.events {
                Some(path) => Some(files.text("--events", path)?),
                None => None,
            },
            files,
        })
    }

    /// Runs the replay and finishes the files.
    fn replay(
        mut self,
        config: &ReplayConfig,
        device: impl ReplayDevice,
        faults: Vec<Fault>,
        progress: &Progress,
    ) -> std::result::Result<ReplayReport, Failure> {
        let mut device: Box<dyn ReplayDevice + '_> = Box::new(Inject::new(device, faults));
        if let Some(frames) = &mut self.frames {
            device = Box::new(Tap::new(device, frames));
        }
        let (sink, out) = self.out.unzip();
        let outputs = Outputs {
            packets: sink.map(|sink| Box::new(sink) as _),
            events: self.events.as_mut().map(|file| Box::new(file) as _),
            state: self.state.as_mut().map(|file| Box::new(file) as _),
        };
        let report = scr_runtime::replay(config, &mut *device, outputs, &mut |at| {
            progress.set(at.extent.done);
        });
        drop(device);
        // The file itself knows best why it could not be written.
        out.map_or(Ok(()), out::OutFile::finish)?;
        let report = report?;
        if let Some(frames) = self.frames {
            frames.finish().map_err(Error::from)?;
        }
        for file in [self.state, self.events].into_iter().flatten() {
            file.finish()?;
        }
        Ok(report)
    }
}

/// Why a replay has no result.
enum Failure {
    Known(Error),
    Replay(ReplayError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Known(error)
    }
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        Self::Replay(error)
    }
}

impl Failure {
    /// The error to show, with the name of the capture unless it names a file itself.
    fn named(self, capture: &Path) -> Error {
        const DEFECT: &str =
            "this is a defect; please report it with the command line and the capture";
        let capture = capture.display();
        match self {
            Self::Known(error) => error,
            Self::Replay(ReplayError::Function(error)) => function_error(error),
            Self::Replay(ReplayError::Device(
                DeviceError::Source(error) | DeviceError::Observer(error),
            ))
            | Self::Replay(ReplayError::Output(error)) => foreign(error),
            Self::Replay(ReplayError::State(error)) => foreign(error.into()),
            Self::Replay(ReplayError::Thread(error)) => Error::no_thread(&error),
            Self::Replay(error @ ReplayError::NoWorkerLeft { .. }) => Error::check(
                format!("{capture}: {error}"),
                "let fewer workers crash, or give --stall-timeout more time",
            ),
            Self::Replay(ReplayError::Device(error)) => Error::check(
                format!("{capture}: {error}"),
                format!("{DEFECT}; --nic model replays without simulated hardware"),
            ),
            Self::Replay(error) => Error::check(format!("{capture}: {error}"), DEFECT),
        }
    }
}

/// An error from a reader or writer of files that was passed through the runtime.
fn foreign(error: BoxError) -> Error {
    let error = match error.downcast::<CaptureError>() {
        Ok(error) => return (*error).into(),
        Err(error) => error,
    };
    match error.downcast::<std::io::Error>() {
        Ok(error) => output::unwrap(*error),
        Err(error) => Error::bad(error.to_string(), "check the file and the volume it is on"),
    }
}

/// Longest list of lost frames in the object of `--json`, in bytes: what fits into an argument of `--lose` on every
/// platform.
const LONGEST_LIST: usize = 64 << 10;

/// The object of `--json`. Frames lost at a rate are listed, so that the run can be repeated with `--lose`.
fn object(
    report: &ReplayReport,
    remarks: &Remarks,
    at_a_rate: bool,
    warnings: &[Warning],
) -> Value {
    let mut object = match serde_json::to_value(report) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    let lost = object
        .get_mut("loss")
        .and_then(Value::as_object_mut)
        .and_then(|loss| loss.shift_remove("lost"));
    if at_a_rate && let Some(lost) = lost {
        if lost.as_str().is_none_or(|list| list.len() <= LONGEST_LIST) {
            object.insert("lost".to_owned(), lost);
        } else {
            object.insert("lost".to_owned(), Value::Null);
            object.insert("lost_count".to_owned(), report.loss.frames_lost.into());
        }
    }
    if !warnings.is_empty() {
        let warnings = serde_json::to_value(warnings).unwrap_or_default();
        object.insert("warnings".to_owned(), warnings);
    }
    if let Ok(Value::Object(remarks)) = serde_json::to_value(remarks) {
        object.extend(remarks);
    }
    object.into()
}

fn judge(report: &ReplayReport) -> Result {
    if report.is_good() {
        return Ok(());
    }
    let what = if report.replicas_agree {
        "the replicas differ from a single thread"
    } else {
        "the replicas disagree"
    };
    let first = report
        .mismatch
        .as_ref()
        .map_or_else(String::new, |mismatch| format!(": {mismatch}"));
    let remedy = match report.loss.rows_unrecovered {
        0 => "this is a defect; please report it with the command line and the capture",
        _ => "rows were lost that no replica left had: use more --prefix-words, or --log-rows",
    };
    Err(Error::check(format!("{what}{first}"), remedy))
}
