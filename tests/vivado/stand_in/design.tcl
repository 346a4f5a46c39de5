# SPDX-License-Identifier: MIT OR Apache-2.0
# The design that is open, and what constraints have put into it.

namespace eval design {
    # How far it is: closed, project, synthesized, optimized, placed, routed.
    variable stage closed
    # Where the emitted top stands in the design; "" when it is the design's own top.
    variable inside ""
    variable top ""
    # Name -> properties.
    variable ports
    variable cells
    # Name -> period.
    variable clocks
    # Ports that are clocks, and those with an input or output delay.
    variable sources
    variable delayed
    # Name -> 1.
    variable pblocks
}

proc design::at {command args} {
    variable stage
    if {$stage ni $args} {
        error "$command: the design is $stage, and must be [join $args { or }]"
    }
}

# Elaborates the files that were read.
proc design::elaborate {module} {
    variable inside
    variable top $module
    variable ports [dict create]
    variable cells [dict create]
    variable clocks [dict create]
    variable pblocks [dict create]
    variable sources {}
    variable delayed {}
    dict for {name port} [verilog::ports_of $module] {
        lassign $port direction width
        dict set ports $name [dict create DIRECTION $direction WIDTH $width]
    }
    if {$inside ne ""} {
        dict set cells $inside [dict create REF_NAME $module]
    }
    foreach {name type} [verilog::cells $module $inside] {
        dict set cells $name [dict create REF_NAME $type]
    }
}

# All of a core's ports are clocks or have delays: a path to one that is not would not be looked at.
proc design::is_constrained {} {
    variable ports
    variable sources
    variable delayed
    foreach name [dict keys $ports] {
        if {$name ni $sources && $name ni $delayed} {
            error "the constraints leave port $name without a delay"
        }
    }
}

# The ports that a pattern means: one, or one bit of it.
proc design::find_port {pattern} {
    variable ports
    set name $pattern
    set bit ""
    regexp {^(.*)\[(\d+|\*)\]$} $pattern -> name bit
    set found [dict keys $ports $name]
    if {$found eq ""} {
        error "$::design::top has no port $pattern"
    }
    foreach port $found {
        set width [dict get $ports $port WIDTH]
        if {[string is integer -strict $bit] && [string is integer -strict $width] && $bit >= $width} {
            error "port $port has $width bits, and no $pattern"
        }
    }
    return $found
}
