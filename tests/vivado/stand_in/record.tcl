# SPDX-License-Identifier: MIT OR Apache-2.0
# A record of the commands.

namespace eval record {
    variable channel ""
}

proc record::into {path} {
    variable channel [open $path w]
    fconfigure $channel -buffering line
}

proc record::line {text} {
    variable channel
    if {$channel ne ""} {
        puts $channel $text
    }
}
