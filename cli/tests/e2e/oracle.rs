//! The frame format and the network functions once more, slowly and plainly, from their description.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use serde_json::{Value, json};

use crate::capture::Packet;

/// What a packet's headers say (format, section 5).
#[derive(Clone, Debug, Default)]
pub struct Fields {
    pub src: [u8; 16],
    pub dst: [u8; 16],
    pub sport: u16,
    pub dport: u16,
    pub proto: u8,
    pub flags: u8,
    pub ip_length: u16,
    pub tcp_seq: [u8; 4],
    pub tcp_ack: [u8; 4],
}

fn u16_at(frame: &[u8], at: usize) -> Option<u16> {
    Some(u16::from(*frame.get(at)?) << 8 | u16::from(*frame.get(at + 1)?))
}

fn mapped(v4: &[u8]) -> [u8; 16] {
    let mut address = [0; 16];
    address[10] = 0xff;
    address[11] = 0xff;
    address[12..].copy_from_slice(v4);
    address
}

/// The fields of a frame that passes step 2.
pub fn fields(frame: &[u8], ipv6: bool) -> Option<Fields> {
    let frame = &frame[..frame.len().min(128)];
    let mut at = 12;
    for _ in 0..2 {
        if matches!(u16_at(frame, at)?, 0x8100 | 0x88a8 | 0x9100 | 0x9200) {
            at += 4;
        }
    }
    let ethertype = u16_at(frame, at)?;
    at += 2;
    let mut fields = Fields::default();
    let transport;
    if ethertype == 0x0800 {
        let first = *frame.get(at)?;
        let ihl = usize::from(first & 15) * 4;
        if first >> 4 != 4 || ihl < 20 || frame.len() < at + ihl {
            return None;
        }
        fields.src = mapped(&frame[at + 12..at + 16]);
        fields.dst = mapped(&frame[at + 16..at + 20]);
        fields.proto = frame[at + 9];
        fields.ip_length = u16_at(frame, at + 2)?;
        if u16_at(frame, at + 6)? & 0x1fff != 0 {
            return Some(fields);
        }
        transport = at + ihl;
    } else if ethertype == 0x86dd && ipv6 {
        if frame.len() < at + 40 || frame[at] >> 4 != 6 {
            return None;
        }
        fields.src.copy_from_slice(&frame[at + 8..at + 24]);
        fields.dst.copy_from_slice(&frame[at + 24..at + 40]);
        fields.proto = frame[at + 6];
        fields.ip_length = u16_at(frame, at + 4)?.wrapping_add(40);
        transport = at + 40;
    } else {
        return None;
    }
    if matches!(fields.proto, 6 | 17) && frame.len() >= transport + 4 {
        fields.sport = u16_at(frame, transport)?;
        fields.dport = u16_at(frame, transport + 2)?;
        if fields.proto == 6 && frame.len() >= transport + 14 {
            fields
                .tcp_seq
                .copy_from_slice(&frame[transport + 4..transport + 8]);
            fields
                .tcp_ack
                .copy_from_slice(&frame[transport + 8..transport + 12]);
            fields.flags = frame[transport + 13];
        }
    }
    Some(fields)
}

/// A profile of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    pub name: &'static str,
    pub id: u8,
    pub row: usize,
}

pub const PROFILES: [Profile; 5] = [
    Profile {
        name: "source",
        id: 1,
        row: 4,
    },
    Profile {
        name: "knock",
        id: 2,
        row: 8,
    },
    Profile {
        name: "flow",
        id: 3,
        row: 16,
    },
    Profile {
        name: "flow-time",
        id: 4,
        row: 32,
    },
    Profile {
        name: "flow6-time",
        id: 5,
        row: 64,
    },
];

/// The profile of this name.
pub fn profile(name: &str) -> Profile {
    *PROFILES.iter().find(|p| p.name == name).unwrap()
}

impl Profile {
    /// The row of a packet received at this time.
    pub fn encode(&self, fields: &Fields, seconds: u64, nanos: u32) -> Vec<u8> {
        let ports = [fields.sport.to_be_bytes(), fields.dport.to_be_bytes()].concat();
        let kind = [fields.proto, fields.flags];
        let time = [(seconds as u32).to_be_bytes(), nanos.to_be_bytes()].concat();
        let tail = [&time[..], &fields.tcp_seq, &fields.tcp_ack].concat();
        let length = fields.ip_length.to_be_bytes();
        let (src, dst) = (&fields.src[12..], &fields.dst[12..]);
        match self.id {
            1 => src.to_vec(),
            2 => [src, &ports[2..], &kind].concat(),
            3 => [src, dst, &ports, &kind, &length].concat(),
            4 => [src, dst, &ports, &kind, &length, &tail].concat(),
            _ => [
                &fields.src[..],
                &fields.dst,
                &ports,
                &kind,
                &length,
                &tail,
                &[0; 8],
            ]
            .concat(),
        }
    }

    fn first_row(&self) -> usize {
        self.row.max(16)
    }

    /// Rows that B words hold.
    pub fn rows(&self, words: usize) -> usize {
        (64 * words).saturating_sub(self.first_row()) / self.row
    }

    /// The fewest words that hold `k` rows.
    pub fn fewest_words(&self, k: usize) -> usize {
        (1..64).find(|&words| self.rows(words) >= k).unwrap()
    }
}

/// How packets are sequenced.
#[derive(Clone, Copy, Debug)]
pub struct Sequencing {
    pub profile: Profile,
    pub cores: usize,
    pub history: usize,
    pub words: usize,
    pub all: bool,
}

impl Sequencing {
    /// The program's defaults for `k` cores.
    pub fn new(profile: &str, cores: usize) -> Self {
        let profile = self::profile(profile);
        Self {
            profile,
            cores,
            history: 64,
            words: profile.fewest_words(cores),
            all: false,
        }
    }

    /// The fields of every sequenced packet, by number of the packet; `None` where it passes by.
    pub fn fields(&self, packets: &[Packet]) -> Vec<Option<Fields>> {
        let of = |packet: &Packet| {
            if packet.data.is_empty() {
                return None;
            }
            let fields = fields(&packet.data, self.profile.id == 5);
            if self.all {
                Some(fields.unwrap_or_default())
            } else {
                fields
            }
        };
        packets.iter().map(of).collect()
    }

    /// What the NIC sends.
    pub fn frames(&self, packets: &[Packet]) -> Vec<Packet> {
        let mut rows: Vec<Vec<u8>> = Vec::new();
        let mut frames = Vec::new();
        for (packet, fields) in packets.iter().zip(self.fields(packets)) {
            if packet.data.is_empty() {
                continue;
            }
            let mut frame = packet.clone();
            if let Some(fields) = fields {
                let seq = rows.len();
                rows.push(self.profile.encode(&fields, packet.seconds, packet.nanos));
                let prefix = self.prefix(&rows, seq);
                frame.original += prefix.len() as u32;
                frame.data.splice(0..0, prefix);
            }
            frames.push(frame);
        }
        frames
    }

    fn prefix(&self, rows: &[Vec<u8>], seq: usize) -> Vec<u8> {
        let Profile { id, row, .. } = self.profile;
        let most = self.profile.rows(self.words).min(self.history + 1).min(255);
        let valid = most.min(seq + 1);
        let mut prefix = vec![2, 1, id, self.words as u8, self.cores as u8];
        prefix.extend([(seq % self.cores) as u8, 0b10]);
        prefix.extend(&(seq as u64).to_be_bytes()[3..]);
        prefix.extend([0x88, 0xb5, valid as u8, row.ilog2() as u8]);
        prefix.resize(self.profile.first_row(), 0);
        for row in rows.iter().rev().take(valid) {
            prefix.extend(row);
        }
        prefix.resize(64 * self.words, 0);
        prefix
    }
}

/// One thread's run of a network function: verdicts (`true` is pass) of the surviving packets and the state file's
/// entries.
pub struct Run {
    pub verdicts: Vec<bool>,
    pub entries: Value,
}

fn address(bytes: [u8; 16]) -> String {
    Ipv6Addr::from(bytes).to_canonical().to_string()
}

/// A row that changes no state: protocol 0 and zero addresses, as far as the profile has them.
fn is_null(profile: Profile, fields: &Fields) -> bool {
    let address = |bytes: [u8; 16]| {
        if profile.id == 5 {
            bytes == [0; 16]
        } else {
            bytes[12..] == [0; 4]
        }
    };
    address(fields.src)
        && (profile.id < 3 || address(fields.dst))
        && (profile.id < 2 || fields.proto == 0)
}

/// Runs function `nf` with default parameters, or with this threshold, over the rows that survive. `all`: those of frames
/// that are not IP are among them.
pub fn run<'f>(
    nf: &str,
    threshold: Option<u64>,
    profile: Profile,
    all: bool,
    rows: impl Iterator<Item = &'f Fields>,
) -> Run {
    match nf {
        "ddos" => ddos(threshold.unwrap_or(1_000_000), all, rows),
        "heavy-hitter" => heavy_hitter(threshold.unwrap_or(1 << 20), profile, rows),
        "port-knock" => port_knock(profile, rows),
        other => panic!("no such function: {other}"),
    }
}

fn ddos<'f>(threshold: u64, all: bool, rows: impl Iterator<Item = &'f Fields>) -> Run {
    // Neither a protocol nor a source but 0.0.0.0 or `::`.
    let of_nobody = |row: &Fields| row.proto == 0 && matches!(&*address(row.src), "0.0.0.0" | "::");
    let mut counts: BTreeMap<[u8; 16], u64> = BTreeMap::new();
    let verdicts = rows
        .map(|row| {
            if all && of_nobody(row) {
                return true;
            }
            let count = counts.entry(row.src).or_default();
            *count += 1;
            *count <= threshold
        })
        .collect();
    let entries = counts
        .into_iter()
        .map(|(src, packets)| json!({"src": address(src), "packets": packets}))
        .collect();
    Run { verdicts, entries }
}

fn heavy_hitter<'f>(
    threshold: u64,
    profile: Profile,
    rows: impl Iterator<Item = &'f Fields>,
) -> Run {
    type Key = ([u8; 16], [u8; 16], u16, u16, u8);
    let mut flows: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
    let verdicts = rows
        .map(|row| {
            if !is_null(profile, row) {
                let key = (row.src, row.dst, row.sport, row.dport, row.proto);
                let flow = flows.entry(key).or_default();
                flow.0 += 1;
                flow.1 += u64::from(row.ip_length);
            }
            true
        })
        .collect();
    let entries = flows
        .into_iter()
        .map(|((src, dst, sport, dport, proto), (packets, bytes))| {
            json!({
                "src": address(src), "dst": address(dst), "sport": sport, "dport": dport, "proto": proto,
                "packets": packets, "bytes": bytes, "heavy": bytes >= threshold
            })
        })
        .collect();
    Run { verdicts, entries }
}

fn port_knock<'f>(profile: Profile, rows: impl Iterator<Item = &'f Fields>) -> Run {
    const STATES: [&str; 4] = ["CLOSED_0", "CLOSED_1", "CLOSED_2", "OPEN"];
    let mut sources: BTreeMap<[u8; 16], usize> = BTreeMap::new();
    let verdicts = rows
        .map(|row| {
            if is_null(profile, row) {
                return true;
            }
            if row.proto != 6 {
                return sources.get(&row.src) == Some(&3);
            }
            let (fin, syn) = (row.flags & 1 != 0, row.flags & 2 != 0);
            let before = sources.get(&row.src).copied();
            if before.is_none() && !syn {
                return false;
            }
            let after = match (before.unwrap_or(0), row.dport) {
                (0, 100) => 1,
                (1, 101) => 2,
                (2, 102) => 3,
                _ => 0,
            };
            if fin && before.is_some() {
                sources.remove(&row.src);
            } else {
                sources.insert(row.src, after);
            }
            after == 3
        })
        .collect();
    let entries = sources
        .into_iter()
        .map(|(src, state)| json!({"src": address(src), "state": STATES[state]}))
        .collect();
    Run { verdicts, entries }
}
