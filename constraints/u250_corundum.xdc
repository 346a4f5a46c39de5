# SPDX-License-Identifier: MIT OR Apache-2.0
# Corundum on the Alveo U250, with the application block of `scr emit --shell corundum`.
#
# The block stands between rx_fifo_inst and interface_rx_inst of each interface. Corundum places both in SLR1
# (placement_au250.xdc): a block elsewhere would have the wide receive path cross to another die and back.
# What the block passes through are wires, without cells to place, so all of its cells are sequencers and their registers.
create_pblock pblock_scr
add_cells_to_pblock [get_pblocks pblock_scr] [get_cells core_inst/core_inst/core_pcie_inst/core_inst/app.app_block_inst]
resize_pblock [get_pblocks pblock_scr] -add {SLR1}
