# SPDX-License-Identifier: MIT OR Apache-2.0
# One run of Vivado, without a project: synthesis out of context, place and route, reports.

namespace eval run {}

# Builds `manifest` for the target: {megahertz, period in ns}. Returns the run's entry of the summary as a dictionary.
proc run::build {manifest part constraints megahertz period output} {
    set top [dict get $manifest top]
    file mkdir $output

    create_project -in_memory -part $part
    read_verilog [dict get $manifest files]
    foreach file $constraints {
        read_xdc -mode out_of_context $file
    }
    synth_design -top $top -part $part -mode out_of_context -flatten_hierarchy rebuilt
    clocked $period
    opt_design
    place_design
    phys_opt_design
    route_design
    write_checkpoint -force [file join $output $top.dcp]
    set result [results $output]
    close_project

    set entry [dict create mhz $megahertz period_ns $period]
    return [dict merge $entry $result]
}

# The constraints have made the clock that the target has. Vivado only warns when a constraint finds no port.
proc run::clocked {period} {
    set clocks [get_clocks -quiet clk]
    if {[llength $clocks] != 1} {
        error "the constraints have made no clock \"clk\""
    }
    set made [get_property PERIOD $clocks]
    if {$made != $period} {
        error "the clock has a period of $made ns, not $period: the constraints are of another target"
    }
}

# Writes the reports of the routed design and returns what they say.
proc run::results {output} {
    set utilization [report_utilization -return_string]
    set timing [report_timing_summary -max_paths 20 -return_string]
    set routes [report_route_status -return_string]
    save [file join $output utilization.rpt] $utilization
    save [file join $output timing.rpt] $timing
    save [file join $output route_status.rpt] $routes
    report_utilization -hierarchical -file [file join $output utilization_hierarchical.rpt]
    report_design_analysis -logic_level_distribution -file [file join $output logic_levels.rpt]

    set setup [worst -setup]
    set hold [worst -hold]
    set errors [reports::routing_errors $routes]
    set sentence [reports::constraints_met $timing]
    return [dict create \
        setup_slack_ns $setup \
        hold_slack_ns $hold \
        constraints_met $sentence \
        routing_errors $errors \
        met [expr {$setup >= 0 && $hold >= 0 && $sentence && $errors == 0}] \
        utilization [reports::utilization $utilization]]
}

# Slack of the worst path.
proc run::worst {kind} {
    set paths [get_timing_paths $kind -max_paths 1 -nworst 1]
    if {[llength $paths] != 1} {
        error "Vivado knows no path for $kind: nothing is constrained"
    }
    set slack [get_property SLACK $paths]
    # "" would be less than any number.
    if {![string is double -strict $slack]} {
        error "the worst path for $kind has no slack: it is not constrained"
    }
    return $slack
}

proc run::save {path text} {
    set channel [open $path w]
    fconfigure $channel -encoding utf-8
    puts $channel $text
    close $channel
}
