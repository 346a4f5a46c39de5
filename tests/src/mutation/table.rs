//! The faults: replacements of one text by another in one module of the emitted Verilog.

use scr_hdl::{BuildError, CoreConfig, Emitted};
use scr_wire::profile;

use crate::registers;

/// The hardware that a fault is inserted into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hardware {
    /// Profile `flow`, N = 64, 512 bits.
    Default,
    /// Profile `flow6-time`, N = 16, 128 bits: IPv6, and rows wider than a beat.
    Narrow,
    /// Profile `source`, N = 64, 1024 bits: prefixes of whole beats.
    Wide,
    /// As `Default`, but every event counts 2¹⁵ times.
    Counting,
}

impl Hardware {
    /// Parameters of the hardware.
    pub fn config(self) -> CoreConfig {
        let (profile, history, width) = match self {
            Self::Default | Self::Counting => (&profile::FLOW, 64, 512),
            Self::Narrow => (&profile::FLOW6_TIME, 16, 128),
            Self::Wide => (&profile::SOURCE, 64, 1024),
        };
        CoreConfig {
            history,
            width,
            ..CoreConfig::new(profile)
        }
    }

    /// Verilog of the hardware, without a fault.
    ///
    /// # Errors
    ///
    /// [`BuildError`]
    pub fn emit(self) -> Result<Emitted, BuildError> {
        let mut emitted = scr_hdl::emit(&self.config())?;
        if self == Self::Counting {
            registers::many_times(&mut emitted);
        }
        Ok(emitted)
    }
}

/// A fault.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// Name of the fault.
    pub id: &'static str,
    /// The hardware.
    pub hardware: Hardware,
    /// The module, without the top module's name.
    pub module: &'static str,
    /// Text that occurs there exactly once.
    pub find: &'static str,
    /// The replacement.
    pub replace: &'static str,
    /// Description of the fault.
    pub fault: &'static str,
}

const fn mutant(
    id: &'static str,
    module: &'static str,
    find: &'static str,
    replace: &'static str,
    fault: &'static str,
) -> Mutant {
    Mutant {
        id,
        hardware: Hardware::Default,
        module,
        find,
        replace,
        fault,
    }
}

const fn on(hardware: Hardware, mutant: Mutant) -> Mutant {
    Mutant { hardware, ..mutant }
}

/// All faults, in the order in which a packet passes through their modules.
#[rustfmt::skip]
pub const MUTANTS: &[Mutant] = &[
    mutant("ready-late", "beat_fifo", "space_flag_next = ~held_reg[27];", "space_flag_next = ~held_reg[31];",
        "the input is told to stop four beats too late"),
    mutant("ready-ignored", "input_stage", "s_tvalid & ready_reg & ~rst;", "s_tvalid & ~rst;",
        "beats are taken also while tready is low"),
    mutant("reset-in-flight", "input_stage", "beat_valid_reg <= s_tvalid & ready_reg & ~rst;", "beat_valid_reg <= s_tvalid & ready_reg;",
        "a beat survives a reset"),
    mutant("keep-of-next", "input_stage", "beat_keep_reg <= s_tkeep;", "beat_keep_reg <= {s_tkeep[63:1], 1'b1};",
        "the lowest bit of tkeep is stuck; it is always set anyway"),
    mutant("flag-lost", "input_stage", "assign flag = beat_user_reg[0];", "assign flag = 1'd0;",
        "the shell's flag in tuser is lost"),
    mutant("count-bytes-in", "input_stage", "h8000800080008000)", "h8000800080004000)",
        "15 bytes count as 31"),
    mutant("count-stalls-in", "input_stage", "waits_reg <= s_tvalid & ~ready_reg & ~rst;", "waits_reg <= ~ready_reg & ~rst;",
        "cycles without tvalid count as stalls"),
    mutant("fifo-pointer", "beat_fifo", "pop_pointer_next = pop_pointer_reg + 5'd1;", "pop_pointer_next = pop_pointer_reg + 5'd3;",
        "beats are popped out of order"),
    mutant("fifo-unreset", "beat_fifo", "        promise_pointer_next = 5'd0;\n", "",
        "a pointer of the beat FIFO is not reset"),
    mutant("fifo-occupancy", "beat_fifo", "unpromised_next = unpromised_reg >> 1;", "unpromised_next = unpromised_reg;",
        "beats are promised that are not there"),
    mutant("flag-of-another", "beat_fifo", "flag_ram_words[pop_pointer_reg]", "flag_ram_words[promise_pointer_reg]",
        "the flag is that of a later beat"),
    mutant("window-stale", "header_window", "segment_keep_1_next = 64'd0;", "segment_keep_1_next = segment_keep_1_reg;",
        "bytes of the packet before are taken for a short one's"),
    mutant("window-time", "header_window", "first_time_next = beat_time;", "first_time_next = {beat_time[95:1], 1'b0};",
        "the lowest bit of the timestamp is lost"),
    mutant("window-id-late", "header_window", "    if (beat_valid & is_first) begin\n        first_time_next", "    if (beat_valid) begin\n        first_time_next",
        "timestamp and tid are taken from a later beat"),
    mutant("window-past", "header_window", "& ~is_past;", ";",
        "a long frame completes its window twice"),
    mutant("parse-untagged", "vlan_tags", "(type_0 == TYPE_IPV4) & present[13]", "(type_0 == TYPE_IPV4)",
        "an EtherType behind the end of the frame counts"),
    mutant("parse-two-tags", "vlan_tags", "b_words_next = a_words_reg >> 64;", "b_words_next = a_words_reg >> 32;",
        "two VLAN tags are removed as one"),
    mutant("parse-second-tag", "vlan_tags", "b_ipv4_next = a_ipv4_reg[2];", "b_ipv4_next = a_ipv4_reg[1];",
        "behind two tags the EtherType is looked for at the second"),
    mutant("parse-options", "ip_header_check", "c_skip_next = header_words - MIN_HEADER_WORDS;", "c_skip_next = 4'd0;",
        "IP options are taken for the transport header"),
    mutant("parse-coarse-shift", "transport_header", "transport_coarse = transport >> 256;", "transport_coarse = transport >> 128;",
        "IP headers with more than 7 words of options are misread"),
    mutant("parse-fine-shift", "transport_header", "transport_present_fine = d_present_reg >> 12;", "transport_present_fine = d_present_reg >> 8;",
        "a transport header that is cut off counts as present"),
    mutant("parse-fragment", "ip_fields", "(header[52:48] == 5'd0) & (header[63:56] == 8'd0)", "(header[63:56] == 8'd0)",
        "later fragments at large offsets have ports"),
    mutant("parse-flags", "row_fields", "layout_tcp_flags = f_transport_reg[111:104];", "layout_tcp_flags = f_transport_reg[103:96];",
        "TCP flags are taken one byte off"),
    mutant("parse-ports-swapped", "row_fields", "layout_src_port = f_transport_reg[15:0];", "layout_src_port = f_transport_reg[31:16];",
        "source and destination port are the same"),
    mutant("parse-length", "ip_fields", "d_length_next = header[31:16];", "d_length_next = header[15:0];",
        "the total length is another field"),
    mutant("parse-pipe-time", "packet_parser", "d_arrival_reg <= c_arrival_reg;", "d_arrival_reg <= {c_arrival_reg[107:96], b_arrival_reg[95:0]};",
        "the timestamp skips a stage of the parser"),
    on(Hardware::Narrow, mutant("parse-ipv6-length", "ip_fields", "d_length_next = payload_length + IPV6_HEADER;", "d_length_next = payload_length;",
        "the length of IPv6 packets lacks their header")),
    on(Hardware::Narrow, mutant("parse-ipv6-address", "ip_fields", "d_dst_next = header[319:192];", "d_dst_next = header[191:64];",
        "the destination of IPv6 packets is their source")),
    mutant("meta-prefetch", "meta_fifo", "second_pointer_next = read_pointer_reg + 5'd2;", "second_pointer_next = read_pointer_reg + 5'd1;",
        "whether a frame is IP is another frame's"),
    mutant("meta-bypass", "meta_fifo", "        if (held_reg[1]) begin", "        if (held_reg[0]) begin",
        "whether a frame is IP is stale when it becomes the head as it is written"),
    mutant("meta-delay", "meta_fifo", "token = pending_reg | delay;", "token = pending_reg | 8'd1;",
        "short frames come out early: latency depends on length"),
    mutant("seq-skips", "numberer", "seq_low_next = seq_low_reg + 20'd1;", "seq_low_next = seq_low_reg + 20'd2;",
        "every other sequence number is left out"),
    mutant("seq-keeps-epoch", "numberer", "    if (new_epoch | rst) begin", "    if (rst) begin",
        "a new epoch goes on with the old numbers"),
    mutant("place-in-epoch", "numberer", "    if (rst) begin\n        place_next", "    if (new_epoch | rst) begin\n        place_next",
        "rows of a new epoch overwrite those that frames of the one before wait for"),
    mutant("numbers-all", "numberer", "assign sequences = takes & enable & (sequence_all | meta_is_ip);", "assign sequences = takes & enable;",
        "frames that are no IP are sequenced"),
    mutant("numbers-in-bypass", "numberer", "assign sequences = takes & enable & (sequence_all | meta_is_ip);", "assign sequences = takes & (sequence_all | meta_is_ip);",
        "bypass sequences"),
    mutant("numbers-on-hold", "numberer", "assign takes = meta_valid & space & ~hold;", "assign takes = meta_valid & space;",
        "frames are numbered while k changes"),
    mutant("rows-unclamped", "numberer", "b_valid_rows_next = a_max_rows_reg;", "b_valid_rows_next = a_filled_reg;",
        "valid_rows counts more rows than fit"),
    mutant("rows-forgotten", "numberer", "        in_history_next = 10'd0;\n", "",
        "rows of the epoch before count as valid"),
    mutant("rotation", "numberer", "made_rotation = ~low_place & LANE_MASK;", "made_rotation = low_place & LANE_MASK;",
        "rows are rotated the wrong way"),
    mutant("second-address", "numberer", "made_address_after = address_before;", "made_address_after = first_address;",
        "the second beat repeats the rows of the first"),
    mutant("default-queue", "numberer", "b_dest_next = a_default_queue_reg;", "b_dest_next = steer_queue;",
        "frames that are passed by are steered"),
    mutant("core-wrap", "next_configuration", "computed_cores_less_two = port_cores_reg - 8'd2;", "computed_cores_less_two = port_cores_reg - 8'd1;",
        "the rotation has one core more"),
    mutant("core-after-change", "modulus", "partial_remainder_next = dividend;", "partial_remainder_next = 8'd0;",
        "the rotation starts anew when k changes"),
    mutant("core-division", "modulus", "low_fits_reg <= divisor_low <= partial_remainder_reg;", "low_fits_reg <= divisor_low < partial_remainder_reg;",
        "the next core may be k"),
    mutant("stale-words", "in_force", "now_next = pending;", "now_next = {pending[53:27], now_reg[26:19], pending[18:0]};",
        "B in the header never changes"),
    mutant("mixed-configuration", "in_force", "now_next = pending;", "now_next = {pending[53:35], now_reg[34:27], pending[26:0]};",
        "prefixes keep the length before a change"),
    mutant("epoch-on-enable", "epoch_count", "    if (starts | reset_starts) begin", "    if (reset_starts) begin",
        "enabling starts no epoch"),
    mutant("epoch-each-cycle", "epoch_count", "assign reset_starts = rst & ~in_reset_reg & powered_reg;", "assign reset_starts = rst & powered_reg;",
        "a long reset starts many epochs"),
    mutant("epoch-at-power-up", "epoch_count", "assign reset_starts = rst & ~in_reset_reg & powered_reg;", "assign reset_starts = rst & ~in_reset_reg;",
        "the reset at power-up starts an epoch"),
    mutant("reset-then-enable", "in_force", "        in_force_next = 1'd0;\n", "",
        "a reset that enables starts two epochs"),
    mutant("hold-after-reset", "in_force", "        in_force_next = 1'd0;\n        holding_next = 1'd1;\n", "        in_force_next = 1'd0;\n",
        "frames may be numbered before the reset values are in force"),
    mutant("hold-without-end", "in_force", "assign begins = starts | (take & ~in_force_reg);", "assign begins = starts;",
        "after a reset no frame is numbered any more"),
    mutant("steering-unreset", "steering", "        steered_next = 128'd0;\n", "        steered_next = steered_reg;\n",
        "a reset keeps the steering table"),
    mutant("steering-core", "steering", "frame_table_words[write_core[3:0]] <= write_queue;", "frame_table_words[write_core[3:0] ^ 4'd1] <= write_queue;",
        "the neighbour's queue is written"),
    mutant("history-lane", "history_lane", "write & (write_lane == INDEX);", "write;",
        "every row is written into every lane"),
    mutant("history-address", "history_lane", "ram_read_address = read_address_before;", "ram_read_address = read_address;",
        "rows across a lane boundary are a turn too new"),
    mutant("queue-credit", "frame_queue", "assign space = ~reserved_reg[16];", "assign space = ~reserved_reg[15];",
        "the frame queue uses one place less"),
    mutant("queue-overflow", "frame_queue", "assign space = ~reserved_reg[16];", "assign space = 1'd1;",
        "the frame queue overflows"),
    mutant("credit-returned", "scheduler", "outstanding_next = outstanding_reg >> 1;", "outstanding_next = outstanding_reg >> 2;",
        "credits come back twice: the output FIFO overflows"),
    mutant("credit-lost", "scheduler", "((sends_prefix | sends_packet) & ~returned)", "(sends_prefix | sends_packet)",
        "a credit is lost when one comes back in the same cycle"),
    mutant("prefix-short", "scheduler", "next_is_last_next = left_reg == 8'd2;", "next_is_last_next = left_reg == 8'd3;",
        "long prefixes lack a beat"),
    mutant("filled-slots", "scheduler", "next_filled_next = next_filled_reg - SLOTS_PER_BEAT;", "next_filled_next = next_filled_reg;",
        "padding holds old rows"),
    mutant("sent-core", "scheduler", "counted_core = slot_frame_reg_core[6:0];", "counted_core = slot_frame_reg_core[6:0] ^ 7'd1;",
        "frames count for the neighbour"),
    on(Hardware::Narrow, mutant("row-parts", "scheduler", "next_part_next = next_part_reg + 2'd1;", "next_part_next = next_part_reg;",
        "a row wider than a beat repeats its first part")),
    mutant("header-core", "assembler", "header_core = a_frame_reg_core;", "header_core = a_frame_reg_cores;",
        "the header has k in place of the core"),
    mutant("header-seq-order", "assembler", "header_seq_3 = a_frame_reg_seq[31:24];", "header_seq_3 = a_frame_reg_seq[15:8];",
        "bytes of the sequence number are swapped"),
    mutant("header-every-beat", "assembler", "    if (b_first_reg) begin", "    if (b_prefix_reg) begin",
        "every beat of a prefix has the header"),
    mutant("slots-mask", "assembler", "b_slots_next = a_slots_reg & ROW_SLOTS_OF_FIRST;", "b_slots_next = a_slots_reg;",
        "a row stands behind the header"),
    mutant("flag-of-first", "assembler", "c_flag_next = packet_flag;", "c_flag_next = (c_valid_reg & ~c_last_reg) ? c_flag_reg : packet_flag;",
        "a frame has the flag of its first beat"),
    mutant("flag-of-prefix", "assembler", "c_flag_next = 1'd0;", "c_flag_next = packet_flag;",
        "a packet's flag stands beside its prefix"),
    mutant("last-early", "assembler", "c_last_reg <= b_last_reg;", "c_last_reg <= a_last_reg;",
        "tlast comes a beat early"),
    mutant("output-unstable", "output_fifo", "(~out_valid_reg | m_tready)", "(~out_valid_reg | m_tready | stored_reg[8])",
        "a beat is replaced before it is taken"),
    mutant("output-valid-falls", "output_fifo", "end else if (m_tready) begin", "end else begin",
        "tvalid falls without tready"),
    mutant("output-dest-ram", "output_fifo", "dest_ram_words[write_pointer_reg] <= write_dest;", "dest_ram_words[read_pointer_reg] <= write_dest;",
        "tdest is another frame's"),
    mutant("count-bytes-out", "output_fifo", "count_valid_reg <= out_valid_reg & m_tready & ~rst;", "count_valid_reg <= out_valid_reg & ~rst;",
        "bytes count again in each cycle that they wait"),
    mutant("counter-carry", "counters", "turned_next = stored_reg[40] & ~event_count_reg[23];", "turned_next = 1'd0;",
        "counters stop at 24 bits"),
    mutant("counter-walk", "counters", "assign last_turn = turn_reg == LAST_SLOT;", "assign last_turn = turn_reg == 8'd3;",
        "the walk leaves most counters out"),
    mutant("counter-unreset", "sent_counter", "        counted_next = 128'd0;\n", "        counted_next = counted_reg;\n",
        "a reset keeps the counts of frames sent"),
    mutant("counter-neighbour", "counters", "first_four = frames_sequenced_count;", "first_four = frames_passed_by_count;",
        "one counter shows another"),
    mutant("refuse-nothing", "register_write", "fits_most_reg <= {2'd0, new_cores_reg} <= most_reg;", "fits_most_reg <= 1'd1;",
        "k above the rows of a prefix is accepted"),
    mutant("refuse-zero", "register_write", "cores_valid_reg <= (new_cores_reg != 8'd0) & ", "cores_valid_reg <= ",
        "k = 0 is accepted"),
    mutant("refuse-wide", "register_write", "changes_rotation_reg & fits_byte_reg &", "changes_rotation_reg &",
        "k = 257 is taken for 1"),
    on(Hardware::Wide, mutant("refuse-odd", "register_write", "((new_words_reg & ODD_WORDS) == 8'd0)", "1'd1",
        "an odd B is accepted where a beat is two words")),
    mutant("refuse-silently", "register_write", "            refusal_next = 1'd1;\n", "            refusal_next = refusal_reg;\n",
        "STATUS does not show a refusal"),
    mutant("clear-by-zero", "register_write", "if (to_status_reg & data_reg[0]) begin", "if (to_status_reg) begin",
        "writing 0 clears STATUS"),
    mutant("strobes-ignored", "register_write", "whole_reg <= strobes_reg == 4'hf;", "whole_reg <= 1'd1;",
        "a write of some bytes writes all"),
    mutant("response-falls", "register_write", "end else if (response_reg & bready) begin", "end else if (response_reg) begin",
        "a write response is not held"),
    mutant("response-early", "register_write", "assign settled = (step_reg == 4'd8) & ~changing;", "assign settled = step_reg == 4'd8;",
        "a change of k is answered before it is in force, and the next one overtakes it"),
    on(Hardware::Counting, mutant("latch-missing", "register_read", "if (latches)\n", "if (latches & ~latched_reg[place])\n",
        "high halves are latched once")),
    on(Hardware::Counting, mutant("latch-of-any", "register_read", "latch_words[slot_reg[4:0]] <= high_reg;", "latch_words[5'd0] <= high_reg;",
        "all registers latch in one place")),
    on(Hardware::Counting, mutant("latch-of-neighbour", "register_read", "latch_words[slot_reg[4:0]] <= high_reg;", "latch_words[slot_reg[4:0] & 5'd30] <= high_reg;",
        "a register latches in its neighbour's place")),
    on(Hardware::Counting, mutant("latch-unused", "register_read", "is_latched_reg <= is_high_reg & latched_reg[place];", "is_latched_reg <= 1'd0 & latched_reg[place];",
        "a high half is of now, not of when the low one was read")),
    on(Hardware::Counting, mutant("latch-unreset", "register_read", "        latched_next = 256'd0;\n", "",
        "a reset keeps the high halves that were latched")),
    on(Hardware::Counting, mutant("high-halves", "counters", "high_of_middle = middle_reg[19:8];", "high_of_middle = middle_reg[18:7];",
        "bit 32 of a counter is read at bit 33")),
    mutant("read-unmapped", "register_read", "            no_register_next = 1'd1;\n", "            no_register_next = 1'd0;\n",
        "unmapped reads are OKAY"),
    mutant("read-steering", "steering", "answer_next = {2'd0, b_core_reg};", "answer_next = 9'd0;",
        "an unwritten word of the steering table reads as 0"),
];

/// Faults that no test can detect, and why.
pub const EQUIVALENT: &[(&str, &str)] = &[
    (
        "keep-of-next",
        "no fault: in every beat that counts the bit is 1, for `tkeep` is contiguous from bit 0",
    ),
    (
        "hold-after-reset",
        "no fault from outside: a frame takes longer to its number than settings to come into force; the proof `rotation` finds it",
    ),
    (
        "queue-credit",
        "no fault in what is specified: behind a blocked sink the input stalls one frame sooner",
    ),
];

/// The few that the ordinary test command runs.
pub const SAMPLE: [&str; 4] = [
    "rotation",
    "epoch-on-enable",
    "counter-carry",
    "refuse-wide",
];
