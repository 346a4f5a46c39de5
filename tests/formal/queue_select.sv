// Stands at the end of queue_select: bit 8 of tdest is chosen when a frame's first beat is offered and stays to its end; the others are the queue.
// The stream is one that keeps the rules (proved of it by stream), and its queue is a frame's.

reg waits = 1'b0, begun = 1'b0;                  // a beat was offered and not taken; a frame was offered and is not out
reg was_last;
reg [8:0] was_queue, was_tdest;
always @* begin
    if (waits)
        assume (tvalid && tlast == was_last);
    if (begun)
        assume (queue == was_queue);
end

always @(posedge clk) begin
    waits <= tvalid & ~tready & ~rst;
    was_last <= tlast;
    if (tvalid) begin
        begun <= ~(tready & tlast);
        was_queue <= queue;
        was_tdest <= tdest;
    end
    if (rst)
        begun <= 1'b0;
end

always @* begin
    if (tvalid)
        queue_is_told: assert (tdest[7:0] == queue[7:0]);
    if (tvalid && !begun)
        chosen_at_the_first_beat: assert (tdest[8] == ~indirect);
    if (tvalid && begun)
        tdest_is_constant: assert (tdest == was_tdest);
end

`ifndef SCR_BROKEN
always @* begin
    tie_inside: assert (inside_reg == begun);
    if (begun)
        tie_kept: assert (kept_reg == ~was_tdest[8] && was_tdest[7:0] == was_queue[7:0]);
end
`endif
