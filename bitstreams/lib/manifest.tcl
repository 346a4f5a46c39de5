# SPDX-License-Identifier: MIT OR Apache-2.0
# The manifest of `scr emit`, and the files that it names.

namespace eval manifest {}

# A dictionary: top, profile, history, width, max_cores and files, whose names have the folder in front. Every file is there.
proc manifest::read_core {folder} {
    set path [file join $folder manifest.json]
    if {![file isfile $path]} {
        error "there is no $path: emit the Verilog with scr emit -o $folder"
    }
    set channel [open $path]
    fconfigure $channel -encoding utf-8
    set text [read $channel]
    close $channel
    if {[catch {core [json::parse $text]} manifest]} {
        error "$path: $manifest"
    }
    set files {}
    foreach name [dict get $manifest files] {
        set file [file join $folder $name]
        if {![file isfile $file]} {
            error "$path names $name, but there is no $file"
        }
        lappend files $file
    }
    dict set manifest files $files
    return $manifest
}

# The entries of a manifest that are used here.
proc manifest::core {value} {
    set shell [json::get $value string shell]
    if {$shell ne "core"} {
        error "this is the block for $shell, which is built in its shell; here the sequencer alone is: scr emit without --shell"
    }
    set result [dict create]
    foreach key {top profile} {
        dict set result $key [json::get $value string $key]
    }
    foreach key {history width max_cores} {
        dict set result $key [json::get $value number $key]
    }
    set files {}
    foreach file [json::get $value array files] {
        lappend files [json::get $file string]
    }
    if {$files eq ""} {
        error "\"files\" is empty"
    }
    dict set result files $files
    return $result
}
