mod against_model;
mod model;
mod rules;

use self::model::{TIMEOUTS, on_grid};
use super::transitions::{State, Step, UNANSWERED_TIMEOUT, step};
use super::*;
use crate::flow_function::KeyedState;
use crate::layout::{Flow4, Flow6Time, FlowTime, TcpFlags};
use crate::{Keyed, NetworkFunction, Own, Verdict};

const SECOND: u64 = 1_000_000_000;
/// The latest time that a row can have.
const END: u64 = u32::MAX as u64 * SECOND + 999_999_999;

/// Valid combinations of FIN 1, SYN 2, RST 4, ACK 16 and URG 32, and their kinds.
const VALID: [(u8, usize); 9] = [
    (2, 0),
    (34, 0),
    (18, 1),
    (17, 2),
    (49, 2),
    (16, 3),
    (48, 3),
    (4, 4),
    (20, 4),
];

const SEGMENTS: [Segment; 5] = [
    Segment::Syn,
    Segment::SynAck,
    Segment::Fin,
    Segment::Ack,
    Segment::Rst,
];

#[test]
fn the_table_is_the_grid() {
    let mut checked = 0;
    for from in [None].into_iter().chain(State::ALL.map(Some)) {
        for (reply, direction) in [(false, Direction::Original), (true, Direction::Reply)] {
            for (index, segment) in SEGMENTS.into_iter().enumerate() {
                let got = match step(from, direction, segment) {
                    Step::To(state) => state.name(),
                    Step::Reopen => "open",
                    Step::Ignore => "?",
                    Step::Invalid => "-",
                };
                if from.is_none() && reply {
                    continue; // what opens a connection comes from its client
                }
                let due = on_grid(from.map_or("", State::name), reply, index);
                assert_eq!(got, due, "{from:?} {direction:?} {segment:?}");
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 95);
}

/// The table on the handbook's page agrees with the code.
#[test]
fn the_page_has_the_table() {
    let page = include_str!("../../../../../docs/runtime.md");
    let section = page.split("### `conntrack`").nth(1).unwrap();
    let table = section.split("| state | timeout | from | SYN | SYN+ACK | FIN | ACK | RST |");
    let table = table.last().unwrap();
    let (mut checked, mut from) = (0, None);
    for line in table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
    {
        let line = line.replace([' ', '¹', '²', '³'], "");
        let [_, state, timeout, side, cells @ .., _] = &line.split('|').collect::<Vec<_>>()[..]
        else {
            panic!("{line}");
        };
        if !state.is_empty() {
            from = State::ALL.into_iter().find(|s| s.name() == *state);
            assert!(from.is_some() || *state == "(none)", "{state}");
            let seconds = from.map_or(0, State::timeout);
            let due = match seconds {
                0 => String::new(),
                432_000 => "5days".to_owned(),
                seconds => format!("{seconds}s"),
            };
            assert_eq!(*timeout, due, "{state}");
        }
        let direction = match *side {
            "client" => Direction::Original,
            "server" => Direction::Reply,
            other => panic!("{other}"),
        };
        assert_eq!(cells.len(), SEGMENTS.len());
        for (cell, segment) in cells.iter().zip(SEGMENTS) {
            let due = match step(from, direction, segment) {
                Step::To(state) => state.name(),
                Step::Reopen => "reopens",
                Step::Ignore => "·",
                Step::Invalid => "–",
            };
            assert_eq!(*cell, due, "{from:?} {direction:?} {segment:?}");
            checked += 1;
        }
    }
    assert_eq!(checked, 95);
}

#[test]
fn every_combination_of_flags() {
    for flags in 0..=255u8 {
        let due = VALID.iter().find(|valid| valid.0 == flags & 0x37);
        let due = due.map(|valid| SEGMENTS[valid.1]);
        assert_eq!(Segment::of(TcpFlags(flags)), due, "{flags:#04x}");
    }
}

#[test]
fn timeouts_are_linux_s() {
    for (state, (name, timeout)) in State::ALL.into_iter().zip(TIMEOUTS) {
        assert_eq!((state.name(), u64::from(state.timeout())), (name, timeout));
    }
    assert_eq!(UNANSWERED_TIMEOUT, 300);
}

/// 10.0.0.`host`:`port`.
type End = (u8, u16);
const CLIENT: End = (9, 1000);
const SERVER: End = (1, 80);

fn row(from: End, to: End, flags: u8, seq: u32, ack: u32, at: u64) -> [u8; 32] {
    let mut row = [0; 32];
    row[..8].copy_from_slice(&[10, 0, 0, from.0, 10, 0, 0, to.0]);
    row[8..10].copy_from_slice(&from.1.to_be_bytes());
    row[10..12].copy_from_slice(&to.1.to_be_bytes());
    row[12..16].copy_from_slice(&[6, flags, 0, 40]);
    row[16..20].copy_from_slice(&((at / SECOND) as u32).to_be_bytes());
    row[20..24].copy_from_slice(&((at % SECOND) as u32).to_be_bytes());
    row[24..28].copy_from_slice(&seq.to_be_bytes());
    row[28..].copy_from_slice(&ack.to_be_bytes());
    row
}

fn flags(text: &str) -> u8 {
    let bits = [('F', 1), ('S', 2), ('R', 4), ('P', 8), ('A', 16), ('U', 32)];
    text.chars()
        .map(|c| bits.iter().find(|bit| bit.0 == c).unwrap().1)
        .sum()
}

fn function<L: Layout>(layout: L, options: &[&str]) -> Keyed<Conntrack, L> {
    Own::<Conntrack>::new(options).unwrap().over(layout)
}

/// A tracker under test.
struct Bench {
    function: Keyed<Conntrack, FlowTime>,
    state: KeyedState<Flow4, Connection, u64>,
}

impl Bench {
    fn new(options: &[&str]) -> Self {
        let function = function(FlowTime, options);
        let state = function.new_state();
        Self { function, state }
    }

    fn apply(&mut self, row: &[u8]) -> bool {
        let effect = self.function.apply(&mut self.state, row);
        self.function.verdict(effect, &[], &mut vec![]) == Verdict::Pass
    }

    /// Sends one segment; `c` is from the client. Sequence and acknowledgment numbers are 0.
    fn send(&mut self, side: char, text: &str, at: u64) -> bool {
        self.send_with(side, text, at, 0, 0)
    }

    fn send_with(&mut self, side: char, text: &str, at: u64, seq: u32, ack: u32) -> bool {
        let (from, to) = match side {
            'c' => (CLIENT, SERVER),
            _ => (SERVER, CLIENT),
        };
        self.apply(&row(from, to, flags(text), seq, ack, at))
    }

    /// Sends segments like `cSA`, a second apart from second 1 on; all pass. Returns the time of the last.
    fn play(&mut self, script: &str) -> u64 {
        let mut at = 0;
        for item in script.split_whitespace() {
            at += SECOND;
            let side = item.chars().next().unwrap();
            assert!(self.send(side, &item[1..], at), "{item} of {script}");
        }
        at
    }

    /// The only connection: whether CLIENT is its client, its state, and the last refresh.
    fn only(&self) -> Option<(bool, &'static str, u64)> {
        let entries = self.function.entries(&self.state);
        assert!(entries.len() <= 1);
        entries
            .first()
            .map(|e| (e.client_port == CLIENT.1, e.state, e.last_ns.0))
    }

    fn state(&self) -> &'static str {
        self.only().map_or("", |only| only.1)
    }
}

/// Segments that lead to each state.
const WAYS: [(&str, &str); 11] = [
    ("SYN_SENT", "cS"),
    ("SYN_SENT2", "cS sS"),
    ("SYN_RECV", "cS sSA"),
    ("SYN_RECV", "cS sS cSA"),
    ("ESTABLISHED", "cS sSA cA"),
    ("ESTABLISHED", "cA sA sA"),
    ("FIN_WAIT", "cS sSA cA cFA"),
    ("CLOSE_WAIT", "cS sSA cA cFA sA"),
    ("LAST_ACK", "cS sSA cA cFA sA sFA"),
    ("TIME_WAIT", "cS sSA cA cFA sFA cA"),
    ("CLOSE", "cS sSA cA sRA"),
];

#[test]
fn connections_go_the_usual_ways() {
    for (state, way) in WAYS {
        let mut bench = Bench::new(&[]);
        let at = bench.play(way);
        // In a simultaneous open the second SYN refreshes nothing, like any SYN in SYN_SENT before an answer.
        let last = if state == "SYN_SENT2" { SECOND } else { at };
        assert_eq!(bench.only(), Some((true, state, last)), "{way}");
    }
    // The server closes, or both at once; PSH and ECN bits change nothing.
    let mut bench = Bench::new(&[]);
    bench.play("cS sSA cA cPA sPA sFA cFA sA");
    assert_eq!(bench.state(), "TIME_WAIT");
}

#[test]
fn death_comes_exactly_at_the_timeout() {
    for (state, way) in WAYS {
        let timeout = TIMEOUTS.iter().find(|t| t.0 == state).unwrap().1 * SECOND;
        let mut bench = Bench::new(&[]);
        bench.play(way);
        let last = bench.only().unwrap().2;
        // Detected by the state file …
        let udp = |at| {
            let mut row = row((7, 7), (7, 8), 0, 0, 0, at);
            row[12] = 17;
            row
        };
        assert!(bench.apply(&udp(last + timeout - 1)));
        assert_eq!(bench.state(), state, "{way}");
        assert!(bench.apply(&udp(last + timeout)));
        assert_eq!(bench.only(), None, "{way}");
        assert!(bench.apply(&udp(0)));
        assert_eq!(bench.state(), state, "dead, but not removed");
        // … and by rows of its key: the server's ACK becomes that of an unknown connection.
        let mut early = Bench::new(&[]);
        early.play(way);
        early.send('s', "A", last + timeout - 1);
        assert!(early.only().unwrap().0, "{way}");
        assert!(bench.send('s', "A", last + timeout));
        assert_eq!(
            bench.only(),
            Some((false, "ESTABLISHED", last + timeout)),
            "{way}"
        );
    }
}

#[test]
fn a_dead_entry_is_removed_even_by_what_opens_nothing() {
    let mut bench = Bench::new(&[]);
    bench.play("cS");
    let late = row(SERVER, CLIENT, flags("SA"), 0, 0, 121 * SECOND);
    let effect = bench.function.apply(&mut bench.state, &late);
    assert!(!effect.pass);
    assert!(bench.state.table.is_empty());
    // The description is that before removal.
    let described = bench.function.describe(&late, effect).unwrap();
    assert_eq!(described.key, "10.0.0.9:1000>10.0.0.1:80/6");
    assert_eq!(described.state, "SYN_SENT");
    // Segments with invalid flags detect it, too; a living connection is not touched.
    bench.play("cS");
    let odd = |at| row(SERVER, CLIENT, flags("SF"), 0, 0, at * SECOND);
    for (at, entries) in [(1, 1), (500, 0)] {
        let effect = bench.function.apply(&mut bench.state, &odd(at));
        assert!(!effect.pass);
        assert_eq!(bench.state.table.len(), entries);
        let described = bench.function.describe(&odd(at), effect).unwrap();
        assert_eq!(described.key, "10.0.0.9:1000>10.0.0.1:80/6");
        assert_eq!(described.state, "SYN_SENT");
    }
    let effect = bench.function.apply(&mut bench.state, &odd(1));
    assert_eq!((effect.pass, effect.seen), (false, None));
}

#[test]
fn a_picked_up_connection_waits_300_s_for_an_answer() {
    let limit = 300 * SECOND;
    let picked = |script: &str, at| {
        let mut bench = Bench::new(&[]);
        let last = bench.play(script);
        // A row of another connection moves the time.
        bench.apply(&row((7, 7), (7, 8), flags("F"), 0, 0, last + at));
        bench.only().is_some()
    };
    for unanswered in ["cA", "cA cA", "cA cPA"] {
        assert!(picked(unanswered, limit - 1), "{unanswered}");
        assert!(!picked(unanswered, limit), "{unanswered}");
    }
    // The first answer itself still refreshes with 300 s; from the next row on it is five days.
    assert!(!picked("cA sA", limit));
    assert!(picked("cA sA cA", limit));
    assert!(picked("cA sA sA", 432_000 * SECOND - 1));
    // An ignored SYN+ACK is an answer, too.
    assert!(picked("cA sSA cA", limit));
    // Only a pure ACK picks up.
    for refused in [
        "SA", "FA", "R", "RA", "", "FPU", "SF", "SR", "SFA", "SAU", "RU",
    ] {
        let mut bench = Bench::new(&[]);
        assert!(!bench.send('c', refused, 5), "{refused}");
        assert!(bench.state.table.is_empty());
    }
}

#[test]
fn a_rst_ends_or_closes() {
    for (script, side) in [("cS", 's'), ("cS", 'c'), ("cA", 's'), ("cA cFA", 'c')] {
        let mut bench = Bench::new(&[]);
        let at = bench.play(script);
        let before = bench.state();
        let (from, to) = if side == 'c' {
            (CLIENT, SERVER)
        } else {
            (SERVER, CLIENT)
        };
        let rst = row(from, to, flags("RA"), 0, 0, at + 1);
        let effect = bench.function.apply(&mut bench.state, &rst);
        assert!(effect.pass);
        assert!(bench.state.table.is_empty(), "{script}: no answer yet");
        let described = bench.function.describe(&rst, effect).unwrap();
        assert_eq!(described.key, "10.0.0.9:1000>10.0.0.1:80/6");
        assert_eq!(described.state, before);
    }
    // An ignored ACK is an answer as well.
    for script in ["cS sA", "cS sSA", "cS sS", "cA sA", "cS sSA cA cFA sFA cA"] {
        for side in ['c', 's'] {
            let mut bench = Bench::new(&[]);
            let at = bench.play(script) + 7;
            assert!(bench.send(side, "R", at));
            assert_eq!(bench.only(), Some((true, "CLOSE", at)), "{script}");
        }
    }
}

#[test]
fn a_syn_reopens_what_has_ended() {
    // After FINs either side may open again, and then becomes the client.
    for (side, client) in [('c', true), ('s', false)] {
        let mut bench = Bench::new(&[]);
        let at = bench.play("cS sSA cA cFA sFA cA");
        assert!(bench.send(side, "S", at + 5));
        assert_eq!(bench.only(), Some((client, "SYN_SENT", at + 5)));
        // The connection is new: a RST before an answer deletes it.
        assert!(bench.send(side, "R", at + 6));
        assert_eq!(bench.only(), None);
    }
    // After the client's own RST only the client may.
    let mut bench = Bench::new(&[]);
    let at = bench.play("cS sSA cA cR");
    assert!(!bench.send('s', "S", at + 1));
    assert!(bench.send('c', "S", at + 2));
    assert_eq!(bench.only(), Some((true, "SYN_SENT", at + 2)));
    // After FIN and the server's RST as well.
    let mut bench = Bench::new(&[]);
    let at = bench.play("cS sSA cA cFA sR");
    assert!(bench.send('c', "S", at + 2));
    assert_eq!(bench.state(), "SYN_SENT");
    // After the server's RST alone the server's SYN is ignored.
    let mut bench = Bench::new(&[]);
    let at = bench.play("cS sSA cA sR");
    assert!(bench.send('c', "S", at + 2));
    assert_eq!(bench.only(), Some((true, "CLOSE", at)));
}

#[test]
fn an_answered_syn_that_was_ignored_resynchronises() {
    let ways = [
        "cS sSA",
        "cS sSA cA",
        "cS sSA cA cFA",
        "cS sSA cA cFA sA",
        "cS sSA cA cFA sA sFA",
        "cS sSA cA sR",
    ];
    for way in ways {
        for seq in [41, u32::MAX] {
            let ack = seq.wrapping_add(1);
            let mut bench = Bench::new(&[]);
            let at = bench.play(way);
            let before = bench.only();
            let syn = |bench: &mut Bench| bench.send_with('c', "S", at + 1, seq, 0);
            // Another acknowledgment number does not match, and uses up the SYN.
            assert!(syn(&mut bench));
            assert!(bench.send_with('s', "SA", at + 2, 7, ack.wrapping_add(1)));
            assert!(bench.send_with('s', "SA", at + 2, 7, ack));
            assert_eq!(bench.only(), before, "{way}");
            assert!(syn(&mut bench));
            assert_eq!(bench.only(), before, "{way}: ignored");
            assert!(bench.send_with('s', "SA", at + 9, 7, ack));
            assert_eq!(bench.only(), Some((true, "SYN_RECV", at + 9)), "{way}");
            assert!(bench.send('c', "A", at + 10));
            assert_eq!(bench.state(), "ESTABLISHED");
            // FINs of the old connection do not count: after the server's RST a SYN is ignored.
            assert!(bench.send('s', "R", at + 11));
            assert!(bench.send('c', "S", at + 12));
            assert_eq!(bench.only(), Some((true, "CLOSE", at + 11)));
        }
    }
}

#[test]
fn a_challenge_ack_is_no_last_ack() {
    let way = "cS sSA cA cFA sA sFA";
    let mut bench = Bench::new(&[]);
    let at = bench.play(way);
    assert!(bench.send('c', "S", at + 1));
    assert!(bench.send('s', "A", at + 2));
    assert_eq!(bench.only(), Some((true, "LAST_ACK", at)));
    // Only one ACK answers one SYN.
    assert!(bench.send('s', "A", at + 3));
    assert_eq!(bench.only(), Some((true, "TIME_WAIT", at + 3)));
    // The client's own ACK answers the FIN.
    let mut bench = Bench::new(&[]);
    let at = bench.play(way);
    assert!(bench.send('c', "S", at + 1));
    assert!(bench.send('c', "A", at + 2));
    assert_eq!(bench.state(), "TIME_WAIT");
    // The ACK counts as an answer: in a connection without any, a RST would delete the entry.
    let mut bench = Bench::new(&[]);
    let at = bench.play("cA cFA cFA cS sA");
    assert_eq!(bench.state(), "LAST_ACK");
    assert!(bench.send('c', "R", at + 1));
    assert_eq!(bench.only(), Some((true, "CLOSE", at + 1)));
    // A SYN that was ignored before LAST_ACK expects none.
    let mut bench = Bench::new(&[]);
    let at = bench.play("cS sSA cA cFA cS sFA sA");
    assert_eq!(bench.only(), Some((true, "TIME_WAIT", at)));
}

#[test]
fn simultaneous_opens_end_established() {
    let mut bench = Bench::new(&[]);
    let at = bench.play("cS sS cSA sA");
    assert_eq!(bench.only(), Some((true, "ESTABLISHED", at)));
    let mut bench = Bench::new(&[]);
    bench.play("cS sS cSA cA");
    assert_eq!(bench.state(), "ESTABLISHED");
    // In an ordinary connection the server's ACK proves nothing.
    let mut bench = Bench::new(&[]);
    let at = bench.play("cS sSA sA");
    assert_eq!(bench.only(), Some((true, "SYN_RECV", at)));
    // An ignored SYN makes the connection an ordinary one again.
    let mut bench = Bench::new(&[]);
    bench.play("cS sS cSA cS sA");
    assert_eq!(bench.state(), "SYN_RECV");
}

#[test]
fn repeated_and_ignored_rows_refresh_nothing() {
    let mut bench = Bench::new(&[]);
    bench.play("cS cS cS");
    assert_eq!(bench.only(), Some((true, "SYN_SENT", SECOND)));
    // So the connection dies 120 s after the first.
    assert!(bench.send('c', "S", 121 * SECOND - 1));
    assert_eq!(bench.only(), Some((true, "SYN_SENT", SECOND)));
    assert!(bench.send('c', "S", 121 * SECOND));
    assert_eq!(bench.only(), Some((true, "SYN_SENT", 121 * SECOND)));
    // Ignored: the server's ACK. Invalid: the client's.
    assert!(bench.send('s', "A", 122 * SECOND));
    assert!(!bench.send('c', "A", 123 * SECOND));
    assert!(!bench.send('c', "FA", 123 * SECOND));
    assert!(!bench.send('s', "", 123 * SECOND));
    assert_eq!(bench.only(), Some((true, "SYN_SENT", 121 * SECOND)));
    let mut bench = Bench::new(&[]);
    let at = bench.play("cS sSA cA");
    assert!(bench.send('c', "S", at + 1));
    assert!(bench.send('s', "SA", at + 2));
    assert!(!bench.send('c', "SA", at + 3));
    assert!(!bench.send('s', "S", at + 4));
    assert_eq!(bench.only(), Some((true, "ESTABLISHED", at)));
}

#[test]
fn time_may_go_back_and_to_its_end() {
    let mut bench = Bench::new(&[]);
    assert!(bench.send('c', "S", 500 * SECOND));
    assert!(bench.send('s', "SA", 100 * SECOND));
    assert_eq!(bench.only(), Some((true, "SYN_RECV", 100 * SECOND)));
    // 60 s from there have long passed.
    assert!(bench.send('c', "A", 500 * SECOND));
    assert_eq!(bench.only(), Some((true, "ESTABLISHED", 500 * SECOND)));
    let mut bench = Bench::new(&[]);
    assert!(bench.send('c', "A", END));
    assert!(bench.send('s', "A", END));
    assert!(bench.send('c', "A", END));
    assert_eq!(bench.only(), Some((true, "ESTABLISHED", END)));
    assert!(bench.send('c', "FA", 0));
    assert_eq!(bench.only(), Some((true, "FIN_WAIT", 0)));
    assert!(bench.send('s', "A", END));
    assert_eq!(bench.only(), Some((false, "ESTABLISHED", END)));
}

#[test]
fn what_is_not_tcp_passes_and_has_no_state() {
    let mut bench = Bench::new(&[]);
    for protocol in (0..=255).filter(|&protocol| protocol != 6) {
        let mut row = row(CLIENT, SERVER, 0x3f, 0, 0, 5);
        row[12] = protocol;
        let effect = bench.function.apply(&mut bench.state, &row);
        assert_eq!(
            effect,
            Effect {
                pass: true,
                seen: None
            }
        );
        assert_eq!(bench.function.describe(&row, effect), None);
    }
    assert!(bench.state.table.is_empty());
    // A blank row does not even advance the time.
    let before = bench.state.clone();
    let mut blank = [0; 32];
    blank[16..20].copy_from_slice(&[1; 4]);
    assert!(bench.apply(&blank));
    assert!(bench.state == before);
}

#[test]
fn entries_are_sorted_by_client_and_written_in_full() {
    let mut bench = Bench::new(&[]);
    for (from, to) in [
        ((10, 5), (2, 80)),
        ((9, 1000), (2, 80)),
        ((9, 200), (2, 80)),
        ((1, 9), (200, 80)),
        ((9, 1), (1, 80)),
    ] {
        assert!(bench.apply(&row(from, to, flags("S"), 0, 0, 5 * SECOND + 6)));
    }
    let entries = bench.function.entries(&bench.state);
    let keys: Vec<_> = entries
        .iter()
        .map(|e| (e.client.to_string(), e.client_port))
        .collect();
    let nine = || "10.0.0.9".to_owned();
    assert_eq!(
        keys,
        [
            ("10.0.0.1".to_owned(), 9),
            (nine(), 1),
            (nine(), 200),
            (nine(), 1000),
            ("10.0.0.10".to_owned(), 5),
        ]
    );
    assert_eq!(
        serde_json::to_string(&entries[1]).unwrap(),
        r#"{"client":"10.0.0.9","server":"10.0.0.1","client_port":1,"server_port":80,"state":"SYN_SENT","last_ns":"5000000006"}"#
    );
}

#[test]
fn both_address_families_live_together() {
    let f = function(Flow6Time, &[]);
    let mut state = f.new_state();
    let mut there = [0; 64];
    there[..2].copy_from_slice(&[0x20, 0x01]);
    there[15] = 9;
    there[16..18].copy_from_slice(&[0x20, 0x01]);
    there[31] = 1;
    there[32..38].copy_from_slice(&[0, 7, 0, 80, 6, 2]);
    let mut back = there;
    back[15] = 1;
    back[31] = 9;
    back[32..38].copy_from_slice(&[0, 80, 0, 7, 6, 18]);
    f.apply(&mut state, &there);
    let effect = f.apply(&mut state, &back);
    let described = f.describe(&back, effect).unwrap();
    assert_eq!(described.key, "2001::9:7>2001::1:80/6");
    assert_eq!(described.state, "SYN_RECV");
    assert_eq!(f.entries(&state)[0].client.to_string(), "2001::9");
    assert_eq!(f.entries(&state)[0].client_port, 7);
}

#[test]
fn a_socket_that_talks_to_itself_is_its_own_server_from_the_second_packet_on() {
    let mut bench = Bench::new(&[]);
    let mut seen = vec![];
    for text in ["S", "SA", "A", "A", "FA", "S", "FA", "A", "S"] {
        let row = row(SERVER, SERVER, flags(text), 0, 0, 9);
        let effect = bench.function.apply(&mut bench.state, &row);
        let described = bench.function.describe(&row, effect).unwrap();
        assert_eq!(described.key, "10.0.0.1:80>10.0.0.1:80/6");
        seen.push((effect.pass, described.state));
    }
    // The server's ACK does not end a handshake, and its SYN is invalid until the connection has ended.
    let due = [
        (true, "SYN_SENT"),
        (true, "SYN_RECV"),
        (true, "SYN_RECV"),
        (true, "SYN_RECV"),
        (true, "FIN_WAIT"),
        (false, "FIN_WAIT"),
        (true, "LAST_ACK"),
        (true, "TIME_WAIT"),
        (true, "SYN_SENT"),
    ];
    let due = due.map(|(pass, state)| (pass, state.to_owned()));
    assert_eq!(seen, due);
}

#[test]
fn eviction_forgets_the_oldest_connection() {
    let mut bench = Bench::new(&["capacity=2"]);
    let mut send = |host, text| bench.apply(&row((host, 1), SERVER, flags(text), 0, 0, 9));
    assert!(send(2, "S") && send(3, "S") && send(4, "S"));
    assert!(!send(3, "A"), "still in SYN_SENT");
    assert!(send(2, "A"), "forgotten, hence picked up, which evicts 3");
    assert!(send(3, "A"));
    let error = Options::parse(Conntrack::NAME, Conntrack::OPTIONS, &["loose"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "conntrack has no option 'loose'; it takes capacity=ENTRIES"
    );
}
