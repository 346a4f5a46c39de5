# SPDX-License-Identifier: MIT OR Apache-2.0
# The sequencer out of context on the Alveo U250 (xcu250-figd2104-2-e).
# 250 MHz: the core clock of Corundum's and open-nic-shell's user logic.
create_clock -name clk -period 4.000 [get_ports clk]

# The shell's registers in front of and behind the core take half of the period.
set_input_delay -clock clk 2.000 [get_ports -filter {DIRECTION == IN && NAME != "clk"}]
set_output_delay -clock clk 2.000 [get_ports -filter {DIRECTION == OUT}]
