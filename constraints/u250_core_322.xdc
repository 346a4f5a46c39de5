# SPDX-License-Identifier: MIT OR Apache-2.0
# The sequencer out of context on the Alveo U250 (xcu250-figd2104-2-e).
# 322.266 MHz, rounded up: the clock of a 100G MAC.
create_clock -name clk -period 3.103 [get_ports clk]

# The shell's registers in front of and behind the core take half of the period.
set_input_delay -clock clk 1.551 [get_ports -filter {DIRECTION == IN && NAME != "clk"}]
set_output_delay -clock clk 1.551 [get_ports -filter {DIRECTION == OUT}]
