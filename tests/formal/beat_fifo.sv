// Stands at the end of beat_fifo: a FIFO for any depth of use. One write, whichever, is watched.

localparam PLACES = $bits(held_reg);

// What the blocks around it keep (proved by `fifos`): no write when it is full, no pop and no promise of
// what is not there; a beat is popped only after it was promised.
reg [15:0] writes = 16'd0, promises = 16'd0, pops = 16'd0;
wire [15:0] held = writes - pops, unpromised = writes - promises, in_promise = promises - pops;

always @* begin
    assume (!write || held < PLACES);
    assume (!promise || available);
    assume (!pop || promises != pops);
end

always @(posedge clk) begin
    writes <= rst ? 16'd0 : writes + write;
    promises <= rst ? 16'd0 : promises + promise;
    pops <= rst ? 16'd0 : pops + pop;
end

// The watched write, counted modulo 2^16: more than the places, so that no two in the FIFO have the same count.
(* anyconst *) reg [15:0] watched;
reg inside = 1'b0;
reg [`SCR_WIDTH-1:0] watched_data;
reg [`SCR_WIDTH/8-1:0] watched_keep;
reg watched_flag, watched_last;

always @(posedge clk) begin
    if (pop && pops == watched)
        inside <= 1'b0;
    if (write && writes == watched) begin
        inside <= 1'b1;
        watched_data <= write_data;
        watched_keep <= write_keep;
        watched_flag <= write_flag;
        watched_last <= write_last;
    end
    if (rst)
        inside <= 1'b0;
end

always @* begin
    if (inside && pops == watched) begin
        data_in_order: assert (data == watched_data);
        keep_in_order: assert (keep == watched_keep);
        flag_in_order: assert (flag == watched_flag);
    end
    if (inside && promises == watched && available)
        last_in_order: assert (promised_last == watched_last);
    available_when_there_is_one: assert (available == (writes != promises));
    // space comes a cycle late; four beats may come after it has fallen.
    if (space)
        space_leaves_room: assert (held <= PLACES - 3);
end

`ifndef SCR_BROKEN
wire [15:0] distance = watched - pops;
integer place;
always @* begin
    tie_order: assert (held <= PLACES && in_promise <= held);
    tie_pointers: assert (write_pointer_reg == writes % PLACES && promise_pointer_reg == promises % PLACES && pop_pointer_reg == pops % PLACES);
    tie_inside: assert (inside == 1'b0 || distance < held);
    for (place = 0; place < PLACES; place = place + 1) begin
        assert (held_reg[place] == (place < held));
        assert (unpromised_reg[place] == (place < unpromised));
    end
    if (inside) begin
        tie_data: assert (data_ram_words[watched % PLACES] == watched_data);
        tie_keep: assert (keep_ram_words[watched % PLACES] == watched_keep);
        tie_flag: assert (flag_ram_words[watched % PLACES] == watched_flag);
        tie_last: assert (last_ram_words[watched % PLACES] == watched_last);
    end
end
`endif
