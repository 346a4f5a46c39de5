# SPDX-License-Identifier: MIT OR Apache-2.0
# Reads an emitted block, as the cell of a shell that `-inside` of the stand-in says, and constraints of the shell.
#
#   tclsh tests/vivado/stand_in.tcl -inside CELL -mode batch -source tests/vivado/read_constraints.tcl \
#       -tclargs VERILOG_DIR XDC

source [file join [file dirname [info script]] .. .. bitstreams lib json.tcl]
lassign $argv verilog xdc
set channel [open [file join $verilog manifest.json]]
set manifest [json::parse [read $channel]]
close $channel

set part xcu250-figd2104-2-e
create_project -in_memory -part $part
foreach file [json::get $manifest array files] {
    read_verilog [file join $verilog [json::get $file string]]
}
read_xdc $xdc
synth_design -top [json::get $manifest string top] -part $part -mode out_of_context -flatten_hierarchy rebuilt
