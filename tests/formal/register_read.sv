// Stands at the end of register_read: its read channels keep the rules of AXI4-Lite for any master, one that breaks the rules included,
// what does not exist reads as 0 with SLVERR, and the two halves of a register of 64 bits belong together.

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

// ---- halves: a high half belongs to the low half of the same register that was read last since the reset, else it is as it is now ---------------------

// One register of 64 bits, whichever, is watched; what counters say is free. Its number counts pairs of words.
(* anyconst *) reg [8:0] watched;
wire is_sent = watched[8:7] == 2'd2;                                                // 0x800: frames sent, for each core
wire is_event = watched[8:3] == 6'd1;                                               // 0x040
wire is_number = watched == 9'd4;                                                   // SEQ, 0x020
wire [7:0] its_slot = is_number ? 8'd8 + `SCR_MAX_CORES : is_sent ? 8'd8 + watched[6:0] : {5'd0, watched[2:0]};
always @* assume (is_number || is_event || (is_sent && watched[6:0] < `SCR_MAX_CORES));

wire answers = rvalid & ~answer_waits;           // first cycle of a response
wire about_it = asked_word[9:1] == watched, is_low = ~asked_word[0];
reg [2:0] cycles = 3'd0;                         // since the request, at most 4
reg is_fresh = 1'b0;                             // the value has been looked at since the request: SEQ in the third cycle, a counter when it is there
reg [63:0] fresh = 64'd0;
reg low_was_read = 1'b0;                         // since the reset
reg [31:0] high_beside = 32'd0;                  // what stood above it

always @(posedge clk) begin
    cycles <= arvalid & arready ? 3'd1 : cycles < 3'd4 ? cycles + 3'd1 : cycles;
    if (arvalid & arready)
        is_fresh <= 1'b0;
    if (request_waits && (is_number ? cycles == 3'd3 : count_read && count_done)) begin
        is_fresh <= 1'b1;
        fresh <= is_number ? {24'd0, next_seq} : {count_high, count_low};
    end
    if (answers && about_it && is_low) begin
        low_was_read <= 1'b1;
        high_beside <= fresh[63:32];
    end
    if (rst)
        low_was_read <= 1'b0;
end

always @* begin
    if (count_read && about_it)
        counter_of_the_register: assert (!is_number && count_slot == its_slot);
    if (answers && about_it) begin
        if (is_low || !low_was_read)
            looked_at_since_the_request: assert (is_fresh);
        if (is_low)
            low_half_as_it_is: assert (rdata == fresh[31:0]);
        else
            high_half_of_the_last_low_one: assert (rdata == (low_was_read ? high_beside : fresh[63:32]));
    end
end

// ---- for the induction only: what ties the state above to the block's ------------------------------------------------------------

`ifndef SCR_BROKEN
wire is_latched = low_was_read | (answers & about_it & is_low);
always @* begin
    tie_latched: assert (latched_reg[its_slot] == is_latched);
    if (is_latched)
        tie_latch: assert (latch_words[its_slot] == (answers && about_it && is_low ? fresh[63:32] : high_beside));
    tie_cycles: assert (!request_waits || cycles == (step_reg == 3'd0 || step_reg > 3'd3 ? 3'd4 : step_reg));
    tie_asks: assert (asks_reg == (step_reg == 3'd4) && (!asks_reg || is_counter_reg && !is_latched_reg));
    if (about_it && request_waits && step_reg != 3'd1) begin
        tie_decoded: assert (slot_reg == its_slot && is_seq_reg == is_number && is_counter_reg == !is_number && is_high_reg == asked_word[0]);
        if (step_reg != 3'd2)
            tie_is_latched: assert (is_latched_reg == (low_was_read && !is_low) || step_reg == 3'd0);
        if (step_reg == 3'd5) begin
            tie_low: assert (!is_low || is_fresh && low_reg == fresh[31:0]);
            tie_high: assert (high_reg == (is_latched_reg ? high_beside : fresh[63:32]) && (is_latched_reg || is_fresh));
        end
    end
    tie_request: assert (request_waits == (step_reg != 3'd0 || response_reg));
    tie_steps: assert (step_reg <= 3'd5 && (step_reg == 3'd0 || !response_reg));
    if (request_waits)
        tie_word: assert (asked_word == word_reg);
end
`endif
