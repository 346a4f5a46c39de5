//! Packets, runs and a model of them that several tests share.

use std::time::Duration;

use proptest::prelude::*;
use scr_nf::Selected;
use scr_nic::{Model, NicReport};
use scr_runtime::device::{
    Batch, Device, DeviceError, Fault, FaultEffect, Inject, MemorySource, NicDevice, ReplayDevice,
    Select,
};
use scr_runtime::membership::Plan;
use scr_runtime::{
    EventLevel, Outputs, PacketSink, ReplayConfig, ReplayError, ReplayReport, replay,
};
use scr_wire::{Config, Geometry, Profile, Seq, Sequencer};

/// A packet of few hosts and ports, so that flows meet.
#[derive(Clone, Debug)]
pub struct Packet {
    pub src: u8,
    pub dport: u16,
    pub kind: Kind,
    pub flags: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Tcp,
    Udp,
    Icmp,
    Tcp6,
    Arp,
    Empty,
}

impl Packet {
    pub fn tcp(src: u8, dport: u16, flags: u8) -> Self {
        Self {
            src,
            dport,
            kind: Kind::Tcp,
            flags,
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut frame = vec![0u8; 60];
        let transport = match self.kind {
            Kind::Empty => return vec![],
            Kind::Arp => {
                frame[12..14].copy_from_slice(&[0x08, 0x06]);
                return frame;
            }
            Kind::Tcp6 => {
                frame.resize(80, 0);
                frame[12..14].copy_from_slice(&[0x86, 0xdd]);
                frame[14] = 0x60;
                frame[19] = 26;
                frame[20] = 6;
                frame[22] = 0x20;
                frame[37] = self.src;
                frame[38] = 0x20;
                54
            }
            _ => {
                frame[12..14].copy_from_slice(&[0x08, 0x00]);
                frame[14] = 0x45;
                frame[16..18].copy_from_slice(&46u16.to_be_bytes());
                frame[26..30].copy_from_slice(&[10, 0, 0, self.src]);
                frame[30..34].copy_from_slice(&[10, 0, 1, 1]);
                frame[23] = match self.kind {
                    Kind::Tcp => 6,
                    Kind::Udp => 17,
                    _ => 1,
                };
                34
            }
        };
        frame[transport + 1] = 7;
        frame[transport + 2..transport + 4].copy_from_slice(&self.dport.to_be_bytes());
        frame[transport + 13] = self.flags;
        frame
    }
}

pub fn packet() -> impl Strategy<Value = Packet> {
    let kind = prop_oneof![
        10 => Just(Kind::Tcp),
        2 => Just(Kind::Udp),
        1 => Just(Kind::Icmp),
        1 => Just(Kind::Tcp6),
        1 => Just(Kind::Arp),
        1 => Just(Kind::Empty),
    ];
    let flags = prop_oneof![4 => Just(0x02u8), 3 => Just(0x10), 2 => Just(0x11), 1 => any::<u8>()];
    (0u8..12, 99u16..104, kind, flags).prop_map(|(src, dport, kind, flags)| Packet {
        src,
        dport,
        kind,
        flags,
    })
}

pub fn source(packets: &[Packet]) -> MemorySource {
    let mut source = MemorySource::default();
    for packet in packets {
        source.push(&packet.bytes());
    }
    source
}

/// A function with options.
pub type Function = (&'static str, &'static [&'static str]);

/// Functions that rewrite the packets made here, and chains with them. They evict, too: there are more hosts than ports and
/// places.
pub const REWRITING: [Function; 4] = [
    (
        "nat",
        &["inside=10.0.0.0/24", "ports=2000-2003", "no-timeout"],
    ),
    (
        "load-balancer",
        &[
            "vip=10.0.1.1",
            "backends=10.1.0.1,10.1.0.2*2",
            "table=7",
            "down=10.1.0.1@0.0005",
            "capacity=5",
        ],
    ),
    (
        "load-balancer,nat,conntrack",
        &[
            "vip=10.0.1.1",
            "backends=10.1.0.1,10.1.0.2",
            "table=5",
            "load-balancer.capacity=7",
            "inside=10.0.0.0/24",
            "ports=2000-2005",
            "tcp-timeout=0.00001",
            "conntrack.capacity=4",
        ],
    ),
    (
        "ddos,nat,heavy-hitter",
        &[
            "ddos.threshold=150",
            "ddos.capacity=11",
            "inside=10.0.0.0/24",
            "external=192.0.2.1,192.0.2.2",
            "ports=2000-2001",
            "no-timeout",
            "heavy-hitter.capacity=3",
        ],
    ),
];

/// Functions of every kind: with counters, automata, timers, and such that rewrite.
pub fn functions() -> impl Strategy<Value = Function> {
    let plain = [
        "heavy-hitter",
        "port-knock",
        "conntrack",
        "token-bucket",
        "ddos",
    ];
    let plain = plain.map(|nf| -> Function { (nf, &[]) });
    proptest::sample::select([&plain[..], &REWRITING].concat())
}

/// All that a run can vary in.
#[derive(Clone, Debug)]
pub struct Setup {
    pub nf: &'static str,
    pub options: Vec<String>,
    pub profile: &'static Profile,
    pub cores: u8,
    pub words: u8,
    pub history: usize,
    pub sequence_all: bool,
    pub loss: Option<Select>,
    pub faults: Vec<Fault>,
    pub plan: Plan,
    pub stall_timeout: Duration,
    pub log_rows: Option<usize>,
    pub rejoin: bool,
    pub first_seq: u64,
    pub max_rows: u8,
    pub batch_frames: usize,
    pub batches: usize,
    pub threads: usize,
    pub events: EventLevel,
}

impl Setup {
    pub fn new(nf: &'static str, cores: u8) -> Self {
        Self::of((nf, &[]), cores)
    }

    pub fn of((nf, options): Function, cores: u8) -> Self {
        let function = Selected::new(nf, options).unwrap();
        let profile = function.smallest_profile();
        Self {
            nf,
            options: options.iter().map(|&option| option.to_owned()).collect(),
            profile,
            cores,
            words: Geometry::fewest_words(profile, cores.into())
                .unwrap()
                .prefix_words(),
            history: 256,
            sequence_all: false,
            loss: None,
            faults: vec![],
            plan: Plan::default(),
            stall_timeout: Duration::from_secs(30),
            log_rows: None,
            rejoin: true,
            first_seq: 0,
            max_rows: 255,
            batch_frames: 7,
            batches: 3,
            threads: 3,
            events: EventLevel::Recovery,
        }
    }

    pub fn lose(mut self, list: &str) -> Self {
        self.loss = Some(Select::List(list.parse().unwrap()));
        self
    }
}

/// All that a run gives.
#[derive(Debug)]
pub struct Ran {
    pub report: ReplayReport,
    pub events: Vec<serde_json::Value>,
    pub state: serde_json::Value,
    pub out: Vec<(u64, Vec<u8>)>,
}

#[derive(Default)]
struct Collect(Vec<(u64, Vec<u8>)>);

impl PacketSink for Collect {
    fn packet(
        &mut self,
        info: &scr_runtime::device::PacketInfo,
        bytes: &[u8],
    ) -> Result<(), scr_nic::BoxError> {
        self.0.push((info.index, bytes.to_vec()));
        Ok(())
    }
}

pub fn run(setup: &Setup, packets: &[Packet]) -> Ran {
    run_source(setup, source(packets))
}

pub fn run_source(setup: &Setup, source: MemorySource) -> Ran {
    let config = Config {
        sequence_all: setup.sequence_all,
        ..Config::new(setup.cores, setup.words)
    };
    let mut sequencer = Sequencer::new(setup.profile, setup.history, config).unwrap();
    sequencer.set_next_seq(Seq::new(setup.first_seq));
    let device = NicDevice::new(source, Model::from_sequencer(sequencer));
    let mut faults = setup.faults.clone();
    if let Some(which) = setup.loss.clone() {
        let effect = FaultEffect::Lose;
        faults.push(Fault { effect, which });
    }
    run_device(setup, &mut Inject::new(device, faults))
}

pub fn run_device(setup: &Setup, device: &mut dyn ReplayDevice) -> Ran {
    try_device(setup, device).unwrap()
}

pub fn try_device(setup: &Setup, device: &mut dyn ReplayDevice) -> Result<Ran, ReplayError> {
    let mut function = Selected::new(setup.nf, &setup.options).unwrap();
    if setup.sequence_all {
        function = function.with_other_frames();
    }
    let config = ReplayConfig {
        first_seq: Seq::new(setup.first_seq),
        max_rows: setup.max_rows,
        batch_frames: setup.batch_frames,
        batches: setup.batches,
        threads: setup.threads,
        events: setup.events,
        plan: setup.plan.clone(),
        stall_timeout: setup.stall_timeout,
        log_rows: setup.log_rows,
        rejoin: setup.rejoin,
        ..ReplayConfig::new(function, setup.profile, setup.cores, setup.words)
    };
    let (mut events, mut state, mut out) = (Vec::new(), Vec::new(), Collect::default());
    let outputs = Outputs {
        packets: Some(Box::new(&mut out)),
        events: Some(Box::new(&mut events)),
        state: Some(Box::new(&mut state)),
    };
    let report = replay(&config, device, outputs, &mut |_| {})?;
    let events = String::from_utf8(events).unwrap();
    Ok(Ran {
        report,
        events: events
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        state: serde_json::from_slice(&state).unwrap(),
        out: out.0,
    })
}

/// Replicas and verdicts are right, every frame is in one count, and what came out is in order.
pub fn accounted(ran: &Ran) {
    let report = &ran.report;
    assert_eq!(report.verified, Some(true), "{:?}", report.mismatch);
    assert!(report.replicas_agree);
    let loss = &report.loss;
    // Second copies are rejected without being packets of their own.
    let rejected: u64 = report.rejected.values().sum();
    let copies = report.injected.get("duplicated").copied().unwrap_or(0);
    let lost = loss.frames_lost + loss.frames_lost_with_workers + loss.frames_overtaken;
    let decided = report.verdicts.pass + report.verdicts.drop;
    assert_eq!(decided + lost + rejected - copies, report.sequenced);
    let taken: u64 = report.per_core.iter().map(|core| core.frames).sum();
    assert_eq!(taken, decided);
    assert!(ran.out.windows(2).all(|pair| pair[0].0 < pair[1].0));
    let passed = report.verdicts.pass + report.passed_by;
    assert_eq!(ran.out.len() as u64, passed);
}

/// A fault as it is written on the command line.
pub fn fault(text: &str) -> Fault {
    text.parse().unwrap()
}

/// As many faults, each with a seed of its own.
pub fn seeded_faults(
    one: impl Strategy<Value = String>,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Vec<Fault>> {
    let seeded = (one, any::<u64>()).prop_map(|(text, seed)| {
        let Fault { effect, which } = fault(&text);
        let which = which.seeded(seed);
        Fault { effect, which }
    });
    proptest::collection::vec(seeded, count)
}

/// Plans of so many changes of k.
pub fn plans(changes: std::ops::Range<usize>) -> impl Strategy<Value = Plan> {
    proptest::collection::btree_map(0u64..1800, 1u8..=6, changes).prop_map(|plan| {
        let text: Vec<String> = plan
            .into_iter()
            .map(|(seq, cores)| format!("{seq}:{cores}"))
            .collect();
        if text.is_empty() {
            Plan::default()
        } else {
            text.join(",").parse().unwrap()
        }
    })
}

/// Packets of some sources and ports, every seventh a SYN.
pub fn traffic(packets: u32) -> Vec<Packet> {
    (0..packets)
        .map(|n| {
            Packet::tcp(
                (n % 11) as u8,
                99 + (n % 5) as u16,
                if n % 7 == 0 { 2 } else { 16 },
            )
        })
        .collect()
}

/// Frames of all packets in a batch, as the sequencer of `setup` makes them.
pub fn frames(setup: &Setup, packets: &[Packet]) -> Batch {
    let config = Config {
        sequence_all: setup.sequence_all,
        ..Config::new(setup.cores, setup.words)
    };
    let nic = Model::new(setup.profile, setup.history, config).unwrap();
    let mut batch = Batch::new(usize::MAX);
    assert!(
        !NicDevice::new(source(packets), nic)
            .receive(&mut batch)
            .unwrap()
    );
    batch
}

/// A device that gives frames prepared before, in one source of frames.
pub struct Prepared(
    pub Vec<(scr_runtime::device::Path, u16, Vec<u8>)>,
    pub usize,
);

impl Device for Prepared {
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError> {
        while !batch.is_full() {
            let Some((path, queue, bytes)) = self.0.get(self.1) else {
                return Ok(false);
            };
            self.1 += 1;
            let info = scr_runtime::device::PacketInfo {
                index: self.1 as u64,
                timestamp: scr_capture::Timestamp::new(1, 0),
                original_len: bytes.len() as u32,
            };
            batch.push(info, *path, *queue, &[bytes]);
        }
        Ok(true)
    }

    fn report(&self) -> NicReport {
        NicReport::of_kind("prepared")
    }
}

impl ReplayDevice for Prepared {}
