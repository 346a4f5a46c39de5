//! Constraints of Corundum's application block.

use std::sync::OnceLock;

use scr_hdl::shell::corundum;
use scr_hdl::{CoreConfig, Emitted};
use scr_wire::profile;

use crate::{Ended, Folder, core, project};

const CONSTRAINTS: &str = "constraints/u250_corundum.xdc";

/// Where Corundum's design for the U250 has the block: instances of `fpga_au200.v`, `fpga_core.v`, `mqnic_core_pcie_us.v` and
/// `mqnic_core_pcie.v`, and the block in `mqnic_core.v`, read there at commit 1ca0151b.
const BLOCK: &str = "core_inst/core_inst/core_pcie_inst/core_inst/app.app_block_inst";

pub fn block() -> &'static Emitted {
    static BLOCK: OnceLock<Emitted> = OnceLock::new();
    BLOCK.get_or_init(|| {
        let config = CoreConfig::new(&profile::FLOW);
        corundum::emit(&config, 2, "scr_sequencer").expect("a valid configuration")
    })
}

fn read(folder: &Folder) -> Ended {
    let script = project().join("tests/vivado/read_constraints.tcl");
    let script = script.to_str().unwrap();
    let options = ["-inside", BLOCK];
    let arguments = ["-mode", "batch", "-source", script, "-tclargs"];
    let files = ["build/verilog", CONSTRAINTS];
    folder.vivado(&options, &[&arguments[..], &files[..]].concat())
}

#[test]
fn the_block_is_placed() {
    let ended = read(&Folder::new(block()));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
}

#[test]
fn what_is_not_there_is_found() {
    for (old, new, message) in [
        (
            "app.app_block_inst",
            "app_block_inst",
            "line 8: the design has no cell",
        ),
        (
            "app.app_block_inst",
            "app.app_block_inst/sequencer_2",
            "the design has no cell",
        ),
        (
            "[get_pblocks pblock_scr] [",
            "[get_pblocks pblock_slr1] [",
            "line 8: there is no pblock pblock_slr1",
        ),
        (
            "SLR1}",
            "SLR5}",
            "line 9: resize_pblock: the U250 has no SLR5",
        ),
        ("[get_cells ", "[get_ports ", "mqnic_app_block has no port"),
    ] {
        let folder = Folder::new(block());
        folder.replace(CONSTRAINTS, old, new);
        let ended = read(&folder);
        assert_eq!(ended.status, Some(1), "{new}: {ended:?}");
        assert!(ended.stderr.contains(message), "{new}: {ended:?}");
    }
    // What is inside can be named, too.
    let folder = Folder::new(block());
    folder.replace(
        CONSTRAINTS,
        BLOCK,
        &format!("{BLOCK}/sequencer_1/datapath/history/lane_3"),
    );
    assert_eq!(read(&folder).status, Some(0));
}

/// The emitted designs have one clock, so there are no crossings to constrain.
#[test]
fn there_is_one_clock() {
    for emitted in [core(), block()] {
        let mut clocked = 0;
        for (name, text) in &emitted.files {
            for edge in text
                .lines()
                .filter(|line| line.trim_start().starts_with("always @("))
            {
                assert_eq!(edge.trim(), "always @(posedge clk) begin", "{name}");
                clocked += 1;
            }
            let clocks = text
                .lines()
                .filter(|line| line.trim_start().starts_with(".clk("));
            for connection in clocks {
                assert_eq!(
                    connection.trim().trim_end_matches(','),
                    ".clk(clk)",
                    "{name}"
                );
            }
        }
        assert!(clocked > 10, "{}", emitted.top);
    }
}
