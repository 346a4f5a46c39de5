# SPDX-License-Identifier: MIT OR Apache-2.0
# What an emitted design has: modules with their ports, and the cells below them. Enough Verilog for `scr emit`'s.

namespace eval verilog {
    # Module -> ports: name -> {direction width}. The width is "" where parameters decide it.
    variable ports
    # Module -> {cell module cell module ...}.
    variable instances
}

proc verilog::clear {} {
    variable ports [dict create]
    variable instances [dict create]
}

proc verilog::read_file {path} {
    set channel [open $path]
    fconfigure $channel -encoding utf-8
    set text [read $channel]
    close $channel
    set at 0
    set text [plain $text]
    while {[regexp -start $at -indices {\mmodule\s+(\w+)} $text -> name]} {
        set end [string first endmodule $text [lindex $name 1]]
        if {$end < 0} {
            error "$path: a module does not end"
        }
        read_module [string range $text {*}$name] [string range $text [expr {[lindex $name 1] + 1}] [expr {$end - 1}]]
        set at [expr {$end + [string length endmodule]}]
    }
    if {$at == 0} {
        error "$path has no module"
    }
}

# The text without comments, strings and attributes.
proc verilog::plain {text} {
    regsub -all {"(?:[^"\\\n]|\\.)*"} $text {""} text
    regsub -all -line {//.*$} $text {} text
    regsub -all {/\*.*?\*/} $text { } text
    regsub -all {\(\*[^)]+?\*\)} $text { } text
    return $text
}

proc verilog::read_module {name body} {
    variable ports
    variable instances
    if {[dict exists $ports $name]} {
        error "module $name is there twice"
    }
    dict set ports $name [dict create]
    foreach {-> direction range port} [regexp -all -inline {\m(input|output|inout)\s+(?:wire|reg)?\s*(\[[^\]]*\])?\s*(\w+)} $body] {
        dict set ports $name $port [list [string map {PUT {}} [string toupper $direction]] [width $range]]
    }
    dict set instances $name {}
    # A module's name, parameters if any, the cell's name, and connections by name.
    set pattern {(?:^|;|\mend\M|\mbegin\M)\s*(\w+)\s+(?:#\s*\((?:[^()]|\([^()]*\))*\)\s*)?(\w+)\s*\(\s*\.}
    foreach {-> module cell} [regexp -all -inline $pattern $body] {
        dict lappend instances $name $cell $module
    }
}

proc verilog::width {range} {
    if {$range eq ""} {
        return 1
    }
    if {[regexp {^\[(\d+):0\]$} $range -> high]} {
        return [expr {$high + 1}]
    }
    return ""
}

# Ports of a module.
proc verilog::ports_of {module} {
    variable ports
    if {![dict exists $ports $module]} {
        error "no file has a module $module"
    }
    return [dict get $ports $module]
}

# All cells below a module, as {path module ...}; `path` is the module's own, "" for the top.
proc verilog::cells {module {path ""}} {
    variable instances
    ports_of $module
    set result {}
    foreach {cell type} [dict get $instances $module] {
        set name [expr {$path eq "" ? $cell : "$path/$cell"}]
        lappend result $name $type {*}[cells $type $name]
    }
    return $result
}
