# SPDX-License-Identifier: MIT OR Apache-2.0
# The sequencer out of context on the Alveo U250 (xcu250-figd2104-2-e).
# 340 MHz: the MAC's clock with a margin.
create_clock -name clk -period 2.941 [get_ports clk]

# The shell's registers in front of and behind the core take half of the period.
set_input_delay -clock clk 1.470 [get_ports -filter {DIRECTION == IN && NAME != "clk"}]
set_output_delay -clock clk 1.470 [get_ports -filter {DIRECTION == OUT}]
