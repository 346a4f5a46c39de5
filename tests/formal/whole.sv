// Stands at the end of the top module. From the input port to the output port there is nothing but the hardware as it is; only the register block is taken out, and
// its outputs are a valid configuration, any but for B, that stays. The output stream is compared beat for beat with one that is made here from the input
// stream, as the wire format has it: prefix ‖ frame.
//
// Instance: rows of profile `source` (4 bytes), 128 bits, so that a word of 64 bytes is four beats and a beat holds four rows.
//
// A proof fixes (docs/formal.md has the list): SCR_BEATS, the beats that come in, one in every cycle in which they are taken; SCR_LAST, which of them are their
// frame's last; SCR_WORDS, B; and, where they are defined, SCR_IP, which frames are IP, SCR_PLAIN, contents, SCR_READY, that the sink never stalls. What is
// fixed is driven (given_x drives x), not assumed: so it is a constant before the solver sees it.

localparam FRAMES = 4;
localparam BEATS = 16;
localparam OUT = 32;

// ---- what goes in -----------------------------------------------------------------------------------------------------------------------

reg [7:0] cycle = 8'd0;
always @(posedge clk) cycle <= cycle + 8'd1;

// The configuration, and a word of the steering table, written before any frame is numbered.
(* anyconst *) reg [7:0] k;
(* anyconst *) reg [8:0] other_queue, steered_queue;
(* anyconst *) reg [1:0] steered;
(* anyseq *) reg [6:0] any_core;
wire [5:0] words = `SCR_WORDS;

// Section 3: rows that a prefix holds; the history has N besides the packet's own.
wire [11:0] slots = 12'd16 * words - 12'd4;
wire [7:0] most_rows = slots > `SCR_HISTORY + 1 ? `SCR_HISTORY + 1 : slots;
always @* assume (k >= 1 && k <= `SCR_MAX_CORES && k <= most_rows);

wire given_rst = cycle == 8'd0;
wire given_registers_enable = 1'b1;
wire given_registers_sequence_all = 1'b0;
wire [7:0] given_registers_cores = k;
wire [5:0] given_registers_prefix_words = words;
wire [8:0] given_registers_default_queue = other_queue;
wire given_registers_steer_write = cycle == 8'd4;
wire [6:0] given_registers_steer_write_core = steered;
wire [8:0] given_registers_steer_write_queue = steered_queue;
wire [6:0] given_registers_steer_read_core = any_core;

reg [4:0] in_beats = 5'd0;          // beats taken
reg [3:0] beat = 4'd0;              // of them, of this frame, no further than the window
reg [2:0] in_frames = 3'd0;         // frames of which the window is complete
reg [2:0] in_numbers = 3'd0;        // of them, those that are sequenced
wire [BEATS-1:0] last = `SCR_LAST;
`ifdef SCR_IP
wire [FRAMES-1:0] ip_frames = `SCR_IP;
`else
(* anyconst *) reg [FRAMES-1:0] ip_frames;
`endif
wire taken = s_axis_tvalid & s_axis_tready;

wire given_s_axis_tvalid = in_beats < `SCR_BEATS;
wire given_s_axis_tlast = last[in_beats[3:0]];

// tkeep is full but on the last beat, where a frame has its first bytes.
(* anyseq *) reg [4:0] bytes_of_last;
wire [15:0] given_s_axis_tkeep = s_axis_tlast ? ~(16'hffff << bytes_of_last) : 16'hffff;

`ifdef SCR_PLAIN
// Each beat has its number in every byte, but for what makes an IPv4 header; so all differ, and so do rows, tuser and tid.
wire [7:0] mark = {3'b100, in_beats};
wire [127:0] given_s_axis_tdata = beat == 4'd0 ? {mark, ip_frames[in_frames[1:0]] ? 24'h450008 : 24'd0, {12{mark}}} : {16{mark}};
wire [96:0] given_s_axis_tuser = {12{mark}};
wire [7:0] given_s_axis_tid = mark;
`else
(* anyseq *) reg [127:0] given_s_axis_tdata;
(* anyseq *) reg [96:0] given_s_axis_tuser;
(* anyseq *) reg [7:0] given_s_axis_tid;
`endif

`ifdef SCR_READY
wire given_m_axis_tready = 1'b1;
`else
(* anyseq *) reg given_m_axis_tready;
`endif

// ---- what is known of frames when their window is complete ---------------------------------------------------------------------------------

reg [1023:0] bytes = 1024'd0;
reg [127:0] have = 128'd0;
reg [104:0] first;

// The frame as it is with this beat.
wire [1023:0] window = (beat == 4'd0 ? 1024'd0 : bytes) | (beat < 4'd8 ? {896'd0, s_axis_tdata} << {beat[2:0], 7'd0} : 1024'd0);
wire [127:0] present = (beat == 4'd0 ? 128'd0 : have) | (beat < 4'd8 ? {112'd0, s_axis_tkeep} << {beat[2:0], 4'd0} : 128'd0);
wire [104:0] of_first = beat == 4'd0 ? {s_axis_tid, s_axis_tuser} : first;
wire [96:0] user = of_first[96:0];
wire is_complete = taken && beat < 4'd8 && (s_axis_tlast || beat == 4'd7);
`include "row.sv"
wire is_sequenced = ipv4;
`ifdef SCR_IP
// Which frames are IP is fixed, but not by what they are, or are not.
always @* assume (!is_complete || ipv4 == ip_frames[in_frames[1:0]]);
`endif

// Of frames and beats, by their number; rows by sequence number.
reg [FRAMES-1:0] in_sequence, is_ip;
reg [103:0] id_and_time_of [0:FRAMES-1];
reg [31:0] parsed [0:FRAMES-1];
reg [31:0] row_of [0:FRAMES-1];
reg [143:0] data_of [0:BEATS-1];
reg [BEATS-1:0] flag_of;             // tuser, bit 0

always @(posedge clk) begin
    if (taken) begin
        data_of[in_beats[3:0]] <= {s_axis_tkeep, s_axis_tdata};
        flag_of[in_beats[3:0]] <= s_axis_tuser[0];
        in_beats <= in_beats + 5'd1;
        beat <= s_axis_tlast ? 4'd0 : beat < 4'd8 ? beat + 4'd1 : beat;
        bytes <= window;
        have <= present;
        first <= of_first;
    end
    if (is_complete) begin
        in_frames <= in_frames + 3'd1;
        in_sequence[in_frames[1:0]] <= is_sequenced;
        is_ip[in_frames[1:0]] <= ipv4;
        id_and_time_of[in_frames[1:0]] <= of_first[104:1];
        parsed[in_frames[1:0]] <= expected_row;
        if (is_sequenced) begin
            row_of[in_numbers[1:0]] <= expected_row;
            in_numbers <= in_numbers + 3'd1;
        end
    end
end

// ---- what must come out: made a beat a cycle, as soon as it is known ------------------------------------------------------------------------

reg [2:0] frames = 3'd0;             // finished
reg [4:0] beats = 5'd0;              // of their packets
reg [5:0] made = 6'd0;               // beats of output
reg in_packet = 1'b0;                // the prefix of this frame is made
reg [7:0] prefix_beat = 8'd0;
reg [2:0] number = 3'd0;             // of the next frame that is sequenced
reg [7:0] core = 8'd0;               // and its core
reg [1:0] kind_of_out [0:OUT-1];     // 0: of a packet, 1: header, 2: rows
reg [143:0] data_of_out [0:OUT-1];
reg [OUT-1:0] last_of_out;
reg [113:0] side_of_out [0:OUT-1];   // tdest, tid and tuser: timestamp of the frame, flag of the beat

wire [1:0] frame_now = frames[1:0];
wire makes_prefix = in_sequence[frame_now] & ~in_packet;
wire makes = frames < in_frames && (makes_prefix || beats < in_beats) && made < OUT;
wire last_of_prefix = prefix_beat == 8'd4 * words - 8'd1;
wire [7:0] valid_rows = number + 8'd1 < most_rows ? number + 8'd1 : most_rows;
wire [8:0] queue = !in_sequence[frame_now] ? other_queue : core == steered ? steered_queue : {1'b0, core};

// Section 2, first byte in the lowest bits.
wire [127:0] header_now = {
    8'h02, valid_rows, 16'hb588,                               // row_log2, valid_rows, EtherType
    5'd0, number, 32'd0,                                       // seq
    8'h02, core, k, {2'd0, words},                             // epoch 0, core, cores, prefix_words
    8'h01, 8'h01, 8'h02                                        // profile, version, destination MAC
};

// Section 1: row i is that of the frame sequenced i places earlier; behind the valid rows there is nothing.
function [31:0] row_at(input [9:0] i);
    row_at = i < valid_rows ? row_of[number[1:0] - i[1:0]] : 32'd0;
endfunction

wire [9:0] slot = 10'd4 * (prefix_beat - 8'd1);
wire [127:0] rows_now = {row_at(slot + 10'd3), row_at(slot + 10'd2), row_at(slot + 10'd1), row_at(slot)};

always @(posedge clk) begin
    if (makes) begin
        made <= made + 6'd1;
        kind_of_out[made[4:0]] <= !makes_prefix ? 2'd0 : prefix_beat == 8'd0 ? 2'd1 : 2'd2;
        data_of_out[made[4:0]] <= !makes_prefix ? data_of[beats[3:0]] : {16'hffff, prefix_beat == 8'd0 ? header_now : rows_now};
        last_of_out[made[4:0]] <= !makes_prefix && last[beats[3:0]];
        side_of_out[made[4:0]] <= {queue, id_and_time_of[frame_now], !makes_prefix && flag_of[beats[3:0]]};
        if (makes_prefix) begin
            prefix_beat <= last_of_prefix ? 8'd0 : prefix_beat + 8'd1;
            in_packet <= last_of_prefix;
        end else begin
            beats <= beats + 5'd1;
            if (last[beats[3:0]]) begin
                frames <= frames + 3'd1;
                in_packet <= 1'b0;
                if (in_sequence[frame_now]) begin
                    number <= number + 3'd1;
                    core <= core + 8'd1 == k ? 8'd0 : core + 8'd1;
                end
            end
        end
    end
end

// ---- what comes out ---------------------------------------------------------------------------------------------------------------------------

reg [5:0] outs = 6'd0;
always @(posedge clk) outs <= outs + (m_axis_tvalid & m_axis_tready);
wire [1:0] kind = kind_of_out[outs[4:0]];
wire [143:0] expected = data_of_out[outs[4:0]];
wire [113:0] expected_side = side_of_out[outs[4:0]];

always @* begin
    if (m_axis_tvalid) begin
        nothing_that_did_not_come_in: assert (outs < made);
        if (kind == 2'd1)
            header_of_the_format: assert (m_axis_tdata == expected[127:0]);
        if (kind == 2'd2)
            rows_newest_first: assert (m_axis_tdata == expected[127:0]);
        if (kind == 2'd0)
            packet_unaltered: assert (m_axis_tdata == expected[127:0]);
        tkeep_of_the_frame: assert (m_axis_tkeep == expected[143:128]);
        tlast_of_the_frame: assert (m_axis_tlast == last_of_out[outs[4:0]]);
        timestamp_and_tid_of_the_frame: assert ({m_axis_tid, m_axis_tuser[96:1]} == expected_side[104:1]);
        flag_of_the_beat: assert (m_axis_tuser[0] == expected_side[0]);
        tdest_of_core_or_default: assert (m_axis_tdest == expected_side[113:105]);
    end
end

`ifdef SCR_READY
// No loss: with a sink that is always ready, all of it has come out by then.
always @* all_comes_out: assert (cycle < `SCR_ALL_OUT_BY || in_beats == `SCR_BEATS && beats == in_beats && outs == made);
`endif

// ---- on the way: not needed for what is proved, but it is found sooner with it, in cycles before ------------------------------------------------------------------

`ifndef SCR_BROKEN
(* hierconn *) wire \datapath.seen_packet_parser_valid ;
(* hierconn *) wire [31:0] \datapath.seen_packet_parser_row ;
(* hierconn *) wire [105:0] \datapath.seen_packet_parser_info ;
(* hierconn *) wire \datapath.seen_assembler_valid , \datapath.seen_assembler_last , \datapath.seen_output_fifo_returned ;
(* hierconn *) wire [127:0] \datapath.seen_assembler_data ;
(* hierconn *) wire [15:0] \datapath.seen_assembler_keep ;
(* hierconn *) wire [96:0] \datapath.seen_assembler_user ;
(* hierconn *) wire [7:0] \datapath.seen_assembler_id ;
(* hierconn *) wire [8:0] \datapath.seen_assembler_dest ;
(* hierconn *) wire \datapath.seen_numberer_row_write ;
(* hierconn *) wire [13:0] \datapath.seen_numberer_row_place ;
reg [2:0] rows = 3'd0, placed = 3'd0;
reg [5:0] written = 6'd0, loads = 6'd0;

always @(posedge clk) begin
    rows <= rows + \datapath.seen_packet_parser_valid ;
    placed <= placed + \datapath.seen_numberer_row_write ;
    written <= written + \datapath.seen_assembler_valid ;
    loads <= loads + \datapath.seen_output_fifo_returned ;
end

always @* begin
    if (\datapath.seen_packet_parser_valid ) begin
        assert (rows < in_frames);
        tie_row: assert (\datapath.seen_packet_parser_row == parsed[rows[1:0]] && \datapath.seen_packet_parser_info [0] == is_ip[rows[1:0]]);
    end
    if (\datapath.seen_numberer_row_write )
        tie_place: assert (\datapath.seen_numberer_row_place == placed);
    if (\datapath.seen_assembler_valid ) begin
        assert (written < made);
        tie_data: assert ({\datapath.seen_assembler_keep , \datapath.seen_assembler_data } == data_of_out[written[4:0]]);
        tie_side: assert ({\datapath.seen_assembler_dest , \datapath.seen_assembler_id , \datapath.seen_assembler_user } == side_of_out[written[4:0]]);
        tie_last: assert (\datapath.seen_assembler_last == last_of_out[written[4:0]]);
    end
    tie_out: assert (loads == outs + m_axis_tvalid);
end
`endif

`ifdef SCR_COVER
reg stalled = 1'b0;
always @(posedge clk) stalled <= stalled | (m_axis_tvalid & ~m_axis_tready);
always @* all_out: cover (in_beats == `SCR_BEATS && beats == in_beats && outs == made && number == 3'd2 && stalled);
`endif
