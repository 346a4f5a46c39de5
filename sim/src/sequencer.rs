//! Building a sequencer's model from its parameters.

use scr_hdl::{CoreConfig, Emitted};

use crate::build::{self, BuildStep, Design, ModelBuilder, Source};
use crate::cosim::CosimConfig;
use crate::nic::NicConfig;
use crate::stream::Settings;
use crate::verilator::{ModelLibrary, TraceError, VerilatorModel};

/// Why a sequencer's model cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SequencerError {
    /// The Verilog could not be generated.
    #[error(transparent)]
    Emit(#[from] scr_hdl::BuildError),
    /// The model could not be built from the Verilog.
    #[error(transparent)]
    Build(#[from] build::BuildError),
    /// The model could not be started.
    #[error(transparent)]
    Start(#[from] TraceError),
}

/// A generated sequencer and its simulation model.
#[derive(Clone, Debug)]
pub struct SequencerModel {
    /// Parameters of the sequencer.
    pub config: CoreConfig,
    /// Documented latency in cycles.
    pub latency_cycles: u64,
    /// The Verilator model.
    pub library: ModelLibrary,
}

/// The files of a generated block, as input for the builder.
pub fn sources(emitted: &Emitted) -> Vec<Source> {
    let file = |(name, text): &(String, String)| Source {
        name: name.clone(),
        text: text.clone(),
    };
    emitted.files.iter().map(file).collect()
}

impl SequencerModel {
    /// Generates the Verilog of `config` and builds its model, or takes it from the cache.
    ///
    /// # Errors
    ///
    /// [`SequencerError`].
    pub fn build(
        config: &CoreConfig,
        builder: &ModelBuilder,
        progress: &mut dyn FnMut(BuildStep),
    ) -> Result<Self, SequencerError> {
        let emitted = scr_hdl::emit(config)?;
        let design = Design {
            sources: &sources(&emitted),
            top: &emitted.top,
            ports: &emitted.ports,
        };
        Ok(Self {
            config: *config,
            latency_cycles: emitted.manifest.latency_cycles.into(),
            library: builder.build(&design, progress)?,
        })
    }

    /// A new instance, powered up.
    ///
    /// # Errors
    ///
    /// [`SequencerError::Start`].
    pub fn instance(&self) -> Result<VerilatorModel, SequencerError> {
        Ok(self.library.instance()?)
    }

    /// The configuration of a simulated NIC with this sequencer.
    pub fn nic_config(&self, settings: Settings) -> NicConfig {
        NicConfig::new(settings, self.latency_cycles)
    }

    /// The configuration of a cosimulation of this sequencer.
    pub fn cosim_config(&self, settings: Settings) -> CosimConfig {
        CosimConfig::new(
            self.config.profile,
            self.config.history,
            self.latency_cycles,
            settings,
        )
    }
}
