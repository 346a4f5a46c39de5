// Stands at the end of numberer: numbers grow by one with each sequenced frame, from 0 in each epoch; places of rows grow on over epochs, so that no row is put where that
// of a frame that waits lies; and each ticket has what was in force when its frame was numbered.

`include "ticket.sv"

// ---- the reference: what the ticket of the frame taken in this cycle must hold -----------------------------------------------------------

// settings numbers nothing while it holds, and starts an epoch or not in any cycle; here both are free.
reg [39:0] number = 40'd0;           // of the next sequenced frame
reg [13:0] place = 14'd0;            // of its row; whatever epochs do
reg [9:0] rows_before = 10'd0;       // sequenced in this epoch, as far as the history reaches
wire in_sequence = enable && (sequence_all || meta_is_ip);
wire takes_frame = meta_valid && space && !hold;
wire [9:0] rows_now = rows_before == `SCR_HISTORY + 1 ? rows_before : rows_before + 10'd1;

always @(posedge clk) begin
    if (takes_frame && in_sequence) begin
        number <= number + 40'd1;
        place <= place + 14'd1;
        rows_before <= rows_now;
    end
    if (new_epoch || rst) begin
        number <= 40'd0;
        rows_before <= 10'd0;
    end
    if (rst)
        place <= 14'd0;
end

// Three stages later it comes out; its queue is looked up in the second.
reg [2:0] comes = 3'd0;
reg [2:0] is_sequenced = 3'd0;
reg [39:0] number_after [0:2];
reg [13:0] place_after [0:2];
reg [7:0] rows_after [0:2];
reg [7:0] core_after [0:2];
reg [7:0] cores_after [0:2];
reg [7:0] words_after [0:2];
reg [7:0] beats_after [0:2];
reg [5:0] epoch_after [0:2];
reg [103:0] rest_after [0:2];
reg [8:0] default_after;
reg [8:0] dest_after [1:2];
wire [13:0] first_slot = place_after[2] + HEADER_SLOTS;
integer stage;

always @(posedge clk) begin
    comes <= rst ? 3'd0 : {comes[1:0], takes_frame};
    is_sequenced <= {is_sequenced[1:0], in_sequence};
    number_after[0] <= number;
    place_after[0] <= place;
    rows_after[0] <= rows_now > max_valid_rows ? max_valid_rows : rows_now;
    core_after[0] <= core;
    cores_after[0] <= cores;
    words_after[0] <= prefix_words;
    beats_after[0] <= last_prefix_beat;
    epoch_after[0] <= epoch;
    rest_after[0] <= meta_info[105:2];
    default_after <= default_queue;
    dest_after[1] <= is_sequenced[0] ? steer_queue : default_after;
    dest_after[2] <= dest_after[1];
    for (stage = 1; stage < 3; stage = stage + 1) begin
        number_after[stage] <= number_after[stage - 1];
        place_after[stage] <= place_after[stage - 1];
        rows_after[stage] <= rows_after[stage - 1];
        core_after[stage] <= core_after[stage - 1];
        cores_after[stage] <= cores_after[stage - 1];
        words_after[stage] <= words_after[stage - 1];
        beats_after[stage] <= beats_after[stage - 1];
        epoch_after[stage] <= epoch_after[stage - 1];
        rest_after[stage] <= rest_after[stage - 1];
    end
end

always @* begin
    a_frame_for_each_ticket: assert (ticket_valid == comes[2]);
    each_frame_is_taken_once: assert (meta_pop == takes_frame);
    numbered_when_sequenced: assert (numbered == (takes_frame && in_sequence));
    status_shows_the_next_number: assert (next_seq == number);
    if (ticket_valid) begin
        sequenced_or_not: assert (ticket[0] == is_sequenced[2]);
        queue_of_the_core_or_default: assert (ticket[253:245] == dest_after[2]);
        timestamp_and_tid_travel_along: assert (ticket[244:141] == rest_after[2]);
        if (is_sequenced[2]) begin
            number_grows_by_one: assert (ticket[132:93] == number_after[2]);
            valid_rows_of_the_format: assert (ticket[140:133] == rows_after[2]);
            core_of_the_rotation: assert (ticket[86:79] == core_after[2]);
            k_in_force: assert (ticket[78:71] == cores_after[2]);
            b_in_force: assert (ticket[70:63] == words_after[2]);
            epoch_in_force: assert (ticket[92:87] == epoch_after[2]);
            beats_of_that_b: assert (ticket[10:3] == beats_after[2]);
            slots_for_valid_rows: assert (ticket[20:11] == HEADER_SLOTS + rows_after[2]);
            // Its row, in the slot behind the header, is where history has it.
            place_of_the_row: assert (ticket[39:31] == first_slot / LANES % 512 && ticket[62:58] == LANES - 1 - first_slot % LANES);
            what_it_says_twice_agrees: assert (ticket_agrees(ticket));
        end
    end
    if (row_write)
        row_behind_the_one_before: assert (row_place == place_after[0]);
    row_for_each_number: assert (row_write == (comes[0] && is_sequenced[0]));
    queue_of_that_core: assert (steer_core == core_after[0][6:0] || !comes[0]);
end

// min(M, N + 1, 255), as settings puts it in force.
always @* assume (max_valid_rows >= 1 && max_valid_rows <= 255 && max_valid_rows <= `SCR_HISTORY + 1);

// For the induction only: the number is kept in two halves, and a flag foresees the carry.
`ifndef SCR_BROKEN
always @* begin
    tie_carry: assert (seq_low_full_reg == (seq_low_reg == 20'hfffff));
    tie_place: assert (place_reg == place);
    tie_rows: assert (in_history_reg == rows_before && rows_before <= `SCR_HISTORY + 1);
    tie_valid: assert ({c_valid_reg, b_valid_reg, a_valid_reg} == comes);
end
`endif
