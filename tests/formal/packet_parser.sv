// Stands at the end of packet_parser: the row of any frame is that of section 5 of the wire format (row.sv).
// A frame may come in every cycle; its row comes out 7 cycles later.

// A frame has its first bytes, and no others: whatever the window holds behind them is stale.
always @* assume ((present & (present + 128'd1)) == 128'd0);

// The row takes nothing of the flag in bit 0 of tuser, which does not come this way.
wire [96:0] user = {timestamp, 1'b0};
`include "row.sv"

// Seven cycles later.
reg [6:0] comes = 7'd0;
reg [8*(1 << `SCR_ROW_LOG2)-1:0] row_after [0:6];
reg [105:0] info_after [0:6];
integer stage;

always @(posedge clk) begin
    comes <= rst ? 7'd0 : {comes[5:0], window_valid};
    row_after[0] <= expected_row;
    info_after[0] <= {id, timestamp, (ipv4_type || ipv6_type) && !(ipv4 || ipv6), ipv4 || ipv6};
    for (stage = 1; stage < 7; stage = stage + 1) begin
        row_after[stage] <= row_after[stage - 1];
        info_after[stage] <= info_after[stage - 1];
    end
end

always @* begin
    a_row_for_each_frame: assert (valid == comes[6]);
    if (valid) begin
        row_of_the_format: assert (row == row_after[6]);
        ip_or_not: assert (info[0] == info_after[6][0]);
        malformed_or_not: assert (info[1] == info_after[6][1]);
        timestamp_and_tid_travel_along: assert (info[105:2] == info_after[6][105:2]);
    end
end

// For the induction only.
`ifndef SCR_BROKEN
always @* tie_valid: assert (valid_pipe_reg == comes);
`endif
