//! Why a point is not covered. The rules are for the command's configuration: `flow`, N = 64, 512 bits, 16 cores.

use super::points::{Kind, Point};

/// Why a point is not covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The point cannot be covered in this configuration: the bit or the branch is constant. Not counted.
    Constant(&'static str),
    /// The point can be covered, but not in a simulation of this length.
    OutOfReach(&'static str),
    /// The content of a memory. Its ports are covered like other signals; words are not counted.
    Memory,
}

impl Reason {
    /// The reason as text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Constant(text) | Self::OutOfReach(text) => text,
            Self::Memory => "content of a memory",
        }
    }
}

const FLAGS: &str = "flags of cores above the maximum; tables of 128 are cut to what is configured";
const MAPPED: &str = "the fixed 96 bits of an IPv4-mapped address; the profile has no IPv6";
const HEADER: &str = "fixed bytes of the header: MAC, version, profile, EtherType, row size";
const TICKET: &str =
    "upper bits that only more cores, words, rows or lanes than configured would use";
const EPOCH: &str = "zeros above the epoch in its register";
const REGISTER: &str = "bits that a 32-bit register does not have";
const SEQ: &str = "upper half of the sequence number: 2²⁰ packets and more";
const HIGH: &str = "upper part of a 64-bit counter: 2²⁴ events and more";
const FIELD: &str = "a field that rows of this profile do not have";
const SHORT: &str = "a frame falls short of the window by one beat at most";
const LOOKUP: &str = "bits of a core's number that the other stage of its lookup takes, or that 16 cores do not have";
const ROTATION: &str = "lanes that 512 bits with rows of 16 bytes do not have";

/// A field of `FrameTicket`: its lowest bit, its width, and how many of its bits this configuration uses.
const TICKET_FIELDS: [(u32, u32, u32); 8] = [
    (3, 8, 6),   // left_after: at most 62
    (11, 10, 7), // filled_slots: at most 66
    (21, 10, 6), // filled_after: at most 63
    (58, 5, 2),  // rotation: 4 lanes
    (63, 8, 6),  // prefix_words: at most 63
    (71, 8, 5),  // cores: at most 16
    (79, 8, 4),  // core: at most 15
    (133, 8, 7), // valid_rows: at most 65
];

/// A field of `Configuration`, likewise.
const CONFIGURATION_FIELDS: [(u32, u32, u32); 4] = [
    (2, 8, 5),   // cores: at most 16
    (19, 8, 6),  // prefix_words: at most 63
    (27, 8, 6),  // last_prefix_beat: at most 62
    (35, 10, 7), // max_valid_rows: at most 65
];

/// The fields of the header that are signals of their own, and the lowest bit of each.
const HEADER_FIELDS: [(&str, u32); 16] = [
    ("dst_mac", 0),
    ("version", 8),
    ("profile", 16),
    ("prefix_words", 24),
    ("cores", 32),
    ("core", 40),
    ("src_mac", 48),
    ("epoch", 50),
    ("seq_4", 56),
    ("seq_3", 64),
    ("seq_2", 72),
    ("seq_1", 80),
    ("seq_0", 88),
    ("ethertype", 96),
    ("valid_rows", 112),
    ("row_log2", 120),
];

/// Lowest bit of the sequence number in `FrameTicket`, and in the header.
const TICKET_SEQ: u32 = 93;

/// Widths by name: in a signal whose name ends this way, the bits from this number on are unused.
const WIDTHS: [(&str, u32, &str); 42] = [
    ("cores", 5, TICKET),
    ("cores_ahead", 5, TICKET),
    ("cores_register", 5, TICKET),
    ("next_core", 4, TICKET),
    ("after_next", 5, TICKET),
    ("after_remainder", 5, TICKET),
    ("plus_one", 5, TICKET),
    ("unwrapped", 5, TICKET),
    ("dividend", 5, TICKET),
    ("remainder", 4, TICKET),
    ("divisor", 12, TICKET),
    ("divisor_high", 4, TICKET),
    ("core", 4, TICKET),
    ("asked", 4, TICKET),
    ("looked_up", 4, TICKET),
    ("written", 4, TICKET),
    ("read_place", 4, TICKET),
    ("words", 6, TICKET),
    ("words_register", 6, TICKET),
    ("beats", 6, TICKET),
    ("last_prefix_beat", 6, TICKET),
    ("left", 6, TICKET),
    ("rows", 7, TICKET),
    ("most", 7, TICKET),
    ("in_history", 7, TICKET),
    ("filled_more", 7, TICKET),
    ("next_filled", 6, TICKET),
    ("filled", 7, TICKET),
    ("filled_slots", 7, TICKET),
    ("left_after", 6, TICKET),
    ("filled_after", 6, TICKET),
    ("prefix_words", 6, TICKET),
    ("valid_rows", 7, TICKET),
    ("rotation", 2, ROTATION),
    ("lane", 2, ROTATION),
    ("turn", 2, ROTATION),
    ("part", 0, "parts of rows wider than a beat"),
    ("next_before_rows", 0, "parts of rows wider than a beat"),
    ("bytes", 7, "a beat has at most 64 bytes"),
    ("amount", 7, "a beat has at most 64 bytes"),
    ("beat_index", 2, "the window has two beats"),
    ("resp", 0, "answers are OKAY and SLVERR only"),
];

/// The reason for a point, if a rule has one.
pub fn reason(point: &Point) -> Option<Reason> {
    match point.kind {
        Kind::Line => line(point),
        Kind::Toggle => toggle(point),
    }
}

fn line(point: &Point) -> Option<Reason> {
    let block = block(point);
    match block {
        "history" => Some(Reason::Constant(ROTATION)),
        "history_lane" if point.instance.ends_with("lane_3") => Some(Reason::Constant(
            "the last lane never reads the address before",
        )),
        "vlan_tags" | "ip_header_check" | "ip_fields" => {
            Some(Reason::Constant("IPv6, which the profile has not"))
        }
        "numberer" if point.what == "if" => Some(Reason::OutOfReach(SEQ)),
        "numberer" | "scheduler" => Some(Reason::Constant("rows wider than a beat")),
        _ => None,
    }
}

/// The block's name: the file name without the top module's.
fn block(point: &Point) -> &str {
    let name = point.file.trim_start_matches("scr_sequencer");
    name.trim_start_matches('_').trim_end_matches(".v")
}

fn toggle(point: &Point) -> Option<Reason> {
    let (name, bit) = signal(&point.what);
    let constant = |holds: bool, text| holds.then_some(Reason::Constant(text));
    let far = |holds: bool, text| holds.then_some(Reason::OutOfReach(text));
    let is = |names: &[&str]| names.contains(&name);
    let stem = ["_reg", "_next"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(name);
    let is_field = name.ends_with("_prefix_words") || name.ends_with("_valid_rows");
    let is_words = !is_field && (name.ends_with("_words") || name.ends_with("_rows"));
    if is_words || point.what.contains("][") {
        return Some(Reason::Memory);
    }
    if name == "unused" {
        return constant(true, "a name for bits that nothing reads");
    }
    match block(point) {
        "steering" | "sent_counter" if matches!(stem, "steered" | "a_steered" | "counted") => {
            return constant(bit >= 16, FLAGS);
        }
        "steering" if name == "low_bits" => return constant(bit >= 2, LOOKUP),
        "steering" if name == "high_bits" => return constant(!(2..4).contains(&bit), LOOKUP),
        _ => {}
    }
    if block(point) == "assembler" && is(&["header", "b_header_reg", "header_bits"]) {
        return header(bit);
    }
    if let Some(field) = name
        .strip_prefix("header_")
        .filter(|_| block(point) == "assembler")
    {
        let offset = HEADER_FIELDS.iter().find(|(name, _)| *name == field);
        return offset.and_then(|(_, offset)| header(offset + bit));
    }
    if is_configuration(block(point), stem) {
        return constant(unused(&CONFIGURATION_FIELDS, bit), TICKET);
    }
    if let Some(reason) = ticket(stem, bit) {
        return Some(reason);
    }
    let is_parsed = matches!(block(point), "packet_parser" | "ip_fields" | "row_fields");
    let address = stem.strip_suffix("_ip").unwrap_or(stem);
    if is_parsed && matches!(address.rsplit('_').next(), Some("src" | "dst")) {
        return constant(bit < 96, MAPPED);
    }
    if is_parsed && matches!(stem, "found" | "fields" | "ip_fields_fields") {
        return constant(bit < 96 || (128..224).contains(&bit), MAPPED);
    }
    if stem.contains("ipv6")
        || stem.starts_with("layout_tcp_")
        || is(&["layout_seconds", "layout_nanoseconds", "sec", "ns"])
    {
        return constant(true, FIELD);
    }
    if stem.contains("seq") && !stem.contains("sequence") {
        return far(
            stem.contains("high") || stem.contains("full") || bit >= 14,
            SEQ,
        );
    }
    if stem.contains("epoch") && stem.contains("wide") {
        return constant(bit >= 6, EPOCH);
    }
    if block(point) == "register_read" && matches!(stem, "latched" | "slot" | "place") {
        let bits = if stem == "latched" { 25 } else { 5 };
        return constant(bit >= bits, "as many latches as registers of 64 bits");
    }
    if matches!(
        block(point),
        "counters" | "registers" | "register_read" | "event_counter" | "sent_counter" | ""
    ) {
        let counts = [
            "count",
            "value",
            "latch",
            "stored",
            "middle",
            "high",
            "low",
            "total",
            "turned",
            "before",
            "after",
            "answer",
            "first_four",
            "last_four",
            "carry",
        ];
        if counts.iter().any(|c| stem.contains(c)) {
            return far(true, HIGH);
        }
    }
    match (block(point), stem) {
        ("meta_fifo", "pending" | "token") => {
            return constant(bit >= 1, SHORT);
        }
        (
            _,
            "g_delay" | "delay" | "row_delay" | "row_fields_row_delay" | "packet_parser_row_delay",
        ) => {
            return constant(bit >= 2, SHORT);
        }
        ("meta_fifo", "held" | "visible") => {
            return far(
                bit >= 18,
                "more frames wait for their number than a pause lets come",
            );
        }
        ("beat_fifo", "held" | "unpromised") => {
            return far(bit == 31, "the place that is left for beats under way");
        }
        ("header_window", "place") => return constant(bit >= 2, "the window has two beats"),
        ("numberer", "high_place") | ("history", "write_address") => {
            return constant(bit >= 12, "places of rows, less those of the lanes");
        }
        ("sent_counter", "place") => return constant(bit >= 4, TICKET),
        ("counters", "slot" | "turn") => return constant(bit >= 5, TICKET),
        ("input_stage" | "output_fifo", "count" | "keep_count_count") => {
            return constant(bit >= 7, "a beat has at most 64 bytes");
        }
        ("register_read", "data" | "rdata") | (_, "s_axil_rdata" | "s_rdata") => {
            return far(true, HIGH);
        }
        _ => {}
    }
    let by_name = WIDTHS.iter().find(|(name, from, _)| {
        let rest = stem.strip_suffix(name);
        bit >= *from
            && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('_') || *name == "resp")
    });
    if let Some((_, _, text)) = by_name {
        return Some(Reason::Constant(text));
    }
    constant(is(&["simple_reg", "simple_next"]), REGISTER)
}

fn header(bit: u32) -> Option<Reason> {
    // Bytes 0 to 15, the first in the lowest bits; bytes 7 to 11 are the sequence number, most significant byte first.
    match bit {
        0..24 | 48..50 | 96..112 | 120..128 => Some(Reason::Constant(HEADER)),
        30..32 | 37..40 | 44..48 | 119 => Some(Reason::Constant(TICKET)),
        56..88 => Some(Reason::OutOfReach(SEQ)),
        _ => None,
    }
}

fn ticket(stem: &str, bit: u32) -> Option<Reason> {
    let is_ticket = stem.ends_with("ticket")
        || stem.ends_with("frame")
        || matches!(stem, "made" | "ticket_a" | "ticket_b" | "ram_read_data");
    if !is_ticket {
        return None;
    }
    if (TICKET_SEQ + 14..TICKET_SEQ + 40).contains(&bit) {
        return Some(Reason::OutOfReach(SEQ));
    }
    unused(&TICKET_FIELDS, bit).then_some(Reason::Constant(TICKET))
}

/// Whether the signal is a `Configuration`.
fn is_configuration(block: &str, stem: &str) -> bool {
    match block {
        "settings" => matches!(
            stem,
            "next_configuration_pending" | "in_force_configuration"
        ),
        "next_configuration" => matches!(stem, "computed" | "configuration" | "pending"),
        "in_force" => matches!(stem, "pending" | "now" | "configuration"),
        _ => false,
    }
}

/// Whether the bit belongs to one of these fields, and the configuration does not use it.
fn unused(fields: &[(u32, u32, u32)], bit: u32) -> bool {
    let mut fields = fields.iter();
    fields.any(|&(low, width, used)| (low + used..low + width).contains(&bit))
}

/// Splits `name[bit]`; a signal of one bit has bit 0.
fn signal(what: &str) -> (&str, u32) {
    match what.split_once('[') {
        Some((name, bit)) => {
            let bit = bit.trim_end_matches(']').rsplit('[').next().unwrap_or("0");
            (name, bit.parse().unwrap_or(0))
        }
        None => (what, 0),
    }
}
