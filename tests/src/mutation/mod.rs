//! The mutation check: small faults in the emitted Verilog, one at a time, each of which the tests must detect.
//!
//! | module | one idea |
//! |---|---|
//! | [`table`] | the faults |
//! | [`checks`] | the checks that must detect them |

pub mod checks;
pub mod table;

use std::path::Path;

use scr_hdl::{CoreConfig, Emitted};
use scr_sim::build::{Design, ModelBuilder, Source};
use scr_sim::cosim::CosimConfig;
use scr_sim::stream::Settings;
use scr_sim::verilator::ModelLibrary;
use scr_wire::{Config, Geometry};

use table::{Hardware, Mutant};

/// A mutant's hardware, ready to run.
pub struct Build {
    /// Parameters of the hardware.
    pub config: CoreConfig,
    /// Documented latency in cycles.
    pub latency: u64,
    /// The Verilator model.
    pub model: ModelLibrary,
}

impl Build {
    /// The configuration of a run with k = `cores` and B = `words`, or as many words as k needs.
    pub fn cosim(&self, cores: u8, words: u8) -> CosimConfig {
        let beat = (self.config.width / 512).max(1) as u8;
        let fewest = Geometry::fewest_words(&self.config.profile, cores.into());
        let fewest = fewest.map_or(1, Geometry::prefix_words);
        let words = words.max(fewest).next_multiple_of(beat);
        let cores = cores.min(self.config.limits().most_cores(words));
        let settings = Settings::new(Config::new(cores, words));
        let mut config = CosimConfig::new(
            self.config.profile,
            self.config.history,
            self.latency,
            settings,
        );
        // Enough for any change, yet short when waiting for something that never comes.
        config.grace_cycles = 128;
        config.watchdog_cycles = 3_000;
        config
    }
}

/// The result for a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Caught by the check of this name, with this message.
    Caught(&'static str, String),
    /// No check caught it.
    Survived,
}

/// The Verilog of `hardware` with the mutant's fault.
///
/// # Errors
///
/// If the text to be replaced does not occur exactly once.
pub fn apply(mutant: &Mutant) -> Result<Emitted, String> {
    let mut emitted = mutant.hardware.emit().map_err(|e| e.to_string())?;
    let file = match mutant.module {
        "" => format!("{}.v", emitted.top),
        module => format!("{}_{module}.v", emitted.top),
    };
    let text = emitted.files.iter_mut().find(|(name, _)| *name == file);
    let (_, text) = text.ok_or_else(|| format!("{}: there is no {file}", mutant.id))?;
    match text.matches(mutant.find).count() {
        1 => *text = text.replacen(mutant.find, mutant.replace, 1),
        n => {
            return Err(format!(
                "{}: {:?} stands {n} times in {file}",
                mutant.id, mutant.find
            ));
        }
    }
    Ok(emitted)
}

/// Builds the Verilog and runs all checks until one fails. Models are kept in `cache`.
///
/// # Errors
///
/// If it cannot be built: a fault must be one that synthesis would accept.
pub fn judge(emitted: &Emitted, hardware: Hardware, cache: &Path) -> Result<Outcome, String> {
    let sources: Vec<Source> = crate::sources(emitted);
    let design = Design {
        sources: &sources,
        top: &emitted.top,
        ports: &emitted.ports,
    };
    let builder = ModelBuilder::new().cache_dir(cache.to_owned()).quick();
    let model = builder
        .build(&design, &mut |_| {})
        .map_err(|e| e.to_string())?;
    let build = Build {
        config: hardware.config(),
        latency: emitted.manifest.latency_cycles.into(),
        model,
    };
    for &(name, check) in checks::of(hardware) {
        if let Err(words) = check(&build) {
            return Ok(Outcome::Caught(name, words));
        }
    }
    Ok(Outcome::Survived)
}
