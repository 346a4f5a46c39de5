# SPDX-License-Identifier: MIT OR Apache-2.0
# Prints what the stand-in sees in Verilog files: "port NAME" of the top, and "cell PATH MODULE" of all cells, sorted.
#
#   tclsh tests/vivado/list.tcl TOP FILE...

source [file join [file dirname [info script]] stand_in verilog.tcl]
verilog::clear
set files [lassign $argv top]
foreach file $files {
    verilog::read_file $file
}
set lines {}
foreach name [dict keys [verilog::ports_of $top]] {
    lappend lines "port $name"
}
foreach {name module} [verilog::cells $top] {
    lappend lines "cell $name $module"
}
puts [join [lsort $lines] \n]
