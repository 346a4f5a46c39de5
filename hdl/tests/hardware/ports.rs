//! The ports of the block are those of the one list, in what is emitted and in what is written about them.

use scr_hdl::core::SOURCES;
use scr_hdl::interface::{PORTS, PortSpec, ports};
use scr_hdl::verilog::docs;
use scr_hdl::{CoreConfig, emit};
use scr_wire::profile;

#[test]
fn the_block_has_the_ports_of_the_list() {
    for &width in CoreConfig::WIDTHS {
        let mut config = CoreConfig::new(&profile::FLOW);
        config.width = width;
        assert_eq!(emit(&config).unwrap().ports, ports(width));
    }
}

#[test]
fn fields_are_documented_as_the_list_says() {
    let docs = docs::read(SOURCES);
    let text = |block: &str, port: &PortSpec| {
        let field = docs[block].fields.get(port.name);
        field.map(|field| field.doc.join(" "))
    };
    for port in PORTS {
        let meaning = Some(port.meaning.to_owned());
        assert_eq!(text("Sequencer", port), meaning, "{}", port.name);
        let inside = text("Datapath", port);
        assert!(inside.is_none() || inside == meaning, "{}", port.name);
    }
}

#[test]
fn the_handbook_names_every_port() {
    let handbook = include_str!("../../../docs/sequencer.md");
    for port in PORTS.iter().filter(|port| port.name != "clk") {
        let name = format!("`{}`", port.name);
        assert!(handbook.contains(&name), "{name}");
    }
}
