# SPDX-License-Identifier: MIT OR Apache-2.0
# Synthesizes, places and routes an emitted sequencer out of context for the Alveo U250, once for each target.
#
#   vivado -mode batch -source bitstreams/u250_core.tcl -tclargs VERILOG_DIR OUTPUT_DIR [TARGET...]
#
# VERILOG_DIR is what `scr emit -o VERILOG_DIR` wrote. A TARGET is 250, 322 or 340, in MHz; all three when none is given.
# OUTPUT_DIR gets summary.json and a folder for each target, with reports and a checkpoint.
#
# Exit status: 0 when every target's timing is met, 1 when one's is not, 2 when something else is wrong.

set part xcu250-figd2104-2-e

# Targets in MHz, and their periods in ns, which constraints/u250_core_<target>.xdc has, too.
set periods {250 4.000 322 3.103 340 2.941}

set here [file dirname [file normalize [info script]]]
foreach name {json manifest reports run summary} {
    source [file join $here lib $name.tcl]
}

proc main {here part periods arguments} {
    if {[llength $arguments] < 2} {
        error "usage: vivado -mode batch -source u250_core.tcl -tclargs VERILOG_DIR OUTPUT_DIR \[[join [dict keys $periods] |]\]..."
    }
    set targets [lassign $arguments verilog output]
    if {$targets eq ""} {
        set targets [dict keys $periods]
    }
    foreach target $targets {
        if {![dict exists $periods $target]} {
            error "no target $target: there are [join [dict keys $periods] {, }]"
        }
    }
    set targets [lsort -unique -integer $targets]
    set path [file join $output summary.json]
    # One of an earlier run would be taken for this one's.
    file delete $path
    set manifest [manifest::read_core $verilog]

    file mkdir $output
    set constraints [file join $here .. constraints]
    set runs {}
    foreach target $targets {
        set files [list [file join $constraints u250_core_$target.xdc] [file join $constraints u250_core_slr1.xdc]]
        set run [run::build $manifest $part $files $target [dict get $periods $target] [file join $output $target]]
        lappend runs $run
        run::save $path [summary::text $manifest $part [version -short] $targets $runs]
        puts "u250_core: $target MHz: [expr {[dict get $run met] ? "met" : "NOT MET"}], setup slack\
            [dict get $run setup_slack_ns] ns, hold slack [dict get $run hold_slack_ns] ns,\
            [dict get $run routing_errors] routing errors"
    }
    return [summary::met $targets $runs]
}

if {[catch {main $here $part $periods $argv} met]} {
    puts stderr "u250_core: $met"
    exit 2
}
exit [expr {$met ? 0 : 1}]
