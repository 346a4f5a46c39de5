// Stands at the end of meta_fifo: a FIFO for any depth of use, of which an entry may be held back. One write, whichever, is watched.

localparam PLACES = $bits(held_reg);

reg [7:0] writes = 8'd0, pops = 8'd0;
wire [7:0] held = writes - pops;

function [3:0] ones(input [7:0] bits);
    ones = bits[0] + bits[1] + bits[2] + bits[3] + bits[4] + bits[5] + bits[6] + bits[7];
endfunction

// What the blocks around it keep (proved by `fifos`): no write when it is full, no pop of what is not there, and entries appear in their order.
always @* begin
    assume (!write || held < PLACES);
    assume (!pop || valid);
    assume (!write || ones(delay) == 4'd1 && pending_reg < delay);
end

always @(posedge clk) begin
    writes <= rst ? 8'd0 : writes + write;
    pops <= rst ? 8'd0 : pops + pop;
end

// The watched write, counted modulo 256: more than the places, so that no two in the FIFO have the same count.
localparam BITS = $bits(write_row) + $bits(write_info);
(* anyconst *) reg [7:0] watched;
reg inside = 1'b0;
reg [BITS-1:0] entry;
reg [3:0] wait_for = 4'd0;     // cycles until it may be seen

always @(posedge clk) begin
    if (pop && pops == watched)
        inside <= 1'b0;
    if (wait_for != 4'd0)
        wait_for <= wait_for - 4'd1;
    if (write && writes == watched) begin
        inside <= 1'b1;
        entry <= {write_row, write_info};
        wait_for <= {1'd0, |delay[7:4], |{delay[7:6], delay[3:2]}, |{delay[7], delay[5], delay[3], delay[1]}};
    end
    if (rst)
        inside <= 1'b0;
end

always @* begin
    if (inside && pops == watched) begin
        entry_in_order: assert ({row, info} == entry);
        ip_or_not: assert (is_ip == entry[0]);
        appears_when_it_may: assert (valid == (wait_for == 4'd0));
    end
    none_when_empty: assert (!valid || held != 8'd0);
end

`ifndef SCR_BROKEN
reg [7:0] appeared = 8'd0;
always @(posedge clk) appeared <= rst ? 8'd0 : appeared + appears;

wire [7:0] visible = appeared - pops, distance = watched - pops, behind = watched - appeared;
wire [7:0] place_of = watched % PLACES;
integer place;
always @* begin
    tie_order: assert (held <= PLACES && visible <= held && writes - appeared == ones(pending_reg));
    tie_pointers: assert (write_pointer_reg == writes % PLACES && read_pointer_reg == pops % PLACES);
    tie_second: assert (held < 2 || second_pointer_reg == (pops + 8'd1) % PLACES);
    for (place = 0; place < PLACES; place = place + 1) begin
        assert (held_reg[place] == (place < held));
        assert (visible_reg[place] == (place < visible));
    end
    if (inside) begin
        tie_inside: assert (distance < held);
        tie_ram: assert ({row_ram_words[place_of], info_ram_words[place_of]} == entry && is_ip_ram_words[place_of] == entry[0]);
        // Its token stands where it has to, behind those of the entries before it.
        tie_waits: assert (wait_for <= 4'd7 && (wait_for == 4'd0) == (distance < visible));
        if (wait_for != 4'd0)
            tie_token: assert (pending_reg[wait_for - 4'd1] && ones(pending_reg & ((9'd1 << (wait_for - 4'd1)) - 9'd1)) == behind);
    end
end
`endif
