// Stands at the end of frame_queue: a FIFO for any depth of use. One write, whichever, is watched.

localparam PLACES = $bits(stored_reg);

// Tickets written, loaded into one of the two registers, and taken.
reg [15:0] writes = 16'd0, loads = 16'd0, pops = 16'd0;
wire [15:0] stored = writes - loads, waits = loads - pops;

// What the blocks around it keep (proved by `fifos`): no write when it is full, no pop of what is not there.
always @* begin
    assume (!write || load || stored < PLACES);
    assume (!pop || valid);
end

always @(posedge clk) begin
    writes <= rst ? 16'd0 : writes + write;
    loads <= rst ? 16'd0 : loads + load;
    pops <= rst ? 16'd0 : pops + pop;
end

// The watched write, counted modulo 2^16: more than the places, so that no two in the queue have the same count.
(* anyconst *) reg [15:0] watched;
reg inside = 1'b0;
reg [$bits(ticket)-1:0] entry;

always @(posedge clk) begin
    if (pop && pops == watched)
        inside <= 1'b0;
    if (write && writes == watched) begin
        inside <= 1'b1;
        entry <= write_ticket;
    end
    if (rst)
        inside <= 1'b0;
end

always @* begin
    if (inside && valid && pops == watched)
        ticket_in_order: assert (ticket == entry);
    valid_when_there_is_one: assert (valid == (loads != pops));
    the_next_comes_forward: assert (load == (waits < 16'd2 && stored != 16'd0));
end

`ifndef SCR_BROKEN
wire [15:0] distance = watched - pops, total = writes - pops;
wire [3:0] place_of = watched[3:0];
integer place;
always @* begin
    tie_order: assert (stored <= PLACES && waits <= 16'd2 && total == stored + waits);
    tie_pointers: assert (write_pointer_reg == writes[3:0] && read_pointer_reg == loads[3:0]);
    tie_registers: assert (head_valid_reg == (waits != 16'd0) && both_valid_reg == (waits == 16'd2) && loads_b_reg == loads[0] && head_is_b_reg == pops[0]);
    for (place = 0; place < PLACES; place = place + 1)
        assert (stored_reg[place] == (place < stored));
    if (inside) begin
        tie_inside: assert (distance < total);
        if (distance < waits)
            tie_head: assert ((watched[0] ? ticket_b_reg : ticket_a_reg) == entry);
        else
            tie_ram: assert (ram_words[place_of] == entry);
    end
end
`endif
