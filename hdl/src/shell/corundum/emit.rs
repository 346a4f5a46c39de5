//! All files of the application block: the block, the sequencer, and what fits the one into the other.

use rust_hdl::prelude::*;
use scr_wire::registers::shell;

use super::block::{self, Parts};
use super::requirements::address_bits;
use super::{APP_ID, MODULE, Values};
use crate::config::{BuildError, CoreConfig, TopProblem};
use crate::emit::{Corundum, Emitted, Register, banner, description, emit_as, files, with_room};
use crate::shell::{QueueSelect, RegisterWindows, SOURCES, Shell};
use crate::verilog::EmitError;
use crate::verilog::elaborate::{Scope, elaborate};
use crate::verilog::template::tokens;

/// Most interfaces: their registers fit into the address bits that Corundum gives an application if nobody asks for more.
pub const MAX_INTERFACES: usize = 8;

/// Checks a block whose inputs are connected.
fn checked(uut: &mut impl Block, name: &str) -> Result<Scope, EmitError> {
    uut.connect_all();
    check_all(uut).map_err(|e| EmitError::Check(format!("{e:?}")))?;
    elaborate(uut, name).ok_or_else(|| EmitError::Check("the design is empty".to_owned()))
}

/// Generates the application block with sequencers of `config`, one for each of `interfaces`. The sequencer's module is called
/// `sequencer`, which begins the names of all other modules but the block's.
///
/// # Errors
///
/// [`BuildError`] when a parameter is out of range, a name cannot be used or the design cannot be written.
pub fn emit(
    config: &CoreConfig,
    interfaces: usize,
    sequencer: &str,
) -> Result<Emitted, BuildError> {
    if !(1..=MAX_INTERFACES).contains(&interfaces) {
        return Err(BuildError::Interfaces(interfaces));
    }
    let core = emit_as(config, sequencer)?;
    let prefix = format!("{sequencer}_");
    let parts = Parts {
        sequencer: sequencer.to_owned(),
        register_windows: format!("{prefix}register_windows"),
        queue_select: format!("{prefix}queue_select"),
    };
    let counted = format!("interfaces: {interfaces}");
    let banner = banner(&[description(config), counted]);
    let block = block::write(config, interfaces, &parts, &banner);
    if is_inside(&block, sequencer, interfaces) {
        return Err(BuildError::Top {
            name: sequencer.to_owned(),
            problem: TopProblem::Inside,
        });
    }
    let mut all = vec![(format!("{MODULE}.v"), block)];
    all.extend(around(interfaces, &parts, &prefix)?);
    all.extend(core.files);
    let mut manifest = core.manifest;
    manifest.top = MODULE.to_owned();
    manifest.files = all.iter().map(|(name, _)| name.clone()).collect();
    manifest.shell = Shell::Corundum.name().to_owned();
    let register = |register| Register::new(register, config.max_cores);
    manifest.corundum = Some(Corundum {
        app_id: format!("32'h{APP_ID:08x}"),
        interfaces,
        sequencer: sequencer.to_owned(),
        window_bytes: shell::WINDOW_BYTES,
        registers: shell::MAP.into_iter().map(register).collect(),
    });
    Ok(Emitted {
        top: MODULE.to_owned(),
        files: all,
        ports: Values::with(&values(config, interfaces)).ports(),
        manifest,
    })
}

/// The files of the blocks around the sequencers.
fn around(
    interfaces: usize,
    parts: &Parts,
    prefix: &str,
) -> Result<Vec<(String, String)>, BuildError> {
    let (windows, select) = with_room(|| {
        let mut windows = RegisterWindows::new(interfaces, shell::CORUNDUM);
        windows.connect_inputs();
        let mut select = QueueSelect::default();
        select.connect_inputs();
        Ok::<_, EmitError>((
            checked(&mut windows, &parts.register_windows)?,
            checked(&mut select, &parts.queue_select)?,
        ))
    })??;
    let counted = format!("application block of Corundum, interfaces: {interfaces}");
    let banner = banner(&[counted]);
    let mut all = Vec::new();
    for (scope, kind) in [(&windows, "RegisterWindows"), (&select, "QueueSelect")] {
        all.extend(files(SOURCES, scope, kind, &scope.name, prefix, &banner)?);
    }
    Ok(all)
}

/// Whether the block, which instantiates the sequencer `instances` times, has its name for something else, too.
fn is_inside(block: &str, name: &str, instances: usize) -> bool {
    let is_code = |line: &&str| !line.trim_start().starts_with("//") && !line.contains("$error");
    let words = block.lines().filter(is_code).flat_map(tokens);
    words.filter(|word| *word == (true, name)).count() > instances
}

/// Values of the parameters that such a block fits, where they are not defaults.
fn values(config: &CoreConfig, interfaces: usize) -> [(&'static str, i64); 4] {
    [
        ("IF_COUNT", interfaces as i64),
        ("AXIS_DATA_WIDTH", config.width as i64),
        ("AXIS_IF_RX_DEST_WIDTH", super::DEST as i64),
        (
            "AXIL_APP_CTRL_ADDR_WIDTH",
            (address_bits(interfaces) as i64).max(16),
        ),
    ]
}
