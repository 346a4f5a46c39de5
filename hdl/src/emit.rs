//! The sequencer as Verilog files with a manifest.

use rust_hdl::prelude::*;
use scr_wire::registers;
use serde::Serialize;

use crate::config::{BuildError, CoreConfig, MAX_TOP, TopProblem};
use crate::core::{SOURCES, Sequencer};
use crate::port::{Direction, Port};
use crate::verilog::elaborate::{Scope, elaborate};
use crate::verilog::keywords::{RESERVED, is_keyword};
use crate::verilog::module::{Design, TAKEN_INSIDE};
use crate::verilog::{EmitError, comments, docs};

/// Name of the core's top module.
pub const TOP: &str = "scr_sequencer";

/// Cycles from the first input beat that is taken to the first output beat that is offered, when the
/// sequencer is idle and the frame's first 128 bytes come without a pause.
pub const fn latency_cycles(width: usize) -> u32 {
    let segments = 1024 / width;
    20 + segments as u32
}

/// A generated block.
#[derive(Clone, Debug)]
pub struct Emitted {
    /// Name of the top module.
    pub top: String,
    /// File names and their text; the top first.
    pub files: Vec<(String, String)>,
    /// Ports of the top module.
    pub ports: Vec<Port>,
    /// What tools need to know.
    pub manifest: Manifest,
}

/// `manifest.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest {
    /// Name of the top module.
    pub top: String,
    /// Verilog files.
    pub files: Vec<String>,
    /// The shell the block is for.
    pub shell: String,
    /// Row profile.
    pub profile: String,
    /// Row profile id.
    pub profile_id: u8,
    /// History depth N.
    pub history: usize,
    /// Data width in bits.
    pub width: usize,
    /// Most cores.
    pub max_cores: u8,
    /// Cycles from the first input beat to the first output beat.
    pub latency_cycles: u32,
    /// Registers.
    pub registers: Vec<Register>,
}

/// A register of the manifest.
#[derive(Clone, Debug, Serialize)]
pub struct Register {
    /// Byte offset.
    pub offset: u32,
    /// Name.
    pub name: String,
    /// Access: `R`, `RW` or `R, W1C`.
    pub access: String,
    /// Bits: 32, or 64 with the low half first.
    pub bits: u8,
    /// How many there are, one behind the other.
    pub count: u8,
    /// Meaning of the register.
    pub meaning: String,
}

/// The register map of a sequencer for at most `max_cores` cores.
fn registers(max_cores: u8) -> Vec<Register> {
    let entry = |r: registers::Register| Register {
        offset: r.offset.into(),
        name: r.name.to_owned(),
        access: r.access.to_string(),
        bits: r.bits,
        count: if r.per_core { max_cores } else { 1 },
        meaning: r.meaning.to_owned(),
    };
    registers::MAP.into_iter().map(entry).collect()
}

/// Runs `$body` with `$uut` bound to the sequencer of `$config`, whatever its type.
///
/// Narrow beats take more cycles through the parser's window, so their input FIFOs are deeper: a FIFO that
/// is full must hold more beats than pass during the latency.
macro_rules! with_sequencer {
    ($config:expr, $uut:ident => $body:expr) => {{
        let config: &$crate::config::CoreConfig = $config;
        match config.width {
            128 => with_sequencer!(config, $uut => $body, 128, 16, 6),
            256 => with_sequencer!(config, $uut => $body, 256, 32, 6),
            512 => with_sequencer!(config, $uut => $body, 512, 64, 5),
            _ => with_sequencer!(config, $uut => $body, 1024, 128, 5),
        }
    }};
    ($config:ident, $uut:ident => $body:expr, $w:literal, $k:literal, $f:literal) => {
        match $config.profile.row_bytes() {
            4 => with_sequencer!($config, $uut => $body, $w, $k, 32, $f),
            8 => with_sequencer!($config, $uut => $body, $w, $k, 64, $f),
            16 => with_sequencer!($config, $uut => $body, $w, $k, 128, $f),
            32 => with_sequencer!($config, $uut => $body, $w, $k, 256, $f),
            _ => with_sequencer!($config, $uut => $body, $w, $k, 512, $f),
        }
    };
    ($config:ident, $uut:ident => $body:expr, $w:literal, $k:literal, $r:literal, $f:literal) => {{
        type Uut = $crate::core::Sequencer<$w, $k, $r, $f, { 1 << $f }>;
        let $uut = Box::new(Uut::new(&$config.profile, $config.history, $config.max_cores));
        $body
    }};
}
pub(crate) use with_sequencer;

/// Stack of the thread on which a design is made. rust-hdl's blocks are values that are moved into each other, some MB of
/// them; the caller's thread may have less than that left.
const STACK_BYTES: usize = 16 << 20;

/// Runs `make` where there is room for a design on the stack.
///
/// # Errors
///
/// [`BuildError::Thread`].
pub(crate) fn with_room<T: Send>(make: impl FnOnce() -> T + Send) -> Result<T, BuildError> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
        let made = builder.spawn_scoped(scope, make);
        let made = made.map_err(|error| BuildError::Thread(error.kind()))?;
        made.join()
            .map_or_else(|panic| std::panic::resume_unwind(panic), Ok)
    })
}

/// Connects what drives the sequencer from outside and checks the design.
fn elaborated<const W: usize, const K: usize, const R: usize, const F: usize, const D: usize>(
    uut: &mut Sequencer<W, K, R, F, D>,
) -> Result<Scope, EmitError> {
    uut.connect_inputs();
    uut.connect_all();
    check_all(uut).map_err(|e| EmitError::Check(format!("{e:?}")))?;
    elaborate(uut, TOP).ok_or_else(|| EmitError::Check("the design is empty".to_owned()))
}

/// Ports of a design, in the order of its struct's fields.
fn ports_of_scope(scope: &Scope) -> Vec<Port> {
    let ports = scope.atoms.iter().filter(|a| a.kind.is_parameter());
    ports
        .map(|a| Port {
            name: a.name.clone(),
            direction: match a.kind {
                AtomKind::InputParameter => Direction::Input,
                _ => Direction::Output,
            },
            bits: a.bits,
        })
        .collect()
}

/// Generates the sequencer of `config` as Verilog. Deterministic: the same configuration gives the same
/// bytes.
///
/// # Errors
///
/// [`BuildError`] when a parameter is out of range or the design cannot be written.
pub fn emit(config: &CoreConfig) -> Result<Emitted, BuildError> {
    emit_as(config, TOP)
}

/// The same with another name for the top module, from which all other names follow; so sequencers of
/// different configurations can live in one design.
///
/// # Errors
///
/// [`BuildError::Top`] also when `top` is no identifier, a keyword, a name that tools have a use for, or the name of something
/// inside the top module.
pub fn emit_as(config: &CoreConfig, top: &str) -> Result<Emitted, BuildError> {
    config.check()?;
    let starts_well = top.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let refused = |problem| BuildError::Top {
        name: top.to_owned(),
        problem,
    };
    if !starts_well || !top.chars().all(is_word) || top.len() > MAX_TOP {
        return Err(refused(TopProblem::NoIdentifier));
    }
    if is_keyword(top) {
        return Err(refused(TopProblem::Keyword));
    }
    if RESERVED.contains(&top) {
        return Err(refused(TopProblem::Reserved));
    }
    let prefix = format!("{top}_");
    let scope = with_room(|| {
        with_sequencer!(config, uut => {
            let mut uut = uut;
            elaborated(&mut uut)
        })
    })??;
    let banner = [
        "SPDX-License-Identifier: MIT OR Apache-2.0".to_owned(),
        "Generated by scr emit; the source is Rust. Changes made here are lost.".to_owned(),
        format!(
            "row profile {} (id {}, {} bytes), history {} rows, data width {} bits, up to {} cores",
            config.profile.name(),
            config.profile.id(),
            config.profile.row_bytes(),
            config.history,
            config.width,
            config.max_cores
        ),
    ];
    let docs = docs::read(SOURCES);
    let design = Design {
        docs: &docs,
        comments: &comments::read(SOURCES),
        prefix: &prefix,
        top,
        banner: &banner,
    };
    let modules = design.modules(&scope, "Sequencer");
    let modules = modules.map_err(|error| match error {
        EmitError::Name { problem, .. } if problem == TAKEN_INSIDE => refused(TopProblem::Inside),
        other => other.into(),
    })?;
    let files: Vec<(String, String)> = modules
        .into_iter()
        .map(|m| (format!("{}.v", m.name), m.text))
        .collect();
    let ports = ports_of_scope(&scope);
    let manifest = Manifest {
        top: top.to_owned(),
        files: files.iter().map(|(name, _)| name.clone()).collect(),
        shell: "core".to_owned(),
        profile: config.profile.name().to_owned(),
        profile_id: config.profile.id(),
        history: config.history,
        width: config.width,
        max_cores: config.max_cores,
        latency_cycles: latency_cycles(config.width),
        registers: registers(config.max_cores),
    };
    Ok(Emitted {
        top: top.to_owned(),
        files,
        ports,
        manifest,
    })
}
