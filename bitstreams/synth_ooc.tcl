# SPDX-License-Identifier: MIT OR Apache-2.0
# Synthesizes an emitted sequencer out of context for the Alveo U250.
#
#   vivado -mode batch -source bitstreams/synth_ooc.tcl -tclargs VERILOG_DIR OUTPUT_DIR
#
# VERILOG_DIR is what `scr emit -o VERILOG_DIR` wrote. OUTPUT_DIR gets utilization.rpt, timing.rpt and
# scr_sequencer.dcp.

if {$argc != 2} {
    puts stderr "usage: -tclargs VERILOG_DIR OUTPUT_DIR"
    exit 2
}
lassign $argv verilog output
set part xcu250-figd2104-2-e
set here [file dirname [file normalize [info script]]]

# manifest.json is flat enough for a regular expression: "top": "...", "files": ["...", ...].
set channel [open [file join $verilog manifest.json]]
set manifest [read $channel]
close $channel
if {![regexp {"top":\s*"([^"]+)"} $manifest -> top]
        || ![regexp {"files":\s*\[([^\]]*)\]} $manifest -> list]} {
    puts stderr "$verilog/manifest.json names no top or no files"
    exit 2
}
foreach {-> name} [regexp -all -inline {"([^"]+)"} $list] {
    read_verilog [file join $verilog $name]
}
read_xdc -mode out_of_context [file join $here .. constraints u250_ooc.xdc]

file mkdir $output
synth_design -top $top -part $part -mode out_of_context -flatten_hierarchy rebuilt
opt_design
report_utilization -hierarchical -file [file join $output utilization.rpt]
report_timing_summary -max_paths 20 -file [file join $output timing.rpt]
report_design_analysis -logic_level_distribution -file [file join $output logic_levels.rpt]
write_checkpoint -force [file join $output $top.dcp]
