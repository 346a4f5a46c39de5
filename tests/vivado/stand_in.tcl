# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs a script for Vivado under tclsh, with a stand-in for Vivado's commands that checks what they name against the emitted
# Verilog: files, top, part, ports, clocks, cells, the order of the commands, and their options. It synthesizes nothing.
#
#   tclsh tests/vivado/stand_in.tcl [OPTION VALUE]... -mode batch -source SCRIPT [-tclargs ARGUMENT...]
#
#   -record FILE         write every command there, with its arguments; those of constraints are indented
#   -delay NS            what the longest path of the routed design takes [2.5]
#   -hold NS             slack for hold [0.010]
#   -routing_errors N    nets with routing errors [0]
#   -narrow 0|1          whether clock pulses are too narrow [0]
#   -inside CELL         the emitted top is this cell of a larger design, by its path
#
# The rest is Vivado's. A command that is not Tcl's and not known is an error, and so is one that Tcl 8.5 does not have,
# which is that of Vivado 2020.2. As with Vivado, an error that nobody catches ends the script with status 1.

set folder [file dirname [file normalize [info script]]]
foreach name {answers commands constraints design objects options record verilog} {
    source [file join $folder stand_in $name.tcl]
}

set at [lsearch -exact $argv -tclargs]
set arguments {}
if {$at >= 0} {
    set arguments [lrange $argv [expr {$at + 1}] end]
    set argv [lrange $argv 0 [expr {$at - 1}]]
}
set given [options::parse stand_in $argv {} {-record -delay -hold -routing_errors -narrow -inside -mode -source} 0 0]
if {[options::need stand_in $given -mode] ne "batch"} {
    error "stand_in: only -mode batch"
}
set script [options::need stand_in $given -source]
foreach {option variable} {
    -delay answers::delay -hold answers::hold -routing_errors answers::routing_errors -narrow answers::narrow
    -inside design::inside
} {
    if {[dict exists $given $option]} {
        set $variable [dict get $given $option]
    }
}
if {[dict exists $given -record]} {
    record::into [dict get $given -record]
}

# The script has an interpreter of its own, so that its names and the stand-in's do not meet.
interp create vivado
foreach name {coroutine lmap tailcall throw try yield yieldto zlib} {
    interp eval vivado [list rename $name {}]
}
foreach name $commands::names {
    interp alias vivado $name {} commands::call $name
}
interp eval vivado {
    proc unknown {name args} {
        error "neither Tcl 8.5 nor the stand-in for Vivado knows a command \"$name\""
    }
}
interp eval vivado [list set argv $arguments]
interp eval vivado [list set argc [llength $arguments]]
if {[catch {interp eval vivado [list source $script]}]} {
    puts stderr $errorInfo
    exit 1
}
