//! The description of a trace.

use std::str::FromStr;

use super::options::{Arrivals, Oddities, OptionError, Pattern, Protocols, Sizes, Skew};
use crate::Timestamp;

/// Largest number of flows of a trace.
pub const MAX_FLOWS: u32 = 1 << 24;

/// Description of the traffic to generate. The same description gives the same packets on every platform.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceConfig {
    /// Number of packets.
    pub packets: u64,
    /// Number of flows, 1..=[`MAX_FLOWS`]; each takes some 50 bytes of memory.
    pub flows: u32,
    /// Distribution of packets over flows.
    pub skew: Skew,
    /// Packet lengths.
    pub sizes: Sizes,
    /// Distribution of flows over protocols.
    pub protocols: Protocols,
    /// Kind of traffic.
    pub pattern: Pattern,
    /// Shares of unusual packets.
    pub oddities: Oddities,
    /// Number of bytes to which captured packets are cut.
    pub snaplen: u32,
    /// Mean number of data packets in a TCP connection; `None` takes half of what the connection's flow is expected to
    /// send, but at least 4, so that connections begin and end within the trace. A connection that ends is followed by
    /// one with the same 5-tuple.
    pub connection_packets: Option<u32>,
    /// Packets per second, above 0.
    pub rate: f64,
    /// Spacing of packets in time.
    pub arrivals: Arrivals,
    /// Earliest arrival time of the first packet.
    pub start: Timestamp,
    /// Seed of all random values.
    pub seed: u64,
}

impl Default for TraceConfig {
    /// 100,000 packets in 1,000 flows, Zipf 1.1, IMIX, a million packets a second from 2023-11-14 22:13:20 UTC on.
    fn default() -> Self {
        Self {
            packets: 100_000,
            flows: 1_000,
            skew: Skew::Zipf(1.1),
            sizes: Sizes::Imix,
            protocols: Protocols::default(),
            pattern: Pattern::Flows,
            oddities: Oddities::default(),
            snaplen: crate::writer::SNAPLEN,
            connection_packets: None,
            rate: 1e6,
            arrivals: Arrivals::Exponential,
            start: Timestamp {
                seconds: 1_700_000_000,
                nanos: 0,
            },
            seed: 1,
        }
    }
}

/// A predefined description to start from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// [`TraceConfig::default`].
    #[default]
    Plain,
    /// Every oddity at once.
    Nasty,
    /// Port knocking by 1,000 sources.
    PortKnock,
    /// Four sources send four fifths of the packets.
    Ddos,
}

impl FromStr for Preset {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        match text {
            "plain" => Ok(Self::Plain),
            "nasty" => Ok(Self::Nasty),
            "port-knock" => Ok(Self::PortKnock),
            "ddos" => Ok(Self::Ddos),
            _ => Err(OptionError::new(
                "preset",
                text,
                "plain, nasty, port-knock or ddos",
            )),
        }
    }
}

impl From<Preset> for TraceConfig {
    fn from(preset: Preset) -> Self {
        let plain = Self::default();
        match preset {
            Preset::Plain => plain,
            Preset::Nasty => Self {
                oddities: Oddities {
                    vlan: 0.15,
                    qinq: 0.1,
                    ipv6: 0.2,
                    ipv6_extensions: 0.2,
                    ip_options: 0.1,
                    fragments: 0.03,
                    jumbo: 0.02,
                    arp: 0.02,
                    lldp: 0.01,
                    runts: 0.02,
                    empty: 0.01,
                    malformed: 0.08,
                },
                skew: Skew::Zipf(0.8),
                protocols: Protocols {
                    tcp: 70.0,
                    udp: 20.0,
                    other: 10.0,
                },
                snaplen: 2_048,
                ..plain
            },
            Preset::PortKnock => Self {
                pattern: Pattern::PortKnock,
                skew: Skew::Zipf(0.5),
                ..plain
            },
            Preset::Ddos => Self {
                pattern: Pattern::Ddos {
                    attackers: 4,
                    share: 0.8,
                },
                ..plain
            },
        }
    }
}

impl TraceConfig {
    /// Checks that every value is within its range.
    ///
    /// # Errors
    /// The first value that is not.
    pub fn check(&self) -> Result<(), OptionError> {
        if !(1..=MAX_FLOWS).contains(&self.flows) {
            return Err(OptionError::new(
                "flows",
                self.flows,
                "a number from 1 to 16777216",
            ));
        }
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return Err(OptionError::new(
                "rate",
                self.rate,
                "a number of packets per second above 0",
            ));
        }
        // Gaps are random; the sum of many rarely exceeds twice their mean.
        let end = self.start.seconds as f64 + 2.0 * self.packets as f64 / self.rate;
        if end >= 2f64.powi(32) {
            return Err(OptionError::new(
                "rate",
                self.rate,
                "one at which the packets come before the year 2106, where 32-bit seconds end",
            ));
        }
        if self.connection_packets == Some(0) {
            return Err(OptionError::new(
                "connection packets",
                0,
                "a number above 0",
            ));
        }
        self.skew.check()?;
        self.sizes.check()?;
        self.protocols.check()?;
        self.pattern.check()?;
        self.oddities.check()
    }
}
