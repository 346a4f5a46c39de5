// Stands at the end of window_write, with two windows: the write channels keep the rules of AXI4-Lite on both sides, each write reaches the
// window it is for and no other, and is answered once, by whom it is for, in time. For any master. Sequencers answer a write when they have
// address and data, and hold the answer; nothing else is assumed of them.

// What the master asked for.
reg asked_address = 1'b0, asked_data = 1'b0;
reg [31:0] ask_address, ask_data;
reg [3:0] ask_strobes;
wire [18:0] ask_window = ask_address[31:13];
wire ask_page = ask_address[12];
wire to_sequencer = ask_window < 19'd2 && !ask_page;
wire whole_tdest = ask_address[11:2] == 10'd2 && ask_strobes == 4'hf && ask_data[31:1] == 31'd0;

// What each sequencer has of it, and what it answered.
reg [1:0] has_address = 2'd0, has_data = 2'd0, answered_it = 2'd0;
reg [1:0] its_answer;
wire [1:0] seq_awvalid = {m_awvalid_1, m_awvalid_0}, seq_awready = {m_awready_1, m_awready_0};
wire [1:0] seq_wvalid = {m_wvalid_1, m_wvalid_0}, seq_wready = {m_wready_1, m_wready_0};
wire [1:0] seq_bvalid = {m_bvalid_1, m_bvalid_0}, seq_bready = {m_bready_1, m_bready_0};
wire [1:0] this_window = ask_window == 19'd0 ? 2'b01 : ask_window == 19'd1 ? 2'b10 : 2'b00;

reg [1:0] bvalid_waited = 2'd0, awvalid_waited = 2'd0, wvalid_waited = 2'd0;
reg response_waited = 1'b0;
reg [1:0] was_response;
reg [1:0] was_indirect = 2'd0;
reg was_reset = 1'b1;
// Cycles that a write has taken, but for those in which a sequencer is waited for.
reg [3:0] own_cycles = 4'd0;
wire awaits = |(seq_awvalid & ~seq_awready) || |(seq_wvalid & ~seq_wready) || (|(has_address & has_data) && !(|(seq_bvalid & seq_bready)));
integer w;

always @* begin
    assume ((seq_bvalid & ~(has_address & has_data)) == 2'd0);
    assume ((bvalid_waited & ~seq_bvalid) == 2'd0);
    assume (m_bresp_0 != 2'd3 && m_bresp_1 != 2'd3);
end

always @(posedge clk) begin
    if (awvalid & awready) begin
        asked_address <= 1'b1;
        ask_address <= awaddr;
    end
    if (wvalid & wready) begin
        asked_data <= 1'b1;
        ask_data <= wdata;
        ask_strobes <= wstrb;
    end
    for (w = 0; w < 2; w = w + 1) begin
        if (seq_awvalid[w] & seq_awready[w])
            has_address[w] <= 1'b1;
        if (seq_wvalid[w] & seq_wready[w])
            has_data[w] <= 1'b1;
        if (seq_bvalid[w] & seq_bready[w]) begin
            has_address[w] <= 1'b0;
            has_data[w] <= 1'b0;
            answered_it[w] <= 1'b1;
            its_answer <= w ? m_bresp_1 : m_bresp_0;
        end
    end
    if (bvalid & bready) begin
        asked_address <= 1'b0;
        asked_data <= 1'b0;
        answered_it <= 2'd0;
    end
    bvalid_waited <= seq_bvalid & ~seq_bready;
    awvalid_waited <= seq_awvalid & ~seq_awready;
    wvalid_waited <= seq_wvalid & ~seq_wready;
    response_waited <= bvalid & ~bready;
    was_response <= bresp;
    was_indirect <= {indirect_1, indirect_0};
    was_reset <= rst;
    if (!asked_address || !asked_data || bvalid)
        own_cycles <= 4'd0;
    else if (!awaits)
        own_cycles <= own_cycles + 4'd1;
    if (rst) begin
        asked_address <= 1'b0;
        asked_data <= 1'b0;
        has_address <= 2'd0;
        has_data <= 2'd0;
        answered_it <= 2'd0;
        bvalid_waited <= 2'd0;
        awvalid_waited <= 2'd0;
        wvalid_waited <= 2'd0;
        response_waited <= 1'b0;
        own_cycles <= 4'd0;
    end
end

always @* begin
    // The master's side.
    if (bvalid)
        response_to_a_request: assert (asked_address && asked_data);
    if (response_waited)
        response_is_held: assert (bvalid && bresp == was_response);
    if (asked_address)
        one_address: assert (!awready);
    if (asked_data)
        one_datum: assert (!wready);
    answered_in_time: assert (own_cycles <= 4'd4);

    // The sequencers' side.
    if (|(seq_awvalid | seq_wvalid))
        to_whom_it_is_for: assert (asked_address && asked_data && to_sequencer && (seq_awvalid | seq_wvalid) == this_window);
    if (|seq_awvalid)
        address_unaltered: assert (m_awaddr == ask_address[11:0] && has_address == 2'd0 && answered_it == 2'd0);
    if (|seq_wvalid)
        data_unaltered: assert (m_wdata == ask_data && m_wstrb == ask_strobes && has_data == 2'd0 && answered_it == 2'd0);
    address_is_held: assert ((awvalid_waited & ~seq_awvalid) == 2'd0);
    data_are_held: assert ((wvalid_waited & ~seq_wvalid) == 2'd0);

    // The answer.
    if (bvalid && to_sequencer)
        answer_of_the_sequencer: assert (|(answered_it & this_window) && bresp == its_answer);
    if (bvalid && ask_window > 19'd1)
        no_such_window: assert (bresp == 2'd3);
    if (bvalid && ask_window < 19'd2 && ask_page)
        answer_of_the_shell: assert (bresp == (whole_tdest || ask_strobes == 4'd0 ? 2'd0 : 2'd2));

    // The shell's register.
    if (was_reset)
        register_after_reset: assert (!indirect_0 && !indirect_1);
    else if ({indirect_1, indirect_0} != was_indirect) begin
        changed_by_a_write: assert (asked_address && asked_data && ask_page && whole_tdest);
        only_its_own: assert ((({indirect_1, indirect_0} ^ was_indirect) & ~this_window) == 2'd0);
    end
    if (bvalid && ask_page && whole_tdest && this_window[0])
        written_0: assert (indirect_0 == ask_data[0]);
    if (bvalid && ask_page && whole_tdest && this_window[1])
        written_1: assert (indirect_1 == ask_data[0]);
end

`ifndef SCR_BROKEN
always @* begin
    tie_held: assert (asked_address == address_held_reg && asked_data == data_held_reg);
    if (asked_address)
        tie_address: assert (address_reg == ask_address);
    if (asked_data)
        tie_data: assert (data_reg == ask_data && strobes_reg == ask_strobes);
    tie_step: assert (step_reg != 2'd3);
    if (address_ready_reg)
        tie_address_ready: assert (!address_held_reg);
    if (data_ready_reg)
        tie_data_ready: assert (!data_held_reg);
    if (step_reg != 2'd0) begin
        tie_busy: assert (asked_address && asked_data && !response_reg);
        tie_selected: assert ({selected_1_reg, selected_0_reg} == this_window);
        tie_known: assert (is_window_reg == (ask_window < 19'd2) && is_page_reg == ask_page && is_tdest_reg == (ask_address[11:2] == 10'd2));
        tie_value: assert (fits_reg == (ask_data[31:1] == 31'd0) && whole_reg == (ask_strobes == 4'hf) && nothing_reg == (ask_strobes == 4'd0));
    end
    if (step_reg != 2'd2) begin
        tie_nothing_due: assert (!address_due_reg && !data_due_reg);
        tie_nobody_has_it: assert (has_address == 2'd0 && has_data == 2'd0);
    end else begin
        tie_for_a_sequencer: assert (to_sequencer);
        tie_address_due: assert (has_address == (address_due_reg ? 2'd0 : this_window));
        tie_data_due: assert (has_data == (data_due_reg ? 2'd0 : this_window));
        tie_not_answered: assert (answered_it == 2'd0);
    end
    if (!bvalid)
        tie_answered: assert (answered_it == 2'd0);
    if (bvalid)
        tie_response: assert (step_reg == 2'd0);
    if (step_reg == 2'd0)
        tie_before: assert (bvalid ? own_cycles <= 4'd4 : own_cycles == 4'd0);
    if (step_reg == 2'd1)
        tie_first: assert (own_cycles == 4'd1);
    if (step_reg == 2'd2)
        tie_passed_on: assert (own_cycles == (address_due_reg || data_due_reg ? 4'd2 : 4'd3));
end
`endif
