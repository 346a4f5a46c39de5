//! The sequencer on rust-hdl's simulator against the golden model: every byte, and the claims in cycles.

use scr_capture::packet::{Frame, Ipv4, Ipv6, Tcp, Transport, flags};
use scr_hdl::{CoreConfig, Dut, simulate};
use scr_wire::registers::{self, Register};
use scr_wire::sequencer::{Config, Disposition, Sequencer};
use scr_wire::{MAX_PREFIX_BYTES, Profile, Timestamp, profile};

/// Ports by name, values as integers where they fit.
struct Bench {
    dut: Box<dyn Dut + Send>,
}

impl Bench {
    fn new(config: &CoreConfig, cores: u8, prefix_words: u8) -> Self {
        let mut bench = Self {
            dut: simulate(config).unwrap(),
        };
        bench.set("m_axis_tready", 1);
        bench.set("rst", 1);
        bench.dut.tick();
        bench.dut.tick();
        bench.set("rst", 0);
        // More words first: k must fit them.
        bench.write(registers::PREFIX_WORDS, prefix_words.into());
        bench.write(registers::CORES, cores.into());
        for _ in 0..32 {
            bench.dut.tick();
        }
        bench
    }

    /// Writes a register.
    fn write(&mut self, register: Register, value: u64) {
        self.set("s_axil_awaddr", register.offset.into());
        self.set("s_axil_wdata", value);
        self.set("s_axil_wstrb", 15);
        self.set("s_axil_bready", 1);
        let (mut address, mut data) = (true, true);
        while address || data || !self.bit("s_axil_bvalid") {
            self.set("s_axil_awvalid", address.into());
            self.set("s_axil_wvalid", data.into());
            address &= !self.bit("s_axil_awready");
            data &= !self.bit("s_axil_wready");
            self.dut.tick();
        }
        assert_eq!(self.get("s_axil_bresp"), [0], "{register}");
        self.dut.tick();
    }

    fn set(&mut self, name: &str, value: u64) {
        let port = self.dut.port(name).unwrap();
        let len = self.dut.ports()[port].bytes();
        let mut bytes = vec![0; len];
        let n = len.min(8);
        bytes[..n].copy_from_slice(&value.to_le_bytes()[..n]);
        self.dut.set(port, &bytes);
    }

    fn set_bytes(&mut self, name: &str, value: &[u8]) {
        let port = self.dut.port(name).unwrap();
        self.dut.set(port, value);
    }

    fn get(&self, name: &str) -> Vec<u8> {
        let port = self.dut.port(name).unwrap();
        let mut bytes = vec![0; self.dut.ports()[port].bytes()];
        self.dut.get(port, &mut bytes);
        bytes
    }

    fn bit(&self, name: &str) -> bool {
        self.get(name)[0] & 1 == 1
    }
}

struct Run {
    frames: Vec<(Vec<u8>, u16)>,
    first_in: u64,
    first_out: u64,
    bubbles: u64,
}

/// Sends packets as fast as they are taken (or with pauses), takes frames always (or with pauses).
fn run(config: &CoreConfig, bench: &mut Bench, packets: &[Vec<u8>], pauses: Option<u64>) -> Run {
    let beat = config.width / 8;
    let mut random = pauses.unwrap_or(1);
    let mut pause = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        pauses.is_some() && random.is_multiple_of(3)
    };
    let beats: Vec<(usize, usize)> = packets
        .iter()
        .enumerate()
        .flat_map(|(p, bytes)| (0..bytes.len().div_ceil(beat)).map(move |b| (p, b)))
        .collect();
    let (mut next, mut offered) = (0, false);
    let mut result = Run {
        frames: Vec::new(),
        first_in: u64::MAX,
        first_out: u64::MAX,
        bubbles: 0,
    };
    let mut frame = Vec::new();
    let mut ready = true;
    let mut quiet = 0;
    for cycle in 0.. {
        let valid = bench.bit("m_axis_tvalid");
        if valid {
            result.first_out = result.first_out.min(cycle);
            quiet = 0;
        } else {
            quiet += 1;
            if result.first_out != u64::MAX && result.frames.len() < packets.len() {
                result.bubbles += 1;
            }
        }
        ready = !pause() || !ready;
        if valid && ready {
            let data = bench.get("m_axis_tdata");
            let keep = bench.get("m_axis_tkeep");
            let count = (0..beat)
                .take_while(|i| keep[i / 8] >> (i % 8) & 1 == 1)
                .count();
            frame.extend_from_slice(&data[..count]);
            if bench.bit("m_axis_tlast") {
                let dest = bench.get("m_axis_tdest");
                let dest = u16::from_le_bytes([dest[0], dest[1]]);
                result.frames.push((std::mem::take(&mut frame), dest));
            }
        }
        bench.set("m_axis_tready", ready.into());
        if !offered && next < beats.len() && !pause() {
            offered = true;
            let (p, b) = beats[next];
            let chunk = &packets[p][b * beat..packets[p].len().min((b + 1) * beat)];
            let mut data = vec![0xee; beat];
            data[..chunk.len()].copy_from_slice(chunk);
            let mut keep = vec![0; beat / 8];
            for i in 0..chunk.len() {
                keep[i / 8] |= 1 << (i % 8);
            }
            bench.set_bytes("s_axis_tdata", &data);
            bench.set_bytes("s_axis_tkeep", &keep);
            bench.set(
                "s_axis_tlast",
                u64::from((b + 1) * beat >= packets[p].len()),
            );
            bench.set_bytes("s_axis_tuser", &user(time_of(p)));
        }
        bench.set("s_axis_tvalid", offered.into());
        if offered && bench.bit("s_axis_tready") {
            result.first_in = result.first_in.min(cycle);
            offered = false;
            next += 1;
        }
        bench.dut.tick();
        if next == beats.len() && quiet > 200 {
            break;
        }
    }
    result
}

fn time_of(packet: usize) -> Timestamp {
    Timestamp {
        seconds: 0x6543_2100 + packet as u32,
        nanos: 123_456_789 + packet as u32 * 7,
    }
}

fn user(time: Timestamp) -> [u8; 13] {
    let value = (u128::from(time.seconds) << 49) | (u128::from(time.nanos) << 17);
    let mut bytes = [0; 13];
    bytes.copy_from_slice(&value.to_le_bytes()[..13]);
    bytes
}

fn golden(config: &CoreConfig, cores: u8, words: u8, packets: &[Vec<u8>]) -> Vec<(Vec<u8>, u16)> {
    let mut sequencer =
        Sequencer::new(&config.profile, config.history, Config::new(cores, words)).unwrap();
    let mut prefix = [0; MAX_PREFIX_BYTES];
    let frames = packets.iter().enumerate().map(|(i, packet)| {
        match sequencer.sequence(packet, time_of(i), &mut prefix) {
            Disposition::PassedBy => (packet.clone(), 0),
            Disposition::Sequenced {
                core, prefix_bytes, ..
            } => {
                let mut frame = prefix[..prefix_bytes].to_vec();
                frame.extend_from_slice(packet);
                (frame, u16::from(core))
            }
        }
    });
    frames.collect()
}

fn packets(count: u32) -> Vec<Vec<u8>> {
    (0..count)
        .map(|i| {
            let [.., hi, lo] = i.to_be_bytes();
            let mut tcp = Tcp::new(1024 + i as u16, 80, flags::SYN);
            tcp.sequence = i * 1_000_003;
            tcp.acknowledgment = i * 77;
            let options = vec![1; (i as usize % 11) * 4];
            let ipv4 = Ipv4::new([10, 0, hi, lo], [10, 1, hi, lo]).options(&options);
            let udp = Transport::Udp {
                source: i as u16,
                destination: 53,
            };
            let mut frame = match i % 5 {
                0 => Frame::arp_request([10, 0, 0, 1], [10, 0, 0, 2]),
                1 => Frame::ipv4(ipv4, udp),
                2 => Frame::ipv6(Ipv6::new([i as u8; 16], [7; 16]), Transport::Tcp(tcp)),
                _ => Frame::ipv4(ipv4, Transport::Tcp(tcp)),
            };
            for _ in 0..i % 3 {
                frame = frame.vlan(0x8100, i as u16);
            }
            let payload = vec![i as u8; (i as usize * 37) % 300];
            let bytes = frame.payload(&payload).build();
            let cut = if i % 7 == 6 {
                i as usize % bytes.len()
            } else {
                0
            };
            bytes[..bytes.len() - cut].to_vec()
        })
        .collect()
}

fn check(profile: &Profile, history: usize, cores: u8, words: u8, pauses: Option<u64>) {
    check_wide(512, profile, history, cores, words, pauses);
}

fn check_wide(
    width: usize,
    profile: &Profile,
    history: usize,
    cores: u8,
    words: u8,
    pauses: Option<u64>,
) {
    let mut config = CoreConfig::new(profile);
    config.history = history;
    config.width = width;
    let packets = packets(200);
    let mut bench = Bench::new(&config, cores, words);
    let run = run(&config, &mut bench, &packets, pauses);
    let expected = golden(&config, cores, words, &packets);
    for (i, (got, want)) in run.frames.iter().zip(&expected).enumerate() {
        let differs = got.0.iter().zip(&want.0).position(|(a, b)| a != b);
        assert!(
            got == want,
            "frame {i} of {}, W = {width}, N = {history}: {} bytes to queue {}, expected {} to {}, first other byte {differs:?}",
            profile.name(),
            got.0.len(),
            got.1,
            want.0.len(),
            want.1
        );
    }
    assert_eq!(run.frames.len(), expected.len());
    if pauses.is_none() {
        assert_eq!(run.bubbles, 0);
        let latency = scr_hdl::emit::latency_cycles(config.width);
        assert_eq!(run.first_out - run.first_in, u64::from(latency));
    }
}

#[test]
fn every_profile_equals_the_golden_model() {
    for (profile, words) in profile::BUILTIN.into_iter().zip([1, 2, 3, 5, 9]) {
        check(profile, 16, 4, words, None);
        check(profile, 64, 4, words, Some(0x1234_5678_9abc));
    }
}

#[test]
fn a_deep_history_wraps() {
    check(&profile::FLOW, 100, 7, 40, None);
    check(&profile::SOURCE, 256, 14, 20, Some(99));
}

#[test]
fn latency_does_not_depend_on_the_frames_length() {
    for length in [1, 14, 60, 64, 65, 128, 129, 500] {
        let config = CoreConfig::new(&profile::FLOW);
        let mut bench = Bench::new(&config, 1, 1);
        let mut packet = packets(4)[3].clone();
        packet.resize(length, 0);
        let run = run(&config, &mut bench, &[packet], None);
        let latency = scr_hdl::emit::latency_cycles(config.width);
        assert_eq!(
            run.first_out - run.first_in,
            u64::from(latency),
            "{length} bytes"
        );
    }
}

#[test]
fn every_width_equals_the_golden_model() {
    for width in [128, 256, 1024] {
        for (profile, words) in profile::BUILTIN.into_iter().zip([2, 2, 4, 6, 10]) {
            check_wide(width, profile, 40, 4, words, None);
            check_wide(width, profile, 16, 3, words, Some(0x9876_5432));
        }
    }
}

#[test]
fn packets_of_one_beat_that_pass_by_flow_without_bubbles() {
    for width in [128, 256, 512, 1024] {
        let mut config = CoreConfig::new(&profile::FLOW);
        config.width = width;
        let packets = vec![vec![0x42; width / 8]; 300];
        let mut bench = Bench::new(&config, 1, 2);
        let run = run(&config, &mut bench, &packets, None);
        assert_eq!((run.frames.len(), run.bubbles), (300, 0), "W = {width}");
    }
}
