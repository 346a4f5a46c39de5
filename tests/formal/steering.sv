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
reg [2:0] was_asked = 3'd0;                      // one, two and three cycles ago
reg [8:0] expected_a, expected_b, answer;
wire [8:0] expected = is_steered ? its_queue : {2'd0, watched};

always @(posedge clk) begin
    was_asked <= {was_asked[1:0], read_core == watched};
    expected_a <= expected;
    expected_b <= expected_a;
    answer <= expected_b;
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
    if (was_asked[2])
        queue_as_read: assert (read_queue == answer);
end

`ifndef SCR_BROKEN
always @* begin
    tie_steered: assert (steered_reg[watched] == is_steered);
    if (is_steered)
        tie_words: assert (frame_table_words[watched] == its_queue && read_table_words[watched] == its_queue);
    if (was_asked[0])
        tie_a: assert (a_core_reg == watched && expected_a == (a_steered_reg[watched & HIGH_MASK] ? a_word_reg : {2'd0, watched}));
    if (was_asked[1])
        tie_b: assert (b_core_reg == watched && expected_b == (b_is_steered_reg ? b_word_reg : {2'd0, watched}));
end
`endif
