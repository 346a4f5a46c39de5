//! Rules about numbers, lengths and sides, one by one, and captures whose verdicts were observed on a kernel.

use super::*;
use crate::functions::conntrack::extent::{Extent, Room, Version};

/// A connection between CLIENT and SERVER whose segments have numbers.
struct Talk(Bench);

impl Talk {
    /// SYN 99, SYN+ACK 499, and acknowledgments of both, so that the connection is assured.
    fn assured() -> Self {
        let mut talk = Self(Bench::new(&[]));
        assert!(talk.send('c', "S", 99, 0, 40));
        assert!(talk.send('s', "SA", 499, 100, 40));
        assert!(talk.send('c', "A", 100, 500, 40));
        assert!(talk.send('s', "A", 500, 100, 40));
        talk
    }

    /// Sends a segment, a second after the previous one.
    fn send(&mut self, side: char, text: &str, seq: u32, ack: u32, length: u16) -> bool {
        let (from, to) = if side == 'c' {
            (CLIENT, SERVER)
        } else {
            (SERVER, CLIENT)
        };
        let at = self.0.state.shared + SECOND;
        let mut row = row(from, to, flags(text), seq, ack, at);
        row[14..16].copy_from_slice(&length.to_be_bytes());
        self.0.apply(&row)
    }

    /// The connection's state after a RST; nothing if the RST is dropped.
    fn rst(&mut self, side: char, seq: u32) -> &'static str {
        let pass = self.send(side, "R", seq, 0, 40);
        if pass { self.0.state() } else { "" }
    }

    /// Seconds that the connection lives from its last refresh on.
    fn timeout(&self) -> u64 {
        let (_, connection) = self.0.state.table.iter().next().unwrap();
        let dead = |seconds: &u64| {
            let end = connection.last + seconds * SECOND;
            connection.is_dead(end) && !connection.is_dead(end - 1)
        };
        [10, 30, 60, 120, 300, 432_000]
            .into_iter()
            .find(dead)
            .unwrap()
    }
}

#[test]
fn lengths_that_have_no_room_for_a_header_are_invalid() {
    let room = |version, length| Room::of(version, length);
    use Version::{V4, V6};
    assert_eq!(room(V4, 0), room(V6, 0));
    assert_eq!(room(V4, 0), room(V6, 40));
    assert!(room(V4, 0).is_some());
    for (version, length) in [(V4, 1), (V4, 39), (V6, 41), (V6, 59)] {
        assert_eq!(room(version, length), None, "{version:?} {length}");
    }
    let end = |version, length| {
        let room = Room::of(version, length).unwrap();
        Extent::of(Segment::Syn, u32::MAX, room).end()
    };
    assert_eq!(
        [end(V4, 40), end(V4, 41), end(V6, 60), end(V6, 69)],
        [0, 1, 0, 9]
    );
    assert_eq!([end(V4, 0), end(V4, 65_535)], [65_535, 65_495]);

    let mut talk = Talk::assured();
    let before = talk.0.only();
    assert!(!talk.send('c', "A", 100, 500, 39));
    assert!(!talk.send('c', "R", 100, 500, 20));
    assert_eq!(talk.0.only(), before);
    // The segment detects that a connection is dead, and opens none.
    talk.0.state.shared += 432_000 * SECOND;
    assert!(!talk.send('c', "S", 100, 500, 39));
    assert!(talk.0.state.table.is_empty());
    assert!(talk.send('c', "A", 100, 500, 0));
}

#[test]
fn a_segment_may_end_where_its_options_leave_room() {
    let ends =
        |length| Extent::of(Segment::Ack, 1000, Room::of(Version::V4, length).unwrap()).ends();
    let all = |length| -> Vec<u32> { (900..67_000).filter(|&x| ends(length).has(x)).collect() };
    assert_eq!(all(40), [1000]);
    assert_eq!(all(43), [1003]);
    assert_eq!(all(49), [1001, 1005, 1009]);
    let many: Vec<u32> = (0..=10).map(|words| 1060 + 4 * words).collect();
    assert_eq!(all(140), many);
    let unknown = all(0);
    assert_eq!((unknown[0], unknown.len()), (1000, 65_536));
    assert!(!ends(140).has(1100 + (1 << 31)) && !ends(140).has(1104));
    let syn = Extent::of(
        Segment::SynAck,
        u32::MAX,
        Room::of(Version::V4, 44).unwrap(),
    );
    assert!(syn.ends().has(0) && syn.ends().has(4) && !syn.ends().has(u32::MAX));
}

#[test]
fn a_rst_closes_what_stands_only_with_the_right_number() {
    // a: from FIN_WAIT on with any number.
    for more in ["c", "cs"] {
        let mut talk = Talk::assured();
        for side in more.chars() {
            let (seq, ack) = if side == 'c' { (100, 500) } else { (500, 101) };
            assert!(talk.send(side, "FA", seq, ack, 40));
        }
        assert_eq!(talk.rst('s', 7), "CLOSE");
    }
    // b: the other side has acknowledged nothing, or a SYN came just before, from whichever side.
    let mut talk = Talk(Bench::new(&[]));
    assert!(talk.send('c', "S", 99, 0, 40) && talk.send('s', "A", 7, 7, 40));
    assert_eq!(talk.rst('s', 1 << 31), "CLOSE");
    for side in ['c', 's'] {
        let mut talk = Talk::assured();
        assert!(talk.send('c', "S", 9000, 0, 40));
        assert_eq!(talk.rst(side, 7), "CLOSE");
    }
    // c, d, e: not assured, for the handshake is not over.
    for (seq, due) in [
        (0, "CLOSE"),
        (99, ""),
        (100, "CLOSE"),
        (101, "CLOSE"),
        (100 + (1 << 31), ""),
    ] {
        let mut talk = Talk(Bench::new(&[]));
        assert!(talk.send('c', "S", 99, 0, 40) && talk.send('s', "SA", 499, 100, 40));
        assert_eq!(talk.rst('c', seq), due, "{seq}");
    }
    // d, f, h: assured. A RST from the client is held against what the server acknowledged.
    let stands = "ESTABLISHED";
    for (seq, due) in [
        (0, ""),
        (499, ""),
        (500, "CLOSE"),
        (501, stands),
        (499 + (1 << 31), stands),
    ] {
        let mut talk = Talk::assured();
        assert!(talk.send('c', "A", 100, 500, 40));
        assert_eq!(talk.rst('s', seq), due, "{seq}");
    }
    for (seq, due) in [(99, ""), (100, "CLOSE"), (101, stands)] {
        assert_eq!(Talk::assured().rst('c', seq), due, "{seq}");
    }
    // g: behind data from the same side that nobody has acknowledged yet, right after it.
    for (seq, due) in [
        (540, stands),
        (560, "CLOSE"),
        (562, stands),
        (600, "CLOSE"),
        (604, stands),
    ] {
        let mut talk = Talk::assured();
        assert!(talk.send('s', "PA", 500, 100, 140));
        assert_eq!(talk.rst('s', seq), due, "{seq}");
    }
    let mut talk = Talk::assured();
    assert!(talk.send('s', "PA", 500, 100, 140) && talk.send('c', "A", 100, 500, 40));
    assert_eq!(
        talk.rst('s', 600),
        stands,
        "the packet before is the other side's"
    );
}

#[test]
fn a_rst_that_is_dropped_changes_nothing_and_one_that_leaves_it_standing_leaves_300_s() {
    let mut talk = Talk::assured();
    let before = talk.0.state.table.iter().next().map(|(_, c)| *c);
    assert_eq!(talk.rst('s', 1), "");
    assert_eq!(talk.0.state.table.iter().next().map(|(_, c)| *c), before);
    assert_eq!(talk.timeout(), 432_000);
    assert_eq!(talk.rst('s', 501), "ESTABLISHED");
    assert_eq!(talk.timeout(), 300);
    assert!(talk.send('c', "A", 100, 500, 40));
    assert_eq!(talk.timeout(), 432_000);
}

#[test]
fn an_established_connection_lives_long_once_answered_and_noted() {
    // Picked up: acknowledgments of what was never seen do not count.
    let mut talk = Talk(Bench::new(&[]));
    assert!(talk.send('c', "A", 100, 500, 40));
    assert_eq!(talk.timeout(), 300);
    assert!(talk.send('s', "A", 500, 100, 40));
    assert_eq!(talk.timeout(), 300, "the first answer");
    assert!(talk.send('s', "A", 500, 100, 40));
    assert_eq!(talk.timeout(), 432_000);
    // Answered only by segments that acknowledge nothing that was sent: nothing is noted.
    let mut talk = Talk(Bench::new(&[]));
    assert!(talk.send('c', "A", 100, 500, 40));
    for _ in 0..3 {
        assert!(talk.send('s', "A", 500, 102, 40));
        assert_eq!(talk.timeout(), 300);
    }
}

#[test]
fn acknowledgments_of_what_was_not_sent_do_not_raise_the_mark() {
    for (ack, due) in [(500, "CLOSE"), (501, "CLOSE"), (90_000, "CLOSE")] {
        let mut talk = Talk::assured();
        assert!(talk.send('c', "A", 100, ack, 40));
        assert_eq!(talk.rst('s', 500), due, "{ack}");
    }
    // A segment that counts does.
    let mut talk = Talk::assured();
    assert!(talk.send('s', "PA", 500, 100, 50) && talk.send('c', "A", 100, 510, 40));
    assert_eq!(talk.rst('s', 500), "");
    assert_eq!(talk.rst('s', 510), "CLOSE");
}

#[test]
fn a_syn_with_data_resynchronises_where_it_may_end() {
    for (ack, due) in [
        (9101, "SYN_RECV"),
        (9061, "SYN_RECV"),
        (9001, "ESTABLISHED"),
        (9102, "ESTABLISHED"),
        (9100, "ESTABLISHED"),
    ] {
        let mut talk = Talk::assured();
        assert!(talk.send('c', "S", 9000, 0, 140));
        assert!(talk.send('s', "SA", 7000, ack, 40));
        assert_eq!(talk.0.state(), due, "{ack}");
        if due == "SYN_RECV" {
            // Both sides are as new: the mark is that of the new numbers.
            assert!(talk.send('c', "A", ack, 7001, 40));
            assert_eq!(talk.rst('s', 501), "");
            assert_eq!(talk.rst('s', 7001), "CLOSE");
        }
    }
}

/// Verdicts on the packets of a capture (`.` passes, `x` is dropped), and the states of its connections by the client's
/// port, at the end.
fn play(name: &str) -> (String, Vec<(u16, &'static str)>) {
    let path = format!(
        "{}/../tests/data/cases/{name}.pcap",
        env!("CARGO_MANIFEST_DIR")
    );
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut bench = Bench::new(&[]);
    let (mut at, mut verdicts) = (24, String::new());
    while at < bytes.len() {
        let (seconds, nanos, len) = (word(at), word(at + 4), word(at + 8) as usize);
        let parsed = scr_wire::parse::parse(&bytes[at + 16..at + 16 + len], false);
        let mut row = [0; 32];
        scr_wire::profile::FLOW_TIME.encode(
            &parsed,
            scr_wire::Timestamp { seconds, nanos },
            &mut row,
        );
        verdicts.push(if bench.apply(&row) { '.' } else { 'x' });
        at += 16 + len;
    }
    let entries = bench.function.entries(&bench.state);
    (
        verdicts,
        entries.iter().map(|e| (e.client_port, e.state)).collect(),
    )
}

#[test]
fn captures_seen_on_a_kernel() {
    use std::fmt::Write;
    let mut seen = String::new();
    for name in [
        "conntrack-blind-rst-old",
        "ct-connection-with-itself",
        "ct-rst-ahead-established",
        "ct-rst-old-established",
        "ct-rst-that-closes",
        "ct-syn-with-data",
    ] {
        let (verdicts, entries) = play(name);
        writeln!(seen, "{name} {verdicts} {entries:?}").unwrap();
    }
    // The kernel keeps closed connections for ten seconds, too; entries that are dead at the end are not shown.
    let due = "\
conntrack-blind-rst-old .....x.. [(40000, \"ESTABLISHED\")]
ct-connection-with-itself .....x [(5000, \"FIN_WAIT\")]
ct-rst-ahead-established .............. [(5000, \"ESTABLISHED\"), (5001, \"CLOSE\")]
ct-rst-old-established ...xxxx..... [(5000, \"TIME_WAIT\")]
ct-rst-that-closes ......................... [(5003, \"CLOSE\"), (5004, \"CLOSE\")]
ct-syn-with-data .......... [(5000, \"SYN_RECV\"), (5001, \"ESTABLISHED\")]
";
    assert_eq!(seen, due);
}
