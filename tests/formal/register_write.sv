// Stands at the end of register_write. Three things are proved of it for any master, one that breaks the rules included:
// its write channels keep the rules of AXI4-Lite; the configuration is what the register map says, always a valid one; and a write is answered when it is in force,
// so no write overtakes another.

// ---- the configuration is valid --------------------------------------------------------------------------------------------------

// What a prefix of B words can carry, from the format: row 0 starts at max(16, R), and there are N + 1 rows, of which a byte counts 255.
function [15:0] rows_that_fit(input [7:0] words);
    reg [15:0] row_bytes, before_rows, rows;
    begin
        row_bytes = 16'd1 << `SCR_ROW_LOG2;
        before_rows = row_bytes > 16 ? row_bytes : 16'd16;
        rows = (16'd64 * words - before_rows) >> `SCR_ROW_LOG2;
        if (rows > `SCR_HISTORY + 1)
            rows = `SCR_HISTORY + 1;
        rows_that_fit = rows > 255 ? 16'd255 : rows;
    end
endfunction

function is_valid(input [31:0] k, input [31:0] words);
    is_valid = k >= 1 && k <= `SCR_MAX_CORES
        && words >= 1 && words <= 63 && (`SCR_WIDTH != 1024 || !words[0])
        && k <= rows_that_fit(words[7:0]);
endfunction

// The reset value of B: the fewest words that hold one row, and at 1024 bits an even number.
localparam [5:0] FEWEST_WORDS = (1 << `SCR_ROW_LOG2) > 32 || `SCR_WIDTH == 1024 ? 6'd2 : 6'd1;

always @* configuration_is_valid: assert (is_valid(cores, prefix_words));

// Nothing of B is lost on its way to the port.
always @* words_fit_the_port: assert (words_register_reg == prefix_words);

// ---- the write channels keep the rules -------------------------------------------------------------------------------------------

reg address_waits = 1'b0, data_waits = 1'b0;    // taken, and not answered yet
reg [9:0] word = 10'd0;
reg [31:0] value = 32'd0;
reg [3:0] strobes = 4'd0;
reg answer_waits = 1'b0, answer_refused = 1'b0; // offered, and not taken in the cycle before
reg was_reset = 1'b0;
wire takes_answer = bvalid & bready;
wire answers = bvalid & ~answer_waits;           // first cycle of a response
reg [3:0] patience = 4'd0;                       // cycles since address and data were both there, but those in which settings are changing

always @(posedge clk) begin
    if (awvalid & awready) begin
        address_waits <= 1'b1;
        word <= awword;
    end else if (takes_answer) begin
        address_waits <= 1'b0;
    end
    if (wvalid & wready) begin
        data_waits <= 1'b1;
        value <= wdata;
        strobes <= wstrb;
    end else if (takes_answer) begin
        data_waits <= 1'b0;
    end
    answer_waits <= bvalid & ~bready;
    answer_refused <= brefused;
    patience <= address_waits & data_waits & ~bvalid ? patience + !changing : 4'd0;
    was_reset <= rst;
    if (rst) begin
        address_waits <= 1'b0;
        data_waits <= 1'b0;
        answer_waits <= 1'b0;
        patience <= 4'd0;
    end
end

always @* begin
    one_address_at_a_time: assert (!(awready && address_waits));
    one_data_word_at_a_time: assert (!(wready && data_waits));
    if (bvalid)
        no_response_without_request: assert (address_waits && data_waits);
    if (answer_waits) begin
        bvalid_is_held: assert (bvalid);
        bresp_is_held: assert (brefused == answer_refused);
    end
    response_comes_soon: assert (patience <= 4'd9);
end

// ---- writes do what the register map says, refused ones nothing ------------------------------------------------------------------

reg before_enable = 1'b1, before_sequence_all = 1'b0, before_refused = 1'b0;
reg [7:0] before_cores = 8'd1;
reg [5:0] before_words = FEWEST_WORDS;
reg [8:0] before_queue = 9'd0;

always @(posedge clk) begin
    before_enable <= enable;
    before_sequence_all <= sequence_all;
    before_cores <= cores;
    before_words <= prefix_words;
    before_queue <= default_queue;
    before_refused <= refused;
end

wire [11:0] offset = {word, 2'b00};
wire to_table = offset >= 12'h400 && offset < 12'h400 + 4 * `SCR_MAX_CORES;
reg allowed;

always @* begin
    case (offset)
        12'h00c, 12'h01c: allowed = 1'b1;
        12'h010: allowed = is_valid(value, before_words);
        12'h014: allowed = is_valid(before_cores, value);
        12'h018: allowed = value < 512;
        default: allowed = to_table && value < 512;
    endcase
    if (strobes != 4'hf)
        allowed = 1'b0;
    if (strobes == 4'h0)
        allowed = 1'b1;
end

// What a register may become, in one cycle between request and response; and what it must be when the response comes.
wire in_write = address_waits & data_waits & ~bvalid;
wire writes = in_write & allowed & (strobes == 4'hf);
wire changes_control = {sequence_all, enable} != {before_sequence_all, before_enable};
wire changes_cores = cores != before_cores, changes_words = prefix_words != before_words, changes_queue = default_queue != before_queue;
wire changes_refused = refused != before_refused;
wire changes = changes_control | changes_cores | changes_words | changes_queue;
wire acts = changes | changes_refused | steer_write;
reg has_acted = 1'b0;                            // in this write
reg has_steered = 1'b0;

always @(posedge clk) begin
    has_acted <= in_write & ~rst & (has_acted | acts);
    has_steered <= in_write & ~rst & (has_steered | steer_write);
end

wire accepted = answers & ~brefused & (strobes == 4'hf);

always @* begin
    if (was_reset) begin
        reset_values: assert (enable && !sequence_all && cores == 8'd1 && prefix_words == FEWEST_WORDS && default_queue == 9'd0 && !refused);
        no_steering_in_reset: assert (!steer_write);
    end else begin
        if (changes_control)
            control_as_written: assert (writes && offset == 12'h00c && {sequence_all, enable} == value[1:0]);
        if (changes_cores)
            cores_as_written: assert (writes && offset == 12'h010 && cores == value[7:0]);
        if (changes_words)
            words_as_written: assert (writes && offset == 12'h014 && prefix_words == value[5:0]);
        if (changes_queue)
            queue_as_written: assert (writes && offset == 12'h018 && default_queue == value[8:0]);
        if (changes_refused)
            status_shows_refusals: assert (refused ? in_write && !allowed : writes && offset == 12'h01c && value[0]);
        if (steer_write)
            steering_as_written: assert (writes && to_table && steer_core == offset[8:2] && steer_queue == value[8:0]);
        at_most_once_a_write: assert (!(acts && has_acted));
        if (answers) begin
            refused_exactly_when_the_map_says: assert (brefused == !allowed);
            refusal_is_shown: assert (!brefused || refused);
        end
        if (accepted) begin
            control_is_written: assert (offset != 12'h00c || {sequence_all, enable} == value[1:0]);
            cores_are_written: assert (offset != 12'h010 || cores == value[7:0]);
            words_are_written: assert (offset != 12'h014 || prefix_words == value[5:0]);
            queue_is_written: assert (offset != 12'h018 || default_queue == value[8:0]);
            status_is_cleared: assert (offset != 12'h01c || !value[0] || !refused);
            steering_is_written: assert (!to_table || has_steered);
        end
    end
end

// ---- a response says that the write is in force ------------------------------------------------------------------------------------

// Cycles since the configuration changed, or a reset, at most 4: as in settings.sv, which proves what is assumed here of `changing`, its hold.
reg [2:0] unchanged = 3'd0;
reg [2:0] idle = 3'd0;                           // since a write did anything, or a reset
reg since_reset = 1'b0;                          // the configuration has changed since
reg was_changing = 1'b0;
wire [2:0] age = changes & ~was_reset ? 3'd0 : unchanged;
wire [2:0] rest = acts & ~was_reset ? 3'd0 : idle;

always @(posedge clk) begin
    unchanged <= rst ? 3'd0 : age < 3'd4 ? age + 3'd1 : age;
    idle <= rst ? 3'd0 : rest < 3'd4 ? rest + 3'd1 : rest;
    since_reset <= ~rst & (since_reset | changes & ~was_reset);
    was_changing <= changing;
end

always @* begin
    if (changing && !was_changing)
        assume (was_reset || age == 3'd3);
    if (changing && !since_reset)
        assume (age < 3'd3);
end

always @* begin
    if (answers)
        response_when_it_is_in_force: assert (idle == 3'd4 && !acts && !was_changing && !changing);
    // As settings.sv assumes it.
    if (changes && !was_reset)
        no_change_overtakes_another: assert (unchanged == 3'd4 && !was_changing);
end

// ---- for the induction only: what ties the state above to the block's ------------------------------------------------------------

`ifndef SCR_BROKEN
wire acted = step_reg > 4'd4;                    // what the write does is done
always @* begin
    tie_address: assert (address_waits == address_held_reg);
    tie_data: assert (data_waits == data_held_reg);
    if (address_waits)
        tie_word: assert (word == word_reg);
    if (data_waits)
        tie_value: assert (value == data_reg && strobes == strobes_reg);
    tie_response: assert (step_reg == 4'd0 || (address_held_reg && data_held_reg && !response_reg));
    tie_step: assert (step_reg <= 4'd8);
    tie_patience: assert (patience <= (bvalid ? 4'd9 : step_reg));
    tie_before: assert (!has_acted && !has_steered || step_reg > 4'd5 || bvalid);
    if (acted) begin
        tie_refused: assert (response_refused_reg == !allowed && (allowed || refused));
        if (writes) begin
            tie_control: assert (offset != 12'h00c || {sequence_all, enable} == value[1:0]);
            tie_cores: assert (offset != 12'h010 || cores == value[7:0]);
            tie_words: assert (offset != 12'h014 || prefix_words == value[5:0]);
            tie_queue: assert (offset != 12'h018 || default_queue == value[8:0]);
            tie_status: assert (offset != 12'h01c || !value[0] || !refused);
            tie_steering: assert (!to_table || has_steered || steer_write);
        end
    end
    // Cycles since: a write is never far from its steps.
    tie_idle: assert (idle <= unchanged && unchanged <= 3'd4);
    tie_rest: assert (rest >= (acted ? step_reg - 4'd5 : step_reg > 4'd1 ? step_reg - 4'd1 : 4'd0));
    tie_quiet: assert (!changing || age < 3'd3 || acted);
    tie_answered: assert (!bvalid || rest == 3'd4);
end
`endif
