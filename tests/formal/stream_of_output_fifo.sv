// The checks of stream.sv for output_fifo alone, whose ports are those of the top: so a broken copy is refuted in a few cycles.

wire m_axis_tvalid = m_tvalid, m_axis_tready = m_tready, m_axis_tlast = m_tlast;
wire [`SCR_WIDTH-1:0] m_axis_tdata = m_tdata;
wire [`SCR_WIDTH/8-1:0] m_axis_tkeep = m_tkeep;
wire [96:0] m_axis_tuser = m_tuser;
wire [7:0] m_axis_tid = m_tid;
wire [8:0] m_axis_tdest = m_tdest;
`include "stream.sv"
