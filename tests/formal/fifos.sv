// Stands at the end of datapath: no FIFO of it overflows or is read when it is empty, and beats, rows and tickets that meet are of the same frame. At any width:
// only control matters here, so payload is not part of the model (docs/formal.md).
//
// Free: what comes in, when the sink takes a beat, what settings say (so also `hold`), and what tickets hold. Everything else is the datapath as it is.

localparam PLACES = `SCR_WIDTH <= 256 ? 64 : 32;    // of beat_fifo and meta_fifo
localparam QUEUE = 15;                              // of frame_queue, in RAM
localparam TICKETS = 17;                            // which it may have in all
localparam OUTPUT = 32;                             // of output_fifo
localparam BITS = $clog2(PLACES);
localparam SEGMENTS = 1024 / `SCR_WIDTH;            // beats of a window

(* hierconn *) wire [PLACES-1:0] \beat_fifo.seen_held_reg , \beat_fifo.seen_unpromised_reg ;
(* hierconn *) wire [BITS-1:0] \beat_fifo.seen_write_pointer_reg , \beat_fifo.seen_promise_pointer_reg ;
(* hierconn *) wire \input_stage.seen_ready_reg ;
(* hierconn *) wire [3:0] \header_window.seen_beat_index_reg ;
(* hierconn *) wire [6:0] \packet_parser.seen_valid_pipe_reg ;
// Of an arrival, the missing beats are the highest bits.
(* hierconn *) wire [107:0] \packet_parser.seen_a_arrival_reg , \packet_parser.seen_b_arrival_reg , \packet_parser.seen_c_arrival_reg , \packet_parser.seen_d_arrival_reg ,
    \packet_parser.seen_e_arrival_reg , \packet_parser.row_fields.seen_f_arrival_reg ;
(* hierconn *) wire [PLACES-1:0] \meta_fifo.seen_held_reg , \meta_fifo.seen_visible_reg ;
(* hierconn *) wire [7:0] \meta_fifo.seen_pending_reg ;
(* hierconn *) wire \meta_fifo.seen_appears ;
(* hierconn *) wire \numberer.seen_a_valid_reg , \numberer.seen_b_valid_reg ;
(* hierconn *) wire [QUEUE-1:0] \frame_queue.seen_stored_reg ;
(* hierconn *) wire [TICKETS-1:0] \frame_queue.seen_reserved_reg ;
(* hierconn *) wire \frame_queue.seen_load , \frame_queue.seen_both_valid_reg ;
(* hierconn *) wire [OUTPUT-1:0] \scheduler.seen_outstanding_reg , \output_fifo.seen_stored_reg ;
(* hierconn *) wire \scheduler.seen_in_prefix_reg , \scheduler.seen_in_packet_reg ;
(* hierconn *) wire \assembler.seen_a_valid_reg , \assembler.seen_a_prefix_reg , \assembler.seen_b_valid_reg , \assembler.seen_b_prefix_reg ;

function [3:0] ones(input [7:0] bits);
    ones = bits[0] + bits[1] + bits[2] + bits[3] + bits[4] + bits[5] + bits[6] + bits[7];
endfunction

// ---- what has happened, each counted modulo 256: more than twice what any FIFO holds --------------------------------------------------------

reg [7:0] writes = 8'd0, promises = 8'd0, pops = 8'd0;                             // beats into beat_fifo, promised, popped
reg [7:0] begun = 8'd0, ended = 8'd0;                                              // frames into beat_fifo
reg [7:0] windows = 8'd0, rows = 8'd0, appeared = 8'd0, numbered = 8'd0;           // frames: window complete, into meta_fifo, visible there, out of it
reg [7:0] tickets = 8'd0, heads = 8'd0, served = 8'd0;                             // frames: into frame_queue, out of its RAM, sent
reg [7:0] slots = 8'd0, made = 8'd0, loads = 8'd0;                                 // beats: scheduled, into output_fifo, out of it
reg in_frame = 1'b0;                                                               // beat_fifo has got a frame's first beat and not its last

always @(posedge clk) begin
    writes <= writes + input_stage_valid;
    promises <= promises + scheduler_promise;
    pops <= pops + assembler_packet_pop;
    begun <= begun + (input_stage_valid & ~in_frame);
    ended <= ended + (input_stage_valid & input_stage_last);
    in_frame <= input_stage_valid ? ~input_stage_last : in_frame;
    windows <= windows + header_window_valid;
    rows <= rows + packet_parser_valid;
    appeared <= appeared + \meta_fifo.seen_appears ;
    numbered <= numbered + numberer_meta_pop;
    tickets <= tickets + numberer_ticket_valid;
    heads <= heads + \frame_queue.seen_load ;
    served <= served + scheduler_ticket_pop;
    slots <= slots + scheduler_valid;
    made <= made + assembler_valid;
    loads <= loads + output_fifo_returned;
    if (rst) begin
        {writes, promises, pops, begun, ended, windows, rows, appeared, numbered, tickets, heads, served, slots, made, loads} <= 120'd0;
        in_frame <= 1'b0;
    end
end

wire [7:0] held = writes - pops, unpromised = writes - promises, in_promise = promises - pops;
wire [7:0] in_slots = slots - loads, in_output = made - loads, with_number = numbered - served, in_queue = tickets - heads, at_head = heads - served;
wire [7:0] in_meta = rows - numbered, visible = appeared - numbered;
wire [7:0] waiting = begun - numbered;     // frames of which a beat is there and that have no number

// Of each beat in beat_fifo that is not promised, the next one first: which frame it is of, and whether it is its last.
reg [8*PLACES+7:0] frame_of;
reg [PLACES-1:0] last_of;
wire [7:0] promised_frame = frame_of[7:0], place_of_next = unpromised - scheduler_promise;
integer moved;

always @(posedge clk) begin
    if (scheduler_promise) begin
        frame_of <= frame_of >> 8;
        last_of <= last_of >> 1;
    end
    for (moved = 0; moved < PLACES; moved = moved + 1) begin
        if (input_stage_valid && place_of_next == moved) begin
            frame_of[8*moved +: 8] <= ended;
            last_of[moved] <= input_stage_last;
        end
    end
end

// ---- properties --------------------------------------------------------------------------------------------------------------------------

// Three proofs, each of which takes for given what those before it show: of room in FIFOs (`fifos`); of the frames that beats and tickets are of (SCR_FRAMES);
// of frames without a number (SCR_WAITING). The first two need of the last only what held in
// cycles before (had_room), so they do not lean on each other.
`define SCR_ROOM assert
`define SCR_FRAME assert
`ifndef SCR_BROKEN
`ifdef SCR_FRAMES
`undef SCR_ROOM
`define SCR_ROOM assume
`endif
`ifdef SCR_WAITING
`define SCR_FRAMES
`undef SCR_ROOM
`define SCR_ROOM assume
`undef SCR_FRAME
`define SCR_FRAME assume
`endif
`endif

// One frame, whichever, is watched from its first beat on until it has its number; so what is said of the oldest frame without a number is said of all.
(* anyconst *) reg [7:0] watched;
reg [7:0] first_beat;
reg is_watched = 1'b0;

always @(posedge clk) begin
    if (input_stage_valid && !in_frame && begun == watched) begin
        is_watched <= 1'b1;
        first_beat <= writes;
    end
    if (numberer_meta_pop && numbered == watched)
        is_watched <= 1'b0;
    if (rst)
        is_watched <= 1'b0;
end

// What is asserted of the watched frame holds for each, so it may be assumed of all, a cycle later.
reg had_room = 1'b1;
always @(posedge clk) had_room <= rst || waiting <= PLACES;
always @* assume (had_room);

always @* begin
    // beat_fifo, as it is assumed in beat_fifo.sv.
    beat_fifo_has_room: `SCR_ROOM (!input_stage_valid || held < PLACES);
    promised_when_there_is_one: `SCR_ROOM (!scheduler_promise || beat_fifo_available && writes != promises);
    popped_when_promised: `SCR_ROOM (!assembler_packet_pop || promises != pops);
    // output_fifo: as many beats as it has places are scheduled and not out of it, at most.
    output_fifo_has_room: `SCR_ROOM (!assembler_valid || in_output < OUTPUT);
    beats_have_places: `SCR_ROOM (in_slots <= OUTPUT && in_output <= in_slots);
    // frame_queue: a place for each frame that has its number and is not sent.
    frame_queue_has_room: `SCR_ROOM (!numberer_ticket_valid || \frame_queue.seen_load || in_queue < QUEUE);
    tickets_have_places: `SCR_ROOM (with_number <= TICKETS && in_queue <= QUEUE && in_queue + at_head <= with_number);
    ticket_taken_when_there_is_one: `SCR_ROOM (!scheduler_ticket_pop || frame_queue_valid && heads != served);
    numbered_when_there_is_one: `SCR_ROOM (!numberer_meta_pop || rows != numbered);
    // What it is told to hold back appears behind what it holds back already.
    rows_appear_in_order: `SCR_ROOM (!packet_parser_valid || ones(packet_parser_row_delay) == 4'd1
        && \meta_fifo.seen_pending_reg < packet_parser_row_delay);
    a_window_for_each_frame: `SCR_ROOM (begun - windows <= 8'd2 && begun - ended <= 8'd1);
end

`ifdef SCR_FRAMES
always @* begin
    // The beats that go with a ticket are those of its frame: tickets are in the order of frames.
    if (scheduler_promise) begin
        beat_of_the_frame: `SCR_FRAME (promised_frame == served);
        end_of_the_frame: `SCR_FRAME (scheduler_ticket_pop == last_of[0]);
        no_beat_before_its_number: `SCR_FRAME (served != numbered);
    end
end
`endif
`ifdef SCR_WAITING
always @* begin
    // meta_fifo: each frame in it has a beat in beat_fifo that is not promised.
    if (numbered == watched) begin
        frames_without_number_have_beats: assert (waiting <= unpromised);
        meta_fifo_has_room: assert (!packet_parser_valid || in_meta < PLACES);
    end
end
`endif

// For broken copies whose fault shows when FIFOs are full: short frames without a pause, a long prefix, a sink that takes nothing.
`ifdef SCR_FLOOD
always @* assume (!rst && s_axis_tvalid && s_axis_tlast && !m_axis_tready && !settings_hold && frame_queue_ticket[10:0] == {8'd200, 3'b001});
`endif

// ---- for the induction only ----------------------------------------------------------------------------------------------------------------

`ifndef SCR_BROKEN
wire [7:0] delay = packet_parser_row_delay;
wire [3:0] last_missing = {1'd0, |delay[7:4], |{delay[7:6], delay[3:2]}, |{delay[7], delay[5], delay[3], delay[1]}};
// Cycles until the row of a frame on its way appears in meta_fifo, in the order of frames: from the parser's last stage to its first, window.
wire [7:0] on_its_way = {header_window_valid, \packet_parser.seen_valid_pipe_reg [0], \packet_parser.seen_valid_pipe_reg [1], \packet_parser.seen_valid_pipe_reg [2],
    \packet_parser.seen_valid_pipe_reg [3], \packet_parser.seen_valid_pipe_reg [4], \packet_parser.seen_valid_pipe_reg [5], \packet_parser.seen_valid_pipe_reg [6]};
wire [31:0] missing = {header_window_missing_beats, \packet_parser.seen_a_arrival_reg [107:104], \packet_parser.seen_b_arrival_reg [107:104], \packet_parser.seen_c_arrival_reg [107:104],
    \packet_parser.seen_d_arrival_reg [107:104], \packet_parser.seen_e_arrival_reg [107:104], \packet_parser.row_fields.seen_f_arrival_reg [107:104], last_missing};
wire [3:0] beat_index = \header_window.seen_beat_index_reg ;
// And of the frame of which a beat comes next, at least.
wire [4:0] earliest = beat_index < SEGMENTS ? 5'd7 + SEGMENTS - beat_index : 5'd8 + SEGMENTS;

wire [7:0] credits = in_slots + scheduler_valid;
integer place, older, younger;
always @* begin
    for (place = 0; place < PLACES; place = place + 1) begin
        `SCR_ROOM (\beat_fifo.seen_held_reg [place] == (place < held));
        `SCR_ROOM (\beat_fifo.seen_unpromised_reg [place] == (place < unpromised));
        `SCR_ROOM (\meta_fifo.seen_held_reg [place] == (place < in_meta));
        `SCR_ROOM (\meta_fifo.seen_visible_reg [place] == (place < visible));
    end
    for (place = 0; place < OUTPUT; place = place + 1) begin
        `SCR_ROOM (\scheduler.seen_outstanding_reg [place] == (place < credits));
        `SCR_ROOM (\output_fifo.seen_stored_reg [place] == (place < in_output));
    end
    for (place = 0; place < TICKETS; place = place + 1)
        `SCR_ROOM (\frame_queue.seen_reserved_reg [place] == (place < with_number));
    for (place = 0; place < QUEUE; place = place + 1)
        `SCR_ROOM (\frame_queue.seen_stored_reg [place] == (place < in_queue));
    tie_held: `SCR_ROOM (held <= PLACES && unpromised <= held);
    tie_pointers: `SCR_ROOM (\beat_fifo.seen_write_pointer_reg == writes[BITS-1:0] && \beat_fifo.seen_promise_pointer_reg == promises[BITS-1:0]);
    tie_space: `SCR_ROOM (!beat_fifo_space || held <= PLACES - 4);
    tie_ready: `SCR_ROOM (!\input_stage.seen_ready_reg || held <= PLACES - 3);
    tie_beat: `SCR_ROOM (!input_stage_valid || held <= PLACES - 2);
    tie_promised: `SCR_ROOM (in_promise == (scheduler_valid & ~scheduler_prefix) + (\assembler.seen_a_valid_reg & ~\assembler.seen_a_prefix_reg )
        + (\assembler.seen_b_valid_reg & ~\assembler.seen_b_prefix_reg ));
    tie_output: `SCR_ROOM (slots - made == \assembler.seen_a_valid_reg + \assembler.seen_b_valid_reg + assembler_valid);
    tie_credits: `SCR_ROOM (credits <= OUTPUT && in_output <= OUTPUT);
    tie_tickets: `SCR_ROOM (numbered - tickets == \numberer.seen_a_valid_reg + \numberer.seen_b_valid_reg + numberer_ticket_valid);
    tie_head: `SCR_ROOM (at_head <= 8'd2 && frame_queue_valid == (at_head != 8'd0) && \frame_queue.seen_both_valid_reg == (at_head == 8'd2));
    tie_queue: `SCR_ROOM (at_head != 8'd0 || in_queue <= 8'd1);
    tie_one_or_other: `SCR_ROOM (!(\scheduler.seen_in_prefix_reg & \scheduler.seen_in_packet_reg ));
    tie_scheduler: `SCR_ROOM (!(\scheduler.seen_in_prefix_reg | \scheduler.seen_in_packet_reg ) || frame_queue_valid);
    // Frames on their way to meta_fifo.
    tie_frame: `SCR_ROOM (begun - ended == in_frame && in_frame == (beat_index != 4'd0) && beat_index <= SEGMENTS);
    tie_window: `SCR_ROOM (begun - windows == header_window_valid + (beat_index != 4'd0 && beat_index < SEGMENTS));
    tie_rows: `SCR_ROOM (windows - rows == ones({1'b0, \packet_parser.seen_valid_pipe_reg }));
    tie_appeared: `SCR_ROOM (rows - appeared == ones(\meta_fifo.seen_pending_reg ));
    tie_waiting: `SCR_ROOM (in_meta <= waiting && visible <= in_meta);
    for (younger = 0; younger < 8; younger = younger + 1) begin
        if (on_its_way[younger]) begin
            `SCR_ROOM (missing[4*younger +: 4] < SEGMENTS && younger + missing[4*younger +: 4] < earliest);
            `SCR_ROOM (\meta_fifo.seen_pending_reg >> (younger + missing[4*younger +: 4]) == 8'd0);
        end
        for (older = 0; older < younger; older = older + 1)
            `SCR_ROOM (!on_its_way[younger] || !on_its_way[older] || older + missing[4*older +: 4] < younger + missing[4*younger +: 4]);
        `SCR_ROOM (!\meta_fifo.seen_pending_reg [younger] || younger < earliest);
    end
end

`ifdef SCR_FRAMES
always @* begin
    // As it is proved by `beat-fifo`.
    assume (!beat_fifo_available || beat_fifo_promised_last == last_of[0]);
    // Each frame ends where its last beat is.
    for (place = 0; place < PLACES; place = place + 1) begin
        if (place + 1 < unpromised)
            `SCR_FRAME (frame_of[8*(place+1) +: 8] == ((frame_of[8*place +: 8] + last_of[place]) & 8'hff));
        if (place + 1 == unpromised)
            `SCR_FRAME (ended == ((frame_of[8*place +: 8] + last_of[place]) & 8'hff));
    end
    tie_first: `SCR_FRAME ((unpromised == 8'd0 ? ended : promised_frame) == served);
end
`endif

`ifdef SCR_WAITING
wire [7:0] beats_to_it = first_beat - promises, beats_from_it = writes - first_beat;
wire [7:0] the_frame = frame_of >> {beats_to_it, 3'd0};
wire [7:0] frames_to_it = watched - numbered, frames_from_it = begun - watched;
always @* begin
    tie_watched: assert (is_watched == (frames_to_it < waiting));
    if (is_watched) begin
        tie_first_beat: assert (beats_to_it < unpromised && the_frame == watched);
        tie_beats: assert (beats_from_it >= frames_from_it);
    end
end
`endif
`endif
