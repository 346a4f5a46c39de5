// Stands at the end of scheduler: each ticket gives the beats of its prefix, each with the rows that belong there, and then the beats of its frame, to the last.

`include "ticket.sv"

// The head of the queue stays until it is taken (frame_queue), and says nothing that does not agree (proved of numberer).
reg waits = 1'b0;
reg [253:0] waiting;
always @(posedge clk) begin
    waits <= ticket_valid & ~ticket_pop & ~rst;
    waiting <= ticket;
end
always @* begin
    assume (!waits || (ticket_valid && ticket == waiting));
    assume (!ticket_valid || !ticket[0] || ticket_agrees(ticket));
end

// The reference: beats of prefix that this frame has had; whether those of its packet have begun.
reg [7:0] beats = 8'd0;
reg in_packet = 1'b0;
wire [7:0] left = ticket[10:3];
wire is_prefix = go & ticket_valid & ticket[0] & ~in_packet;
wire is_packet = go & ticket_valid & available & (~ticket[0] | in_packet);
wire [7:0] row = beats / PARTS;                // of rows as wide as a beat or wider: which; of others: which beat of them
wire [9:0] before = LANES * row;               // slots before
wire [9:0] filled = ticket[20:11] > before ? ticket[20:11] - before : 10'd0;
wire [8:0] newest = ticket[39:31] - row;

always @(posedge clk) begin
    if (is_prefix) begin
        beats <= beats + 8'd1;
        in_packet <= beats == left;
    end
    if (is_packet) begin
        beats <= 8'd0;
        in_packet <= ~promised_last;
    end
    if (rst) begin
        beats <= 8'd0;
        in_packet <= 1'b0;
    end
end

// A cycle later.
reg was_prefix = 1'b0, was_packet = 1'b0, was_last, was_first, was_before_rows;
reg [1:0] was_part;
reg [8:0] was_newest;
reg [9:0] was_filled;
reg [253:0] was_ticket;

always @(posedge clk) begin
    was_prefix <= is_prefix & ~rst;
    was_packet <= is_packet & ~rst;
    was_last <= promised_last;
    was_first <= beats == 8'd0;
    was_before_rows <= row == 8'd0;
    was_part <= beats % PARTS;
    was_newest <= newest;
    was_filled <= filled;
    was_ticket <= ticket;
end

always @* begin
    a_beat_of_packet_for_each_promise: assert (promise == is_packet);
    ticket_taken_with_the_last: assert (ticket_pop == (is_packet & promised_last));
    a_beat_when_there_is_one: assert (valid == (was_prefix | was_packet));
    if (valid) begin
        prefix_before_packet: assert (prefix == was_prefix);
        last_of_the_frame: assert (last == (was_packet & was_last));
        ticket_of_the_frame: assert (frame == was_ticket);
    end
    if (was_prefix) begin
        header_in_the_first: assert (first == was_first);
        before_rows_in_the_first: assert (before_rows == was_before_rows);
        part_of_the_row: assert (part == was_part);
        rows_newest_first: assert (address == was_newest && address_before == was_newest - 9'd1);
        slots_still_to_fill: assert (filled_slots == was_filled);
    end
end

`ifndef SCR_BROKEN
wire in_prefix = beats != 8'd0 && !in_packet;
always @* begin
    tie_state: assert (in_prefix_reg == in_prefix && in_packet_reg == in_packet && (!(in_prefix | in_packet) || waits));
    if (in_prefix) begin
        tie_kind: assert (ticket[0] && beats <= left);
        tie_left: assert (left_reg == left - beats + 8'd1 && next_is_last_reg == (beats == left));
        tie_next: assert (next_address_reg == newest && next_filled_reg == filled && next_part_reg == beats % PARTS && next_before_rows_reg == (row == 8'd0));
    end
end
`endif
