// Stands at the end of settings: what is in force is always a valid configuration, put in force as a whole, and cores rotate.

// The registers give none that is not valid (proved of them), and a frame is numbered only when that is allowed (proved of numberer).
function [15:0] rows_that_fit(input [7:0] words);
    reg [15:0] row_bytes, before_rows, rows;
    begin
        row_bytes = 16'd1 << `SCR_ROW_LOG2;
        before_rows = row_bytes > 16 ? row_bytes : 16'd16;
        rows = (16'd64 * words - before_rows) >> `SCR_ROW_LOG2;
        if (rows > `SCR_HISTORY + 1)
            rows = `SCR_HISTORY + 1;
        rows_that_fit = rows > 255 ? 16'd255 : rows;
    end
endfunction

function is_valid(input [7:0] k, input [7:0] words);
    is_valid = k >= 1 && k <= `SCR_MAX_CORES
        && words >= 1 && words <= 63 && (`SCR_WIDTH != 1024 || !words[0])
        && k <= rows_that_fit(words);
endfunction

always @* begin
    assume (is_valid(cfg_cores, {2'd0, cfg_prefix_words}));
    assume (!numbered || (enable && !hold));
end

// ---- what is in force ------------------------------------------------------------------------------------------------------------

reg began = 1'b0;                    // something has been put in force
reg was_reset = 1'b0;
reg [7:0] was_cores = 8'd0;
reg was_hold = 1'b0, was_enable = 1'b0;
reg [5:0] was_epoch = 6'd0;

always @(posedge clk) begin
    began <= began | take;
    was_reset <= rst;
    was_cores <= cores;
    was_hold <= hold;
    was_enable <= enable;
    was_epoch <= epoch;
end

always @* begin
    if (enable)
        only_after_the_first: assert (began);
    if (began) begin
        in_force_is_valid: assert (is_valid(cores, prefix_words));
        beats_of_that_b: assert (last_prefix_beat == 512 * prefix_words / `SCR_WIDTH - 1);
        rows_of_that_b: assert (max_valid_rows == rows_that_fit(prefix_words));
    end
end

// ---- cores rotate: after c comes (c + 1) mod k, k being that of the frame that gets the core ------------------------------------------

reg any = 1'b0;                      // a frame has been numbered in this epoch
reg [7:0] last_core = 8'd0;          // and had this core

always @(posedge clk) begin
    if (numbered) begin
        any <= 1'b1;
        last_core <= core;
    end
    if (rst || new_epoch)
        any <= 1'b0;
end

wire [7:0] after_last = any ? last_core + 8'd1 : 8'd0;

always @* begin
    if (numbered) begin
        next_core_in_rotation: assert (core == after_last % cores);
        core_below_k: assert (core < cores);
    end
end

// ---- epochs: one more for each reset that does not come with power, and each time that enable comes into force -------------------------

reg powered = 1'b0;                  // it has been without reset
reg reset_begins = 1'b0;             // in the cycle before, and not with power

always @(posedge clk) begin
    powered <= powered | ~rst;
    reset_begins <= rst && !was_reset && powered;
end

always @* begin
    if (reset_begins)
        a_reset_starts_one: assert (epoch == was_epoch + 6'd1);
    else if (enable && !was_enable)
        enabling_starts_one_or_none: assert (epoch == was_epoch || epoch == was_epoch + 6'd1);
    else
        nothing_else_does: assert (epoch == was_epoch);
    if (new_epoch)
        new_epoch_comes_with_enable: assert (next_enable_reg && !enable);
end

// ---- for the induction only --------------------------------------------------------------------------------------------------------

`ifndef SCR_BROKEN
always @* begin
    tie_reset: assert (powered_reg == powered && in_reset_reg == was_reset);
    tie_any: assert (!any || last_core < 8'd128);
    tie_last: assert (last_plus_one_reg == after_last);
    tie_phase: assert (phase_reg <= LAST_PHASE && holding_reg == (phase_reg != 5'd0));
    tie_after: assert (after_next_reg == next_core_reg + 8'd1 || !began);
    tie_wraps: assert (!began || after_wraps_reg == (after_next_reg == cores));
    tie_core: assert (!began || next_core_reg == after_last % cores);
    tie_one: assert (!began || (now_is_one_reg == (cores == 8'd1) && now_less_two_reg == cores - 8'd2));
    tie_began: assert (began || (!in_force_reg && !enable && cores == 8'd0 && !any));
    tie_next: assert (!next_valid_reg || is_valid(next_cores_reg, next_prefix_words_reg));
    tie_differs: assert (differs_reg == (next_cores_reg != now_cores_reg));
end
`endif
