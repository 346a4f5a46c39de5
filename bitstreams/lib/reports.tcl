# SPDX-License-Identifier: MIT OR Apache-2.0
# What Vivado's reports say, as numbers. A report without the line that is looked for is an error.

namespace eval reports {
    # Names in the summary, and the rows of the report on utilization.
    variable rows {
        clb_luts {CLB LUTs}
        luts_as_logic {LUT as Logic}
        luts_as_memory {LUT as Memory}
        clb_registers {CLB Registers}
        carry8 CARRY8
        block_ram_tiles {Block RAM Tile}
        uram URAM
        dsps DSPs
    }
}

# What is used of each resource: the column behind the name.
proc reports::utilization {report} {
    variable rows
    set result [dict create]
    foreach {key name} $rows {
        if {![regexp -line "^\\|\\s*$name\\*?\\s*\\|\\s*(\[0-9.\]+)\\s*\\|" $report -> used]} {
            error "the report on utilization has no row \"$name\""
        }
        dict set result $key $used
    }
    return $result
}

# Nets that could not be routed.
proc reports::routing_errors {report} {
    if {![regexp {# of nets with routing errors[. ]*:\s*([0-9]+)\s*:} $report -> number]} {
        error "the report on routes does not say how many nets have routing errors"
    }
    return $number
}

# Whether setup, hold and pulse widths are kept, by the sentence of the report on timing.
proc reports::constraints_met {report} {
    return [expr {[string first "All user specified timing constraints are met." $report] >= 0}]
}
