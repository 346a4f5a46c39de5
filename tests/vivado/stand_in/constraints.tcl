# SPDX-License-Identifier: MIT OR Apache-2.0
# Constraints: the commands that an XDC file may have, and nothing of Tcl beside them.

namespace eval constraints {
    variable commands {
        create_clock set_input_delay set_output_delay get_ports get_cells
        create_pblock get_pblocks add_cells_to_pblock resize_pblock
    }
    # The dies of the U250.
    variable dies {SLR0 SLR1 SLR2 SLR3}
}

# Applies a file to the design. An error says the line on which its command begins.
proc constraints::apply_file {path} {
    variable commands
    set interpreter [interp create -safe]
    foreach name [interp eval $interpreter {info commands}] {
        interp hide $interpreter $name
    }
    foreach name $commands {
        interp alias $interpreter $name {} constraints::call $name
    }
    set channel [open $path]
    set text [read $channel]
    close $channel
    set command ""
    set number 0
    foreach line [split $text \n] {
        incr number
        if {$command eq ""} {
            set first $number
        }
        append command $line \n
        if {![info complete $command]} {
            continue
        }
        if {[catch {interp eval $interpreter $command} message]} {
            error "[file tail $path], line $first: $message"
        }
        set command ""
    }
    interp delete $interpreter
    if {$command ne ""} {
        error "[file tail $path], line $first: a command does not end"
    }
}

proc constraints::call {name args} {
    record::line "  $name $args"
    return [$name {*}$args]
}

proc constraints::create_clock {args} {
    set options [options::parse create_clock $args {} {-name -period} 1 1]
    set name [options::need create_clock $options -name]
    set period [options::number create_clock $options -period]
    set ports [objects::names create_clock port [lindex [dict get $options {}] 0]]
    foreach port $ports {
        if {[dict get $design::ports $port DIRECTION] ne "IN"} {
            error "create_clock: port $port is no input"
        }
    }
    if {[dict exists $design::clocks $name]} {
        error "create_clock: there is a clock $name already"
    }
    dict set design::clocks $name $period
    lappend design::sources {*}$ports
}

proc constraints::set_input_delay {args} {
    delay set_input_delay IN $args
}

proc constraints::set_output_delay {args} {
    delay set_output_delay OUT $args
}

proc constraints::delay {command direction arguments} {
    set options [options::parse $command $arguments {} {-clock} 2 2]
    set clock [options::need $command $options -clock]
    lassign [dict get $options {}] nanoseconds ports
    if {![dict exists $design::clocks $clock]} {
        error "$command: there is no clock $clock"
    }
    if {![string is double -strict $nanoseconds] || $nanoseconds <= 0 || $nanoseconds >= [dict get $design::clocks $clock]} {
        error "$command: no part of the clock's period: $nanoseconds"
    }
    foreach port [objects::names $command port $ports] {
        if {[dict get $design::ports $port DIRECTION] ne $direction} {
            error "$command: port $port is of direction [dict get $design::ports $port DIRECTION]"
        }
        if {$port in $design::sources} {
            error "$command: port $port is a clock"
        }
        lappend design::delayed $port
    }
}

proc constraints::get_ports {args} {
    set options [options::parse get_ports $args {} {-filter} 0 1]
    if {[dict exists $options -filter]} {
        if {[dict get $options {}] ne ""} {
            error "get_ports: the stand-in takes a pattern or a filter"
        }
        return [objects::make port [objects::filter port $design::ports [dict get $options -filter]]]
    }
    set names {}
    foreach pattern [lindex [dict get $options {}] 0] {
        lappend names {*}[design::find_port $pattern]
    }
    if {$names eq ""} {
        error "get_ports: no pattern"
    }
    return [objects::make port $names]
}

proc constraints::get_cells {args} {
    set options [options::parse get_cells $args {} {} 1 1]
    set names {}
    foreach name [lindex [dict get $options {}] 0] {
        if {![dict exists $design::cells $name]} {
            error "the design has no cell $name"
        }
        lappend names $name
    }
    return [objects::make cell $names]
}

proc constraints::create_pblock {args} {
    set options [options::parse create_pblock $args {} {} 1 1]
    set name [lindex [dict get $options {}] 0]
    if {[dict exists $design::pblocks $name]} {
        error "create_pblock: there is a pblock $name already"
    }
    dict set design::pblocks $name 1
    return pblock@$name
}

proc constraints::get_pblocks {args} {
    set options [options::parse get_pblocks $args {} {} 1 1]
    set name [lindex [dict get $options {}] 0]
    if {![dict exists $design::pblocks $name]} {
        error "there is no pblock $name"
    }
    return pblock@$name
}

proc constraints::add_cells_to_pblock {args} {
    set options [options::parse add_cells_to_pblock $args -top {} 1 2]
    lassign [dict get $options {}] pblock cells
    objects::names add_cells_to_pblock pblock $pblock
    if {[dict exists $options -top] == ($cells ne "")} {
        error "add_cells_to_pblock: either -top or cells"
    }
    if {$cells ne ""} {
        objects::names add_cells_to_pblock cell $cells
    }
}

proc constraints::resize_pblock {args} {
    variable dies
    set options [options::parse resize_pblock $args {} -add 1 1]
    objects::names resize_pblock pblock [lindex [dict get $options {}] 0]
    foreach range [options::need resize_pblock $options -add] {
        if {$range ni $dies} {
            error "resize_pblock: the U250 has no $range"
        }
    }
}
