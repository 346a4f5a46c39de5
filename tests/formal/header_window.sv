// Stands at the end of header_window: each frame has one window, with its first 128 bytes, those it has, and timestamp and tid of its first beat. One beat of the window,
// whichever, is watched.

localparam SEGMENTS = 1024 / `SCR_WIDTH;

(* anyconst *) reg [2:0] watched;
always @* assume (watched < SEGMENTS);

// The reference: of the frame that comes in, how many beats came before (no further than the window), and what the watched beat was.
reg [3:0] beats = 4'd0;
reg is_complete = 1'b0;
reg [3:0] falls_short;
reg has_beat = 1'b0;
reg [`SCR_WIDTH-1:0] the_data;
reg [`SCR_WIDTH/8-1:0] the_keep;
reg [103:0] of_first;

always @(posedge clk) begin
    is_complete <= 1'b0;
    if (beat_valid) begin
        beats <= beat_last ? 4'd0 : beats < SEGMENTS ? beats + 4'd1 : beats;
        // The frame's last beat, or the window's: once for each frame.
        is_complete <= beats < SEGMENTS && (beat_last || beats == SEGMENTS - 1);
        falls_short <= SEGMENTS - 1 - beats;
        if (beats == 4'd0)
            of_first <= {beat_time, beat_id};
        if (beats == watched) begin
            has_beat <= 1'b1;
            the_data <= beat_data;
            the_keep <= beat_keep;
        end else if (beats == 4'd0) begin
            has_beat <= 1'b0;
        end
    end
    if (rst) begin
        beats <= 4'd0;
        is_complete <= 1'b0;
    end
end

always @* begin
    a_window_for_each_frame: assert (valid == is_complete);
    if (valid) begin
        bytes_it_has: assert (present[watched * (`SCR_WIDTH / 8) +: `SCR_WIDTH / 8] == (has_beat ? the_keep : {`SCR_WIDTH / 8{1'b0}}));
        if (has_beat)
            first_bytes_of_the_frame: assert (window[watched * `SCR_WIDTH +: `SCR_WIDTH] == the_data);
        timestamp_and_tid_of_the_first_beat: assert ({timestamp, id} == of_first);
        beats_it_falls_short_by: assert (missing_beats == falls_short);
    end
end

`ifndef SCR_BROKEN
// From the first beat of a frame on, until its window is taken.
wire in_window = beats != 4'd0 || is_complete;
always @* begin
    tie_index: assert (beat_index_reg == beats && beats <= SEGMENTS);
    if (in_window) begin
        tie_first: assert ({first_time_reg, first_id_reg} == of_first);
        tie_present: assert (present[watched * (`SCR_WIDTH / 8) +: `SCR_WIDTH / 8] == (has_beat ? the_keep : {`SCR_WIDTH / 8{1'b0}}));
        if (has_beat)
            tie_window: assert (window[watched * `SCR_WIDTH +: `SCR_WIDTH] == the_data);
    end
end
`endif
