//! The functions of a soak, each with options and traffic that exercise everything it can do.

use scr_capture::trace::Preset;

/// A function or chain, with options and traffic that give it something to do.
pub struct Subject {
    pub nf: &'static str,
    pub options: &'static [&'static str],
    pub traffic: Preset,
    /// Minimum number of entries of each function at the end.
    pub entries: u64,
    /// Actions of the function besides letting packets pass.
    pub deeds: &'static [Deed],
}

/// An observable action of a function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Drop,
    Rewrite,
    /// The function counts something in the total of this name.
    Count(&'static str),
}

/// All functions, and a chain that rewrites.
pub const SUBJECTS: &[Subject] = &[
    Subject {
        nf: "conntrack",
        options: &["capacity=100"],
        traffic: Preset::Plain,
        entries: 30,
        deeds: &[Deed::Drop],
    },
    Subject {
        nf: "ddos",
        options: &["threshold=20", "window=50", "capacity=200"],
        traffic: Preset::Plain,
        entries: 200,
        deeds: &[Deed::Drop],
    },
    Subject {
        nf: "heavy-hitter",
        options: &["threshold=10000", "capacity=64"],
        traffic: Preset::Plain,
        entries: 64,
        deeds: &[],
    },
    // Knocks at the first two ports go to the balancer's virtual addresses.
    Subject {
        nf: "load-balancer",
        options: &[
            "vip=172.16.0.1:100,172.16.0.1:101",
            "backends=198.51.100.1,198.51.100.2*2,198.51.100.3",
            "table=101",
            "down=198.51.100.1@30",
            "drain=198.51.100.3@50",
            "up=198.51.100.1@70",
            "capacity=300",
        ],
        traffic: Preset::PortKnock,
        entries: 300,
        deeds: &[Deed::Rewrite, Deed::Count("moved")],
    },
    // Servers are inside. They share the address that is attacked, so packets from outside may or may not find a
    // mapping, and there are more servers than ports.
    Subject {
        nf: "nat",
        options: &[
            "inside=172.16.0.0/12",
            "external=198.51.100.1",
            "ports=8000-8015",
            "tcp-timeout=10",
            "udp-timeout=5",
        ],
        traffic: Preset::Ddos,
        entries: 1,
        deeds: &[
            Deed::Drop,
            Deed::Rewrite,
            Deed::Count("exhausted"),
            Deed::Count("unmapped"),
        ],
    },
    Subject {
        nf: "port-knock",
        options: &["capacity=200"],
        traffic: Preset::PortKnock,
        entries: 100,
        deeds: &[Deed::Drop],
    },
    Subject {
        nf: "token-bucket",
        options: &["rate=2", "burst=4", "capacity=100"],
        traffic: Preset::Plain,
        entries: 100,
        deeds: &[Deed::Drop],
    },
    Subject {
        nf: "ddos,nat",
        options: &[
            "ddos.threshold=1000",
            "ddos.capacity=300",
            "nat.inside=172.16.0.0/12",
            "nat.external=198.51.100.1",
            "nat.ports=8000-8015",
            "nat.tcp-timeout=10",
        ],
        traffic: Preset::Ddos,
        entries: 1,
        deeds: &[Deed::Drop, Deed::Rewrite, Deed::Count("nat.exhausted")],
    },
];
