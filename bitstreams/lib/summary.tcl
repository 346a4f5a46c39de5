# SPDX-License-Identifier: MIT OR Apache-2.0
# The summary of all runs, as JSON.

namespace eval summary {}

# Text of summary.json. `targets` were asked for; `runs` are the entries of those that are finished.
proc summary::text {manifest part tool targets runs} {
    set finished {}
    foreach run $runs {
        lappend finished "    [entry $run]"
    }
    foreach key {top profile} {
        lappend lines "  \"$key\": [json::quote [dict get $manifest $key]]"
    }
    foreach key {history width max_cores} {
        lappend lines "  \"$key\": [dict get $manifest $key]"
    }
    lappend lines "  \"part\": [json::quote $part]"
    lappend lines "  \"vivado\": [json::quote $tool]"
    lappend lines "  \"asked_for\": \[[join $targets {, }]\]"
    lappend lines "  \"met\": [truth [met $targets $runs]]"
    lappend lines "  \"runs\": \[\n[join $finished ",\n"]\n  \]"
    return "{\n[join $lines ",\n"]\n}"
}

# Whether all that was asked for is finished and met.
proc summary::met {targets runs} {
    foreach run $runs {
        if {![dict get $run met]} {
            return 0
        }
    }
    return [expr {[llength $runs] == [llength $targets]}]
}

# One run, in one line.
proc summary::entry {run} {
    foreach {key value} $run {
        switch -exact -- $key {
            met - constraints_met { set value [truth $value] }
            utilization { set value [numbers $value] }
        }
        lappend parts "\"$key\": $value"
    }
    return "{[join $parts {, }]}"
}

proc summary::numbers {values} {
    foreach {key value} $values {
        lappend parts "\"$key\": $value"
    }
    return "{[join $parts {, }]}"
}

proc summary::truth {value} {
    return [expr {$value ? "true" : "false"}]
}
