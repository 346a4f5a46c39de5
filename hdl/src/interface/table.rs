//! The list itself.

/// Calls a macro with all ports: the constant that describes each, its name, `clock`, `input` or `output`, its width, and what it
/// means.
macro_rules! with_ports {
    ($then:ident) => {
        $then! {
            CLK clk clock Fixed(1), "Clock.";
            RST rst input Fixed(1), "Synchronous reset.";
            S_AXIS_TDATA s_axis_tdata input Data, "Input stream: data, first byte in the lowest bits.";
            S_AXIS_TKEEP s_axis_tkeep input Keep, "Input stream: valid bytes; all but on the last beat, where they are contiguous from the lowest.";
            S_AXIS_TVALID s_axis_tvalid input Fixed(1), "Input stream: a beat is offered.";
            S_AXIS_TREADY s_axis_tready output Fixed(1), "Input stream: a beat is taken. A register.";
            S_AXIS_TLAST s_axis_tlast input Fixed(1), "Input stream: last beat of a frame.";
            S_AXIS_TUSER s_axis_tuser input Fixed(USER), "Input stream: timestamp (bits 96..1), as it stands on the frame's first beat, and the shell's flag of each beat (bit 0).";
            S_AXIS_TID s_axis_tid input Fixed(ID), "Input stream: source port, as it stands on the frame's first beat.";
            M_AXIS_TDATA m_axis_tdata output Data, "Output stream: data.";
            M_AXIS_TKEEP m_axis_tkeep output Keep, "Output stream: valid bytes.";
            M_AXIS_TVALID m_axis_tvalid output Fixed(1), "Output stream: a beat is offered. A register, as is all of this stream.";
            M_AXIS_TREADY m_axis_tready input Fixed(1), "Output stream: a beat is taken.";
            M_AXIS_TLAST m_axis_tlast output Fixed(1), "Output stream: last beat of a frame.";
            M_AXIS_TUSER m_axis_tuser output Fixed(USER), "Output stream: timestamp (bits 96..1), constant over a frame, and the shell's flag of each beat (bit 0; 0 beside a prefix).";
            M_AXIS_TID m_axis_tid output Fixed(ID), "Output stream: source port; constant over a frame.";
            M_AXIS_TDEST m_axis_tdest output Fixed(DEST), "Output stream: receive queue; constant over a frame.";
            S_AXIL_AWADDR s_axil_awaddr input Fixed(ADDRESS_BITS), "Registers: write address, a byte offset. Its two lowest bits are not looked at.";
            S_AXIL_AWPROT s_axil_awprot input Fixed(3), "Registers: protection of the write. Not looked at.";
            S_AXIL_AWVALID s_axil_awvalid input Fixed(1), "Registers: a write address is offered.";
            S_AXIL_AWREADY s_axil_awready output Fixed(1), "Registers: the write address is taken.";
            S_AXIL_WDATA s_axil_wdata input Fixed(32), "Registers: write data.";
            S_AXIL_WSTRB s_axil_wstrb input Fixed(4), "Registers: write strobes; all four, or nothing is written.";
            S_AXIL_WVALID s_axil_wvalid input Fixed(1), "Registers: write data are offered.";
            S_AXIL_WREADY s_axil_wready output Fixed(1), "Registers: the write data are taken.";
            S_AXIL_BRESP s_axil_bresp output Fixed(2), "Registers: response to a write, OKAY or SLVERR.";
            S_AXIL_BVALID s_axil_bvalid output Fixed(1), "Registers: a response to a write is offered.";
            S_AXIL_BREADY s_axil_bready input Fixed(1), "Registers: the response to a write is taken.";
            S_AXIL_ARADDR s_axil_araddr input Fixed(ADDRESS_BITS), "Registers: read address, a byte offset. Its two lowest bits are not looked at.";
            S_AXIL_ARPROT s_axil_arprot input Fixed(3), "Registers: protection of the read. Not looked at.";
            S_AXIL_ARVALID s_axil_arvalid input Fixed(1), "Registers: a read address is offered.";
            S_AXIL_ARREADY s_axil_arready output Fixed(1), "Registers: the read address is taken.";
            S_AXIL_RDATA s_axil_rdata output Fixed(32), "Registers: data read.";
            S_AXIL_RRESP s_axil_rresp output Fixed(2), "Registers: response to a read, OKAY or SLVERR.";
            S_AXIL_RVALID s_axil_rvalid output Fixed(1), "Registers: data read are offered.";
            S_AXIL_RREADY s_axil_rready input Fixed(1), "Registers: the data read are taken.";
        }
    };
}
pub(crate) use with_ports;
