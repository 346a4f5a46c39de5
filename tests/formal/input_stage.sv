// Stands at the end of input_stage: each beat that is taken stands in the registers in the next cycle, unaltered, and nothing else does.

localparam BITS = `SCR_WIDTH + `SCR_WIDTH / 8 + 106;
wire [BITS-1:0] comes = {s_tdata, s_tkeep, s_tlast, s_tuser, s_tid};
reg taken = 1'b0, had_space = 1'b0;
reg [BITS-1:0] beat;

always @(posedge clk) begin
    taken <= s_tvalid & s_tready & ~rst;
    beat <= comes;
    had_space <= space & ~rst;
end

always @* begin
    a_beat_for_each_that_is_taken: assert (valid == taken);
    if (valid)
        beat_unaltered: assert ({data, keep, last, timestamp, flag, id} == beat);
    taken_only_with_space: assert (s_tready == had_space);
end
