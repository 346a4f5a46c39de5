//! The rules of the handbook's page once more, step by step with their numbers and as plainly as possible, for
//! comparison. Nothing is packed or omitted as an optimisation, and arithmetic is that of whole numbers with a
//! remainder.

use std::net::IpAddr;

const SECOND: u64 = 1_000_000_000;
const WRAP: u64 = 1 << 32;

/// Each state's answer to SYN, SYN+ACK, FIN, ACK and RST, from the client and from the server: the state that follows,
/// `?` if the segment is ignored, `-` if it is invalid; `open` if it may open the next connection.
pub const GRID: [(&str, &str, &str); 10] = [
    ("", "SYN_SENT - - ESTABLISHED -", "- - - - -"),
    (
        "SYN_SENT",
        "SYN_SENT - - - CLOSE",
        "SYN_SENT2 SYN_RECV - ? CLOSE",
    ),
    (
        "SYN_SENT2",
        "SYN_SENT2 SYN_RECV - - CLOSE",
        "SYN_SENT2 SYN_RECV - ? CLOSE",
    ),
    (
        "SYN_RECV",
        "? SYN_RECV FIN_WAIT ESTABLISHED CLOSE",
        "- ? FIN_WAIT SYN_RECV CLOSE",
    ),
    (
        "ESTABLISHED",
        "? - FIN_WAIT ESTABLISHED CLOSE",
        "- ? FIN_WAIT ESTABLISHED CLOSE",
    ),
    (
        "FIN_WAIT",
        "? - LAST_ACK CLOSE_WAIT CLOSE",
        "- ? LAST_ACK CLOSE_WAIT CLOSE",
    ),
    (
        "CLOSE_WAIT",
        "? - LAST_ACK CLOSE_WAIT CLOSE",
        "- ? LAST_ACK CLOSE_WAIT CLOSE",
    ),
    (
        "LAST_ACK",
        "? - LAST_ACK TIME_WAIT CLOSE",
        "- ? LAST_ACK TIME_WAIT CLOSE",
    ),
    (
        "TIME_WAIT",
        "open - TIME_WAIT TIME_WAIT CLOSE",
        "open ? TIME_WAIT TIME_WAIT CLOSE",
    ),
    ("CLOSE", "open - CLOSE CLOSE CLOSE", "- ? CLOSE CLOSE CLOSE"),
];

pub const TIMEOUTS: [(&str, u64); 9] = [
    ("SYN_SENT", 120),
    ("SYN_SENT2", 120),
    ("SYN_RECV", 60),
    ("ESTABLISHED", 432_000),
    ("FIN_WAIT", 120),
    ("CLOSE_WAIT", 60),
    ("LAST_ACK", 30),
    ("TIME_WAIT", 120),
    ("CLOSE", 10),
];

const KINDS: [&str; 5] = ["SYN", "SYN+ACK", "FIN", "ACK", "RST"];

pub fn on_grid(state: &str, reply: bool, segment: usize) -> &'static str {
    let line = GRID.iter().find(|line| line.0 == state).unwrap();
    let side = if reply { line.2 } else { line.1 };
    side.split(' ').nth(segment).unwrap()
}

/// The content of a row.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    pub from: (IpAddr, u16),
    pub to: (IpAddr, u16),
    pub flags: u8,
    pub length: u16,
    pub seq: u32,
    pub ack: u32,
    pub at: u64,
}

impl Segment {
    /// Letters of the flags without PSH, ECE and CWR.
    fn kind(&self) -> Option<&'static str> {
        let letters = [(2, "S"), (1, "F"), (4, "R"), (16, "A"), (32, "U")];
        let set = letters.iter().filter(|(bit, _)| self.flags & bit != 0);
        let set: String = set.map(|(_, letter)| *letter).collect();
        match &set[..] {
            "S" | "SU" => Some("SYN"),
            "SA" => Some("SYN+ACK"),
            "FA" | "FAU" => Some("FIN"),
            "A" | "AU" => Some("ACK"),
            "R" | "RA" => Some("RST"),
            _ => None,
        }
    }

    /// Bytes behind the headers without options; `Err` when no header has room, `Ok(None)` when the length is unknown.
    fn room(&self) -> Result<Option<u64>, ()> {
        let length = u64::from(self.length);
        let four = |ip: IpAddr| match ip {
            IpAddr::V4(_) => true,
            IpAddr::V6(ip) => ip.to_ipv4_mapped().is_some(),
        };
        match four(self.from.0) && four(self.to.0) {
            true if length == 0 => Ok(None),
            true if length < 40 => Err(()),
            true => Ok(Some(length - 40)),
            false if length <= 40 => Ok(None),
            false if length < 60 => Err(()),
            false => Ok(Some(length - 60)),
        }
    }

    fn least(&self) -> u64 {
        let own = u64::from(matches!(self.kind(), Some("SYN" | "SYN+ACK" | "FIN")));
        (u64::from(self.seq) + own) % WRAP
    }

    fn room_or_most(&self) -> u64 {
        self.room().unwrap().unwrap_or(65_535)
    }

    fn end(&self) -> u64 {
        (self.least() + self.room_or_most()) % WRAP
    }

    fn may_end_at(&self, x: u32) -> bool {
        let options: Vec<u64> = match self.room().unwrap() {
            Some(room) => (0..=40).step_by(4).filter(|&bytes| bytes <= room).collect(),
            None => (0..=65_535).collect(),
        };
        let ends = options.iter().map(|bytes| minus(self.end(), *bytes));
        ends.into_iter().any(|end| end == u64::from(x))
    }
}

fn plus(a: u64, b: u64) -> u64 {
    (a + b) % WRAP
}

fn minus(a: u64, b: u64) -> u64 {
    (a + WRAP - b % WRAP) % WRAP
}

fn before(a: u64, b: u64) -> bool {
    minus(a, b) >= WRAP / 2
}

fn after(a: u64, b: u64) -> bool {
    before(b, a)
}

#[derive(Clone, Debug, Default)]
struct Side {
    end: u64,
    max_ack: Option<u64>,
    max_end: u64,
    window: u64,
    scale: u32,
    closed: bool,
}

#[derive(Clone, Debug)]
pub struct Connection {
    pub client: (IpAddr, u16),
    pub server: (IpAddr, u16),
    pub state: &'static str,
    pub refreshed: u64,
    pub timeout: u64,
    answered: bool,
    pub assured: bool,
    last: (&'static str, bool),
    noted: Option<Segment>,
    simultaneous: bool,
    challenge: bool,
    client_side: Side,
    server_side: Side,
}

impl Connection {
    fn dies(&self) -> u64 {
        self.refreshed + self.timeout * SECOND
    }

    fn sides(&mut self, reply: bool) -> (&mut Side, &mut Side) {
        match reply {
            false => (&mut self.client_side, &mut self.server_side),
            true => (&mut self.server_side, &mut self.client_side),
        }
    }

    fn begin(&mut self, first: &Segment) {
        let syn = first.kind() == Some("SYN");
        self.server_side = Side::default();
        self.client_side = Side {
            end: first.end(),
            window: 65_535,
            max_end: plus(first.end(), if syn { 0 } else { 65_535 }),
            scale: if syn && first.room_or_most() >= 4 {
                14
            } else {
                0
            },
            max_ack: None,
            closed: false,
        };
    }

    fn count(&mut self, p: &Segment, reply: bool, was: &str) -> bool {
        let kind = p.kind().unwrap();
        let syn = kind == "SYN" || kind == "SYN+ACK";
        let has_ack = p.flags & 16 != 0;
        let (mut seq, mut end) = (u64::from(p.seq), p.end());
        let raw_ack = u64::from(p.ack);
        let (me, peer) = self.sides(reply);
        // 1
        let first = me.window == 0;
        if first || syn && (was == "SYN_SENT" || was == "SYN_RECV") && before(me.end, end) {
            me.end = end;
            me.window = 65_535;
            me.max_end = if syn { end } else { plus(end, 65_535) };
            if syn {
                if p.room_or_most() >= 4 {
                    me.scale = 14;
                    me.max_ack = None;
                    me.closed = false;
                }
                if reply && (me.scale, peer.scale) != (14, 14) {
                    (me.scale, peer.scale) = (0, 0);
                }
                if !has_ack && (first || reply) {
                    return false;
                }
            } else if raw_ack == plus(peer.end, 1) {
                peer.end = raw_ack;
            }
        }
        // 2
        let none = !has_ack || kind == "RST" && raw_ack == 0;
        let ack = if none { peer.end } else { raw_ack };
        if kind == "RST" && seq == 0 && was == "SYN_SENT" {
            seq = me.end;
            end = me.end;
        }
        // 3
        let low = peer.window > 0 && !after(end, minus(minus(me.end, peer.window), 1));
        let old = !after(ack, minus(minus(peer.end, me.window.max(66_000)), 1));
        let unseen = after(ack, peer.end);
        // 4
        if after(seq, me.max_end) {
            let fits = plus(minus(end, me.max_end), 1) <= peer.window;
            if peer.window > 0 && !low && !old && !unseen && fits {
                me.end = end;
            }
            return false;
        }
        // 5
        if low || old || unseen {
            return false;
        }
        // 6
        let window = if syn { 65_535 } else { 65_535 << me.scale };
        me.window = me.window.max(window);
        if after(end, me.end) {
            me.end = end;
        }
        if has_ack {
            me.max_ack = match me.max_ack {
                Some(highest) if !after(ack, highest) => Some(highest),
                _ => Some(ack),
            };
        }
        if peer.window > 0 && after(end, me.max_end) {
            peer.window = plus(peer.window, minus(end, me.max_end));
        }
        if after(plus(ack, window), minus(peer.max_end, 1)) {
            peer.max_end = plus(ack, window);
        }
        true
    }
}

#[derive(Default)]
pub struct Model(pub Vec<Connection>);

impl Model {
    /// Applies a TCP row; returns whether its packet passes.
    pub fn take(&mut self, p: &Segment) -> bool {
        // 2
        let mut found = self.0.iter().position(|c| {
            (c.client, c.server) == (p.from, p.to) || (c.client, c.server) == (p.to, p.from)
        });
        if let Some(at) = found
            && p.at >= self.0[at].dies()
        {
            self.0.remove(at);
            found = None;
        }
        // 3
        let (Ok(_), Some(kind)) = (p.room(), p.kind()) else {
            return false;
        };
        let index = KINDS.iter().position(|k| *k == kind).unwrap();
        let Some(at) = found else {
            return self.open(p, index);
        };
        // 5
        let c = &mut self.0[at];
        let reply = p.from == p.to || p.from != c.client;
        // 6
        let was = c.state;
        let entry = on_grid(was, reply, index);
        let mut next = entry;
        let mut ignored = entry == "?";
        // 7
        if entry == "open" {
            if c.client_side.closed || c.server_side.closed || c.last == ("RST", reply) {
                self.0.remove(at);
                return self.open(p, index);
            }
            ignored = true;
        }
        // 8
        if ignored {
            let syn = c.noted.filter(|_| c.last == ("SYN", !reply));
            match syn {
                Some(syn) if kind == "SYN+ACK" && syn.may_end_at(p.ack) => {
                    c.begin(&syn);
                    c.challenge = false;
                    next = "SYN_RECV";
                }
                _ => {
                    c.last = (kind, reply);
                    c.noted = Some(*p);
                    if kind == "SYN" && !reply {
                        c.simultaneous = false;
                        c.challenge = was == "LAST_ACK";
                    }
                    c.answered |= reply;
                    return true;
                }
            }
        }
        // 9
        if entry == "-" {
            return false;
        }
        // 10
        if was == "LAST_ACK"
            && next == "TIME_WAIT"
            && kind == "ACK"
            && c.last == ("SYN", !reply)
            && c.challenge
        {
            c.challenge = false;
            c.answered |= reply;
            return true;
        }
        if next == "SYN_SENT2" {
            c.simultaneous = true;
        }
        if was == "SYN_RECV" && kind == "ACK" && reply && c.simultaneous {
            next = "ESTABLISHED";
        }
        if kind == "RST" {
            match c.rst(p, reply) {
                'd' => return false,
                'h' => next = "ESTABLISHED",
                _ => next = "CLOSE",
            }
        }
        // 11
        if c.count(p, reply, was) && kind == "ACK" {
            c.noted = Some(*p);
        }
        // 12
        c.last = (kind, reply);
        c.state = next;
        if next == "FIN_WAIT" && was != "FIN_WAIT" {
            c.sides(reply).0.closed = true;
        }
        // 13
        if kind == "RST" && !c.answered {
            self.0.remove(at);
            return true;
        }
        // 14
        if !(kind == "SYN" && was == "SYN_SENT" && !c.answered) {
            // 15
            c.refresh(p, kind);
            // 16
            if next == "ESTABLISHED" && (was == "SYN_RECV" || was == "ESTABLISHED") && c.answered {
                c.assured = true;
            }
        }
        c.answered |= reply;
        true
    }

    /// Rule 4 and those that follow from it.
    fn open(&mut self, p: &Segment, index: usize) -> bool {
        let state = on_grid("", false, index);
        if state == "-" {
            return false;
        }
        let kind = KINDS[index];
        let mut c = Connection {
            client: p.from,
            server: p.to,
            state,
            refreshed: 0,
            timeout: 0,
            answered: false,
            assured: false,
            last: (kind, false),
            noted: None,
            simultaneous: false,
            challenge: false,
            client_side: Side::default(),
            server_side: Side::default(),
        };
        c.begin(p);
        if c.count(p, false, "") && kind == "ACK" {
            c.noted = Some(*p);
        }
        c.refresh(p, kind);
        self.0.push(c);
        true
    }
}

impl Connection {
    /// The line of the table of RSTs that applies.
    fn rst(&self, p: &Segment, reply: bool) -> char {
        let (seq, was) = (u64::from(p.seq), self.state);
        let other = if reply {
            &self.client_side
        } else {
            &self.server_side
        };
        let stands = was == "ESTABLISHED" && self.assured;
        if ["FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE"].contains(&was) {
            return 'a';
        }
        if other.max_ack.is_none() || self.last.0 == "SYN" {
            return 'b';
        }
        let max_ack = other.max_ack.unwrap();
        if !stands && seq == 0 {
            return 'c';
        }
        if before(seq, max_ack) {
            return 'd';
        }
        if !stands {
            return 'e';
        }
        if seq == max_ack {
            return 'f';
        }
        let ends_there = match &self.noted {
            Some(noted) => noted.may_end_at(p.seq),
            None => seq == 0,
        };
        if self.last == ("ACK", reply) && ends_there {
            return 'g';
        }
        'h'
    }

    fn refresh(&mut self, p: &Segment, kind: &str) {
        self.refreshed = p.at;
        let of_state = TIMEOUTS.iter().find(|t| t.0 == self.state).unwrap().1;
        let brief = kind == "RST" || !self.answered || self.noted.is_none();
        self.timeout = if self.state == "ESTABLISHED" && brief {
            300
        } else {
            of_state
        };
    }
}
