// Stands at the end of settings: what is in force is always a valid configuration, put in force as a whole, and it is what the ports say as soon as frames are
// numbered again; no enabling is lost; and cores rotate.

// The registers give none that is not valid (proved of them), and a frame is numbered only when that is allowed (proved of numberer).
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

function is_valid(input [7:0] k, input [7:0] words);
    is_valid = k >= 1 && k <= `SCR_MAX_CORES
        && words >= 1 && words <= 63 && (`SCR_WIDTH != 1024 || !words[0])
        && k <= rows_that_fit(words);
endfunction

// Nor does the register block change the ports before the last change has been put in force (proved of register_write; a reset changes them at any time).
wire [24:0] ports = {cfg_enable, cfg_sequence_all, cfg_cores, cfg_prefix_words, cfg_default_queue};
reg [24:0] were = 25'd0;
reg runs = 1'b0;                     // this is not the first cycle
reg was_reset = 1'b0, was_hold = 1'b0;
reg [2:0] unchanged = 3'd0;          // cycles since the last change or reset, at most 4; 0 in the cycle of a change, and in that after a reset
wire changes = runs && ports != were;
wire [2:0] age = changes ? 3'd0 : unchanged;

always @(posedge clk) begin
    runs <= 1'b1;
    were <= ports;
    was_reset <= rst;
    was_hold <= hold;
    unchanged <= rst ? 3'd0 : age < 3'd4 ? age + 3'd1 : age;
end

always @* begin
    assume (is_valid(cfg_cores, {2'd0, cfg_prefix_words}));
    assume (!changes || was_reset || (unchanged == 3'd4 && !was_hold));
    assume (!numbered || (enable && !hold));
end

// For broken copies whose fault shows after a change of k, which takes long: nothing else changes but what enables.
`ifdef SCR_STEADY
always @* assume (!rst && !cfg_sequence_all && cfg_prefix_words == 6'd1 && cfg_default_queue == 9'd0);
`endif

// ---- what is in force ------------------------------------------------------------------------------------------------------------

(* hierconn *) wire \in_force.seen_take , \in_force.seen_pending_enable ;

reg began = 1'b0;                    // something has been put in force
reg has_reset = 1'b0;                // there has been a reset
reg since_reset = 1'b0;              // the ports have changed since, or since power came
reg [4:0] held = 5'd0;               // cycles of hold, at most 31
reg was_enable = 1'b0;
reg [5:0] was_epoch = 6'd0;

always @(posedge clk) begin
    began <= began | \in_force.seen_take ;
    has_reset <= has_reset | rst;
    since_reset <= ~rst & (since_reset | changes & ~was_reset);
    held <= rst | ~hold ? 5'd0 : held < 5'd31 ? held + 5'd1 : held;
    was_enable <= enable;
    was_epoch <= epoch;
end

always @* begin
    if (enable)
        only_after_the_first: assert (began);
    if (began) begin
        in_force_is_valid: assert (is_valid(cores, prefix_words));
        beats_of_that_b: assert (last_prefix_beat == 512 * prefix_words / `SCR_WIDTH - 1);
        rows_of_that_b: assert (max_valid_rows == rows_that_fit(prefix_words));
    end
end

// Three cycles after a change: in force, or no frame is numbered until it is. After a reset, none in the three cycles before.
wire settled = age >= 3'd3 && !hold;

always @* begin
    if (has_reset && age < 3'd3 && !since_reset && !changes || was_reset)
        nothing_is_numbered_after_a_reset: assert (hold);
    if (settled) begin
        in_force_as_the_ports_say: assert ({enable, sequence_all, cores, prefix_words, default_queue}
            == {cfg_enable, cfg_sequence_all, cfg_cores, {2'd0, cfg_prefix_words}, cfg_default_queue});
    end
    // As register_write relies on it: a change is seen by then, and it ends.
    if (hold && !was_hold)
        holds_soon_or_not_at_all: assert (was_reset || age == 3'd3);
    if (hold && !since_reset)
        holds_for_three_cycles_after_a_reset: assert (age < 3'd3);
    holds_for_22_cycles_at_most: assert (held <= 5'd22);
end

// ---- cores rotate: after c comes (c + 1) mod k, k being that of the frame that gets the core ------------------------------------------

reg any = 1'b0;                      // a frame has been numbered in this epoch
reg [7:0] last_core = 8'd0;          // and had this core

always @(posedge clk) begin
    if (numbered) begin
        any <= 1'b1;
        last_core <= core;
    end
    if (rst || new_epoch)
        any <= 1'b0;
end

wire [7:0] after_last = any ? last_core + 8'd1 : 8'd0;

always @* begin
    if (numbered) begin
        next_core_in_rotation: assert (core == after_last % cores);
        core_below_k: assert (core < cores);
    end
end

// ---- epochs: one more for each reset that does not come with power, and each time that enable comes into force -------------------------

reg powered = 1'b0;                  // it has been without reset
reg reset_begins = 1'b0;             // in the cycle before, and not with power
reg is_due = 1'b0;                   // the port has been enabled, and no epoch has begun since
wire enables = changes && !was_reset && cfg_enable && !were[24];

always @(posedge clk) begin
    powered <= powered | ~rst;
    reset_begins <= rst && !was_reset && powered;
    is_due <= ~rst & (enables | is_due & epoch == was_epoch);
end

always @* begin
    if (reset_begins)
        a_reset_starts_one: assert (epoch == was_epoch + 6'd1);
    else if (epoch != was_epoch)
        nothing_else_does_but_enabling: assert (is_due && enable && !was_enable && epoch == was_epoch + 6'd1);
    if (settled)
        each_enabling_starts_one: assert (!is_due || epoch == was_epoch + 6'd1);
    if (new_epoch)
        new_epoch_comes_with_enable: assert (\in_force.seen_pending_enable && !enable);
end

// ---- for the induction only --------------------------------------------------------------------------------------------------------

`ifndef SCR_BROKEN
(* hierconn *) wire \next_configuration.seen_port_valid_reg , \next_configuration.seen_port_enable_reg , \next_configuration.seen_port_sequence_all_reg ;
(* hierconn *) wire [7:0] \next_configuration.seen_port_cores_reg , \next_configuration.seen_port_prefix_words_reg ;
(* hierconn *) wire [8:0] \next_configuration.seen_port_default_queue_reg ;
(* hierconn *) wire \in_force.seen_in_force_reg , \in_force.seen_differs_reg , \in_force.seen_holding_reg ;
(* hierconn *) wire [7:0] \rotation.seen_next_core_reg , \rotation.seen_after_next_reg , \rotation.seen_last_plus_one_reg ;
(* hierconn *) wire \rotation.seen_after_wraps_reg ;
(* hierconn *) wire [4:0] \modulus.seen_phase_reg , \modulus.seen_BEFORE_LAST_PHASE ;
(* hierconn *) wire \modulus.seen_last_phase_reg ;
(* hierconn *) wire \epoch_count.seen_powered_reg , \epoch_count.seen_in_reset_reg ;

// Fields of the next configuration.
wire next_enable = next_configuration_pending[0], next_sequence_all = next_configuration_pending[1];
wire [7:0] next_cores = next_configuration_pending[9:2], next_prefix_words = next_configuration_pending[26:19];
wire [8:0] next_default_queue = next_configuration_pending[53:45];

wire is_in_force = \in_force.seen_in_force_reg ;
wire [4:0] phase = \modulus.seen_phase_reg , last_phase = \modulus.seen_BEFORE_LAST_PHASE + 5'd1;

always @* begin
    tie_reset: assert (\epoch_count.seen_powered_reg == powered && \epoch_count.seen_in_reset_reg == was_reset);
    // What the ports say comes through in three cycles.
    if (age >= 3'd1)
        tie_first: assert (\next_configuration.seen_port_valid_reg && ports == {\next_configuration.seen_port_enable_reg ,
            \next_configuration.seen_port_sequence_all_reg , \next_configuration.seen_port_cores_reg , \next_configuration.seen_port_prefix_words_reg [5:0],
            \next_configuration.seen_port_default_queue_reg });
    if (age >= 3'd2)
        tie_second: assert (next_configuration_valid && ports == {next_enable, next_sequence_all, next_cores, next_prefix_words[5:0], next_default_queue});
    if (age >= 3'd3)
        tie_third: assert (is_in_force);
    tie_any: assert (!any || last_core < 8'd128);
    tie_last: assert (\rotation.seen_last_plus_one_reg == after_last);
    tie_phase: assert (phase <= last_phase && \modulus.seen_last_phase_reg == (phase == last_phase)
        && \in_force.seen_holding_reg == (phase != 5'd0 || has_reset && !is_in_force) && (phase == 5'd0 || is_in_force));
    tie_after: assert (\rotation.seen_after_next_reg == \rotation.seen_next_core_reg + 8'd1 || !began);
    // From a reset until something is put in force, when no frame is numbered, it says nothing.
    tie_wraps: assert (!is_in_force || \rotation.seen_after_wraps_reg == (\rotation.seen_after_next_reg == cores));
    tie_core: assert (!began || \rotation.seen_next_core_reg == after_last % cores);
    tie_one: assert (!began || (in_force_configuration_one_core == (cores == 8'd1) && in_force_configuration_cores_less_two == cores - 8'd2));
    tie_began: assert (began || (!is_in_force && !enable && cores == 8'd0 && !any));
    tie_next: assert (!next_configuration_valid || is_valid(next_cores, next_prefix_words));
    tie_differs: assert (\in_force.seen_differs_reg == (next_cores != cores));
end
`endif
