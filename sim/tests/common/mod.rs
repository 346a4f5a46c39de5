//! Small hand-made Verilog for tests of the machinery.
#![allow(dead_code)]

use std::fmt::Write;
use std::path::PathBuf;

use scr_hdl::{Direction, Port};
use scr_sim::build::{Design, ModelBuilder, Source};
use scr_sim::verilator::ModelLibrary;
use scr_wire::profile;
use scr_wire::registers::{self, Capabilities};

/// Every width at which the storage of a port changes its kind.
pub const WIDTHS: [usize; 11] = [1, 8, 9, 16, 17, 32, 33, 64, 65, 97, 512];

pub fn port(name: &str, direction: Direction, bits: usize) -> Port {
    Port {
        name: name.to_owned(),
        direction,
        bits,
    }
}

pub fn input(name: &str, bits: usize) -> Port {
    port(name, Direction::Input, bits)
}

pub fn output(name: &str, bits: usize) -> Port {
    port(name, Direction::Output, bits)
}

/// A design that owns its text.
pub struct Text {
    pub sources: Vec<Source>,
    pub top: &'static str,
    pub ports: Vec<Port>,
}

impl Text {
    pub fn design(&self) -> Design<'_> {
        Design {
            sources: &self.sources,
            top: self.top,
            ports: &self.ports,
        }
    }

    pub fn build(&self, builder: &ModelBuilder) -> ModelLibrary {
        builder.build(&self.design(), &mut |_| {}).unwrap()
    }
}

/// The ANSI header of a module with these ports.
fn header(top: &str, ports: &[Port]) -> String {
    let mut text = format!("module {top} (\n");
    for (i, port) in ports.iter().enumerate() {
        let direction = match port.direction {
            Direction::Input => "input",
            Direction::Output => "output",
        };
        let range = match port.bits {
            1 => String::new(),
            n => format!(" [{}:0]", n - 1),
        };
        let comma = if i + 1 == ports.len() { "" } else { "," };
        writeln!(text, "    {direction} wire{range} {}{comma}", port.name).unwrap();
    }
    text + ");\n"
}

/// Each input, inverted and one cycle late, on an output of the same width.
pub fn widths() -> Text {
    let mut ports = vec![input("clk", 1)];
    for bits in WIDTHS {
        ports.push(input(&format!("in_{bits}"), bits));
        ports.push(output(&format!("out_{bits}"), bits));
    }
    let mut text = header("widths", &ports);
    for bits in WIDTHS {
        let range = if bits == 1 {
            String::new()
        } else {
            format!(" [{}:0]", bits - 1)
        };
        write!(
            text,
            "    reg{range} value_{bits};\n    assign out_{bits} = value_{bits};\n    \
             always @(posedge clk) value_{bits} <= ~in_{bits};\n"
        )
        .unwrap();
    }
    text += "endmodule\n";
    Text {
        sources: vec![Source {
            name: "widths.v".into(),
            text,
        }],
        top: "widths",
        ports,
    }
}

/// How often the clock has risen and fallen.
pub fn edges() -> Text {
    let ports = vec![input("clk", 1), output("rises", 8), output("falls", 8)];
    let text = header("edges", &ports)
        + "    reg [7:0] up = 0, down = 0;\n    assign rises = up;\n    assign falls = down;\n    \
           always @(posedge clk) up <= up + 8'd1;\n    always @(negedge clk) down <= down + 8'd1;\n\
           endmodule\n";
    Text {
        sources: vec![Source {
            name: "edges.v".into(),
            text,
        }],
        top: "edges",
        ports,
    }
}

/// The stream ports of a sequencer with a 512-bit datapath.
pub fn stream_ports() -> Vec<Port> {
    vec![
        input("clk", 1),
        input("rst", 1),
        input("s_axis_tdata", 512),
        input("s_axis_tkeep", 64),
        input("s_axis_tvalid", 1),
        output("s_axis_tready", 1),
        input("s_axis_tlast", 1),
        input("s_axis_tuser", 97),
        input("s_axis_tid", 8),
        output("m_axis_tdata", 512),
        output("m_axis_tkeep", 64),
        output("m_axis_tvalid", 1),
        input("m_axis_tready", 1),
        output("m_axis_tlast", 1),
        output("m_axis_tuser", 97),
        output("m_axis_tid", 8),
        output("m_axis_tdest", 9),
        input("s_axil_awaddr", 12),
        input("s_axil_awprot", 3),
        input("s_axil_awvalid", 1),
        output("s_axil_awready", 1),
        input("s_axil_wdata", 32),
        input("s_axil_wstrb", 4),
        input("s_axil_wvalid", 1),
        output("s_axil_wready", 1),
        output("s_axil_bresp", 2),
        output("s_axil_bvalid", 1),
        input("s_axil_bready", 1),
        input("s_axil_araddr", 12),
        input("s_axil_arprot", 3),
        input("s_axil_arvalid", 1),
        output("s_axil_arready", 1),
        output("s_axil_rdata", 32),
        output("s_axil_rresp", 2),
        output("s_axil_rvalid", 1),
        input("s_axil_rready", 1),
    ]
}

/// The register map as macros of Verilog, for a sequencer of flow rows with 16 cores.
fn register_macros() -> String {
    let mut text = String::new();
    for register in [
        registers::ID,
        registers::VERSION,
        registers::CAPABILITIES,
        registers::CONTROL,
        registers::CORES,
        registers::PREFIX_WORDS,
        registers::DEFAULT_QUEUE,
        registers::STATUS,
    ] {
        writeln!(
            text,
            "`define {} 12'h{:03x}",
            register.name, register.offset
        )
        .unwrap();
    }
    // The part of the offset that all its registers have.
    writeln!(
        text,
        "`define STEERING 6'd{}",
        registers::STEERING.offset >> 6
    )
    .unwrap();
    let capabilities = Capabilities::new(&profile::FLOW, 16, 16).to_word();
    for (name, value) in [
        ("ID_VALUE", registers::ID_VALUE),
        ("VERSION_VALUE", registers::VERSION_VALUE),
        ("CAPABILITIES_VALUE", capabilities),
    ] {
        writeln!(text, "`define {name} 32'h{value:08x}").unwrap();
    }
    text
}

/// A register slice: every frame passes by, one cycle late, to the default queue. `buggy` loses the
/// payload's stability when the sink stalls.
pub fn register_slice(buggy: bool) -> Text {
    let ports = stream_ports();
    let mut text = register_macros() + &header("register_slice", &ports);
    text += if buggy {
        "    wire enable = 1'b1;\n"
    } else {
        "    wire enable = m_axis_tready || !valid;\n"
    };
    text += "
    // Two entries, so that ready is a register.
    reg [511:0] data, skid_data;
    reg [63:0] keep, skid_keep;
    reg last, skid_last;
    reg [96:0] user, skid_user;
    reg [7:0] id, skid_id;
    reg valid, skid_valid;
    assign s_axis_tready = !skid_valid;
    assign m_axis_tdata = data;
    assign m_axis_tkeep = keep;
    assign m_axis_tvalid = valid;
    assign m_axis_tlast = last;
    assign m_axis_tuser = user;
    assign m_axis_tid = id;
    assign m_axis_tdest = default_queue;

    // Registers: those of the settings, with queues up to 511, and those that a driver looks at.
    reg [8:0] default_queue;
    reg [1:0] control;
    reg [7:0] cores, prefix_words;
    reg [8:0] steering [0:15];
    reg answered_write, answered_read, refused, sticky;
    reg [31:0] value;
    integer core;
    wire writes = s_axil_awvalid && s_axil_wvalid && !answered_write;
    wire reads = s_axil_arvalid && !answered_read;
    wire to_queue = s_axil_awaddr == `DEFAULT_QUEUE || s_axil_awaddr[11:6] == `STEERING;
    wire refuses = to_queue && s_axil_wdata > 511;
    assign s_axil_awready = !answered_write;
    assign s_axil_wready = !answered_write;
    assign s_axil_bvalid = answered_write;
    assign s_axil_bresp = {refused, 1'b0};
    assign s_axil_arready = !answered_read;
    assign s_axil_rvalid = answered_read;
    assign s_axil_rresp = 0;
    assign s_axil_rdata = value;
    always @(posedge clk) begin
        if (writes) begin
            answered_write <= 1;
            refused <= refuses;
            if (refuses)
                sticky <= 1;
            else if (s_axil_awaddr == `CONTROL)
                control <= s_axil_wdata[1:0];
            else if (s_axil_awaddr == `CORES)
                cores <= s_axil_wdata[7:0];
            else if (s_axil_awaddr == `PREFIX_WORDS)
                prefix_words <= s_axil_wdata[7:0];
            else if (s_axil_awaddr == `DEFAULT_QUEUE)
                default_queue <= s_axil_wdata[8:0];
            else if (s_axil_awaddr == `STATUS)
                sticky <= sticky && !s_axil_wdata[0];
            else if (s_axil_awaddr[11:6] == `STEERING)
                steering[s_axil_awaddr[5:2]] <= s_axil_wdata[8:0];
        end else if (s_axil_bready)
            answered_write <= 0;
        if (reads) begin
            answered_read <= 1;
            case (s_axil_araddr)
                `ID: value <= `ID_VALUE;
                `VERSION: value <= `VERSION_VALUE;
                `CAPABILITIES: value <= `CAPABILITIES_VALUE;
                `CONTROL: value <= {30'd0, control};
                `CORES: value <= {24'd0, cores};
                `PREFIX_WORDS: value <= {24'd0, prefix_words};
                `DEFAULT_QUEUE: value <= {23'd0, default_queue};
                `STATUS: value <= {31'd0, sticky};
                default: value <= {23'd0, steering[s_axil_araddr[5:2]]};
            endcase
        end else if (s_axil_rready)
            answered_read <= 0;
        if (rst) begin
            answered_write <= 0;
            answered_read <= 0;
            sticky <= 0;
            control <= 1;
            cores <= 1;
            prefix_words <= 1;
            default_queue <= 0;
            for (core = 0; core < 16; core = core + 1)
                steering[core] <= core[8:0];
        end
    end
    // What stands on a frame's first beat holds for all of it.
    reg is_open;
    reg [96:0] first_user;
    reg [7:0] first_id;
    // The timestamp of the first beat, the flag of each.
    wire [96:0] frame_user = is_open ? {first_user[96:1], s_axis_tuser[0]} : s_axis_tuser;
    wire [7:0] frame_id = is_open ? first_id : s_axis_tid;
    always @(posedge clk) begin
        if (s_axis_tready && s_axis_tvalid) begin
            is_open <= !s_axis_tlast;
            first_user <= frame_user;
            first_id <= frame_id;
        end
        if (rst) is_open <= 0;
    end
    always @(posedge clk) begin
        if (enable) begin
            valid <= skid_valid || s_axis_tvalid;
            data <= skid_valid ? skid_data : s_axis_tdata;
            keep <= skid_valid ? skid_keep : s_axis_tkeep;
            last <= skid_valid ? skid_last : s_axis_tlast;
            user <= skid_valid ? skid_user : frame_user;
            id <= skid_valid ? skid_id : frame_id;
            skid_valid <= 0;
        end else if (s_axis_tready && s_axis_tvalid) begin
            skid_valid <= 1;
            skid_data <= s_axis_tdata;
            skid_keep <= s_axis_tkeep;
            skid_last <= s_axis_tlast;
            skid_user <= frame_user;
            skid_id <= frame_id;
        end
        if (rst) begin
            valid <= 0;
            skid_valid <= 0;
        end
    end
endmodule
";
    Text {
        sources: vec![Source {
            name: "register_slice.v".into(),
            text,
        }],
        top: "register_slice",
        ports,
    }
}

/// A cache that all tests of one build of this crate share, so that each model is built once.
pub fn shared_builder() -> ModelBuilder {
    ModelBuilder::new().cache_dir(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("models"))
}
