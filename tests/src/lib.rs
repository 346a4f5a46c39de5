//! Common parts of the tests of the emitted Verilog: models of a configuration, runs with evidence.
//!
//! ```text
//!  CoreConfig ──▶ Verilog ──▶ Verilator's model ──┐
//!                    │ mutation: one fault         ├──▶ cosim: stimulus, golden model, rules ──▶ report, or evidence
//!                    └ coverage: toggles, lines ◀──┘
//! ```
//!
//! A failure leaves its packets, a note with seed and settings, and a waveform in `target/cosim-failures`.
//! `SCR_LONG=1` makes the sweeps about thirty times longer.
#![forbid(unsafe_code)]

pub mod corundum;
pub mod coverage;
pub mod mutation;
pub mod registers;

use std::path::{Path, PathBuf};
use std::process::Command;

use scr_hdl::{CoreConfig, Emitted};
use scr_sim::build::{Design, ModelBuilder, Source, TraceFormat};
use scr_sim::cosim::{CosimConfig, CosimReport, Plan, Step, keep_evidence, run};
use scr_sim::stream::Settings;
use scr_sim::verilator::ModelLibrary;
use scr_wire::{Config, Geometry};

/// Number of rounds of a sweep: `normal`, or many more under `SCR_LONG`.
pub fn rounds(normal: u64) -> u64 {
    match std::env::var_os("SCR_LONG") {
        Some(v) if v != "0" => normal * 30,
        _ => normal,
    }
}

/// History depth N of the runs over all profiles and widths.
pub const MATRIX_HISTORY: usize = 16;

/// A configuration with its Verilog and its model.
pub struct Built {
    /// The configuration.
    pub config: CoreConfig,
    /// Verilog of the configuration.
    pub emitted: Emitted,
    /// Model of the configuration.
    pub model: ModelLibrary,
}

/// Verilog of a configuration, as input for the model builder.
pub fn sources(emitted: &Emitted) -> Vec<Source> {
    let files = emitted.files.iter();
    files
        .map(|(name, text)| Source {
            name: name.clone(),
            text: text.clone(),
        })
        .collect()
}

fn build(builder: &ModelBuilder, emitted: &Emitted) -> ModelLibrary {
    let sources = sources(emitted);
    let design = Design {
        sources: &sources,
        top: &emitted.top,
        ports: &emitted.ports,
    };
    match builder.build(&design, &mut |_| {}) {
        Ok(model) => model,
        Err(error) => panic!("{error}"),
    }
}

impl Built {
    /// The model of `config`, from the cache or built.
    pub fn new(config: CoreConfig) -> Self {
        Self::with(config, &ModelBuilder::new())
    }

    /// As [`new`](Self::new), for a model that writes a file.
    pub fn recording(config: CoreConfig, format: TraceFormat) -> Self {
        Self::with(config, &ModelBuilder::new().trace(format))
    }

    /// The model of modified Verilog.
    pub fn of(config: CoreConfig, emitted: Emitted) -> Self {
        let model = build(&ModelBuilder::new(), &emitted);
        Self {
            config,
            emitted,
            model,
        }
    }

    fn with(config: CoreConfig, builder: &ModelBuilder) -> Self {
        let emitted = scr_hdl::emit(&config).expect("a valid configuration");
        let model = build(builder, &emitted);
        Self {
            config,
            emitted,
            model,
        }
    }

    /// Settings for k = `cores` and B = `prefix_words`, or the fewest words for k cores if that is more.
    pub fn settings(&self, cores: u8, prefix_words: u8) -> Settings {
        let fewest = Geometry::fewest_words(&self.config.profile, usize::from(cores));
        let words = fewest
            .expect("k cores fit")
            .prefix_words()
            .max(prefix_words);
        // A beat of 1024 bits is two words, and a prefix has at most 63.
        let words = match self.config.width {
            1024 => words.next_multiple_of(2).min(62),
            _ => words,
        };
        Settings::new(Config::new(cores, words))
    }

    /// The configuration of a run with these settings at full rate.
    pub fn cosim(&self, settings: Settings) -> CosimConfig {
        let latency = u64::from(self.emitted.manifest.latency_cycles);
        CosimConfig::new(self.config.profile, self.config.history, latency, settings)
    }

    /// A plan of `packets` packets with these initial settings, without changes or resets.
    pub fn plan(&self, packets: usize, settings: Settings) -> Plan {
        Plan {
            packets,
            profile: self.config.profile,
            history: self.config.history,
            max_cores: self.config.max_cores,
            max_queue: 511,
            settings,
            change_every: 0,
            reset_every: 0,
            drain_every: 0,
            words_per_beat: (self.config.width / 512).max(1) as u8,
        }
    }

    /// Runs the steps; a mismatch leaves evidence and panics with its location.
    pub fn run(&self, steps: Vec<Step>, config: &CosimConfig) -> CosimReport {
        let mut model = self.model.instance().expect("an instance");
        match run(&mut model, steps.clone(), config) {
            Ok(report) => report,
            Err(mismatch) => {
                let name = format!(
                    "{}-{}-{}-{}",
                    self.config.profile.name(),
                    self.config.width,
                    self.config.history,
                    config.seed
                );
                let traced = build(&ModelBuilder::new().trace(TraceFormat::Vcd), &self.emitted);
                let directory = failures();
                let kept =
                    keep_evidence(&directory, &name, &steps, config, &mismatch, Some(&traced));
                panic!("{mismatch}\nevidence: {kept:?}");
            }
        }
    }
}

/// The newest Verilator, installed if it is not there.
///
/// # Panics
///
/// If it cannot be installed.
pub fn newest_verilator() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/verilator-newest");
    let output = Command::new(&script).output();
    let output = output.unwrap_or_else(|e| panic!("{}: {e}", script.display()));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    String::from_utf8_lossy(&output.stdout).trim().into()
}

/// Directory for the evidence of failures.
pub fn failures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/cosim-failures")
}
