//! The list of Corundum's parameters and ports, and the expressions in it.

use std::collections::HashSet;

use scr_hdl::shell::corundum::expression::{ExpressionError, evaluate, names};
use scr_hdl::shell::corundum::{Drive, GROUPS, PARAMETERS, Values, ports};

#[test]
fn what_is_passed_through_is_an_input_of_the_same_width() {
    for port in ports() {
        if let Some(Drive::Same(name)) = port.drive {
            let input = ports().find(|input| input.name == name);
            let input = input.unwrap_or_else(|| panic!("{name}"));
            assert_eq!(
                (input.drive, input.width),
                (None, port.width),
                "{}",
                port.name
            );
        }
    }
}

#[test]
fn names_are_taken_once() {
    let parameters = PARAMETERS.iter().map(|parameter| parameter.name);
    let names: Vec<_> = parameters.chain(ports().map(|port| port.name)).collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    assert_eq!((PARAMETERS.len(), ports().count()), (105, 336));
}

#[test]
fn groups_that_only_pass_drive_nothing_themselves() {
    for group in GROUPS.iter().filter(|g| g.treatment.starts_with("passed")) {
        for port in group.ports {
            assert!(
                matches!(port.drive, None | Some(Drive::Same(_))),
                "{}",
                port.name
            );
        }
    }
}

#[test]
fn every_port_has_a_width() {
    for chosen in [&[][..], Values::U250_100G] {
        let ports = Values::with(chosen).ports();
        assert!(ports.iter().all(|port| port.bits > 0));
    }
}

#[test]
fn defaults_follow_what_is_chosen() {
    let values = Values::with(Values::U250_100G);
    for (name, value) in [
        ("PORT_COUNT", 2),
        ("AXIS_IF_DATA_WIDTH", 512),
        ("AXIS_IF_RX_USER_WIDTH", 97),
        ("AXIS_IF_RX_ID_WIDTH", 1),
        ("RAM_SEG_ADDR_WIDTH", 10),
    ] {
        assert_eq!(values.of(name), value, "{name}");
    }
}

fn value(text: &str) -> Result<i64, ExpressionError> {
    evaluate(text, &|name| match name {
        "A" => Some(5),
        "ZERO" => Some(0),
        _ => None,
    })
}

#[test]
fn values_are_verilogs() {
    for (text, expected) in [
        ("1", 1),
        ("32'h12340001", 0x1234_0001),
        ("A*8", 40),
        ("(A/2)", 2),
        ("256*2/A", 102),
        ("A-$clog2(A*2)", 1),
        ("A*2**$clog2(A)", 40),
        ("A > 1 ? $clog2(A) : 1", 3),
        ("(ZERO ? A : 0) + 1", 1),
        ("$clog2(1)+4", 4),
        ("10 - 2 - 3", 5),
    ] {
        assert_eq!(value(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_has_no_value_is_told() {
    assert_eq!(value("B"), Err(ExpressionError::Unknown("B".to_owned())));
    assert_eq!(value("1/ZERO"), Err(ExpressionError::Range));
    for text in ["", "1 +", "(1", "1 2", "1 ? 2"] {
        assert!(
            matches!(value(text), Err(ExpressionError::Syntax(_))),
            "{text}"
        );
    }
}

#[test]
fn names_are_those_of_parameters() {
    let found: Vec<_> = names("A > 1 ? $clog2(B_2) : 32'h1").collect();
    assert_eq!(found, ["A", "B_2"]);
}
