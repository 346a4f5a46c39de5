// Stands at the end of datapath, of which the parts up to the FIFOs, settings and steering are cut off: their outputs are free here, but for what is
// assumed below (docs/formal.md says which of it is proved). So this is the way from numbers and rows to the output stream, with the datapath's own wiring:
// numberer, history, frame_queue, scheduler, assembler, output_fifo. It is compared with a reference written from the wire format.
//
// Instance: rows of profile `source` (4 bytes), 128 bits, so that a word of 64 bytes is four beats and a beat holds four rows. The sink stalls in
// any cycle; each frame has settings of its own.
//
// These blocks move payload, rows, timestamps, flags and tid without looking at them. So colours are enough: one frame and one beat, whichever, are coloured
// and all others are blank; if each colour comes out where it must and nowhere else, then so does everything.

localparam FRAMES = 4;
localparam BEATS = 8;
localparam [31:0] ROW = 32'h1234_5aff;
localparam [95:0] TIME = {1'b1, 94'h1234, 1'b1};
localparam [7:0] ID = 8'ha5;
localparam [15:0] KEEP = 16'h00ff;

// ---- what goes in: of each frame and beat, by their number ---------------------------------------------------------------------------

(* anyconst *) reg [FRAMES-1:0] in_sequence; // whether a frame is sequenced
(* anyconst *) reg [FRAMES-1:0] two_words;   // whether its prefix has two words, else one
(* anyconst *) reg [2*FRAMES-1:0] core_of;   // its core
(* anyconst *) reg [2*FRAMES-1:0] cores_of;  // k, less one
(* anyconst *) reg [BEATS-1:0] last;         // whether a beat is its frame's last
(* anyconst *) reg [BEATS-1:0] flags;        // bit 0 of its tuser
(* anyconst *) reg [5:0] first_epoch;
(* anyconst *) reg [8:0] other_queue;
(* anyconst *) reg [1:0] coloured_frame;
(* anyconst *) reg [2:0] coloured_beat;

reg [2:0] numbered_frames = 3'd0;
reg [3:0] promised = 4'd0, popped = 4'd0;
wire [1:0] frame = numbered_frames[1:0];

// A new epoch begins in a cycle of its own, in which no frame is taken: so soon that those before it still wait for their prefixes.
`ifdef SCR_EPOCH
localparam [2:0] BEFORE = 3'd2;      // frames with a number when it begins
reg is_new = 1'b0;                   // it has begun
wire begins = numbered_frames == BEFORE && !is_new;
always @(posedge clk) is_new <= is_new | begins;
`else
wire is_new = 1'b0, begins = 1'b0;
`endif

always @(posedge clk) begin
    numbered_frames <= numbered_frames + numberer_meta_pop;
    promised <= promised + scheduler_promise;
    popped <= popped + assembler_packet_pop;
end

function [7:0] rows_that_fit(input two);
    rows_that_fit = two ? (28 > `SCR_HISTORY + 1 ? `SCR_HISTORY + 1 : 28) : 12;
endfunction

always @* begin
    assume (!rst);
    assume (!settings_hold);
    // meta_fifo: a frame at any time, in order.
    assume (!meta_fifo_valid || numbered_frames < FRAMES);
    assume (meta_fifo_is_ip == in_sequence[frame] && meta_fifo_info[0] == meta_fifo_is_ip);
    assume (meta_fifo_row == (frame == coloured_frame ? ROW : 32'd0));
    assume (meta_fifo_info[105:1] == {frame == coloured_frame ? {ID, TIME} : 104'd0, 1'b0});
    // beat_fifo: a beat at any time, in order.
    assume (!beat_fifo_available || promised < BEATS);
    assume (beat_fifo_promised_last == last[promised[2:0]]);
    assume (beat_fifo_data == {128{popped == coloured_beat}});
    assume (beat_fifo_flag == flags[popped[2:0]]);
    assume (beat_fifo_keep == (popped == coloured_beat ? KEEP : 16'hffff));
    // settings: any valid configuration, for each frame another.
    assume (settings_enable == !begins && settings_new_epoch == begins && !settings_sequence_all);
    assume (settings_cores == {6'd0, cores_of[2*frame +: 2]} + 8'd1 && settings_core == {6'd0, core_of[2*frame +: 2]});
    assume (settings_prefix_words == (two_words[frame] ? 8'd2 : 8'd1));
    assume (settings_last_prefix_beat == (two_words[frame] ? 8'd7 : 8'd3));
    assume (settings_max_valid_rows == rows_that_fit(two_words[frame]));
    assume (settings_default_queue == other_queue && settings_epoch == first_epoch + is_new);
    // steering: some queue for each core.
    assume (steering_queue == {2'b10, ~numberer_steer_core});
end

// Two runs of traffic, in which the source is always ahead: they reach further than a source that may do anything.
`ifdef SCR_MIXED
// One beat; passed by, two beats; a prefix of two words and one beat; what is left.
always @* assume (in_sequence == 4'b1101 && two_words == 4'b0100 && last == 8'b1000_1101);
`endif
`ifdef SCR_ROWS
// Three sequenced frames, of one, one and two beats.
always @* assume (in_sequence == 4'b0111 && two_words == 4'b0000 && last == 8'b1111_1011);
`endif
`ifdef SCR_EPOCH
// Three sequenced frames, of one, one and two beats; the first two in the epoch before.
always @* assume (in_sequence == 4'b0111 && two_words == 4'b0000 && last == 8'b1111_1011);
`endif
`ifndef SCR_ANY
always @* assume (meta_fifo_valid == (numbered_frames < FRAMES && !begins) && beat_fifo_available == (promised < BEATS));
`endif

// ---- what must come out --------------------------------------------------------------------------------------------------------------

reg [2:0] out_frame = 3'd0;
reg [3:0] out_beats = 4'd0;          // of all packets
reg in_packet = 1'b0;                // the prefix of this frame is out
reg [2:0] prefix_beat = 3'd0;
reg [2:0] sequenced = 3'd0;          // frames of this epoch so far: the number of the next one
reg coloured_is_out = 1'b0;          // the coloured frame has been sequenced in this epoch
reg [2:0] coloured_number = 3'd0;

wire [1:0] out = out_frame[1:0];
wire is_prefix = in_sequence[out] & ~in_packet;
wire out_colour = out_frame == coloured_frame;
wire [7:0] out_core = core_of[2*out +: 2];
wire [7:0] out_cores = {6'd0, cores_of[2*out +: 2]} + 8'd1;
wire [7:0] out_words = two_words[out] ? 8'd2 : 8'd1;
`ifdef SCR_EPOCH
wire out_is_new = out_frame >= BEFORE, ends_epoch = out_frame + 3'd1 == BEFORE;
`else
wire out_is_new = 1'b0, ends_epoch = 1'b0;
`endif
wire [5:0] out_epoch = first_epoch + out_is_new;
wire [7:0] rows_so_far = sequenced + 8'd1;
wire [7:0] valid_rows = rows_so_far > rows_that_fit(two_words[out]) ? rows_that_fit(two_words[out]) : rows_so_far;

// Section 2, first byte in the lowest bits.
wire [127:0] expected_header = {
    8'h02, valid_rows, 16'hb588,                               // row_log2, valid_rows, EtherType
    5'd0, sequenced, 32'd0,                                    // seq
    out_epoch, 2'b10, out_core, out_cores, out_words,          // epoch, core, cores, prefix_words
    8'h01, 8'h01, 8'h02                                        // profile, version, destination MAC
};

// Section 1: row i is that of the frame sequenced i places earlier in the epoch; all others are blank, and behind the valid rows there is nothing.
wire coloured_row = out_colour | coloured_is_out;
wire [7:0] coloured_place = out_colour ? 8'd0 : sequenced - coloured_number;

function [31:0] expected_row(input [7:0] i);
    expected_row = i < valid_rows && coloured_row && i == coloured_place ? ROW : 32'd0;
endfunction

wire [7:0] slot = 8'd4 * (prefix_beat - 3'd1);
wire [127:0] expected_rows = {expected_row(slot + 8'd3), expected_row(slot + 8'd2), expected_row(slot + 8'd1), expected_row(slot)};
wire last_of_prefix = prefix_beat == (two_words[out] ? 3'd7 : 3'd3);

always @(posedge clk) begin
    if (m_axis_tvalid & m_axis_tready) begin
        if (is_prefix) begin
            prefix_beat <= last_of_prefix ? 3'd0 : prefix_beat + 3'd1;
            in_packet <= last_of_prefix;
        end else begin
            out_beats <= out_beats + 4'd1;
            if (last[out_beats[2:0]]) begin
                out_frame <= out_frame + 3'd1;
                in_packet <= 1'b0;
                if (ends_epoch) begin
                    sequenced <= 3'd0;
                    coloured_is_out <= 1'b0;
                end else if (in_sequence[out]) begin
                    sequenced <= sequenced + 3'd1;
                    if (out_colour) begin
                        coloured_is_out <= 1'b1;
                        coloured_number <= sequenced;
                    end
                end
            end
        end
    end
end

always @* begin
    if (m_axis_tvalid) begin
        no_frame_before_its_number: assert (out_frame < numbered_frames);
        timestamp_of_the_frame: assert (m_axis_tuser[96:1] == (out_colour ? TIME : 96'd0));
        tid_of_the_frame: assert (m_axis_tid == (out_colour ? ID : 8'd0));
        tdest_of_core_or_default: assert (m_axis_tdest == (in_sequence[out] ? {2'b10, ~out_core[6:0]} : other_queue));
        if (is_prefix) begin
            no_flag_beside_a_prefix: assert (!m_axis_tuser[0]);
            prefix_is_whole_beats: assert (m_axis_tkeep == 16'hffff && !m_axis_tlast);
            if (prefix_beat == 3'd0)
                header_of_the_format: assert (m_axis_tdata == expected_header);
            else
                rows_newest_first: assert (m_axis_tdata == expected_rows);
        end else begin
            no_beat_before_it_is_taken: assert (out_beats < popped);
            packet_unaltered: assert (m_axis_tdata == {128{out_beats == coloured_beat}});
            flag_of_the_beat: assert (m_axis_tuser[0] == flags[out_beats[2:0]]);
            packet_keeps_its_bytes: assert (m_axis_tkeep == (out_beats == coloured_beat ? KEEP : 16'hffff));
            packet_ends_where_it_ended: assert (m_axis_tlast == last[out_beats[2:0]]);
        end
    end
end

// What must be possible within the bound, or the above says little.
`ifdef SCR_COVER
reg stalled = 1'b0;

always @(posedge clk) stalled <= stalled | (m_axis_tvalid & ~m_axis_tready);

`ifdef SCR_MIXED
always @* all_but_the_last_are_out: cover (out_frame == 3'd3 && sequenced == 3'd2 && stalled);
`endif
`ifdef SCR_ROWS
always @* the_oldest_of_three_rows: cover (m_axis_tvalid && is_prefix && prefix_beat == 3'd1 && coloured_row && coloured_place == 8'd2 && stalled);
`endif
`ifdef SCR_EPOCH
always @* the_last_before_and_the_first_behind: cover (m_axis_tvalid && is_prefix && prefix_beat == 3'd1 && out_frame == BEFORE && coloured_row && stalled);
`endif
`ifdef SCR_ANY
always @* a_packet_behind_its_prefix: cover (m_axis_tvalid && in_packet);
`endif
`endif
