# SPDX-License-Identifier: MIT OR Apache-2.0
# A strict reader of JSON (RFC 8259), and the strings of a writer. For Tcl 8.5, which Vivado 2020.2 has.
#
#   json::parse TEXT        the value of the whole text
#   json::get VALUE TYPE KEY...   what an object in an object has under these keys; it must be of the type
#   json::quote STRING      a string as JSON
#
# A value is a list of its type and its content: {string TEXT}, {number TEXT}, {object DICT}, {array LIST}, {true {}},
# {false {}}, {null {}}; what is in objects and arrays are values again. Refused besides what the RFC refuses: a key twice in
# an object, more than 100 levels, and escapes of surrogates, because Tcl 8.5 has no characters for them.

namespace eval json {
    variable deepest 100
    variable escapes {\" \" \\ \\ / / b \b f \f n \n r \r t \t}
}

proc json::parse {text} {
    set at [space $text 0]
    set value [value $text at 0]
    set at [space $text $at]
    if {$at < [string length $text]} {
        fail $text $at "something stands behind the value"
    }
    return $value
}

proc json::get {value type args} {
    set path ""
    foreach key $args {
        expect $value object $path
        if {![dict exists [lindex $value 1] $key]} {
            error "there is no \"$key\" in [name $path]"
        }
        set value [dict get [lindex $value 1] $key]
        lappend path $key
    }
    expect $value $type $path
    return [lindex $value 1]
}

proc json::quote {string} {
    set result ""
    foreach character [split $string ""] {
        scan $character %c code
        if {$character in {\" \\}} {
            append result \\ $character
        } elseif {$code < 32} {
            append result [format {\u%04x} $code]
        } else {
            append result $character
        }
    }
    return "\"$result\""
}

proc json::expect {value type path} {
    if {[lindex $value 0] ne $type} {
        error "[name $path] is of type [lindex $value 0], not $type"
    }
}

proc json::name {path} {
    if {$path eq ""} {
        return "the whole"
    }
    return "\"[join $path .]\""
}

proc json::fail {text at why} {
    set line [llength [split [string range $text 0 [expr {$at - 1}]] \n]]
    error "not JSON: line [expr {max($line, 1)}]: $why"
}

# The first place from `at` on that is no white space.
proc json::space {text at} {
    regexp -start $at -indices {\A[ \t\r\n]*} $text found
    return [expr {[lindex $found 1] + 1}]
}

# Whether the text goes on with `word`; if so, `at` moves behind it.
proc json::take {text atName word} {
    upvar 1 $atName at
    set end [expr {$at + [string length $word]}]
    if {[string range $text $at [expr {$end - 1}]] ne $word} {
        return 0
    }
    set at $end
    return 1
}

proc json::value {text atName level} {
    upvar 1 $atName at
    variable deepest
    if {$level > $deepest} {
        fail $text $at "more than $deepest levels"
    }
    set next [string index $text $at]
    switch -exact -- $next {
        "\{" { return [list object [object $text at $level]] }
        "\[" { return [list array [array_ $text at $level]] }
        "\"" { return [list string [string_ $text at]] }
    }
    foreach word {true false null} {
        if {[take $text at $word]} {
            return [list $word {}]
        }
    }
    if {[regexp -start $at {\A-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?} $text number]} {
        incr at [string length $number]
        return [list number $number]
    }
    if {$next eq ""} {
        fail $text $at "the text ends where a value should be"
    }
    fail $text $at "no value begins with '$next'"
}

proc json::object {text atName level} {
    upvar 1 $atName at
    set result [dict create]
    incr at
    set at [space $text $at]
    if {[take $text at "\}"]} {
        return $result
    }
    while 1 {
        if {[string index $text $at] ne "\""} {
            fail $text $at "a key should be here"
        }
        set key [string_ $text at]
        if {[dict exists $result $key]} {
            fail $text $at "the key \"$key\" is there twice"
        }
        set at [space $text $at]
        if {![take $text at ":"]} {
            fail $text $at "':' should be here"
        }
        set at [space $text $at]
        dict set result $key [value $text at [expr {$level + 1}]]
        set at [space $text $at]
        if {[take $text at "\}"]} {
            return $result
        }
        if {![take $text at ","]} {
            fail $text $at "',' or '\}' should be here"
        }
        set at [space $text $at]
    }
}

proc json::array_ {text atName level} {
    upvar 1 $atName at
    set result {}
    incr at
    set at [space $text $at]
    if {[take $text at "\]"]} {
        return $result
    }
    while 1 {
        lappend result [value $text at [expr {$level + 1}]]
        set at [space $text $at]
        if {[take $text at "\]"]} {
            return $result
        }
        if {![take $text at ","]} {
            fail $text $at "',' or '\]' should be here"
        }
        set at [space $text $at]
    }
}

proc json::string_ {text atName} {
    upvar 1 $atName at
    variable escapes
    set result ""
    incr at
    while 1 {
        regexp -start $at {\A[^"\\\u0000-\u001f]*} $text plain
        append result $plain
        incr at [string length $plain]
        if {[take $text at "\""]} {
            return $result
        }
        if {![take $text at "\\"]} {
            fail $text $at [expr {$at < [string length $text] ? "a control character in a string" : "a string does not end"}]
        }
        set letter [string index $text $at]
        if {[dict exists $escapes $letter]} {
            append result [dict get $escapes $letter]
            incr at
        } elseif {[regexp -start $at {\Au([0-9a-fA-F]{4})} $text -> digits]} {
            scan $digits %x code
            if {$code >= 0xd800 && $code <= 0xdfff} {
                fail $text $at "an escape of a surrogate"
            }
            append result [format %c $code]
            incr at 5
        } else {
            fail $text $at "no escape: \\$letter"
        }
    }
}
