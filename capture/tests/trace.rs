//! Generated traffic: right, as described, and always the same.

use std::collections::{HashMap, HashSet};

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use scr_capture::packet::checksum;
use scr_capture::trace::{
    Arrivals, FlowSizes, Oddities, Pattern, Preset, Protocols, Sizes, Skew, TraceConfig,
    TraceGenerator,
};
use scr_capture::{CaptureReader, CaptureWriter, Timestamp};
use sha2::{Digest, Sha256};

struct Captured {
    timestamp: Timestamp,
    original_len: u32,
    data: Vec<u8>,
}

fn generate(config: &TraceConfig) -> Vec<Captured> {
    let mut generator = TraceGenerator::new(config).unwrap();
    let mut packets = Vec::new();
    while let Some(packet) = generator.next_packet() {
        assert_eq!(packet.index, packets.len() as u64 + 1);
        packets.push(Captured {
            timestamp: packet.timestamp,
            original_len: packet.original_len,
            data: packet.data.to_vec(),
        });
    }
    assert_eq!(packets.len() as u64, config.packets);
    packets
}

fn hash(config: &TraceConfig) -> String {
    let mut file = Vec::new();
    let mut writer = CaptureWriter::from_write(&mut file, "x").unwrap();
    TraceGenerator::new(config)
        .unwrap()
        .write_to(&mut writer, |_| {})
        .unwrap();
    writer.finish().unwrap();
    Sha256::digest(&file)[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn preset(preset: Preset) -> TraceConfig {
    TraceConfig {
        packets: 20_000,
        ..preset.into()
    }
}

/// IP packets with everything unusual that is still right.
fn unusual() -> TraceConfig {
    TraceConfig {
        oddities: "vlan=0.2,qinq=0.2,ipv6=0.4,ipv6-extensions=0.3,ip-options=0.3,jumbo=0.05"
            .parse()
            .unwrap(),
        protocols: "tcp:5,udp:3,other:2".parse().unwrap(),
        skew: Skew::Uniform,
        flows: 300,
        packets: 20_000,
        ..TraceConfig::default()
    }
}

/// Source, destination, protocol, ports.
type Key = (Vec<u8>, Vec<u8>, u8, u16, u16);

/// The 5-tuple of a TCP or UDP packet.
fn key(data: &[u8]) -> Option<Key> {
    let sliced = SlicedPacket::from_ethernet(data).ok()?;
    let (source, destination) = match sliced.net? {
        NetSlice::Ipv4(ip) => (
            ip.header().source().to_vec(),
            ip.header().destination().to_vec(),
        ),
        NetSlice::Ipv6(ip) => (
            ip.header().source().to_vec(),
            ip.header().destination().to_vec(),
        ),
        _ => return None,
    };
    match sliced.transport? {
        TransportSlice::Tcp(tcp) => Some((
            source,
            destination,
            6,
            tcp.source_port(),
            tcp.destination_port(),
        )),
        TransportSlice::Udp(udp) => Some((
            source,
            destination,
            17,
            udp.source_port(),
            udp.destination_port(),
        )),
        _ => None,
    }
}

/// The same key for both directions.
fn connection((a, b, protocol, p, q): Key) -> Key {
    if (&a, p) <= (&b, q) {
        (a, b, protocol, p, q)
    } else {
        (b, a, protocol, q, p)
    }
}

#[test]
fn generated_bytes_never_change() {
    // A change here changes every trace that anyone has described by preset and seed: be sure to mean it.
    assert_eq!(hash(&preset(Preset::Plain)), "b8e0034f3baa8e9c");
    assert_eq!(hash(&preset(Preset::Nasty)), "2c6481f5ba200f7f");
    assert_eq!(hash(&preset(Preset::PortKnock)), "a7759479893366bc");
    assert_eq!(hash(&preset(Preset::Ddos)), "efd592077af966af");
    let other = TraceConfig {
        seed: 2,
        ..preset(Preset::Plain)
    };
    assert_ne!(hash(&other), hash(&preset(Preset::Plain)));
}

#[test]
fn checksums_and_lengths_are_right() {
    let mut seen = HashSet::new();
    for packet in generate(&unusual()) {
        let sliced = SlicedPacket::from_ethernet(&packet.data).unwrap();
        let vlans = sliced.vlan_ids().len();
        let (v6, extended) = match sliced.net.as_ref().unwrap() {
            NetSlice::Ipv4(ip) => {
                assert_eq!(checksum(ip.header().slice()), 0);
                (false, ip.header().ihl() > 5)
            }
            NetSlice::Ipv6(ip) => (true, !ip.extensions().is_empty()),
            _ => panic!("not IP"),
        };
        let (protocol, right) = match (sliced.net.as_ref().unwrap(), sliced.transport.as_ref()) {
            (NetSlice::Ipv4(ip), Some(TransportSlice::Tcp(tcp))) => {
                let (a, b) = (ip.header().source(), ip.header().destination());
                (
                    "tcp",
                    tcp.calc_checksum_ipv4(a, b).unwrap() == tcp.checksum(),
                )
            }
            (NetSlice::Ipv6(ip), Some(TransportSlice::Tcp(tcp))) => {
                let (a, b) = (ip.header().source(), ip.header().destination());
                (
                    "tcp",
                    tcp.calc_checksum_ipv6(a, b).unwrap() == tcp.checksum(),
                )
            }
            (NetSlice::Ipv4(ip), Some(TransportSlice::Udp(udp))) => {
                let (a, b) = (ip.header().source(), ip.header().destination());
                let header = udp.to_header();
                (
                    "udp",
                    header.calc_checksum_ipv4_raw(a, b, udp.payload()).unwrap() == udp.checksum(),
                )
            }
            (NetSlice::Ipv6(ip), Some(TransportSlice::Udp(udp))) => {
                let (a, b) = (ip.header().source(), ip.header().destination());
                let header = udp.to_header();
                (
                    "udp",
                    header.calc_checksum_ipv6_raw(a, b, udp.payload()).unwrap() == udp.checksum(),
                )
            }
            (NetSlice::Ipv4(_), Some(TransportSlice::Icmpv4(icmp))) => {
                ("icmp", checksum(icmp.slice()) == 0)
            }
            (NetSlice::Ipv6(ip), Some(TransportSlice::Icmpv6(icmp))) => (
                "icmp",
                icmp.is_checksum_valid(ip.header().source(), ip.header().destination()),
            ),
            _ => ("esp", true),
        };
        assert!(right, "{protocol} checksum");
        assert_eq!(packet.data.len(), packet.original_len as usize);
        assert!((60..=9_000).contains(&packet.data.len()));
        seen.insert((protocol, v6, extended, vlans));
    }
    for protocol in ["tcp", "udp", "icmp"] {
        for v6 in [false, true] {
            for extended in [false, true] {
                for vlans in 0..3 {
                    assert!(
                        seen.contains(&(protocol, v6, extended, vlans)),
                        "{protocol} {v6} {extended} {vlans}"
                    );
                }
            }
        }
    }
}

#[test]
fn tcp_numbers_follow_each_other() {
    let mut expected: HashMap<Key, u32> = HashMap::new();
    let (mut syns, mut fins, mut resets, mut data) = (0, 0, 0, [0_u32; 2]);
    for packet in generate(&TraceConfig {
        packets: 50_000,
        flows: 100,
        ..TraceConfig::default()
    }) {
        let sliced = SlicedPacket::from_ethernet(&packet.data).unwrap();
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else {
            continue;
        };
        let own = key(&packet.data).unwrap();
        let (a, b, protocol, p, q) = own.clone();
        let other = (b, a, protocol, q, p);
        let length = tcp.payload().len() as u32;
        if tcp.syn() {
            syns += 1;
            expected.insert(own.clone(), tcp.sequence_number());
        }
        if !tcp.rst() || tcp.sequence_number() != 0 {
            assert_eq!(expected[&own], tcp.sequence_number());
        }
        if tcp.ack() {
            assert_eq!(expected[&other], tcp.acknowledgment_number());
        }
        let counted = u32::from(tcp.syn()) + u32::from(tcp.fin()) + length;
        *expected.entry(own).or_default() = tcp.sequence_number().wrapping_add(counted);
        fins += u32::from(tcp.fin());
        resets += u32::from(tcp.rst());
        if length > 0 {
            data[usize::from(tcp.source_port() >= 49_200)] += 1;
        }
    }
    assert!(
        syns > 200 && fins > 100 && resets > 3,
        "{syns} {fins} {resets}"
    );
    assert!(data[0] > 1_000 && data[1] > 1_000, "{data:?}");
}

fn flow_counts(config: &TraceConfig) -> Vec<usize> {
    let mut counts: HashMap<Key, usize> = HashMap::new();
    for packet in generate(config) {
        *counts
            .entry(connection(key(&packet.data).unwrap()))
            .or_default() += 1;
    }
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    counts
}

#[test]
fn skews_are_as_described() {
    let with = |skew: &str| TraceConfig {
        skew: skew.parse().unwrap(),
        protocols: "tcp:1,udp:1".parse().unwrap(),
        flows: 200,
        packets: 20_000,
        ..TraceConfig::default()
    };
    let uniform = flow_counts(&with("uniform"));
    assert_eq!(uniform.len(), 200);
    assert!(uniform[0] < 150 && uniform[199] > 60, "{uniform:?}");
    assert_eq!(flow_counts(&with("elephant")), [20_000]);
    let elephant = flow_counts(&with("elephant:0.6"));
    assert_eq!(elephant.len(), 200);
    assert!((11_600..12_400).contains(&elephant[0]), "{}", elephant[0]);
    // The first of 200 ranks has a share of 1 / H(200) = 1 / 5.88.
    let zipf = flow_counts(&with("zipf:1"));
    assert!(
        (3_200..3_600).contains(&zipf[0]) && (1_600..1_800).contains(&zipf[1]),
        "{:?}",
        &zipf[..2]
    );
    for sizes in FlowSizes::ALL {
        let counts = flow_counts(&with(sizes.name()));
        let tenth: usize = counts[..20].iter().sum();
        assert!(tenth > 7_000, "{sizes}: {tenth}");
    }
}

#[test]
fn sizes_are_as_described() {
    let with = |sizes: &str| TraceConfig {
        sizes: sizes.parse().unwrap(),
        protocols: "udp".parse().unwrap(),
        packets: 12_000,
        ..TraceConfig::default()
    };
    let lengths = |sizes| -> Vec<usize> {
        generate(&with(sizes))
            .iter()
            .map(|packet| packet.data.len())
            .collect()
    };
    assert!(lengths("fixed:256").iter().all(|&length| length == 256));
    assert!(lengths("fixed:60").iter().all(|&length| length == 60));
    assert!(
        lengths("fixed:65000")
            .iter()
            .all(|&length| length == 65_000)
    );
    assert!(
        lengths("uniform:100-102")
            .iter()
            .all(|length| (100..=102).contains(length))
    );
    let imix = lengths("imix");
    let count = |wanted| imix.iter().filter(|&&length| length == wanted).count();
    assert!((6_700..7_300).contains(&count(60)) && (3_700..4_300).contains(&count(590)));
    assert_eq!(count(60) + count(590) + count(1_514), 12_000);
}

#[test]
fn arrivals_keep_the_rate() {
    let constant = TraceConfig {
        rate: 3e6,
        arrivals: Arrivals::Constant,
        packets: 3_001,
        ..TraceConfig::default()
    };
    let packets = generate(&constant);
    assert_eq!(packets[0].timestamp, constant.start);
    assert_eq!(packets[1].timestamp, constant.start.plus_nanos(333));
    assert_eq!(
        packets[3_000].timestamp,
        constant.start.plus_nanos(1_000_000)
    );

    let packets = generate(&TraceConfig {
        arrivals: Arrivals::Exponential,
        packets: 50_000,
        ..constant
    });
    assert!(
        packets
            .windows(2)
            .all(|pair| pair[0].timestamp <= pair[1].timestamp)
    );
    let nanos = packets[49_999].timestamp.as_nanos() - constant.start.as_nanos();
    assert!((16_300_000..17_000_000).contains(&nanos), "{nanos}");
}

#[test]
fn nasty_traffic_has_everything() {
    let packets = generate(&TraceConfig {
        packets: 50_000,
        ..Preset::Nasty.into()
    });
    let ethertype =
        |packet: &&Captured, value: u16| packet.data.get(12..14) == Some(&value.to_be_bytes()[..]);
    let count = |predicate: &dyn Fn(&&Captured) -> bool| packets.iter().filter(predicate).count();
    let near = |count: usize, share: f64| {
        let wanted = 50_000.0 * share;
        assert!(
            (count as f64 - wanted).abs() < wanted * 0.15,
            "{count} instead of {wanted}"
        );
    };
    near(count(&|p| ethertype(p, 0x0806)), 0.02);
    near(count(&|p| ethertype(p, 0x88CC)), 0.01);
    near(count(&|p| (1..14).contains(&p.data.len())), 0.02);
    near(count(&|p| p.data.is_empty() && p.original_len >= 60), 0.01);
    assert!(
        (1..14).all(|length| count(&|p| p.data.len() == length) > 20),
        "runts of every length"
    );
    assert!(
        count(&|p| p.data.len() == 2_048 && p.original_len > 2_048) > 300,
        "cut by the snap length"
    );
    assert!(count(&|p| ethertype(p, 0x8100)) > 3_000);
    assert!(count(&|p| ethertype(p, 0x88A8)) > 3_000);
    assert!(count(&|p| ethertype(p, 0x86DD)) > 3_000);
    let ipv4 = |p: &&Captured| ethertype(p, 0x0800) && p.data.len() > 34;
    for ihl in 0..16 {
        let found = count(&|p| ipv4(p) && p.data[14] == 0x40 | ihl);
        assert!(found > 20, "IHL {ihl}: {found}");
    }
    assert!(
        count(&|p| ipv4(p) && p.data[14] >> 4 != 4) > 50,
        "wrong versions"
    );
    let first = |p: &&Captured| {
        ipv4(p) && p.data[20] & 0x20 != 0 && p.data[20] & 0x1F == 0 && p.data[21] == 0
    };
    assert!(count(&first) > 400, "first fragments");
    assert!(
        count(&|p| first(p) && p.data[23] == 6 && p.data[17] == 28) > 50,
        "TCP headers cut by fragmentation"
    );
    assert!(
        count(&|p| ipv4(p) && (p.data[20] & 0x1F != 0 || p.data[21] != 0)) > 1_000,
        "later fragments"
    );
}

#[test]
fn port_knocking_opens_doors() {
    let mut steps: HashMap<[u8; 4], usize> = HashMap::new();
    let (mut opened, mut wrong, mut fins) = (0, 0, 0);
    for packet in generate(&TraceConfig {
        packets: 20_000,
        flows: 50,
        ..Preset::PortKnock.into()
    }) {
        let source: [u8; 4] = packet.data[26..30].try_into().unwrap();
        let port = u16::from_be_bytes([packet.data[36], packet.data[37]]);
        let step = steps.entry(source).or_default();
        let syn = packet.data[47] == 0x02;
        if syn && *step < 3 && port == 100 + *step as u16 {
            *step += 1;
            opened += usize::from(*step == 3);
        } else {
            wrong += usize::from(syn);
            *step = 0;
        }
        fins += usize::from(packet.data[47] & 1 == 1);
    }
    assert_eq!(steps.len(), 50);
    assert!(
        opened > 1_500 && wrong > 500 && fins > 3_000,
        "{opened} {wrong} {fins}"
    );
}

#[test]
fn few_sources_attack() {
    let mut sources: HashMap<Vec<u8>, usize> = HashMap::new();
    for packet in generate(&preset(Preset::Ddos)) {
        *sources.entry(packet.data[26..30].to_vec()).or_default() += 1;
    }
    for attacker in 1..=4 {
        let packets = sources[&vec![203, 0, 113, attacker]];
        assert!((3_700..4_300).contains(&packets), "{packets}");
    }
    assert!(sources.len() > 200);
}

#[test]
fn a_written_trace_reads_back() {
    let config = preset(Preset::Nasty);
    let mut file = Vec::new();
    let mut writer = CaptureWriter::from_write(&mut file, "x").unwrap();
    let mut last = 0;
    TraceGenerator::new(&config)
        .unwrap()
        .write_to(&mut writer, |n| last = n)
        .unwrap();
    writer.finish().unwrap();
    assert_eq!(last, config.packets);
    let mut reader = CaptureReader::from_read(std::io::Cursor::new(file), "x").unwrap();
    for expected in generate(&config) {
        let packet = reader.next_packet().unwrap().unwrap();
        assert_eq!(packet.timestamp, expected.timestamp);
        assert_eq!(
            (packet.original_len, packet.data),
            (expected.original_len, &expected.data[..])
        );
    }
    assert!(reader.next_packet().unwrap().is_none());
}

#[test]
fn options_are_read_from_text_and_written_back() {
    for text in [
        "uniform",
        "zipf:1.3",
        "elephant",
        "elephant:0.5",
        "websearch",
        "datamining",
        "hadoop",
        "university",
    ] {
        assert_eq!(text.parse::<Skew>().unwrap().to_string(), text);
    }
    for text in ["fixed:60", "imix", "uniform:60-1514"] {
        assert_eq!(text.parse::<Sizes>().unwrap().to_string(), text);
    }
    assert_eq!(
        "tcp:1,udp:2".parse(),
        Ok(Protocols {
            tcp: 1.0,
            udp: 2.0,
            other: 0.0
        })
    );
    assert_eq!(
        "ddos:2:0.5".parse(),
        Ok(Pattern::Ddos {
            attackers: 2,
            share: 0.5
        })
    );
    assert_eq!("constant".parse(), Ok(Arrivals::Constant));
    let oddities: Oddities = "vlan=0.5,runts=0.1".parse().unwrap();
    assert_eq!(
        oddities,
        Oddities {
            vlan: 0.5,
            runts: 0.1,
            ..Oddities::default()
        }
    );
}

#[test]
fn wrong_options_say_what_is_expected() {
    let errors = [
        "zipf".parse::<Skew>().unwrap_err(),
        "zipf:-1".parse::<Skew>().unwrap_err(),
        "zipf:nan".parse::<Skew>().unwrap_err(),
        "elephant:0".parse::<Skew>().unwrap_err(),
        "fixed:59".parse::<Sizes>().unwrap_err(),
        "uniform:90-80".parse::<Sizes>().unwrap_err(),
        "tcp:0".parse::<Protocols>().unwrap_err(),
        "sctp:1".parse::<Protocols>().unwrap_err(),
        "vlan=2".parse::<Oddities>().unwrap_err(),
        "vlan".parse::<Oddities>().unwrap_err(),
        "arp=0.6,runts=0.6".parse::<Oddities>().unwrap_err(),
        "ddos:0:0.5".parse::<Pattern>().unwrap_err(),
        "sometimes".parse::<Arrivals>().unwrap_err(),
        "horrid".parse::<Preset>().unwrap_err(),
        TraceGenerator::new(&TraceConfig {
            flows: 0,
            ..TraceConfig::default()
        })
        .unwrap_err(),
        TraceGenerator::new(&TraceConfig {
            rate: f64::NAN,
            ..TraceConfig::default()
        })
        .unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().contains(": expected "), "{error}");
    }
    assert_eq!(
        "zip".parse::<Skew>().unwrap_err().to_string(),
        "skew \"zip\": expected uniform, zipf:ALPHA, elephant, elephant:SHARE, websearch, datamining, hadoop or university"
    );
}
