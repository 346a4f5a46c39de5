// Stands at the end of history: what is asked for comes out two cycles later, newest first, each row as it was when it was asked for. One place, whichever, is
// watched. For rows that are narrower than a beat, four to a beat.

localparam ROW = 8 << `SCR_ROW_LOG2;
localparam LANES = 4;
// Places for N rows, the packet's own, and those of frames that may be numbered ahead; a power of two in each lane.
localparam DEPTH = 1 << $clog2((`SCR_HISTORY + 19 + LANES - 1) / LANES);

(* anyconst *) reg [13:0] watched;      // the place, modulo the places
always @* assume (watched < LANES * DEPTH);

// What the scheduler gives (proved of the narrow instance by chain-…).
always @* assume (address_before == address - 9'd1);

reg is_written = 1'b0;
reg [ROW-1:0] the_row;

always @(posedge clk) begin
    if (write && write_place % (LANES * DEPTH) == watched) begin
        is_written <= 1'b1;
        the_row <= write_row;
    end
end

// The newest row that is asked for, and by how many it is newer than the watched one.
wire [13:0] newest = LANES * address + (LANES - 1 - rotation % LANES);
wire [13:0] older = (newest - watched) % (LANES * DEPTH);
reg asked_1 = 1'b0, asked_2 = 1'b0;
reg [1:0] slot_1, slot_2;
reg [ROW-1:0] row_1, row_2;

always @(posedge clk) begin
    asked_1 <= is_written && older < LANES;
    slot_1 <= older[1:0];
    row_1 <= the_row;
    asked_2 <= asked_1;
    slot_2 <= slot_1;
    row_2 <= row_1;
end

always @* begin
    if (asked_2)
        rows_newest_first: assert (rows[ROW*slot_2 +: ROW] == row_2);
end

`ifndef SCR_BROKEN
(* hierconn *) wire [8:0] \lane_0.seen_watched , \lane_1.seen_watched , \lane_2.seen_watched , \lane_3.seen_watched ;
(* hierconn *) wire [ROW-1:0] \lane_0.seen_word , \lane_1.seen_word , \lane_2.seen_word , \lane_3.seen_word ;
wire [1:0] lane = 2'd3 - watched[1:0];

always @* begin
    assume (\lane_0.seen_watched == watched / LANES && \lane_1.seen_watched == watched / LANES);
    assume (\lane_2.seen_watched == watched / LANES && \lane_3.seen_watched == watched / LANES);
    if (is_written)
        tie_word: assert ((lane == 2'd0 ? \lane_0.seen_word : lane == 2'd1 ? \lane_1.seen_word : lane == 2'd2 ? \lane_2.seen_word : \lane_3.seen_word ) == the_row);
end
`endif
