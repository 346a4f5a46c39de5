// Stands at the end of beat_fifo, for fifos.sv: which of the beats it holds are their frames' last.

wire [$bits(held_reg)-1:0] lasts;
genvar lasts_i;
generate
    for (lasts_i = 0; lasts_i < $bits(held_reg); lasts_i = lasts_i + 1)
        assign lasts[lasts_i] = last_ram_words[lasts_i];
endgenerate
