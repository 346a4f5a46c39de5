// Stands at the end of the top module. The output stream keeps the rules of AXI4-Stream: what is offered stays as it is until it is
// taken. Only a reset may take an offer back.

reg stream_waits = 1'b0;
reg [`SCR_WIDTH-1:0] stream_tdata;
reg [`SCR_WIDTH/8-1:0] stream_tkeep;
reg stream_tlast;
reg [96:0] stream_tuser;
reg [7:0] stream_tid;
reg [8:0] stream_tdest;

always @(posedge clk) begin
    stream_waits <= m_axis_tvalid & ~m_axis_tready & ~rst;
    stream_tdata <= m_axis_tdata;
    stream_tkeep <= m_axis_tkeep;
    stream_tlast <= m_axis_tlast;
    stream_tuser <= m_axis_tuser;
    stream_tid <= m_axis_tid;
    stream_tdest <= m_axis_tdest;
end

always @* begin
    if (stream_waits) begin
        tvalid_is_held: assert (m_axis_tvalid);
        tdata_is_held: assert (m_axis_tdata == stream_tdata);
        tkeep_is_held: assert (m_axis_tkeep == stream_tkeep);
        tlast_is_held: assert (m_axis_tlast == stream_tlast);
        tuser_is_held: assert (m_axis_tuser == stream_tuser);
        tid_is_held: assert (m_axis_tid == stream_tid);
        tdest_is_held: assert (m_axis_tdest == stream_tdest);
    end
end
