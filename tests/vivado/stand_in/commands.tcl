# SPDX-License-Identifier: MIT OR Apache-2.0
# The commands of Vivado that a script may use. An option or an order of commands that is not here is an error.

namespace eval commands {
    variable names {
        version create_project read_verilog read_xdc synth_design opt_design place_design phys_opt_design route_design
        write_checkpoint close_project get_clocks get_property get_timing_paths
        report_utilization report_timing_summary report_route_status report_design_analysis
    }
    variable part xcu250-figd2104-2-e
    variable constraints {}
}

proc commands::call {name args} {
    record::line "$name $args"
    return [$name {*}$args]
}

proc commands::version {args} {
    options::parse version $args -short {} 0 0
    return stand-in
}

proc commands::is_part {command name} {
    variable part
    if {$name ne $part} {
        error "$command: there is no part $name"
    }
}

proc commands::is_file {command path} {
    if {![file isfile $path]} {
        error "$command: there is no file $path"
    }
}

proc commands::create_project {args} {
    design::at create_project closed
    set options [options::parse create_project $args -in_memory -part 0 0]
    options::need create_project $options -in_memory
    is_part create_project [options::need create_project $options -part]
    variable constraints {}
    verilog::clear
    set design::stage project
}

proc commands::read_verilog {args} {
    design::at read_verilog project
    set options [options::parse read_verilog $args {} {} 1 1]
    foreach path [lindex [dict get $options {}] 0] {
        is_file read_verilog $path
        verilog::read_file $path
    }
}

proc commands::read_xdc {args} {
    variable constraints
    design::at read_xdc project
    set options [options::parse read_xdc $args {} -mode 1 1]
    if {[dict exists $options -mode] && [dict get $options -mode] ne "out_of_context"} {
        error "read_xdc: no mode [dict get $options -mode]"
    }
    set path [lindex [dict get $options {}] 0]
    is_file read_xdc $path
    lappend constraints $path
}

proc commands::synth_design {args} {
    variable constraints
    design::at synth_design project
    set options [options::parse synth_design $args {} {-top -part -mode -flatten_hierarchy} 0 0]
    is_part synth_design [options::need synth_design $options -part]
    if {[options::need synth_design $options -mode] ne "out_of_context"} {
        error "synth_design: the stand-in knows only -mode out_of_context"
    }
    if {[dict exists $options -flatten_hierarchy] && [dict get $options -flatten_hierarchy] ni {rebuilt none full}} {
        error "synth_design: no such flattening"
    }
    design::elaborate [options::need synth_design $options -top]
    foreach path $constraints {
        constraints::apply_file $path
    }
    if {$design::inside eq ""} {
        design::is_constrained
    }
    set design::stage synthesized
}

proc commands::opt_design {args} {
    step opt_design $args synthesized optimized
}

proc commands::place_design {args} {
    step place_design $args optimized placed
}

proc commands::phys_opt_design {args} {
    step phys_opt_design $args placed placed
}

proc commands::route_design {args} {
    step route_design $args placed routed
}

proc commands::step {command arguments before after} {
    design::at $command $before
    options::parse $command $arguments {} {} 0 0
    set design::stage $after
}

proc commands::write_checkpoint {args} {
    design::at write_checkpoint routed
    set options [options::parse write_checkpoint $args -force {} 1 1]
    put [lindex [dict get $options {}] 0] "no checkpoint: written by the stand-in"
}

proc commands::close_project {args} {
    options::parse close_project $args {} {} 0 0
    design::at close_project project synthesized optimized placed routed
    set design::stage closed
}

proc commands::get_clocks {args} {
    design::at get_clocks synthesized optimized placed routed
    set options [options::parse get_clocks $args -quiet {} 1 1]
    set found {}
    foreach name [lindex [dict get $options {}] 0] {
        if {[dict exists $design::clocks $name]} {
            lappend found clock@$name
        } elseif {![dict exists $options -quiet]} {
            error "there is no clock $name"
        }
    }
    return $found
}

proc commands::get_timing_paths {args} {
    design::at get_timing_paths routed
    set options [options::parse get_timing_paths $args {-setup -hold} {-max_paths -nworst} 0 0]
    if {[dict exists $options -setup] == [dict exists $options -hold]} {
        error "get_timing_paths: either -setup or -hold"
    }
    foreach name {-max_paths -nworst} {
        if {[options::number get_timing_paths $options $name] != 1} {
            error "get_timing_paths: the stand-in knows only the worst path"
        }
    }
    if {[dict size $design::clocks] == 0} {
        return {}
    }
    return path@[expr {[dict exists $options -setup] ? "setup" : "hold"}]
}

proc commands::get_property {args} {
    set options [options::parse get_property $args {} {} 2 2]
    lassign [dict get $options {}] property object
    lassign [split $object @] kind name
    switch -exact -- $kind,$property {
        clock,PERIOD { return [dict get $design::clocks $name] }
        path,SLACK { return [answers::slack $name] }
    }
    error "get_property: the stand-in knows no $property of <$object>"
}

proc commands::report_utilization {args} {
    return [report report_utilization $args -hierarchical {} [answers::utilization]]
}

proc commands::report_timing_summary {args} {
    return [report report_timing_summary $args {} -max_paths [answers::timing]]
}

proc commands::report_route_status {args} {
    return [report report_route_status $args {} {} [answers::routes]]
}

proc commands::report_design_analysis {args} {
    return [report report_design_analysis $args -logic_level_distribution {} "none by the stand-in"]
}

proc commands::report {command arguments flags valued text} {
    design::at $command routed
    set options [options::parse $command $arguments [concat $flags -return_string] [concat $valued -file] 0 0]
    if {[dict exists $options -return_string] == [dict exists $options -file]} {
        error "$command: either -return_string or -file"
    }
    if {[dict exists $options -return_string]} {
        return $text
    }
    put [dict get $options -file] $text
}

proc commands::put {path text} {
    set channel [open $path w]
    puts $channel $text
    close $channel
}
