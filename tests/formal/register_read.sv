// Stands at the end of register_read: its read channels keep the rules of AXI4-Lite for any master, one that breaks the rules included, and
// what does not exist reads as 0 with SLVERR.

reg request_waits = 1'b0;                        // taken, and not answered yet
reg [9:0] asked_word = 10'd0;
reg answer_waits = 1'b0, answer_refused = 1'b0;  // offered, and not taken in the cycle before
reg [31:0] answer_data = 32'd0;

always @(posedge clk) begin
    if (arvalid & arready) begin
        request_waits <= 1'b1;
        asked_word <= arword;
    end else if (rvalid & rready) begin
        request_waits <= 1'b0;
    end
    answer_waits <= rvalid & ~rready;
    answer_refused <= rrefused;
    answer_data <= rdata;
    if (rst) begin
        request_waits <= 1'b0;
        answer_waits <= 1'b0;
    end
end

always @* begin
    one_request_at_a_time: assert (!(arready && request_waits));
    if (rvalid)
        no_response_without_request: assert (request_waits);
    if (answer_waits) begin
        rvalid_is_held: assert (rvalid);
        rdata_is_held: assert (rdata == answer_data);
        rresp_is_held: assert (rrefused == answer_refused);
    end
end

wire [11:0] asked = {asked_word, 2'b00};
wire exists = asked < 12'h028
    || (asked >= 12'h040 && asked < 12'h080)
    || (asked >= 12'h400 && asked < 12'h400 + 4 * `SCR_MAX_CORES)
    || (asked >= 12'h800 && asked < 12'h800 + 8 * `SCR_MAX_CORES);

always @* begin
    if (rvalid) begin
        refused_exactly_when_nothing_is_there: assert (rrefused == !exists);
        if (!exists)
            nothing_reads_as_zero: assert (rdata == 32'd0);
    end
end

// For the induction only: what ties the state above to the block's.
`ifndef SCR_BROKEN
always @* begin
    tie_request: assert (request_waits == (step_reg != 3'd0 || response_reg));
    tie_steps: assert (step_reg <= 3'd4 && (step_reg == 3'd0 || !response_reg));
    if (request_waits)
        tie_word: assert (asked_word == word_reg);
end
`endif
