// Stands at the end of steering: a core has the queue that was written for it last since the reset, or else that of its own number. One core, whichever, is watched.

localparam CORES = CORE_MASK + 1;

(* anyconst *) reg [6:0] watched;
always @* begin
    assume (watched < CORES);
    // The registers write no others (register_write).
    assume (!write || write_core < CORES);
end

reg [8:0] its_queue;
reg is_steered = 1'b0;
reg was_asked = 1'b0;
reg [8:0] answer;
wire [8:0] expected = is_steered ? its_queue : {2'd0, watched};

always @(posedge clk) begin
    was_asked <= read_core == watched;
    answer <= expected;
    if (write && write_core == watched) begin
        is_steered <= 1'b1;
        its_queue <= write_queue;
    end
    if (rst)
        is_steered <= 1'b0;
end

always @* begin
    if (core == watched)
        queue_of_the_core: assert (queue == expected);
    if (was_asked)
        queue_as_read: assert (read_queue == answer);
end

`ifndef SCR_BROKEN
always @* begin
    tie_steered: assert (steered_reg[watched] == is_steered);
    if (is_steered)
        tie_words: assert (frame_table_words[watched] == its_queue && read_table_words[watched] == its_queue);
end
`endif
