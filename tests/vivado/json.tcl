# SPDX-License-Identifier: MIT OR Apache-2.0
# What the JSON reader of bitstreams/ takes and refuses.
#
#   tclsh tests/vivado/json.tcl

source [file join [file dirname [info script]] .. .. bitstreams lib json.tcl]

set wrong 0

proc differ {text got expected} {
    puts stderr "$text: got <$got>, expected <$expected>"
    incr ::wrong
}

proc takes {text expected} {
    if {[catch {json::parse $text} got] || $got ne $expected} {
        differ $text $got $expected
    }
}

proc refuses {text expected} {
    if {![catch {json::parse $text} got] || ![string match "not JSON: $expected" $got]} {
        differ $text $got $expected
    }
}

# Values of each type, and white space.
takes {true} {true {}}
takes {false} {false {}}
takes " null\r\n\t" {null {}}
takes {""} {string {}}
takes {"a b"} {string {a b}}
takes {[]} {array {}}
takes {[ 1 , [2]]} {array {{number 1} {array {{number 2}}}}}
takes {{}} {object {}}
takes {{"a" : 1, "b": {"a": []}}} {object {a {number 1} b {object {a {array {}}}}}}
foreach number {0 -0 7 120 -1.50 1e9 1E+9 2.5e-3} {
    takes $number [list number $number]
}
takes {"\"\\\/\b\f\n\r\t\u0041\u00e9"} [list string "\"\\/\b\f\n\r\tA\u00e9"]
takes "\"\u00e9\u2192\"" [list string "\u00e9\u2192"]

# What means something to Tcl means nothing here.
takes "\"\$x \[exit 9\] \\\\ \{\"" [list string "\$x \[exit 9\] \\ \{"]
takes {{"a b": "#"}} {object {{a b} {string #}}}

# The whole text is one value.
refuses {} "line 1: the text ends*"
refuses { } "line 1: the text ends*"
refuses {1 2} "line 1: something stands behind*"
refuses {[1]]} "line 1: something stands behind*"
refuses "{\"a\": 1,\n\"b\"}" "line 2: ':'*"

# What other readers let through.
foreach number {+1 .5 01 1. - 1e 0x10 Infinity NaN --1 1.e3} {
    refuses $number "line 1: *"
}
foreach text {[1,] [,] [1 2] {{"a":1,}} {{,}} {{a:1}} {{'a':1}} {{"a" 1}} {{"a":}} {{"a":1 "b":2}} ' True nul {// x} {/**/1}} {
    refuses $text "line 1: *"
}
refuses "\[" "*the text ends*"
refuses "{" "*key*"
refuses "{\"a\":1" "*',' or '\}'*"
refuses "\[1" "*',' or '\]'*"
refuses {"a} "*does not end*"
refuses "\"a\nb\"" "*control character*"
refuses "\"a\u0000b\"" "*control character*"
refuses {"\x"} "*no escape: \\\\x"
refuses {"\u12"} "*no escape*"
refuses {"\u00g0"} "*no escape*"
refuses {"\ud83d\ude00"} "*surrogate*"
refuses {{"a":1,"a":1}} "*twice*"
refuses "\ufeff1" "*no value begins*"
takes [string repeat \[ 100][string repeat \] 100] [json::parse [string repeat \[ 100][string repeat \] 100]]
refuses [string repeat \[ 102][string repeat \] 102] "*levels"

# Questions to a value.
set value [json::parse {{"a": {"b": ["x"]}, "n": 3}}]
foreach {question expected} {
    {array a b}   {{string x}}
    {number n}    3
    {string n}    {"n" is of type number, not string}
    {array a c}   {there is no "c" in "a"}
    {array z}     {there is no "z" in the whole}
    {number n x}  {"n" is of type number, not object}
    {array}       {the whole is of type object, not array}
} {
    catch {json::get $value {*}$question} got
    if {$got ne $expected} {
        differ $question $got $expected
    }
}

# What is written is read.
foreach text [list "" "a b" "\"\\/\n\u0001" "\u00e9 {\$x} \[y\]"] {
    takes [json::quote $text] [list string $text]
}

if {$wrong} {
    puts stderr "$wrong wrong"
    exit 1
}
