//! The functions of a soak, each with options and traffic with which it does all that it can.

use scr_capture::trace::Preset;

/// A function, or a chain, with options and traffic with which it has something to do.
pub struct Subject {
    pub nf: &'static str,
    pub options: &'static [&'static str],
    pub traffic: Preset,
    /// Entries that each of its functions has in the end at least.
    pub entries: u64,
    /// What it does besides letting packets pass.
    pub deeds: &'static [Deed],
}

/// What a function can be seen to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Drop,
    Rewrite,
    /// It counts something in the total of this name.
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
    // Knocks at the first two ports are knocks at the balancer's door.
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
    // Servers are inside. The address that is attacked is theirs together, so what comes from outside has a mapping or
    // none, and there are more servers than ports.
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
