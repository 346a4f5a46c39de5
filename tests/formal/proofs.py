"""What scripts/prove proves: the table of properties, of the hardware each is proved of, and of faults that must be found."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Instance:
    """A configuration of `scr emit`."""

    profile: str
    width: int
    history: int
    cores: int
    # The shell whose block it is in, with two interfaces; none if empty.
    shell: str = ""

    def __str__(self):
        return f"{self.profile},{self.width},{self.history},{self.cores}" + (f",{self.shell}" if self.shell else "")


@dataclasses.dataclass(frozen=True)
class Fault:
    """A broken copy: `find` stands once in the module and is replaced. Some check must fail within `depth` cycles after power-up;
    `defines` may leave fewer inputs to look at."""

    module: str
    find: str
    replace: str
    what: str
    depth: int = 20
    defines: tuple = ()


@dataclasses.dataclass(frozen=True)
class Proof:
    """Checks at the end of modules (module, file of this folder), proved together of one top module.

    method: "induction" (holds always: from power-up for `depth` cycles, and after any `depth` cycles in which it held), "bounded" (holds for
    `depth` cycles after power-up), "cover" (all cover statements are reached within `depth` cycles), "paths" (of the structure).
    """

    name: str
    claim: str
    top: str
    checks: tuple
    instances: tuple
    method: str
    depth: int
    faults: tuple = ()
    long_instances: tuple = ()
    # The broken copies are of the first instance (a long one, if there is no other) and this top module and these checks, where they are given.
    faulty_top: str = None
    faulty_checks: tuple = None
    # Macros for the checks; instances in the top module whose outputs are free, and wires of it that are ("w:name").
    defines: tuple = ()
    cuts: tuple = ()
    # Inputs of the top module, and wires of it, that x of the check drives as given_x; instances in it that are taken out for that.
    given: tuple = ()
    removed: tuple = ()
    # "cover": cycles before this one are not looked at.
    from_cycle: int = 0
    # Leaves out what no check depends on, and the top module's outputs.
    only_control: bool = False
    # For "paths": the input port from which nothing but registers may be reached.
    source: str = ""
    # Memories as registers: faster where the addresses are few.
    map_memories: bool = False


FULL_16 = Instance("flow", 512, 16, 16)
FULL_128 = Instance("flow", 512, 128, 16)
NARROW = Instance("source", 128, 16, 4)
# What is around the sequencers does not depend on them.
BLOCK = Instance("source", 128, 16, 4, "corundum")

# The datapath from the numberer to the output, on the narrow instance.
CHAIN = {
    "top": "datapath",
    "checks": (("datapath", "chain.sv"),),
    "cuts": ("input_stage", "beat_fifo", "header_window", "packet_parser", "meta_fifo", "settings", "steering"),
    "instances": (NARROW,),
    "method": "bounded",
    "map_memories": True,
}

# The whole top but the registers, on the narrow instance.
WHOLE = {
    "top": "",
    "checks": (("", "whole.sv"),),
    "removed": ("registers",),
    "given": ("rst", "s_axis_tdata", "s_axis_tkeep", "s_axis_tvalid", "s_axis_tlast", "s_axis_tuser", "s_axis_tid", "m_axis_tready")
    + tuple(f"registers_{name}" for name in ("enable", "sequence_all", "cores", "prefix_words", "default_queue", "steer_write", "steer_write_core",
                                             "steer_write_queue", "steer_read_core")),
    "instances": (NARROW,),
    "method": "bounded",
    "map_memories": True,
}
# Frames by their beats; which of them are sequenced.
WHOLE_3_1_3 = ("SCR_BEATS=7", "SCR_LAST=16'h004c", "SCR_IP=4'b0101", "SCR_WORDS=1")
WHOLE_3_3_3 = ("SCR_BEATS=9", "SCR_LAST=16'h0124", "SCR_WORDS=1")
WHOLE_5_1_3 = ("SCR_BEATS=9", "SCR_LAST=16'h0130", "SCR_IP=4'b0101", "SCR_WORDS=1")
WHOLE_3_4_1_3 = ("SCR_BEATS=11", "SCR_LAST=16'h04c4", "SCR_IP=4'b1011", "SCR_WORDS=1")
WHOLE_10_3 = ("SCR_BEATS=13", "SCR_LAST=16'h1200", "SCR_IP=4'b0011", "SCR_WORDS=2")

# The whole datapath, without payload.
CONTROL = {
    "top": "datapath",
    "checks": (("datapath", "fifos.sv"),),
    "cuts": ("settings", "w:frame_queue_ticket"),
    "instances": (FULL_16,),
    "method": "induction",
    "depth": 1,
    "only_control": True,
    "map_memories": True,
}

PROOFS = (
    Proof(
        name="stream",
        claim="the output stream keeps an offered beat until it is taken",
        top="",
        checks=(("", "stream.sv"),),
        instances=(FULL_16, FULL_128),
        long_instances=(Instance("flow6-time", 512, 256, 128), Instance("source", 1024, 64, 16)),
        method="induction",
        depth=2,
        faulty_top="output_fifo",
        faulty_checks=(("output_fifo", "stream_of_output_fifo.sv"),),
        faults=(
            Fault("output_fifo", "end else if (m_tready) begin", "end else begin", "tvalid falls without tready", 6),
            Fault("output_fifo", "(~out_valid_reg | m_tready) & stored_reg[0]", "stored_reg[0]", "a beat is replaced before it is taken", 6),
        ),
    ),
    Proof(
        name="no-path",
        claim="no output depends on m_axis_tready within the cycle",
        top="",
        checks=(),
        instances=(FULL_16, FULL_128),
        method="paths",
        depth=0,
        source="m_axis_tready",
        faults=(
            Fault("output_fifo", "assign m_tlast = out_last_reg;", "assign m_tlast = out_last_reg & m_tready;", "tlast waits for tready", 0),
        ),
    ),
    Proof(
        name="axi-lite",
        claim="the register bus keeps the rules of AXI4-Lite; writes do what the register map says; the configuration is always valid",
        top="registers",
        checks=(("registers", "registers.sv"), ("register_write", "register_write.sv"), ("register_read", "register_read.sv")),
        instances=(FULL_16, Instance("source", 1024, 128, 128), Instance("flow6-time", 128, 16, 4)),
        long_instances=(Instance("knock", 256, 256, 1), Instance("flow-time", 512, 64, 16), Instance("source", 512, 256, 128)),
        method="induction",
        depth=8,
        faults=(
            Fault("register_write", "response_reg & bready", "response_reg", "a write response is not held"),
            Fault("register_write", "~data_held_reg & ~takes_data", "~takes_data", "data are taken while a write waits"),
            Fault("register_read", "response_reg & rready", "response_reg", "read data are not held"),
            Fault("register_write", "fits_most_reg <= {2'd0, new_cores_reg} <= most_reg;", "fits_most_reg <= 1'd1;", "k above the rows of a prefix is accepted"),
            Fault("register_write", "(new_cores_reg != 8'd0) & ", "", "k = 0 is accepted"),
            Fault("register_write", "changes_rotation_reg & fits_byte_reg &", "changes_rotation_reg &", "k = 257 is taken for 1"),
            Fault("register_write", "refusal_next = 1'd1;", "refusal_next = refusal_reg;", "STATUS does not show a refusal"),
            Fault("register_write", "end else if (whole_reg) begin", "end else begin", "a write without strobes writes"),
            Fault("registers", "{1'd0, register_write_brefused} << 1", "{1'd0, register_write_brefused}", "refusals are answered EXOKAY"),
            Fault("register_write", "(step_reg == 4'd8) & ~changing", "step_reg == 4'd8", "a write is answered while settings are changing"),
            Fault("register_write", "(step_reg == 4'd8) & ~changing", "(step_reg == 4'd7) & ~changing", "a write is answered a cycle too soon to be in force"),
            Fault("register_read", "no_register_next = 1'd1;", "no_register_next = 1'd0;", "unmapped reads are OKAY"),
            Fault("register_read", "latch_words[slot_reg[4:0]] <= high_reg;", "latch_words[slot_reg[4:0] ^ 5'd1] <= high_reg;", "a register latches in its neighbour's place"),
            Fault("register_read", "latched_next = 256'd0;", "latched_next = latched_reg;", "a reset keeps what was latched"),
            Fault("register_read", "is_high_reg & latched_reg[place]", "1'd0 & latched_reg[place]", "a high half is of now, not of when the low one was read"),
        ),
    ),
    Proof(
        name="parser",
        claim="the row of any frame is that of section 5 of the format",
        top="packet_parser",
        checks=(("packet_parser", "packet_parser.sv"),),
        instances=(FULL_16, Instance("flow6-time", 512, 16, 16)),
        long_instances=(Instance("source", 128, 16, 4), Instance("knock", 256, 16, 4), Instance("flow-time", 512, 16, 16)),
        method="induction",
        depth=8,
        faults=(
            Fault("vlan_tags", "(type_1 == TPID_C) | (type_1 == TPID_S)", "(type_1 == TPID_C)", "behind a tag, 0x88a8 is no tag"),
            Fault("vlan_tags", "(type_0 == TPID_S) | (type_0 == TPID_Q1)", "(type_0 == TPID_S)", "0x9100 is no tag"),
            Fault("ip_header_check", "& (header_words >= MIN_HEADER_WORDS)", "", "IPv4 headers under 5 words count"),
            Fault("ip_fields", "(header[52:48] == 5'd0) & ", "", "later fragments at large offsets have ports"),
            Fault("transport_header", "transport_present_fine = d_present_reg >> 8", "transport_present_fine = d_present_reg >> 7", "a transport header that is cut off counts"),
        ),
    ),
    Proof(
        name="numbers",
        claim="numbers grow by one, no frame is left out or taken twice; tickets hold what was in force",
        top="numberer",
        checks=(("numberer", "numberer.sv"),),
        instances=(FULL_16, FULL_128, NARROW, Instance("flow6-time", 128, 16, 4)),
        method="induction",
        depth=4,
        faults=(
            Fault("numberer", "seq_low_next = seq_low_reg + 20'd1;", "seq_low_next = seq_low_reg + 20'd2;", "every other number is left out"),
            Fault("numberer", "if (new_epoch | rst) begin", "if (rst) begin", "a new epoch goes on with the old numbers"),
            Fault("numberer", "meta_valid & space & ~hold", "meta_valid & space", "frames are numbered while k changes"),
            Fault("numberer", "if (a_filled_reg > a_max_rows_reg) begin", "if (1'b0) begin", "valid_rows counts more rows than fit"),
            Fault("numberer", "b_cores_reg <= a_cores_reg;", "b_cores_reg <= cores;", "k is another frame's"),
            Fault("numberer", "    if (rst) begin\n        place_next", "    if (new_epoch | rst) begin\n        place_next", "places begin anew with an epoch"),
            Fault("numberer", "~low_place & LANE_MASK", "low_place & LANE_MASK", "rows are rotated the wrong way"),
        ),
    ),
    Proof(
        name="rotation",
        claim="cores rotate by (c + 1) mod k under any changes of k; what is in force is valid and whole; epochs",
        top="settings",
        checks=(("settings", "settings.sv"),),
        instances=(NARROW, FULL_16),
        long_instances=(Instance("source", 512, 256, 128),),
        method="induction",
        depth=26,
        faults=(
            Fault("rotation", "after_wraps_next = next_core_reg == cores_less_two;", "after_wraps_next = next_core_reg == cores_less_two + 8'd2;", "the rotation has one core more", 40),
            Fault("modulus", "partial_remainder_next = dividend;", "partial_remainder_next = dividend + 8'd1;", "after a change of k, a core is left out", 32, ("SCR_STEADY",)),
            Fault("in_force", "now_next = pending;", "now_next = {pending[53:35], now_reg[34:27], pending[26:0]};", "prefixes keep the length before a change", 40),
            Fault("epoch_count", "if (starts | reset_starts) begin", "if (starts | rst) begin", "the reset at power-up starts an epoch", 40),
            Fault("in_force", "        in_force_next = 1'd0;\n        holding_next = 1'd1;\n", "        in_force_next = 1'd0;\n", "a reset does not hold back frames", 8),
            Fault("in_force", "now_next = pending;", "now_next = {now_reg[53:45], pending[44:0]};", "the default queue does not come into force", 8),
            Fault("in_force", "assign starts = take & in_force_reg", "assign starts = take & ~change & in_force_reg", "enabling together with a change of k begins no epoch", 32, ("SCR_STEADY",)),
            Fault("in_force", "assign change = in_force_reg & differs_reg;", "assign change = differs_reg;",
                  "a reset is followed by the hold of a change of k", 8),
        ),
    ),
    Proof(
        name="beat-fifo",
        claim="beats leave the beat FIFO in order, each once, unaltered",
        top="beat_fifo",
        checks=(("beat_fifo", "beat_fifo.sv"),),
        instances=(NARROW, FULL_16),
        method="induction",
        depth=2,
        faults=(
            Fault("beat_fifo", "pop_pointer_next = pop_pointer_reg + 6'd1;", "pop_pointer_next = pop_pointer_reg + 6'd2;", "beats are left out"),
            Fault("beat_fifo", "unpromised_next = unpromised_reg >> 1;", "unpromised_next = unpromised_reg;", "beats are promised that are not there"),
            Fault("beat_fifo", "flag_ram_read_data = flag_ram_words[pop_pointer_reg]", "flag_ram_read_data = flag_ram_words[promise_pointer_reg]",
                  "the flag is that of another beat"),
        ),
    ),
    Proof(
        name="output-fifo",
        claim="beats leave the output FIFO in order, each once, unaltered",
        top="output_fifo",
        checks=(("output_fifo", "output_fifo.sv"),),
        instances=(NARROW, FULL_16),
        method="induction",
        depth=2,
        faults=(
            Fault("output_fifo", "out_keep_next = keep_ram_read_data;", "out_keep_next = write_keep;", "tkeep is another beat's"),
            Fault("output_fifo", "end else if (m_tready) begin", "end else if (m_tready & ~write) begin", "a beat comes twice"),
        ),
    ),
    Proof(
        name="input",
        claim="each beat that is taken comes out once, in the next cycle, unaltered",
        top="input_stage",
        checks=(("input_stage", "input_stage.sv"),),
        instances=(FULL_16, NARROW),
        method="induction",
        depth=1,
        faults=(
            Fault("input_stage", "s_tvalid & ready_reg & ~rst;\n    beat_last_reg", "s_tvalid & ~rst;\n    beat_last_reg", "beats are taken that were refused"),
            Fault("input_stage", "beat_data_reg <= s_tdata;", "beat_data_reg <= space ? s_tdata : beat_data_reg;", "a beat keeps another's data"),
            Fault("input_stage", "assign flag = beat_user_reg[0];", "assign flag = beat_user_reg[0] & beat_last_reg;", "only a last beat has its flag"),
        ),
    ),
    Proof(
        name="window",
        claim="the window of a frame holds its first 128 bytes, and says which of them it has",
        top="header_window",
        checks=(("header_window", "header_window.sv"),),
        instances=(FULL_16, NARROW),
        method="induction",
        depth=1,
        faults=(
            Fault("header_window", "(is_final | beat_last) & ~is_past", "(is_final | beat_last)", "a long frame has two windows", 6),
            Fault("header_window", "segment_keep_1_next = 64'd0;", "segment_keep_1_next = segment_keep_1_reg;", "a short frame has bytes of the one before", 6),
            Fault("header_window", "if (beat_valid & is_first) begin\n        first_time_next", "if (beat_valid) begin\n        first_time_next", "the timestamp is that of the last beat", 6),
        ),
    ),
    Proof(
        name="meta-fifo",
        claim="rows leave the meta FIFO in order, each once, unaltered, and not before they may",
        top="meta_fifo",
        checks=(("meta_fifo", "meta_fifo.sv"),),
        instances=(FULL_16,),
        long_instances=(NARROW,),
        method="induction",
        depth=1,
        faults=(
            Fault("meta_fifo", "second_pointer_next = read_pointer_reg + 5'd2;", "second_pointer_next = read_pointer_reg + 5'd1;", "IP or not is another frame's"),
            Fault("meta_fifo", "pending_reg | delay", "pending_reg | 8'd1", "rows of short frames appear at once"),
            Fault("meta_fifo", "read_pointer_next = read_pointer_reg + 5'd1;", "read_pointer_next = read_pointer_reg + 5'd2;", "rows are left out"),
        ),
    ),
    Proof(
        name="frame-queue",
        claim="tickets leave the frame queue in order, each once, unaltered",
        top="frame_queue",
        checks=(("frame_queue", "frame_queue.sv"),),
        instances=(FULL_16,),
        method="induction",
        depth=1,
        faults=(
            Fault("frame_queue", "read_pointer_next = read_pointer_reg + 4'd1;", "read_pointer_next = read_pointer_reg + 4'd2;", "tickets are left out"),
            Fault("frame_queue", "head_is_b_next = ~head_is_b_reg;", "head_is_b_next = ~head_is_b_reg & ~write;", "a ticket comes twice"),
        ),
    ),
    Proof(
        name="steering",
        claim="a core has the queue that was written for it last, or else that of its own number",
        top="steering",
        checks=(("steering", "steering.sv"),),
        instances=(FULL_16, Instance("source", 512, 256, 128), NARROW),
        method="induction",
        depth=1,
        faults=(
            Fault("steering", "steered_next = 128'd0;", "steered_next = steered_reg;", "a reset leaves queues as they were"),
            Fault("steering", "frame_table_words[write_core[3:0]] <= write_queue;", "frame_table_words[core[3:0]] <= write_queue;", "a queue is written for another core"),
        ),
    ),
    Proof(
        name="history",
        claim="rows that are asked for come two cycles later, newest first, as they were when they were asked for",
        top="history",
        checks=(("history_lane", "history_lane.sv"), ("history", "history.sv")),
        instances=(FULL_16, FULL_128, NARROW),
        method="induction",
        depth=2,
        only_control=True,
        faults=(
            Fault("history", "write_lane = ~low_place & LANE_MASK", "write_lane = low_place & LANE_MASK", "rows lie in lanes the other way round"),
            Fault("history", "(by_1 >> DOWN_2) | (by_1 << UP_2)", "by_1", "rows are turned by one at most"),
            Fault("history_lane", "ram_read_address = read_address_before;", "ram_read_address = read_address;", "all lanes read at one address"),
        ),
    ),
    Proof(
        name="scheduler",
        claim="each ticket gives its prefix, beat for beat, and then the beats of its frame",
        top="scheduler",
        checks=(("scheduler", "scheduler.sv"),),
        instances=(FULL_16, NARROW, Instance("flow6-time", 128, 16, 4)),
        method="induction",
        depth=2,
        faults=(
            Fault("scheduler", "next_is_last_next = left_reg == 8'd2;", "next_is_last_next = left_reg == 8'd1;", "prefixes are a beat too long"),
            Fault("scheduler", "next_address_next = next_address_reg - 9'd1;", "next_address_next = next_address_reg;", "from the third beat on, rows come again"),
            Fault("scheduler", "in_packet_next = ~promised_last;", "in_packet_next = 1'd0;", "a frame has one beat of packet"),
            Fault("scheduler", "next_filled_next = next_filled_reg - SLOTS_PER_BEAT;", "next_filled_next = next_filled_reg;", "rows stand behind the valid ones"),
        ),
    ),
    Proof(
        name="assembler",
        claim="each beat that is scheduled comes out: header and rows, or the next of the packet",
        top="assembler",
        checks=(("assembler", "assembler.sv"),),
        instances=(FULL_16, Instance("flow6-time", 512, 16, 16), NARROW),
        long_instances=(Instance("source", 1024, 64, 16), Instance("knock", 256, 16, 4), Instance("flow-time", 128, 16, 4)),
        method="induction",
        depth=4,
        faults=(
            Fault("assembler", "a_slots_reg & ROW_SLOTS_OF_FIRST", "a_slots_reg", "a row stands behind the header"),
            Fault("assembler", "header_core = a_frame_reg_core;", "header_core = a_frame_reg_cores;", "the header has k in place of the core"),
            Fault("assembler", "b_valid_reg & ~b_prefix_reg;", "b_valid_reg & ~b_prefix_reg & ~b_last_reg;", "a frame's last beat is not taken"),
            Fault("assembler", "b_time_reg <= a_frame_reg_timestamp;", "b_time_reg <= slot_frame[236:141];", "the timestamp is the next beat's"),
            Fault("assembler", "c_flag_next = packet_flag;", "c_flag_next = 1'd0;", "the flag in tuser is lost"),
            Fault("assembler", "c_flag_next = 1'd0;", "c_flag_next = packet_flag;", "beats of a prefix have a packet's flag"),
        ),
    ),
    Proof(
        name="fifos",
        claim="no FIFO overflows, and none is read when it is empty",
        faults=(
            Fault("beat_fifo", "~held_reg[27]", "~held_reg[29]", "the input is told too late to stop", 60, ("SCR_FLOOD",)),
            Fault("scheduler", "assign go = ~outstanding_reg[31];", "assign go = 1'd1;", "beats are started without a place", 70, ("SCR_FLOOD",)),
            Fault("frame_queue", "assign space = ~reserved_reg[16];", "assign space = ~stored_reg[14];", "frames are numbered without a place", 60, ("SCR_FLOOD",)),
            Fault("header_window", "FINAL_INDEX - beat_index_reg", "beat_index_reg", "short frames appear too soon"),
        ),
        **CONTROL,
    ),
    Proof(
        name="frames",
        claim="beats and tickets that meet are of the same frame",
        defines=("SCR_FRAMES",),
        faults=(
            Fault("scheduler", "assign starts = ticket_valid & ~in_prefix_reg", "assign starts = ~in_prefix_reg", "beats are sent before their frame is numbered"),
            Fault("beat_fifo", "promise_pointer_next = promise_pointer_reg + 5'd1;", "promise_pointer_next = promise_pointer_reg + 5'd2;", "the end is another frame's"),
        ),
        **CONTROL,
    ),
    Proof(
        name="waiting",
        claim="each frame that waits for its number has a beat in the beat FIFO: the meta FIFO does not overflow",
        defines=("SCR_WAITING",),
        faults=(
            Fault("header_window", "(is_final | beat_last) & ~is_past", "(is_final | beat_last)", "a long frame has two rows"),
        ),
        **CONTROL,
    ),
    Proof(
        name="queue-select",
        claim="in a shell, tdest says how a queue is meant when a frame begins, and stays to its end",
        top="queue_select",
        checks=(("queue_select", "queue_select.sv"),),
        instances=(BLOCK,),
        method="induction",
        depth=1,
        faults=(
            Fault("queue_select", "inside_next = ~(tready & tlast);", "inside_next = ~tready;", "it changes between two beats", 6),
            Fault("queue_select", "inside_next = ~(tready & tlast);", "inside_next = ~tlast;", "it changes while a frame of one beat waits", 6),
            Fault("queue_select", "        chosen = kept_reg;", "        chosen = indirect;", "it changes with the register", 6),
        ),
    ),
    Proof(
        name="window-write",
        claim="in a shell, each write reaches the window that it is for and no other, and is answered once, in time, by whom it is for",
        top="window_write",
        checks=(("window_write", "window_write.sv"),),
        instances=(BLOCK,),
        method="induction",
        depth=2,
        faults=(
            Fault("window_write", "assign m_awvalid_1 = address_due_reg & selected_1_reg;", "assign m_awvalid_1 = address_due_reg;", "an address goes to both", 12),
            Fault("window_write", "is_window_reg <= window < WINDOWS;", "is_window_reg <= window <= WINDOWS;", "there is a window too many", 24),
            Fault("window_write", "answered = m_bvalid_1;", "answered = m_bvalid_0;", "a window is answered by another", 24),
            Fault("window_write", "if (address_taken) begin\n            address_due_next = 1'd0;", "if (address_taken & data_taken) begin\n            address_due_next = 1'd0;",
                  "an address is offered again", 16),
            Fault("window_write", "if (response_reg & bready) begin", "if (response_reg) begin", "a response is not held", 12),
            Fault("window_write", "assign to_tdest = is_tdest_reg & fits_reg & whole_reg;", "assign to_tdest = is_tdest_reg & whole_reg;", "a value that does not fit is written", 12),
            Fault("window_write", "if (writes & selected_1_reg) begin", "if (writes) begin", "a register of another window is written", 12),
        ),
    ),
    Proof(
        name="window-read",
        claim="the same of reads",
        top="window_read",
        checks=(("window_read", "window_read.sv"),),
        instances=(BLOCK,),
        method="induction",
        depth=2,
        faults=(
            Fault("window_read", "answer_data = m_rdata_1;", "answer_data = m_rdata_0;", "data are another window's", 16),
            Fault("window_read", "assign m_arvalid_1 = address_due_reg & selected_1_reg;", "assign m_arvalid_1 = address_due_reg;", "an address goes to both", 12),
            Fault("window_read", "is_indirect = indirect_1;", "is_indirect = indirect_0;", "TDEST is another window's", 12),
            Fault("window_read", "step_reg == 2'd0) & ~takes_address & ~response_reg & ~rst", "step_reg == 2'd0) & ~response_reg & ~rst", "a second address is taken", 12),
            Fault("window_read", "if (address_taken) begin", "if (address_taken & answered) begin", "an address is offered again", 16),
        ),
    ),
    Proof(
        name="chain-mixed",
        claim="output = prefix of the format and frame, in order, each once: sequenced, passed by, sequenced under other settings",
        defines=("SCR_MIXED",),
        depth=30,
        faults=(
            Fault("numberer", "~low_place & LANE_MASK", "low_place & LANE_MASK", "rows are rotated the wrong way", 20),
            Fault("assembler", "header_core = a_frame_reg_core;", "header_core = a_frame_reg_cores;", "the header has k in place of the core", 16),
            Fault("frame_queue", "read_pointer_next = read_pointer_reg + 4'd1;", "read_pointer_next = read_pointer_reg + 4'd2;", "every other frame is lost", 24),
            Fault("output_fifo", "read_pointer_next = read_pointer_reg + 5'd1;", "read_pointer_next = read_pointer_reg + 5'd2;", "every other beat is lost", 20),
            Fault("assembler", "b_valid_reg & ~b_prefix_reg;", "b_valid_reg & ~b_prefix_reg & ~b_last_reg;", "a frame's last beat comes twice", 24),
            Fault("assembler", "a_slots_reg & ROW_SLOTS_OF_FIRST", "a_slots_reg", "a row stands behind the header", 20),
            Fault("output_fifo", "out_dest_next = dest_ram_read_data;", "out_dest_next = write_dest;", "tdest is another frame's", 20),
        ),
        **CHAIN,
    ),
    Proof(
        name="chain-rows",
        claim="the same: three sequenced frames, the newest with the rows of all three",
        defines=("SCR_ROWS",),
        depth=28,
        faults=(Fault("history_lane", "write & (write_lane == INDEX)", "write", "every row is written into every lane", 24),),
        **CHAIN,
    ),
    Proof(
        name="chain-epoch",
        claim="the same: three sequenced frames, of which the first two are of the epoch before and wait when the next one begins",
        defines=("SCR_EPOCH",),
        depth=28,
        faults=(
            Fault("numberer", "    if (rst) begin\n        place_next", "    if (new_epoch | rst) begin\n        place_next",
                  "rows of the new epoch overwrite those that frames wait for", 24),
            Fault("numberer", "        in_history_next = 10'd0;\n", "", "rows of the epoch before count as valid", 24),
        ),
        **CHAIN,
    ),
    Proof(
        name="chain-any",
        claim="the same: frames and beats that come at any time, any settings and lengths",
        defines=("SCR_ANY",),
        depth=16,
        faults=(Fault("assembler", "header_valid_rows = a_frame_reg_valid_rows;", "header_valid_rows = a_frame_reg_core;", "the header has the core in place of valid_rows", 16),),
        **CHAIN,
    ),
    *(
        Proof(
            name=f"reach-{name}",
            claim=f"what chain-{name} is about happens within its bound",
            defines=(f"SCR_{name.upper()}", "SCR_COVER"),
            depth=depth,
            **dict(CHAIN, method="cover"),
        )
        for name, depth in (("mixed", 30), ("rows", 28), ("epoch", 28), ("any", 16))
    ),
    Proof(
        name="whole-contents",
        claim="from port to port, output = prefix and frame: any contents",
        defines=WHOLE_5_1_3 + ("SCR_READY", "SCR_ALL_OUT_BY=50"),
        depth=52,
        faults=(
            Fault("vlan_tags", "a_words_reg <= window[783:112];", "a_words_reg <= window[791:120];", "the parser looks for headers a byte too far", 46),
            Fault("row_fields", "f_src_reg <= fields_src;", "f_src_reg <= {fields_src[7:0], fields_src[127:8]};", "addresses are rotated", 46),
        ),
        **WHOLE,
    ),
    Proof(
        name="whole-stalls",
        claim="the same: any stalls of the sink",
        defines=WHOLE_3_1_3 + ("SCR_PLAIN",),
        depth=54,
        faults=(
            Fault("numberer", "~low_place & LANE_MASK", "low_place & LANE_MASK", "rows are rotated the wrong way", 54),
            Fault("numberer", "if (new_epoch | rst) begin\n        seq_low_next = 20'd0;", "if (new_epoch | rst) begin\n        seq_low_next = 20'd1;", "numbers begin with 1", 46),
            Fault("beat_fifo", "data_ram_words[pop_pointer_reg]", "data_ram_words[pop_pointer_reg ^ 6'd1]", "beats of a packet change places", 50),
            Fault("header_window", "if (beat_valid & is_first) begin\n        first_time_next", "if (beat_valid) begin\n        first_time_next", "the timestamp is that of the last beat", 46),
            Fault("assembler", "c_flag_next = packet_flag;", "c_flag_next = (c_valid_reg & ~c_last_reg) ? c_flag_reg : packet_flag;", "a frame has the flag of its first beat", 46),
            Fault("meta_fifo", "read_pointer_next = read_pointer_reg + 6'd1;", "read_pointer_next = read_pointer_reg;", "every frame has the row of the first", 54),
            Fault("scheduler", "next_is_last_next = left_reg == 8'd2;", "next_is_last_next = left_reg == 8'd1;", "prefixes are a beat too long", 50),
        ),
        **WHOLE,
    ),
    Proof(
        name="whole-mixed",
        claim="the same: any of the frames sequenced or passed by",
        defines=WHOLE_3_3_3 + ("SCR_PLAIN", "SCR_READY", "SCR_ALL_OUT_BY=54"),
        depth=56,
        faults=(
            Fault("numberer", "assign numbered = sequences;", "assign numbered = takes;", "frames that pass by have cores", 50),
            Fault("output_fifo", "m_tready) & stored_reg[0];", "m_tready) & stored_reg[1];", "the last beat waits for another", 56, ("SCR_IP=4'b0111",)),
        ),
        **WHOLE,
    ),
    Proof(
        name="whole-four",
        claim="the same as whole-contents: four frames",
        defines=WHOLE_3_4_1_3 + ("SCR_READY", "SCR_ALL_OUT_BY=56"),
        depth=58,
        **dict(WHOLE, instances=(), long_instances=(NARROW,)),
    ),
    Proof(
        name="whole-long",
        claim="the same as whole-stalls: a frame that is longer than the window, a prefix of two words",
        defines=WHOLE_10_3 + ("SCR_PLAIN",),
        depth=60,
        **dict(WHOLE, instances=(), long_instances=(NARROW,)),
    ),
    Proof(
        name="reach-whole",
        claim="all that whole-stalls is about comes out within its bound, and the sink stalls",
        defines=WHOLE_3_1_3 + ("SCR_PLAIN", "SCR_COVER"),
        depth=54,
        from_cycle=53,
        **dict(WHOLE, method="cover"),
    ),
)
