//! The Verilog under Icarus, as every standard that Icarus reads it by: they differ in what happens first at time 0. Four-valued, so
//! nothing may be left unknown.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use scr_hdl::{CoreConfig, Emitted, emit};
use scr_sim::stream::User;
use scr_wire::registers::PACKETS_IN;
use scr_wire::sequencer::{Config, Disposition, Sequencer};
use scr_wire::{Geometry, MAX_PREFIX_BYTES, Profile, Timestamp, profile};

/// What Icarus is told to read the Verilog as.
const STANDARDS: [&[&str]; 6] = [
    &[],
    &["-g2001"],
    &["-g2005"],
    &["-g2005-sv"],
    &["-g2009"],
    &["-g2012"],
];

/// How the bench's reset goes: held for some cycles, or tied low, so that power-up values alone count.
const RESETS: [&str; 2] = ["rst", "1'b0"];

const TIME: Timestamp = Timestamp {
    seconds: 0x6542_1037,
    nanos: 123_456_789,
};

/// UDP, TCP behind two tags, and a frame that is passed by.
fn packets() -> Vec<Vec<u8>> {
    let ipv4 = |tags: &[u16], protocol: u8, length: usize| {
        let mut frame: Vec<u8> = (0..12).collect();
        for tag in tags {
            frame.extend(tag.to_be_bytes());
            frame.extend([0, 7]);
        }
        let header = [8, 0, 0x45, 0, 0, 46, 0, 1, 0, 0, 64, protocol, 0, 0];
        frame.extend(header);
        frame.extend([10, 0, 0, 1, 192, 168, 0, 2]);
        frame.extend((frame.len() as u8..).take(length - frame.len()));
        frame
    };
    let mut arp = ipv4(&[], 0, 60);
    arp[12..14].copy_from_slice(&[8, 6]);
    vec![
        ipv4(&[], 17, 60),
        ipv4(&[0x9100, 0x8100], 6, 145),
        arp,
        ipv4(&[0x9200], 17, 77),
    ]
}

/// The frames that the sequencer makes of the packets with its settings after power-up.
fn expected(config: &CoreConfig) -> Vec<Vec<u8>> {
    let words = Geometry::fewest_words(&config.profile, 1).unwrap();
    let words_per_beat = (config.width / 512).max(1) as u8;
    let words = words.prefix_words().next_multiple_of(words_per_beat);
    let settings = Config::new(1, words);
    let golden = Sequencer::new(&config.profile, config.history, settings);
    let mut golden = Box::new(golden.unwrap());
    let mut prefix = [0; MAX_PREFIX_BYTES];
    let frames = packets().into_iter().map(|packet| {
        let length = match golden.sequence(&packet, TIME, &mut prefix) {
            Disposition::Sequenced { prefix_bytes, .. } => prefix_bytes,
            Disposition::PassedBy => 0,
        };
        [&prefix[..length], &packet[..]].concat()
    });
    frames.collect()
}

/// A bench that offers the packets, prints every beat that comes out, and reads the counter of packets. What it does not drive is
/// tied to constants.
fn bench(config: &CoreConfig, reset: &str) -> String {
    let (width, bytes) = (config.width, config.width / 8);
    let mut beats = String::new();
    let mut count = 0;
    for packet in packets() {
        let mut chunks = packet.chunks(bytes).peekable();
        while let Some(chunk) = chunks.next() {
            let hex: String = chunk.iter().rev().map(|b| format!("{b:02x}")).collect();
            let keep = u128::MAX >> (128 - chunk.len());
            let last = u8::from(chunks.peek().is_none());
            let _ = writeln!(
                beats,
                "    data[{count}] = {width}'h{hex}; keep[{count}] = {bytes}'h{keep:x}; last[{count}] = 1'b{last};"
            );
            count += 1;
        }
    }
    format!(
        "`timescale 1ns/1ps
module bench;
reg clk, rst, tvalid, arvalid;
reg [{width}-1:0] data [0:{count}-1];
reg [{bytes}-1:0] keep [0:{count}-1];
reg last [0:{count}-1];
integer i;
wire tready, out_valid, out_last, arready, rvalid;
wire [{width}-1:0] out_data;
wire [{bytes}-1:0] out_keep;
wire [96:0] out_user;
wire [7:0] out_id;
wire [8:0] out_dest;
wire [31:0] rdata;
wire [1:0] rresp;
scr_sequencer dut (
    .clk(clk), .rst({reset}),
    .s_axis_tdata(data[i]), .s_axis_tkeep(keep[i]), .s_axis_tvalid(tvalid), .s_axis_tready(tready),
    .s_axis_tlast(last[i]), .s_axis_tuser(97'h{user:x}), .s_axis_tid(8'd5),
    .m_axis_tdata(out_data), .m_axis_tkeep(out_keep), .m_axis_tvalid(out_valid), .m_axis_tready(1'b1),
    .m_axis_tlast(out_last), .m_axis_tuser(out_user), .m_axis_tid(out_id), .m_axis_tdest(out_dest),
    .s_axil_awaddr(12'd0), .s_axil_awprot(3'd0), .s_axil_awvalid(1'b0), .s_axil_wdata(32'd0), .s_axil_wstrb(4'd0),
    .s_axil_wvalid(1'b0), .s_axil_bready(1'b1), .s_axil_araddr(12'd{counter}), .s_axil_arprot(3'd0),
    .s_axil_arvalid(arvalid), .s_axil_arready(arready), .s_axil_rready(1'b1), .s_axil_rvalid(rvalid),
    .s_axil_rdata(rdata), .s_axil_rresp(rresp)
);
always @(posedge clk) begin
    if (out_valid !== 1'b0) $display(\"beat %b %h %h %b %h %h %h\", out_valid, out_data, out_keep, out_last, out_user, out_id, out_dest);
    if (rvalid !== 1'b0) $display(\"read %b %h %h\", rvalid, rresp, rdata);
end
initial begin
    clk = 0;
    forever #2 clk = ~clk;
end
initial begin
{beats}
    i = 0;
    rst = 1;
    tvalid = 0;
    arvalid = 0;
    repeat (5) @(negedge clk);
    rst = 0;
    repeat (60) @(negedge clk);
    while (i < {count}) begin
        tvalid = 1;
        while (tready !== 1'b1) @(negedge clk);
        @(negedge clk);
        i = i + 1;
    end
    tvalid = 0;
    i = 0;
    repeat (300) @(negedge clk);
    arvalid = 1;
    while (arready !== 1'b1) @(negedge clk);
    @(negedge clk);
    arvalid = 0;
    repeat (20) @(negedge clk);
    $finish;
end
initial #20000 $finish;
endmodule
",
        user = User::new(TIME, false).0,
        counter = PACKETS_IN.offset,
    )
}

/// What the bench prints.
fn simulate(folder: &Path, emitted: &Emitted, standard: &[&str]) -> String {
    let mut compile = Command::new("iverilog");
    compile
        .current_dir(folder)
        .args(standard)
        .args([
            "-Wall",
            "-Wno-timescale",
            "-o",
            "bench.vvp",
            "-s",
            "bench",
            "bench.v",
        ])
        .args(emitted.files.iter().map(|(name, _)| name));
    let output = compile.output().expect("iverilog runs: scripts/setup");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{standard:?}: {words}");
    let run = Command::new("vvp")
        .current_dir(folder)
        .args(["-n", "bench.vvp"])
        .output()
        .expect("vvp runs: scripts/setup");
    String::from_utf8_lossy(&run.stdout).into_owned()
}

/// The frames in what the bench printed, as hexadecimal digits, and each beat's tuser, tid and tdest.
fn frames(printed: &str) -> (Vec<String>, Vec<[&str; 3]>) {
    let (mut frames, mut beside) = (Vec::new(), Vec::new());
    let mut frame = String::new();
    for line in printed.lines().filter(|l| l.starts_with("beat ")) {
        let [_, valid, data, keep, last, user, id, dest] = line.split(' ').collect::<Vec<_>>()[..]
        else {
            panic!("{line}");
        };
        assert_eq!(valid, "1", "tvalid: {line}");
        let kept = u128::from_str_radix(keep, 16)
            .expect("a known tkeep")
            .count_ones() as usize;
        let bytes = (0..kept).map(|i| &data[data.len() - 2 * i - 2..data.len() - 2 * i]);
        frame.extend(bytes);
        beside.push([user, id, dest]);
        if last == "1" {
            frames.push(std::mem::take(&mut frame));
        }
    }
    (frames, beside)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn frames_and_counters_are_right_by_every_standard() {
    let configurations: [(&Profile, usize); 6] = [
        (&profile::FLOW, 128),
        (&profile::FLOW6_TIME, 128),
        (&profile::KNOCK, 256),
        (&profile::FLOW, 512),
        (&profile::SOURCE, 512),
        (&profile::FLOW_TIME, 1024),
    ];
    for (profile, width) in configurations {
        let config = CoreConfig {
            width,
            history: 16,
            ..CoreConfig::new(profile)
        };
        let emitted = emit(&config).unwrap();
        let expected: Vec<String> = expected(&config).iter().map(|f| hex(f)).collect();
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in &emitted.files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        for reset in RESETS {
            fs::write(folder.path().join("bench.v"), bench(&config, reset)).unwrap();
            for standard in STANDARDS {
                let what = format!(
                    "{}, {width} bits, {standard:?}, rst = {reset}",
                    profile.name()
                );
                let printed = simulate(folder.path(), &emitted, standard);
                let (frames, beside) = frames(&printed);
                assert_eq!(frames, expected, "{what}");
                let user = format!("{:025x}", User::new(TIME, false).0);
                for found in beside {
                    assert_eq!(
                        found,
                        [user.as_str(), "05", "000"],
                        "{what}: tuser, tid, tdest"
                    );
                }
                let read = printed.lines().find(|l| l.starts_with("read "));
                let count = format!("read 1 0 {:08x}", packets().len());
                assert_eq!(read, Some(count.as_str()), "{what}");
            }
        }
    }
}

/// Accepted names of tops, some of which mean something in other languages or in modules below: every tool takes them.
#[test]
fn every_tool_takes_names_of_tops_that_are_accepted() {
    let config = CoreConfig::new(&profile::FLOW);
    for top in [
        "Module",
        "namespace",
        "main",
        "history",
        "write_pointer_reg",
        "_9",
        "Clk",
    ] {
        let emitted = scr_hdl::emit::emit_as(&config, top).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in &emitted.files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let files = || emitted.files.iter().map(|(name, _)| name);
        for standard in ["-g2001", "-g2012"] {
            let output = Command::new("iverilog")
                .current_dir(folder.path())
                .args([
                    standard,
                    "-Wall",
                    "-Wno-timescale",
                    "-o",
                    "top.vvp",
                    "-s",
                    top,
                ])
                .args(files())
                .output()
                .expect("iverilog runs: scripts/setup");
            assert!(
                output.status.success() && output.stderr.is_empty(),
                "{top}: {output:?}"
            );
        }
        let output = Command::new("verilator")
            .current_dir(folder.path())
            .args(["--lint-only", "-Wall", "--top-module", top])
            .args(files())
            .output()
            .expect("verilator runs: scripts/setup");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{top}: {output:?}"
        );
        let read: String = files()
            .map(|name| format!("read_verilog {name}; "))
            .collect();
        let output = Command::new("yosys")
            .current_dir(folder.path())
            .args(["-q", "-p", &format!("{read}hierarchy -check -top {top}")])
            .output()
            .expect("yosys runs: scripts/setup");
        assert!(output.status.success(), "{top}: {output:?}");
    }
}
