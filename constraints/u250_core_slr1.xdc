# SPDX-License-Identifier: MIT OR Apache-2.0
# The sequencer out of context on the Alveo U250: all of it in one die, the one that it has in Corundum.
create_pblock pblock_core
add_cells_to_pblock [get_pblocks pblock_core] -top
resize_pblock [get_pblocks pblock_core] -add {SLR1}
