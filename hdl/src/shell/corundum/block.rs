//! The block as Verilog: ports and parameters from the lists, wires as they say, and around the sequencers what fits them in.
//!
//! It is written as text and not in rust-hdl, which has no parameters in the widths of ports. There is nothing in it but wires: what
//! has a state, or decides, is a block of its own.

use std::fmt::Write as _;

use scr_wire::registers::ADDRESS_BITS;

use super::expression::names;
use super::requirements::{address_bits, requirements};
use super::{APP_ID, BlockPort, DEST, Drive, GROUPS, Group, MODULE, PARAMETERS, ports};
use crate::CoreConfig;
use crate::core::{ID, USER};
use crate::port::Direction;

/// Names of the modules that the block is made of.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// The sequencer.
    pub sequencer: String,
    /// The registers of all sequencers.
    pub register_windows: String,
    /// What `tdest` says.
    pub queue_select: String,
}

/// A stream's signals at the receive hook as far as they pass through the sequencer, and the range of them where all interfaces are
/// side by side.
fn streams(config: &CoreConfig, interfaces: usize) -> [(&'static str, String); 5] {
    let fixed = |bits: usize| format!("[{}:0]", interfaces * bits - 1);
    [
        ("tdata", fixed(config.width)),
        ("tkeep", fixed(config.width / 8)),
        ("tlast", fixed(1)),
        ("tid", format!("[{interfaces}*AXIS_IF_RX_ID_WIDTH-1:0]")),
        ("tuser", fixed(USER)),
    ]
}

/// The text of the block.
pub(super) fn write(
    config: &CoreConfig,
    interfaces: usize,
    parts: &Parts,
    banner: &[String],
) -> String {
    let mut out = String::new();
    for line in banner {
        let _ = writeln!(out, "// {line}");
    }
    let _ = write!(
        out,
        "
`default_nettype none

// The application block of Corundum with an SCR sequencer on the receive path of each interface.
//
// The sequencers sit at the receive hook of the interfaces. Their registers have a window each, one behind the other. Whatever else
// there is passes through or is tied off, as is said beside the ports. The parameters are set by Corundum; the values that
// this block was made for are checked at elaboration.
module {MODULE} #(
"
    );
    header(&mut out);
    checks(&mut out, config, interfaces);
    hook(&mut out, config, interfaces);
    register_bus(&mut out, interfaces, parts);
    for interface in 0..interfaces {
        path(&mut out, config, interface, parts);
    }
    passed_and_tied(&mut out);
    unused(&mut out, config, interfaces);
    out += "\nendmodule\n\n`default_nettype wire\n";
    out
}

/// Parameters and ports.
fn header(out: &mut String) {
    let parameters = PARAMETERS.iter().map(|parameter| {
        let default = match parameter.name {
            "APP_ID" => format!("32'h{APP_ID:08x}"),
            _ => parameter.default.to_owned(),
        };
        format!("    parameter {} = {default}", parameter.name)
    });
    *out += &parameters.collect::<Vec<_>>().join(",\n");
    *out += "\n) (\n";
    let last = ports().last().map_or("", |port| port.name);
    for group in GROUPS {
        let _ = writeln!(out, "    // {}", sentence(group));
        for port in group.ports {
            let direction = match port.direction() {
                Direction::Input => "input  wire",
                Direction::Output => "output wire",
            };
            let comma = if port.name == last { "" } else { "," };
            let _ = writeln!(out, "    {direction} {}{}{comma}", range(port), port.name);
        }
    }
    *out += ");\n";
}

/// What a group is, and what becomes of it.
fn sentence(group: &Group) -> String {
    format!("{}. {}.", capital(group.name), capital(group.treatment))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).collect()
}

/// The range of a port, if it has more than one bit by its nature.
fn range(port: &BlockPort) -> String {
    match port.width.parse::<usize>() {
        Ok(1) => String::new(),
        Ok(bits) => format!("[{}:0] ", bits - 1),
        Err(_) => format!("[{}-1:0] ", port.width),
    }
}

/// The parameters' values, checked as Corundum checks them.
fn checks(out: &mut String, config: &CoreConfig, interfaces: usize) {
    *out += "\n// The values that this block was made for. To yosys an $error is an error, whether or not it is reached.\n`ifndef YOSYS\ninitial begin\n";
    for requirement in requirements(config, interfaces) {
        let (parameter, literal) = (requirement.parameter, requirement.literal());
        let shown = if parameter == "APP_ID" {
            "32'h%08x"
        } else {
            "%0d"
        };
        let relation = match requirement.relation {
            "==" => String::new(),
            relation => format!("{relation} "),
        };
        let _ = write!(
            out,
            "    if (!({parameter} {} {literal})) begin
        $error(\"{parameter} is {shown} but must be {relation}{literal}: {} (instance %m)\", {parameter});
        $finish;
    end
",
            requirement.relation, requirement.why
        );
    }
    *out += "end\n`endif\n";
}

/// The wires of the receive hook, of the widths that the sequencers have.
fn hook(out: &mut String, config: &CoreConfig, interfaces: usize) {
    *out += "
// The receive streams, all interfaces side by side. Widths differ only where a parameter is not what it must be, of which the
// message is the one above.
/* verilator lint_off WIDTH */
";
    for (signal, range) in streams(config, interfaces) {
        let _ = write!(
            out,
            "wire {range} in_{signal} = s_axis_if_rx_{signal};
wire {range} out_{signal};
assign m_axis_if_rx_{signal} = out_{signal};
"
        );
    }
    let each = format!("wire [{}:0]", interfaces - 1);
    let _ = write!(
        out,
        "wire [{}:0] out_tdest;
assign m_axis_if_rx_tdest = out_tdest;
{each} in_tvalid = s_axis_if_rx_tvalid;
{each} in_tready;
assign s_axis_if_rx_tready = in_tready;
{each} out_tvalid;
assign m_axis_if_rx_tvalid = out_tvalid;
{each} out_tready = m_axis_if_rx_tready;
/* verilator lint_on WIDTH */
",
        interfaces * DEST - 1
    );
}

/// The windows of the sequencers' registers.
fn register_bus(out: &mut String, interfaces: usize, parts: &Parts) {
    let addresses = ADDRESS_BITS - 1;
    let _ = write!(
        out,
        "
// Registers: {} bits of address, of which a window has {}.
wire [AXIL_APP_CTRL_ADDR_WIDTH+31:0] wide_awaddr = {{32'd0, s_axil_app_ctrl_awaddr}};
wire [AXIL_APP_CTRL_ADDR_WIDTH+31:0] wide_araddr = {{32'd0, s_axil_app_ctrl_araddr}};
wire [{addresses}:0] register_awaddr;
wire [31:0] register_wdata;
wire [3:0] register_wstrb;
wire [{addresses}:0] register_araddr;
",
        address_bits(interfaces),
        address_bits(1)
    );
    for interface in 0..interfaces {
        for (_, range, name) in window_ports() {
            let _ = writeln!(out, "wire {range}{name}_{interface};");
        }
    }
    let _ = write!(
        out,
        "{} windows (
    .clk(clk),
    .rst(rst),
    .s_axil_awaddr(wide_awaddr[31:0]),
    .s_axil_awvalid(s_axil_app_ctrl_awvalid),
    .s_axil_awready(s_axil_app_ctrl_awready),
    .s_axil_wdata(s_axil_app_ctrl_wdata),
    .s_axil_wstrb(s_axil_app_ctrl_wstrb),
    .s_axil_wvalid(s_axil_app_ctrl_wvalid),
    .s_axil_wready(s_axil_app_ctrl_wready),
    .s_axil_bresp(s_axil_app_ctrl_bresp),
    .s_axil_bvalid(s_axil_app_ctrl_bvalid),
    .s_axil_bready(s_axil_app_ctrl_bready),
    .s_axil_araddr(wide_araddr[31:0]),
    .s_axil_arvalid(s_axil_app_ctrl_arvalid),
    .s_axil_arready(s_axil_app_ctrl_arready),
    .s_axil_rdata(s_axil_app_ctrl_rdata),
    .s_axil_rresp(s_axil_app_ctrl_rresp),
    .s_axil_rvalid(s_axil_app_ctrl_rvalid),
    .s_axil_rready(s_axil_app_ctrl_rready),
    .m_awaddr(register_awaddr),
    .m_wdata(register_wdata),
    .m_wstrb(register_wstrb),
    .m_araddr(register_araddr)",
        parts.register_windows
    );
    for (port, _, name) in window_ports() {
        for interface in 0..interfaces {
            let _ = write!(out, ",\n    .{port}_{interface}({name}_{interface})");
        }
    }
    *out += "\n);\n";
}

/// The signals that each window has of its own: the port of the windows, its range, the wire.
fn window_ports() -> [(&'static str, &'static str, &'static str); 14] {
    [
        ("m_awvalid", "", "awvalid"),
        ("m_awready", "", "awready"),
        ("m_wvalid", "", "wvalid"),
        ("m_wready", "", "wready"),
        ("m_bresp", "[1:0] ", "bresp"),
        ("m_bvalid", "", "bvalid"),
        ("m_bready", "", "bready"),
        ("m_arvalid", "", "arvalid"),
        ("m_arready", "", "arready"),
        ("m_rdata", "[31:0] ", "rdata"),
        ("m_rresp", "[1:0] ", "rresp"),
        ("m_rvalid", "", "rvalid"),
        ("m_rready", "", "rready"),
        ("indirect", "", "indirect"),
    ]
}

/// The receive path of an interface.
fn path(out: &mut String, config: &CoreConfig, interface: usize, parts: &Parts) {
    let i = interface;
    let slice = |bits: usize| match bits {
        1 => format!("[{i}]"),
        _ => format!("[{}:{}]", (i + 1) * bits - 1, i * bits),
    };
    let (data, keep) = (slice(config.width), slice(config.width / 8));
    let (bit, user, dest) = (slice(1), slice(USER), slice(DEST));
    let ids = format!("[{i}*AXIS_IF_RX_ID_WIDTH +: AXIS_IF_RX_ID_WIDTH]");
    let _ = write!(
        out,
        "
// Interface {i}. The sequencer has {ID} bits of tid, more than a port's number needs.
wire [AXIS_IF_RX_ID_WIDTH+{top}:0] wide_in_id_{i} = {{{ID}'d0, in_tid{ids}}};
wire [{top}:0] id_{i};
wire [AXIS_IF_RX_ID_WIDTH+{top}:0] wide_out_id_{i} = {{{{AXIS_IF_RX_ID_WIDTH{{1'b0}}}}, id_{i}}};
assign out_tid{ids} = wide_out_id_{i}[AXIS_IF_RX_ID_WIDTH-1:0];
wire [{dest_top}:0] queue_{i};
{sequencer} sequencer_{i} (
    .clk(clk),
    .rst(rst),
    .s_axis_tdata(in_tdata{data}),
    .s_axis_tkeep(in_tkeep{keep}),
    .s_axis_tvalid(in_tvalid{bit}),
    .s_axis_tready(in_tready{bit}),
    .s_axis_tlast(in_tlast{bit}),
    .s_axis_tuser(in_tuser{user}),
    .s_axis_tid(wide_in_id_{i}[{top}:0]),
    .m_axis_tdata(out_tdata{data}),
    .m_axis_tkeep(out_tkeep{keep}),
    .m_axis_tvalid(out_tvalid{bit}),
    .m_axis_tready(out_tready{bit}),
    .m_axis_tlast(out_tlast{bit}),
    .m_axis_tuser(out_tuser{user}),
    .m_axis_tid(id_{i}),
    .m_axis_tdest(queue_{i}),
    .s_axil_awaddr(register_awaddr),
    .s_axil_awprot(3'd0),
    .s_axil_awvalid(awvalid_{i}),
    .s_axil_awready(awready_{i}),
    .s_axil_wdata(register_wdata),
    .s_axil_wstrb(register_wstrb),
    .s_axil_wvalid(wvalid_{i}),
    .s_axil_wready(wready_{i}),
    .s_axil_bresp(bresp_{i}),
    .s_axil_bvalid(bvalid_{i}),
    .s_axil_bready(bready_{i}),
    .s_axil_araddr(register_araddr),
    .s_axil_arprot(3'd0),
    .s_axil_arvalid(arvalid_{i}),
    .s_axil_arready(arready_{i}),
    .s_axil_rdata(rdata_{i}),
    .s_axil_rresp(rresp_{i}),
    .s_axil_rvalid(rvalid_{i}),
    .s_axil_rready(rready_{i})
);
{queue_select} queue_select_{i} (
    .clk(clk),
    .rst(rst),
    .indirect(indirect_{i}),
    .tvalid(out_tvalid{bit}),
    .tready(out_tready{bit}),
    .tlast(out_tlast{bit}),
    .queue(queue_{i}),
    .tdest(out_tdest{dest})
);
",
        top = ID - 1,
        dest_top = DEST - 1,
        sequencer = parts.sequencer,
        queue_select = parts.queue_select,
    );
}

/// The outputs that the sequencers do not drive.
fn passed_and_tied(out: &mut String) {
    for group in GROUPS {
        let mut driven = group.ports.iter().filter_map(|port| {
            let filled = |bit: &str| match port.width {
                "1" => format!("1'b{bit}"),
                bits => format!("{{{bits}{{1'b{bit}}}}}"),
            };
            let value = match port.drive? {
                Drive::Low => filled("0"),
                Drive::High => filled("1"),
                Drive::Same(input) => input.to_owned(),
                Drive::Logic => return None,
            };
            Some(format!("assign {} = {value};\n", port.name))
        });
        if let Some(first) = driven.next() {
            let _ = write!(out, "\n// {}\n{first}", sentence(group));
            out.extend(driven);
        }
    }
}

/// Names for what nothing reads.
fn unused(out: &mut String, config: &CoreConfig, interfaces: usize) {
    let passed = |input: &'static str| ports().any(|port| port.drive == Some(Drive::Same(input)));
    let is_read = |port: &&BlockPort| {
        let name = port.name;
        let at_registers = name.starts_with("s_axil_app_ctrl_") && !name.ends_with("prot");
        let at_hook = name.starts_with("s_axis_if_rx_") && !name.ends_with("tdest");
        ["clk", "rst", "m_axis_if_rx_tready"].contains(&name)
            || at_registers
            || at_hook
            || passed(name)
    };
    let inputs = ports().filter(|port| port.drive.is_none());
    let mut bits: Vec<String> = inputs
        .filter(|port| !is_read(port))
        .map(|port| port.name.to_owned())
        .collect();
    let wide =
        |wire: &str, low: usize, parameter: &str| format!("{wire}[{parameter}+{}:{low}]", low - 1);
    bits.push(wide("wide_awaddr", 32, "AXIL_APP_CTRL_ADDR_WIDTH"));
    bits.push(wide("wide_araddr", 32, "AXIL_APP_CTRL_ADDR_WIDTH"));
    for i in 0..interfaces {
        bits.push(wide(&format!("wide_in_id_{i}"), ID, "AXIS_IF_RX_ID_WIDTH"));
        bits.push(format!(
            "wide_out_id_{i}[AXIS_IF_RX_ID_WIDTH+{}:AXIS_IF_RX_ID_WIDTH]",
            ID - 1
        ));
    }
    let _ = write!(
        out,
        "\n// Bits that nothing reads.\nwire unused = &{{\n    1'd0,\n    {}\n}};\n",
        bits.join(",\n    ")
    );
    let widths = ports().flat_map(|port| names(port.width));
    let defaults = PARAMETERS.iter().flat_map(|p| names(p.default));
    let mut read: Vec<&str> = widths.chain(defaults).collect();
    let required = requirements(config, interfaces);
    read.extend(required.iter().map(|requirement| requirement.parameter));
    let silent = PARAMETERS.iter().map(|parameter| parameter.name);
    let silent: Vec<&str> = silent.filter(|name| !read.contains(name)).collect();
    let _ = write!(
        out,
        "\n// Parameters that say nothing to this block.\nlocalparam unused_parameters =\n    {};\n",
        silent.join(" +\n    ")
    );
}
