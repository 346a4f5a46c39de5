// Stands at the end of assembler: each beat that was scheduled comes out three cycles later. A beat of prefix holds the header, if it is the frame's first, the rows of
// the slots that are to be filled, and 0 elsewhere; any other is the next beat of packet. Timestamp, tid and tdest are the frame's; the flag in bit 0 of tuser comes
// with its beat of packet, and is 0 beside a prefix.

`include "ticket.sv"

localparam SLOT = `SCR_WIDTH / LANES;

// Section 2 of the wire format, first byte in the lowest bits, of what the ticket says; its fields stand in the order of FrameTicket in types.rs.
function [127:0] header_of(input [253:0] ticket);
    reg [39:0] number;
    begin
        number = ticket[132:93];
        header_of = {
            8'd`SCR_ROW_LOG2, ticket[140:133], 16'hb588,                                        // row_log2, valid_rows, EtherType
            number[7:0], number[15:8], number[23:16], number[31:24], number[39:32],             // seq
            ticket[92:87], 2'b10, ticket[86:79], ticket[78:71], ticket[70:63],                  // epoch, core, cores, prefix_words
            8'd`SCR_ROW_LOG2 - 8'd1, 8'h01, 8'h02                                               // profile, version, destination MAC
        };
    end
endfunction

// What was scheduled one, two and three cycles before.
reg [2:0] scheduled = 3'd0;
reg [267:0] beat_1, beat_2, beat_3;
reg [`SCR_WIDTH-1:0] rows_before;
reg [`SCR_WIDTH+`SCR_WIDTH/8-1:0] packet_before;
reg flag_before;

always @(posedge clk) begin
    scheduled <= rst ? 3'd0 : {scheduled[1:0], slot_valid};
    beat_1 <= {slot_prefix, slot_first, slot_before_rows, slot_last, slot_filled, slot_frame};
    beat_2 <= beat_1;
    beat_3 <= beat_2;
    rows_before <= rows;
    packet_before <= {packet_keep, packet_data};
    flag_before <= packet_flag;
end

wire is_prefix = beat_3[267], is_first = beat_3[266], is_before_rows = beat_3[265], is_last = beat_3[264];
wire [9:0] filled = beat_3[263:254];
reg [`SCR_WIDTH-1:0] expected;
integer slot;

always @* begin
    expected = is_first ? header_of(beat_3[253:0]) : 128'd0;
    for (slot = 0; slot < LANES; slot = slot + 1)
        if (slot < filled && !(is_before_rows && slot < HEADER_SLOTS))
            expected[SLOT*slot +: SLOT] = expected[SLOT*slot +: SLOT] | rows_before[SLOT*slot +: SLOT];
end

always @* begin
    a_beat_for_each_scheduled: assert (valid == scheduled[2]);
    a_beat_of_packet_for_each_of_packet: assert (packet_pop == (scheduled[1] & ~beat_2[267]));
    if (valid) begin
        if (is_prefix) begin
            header_and_rows: assert (data == expected);
            prefix_is_whole_beats: assert (&keep);
            no_flag_beside_a_prefix: assert (!user[0]);
        end else begin
            packet_unaltered: assert ({keep, data} == packet_before);
            flag_of_the_beat: assert (user[0] == flag_before);
        end
        last_of_the_frame: assert (last == is_last);
        timestamp_tid_tdest_of_the_frame: assert ({dest, id, user[96:1]} == beat_3[253:141]);
    end
end
