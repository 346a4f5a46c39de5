//! The application block of Corundum has the parameters and ports that Corundum instantiates it by.

use std::collections::HashSet;

use scr_hdl::shell::corundum::requirements::requirements;
use scr_hdl::shell::corundum::{APP_ID, GROUPS, MAX_INTERFACES, PARAMETERS, Values, emit, ports};
use scr_hdl::{BuildError, CoreConfig, Direction, TopProblem};
use scr_wire::profile;

/// Facts taken from Corundum: kind, name, and the default of a parameter or the width of a port.
const FACTS: &str = include_str!("data/corundum_app_block.csv");

fn facts() -> Vec<Vec<String>> {
    let lines = FACTS.lines().skip(1);
    lines
        .map(|line| line.splitn(3, ',').map(str::to_owned).collect())
        .collect()
}

fn config() -> CoreConfig {
    CoreConfig::new(&profile::FLOW)
}

#[test]
fn the_lists_are_corundums() {
    let row = |kind: &str, name: &str, value: &str| [kind, name, value].map(str::to_owned).to_vec();
    let parameters = PARAMETERS
        .iter()
        .map(|p| row("parameter", p.name, p.default));
    let ports = ports().map(|port| {
        let direction = match port.direction() {
            Direction::Input => "input",
            Direction::Output => "output",
        };
        row(direction, port.name, port.width)
    });
    let listed: Vec<_> = parameters.chain(ports).collect();
    assert_eq!(listed, facts());
}

/// The parameters and ports of a module: what the facts say, read from Verilog.
fn header(text: &str) -> Vec<Vec<String>> {
    let (_, rest) = text.split_once("module mqnic_app_block #(\n").unwrap();
    let (header, _) = rest.split_once("\n);\n").unwrap();
    let lines = header.lines().map(|line| line.trim().trim_end_matches(','));
    let declared = lines.filter(|line| !line.starts_with("//") && *line != ") (");
    declared
        .map(|line| {
            if let Some(parameter) = line.strip_prefix("parameter ") {
                let (name, default) = parameter.split_once(" = ").unwrap();
                return ["parameter", name, default].map(str::to_owned).to_vec();
            }
            let (direction, rest) = line.split_once(' ').unwrap();
            let rest = rest.trim().strip_prefix("wire ").unwrap();
            let (width, name) = match rest.strip_prefix('[') {
                None => ("1".to_owned(), rest),
                Some(range) => {
                    let (high, name) = range.split_once(":0] ").unwrap();
                    let width = match (high.strip_suffix("-1"), high.parse::<usize>()) {
                        (_, Ok(high)) => (high + 1).to_string(),
                        (width, _) => width.unwrap().to_owned(),
                    };
                    (width, name)
                }
            };
            vec![direction.to_owned(), name.to_owned(), width]
        })
        .collect()
}

#[test]
fn the_emitted_block_has_exactly_these() {
    for interfaces in 1..=MAX_INTERFACES {
        let emitted = emit(&config(), interfaces, "scr_sequencer").unwrap();
        assert_eq!(emitted.files[0].0, "mqnic_app_block.v");
        let mut expected = facts();
        // An application's own id is what it is by default.
        let app_id = expected.iter_mut().find(|row| row[1] == "APP_ID").unwrap();
        app_id[2] = format!("32'h{APP_ID:08x}");
        assert_eq!(header(&emitted.files[0].1), expected);
    }
}

#[test]
fn every_output_is_driven_once() {
    let text = &emit(&config(), 2, "scr_sequencer").unwrap().files[0].1;
    for port in ports().filter(|port| port.drive.is_some()) {
        let assigned = text.matches(&format!("assign {} = ", port.name)).count();
        let connected = text.matches(&format!("({})", port.name)).count();
        assert_eq!(assigned + connected, 1, "{}", port.name);
    }
}

#[test]
fn the_manifest_names_block_and_sequencer() {
    let emitted = emit(&config(), 2, "scr_a").unwrap();
    let json = serde_json::to_value(&emitted.manifest).unwrap();
    assert_eq!(json["top"], "mqnic_app_block");
    assert_eq!(json["shell"], "corundum");
    assert_eq!(json["files"].as_array().unwrap().len(), emitted.files.len());
    let block = &json["corundum"];
    assert_eq!(block["app_id"], "32'h53435231");
    assert_eq!(block["interfaces"], 2);
    assert_eq!(block["sequencer"], "scr_a");
    assert_eq!(block["window_bytes"], 8192);
    assert_eq!(block["registers"][2]["name"], "TDEST");
    let names: HashSet<_> = emitted.files.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), emitted.files.len());
    let others = emitted.files[1..].iter();
    assert!(others.clone().all(|(name, _)| name.starts_with("scr_a")));
    // The sequencer is the one that is emitted by itself.
    let core = scr_hdl::emit::emit_as(&config(), "scr_a").unwrap();
    assert!(core.files.iter().all(|file| emitted.files.contains(file)));
}

#[test]
fn widths_of_ports_follow_the_sequencer() {
    for (width, interfaces) in [(128, 1), (512, 2), (1024, 8)] {
        let config = CoreConfig { width, ..config() };
        let emitted = emit(&config, interfaces, "scr_sequencer").unwrap();
        let bits = |name: &str| {
            let port = emitted.ports.iter().find(|port| port.name == name);
            port.unwrap().bits
        };
        assert_eq!(bits("s_axis_if_rx_tdata"), width * interfaces);
        assert_eq!(bits("m_axis_if_rx_tuser"), 97 * interfaces);
        assert_eq!(bits("m_axis_if_rx_tdest"), 9 * interfaces);
        assert_eq!(bits("s_axil_app_ctrl_awaddr"), 16);
    }
    let u250 = Values::with(Values::U250_100G).ports();
    assert_eq!(
        u250.iter().map(|p| &p.name).collect::<HashSet<_>>().len(),
        336
    );
}

#[test]
fn what_cannot_be_is_refused() {
    for interfaces in [0, MAX_INTERFACES + 1] {
        let refused = emit(&config(), interfaces, "scr_sequencer").unwrap_err();
        assert_eq!(refused, BuildError::Interfaces(interfaces));
    }
    for name in ["mqnic_app_block", "windows", "sequencer_1", "IF_COUNT"] {
        let refused = emit(&config(), 2, name).unwrap_err();
        let problem = TopProblem::Inside;
        let name = name.to_owned();
        assert_eq!(refused, BuildError::Top { name, problem });
    }
    assert!(emit(&config(), 1, "sequencer_1").is_ok());
}

/// A table of the handbook is what the code says.
fn is_current(name: &str, head: &str, rows: Vec<String>) {
    const PAGE: &str = include_str!("../../../docs/shells/corundum.md");
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (_, rest) = PAGE.split_once(&start).expect("the mark");
    let (found, _) = rest.split_once(&end).expect("the end");
    let rule = "|---".repeat(head.matches('|').count() - 1) + "|";
    let expected = [head.to_owned(), rule].into_iter().chain(rows);
    let expected: String = expected.map(|row| row + "\n").collect();
    assert_eq!(found, expected, "the table should be\n{expected}\n");
}

#[test]
fn the_handbook_says_what_becomes_of_each_port() {
    let head = "| ports | from … to | inputs | outputs | what becomes of them |";
    is_current(
        "groups",
        head,
        GROUPS.iter().map(ToString::to_string).collect(),
    );
}

#[test]
fn the_handbook_says_what_the_parameters_must_be() {
    let head = "| parameter | value | why |";
    let required = requirements(&config(), 2);
    let rows = required.iter().map(ToString::to_string);
    is_current("requirements", head, rows.collect());
}
