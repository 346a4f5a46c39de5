//! The parts of a trace's description and their text form.

use std::fmt::{self, Display};
use std::str::FromStr;

use scr_quantity as quantity;

use super::distribution::FlowSizes;
use super::random::Random;

/// Text of an option that cannot be parsed, or a value out of range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?}: expected {expected}")]
pub struct OptionError {
    what: &'static str,
    text: String,
    expected: &'static str,
}

impl OptionError {
    pub(super) fn new(what: &'static str, text: impl Display, expected: &'static str) -> Self {
        Self {
            what,
            text: text.to_string(),
            expected,
        }
    }
}

/// Distribution of packets over flows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Skew {
    /// All flows alike.
    Uniform,
    /// The flow of rank i in proportion to i^-α; α is 0 or more and finite.
    Zipf(f64),
    /// One flow has this share of the packets (above 0, at most 1); the others share the rest equally. With 1 there is
    /// one flow.
    Elephant(f64),
    /// In proportion to the number of full-size packets in flows of a published distribution: of N flows, flow i has
    /// the size at quantile (i + ½) / N.
    Published(FlowSizes),
}

const SKEW: &str =
    "uniform, zipf:ALPHA, elephant, elephant:SHARE, websearch, datamining, hadoop or university";

impl FromStr for Skew {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let error = || OptionError::new("skew", text, SKEW);
        let skew = match text.split_once(':') {
            None if text == "uniform" => Self::Uniform,
            None if text == "elephant" => Self::Elephant(1.0),
            None => Self::Published(text.parse().map_err(|()| error())?),
            Some(("zipf", alpha)) => Self::Zipf(alpha.parse().map_err(|_| error())?),
            Some(("elephant", share)) => {
                Self::Elephant(quantity::share(share).map_err(|_| error())?)
            }
            Some(_) => return Err(error()),
        };
        skew.check().map(|()| skew)
    }
}

impl Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => f.write_str("uniform"),
            Self::Zipf(alpha) => write!(f, "zipf:{alpha}"),
            Self::Elephant(share) if *share >= 1.0 => f.write_str("elephant"),
            Self::Elephant(share) => write!(f, "elephant:{share}"),
            Self::Published(sizes) => sizes.fmt(f),
        }
    }
}

impl Skew {
    pub(super) fn check(&self) -> Result<(), OptionError> {
        match self {
            Self::Zipf(alpha) if !(0.0..=10.0).contains(alpha) => {
                Err(OptionError::new("skew", self, "an ALPHA from 0 to 10"))
            }
            Self::Elephant(share) if !(*share > 0.0 && *share <= 1.0) => Err(OptionError::new(
                "skew",
                self,
                "a SHARE above 0 and at most 1",
            )),
            _ => Ok(()),
        }
    }

    /// The weights of this many flows, in order of rank: positive, not normalised.
    pub(super) fn weights(&self, flows: u32) -> Vec<f64> {
        match self {
            Self::Uniform => vec![1.0; flows as usize],
            Self::Zipf(alpha) => (1..=flows)
                .map(|rank| libm::pow(f64::from(rank), -alpha))
                .collect(),
            Self::Elephant(share) if *share >= 1.0 || flows == 1 => vec![1.0],
            Self::Elephant(share) => {
                let other = (1.0 - share) / f64::from(flows - 1);
                (0..flows)
                    .map(|rank| if rank == 0 { *share } else { other })
                    .collect()
            }
            Self::Published(sizes) => {
                let packets = |rank: u32| {
                    (sizes.quantile((f64::from(rank) + 0.5) / f64::from(flows)) / 1460.0).ceil()
                };
                (0..flows).rev().map(packets).collect()
            }
        }
    }
}

/// The shortest and longest frame lengths allowed, in bytes without frame check sequence.
const FRAME_RANGE: std::ops::RangeInclusive<u32> = 60..=65_000;

/// Packet lengths: Ethernet frames in bytes, without frame check sequence. They apply to packets that may carry data;
/// those that open and close TCP connections have the shortest length. A packet too short for data is a pure
/// acknowledgment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// Always the same length (60..=65,000).
    Fixed(u32),
    /// Simple IMIX: 60, 590 and 1,514 bytes in the proportion 7 : 4 : 1.
    Imix,
    /// Uniformly distributed from the first to the second, both included (60..=65,000).
    Uniform(u32, u32),
}

const SIZES: &str = "fixed:N, imix or uniform:MIN-MAX, with lengths from 60 to 65000";

impl FromStr for Sizes {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let error = || OptionError::new("packet sizes", text, SIZES);
        let number = |digits: &str| {
            let number = quantity::whole(digits).ok();
            number.and_then(|n| n.try_into().ok()).ok_or_else(error)
        };
        let sizes = match text.split_once(':') {
            None if text == "imix" => Self::Imix,
            Some(("fixed", length)) => Self::Fixed(number(length)?),
            Some(("uniform", range)) => {
                let (low, high) = range.split_once('-').ok_or_else(error)?;
                Self::Uniform(number(low)?, number(high)?)
            }
            _ => return Err(error()),
        };
        sizes.check().map(|()| sizes)
    }
}

impl Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(length) => write!(f, "fixed:{length}"),
            Self::Imix => f.write_str("imix"),
            Self::Uniform(low, high) => write!(f, "uniform:{low}-{high}"),
        }
    }
}

impl Sizes {
    pub(super) fn check(&self) -> Result<(), OptionError> {
        let valid = match self {
            Self::Imix => true,
            Self::Fixed(length) => FRAME_RANGE.contains(length),
            Self::Uniform(low, high) => {
                low <= high && FRAME_RANGE.contains(low) && FRAME_RANGE.contains(high)
            }
        };
        if valid {
            Ok(())
        } else {
            Err(OptionError::new("packet sizes", self, SIZES))
        }
    }

    pub(super) fn draw(&self, random: &mut Random) -> u32 {
        match *self {
            Self::Fixed(length) => length,
            Self::Imix => match random.below(12) {
                0..7 => 60,
                7..11 => 590,
                _ => 1514,
            },
            Self::Uniform(low, high) => random.within(low, high),
        }
    }
}

/// Distribution of flows over protocols, as weights of any scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Protocols {
    /// TCP, with handshake, data in both directions, and teardown.
    pub tcp: f64,
    /// UDP in both directions.
    pub udp: f64,
    /// ICMP echo and ESP.
    pub other: f64,
}

const PROTOCOLS: &str =
    "a list like tcp:80,udp:15,other:5 with weights that are not negative and not all 0";

impl Default for Protocols {
    fn default() -> Self {
        Self {
            tcp: 80.0,
            udp: 18.0,
            other: 2.0,
        }
    }
}

impl FromStr for Protocols {
    type Err = OptionError;

    /// Parses text such as `tcp:80,udp:15,other:5`; protocols not named have weight 0.
    fn from_str(text: &str) -> Result<Self, OptionError> {
        let error = || OptionError::new("protocols", text, PROTOCOLS);
        let mut protocols = Self {
            tcp: 0.0,
            udp: 0.0,
            other: 0.0,
        };
        let mut named = Vec::new();
        for part in text.split(',') {
            let (name, weight) = part.split_once(':').unwrap_or((part, "1"));
            let weight = weight.parse().map_err(|_| error())?;
            if named.contains(&name) {
                return Err(error());
            }
            named.push(name);
            match name {
                "tcp" => protocols.tcp = weight,
                "udp" => protocols.udp = weight,
                "other" => protocols.other = weight,
                _ => return Err(error()),
            }
        }
        protocols.check().map(|()| protocols)
    }
}

impl Display for Protocols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tcp:{},udp:{},other:{}", self.tcp, self.udp, self.other)
    }
}

impl Protocols {
    pub(super) fn check(&self) -> Result<(), OptionError> {
        let weights = [self.tcp, self.udp, self.other];
        let valid = weights
            .iter()
            .all(|weight| weight.is_finite() && *weight >= 0.0);
        if valid && weights.iter().sum::<f64>() > 0.0 {
            Ok(())
        } else {
            Err(OptionError::new("protocols", self, PROTOCOLS))
        }
    }
}

/// Arrival times of packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrivals {
    /// Equally spaced.
    Constant,
    /// A Poisson process: exponentially distributed gaps.
    #[default]
    Exponential,
}

impl FromStr for Arrivals {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        match text {
            "constant" => Ok(Self::Constant),
            "exponential" => Ok(Self::Exponential),
            _ => Err(OptionError::new(
                "arrivals",
                text,
                "constant or exponential",
            )),
        }
    }
}

/// The kind of traffic that the packets form.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Pattern {
    /// Connections between clients and servers.
    #[default]
    Flows,
    /// Each flow is a source that knocks on TCP ports 100, 101, 102 with a SYN each, sends a little more, and ends with
    /// a FIN; some knock wrongly.
    PortKnock,
    /// Flows as above, and a few sources that send most of the packets, all to one victim: SYNs or small datagrams.
    Ddos {
        /// Number of attacking sources, 1..=254.
        attackers: u32,
        /// The attackers' share of the packets, 0..=1.
        share: f64,
    },
}

const PATTERN: &str =
    "flows, port-knock, ddos or ddos:ATTACKERS:SHARE (1 to 254 attackers, share from 0 to 1)";

impl FromStr for Pattern {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let error = || OptionError::new("pattern", text, PATTERN);
        let pattern = match text {
            "flows" => Self::Flows,
            "port-knock" => Self::PortKnock,
            "ddos" => Self::Ddos {
                attackers: 4,
                share: 0.8,
            },
            _ => {
                let (attackers, share) = text
                    .strip_prefix("ddos:")
                    .and_then(|rest| rest.split_once(':'))
                    .ok_or_else(error)?;
                Self::Ddos {
                    attackers: attackers.parse().map_err(|_| error())?,
                    share: quantity::share(share).map_err(|_| error())?,
                }
            }
        };
        pattern.check().map_err(|_| error())?;
        Ok(pattern)
    }
}

impl Pattern {
    pub(super) fn check(&self) -> Result<(), OptionError> {
        match self {
            Self::Ddos { attackers, share }
                if !(1..=254).contains(attackers) || !(0.0..=1.0).contains(share) =>
            {
                Err(OptionError::new(
                    "pattern",
                    format!("ddos:{attackers}:{share}"),
                    PATTERN,
                ))
            }
            _ => Ok(()),
        }
    }
}

macro_rules! oddities {
    ($($field:ident $name:literal $doc:literal;)*) => {
        /// Shares of unusual packets, each from 0 to 1. The default is none.
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct Oddities {
            $(#[doc = $doc] pub $field: f64,)*
        }

        impl Oddities {
            /// Names of the oddities, as [`FromStr`] takes them.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The share of the oddity called `name`, mutably.
            pub fn get_mut(&mut self, name: &str) -> Option<&mut f64> {
                match name {
                    $($name => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }
    };
}

oddities! {
    vlan "vlan" "Share of flows with one VLAN tag (0x8100).";
    qinq "qinq" "Share of flows with two VLAN tags (0x88A8, 0x8100).";
    ipv6 "ipv6" "Share of flows over IPv6.";
    ipv6_extensions "ipv6-extensions" "Share of IPv6 packets with extension headers.";
    ip_options "ip-options" "Share of IPv4 packets with 4 to 40 bytes of IP options (IHL 6 to 15).";
    fragments "fragments" "Share of IPv4 packets that are sent as two to six fragments, half of them with a first fragment of 8 bytes, which cuts a TCP header.";
    jumbo "jumbo" "Share of packets of 1,515 to 9,000 bytes.";
    arp "arp" "Share of ARP requests and replies.";
    lldp "lldp" "Share of LLDP announcements.";
    runts "runts" "Share of frames of 1 to 13 bytes.";
    empty "empty" "Share of packets of which nothing was captured.";
    malformed "malformed" "Share of frames with broken headers: IHL below 5, wrong version, header cut off, contradictory lengths, a third VLAN tag.";
}

const ODDITIES: &str = "a list like vlan=0.1,arp=0.01 of shares from 0 to 1 for vlan, qinq, ipv6, ipv6-extensions, \
                        ip-options, fragments, jumbo, arp, lldp, runts, empty, malformed, of which those that exclude each \
                        other sum up to at most 1";

impl FromStr for Oddities {
    type Err = OptionError;

    /// Parses text such as `vlan=0.1,arp=0.01`; oddities not named have share 0.
    fn from_str(text: &str) -> Result<Self, OptionError> {
        let mut oddities = Self::default();
        oddities.set(text)?;
        Ok(oddities)
    }
}

impl Oddities {
    /// Changes the shares named in `text`, written as in [`FromStr`], and keeps the others.
    ///
    /// # Errors
    /// If a name is unknown, a share is not from 0 to 1, or shares that exclude each other add up to more than 1.
    pub fn set(&mut self, text: &str) -> Result<(), OptionError> {
        let error = || OptionError::new("oddities", text, ODDITIES);
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (name, share) = part.split_once('=').ok_or_else(error)?;
            *self.get_mut(name).ok_or_else(error)? = quantity::share(share).map_err(|_| error())?;
        }
        self.check().map_err(|_| error())
    }

    pub(super) fn check(&self) -> Result<(), OptionError> {
        let mut copy = *self;
        for name in Self::NAMES {
            let share = copy.get_mut(name).map_or(0.0, |share| *share);
            if !(0.0..=1.0).contains(&share) {
                return Err(OptionError::new(
                    "oddities",
                    format!("{name}={share}"),
                    "a share from 0 to 1",
                ));
            }
        }
        let alone = self.arp + self.lldp + self.runts + self.empty + self.malformed;
        if alone > 1.0 || self.vlan + self.qinq > 1.0 {
            let expected = "arp, lldp, runts, empty and malformed to be at most 1 together, and vlan and qinq as well";
            return Err(OptionError::new("oddities", alone, expected));
        }
        Ok(())
    }
}
