//! The lists themselves.

/// Calls a macro with all parameters: the name of each, and the expression that is its default.
macro_rules! with_parameters {
    ($then:ident) => {
        $then! {
            IF_COUNT "1";
            PORTS_PER_IF "1";
            SCHED_PER_IF "PORTS_PER_IF";
            PORT_COUNT "IF_COUNT*PORTS_PER_IF";
            CLK_PERIOD_NS_NUM "4";
            CLK_PERIOD_NS_DENOM "1";
            PTP_CLK_PERIOD_NS_NUM "4";
            PTP_CLK_PERIOD_NS_DENOM "1";
            PTP_TS_WIDTH "96";
            PTP_PORT_CDC_PIPELINE "0";
            PTP_PEROUT_ENABLE "0";
            PTP_PEROUT_COUNT "1";
            PTP_TS_ENABLE "1";
            TX_TAG_WIDTH "16";
            MAX_TX_SIZE "9214";
            MAX_RX_SIZE "9214";
            DDR_CH "1";
            DDR_ENABLE "0";
            DDR_GROUP_SIZE "1";
            AXI_DDR_DATA_WIDTH "256";
            AXI_DDR_ADDR_WIDTH "32";
            AXI_DDR_STRB_WIDTH "(AXI_DDR_DATA_WIDTH/8)";
            AXI_DDR_ID_WIDTH "8";
            AXI_DDR_AWUSER_ENABLE "0";
            AXI_DDR_AWUSER_WIDTH "1";
            AXI_DDR_WUSER_ENABLE "0";
            AXI_DDR_WUSER_WIDTH "1";
            AXI_DDR_BUSER_ENABLE "0";
            AXI_DDR_BUSER_WIDTH "1";
            AXI_DDR_ARUSER_ENABLE "0";
            AXI_DDR_ARUSER_WIDTH "1";
            AXI_DDR_RUSER_ENABLE "0";
            AXI_DDR_RUSER_WIDTH "1";
            AXI_DDR_MAX_BURST_LEN "256";
            AXI_DDR_NARROW_BURST "0";
            AXI_DDR_FIXED_BURST "0";
            AXI_DDR_WRAP_BURST "0";
            HBM_CH "1";
            HBM_ENABLE "0";
            HBM_GROUP_SIZE "1";
            AXI_HBM_DATA_WIDTH "256";
            AXI_HBM_ADDR_WIDTH "32";
            AXI_HBM_STRB_WIDTH "(AXI_HBM_DATA_WIDTH/8)";
            AXI_HBM_ID_WIDTH "8";
            AXI_HBM_AWUSER_ENABLE "0";
            AXI_HBM_AWUSER_WIDTH "1";
            AXI_HBM_WUSER_ENABLE "0";
            AXI_HBM_WUSER_WIDTH "1";
            AXI_HBM_BUSER_ENABLE "0";
            AXI_HBM_BUSER_WIDTH "1";
            AXI_HBM_ARUSER_ENABLE "0";
            AXI_HBM_ARUSER_WIDTH "1";
            AXI_HBM_RUSER_ENABLE "0";
            AXI_HBM_RUSER_WIDTH "1";
            AXI_HBM_MAX_BURST_LEN "256";
            AXI_HBM_NARROW_BURST "0";
            AXI_HBM_FIXED_BURST "0";
            AXI_HBM_WRAP_BURST "0";
            APP_ID "32'h12340001";
            APP_CTRL_ENABLE "1";
            APP_DMA_ENABLE "1";
            APP_AXIS_DIRECT_ENABLE "1";
            APP_AXIS_SYNC_ENABLE "1";
            APP_AXIS_IF_ENABLE "1";
            APP_STAT_ENABLE "1";
            APP_GPIO_IN_WIDTH "32";
            APP_GPIO_OUT_WIDTH "32";
            DMA_ADDR_WIDTH "64";
            DMA_IMM_ENABLE "0";
            DMA_IMM_WIDTH "32";
            DMA_LEN_WIDTH "16";
            DMA_TAG_WIDTH "16";
            RAM_SEL_WIDTH "4";
            RAM_ADDR_WIDTH "16";
            RAM_SEG_COUNT "2";
            RAM_SEG_DATA_WIDTH "256*2/RAM_SEG_COUNT";
            RAM_SEG_BE_WIDTH "RAM_SEG_DATA_WIDTH/8";
            RAM_SEG_ADDR_WIDTH "RAM_ADDR_WIDTH-$clog2(RAM_SEG_COUNT*RAM_SEG_BE_WIDTH)";
            RAM_PIPELINE "2";
            AXIL_APP_CTRL_DATA_WIDTH "32";
            AXIL_APP_CTRL_ADDR_WIDTH "16";
            AXIL_APP_CTRL_STRB_WIDTH "(AXIL_APP_CTRL_DATA_WIDTH/8)";
            AXIL_CTRL_DATA_WIDTH "32";
            AXIL_CTRL_ADDR_WIDTH "16";
            AXIL_CTRL_STRB_WIDTH "(AXIL_CTRL_DATA_WIDTH/8)";
            AXIS_DATA_WIDTH "512";
            AXIS_KEEP_WIDTH "AXIS_DATA_WIDTH/8";
            AXIS_TX_USER_WIDTH "TX_TAG_WIDTH + 1";
            AXIS_RX_USER_WIDTH "(PTP_TS_ENABLE ? PTP_TS_WIDTH : 0) + 1";
            AXIS_RX_USE_READY "0";
            AXIS_SYNC_DATA_WIDTH "AXIS_DATA_WIDTH";
            AXIS_SYNC_KEEP_WIDTH "AXIS_SYNC_DATA_WIDTH/8";
            AXIS_SYNC_TX_USER_WIDTH "AXIS_TX_USER_WIDTH";
            AXIS_SYNC_RX_USER_WIDTH "AXIS_RX_USER_WIDTH";
            AXIS_IF_DATA_WIDTH "AXIS_SYNC_DATA_WIDTH*2**$clog2(PORTS_PER_IF)";
            AXIS_IF_KEEP_WIDTH "AXIS_IF_DATA_WIDTH/8";
            AXIS_IF_TX_ID_WIDTH "12";
            AXIS_IF_RX_ID_WIDTH "PORTS_PER_IF > 1 ? $clog2(PORTS_PER_IF) : 1";
            AXIS_IF_TX_DEST_WIDTH "$clog2(PORTS_PER_IF)+4";
            AXIS_IF_RX_DEST_WIDTH "8";
            AXIS_IF_TX_USER_WIDTH "AXIS_SYNC_TX_USER_WIDTH";
            AXIS_IF_RX_USER_WIDTH "AXIS_SYNC_RX_USER_WIDTH";
            STAT_ENABLE "1";
            STAT_INC_WIDTH "24";
            STAT_ID_WIDTH "12";
        }
    };
}
pub(super) use with_parameters;

/// Calls a macro with all ports by groups. A group has a name, and what becomes of it and why; a port its direction, its name, its
/// width, and if it is an output what drives it.
macro_rules! with_groups {
    ($then:ident) => {
        $then! {
            group "clock and reset", "the clock of all behind the FIFOs of the MAC; a synchronous reset, active high" {
                input clk "1";
                input rst "1";
            }
            group "registers of this block", "windows of the sequencers" {
                input s_axil_app_ctrl_awaddr "AXIL_APP_CTRL_ADDR_WIDTH";
                input s_axil_app_ctrl_awprot "3";
                input s_axil_app_ctrl_awvalid "1";
                output s_axil_app_ctrl_awready "1" logic;
                input s_axil_app_ctrl_wdata "AXIL_APP_CTRL_DATA_WIDTH";
                input s_axil_app_ctrl_wstrb "AXIL_APP_CTRL_STRB_WIDTH";
                input s_axil_app_ctrl_wvalid "1";
                output s_axil_app_ctrl_wready "1" logic;
                output s_axil_app_ctrl_bresp "2" logic;
                output s_axil_app_ctrl_bvalid "1" logic;
                input s_axil_app_ctrl_bready "1";
                input s_axil_app_ctrl_araddr "AXIL_APP_CTRL_ADDR_WIDTH";
                input s_axil_app_ctrl_arprot "3";
                input s_axil_app_ctrl_arvalid "1";
                output s_axil_app_ctrl_arready "1" logic;
                output s_axil_app_ctrl_rdata "AXIL_APP_CTRL_DATA_WIDTH" logic;
                output s_axil_app_ctrl_rresp "2" logic;
                output s_axil_app_ctrl_rvalid "1" logic;
                input s_axil_app_ctrl_rready "1";
            }
            group "registers of the NIC", "not accessed: nothing is asked, and an answer would be taken" {
                output m_axil_ctrl_awaddr "AXIL_CTRL_ADDR_WIDTH" low;
                output m_axil_ctrl_awprot "3" low;
                output m_axil_ctrl_awvalid "1" low;
                input m_axil_ctrl_awready "1";
                output m_axil_ctrl_wdata "AXIL_CTRL_DATA_WIDTH" low;
                output m_axil_ctrl_wstrb "AXIL_CTRL_STRB_WIDTH" low;
                output m_axil_ctrl_wvalid "1" low;
                input m_axil_ctrl_wready "1";
                input m_axil_ctrl_bresp "2";
                input m_axil_ctrl_bvalid "1";
                output m_axil_ctrl_bready "1" high;
                output m_axil_ctrl_araddr "AXIL_CTRL_ADDR_WIDTH" low;
                output m_axil_ctrl_arprot "3" low;
                output m_axil_ctrl_arvalid "1" low;
                input m_axil_ctrl_arready "1";
                input m_axil_ctrl_rdata "AXIL_CTRL_DATA_WIDTH";
                input m_axil_ctrl_rresp "2";
                input m_axil_ctrl_rvalid "1";
                output m_axil_ctrl_rready "1" high;
            }
            group "DMA descriptors", "no DMA of this block's own: nothing is asked for" {
                output m_axis_ctrl_dma_read_desc_dma_addr "DMA_ADDR_WIDTH" low;
                output m_axis_ctrl_dma_read_desc_ram_sel "RAM_SEL_WIDTH" low;
                output m_axis_ctrl_dma_read_desc_ram_addr "RAM_ADDR_WIDTH" low;
                output m_axis_ctrl_dma_read_desc_len "DMA_LEN_WIDTH" low;
                output m_axis_ctrl_dma_read_desc_tag "DMA_TAG_WIDTH" low;
                output m_axis_ctrl_dma_read_desc_valid "1" low;
                input m_axis_ctrl_dma_read_desc_ready "1";
                input s_axis_ctrl_dma_read_desc_status_tag "DMA_TAG_WIDTH";
                input s_axis_ctrl_dma_read_desc_status_error "4";
                input s_axis_ctrl_dma_read_desc_status_valid "1";
                output m_axis_ctrl_dma_write_desc_dma_addr "DMA_ADDR_WIDTH" low;
                output m_axis_ctrl_dma_write_desc_ram_sel "RAM_SEL_WIDTH" low;
                output m_axis_ctrl_dma_write_desc_ram_addr "RAM_ADDR_WIDTH" low;
                output m_axis_ctrl_dma_write_desc_imm "DMA_IMM_WIDTH" low;
                output m_axis_ctrl_dma_write_desc_imm_en "1" low;
                output m_axis_ctrl_dma_write_desc_len "DMA_LEN_WIDTH" low;
                output m_axis_ctrl_dma_write_desc_tag "DMA_TAG_WIDTH" low;
                output m_axis_ctrl_dma_write_desc_valid "1" low;
                input m_axis_ctrl_dma_write_desc_ready "1";
                input s_axis_ctrl_dma_write_desc_status_tag "DMA_TAG_WIDTH";
                input s_axis_ctrl_dma_write_desc_status_error "4";
                input s_axis_ctrl_dma_write_desc_status_valid "1";
                output m_axis_data_dma_read_desc_dma_addr "DMA_ADDR_WIDTH" low;
                output m_axis_data_dma_read_desc_ram_sel "RAM_SEL_WIDTH" low;
                output m_axis_data_dma_read_desc_ram_addr "RAM_ADDR_WIDTH" low;
                output m_axis_data_dma_read_desc_len "DMA_LEN_WIDTH" low;
                output m_axis_data_dma_read_desc_tag "DMA_TAG_WIDTH" low;
                output m_axis_data_dma_read_desc_valid "1" low;
                input m_axis_data_dma_read_desc_ready "1";
                input s_axis_data_dma_read_desc_status_tag "DMA_TAG_WIDTH";
                input s_axis_data_dma_read_desc_status_error "4";
                input s_axis_data_dma_read_desc_status_valid "1";
                output m_axis_data_dma_write_desc_dma_addr "DMA_ADDR_WIDTH" low;
                output m_axis_data_dma_write_desc_ram_sel "RAM_SEL_WIDTH" low;
                output m_axis_data_dma_write_desc_ram_addr "RAM_ADDR_WIDTH" low;
                output m_axis_data_dma_write_desc_imm "DMA_IMM_WIDTH" low;
                output m_axis_data_dma_write_desc_imm_en "1" low;
                output m_axis_data_dma_write_desc_len "DMA_LEN_WIDTH" low;
                output m_axis_data_dma_write_desc_tag "DMA_TAG_WIDTH" low;
                output m_axis_data_dma_write_desc_valid "1" low;
                input m_axis_data_dma_write_desc_ready "1";
                input s_axis_data_dma_write_desc_status_tag "DMA_TAG_WIDTH";
                input s_axis_data_dma_write_desc_status_error "4";
                input s_axis_data_dma_write_desc_status_valid "1";
            }
            group "RAM for DMA", "without descriptors nobody comes; who did would be answered at once, with 0, and never wait for this block" {
                input ctrl_dma_ram_wr_cmd_sel "RAM_SEG_COUNT*RAM_SEL_WIDTH";
                input ctrl_dma_ram_wr_cmd_be "RAM_SEG_COUNT*RAM_SEG_BE_WIDTH";
                input ctrl_dma_ram_wr_cmd_addr "RAM_SEG_COUNT*RAM_SEG_ADDR_WIDTH";
                input ctrl_dma_ram_wr_cmd_data "RAM_SEG_COUNT*RAM_SEG_DATA_WIDTH";
                input ctrl_dma_ram_wr_cmd_valid "RAM_SEG_COUNT";
                output ctrl_dma_ram_wr_cmd_ready "RAM_SEG_COUNT" high;
                output ctrl_dma_ram_wr_done "RAM_SEG_COUNT" same ctrl_dma_ram_wr_cmd_valid;
                input ctrl_dma_ram_rd_cmd_sel "RAM_SEG_COUNT*RAM_SEL_WIDTH";
                input ctrl_dma_ram_rd_cmd_addr "RAM_SEG_COUNT*RAM_SEG_ADDR_WIDTH";
                input ctrl_dma_ram_rd_cmd_valid "RAM_SEG_COUNT";
                output ctrl_dma_ram_rd_cmd_ready "RAM_SEG_COUNT" same ctrl_dma_ram_rd_resp_ready;
                output ctrl_dma_ram_rd_resp_data "RAM_SEG_COUNT*RAM_SEG_DATA_WIDTH" low;
                output ctrl_dma_ram_rd_resp_valid "RAM_SEG_COUNT" same ctrl_dma_ram_rd_cmd_valid;
                input ctrl_dma_ram_rd_resp_ready "RAM_SEG_COUNT";
                input data_dma_ram_wr_cmd_sel "RAM_SEG_COUNT*RAM_SEL_WIDTH";
                input data_dma_ram_wr_cmd_be "RAM_SEG_COUNT*RAM_SEG_BE_WIDTH";
                input data_dma_ram_wr_cmd_addr "RAM_SEG_COUNT*RAM_SEG_ADDR_WIDTH";
                input data_dma_ram_wr_cmd_data "RAM_SEG_COUNT*RAM_SEG_DATA_WIDTH";
                input data_dma_ram_wr_cmd_valid "RAM_SEG_COUNT";
                output data_dma_ram_wr_cmd_ready "RAM_SEG_COUNT" high;
                output data_dma_ram_wr_done "RAM_SEG_COUNT" same data_dma_ram_wr_cmd_valid;
                input data_dma_ram_rd_cmd_sel "RAM_SEG_COUNT*RAM_SEL_WIDTH";
                input data_dma_ram_rd_cmd_addr "RAM_SEG_COUNT*RAM_SEG_ADDR_WIDTH";
                input data_dma_ram_rd_cmd_valid "RAM_SEG_COUNT";
                output data_dma_ram_rd_cmd_ready "RAM_SEG_COUNT" same data_dma_ram_rd_resp_ready;
                output data_dma_ram_rd_resp_data "RAM_SEG_COUNT*RAM_SEG_DATA_WIDTH" low;
                output data_dma_ram_rd_resp_valid "RAM_SEG_COUNT" same data_dma_ram_rd_cmd_valid;
                input data_dma_ram_rd_resp_ready "RAM_SEG_COUNT";
            }
            group "clock of PTP", "not looked at: a frame brings its timestamp along" {
                input ptp_clk "1";
                input ptp_rst "1";
                input ptp_sample_clk "1";
                input ptp_td_sd "1";
                input ptp_pps "1";
                input ptp_pps_str "1";
                input ptp_sync_locked "1";
                input ptp_sync_ts_rel "PTP_TS_WIDTH";
                input ptp_sync_ts_rel_step "1";
                input ptp_sync_ts_tod "PTP_TS_WIDTH";
                input ptp_sync_ts_tod_step "1";
                input ptp_sync_pps "1";
                input ptp_sync_pps_str "1";
                input ptp_perout_locked "PTP_PEROUT_COUNT";
                input ptp_perout_error "PTP_PEROUT_COUNT";
                input ptp_perout_pulse "PTP_PEROUT_COUNT";
            }
            group "transmit at the MAC, in its clock", "passed through, with completions" {
                input direct_tx_clk "PORT_COUNT";
                input direct_tx_rst "PORT_COUNT";
                input s_axis_direct_tx_tdata "PORT_COUNT*AXIS_DATA_WIDTH";
                input s_axis_direct_tx_tkeep "PORT_COUNT*AXIS_KEEP_WIDTH";
                input s_axis_direct_tx_tvalid "PORT_COUNT";
                output s_axis_direct_tx_tready "PORT_COUNT" same m_axis_direct_tx_tready;
                input s_axis_direct_tx_tlast "PORT_COUNT";
                input s_axis_direct_tx_tuser "PORT_COUNT*AXIS_TX_USER_WIDTH";
                output m_axis_direct_tx_tdata "PORT_COUNT*AXIS_DATA_WIDTH" same s_axis_direct_tx_tdata;
                output m_axis_direct_tx_tkeep "PORT_COUNT*AXIS_KEEP_WIDTH" same s_axis_direct_tx_tkeep;
                output m_axis_direct_tx_tvalid "PORT_COUNT" same s_axis_direct_tx_tvalid;
                input m_axis_direct_tx_tready "PORT_COUNT";
                output m_axis_direct_tx_tlast "PORT_COUNT" same s_axis_direct_tx_tlast;
                output m_axis_direct_tx_tuser "PORT_COUNT*AXIS_TX_USER_WIDTH" same s_axis_direct_tx_tuser;
                input s_axis_direct_tx_cpl_ts "PORT_COUNT*PTP_TS_WIDTH";
                input s_axis_direct_tx_cpl_tag "PORT_COUNT*TX_TAG_WIDTH";
                input s_axis_direct_tx_cpl_valid "PORT_COUNT";
                output s_axis_direct_tx_cpl_ready "PORT_COUNT" same m_axis_direct_tx_cpl_ready;
                output m_axis_direct_tx_cpl_ts "PORT_COUNT*PTP_TS_WIDTH" same s_axis_direct_tx_cpl_ts;
                output m_axis_direct_tx_cpl_tag "PORT_COUNT*TX_TAG_WIDTH" same s_axis_direct_tx_cpl_tag;
                output m_axis_direct_tx_cpl_valid "PORT_COUNT" same s_axis_direct_tx_cpl_valid;
                input m_axis_direct_tx_cpl_ready "PORT_COUNT";
            }
            group "receive at the MAC, in its clock", "passed through: here a stall loses data" {
                input direct_rx_clk "PORT_COUNT";
                input direct_rx_rst "PORT_COUNT";
                input s_axis_direct_rx_tdata "PORT_COUNT*AXIS_DATA_WIDTH";
                input s_axis_direct_rx_tkeep "PORT_COUNT*AXIS_KEEP_WIDTH";
                input s_axis_direct_rx_tvalid "PORT_COUNT";
                output s_axis_direct_rx_tready "PORT_COUNT" same m_axis_direct_rx_tready;
                input s_axis_direct_rx_tlast "PORT_COUNT";
                input s_axis_direct_rx_tuser "PORT_COUNT*AXIS_RX_USER_WIDTH";
                output m_axis_direct_rx_tdata "PORT_COUNT*AXIS_DATA_WIDTH" same s_axis_direct_rx_tdata;
                output m_axis_direct_rx_tkeep "PORT_COUNT*AXIS_KEEP_WIDTH" same s_axis_direct_rx_tkeep;
                output m_axis_direct_rx_tvalid "PORT_COUNT" same s_axis_direct_rx_tvalid;
                input m_axis_direct_rx_tready "PORT_COUNT";
                output m_axis_direct_rx_tlast "PORT_COUNT" same s_axis_direct_rx_tlast;
                output m_axis_direct_rx_tuser "PORT_COUNT*AXIS_RX_USER_WIDTH" same s_axis_direct_rx_tuser;
            }
            group "transmit before the port's FIFO", "passed through, with completions" {
                input s_axis_sync_tx_tdata "PORT_COUNT*AXIS_SYNC_DATA_WIDTH";
                input s_axis_sync_tx_tkeep "PORT_COUNT*AXIS_SYNC_KEEP_WIDTH";
                input s_axis_sync_tx_tvalid "PORT_COUNT";
                output s_axis_sync_tx_tready "PORT_COUNT" same m_axis_sync_tx_tready;
                input s_axis_sync_tx_tlast "PORT_COUNT";
                input s_axis_sync_tx_tuser "PORT_COUNT*AXIS_SYNC_TX_USER_WIDTH";
                output m_axis_sync_tx_tdata "PORT_COUNT*AXIS_SYNC_DATA_WIDTH" same s_axis_sync_tx_tdata;
                output m_axis_sync_tx_tkeep "PORT_COUNT*AXIS_SYNC_KEEP_WIDTH" same s_axis_sync_tx_tkeep;
                output m_axis_sync_tx_tvalid "PORT_COUNT" same s_axis_sync_tx_tvalid;
                input m_axis_sync_tx_tready "PORT_COUNT";
                output m_axis_sync_tx_tlast "PORT_COUNT" same s_axis_sync_tx_tlast;
                output m_axis_sync_tx_tuser "PORT_COUNT*AXIS_SYNC_TX_USER_WIDTH" same s_axis_sync_tx_tuser;
                input s_axis_sync_tx_cpl_ts "PORT_COUNT*PTP_TS_WIDTH";
                input s_axis_sync_tx_cpl_tag "PORT_COUNT*TX_TAG_WIDTH";
                input s_axis_sync_tx_cpl_valid "PORT_COUNT";
                output s_axis_sync_tx_cpl_ready "PORT_COUNT" same m_axis_sync_tx_cpl_ready;
                output m_axis_sync_tx_cpl_ts "PORT_COUNT*PTP_TS_WIDTH" same s_axis_sync_tx_cpl_ts;
                output m_axis_sync_tx_cpl_tag "PORT_COUNT*TX_TAG_WIDTH" same s_axis_sync_tx_cpl_tag;
                output m_axis_sync_tx_cpl_valid "PORT_COUNT" same s_axis_sync_tx_cpl_valid;
                input m_axis_sync_tx_cpl_ready "PORT_COUNT";
            }
            group "receive before the port's FIFO", "passed through: here bad frames are still present, and there is no tdest" {
                input s_axis_sync_rx_tdata "PORT_COUNT*AXIS_SYNC_DATA_WIDTH";
                input s_axis_sync_rx_tkeep "PORT_COUNT*AXIS_SYNC_KEEP_WIDTH";
                input s_axis_sync_rx_tvalid "PORT_COUNT";
                output s_axis_sync_rx_tready "PORT_COUNT" same m_axis_sync_rx_tready;
                input s_axis_sync_rx_tlast "PORT_COUNT";
                input s_axis_sync_rx_tuser "PORT_COUNT*AXIS_SYNC_RX_USER_WIDTH";
                output m_axis_sync_rx_tdata "PORT_COUNT*AXIS_SYNC_DATA_WIDTH" same s_axis_sync_rx_tdata;
                output m_axis_sync_rx_tkeep "PORT_COUNT*AXIS_SYNC_KEEP_WIDTH" same s_axis_sync_rx_tkeep;
                output m_axis_sync_rx_tvalid "PORT_COUNT" same s_axis_sync_rx_tvalid;
                input m_axis_sync_rx_tready "PORT_COUNT";
                output m_axis_sync_rx_tlast "PORT_COUNT" same s_axis_sync_rx_tlast;
                output m_axis_sync_rx_tuser "PORT_COUNT*AXIS_SYNC_RX_USER_WIDTH" same s_axis_sync_rx_tuser;
            }
            group "transmit of an interface", "passed through, with completions" {
                input s_axis_if_tx_tdata "IF_COUNT*AXIS_IF_DATA_WIDTH";
                input s_axis_if_tx_tkeep "IF_COUNT*AXIS_IF_KEEP_WIDTH";
                input s_axis_if_tx_tvalid "IF_COUNT";
                output s_axis_if_tx_tready "IF_COUNT" same m_axis_if_tx_tready;
                input s_axis_if_tx_tlast "IF_COUNT";
                input s_axis_if_tx_tid "IF_COUNT*AXIS_IF_TX_ID_WIDTH";
                input s_axis_if_tx_tdest "IF_COUNT*AXIS_IF_TX_DEST_WIDTH";
                input s_axis_if_tx_tuser "IF_COUNT*AXIS_IF_TX_USER_WIDTH";
                output m_axis_if_tx_tdata "IF_COUNT*AXIS_IF_DATA_WIDTH" same s_axis_if_tx_tdata;
                output m_axis_if_tx_tkeep "IF_COUNT*AXIS_IF_KEEP_WIDTH" same s_axis_if_tx_tkeep;
                output m_axis_if_tx_tvalid "IF_COUNT" same s_axis_if_tx_tvalid;
                input m_axis_if_tx_tready "IF_COUNT";
                output m_axis_if_tx_tlast "IF_COUNT" same s_axis_if_tx_tlast;
                output m_axis_if_tx_tid "IF_COUNT*AXIS_IF_TX_ID_WIDTH" same s_axis_if_tx_tid;
                output m_axis_if_tx_tdest "IF_COUNT*AXIS_IF_TX_DEST_WIDTH" same s_axis_if_tx_tdest;
                output m_axis_if_tx_tuser "IF_COUNT*AXIS_IF_TX_USER_WIDTH" same s_axis_if_tx_tuser;
                input s_axis_if_tx_cpl_ts "IF_COUNT*PTP_TS_WIDTH";
                input s_axis_if_tx_cpl_tag "IF_COUNT*TX_TAG_WIDTH";
                input s_axis_if_tx_cpl_valid "IF_COUNT";
                output s_axis_if_tx_cpl_ready "IF_COUNT" same m_axis_if_tx_cpl_ready;
                output m_axis_if_tx_cpl_ts "IF_COUNT*PTP_TS_WIDTH" same s_axis_if_tx_cpl_ts;
                output m_axis_if_tx_cpl_tag "IF_COUNT*TX_TAG_WIDTH" same s_axis_if_tx_cpl_tag;
                output m_axis_if_tx_cpl_valid "IF_COUNT" same s_axis_if_tx_cpl_valid;
                input m_axis_if_tx_cpl_ready "IF_COUNT";
            }
            group "receive of an interface", "one sequencer each: behind the FIFO that drops bad and oversize frames, so that loss comes before numbering, and before the queue is chosen by tdest" {
                input s_axis_if_rx_tdata "IF_COUNT*AXIS_IF_DATA_WIDTH";
                input s_axis_if_rx_tkeep "IF_COUNT*AXIS_IF_KEEP_WIDTH";
                input s_axis_if_rx_tvalid "IF_COUNT";
                output s_axis_if_rx_tready "IF_COUNT" logic;
                input s_axis_if_rx_tlast "IF_COUNT";
                input s_axis_if_rx_tid "IF_COUNT*AXIS_IF_RX_ID_WIDTH";
                input s_axis_if_rx_tdest "IF_COUNT*AXIS_IF_RX_DEST_WIDTH";
                input s_axis_if_rx_tuser "IF_COUNT*AXIS_IF_RX_USER_WIDTH";
                output m_axis_if_rx_tdata "IF_COUNT*AXIS_IF_DATA_WIDTH" logic;
                output m_axis_if_rx_tkeep "IF_COUNT*AXIS_IF_KEEP_WIDTH" logic;
                output m_axis_if_rx_tvalid "IF_COUNT" logic;
                input m_axis_if_rx_tready "IF_COUNT";
                output m_axis_if_rx_tlast "IF_COUNT" logic;
                output m_axis_if_rx_tid "IF_COUNT*AXIS_IF_RX_ID_WIDTH" logic;
                output m_axis_if_rx_tdest "IF_COUNT*AXIS_IF_RX_DEST_WIDTH" logic;
                output m_axis_if_rx_tuser "IF_COUNT*AXIS_IF_RX_USER_WIDTH" logic;
            }
            group "DDR memory", "not used: nothing is asked, and an answer would be taken" {
                input ddr_clk "DDR_CH";
                input ddr_rst "DDR_CH";
                output m_axi_ddr_awid "DDR_CH*AXI_DDR_ID_WIDTH" low;
                output m_axi_ddr_awaddr "DDR_CH*AXI_DDR_ADDR_WIDTH" low;
                output m_axi_ddr_awlen "DDR_CH*8" low;
                output m_axi_ddr_awsize "DDR_CH*3" low;
                output m_axi_ddr_awburst "DDR_CH*2" low;
                output m_axi_ddr_awlock "DDR_CH" low;
                output m_axi_ddr_awcache "DDR_CH*4" low;
                output m_axi_ddr_awprot "DDR_CH*3" low;
                output m_axi_ddr_awqos "DDR_CH*4" low;
                output m_axi_ddr_awuser "DDR_CH*AXI_DDR_AWUSER_WIDTH" low;
                output m_axi_ddr_awvalid "DDR_CH" low;
                input m_axi_ddr_awready "DDR_CH";
                output m_axi_ddr_wdata "DDR_CH*AXI_DDR_DATA_WIDTH" low;
                output m_axi_ddr_wstrb "DDR_CH*AXI_DDR_STRB_WIDTH" low;
                output m_axi_ddr_wlast "DDR_CH" low;
                output m_axi_ddr_wuser "DDR_CH*AXI_DDR_WUSER_WIDTH" low;
                output m_axi_ddr_wvalid "DDR_CH" low;
                input m_axi_ddr_wready "DDR_CH";
                input m_axi_ddr_bid "DDR_CH*AXI_DDR_ID_WIDTH";
                input m_axi_ddr_bresp "DDR_CH*2";
                input m_axi_ddr_buser "DDR_CH*AXI_DDR_BUSER_WIDTH";
                input m_axi_ddr_bvalid "DDR_CH";
                output m_axi_ddr_bready "DDR_CH" high;
                output m_axi_ddr_arid "DDR_CH*AXI_DDR_ID_WIDTH" low;
                output m_axi_ddr_araddr "DDR_CH*AXI_DDR_ADDR_WIDTH" low;
                output m_axi_ddr_arlen "DDR_CH*8" low;
                output m_axi_ddr_arsize "DDR_CH*3" low;
                output m_axi_ddr_arburst "DDR_CH*2" low;
                output m_axi_ddr_arlock "DDR_CH" low;
                output m_axi_ddr_arcache "DDR_CH*4" low;
                output m_axi_ddr_arprot "DDR_CH*3" low;
                output m_axi_ddr_arqos "DDR_CH*4" low;
                output m_axi_ddr_aruser "DDR_CH*AXI_DDR_ARUSER_WIDTH" low;
                output m_axi_ddr_arvalid "DDR_CH" low;
                input m_axi_ddr_arready "DDR_CH";
                input m_axi_ddr_rid "DDR_CH*AXI_DDR_ID_WIDTH";
                input m_axi_ddr_rdata "DDR_CH*AXI_DDR_DATA_WIDTH";
                input m_axi_ddr_rresp "DDR_CH*2";
                input m_axi_ddr_rlast "DDR_CH";
                input m_axi_ddr_ruser "DDR_CH*AXI_DDR_RUSER_WIDTH";
                input m_axi_ddr_rvalid "DDR_CH";
                output m_axi_ddr_rready "DDR_CH" high;
                input ddr_status "DDR_CH";
            }
            group "HBM memory", "not used: nothing is asked, and an answer would be taken" {
                input hbm_clk "HBM_CH";
                input hbm_rst "HBM_CH";
                output m_axi_hbm_awid "HBM_CH*AXI_HBM_ID_WIDTH" low;
                output m_axi_hbm_awaddr "HBM_CH*AXI_HBM_ADDR_WIDTH" low;
                output m_axi_hbm_awlen "HBM_CH*8" low;
                output m_axi_hbm_awsize "HBM_CH*3" low;
                output m_axi_hbm_awburst "HBM_CH*2" low;
                output m_axi_hbm_awlock "HBM_CH" low;
                output m_axi_hbm_awcache "HBM_CH*4" low;
                output m_axi_hbm_awprot "HBM_CH*3" low;
                output m_axi_hbm_awqos "HBM_CH*4" low;
                output m_axi_hbm_awuser "HBM_CH*AXI_HBM_AWUSER_WIDTH" low;
                output m_axi_hbm_awvalid "HBM_CH" low;
                input m_axi_hbm_awready "HBM_CH";
                output m_axi_hbm_wdata "HBM_CH*AXI_HBM_DATA_WIDTH" low;
                output m_axi_hbm_wstrb "HBM_CH*AXI_HBM_STRB_WIDTH" low;
                output m_axi_hbm_wlast "HBM_CH" low;
                output m_axi_hbm_wuser "HBM_CH*AXI_HBM_WUSER_WIDTH" low;
                output m_axi_hbm_wvalid "HBM_CH" low;
                input m_axi_hbm_wready "HBM_CH";
                input m_axi_hbm_bid "HBM_CH*AXI_HBM_ID_WIDTH";
                input m_axi_hbm_bresp "HBM_CH*2";
                input m_axi_hbm_buser "HBM_CH*AXI_HBM_BUSER_WIDTH";
                input m_axi_hbm_bvalid "HBM_CH";
                output m_axi_hbm_bready "HBM_CH" high;
                output m_axi_hbm_arid "HBM_CH*AXI_HBM_ID_WIDTH" low;
                output m_axi_hbm_araddr "HBM_CH*AXI_HBM_ADDR_WIDTH" low;
                output m_axi_hbm_arlen "HBM_CH*8" low;
                output m_axi_hbm_arsize "HBM_CH*3" low;
                output m_axi_hbm_arburst "HBM_CH*2" low;
                output m_axi_hbm_arlock "HBM_CH" low;
                output m_axi_hbm_arcache "HBM_CH*4" low;
                output m_axi_hbm_arprot "HBM_CH*3" low;
                output m_axi_hbm_arqos "HBM_CH*4" low;
                output m_axi_hbm_aruser "HBM_CH*AXI_HBM_ARUSER_WIDTH" low;
                output m_axi_hbm_arvalid "HBM_CH" low;
                input m_axi_hbm_arready "HBM_CH";
                input m_axi_hbm_rid "HBM_CH*AXI_HBM_ID_WIDTH";
                input m_axi_hbm_rdata "HBM_CH*AXI_HBM_DATA_WIDTH";
                input m_axi_hbm_rresp "HBM_CH*2";
                input m_axi_hbm_rlast "HBM_CH";
                input m_axi_hbm_ruser "HBM_CH*AXI_HBM_RUSER_WIDTH";
                input m_axi_hbm_rvalid "HBM_CH";
                output m_axi_hbm_rready "HBM_CH" high;
                input hbm_status "HBM_CH";
            }
            group "statistics of the NIC", "none: the counters are in the registers, exact and 64 bits wide" {
                output m_axis_stat_tdata "STAT_INC_WIDTH" low;
                output m_axis_stat_tid "STAT_ID_WIDTH" low;
                output m_axis_stat_tvalid "1" low;
                input m_axis_stat_tready "1";
            }
            group "general-purpose pins", "not used, driven low" {
                input gpio_in "APP_GPIO_IN_WIDTH";
                output gpio_out "APP_GPIO_OUT_WIDTH" low;
            }
            group "JTAG", "the chain stays whole" {
                input jtag_tdi "1";
                output jtag_tdo "1" same jtag_tdi;
                input jtag_tms "1";
                input jtag_tck "1";
            }
        }
    };
}
pub(super) use with_groups;
