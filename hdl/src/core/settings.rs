mod epoch_count;
mod in_force;
mod modulus;
mod next_configuration;
mod rotation;

use rust_hdl::prelude::*;

use epoch_count::EpochCount;
use in_force::InForce;
use modulus::Modulus;
use next_configuration::NextConfiguration;
use rotation::Rotation;

/// The configuration in force.
///
/// Port values are registered, what follows from them is computed, and all of it is put in force at once,
/// between two frames. Frames are numbered under one set of values only.
///
/// When k changes, the next core must be the last one plus one modulo the *new* k. That is a division, done in
/// 22 cycles, in which no frame is numbered; frames that have their numbers are sent on meanwhile. Ports may not change
/// while it lasts, nor in the three cycles before: the register block waits with its next write.
///
/// After a reset no frame is numbered either until the ports' values have come through.
///
/// | block | does |
/// |---|---|
/// | `next_configuration` | registers the ports and computes what follows from them |
/// | `in_force` | puts it in force |
/// | `rotation` | whose turn it is |
/// | `modulus` | the division |
/// | `epoch_count` | the epoch |
#[derive(LogicBlock, Default)]
pub struct Settings {
    /// Clock.
    pub clk: Signal<In, Clock>,
    /// Synchronous reset.
    pub rst: Signal<In, Bit>,
    /// Enable; false passes every frame by.
    pub cfg_enable: Signal<In, Bit>,
    /// Sequence every frame, not only IP.
    pub cfg_sequence_all: Signal<In, Bit>,
    /// k.
    pub cfg_cores: Signal<In, Bits<8>>,
    /// B.
    pub cfg_prefix_words: Signal<In, Bits<6>>,
    /// Queue of frames that are not sequenced.
    pub cfg_default_queue: Signal<In, Bits<9>>,
    /// A frame is numbered in this cycle.
    pub numbered: Signal<In, Bit>,
    /// The core of the next sequenced frame.
    pub core: Signal<Out, Bits<8>>,
    /// Enable in force.
    pub enable: Signal<Out, Bit>,
    /// `sequence_all` in force.
    pub sequence_all: Signal<Out, Bit>,
    /// k in force.
    pub cores: Signal<Out, Bits<8>>,
    /// B in force.
    pub prefix_words: Signal<Out, Bits<8>>,
    /// Beats of prefix, less one, in force.
    pub last_prefix_beat: Signal<Out, Bits<8>>,
    /// min(M, N + 1, 255) in force.
    pub max_valid_rows: Signal<Out, Bits<10>>,
    /// Default queue in force.
    pub default_queue: Signal<Out, Bits<9>>,
    /// A new epoch starts with the next frame.
    pub new_epoch: Signal<Out, Bit>,
    /// Number no frame: k is about to change, or nothing is in force after a reset.
    pub hold: Signal<Out, Bit>,
    /// The epoch.
    pub epoch: Signal<Out, Bits<6>>,

    next_configuration: NextConfiguration,
    in_force: InForce,
    rotation: Rotation,
    modulus: Modulus,
    epoch_count: EpochCount,
}

impl Settings {
    /// Settings for rows of `row_bytes`, a history of `history` rows and beats of `beat_bytes`.
    pub fn new(row_bytes: usize, history: usize, beat_bytes: usize) -> Self {
        Self {
            next_configuration: NextConfiguration::new(row_bytes, history, beat_bytes),
            modulus: Modulus::new(),
            ..Self::default()
        }
    }
}

impl Logic for Settings {
    #[hdl_gen]
    fn update(&mut self) {
        self.next_configuration.clk.next = self.clk.val();
        self.next_configuration.rst.next = self.rst.val();
        self.next_configuration.cfg_enable.next = self.cfg_enable.val();
        self.next_configuration.cfg_sequence_all.next = self.cfg_sequence_all.val();
        self.next_configuration.cfg_cores.next = self.cfg_cores.val();
        self.next_configuration.cfg_prefix_words.next = self.cfg_prefix_words.val();
        self.next_configuration.cfg_default_queue.next = self.cfg_default_queue.val();

        self.in_force.clk.next = self.clk.val();
        self.in_force.rst.next = self.rst.val();
        self.in_force.pending.next = self.next_configuration.pending.val();
        self.in_force.pending_valid.next = self.next_configuration.valid.val();
        self.in_force.cores_ahead.next = self.next_configuration.cores_ahead.val();
        self.in_force.divided.next = self.modulus.done.val();

        self.rotation.clk.next = self.clk.val();
        self.rotation.rst.next = self.rst.val();
        self.rotation.numbered.next = self.numbered.val();
        self.rotation.one_core.next = self.in_force.configuration.val().one_core;
        self.rotation.cores_less_two.next = self.in_force.configuration.val().cores_less_two;
        self.rotation.begins.next = self.in_force.begins.val();
        self.rotation.begins_with_one_core.next = self.next_configuration.pending.val().one_core;
        self.rotation.divided.next = self.modulus.done.val();
        self.rotation.remainder.next = self.modulus.remainder.val();
        self.rotation.after_remainder.next = self.modulus.after_remainder.val();
        self.rotation.remainder_wraps.next = self.modulus.wraps.val();

        self.modulus.clk.next = self.clk.val();
        self.modulus.rst.next = self.rst.val();
        self.modulus.start.next = self.in_force.divide.val();
        self.modulus.dividend.next = self.rotation.unwrapped.val();
        self.modulus.cores.next = self.next_configuration.pending.val().cores;

        self.epoch_count.clk.next = self.clk.val();
        self.epoch_count.rst.next = self.rst.val();
        self.epoch_count.starts.next = self.in_force.new_epoch.val();

        self.core.next = self.rotation.core.val();
        self.enable.next = self.in_force.configuration.val().enable;
        self.sequence_all.next = self.in_force.configuration.val().sequence_all;
        self.cores.next = self.in_force.configuration.val().cores;
        self.prefix_words.next = self.in_force.configuration.val().prefix_words;
        self.last_prefix_beat.next = self.in_force.configuration.val().last_prefix_beat;
        self.max_valid_rows.next = self.in_force.configuration.val().max_valid_rows;
        self.default_queue.next = self.in_force.configuration.val().default_queue;
        self.new_epoch.next = self.in_force.new_epoch.val();
        self.hold.next = self.in_force.hold.val();
        self.epoch.next = self.epoch_count.epoch.val();
    }
}
