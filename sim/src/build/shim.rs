//! The C++ shim that gives every model the same C interface, and the ports it is generated from.

use std::fmt::Write;

use scr_hdl::{Direction, Port};

use super::TraceFormat;

/// Version of the C interface. The loader rejects any other.
pub(crate) const ABI: u32 = 2;

/// Class name of the model's top.
pub(super) const PREFIX: &str = "Vmodel";

/// The part of the shim that is the same for every model.
const SHIM: &str = include_str!("shim.cpp");

/// Reads the ports from the class that Verilator generated, in its order.
///
/// Each is declared as `VL_IN8(&name,msb,lsb);`, with 8, 16, nothing (32), 64 or W (and a word count) behind the
/// direction.
pub(super) fn ports_of_header(header: &str) -> Vec<Port> {
    let mut ports = Vec::new();
    for line in header.lines().map(str::trim) {
        let (direction, rest) = if let Some(rest) = line.strip_prefix("VL_IN") {
            (Direction::Input, rest)
        } else if let Some(rest) = line.strip_prefix("VL_OUT") {
            (Direction::Output, rest)
        } else {
            continue;
        };
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == 'W');
        let Some(arguments) = rest.strip_prefix("(&").and_then(|r| r.split(')').next()) else {
            continue;
        };
        let mut arguments = arguments.split(',').map(str::trim);
        let (Some(name), Some(msb), Some(lsb)) = (
            arguments.next(),
            arguments.next().and_then(|n| n.parse::<usize>().ok()),
            arguments.next().and_then(|n| n.parse::<usize>().ok()),
        ) else {
            continue;
        };
        ports.push(Port {
            name: name.to_owned(),
            direction,
            bits: msb.abs_diff(lsb) + 1,
        });
    }
    ports
}

/// The member in which the model stores the clock of the previous evaluation, from its root class; `None` if this is
/// not unambiguous. Verilator's name for it varies: `__Vtrigrprev__TOP__clk`, `__Vtrigprevexpr___TOP__clk__0`.
pub(super) fn clock_before(root: &str) -> Option<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = root
        .split(|c| !is_word(c))
        .filter(|word| word.starts_with("__Vtrig") && word.contains("prev"));
    match (names.next(), names.next()) {
        (Some(name), None) if name.contains("_TOP__clk") => Some(name),
        _ => None,
    }
}

/// The shim for a model with these ports. With `clock_before`, a clock cycle is one evaluation.
pub(super) fn generate(
    ports: &[Port],
    trace: Option<TraceFormat>,
    clock_before: Option<&str>,
) -> String {
    let mut text = String::new();
    text.push_str(match trace {
        None => "",
        Some(TraceFormat::Fst) => "#define SCR_TRACE_FST 1\n",
        Some(TraceFormat::Vcd) => "#define SCR_TRACE_VCD 1\n",
        Some(TraceFormat::Coverage) => "#define SCR_COVERAGE 1\n",
    });
    if let Some(name) = clock_before {
        _ = writeln!(text, "#define SCR_CLOCK_BEFORE {name}");
    }
    _ = writeln!(text, "#define SCR_ABI {ABI}u");
    text.push_str("#define SCR_PORTS(PORT) \\\n");
    for port in ports {
        let output = u8::from(port.direction == Direction::Output);
        _ = writeln!(
            text,
            "    PORT({}, {}u, {output}u) \\",
            port.name, port.bits
        );
    }
    text.push('\n');
    text.push_str(SHIM);
    text
}

/// All parts of the shim that do not depend on the ports, for the cache key.
pub(super) fn template() -> &'static str {
    SHIM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_before_is_found_where_it_is_plain() {
        for name in ["__Vtrigrprev__TOP__clk", "__Vtrigprevexpr___TOP__clk__0"] {
            let root = format!("    CData/*0:0*/ {name};\n    VlTriggerVec<1> __VactTriggered;\n");
            assert_eq!(clock_before(&root), Some(name));
            assert_eq!(clock_before(&root.replace("clk", "rst")), None);
            assert_eq!(clock_before(&root.repeat(2)), None);
        }
        assert_eq!(clock_before("    CData/*0:0*/ clk;\n"), None);
    }

    #[test]
    fn ports_are_read_from_the_class() {
        let header = "
    VL_IN8(&clk,0,0);
    VL_OUT16(&tdest,8,0);
    VL_IN(&word,31,0);
    VL_OUT64(&keep,63,0);
    VL_INW(&tuser,96,0,4);
    void eval();";
        let read: Vec<_> = ports_of_header(header)
            .into_iter()
            .map(|p| (p.name, p.direction, p.bits))
            .collect();
        let expected = [
            ("clk", Direction::Input, 1),
            ("tdest", Direction::Output, 9),
            ("word", Direction::Input, 32),
            ("keep", Direction::Output, 64),
            ("tuser", Direction::Input, 97),
        ]
        .map(|(name, direction, bits)| (name.to_owned(), direction, bits));
        assert_eq!(read, expected);
    }
}
