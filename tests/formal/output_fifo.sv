// Stands at the end of output_fifo: a FIFO for any depth of use. One write, whichever, is watched.

localparam PLACES = $bits(stored_reg);

// Beats written, loaded into the output registers, and taken; the scheduler gives no beat for which there is no room (proved by `fifos`).
reg [15:0] writes = 16'd0, loads = 16'd0, outs = 16'd0;
wire [15:0] stored = writes - loads;

always @* assume (!write || stored < PLACES);

always @(posedge clk) begin
    writes <= rst ? 16'd0 : writes + write;
    loads <= rst ? 16'd0 : loads + returned;
    outs <= rst ? 16'd0 : outs + (m_tvalid & m_tready);
end

// The watched write, counted modulo 2^16: more than the places, so that no two in the FIFO have the same count.
localparam BITS = `SCR_WIDTH + `SCR_WIDTH / 8 + 115;
(* anyconst *) reg [15:0] watched;
reg inside = 1'b0;
reg [BITS-1:0] beat;
wire [BITS-1:0] comes = {write_data, write_keep, write_last, write_user, write_id, write_dest};
wire [BITS-1:0] leaves = {m_tdata, m_tkeep, m_tlast, m_tuser, m_tid, m_tdest};

always @(posedge clk) begin
    if (m_tvalid && m_tready && outs == watched)
        inside <= 1'b0;
    if (write && writes == watched) begin
        inside <= 1'b1;
        beat <= comes;
    end
    if (rst)
        inside <= 1'b0;
end

always @* begin
    if (inside && m_tvalid && outs == watched)
        beat_in_order: assert (leaves == beat);
    offered_when_there_is_one: assert (m_tvalid == (loads != outs));
    a_place_is_free_when_said: assert (returned == ((!m_tvalid || m_tready) && stored != 16'd0));
end

`ifndef SCR_BROKEN
wire [15:0] distance = watched - outs, total = writes - outs, waits = loads - outs;
wire [4:0] place_of = watched[4:0];
integer place;
always @* begin
    tie_order: assert (stored <= PLACES && waits <= 16'd1 && total == stored + waits);
    tie_pointers: assert (write_pointer_reg == writes[4:0] && read_pointer_reg == loads[4:0]);
    for (place = 0; place < PLACES; place = place + 1)
        assert (stored_reg[place] == (place < stored));
    if (inside) begin
        tie_inside: assert (distance < total);
        if (distance >= waits)
            tie_ram: assert ({data_ram_words[place_of], keep_ram_words[place_of], last_ram_words[place_of], user_ram_words[place_of],
                id_ram_words[place_of], dest_ram_words[place_of]} == beat);
    end
end
`endif
