// Stands at the end of register_write. Two things are proved of it for any master, one that breaks the rules included:
// its write channels keep the rules of AXI4-Lite, and the configuration is what the register map says, always a valid one.

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
reg [2:0] patience = 3'd0;                       // cycles since address and data were both there

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
    patience <= address_waits & data_waits & ~bvalid ? patience + 3'd1 : 3'd0;
    was_reset <= rst;
    if (rst) begin
        address_waits <= 1'b0;
        data_waits <= 1'b0;
        answer_waits <= 1'b0;
        patience <= 3'd0;
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
    response_comes_soon: assert (patience <= 3'd5);
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

wire writes = answers & ~brefused & (strobes == 4'hf);

always @* begin
    if (was_reset) begin
        reset_values: assert (enable && !sequence_all && cores == 8'd1 && prefix_words == FEWEST_WORDS && default_queue == 9'd0 && !refused);
    end else begin
        if (answers)
            refused_exactly_when_the_map_says: assert (brefused == !allowed);
        control_as_written: assert ({sequence_all, enable}
            == (writes && offset == 12'h00c ? value[1:0] : {before_sequence_all, before_enable}));
        cores_as_written: assert (cores == (writes && offset == 12'h010 ? value[7:0] : before_cores));
        words_as_written: assert (prefix_words == (writes && offset == 12'h014 ? value[5:0] : before_words));
        queue_as_written: assert (default_queue == (writes && offset == 12'h018 ? value[8:0] : before_queue));
        status_shows_refusals: assert (refused
            == (answers && brefused ? 1'b1 : writes && offset == 12'h01c && value[0] ? 1'b0 : before_refused));
        steering_as_written: assert (steer_write == (writes && to_table));
        if (steer_write)
            steering_word_as_written: assert (steer_core == offset[8:2] && steer_queue == value[8:0]);
    end
end

// ---- for the induction only: what ties the state above to the block's ------------------------------------------------------------

`ifndef SCR_BROKEN
always @* begin
    tie_address: assert (address_waits == address_held_reg);
    tie_data: assert (data_waits == data_held_reg);
    if (address_waits)
        tie_word: assert (word == word_reg);
    if (data_waits)
        tie_value: assert (value == data_reg && strobes == strobes_reg);
    tie_response: assert (step_reg == 3'd0 || (address_held_reg && data_held_reg && !response_reg));
    tie_step: assert (step_reg <= 3'd4);
    tie_patience: assert (patience == 3'd5 ? step_reg == 3'd0 && bvalid : step_reg == patience);
end
`endif
