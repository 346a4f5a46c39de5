# SPDX-License-Identifier: MIT OR Apache-2.0
# Vivado's objects: "kind@name". What is asked for and not there is an error, where Vivado only warns.

namespace eval objects {
    # What a property that has few values can be.
    variable values {DIRECTION {IN OUT INOUT}}
}

proc objects::make {kind names} {
    set result {}
    foreach name $names {
        lappend result $kind@$name
    }
    return $result
}

# Names of objects, all of which must be of one kind.
proc objects::names {command kind objects} {
    set result {}
    foreach object $objects {
        if {![regexp "^$kind@(.+)$" $object -> name]} {
            error "$command: no $kind: $object"
        }
        lappend result $name
    }
    if {$result eq ""} {
        error "$command: there is no $kind"
    }
    return $result
}

# Of `table`, name -> properties, the names for which the filter holds.
proc objects::filter {kind table filter} {
    set tokens [regexp -all -inline {&&|\|\||[()]|==|!=|=~|!~|"[^"]*"|[^\s()=!~&|"]+} $filter]
    if {[string map {" " ""} [join $tokens ""]] ne [string map {" " ""} $filter]} {
        error "the stand-in cannot read the filter $filter"
    }
    set result {}
    dict for {name properties} $table {
        if {[holds $kind $table [dict merge [list NAME $name] $properties] $tokens]} {
            lappend result $name
        }
    }
    if {$result eq ""} {
        error "no $kind is such that $filter"
    }
    return $result
}

proc objects::holds {kind table properties tokens} {
    set expression ""
    while {$tokens ne ""} {
        set tokens [lassign $tokens token]
        if {$token in {&& || ( )}} {
            append expression " $token"
            continue
        }
        set tokens [lassign $tokens operator value]
        set value [string trim $value \"]
        append expression " [compare $kind $table $properties $token $operator $value]"
    }
    return [expr $expression]
}

proc objects::compare {kind table properties property operator value} {
    variable values
    if {![dict exists $properties $property]} {
        error "the stand-in knows no property $property of a $kind"
    }
    if {[dict exists $values $property] && $value ni [dict get $values $property]} {
        error "no $kind can have $property $value"
    }
    if {$property eq "NAME" && [dict keys $table $value] eq ""} {
        error "there is no $kind $value"
    }
    set actual [dict get $properties $property]
    switch -exact -- $operator {
        == { return [expr {$actual eq $value}] }
        != { return [expr {$actual ne $value}] }
        =~ { return [string match $value $actual] }
        !~ { return [expr {![string match $value $actual]}] }
    }
    error "the stand-in knows no operator $operator"
}
