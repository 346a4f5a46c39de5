# SPDX-License-Identifier: MIT OR Apache-2.0
# Arguments of Vivado's commands.

namespace eval options {}

# Takes arguments apart: `flags` stand alone, `valued` have a value, the rest are no options and may be `least` to `most`.
# Returns a dictionary: flags that are there (1), values, and {} for the rest.
proc options::parse {command arguments flags valued least most} {
    set result [dict create]
    set rest {}
    while {$arguments ne ""} {
        set arguments [lassign $arguments word]
        if {$word in $flags} {
            dict set result $word 1
        } elseif {$word in $valued} {
            if {$arguments eq ""} {
                error "$command: $word has no value"
            }
            if {[dict exists $result $word]} {
                error "$command: $word is there twice"
            }
            set arguments [lassign $arguments value]
            dict set result $word $value
        } elseif {[string match -* $word] && ![string is double -strict $word]} {
            error "$command: the stand-in knows no option $word"
        } else {
            lappend rest $word
        }
    }
    if {[llength $rest] < $least || [llength $rest] > $most} {
        error "$command: [llength $rest] arguments, not $least to $most: $rest"
    }
    dict set result {} $rest
    return $result
}

# The value of an option that must be there.
proc options::need {command options name} {
    if {![dict exists $options $name]} {
        error "$command: $name is missing"
    }
    return [dict get $options $name]
}

# The same, for a number above 0.
proc options::number {command options name} {
    set value [need $command $options $name]
    if {![string is double -strict $value] || $value <= 0} {
        error "$command: $name is no number above 0: $value"
    }
    return $value
}
