// Stands at the end of window_read, with two windows: the read channels keep the rules of AXI4-Lite on both sides, each read reaches the window
// it is for and no other, and is answered once, by whom it is for, in time. For any master. Sequencers answer a read when they have its
// address, and hold the answer; nothing else is assumed of them.

// What the master asked for.
reg asked = 1'b0;
reg [31:0] ask_address;
wire [18:0] ask_window = ask_address[31:13];
wire [9:0] ask_word = ask_address[11:2];
wire ask_page = ask_address[12];
wire to_sequencer = ask_window < 19'd2 && !ask_page;
wire [1:0] this_window = ask_window == 19'd0 ? 2'b01 : ask_window == 19'd1 ? 2'b10 : 2'b00;

// What each sequencer has of it, and what it answered.
reg [1:0] has_address = 2'd0, answered_it = 2'd0;
reg [1:0] its_answer;
reg [31:0] its_data;
wire [1:0] seq_arvalid = {m_arvalid_1, m_arvalid_0}, seq_arready = {m_arready_1, m_arready_0};
wire [1:0] seq_rvalid = {m_rvalid_1, m_rvalid_0}, seq_rready = {m_rready_1, m_rready_0};

reg [1:0] rvalid_waited = 2'd0, arvalid_waited = 2'd0;
reg response_waited = 1'b0;
reg [1:0] was_response;
reg [31:0] was_data;
reg was_indirect;
// Cycles that a read has taken, but for those in which a sequencer is waited for.
reg [3:0] own_cycles = 4'd0;
wire awaits = |(seq_arvalid & ~seq_arready) || (|has_address && !(|(seq_rvalid & seq_rready)));
reg was_valid = 1'b0;
integer w;

always @* begin
    assume ((seq_rvalid & ~has_address) == 2'd0);
    assume ((rvalid_waited & ~seq_rvalid) == 2'd0);
    assume (m_rresp_0 != 2'd3 && m_rresp_1 != 2'd3);
end

always @(posedge clk) begin
    if (arvalid & arready) begin
        asked <= 1'b1;
        ask_address <= araddr;
    end
    for (w = 0; w < 2; w = w + 1) begin
        if (seq_arvalid[w] & seq_arready[w])
            has_address[w] <= 1'b1;
        if (seq_rvalid[w] & seq_rready[w]) begin
            has_address[w] <= 1'b0;
            answered_it[w] <= 1'b1;
            its_answer <= w ? m_rresp_1 : m_rresp_0;
            its_data <= w ? m_rdata_1 : m_rdata_0;
        end
    end
    if (rvalid & rready) begin
        asked <= 1'b0;
        answered_it <= 2'd0;
    end
    rvalid_waited <= seq_rvalid & ~seq_rready;
    arvalid_waited <= seq_arvalid & ~seq_arready;
    response_waited <= rvalid & ~rready;
    was_valid <= rvalid & ~rst;
    was_response <= rresp;
    was_data <= rdata;
    was_indirect <= this_window[1] ? indirect_1 : indirect_0;
    if (!asked || rvalid)
        own_cycles <= 4'd0;
    else if (!awaits)
        own_cycles <= own_cycles + 4'd1;
    if (rst) begin
        asked <= 1'b0;
        has_address <= 2'd0;
        answered_it <= 2'd0;
        rvalid_waited <= 2'd0;
        arvalid_waited <= 2'd0;
        response_waited <= 1'b0;
        own_cycles <= 4'd0;
    end
end

always @* begin
    // The master's side.
    if (rvalid)
        response_to_a_request: assert (asked);
    if (response_waited)
        response_is_held: assert (rvalid && rresp == was_response && rdata == was_data);
    if (asked)
        one_address: assert (!arready);
    answered_in_time: assert (own_cycles <= 4'd4);

    // The sequencers' side.
    if (|seq_arvalid) begin
        to_whom_it_is_for: assert (asked && to_sequencer && seq_arvalid == this_window);
        address_unaltered: assert (m_araddr == ask_address[11:0] && has_address == 2'd0 && answered_it == 2'd0);
    end
    address_is_held: assert ((arvalid_waited & ~seq_arvalid) == 2'd0);

    // The answer.
    if (rvalid && to_sequencer)
        answer_of_the_sequencer: assert (|(answered_it & this_window) && rresp == its_answer && rdata == its_data);
    if (rvalid && ask_window > 19'd1)
        no_such_window: assert (rresp == 2'd3 && rdata == 32'd0);
    if (rvalid && ask_window < 19'd2 && ask_page) begin
        case (ask_word)
            10'd0: register_shell: assert (rresp == 2'd0 && rdata == 32'h53435243);
            10'd1: register_interface: assert (rresp == 2'd0 && rdata == (32'd2 << 8 | ask_window));
            10'd2: register_tdest: assert (rresp == 2'd0 && rdata[31:1] == 31'd0);
            default: no_such_register: assert (rresp == 2'd2 && rdata == 32'd0);
        endcase
    end
    if (rvalid && !was_valid && ask_window < 19'd2 && ask_page && ask_word == 10'd2)
        register_of_that_window: assert (rdata[0] == was_indirect);
end

`ifndef SCR_BROKEN
always @* begin
    tie_asked: assert (asked == (step_reg != 2'd0 || response_reg));
    if (asked)
        tie_address: assert (address_reg == ask_address);
    if (address_ready_reg)
        tie_ready: assert (step_reg == 2'd0 && !response_reg);
    if (response_reg)
        tie_response: assert (step_reg == 2'd0);
    if (step_reg[1]) begin
        tie_selected: assert ({selected_1_reg, selected_0_reg} == this_window);
        tie_known: assert (is_window_reg == (ask_window < 19'd2) && is_page_reg == ask_page);
        tie_register: assert (is_shell_reg == (ask_word == 10'd0) && is_interface_reg == (ask_word == 10'd1) && is_tdest_reg == (ask_word == 10'd2));
    end
    if (step_reg != 2'd3) begin
        tie_nothing_due: assert (!address_due_reg);
        tie_nobody_has_it: assert (has_address == 2'd0);
    end else begin
        tie_for_a_sequencer: assert (to_sequencer);
        tie_address_due: assert (has_address == (address_due_reg ? 2'd0 : this_window));
    end
    if (!rvalid)
        tie_not_answered: assert (answered_it == 2'd0);
    if (step_reg == 2'd1)
        tie_first: assert (own_cycles == 4'd0);
    if (step_reg == 2'd2)
        tie_second: assert (own_cycles == 4'd1);
    if (step_reg == 2'd3)
        tie_passed_on: assert (own_cycles == (address_due_reg ? 4'd2 : 4'd3));
end
`endif
