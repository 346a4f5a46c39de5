//! `nat`: internal hosts share external addresses: network address and port translation (RFC 3022, section 2.2).
//!
//! ```text
//!                from inside to outside: source becomes external       (mapping made, or refreshed)
//!  row ──▶ TCP,  from outside to an external address: destination becomes internal, or no mapping: drop
//!          UDP?  from inside to an external address: both (hairpinning)
//!           └──▶ else: pass as it is
//! ```
//!
//! Multicast, broadcast, link-local and loopback addresses and 0.0.0.0/8 are not outside, because packets to them do
//! not leave the host's own link; `translate-all` overrides this.
//!
//! Key: internal address, port and protocol, so mapping is endpoint-independent, and so is filtering (RFC 4787, REQ-1
//! and REQ-8; RFC 5382, REQ-1 and REQ-3). The port of a mapping depends on rows alone; [`mappings`] has the rule.
//!
//! A packet without ports that should be translated is dropped: the row of a later fragment does not tell which
//! datagram the fragment belongs to. So are packets with a port of 0, which look the same.
//!
//! State is bounded by the number of ports. When a new mapping finds none free, the least recently used mapping makes
//! room if it has timed out (with `no-timeout`: always); otherwise the packet is dropped and counted.

pub mod mappings;
mod options;
pub mod ports;
pub mod recency;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

use scr_wire::Field;
use serde::Serialize;

use self::mappings::{Mapping, Mappings, Rules};
pub use self::options::Prefix;
use crate::flows::FIVE_TUPLE;
use crate::rewrite::{Endpoint, Protocol, Translation};
use crate::scope::special;
use crate::{
    Action, Address, Description, Family, Layout, Nanoseconds, NetworkFunction, OptionError,
    OptionHelp, Options,
};

/// The function before its layout is known.
#[derive(Clone, Copy, Debug)]
pub struct Nat;

/// The checked options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Prefixes of internal hosts.
    pub inside: Vec<Prefix>,
    /// External addresses and ports, and how long mappings live.
    pub rules: Rules,
    /// Whether destinations that are not those of a host beyond the link are outside, too.
    pub translate_all: bool,
    /// External addresses with their numbers, sorted.
    by_address: Vec<(u32, usize)>,
}

impl Family for Nat {
    const NAME: &'static str = "nat";
    const ABOUT: &'static str = "let hosts inside share external addresses";
    const OPTIONS: &'static [OptionHelp] = &[
        OptionHelp {
            usage: "external=ADDRESSES",
            about: "addresses or prefixes to share, 256 addresses at most (203.0.113.1)",
        },
        OptionHelp {
            usage: "inside=PREFIXES",
            about: "where hosts are inside (10.0.0.0/8,172.16.0.0/12,192.168.0.0/16)",
        },
        OptionHelp {
            usage: "ports=LOW-HIGH",
            about: "ports to give (1024-65535)",
        },
        OptionHelp {
            usage: "tcp-timeout=SECONDS",
            about: "how long a mapping of TCP lives without a packet from inside (7440)",
        },
        OptionHelp {
            usage: "udp-timeout=SECONDS",
            about: "how long a mapping of UDP lives without a packet from inside (300)",
        },
        OptionHelp {
            usage: "no-timeout",
            about: "keep mappings until ports run out; needs no timestamps",
        },
        OptionHelp {
            usage: "translate-all",
            about: "translate also for multicast, broadcast, link-local and loopback destinations and 0.0.0.0/8 (they stay)",
        },
    ];
    type Parameters = Parameters;
    type Function<L: Layout> = Function<L>;

    fn parameters(options: &mut Options) -> Result<Parameters, OptionError> {
        options::read(options)
    }

    fn needs(parameters: &Parameters) -> Vec<Field> {
        let mut fields = FIVE_TUPLE.to_vec();
        if parameters.rules.timeouts.is_some() {
            fields.extend([Field::Seconds, Field::Nanoseconds]);
        }
        fields
    }

    fn build<L: Layout>(parameters: Parameters, layout: L) -> Function<L> {
        Function { parameters, layout }
    }
}

impl Parameters {
    #[inline]
    fn is_inside(&self, address: u32) -> bool {
        self.inside.iter().any(|prefix| prefix.has(address))
    }

    /// Whether packets from inside to `address` are translated.
    #[inline]
    fn is_outside(&self, address: u32) -> bool {
        !self.is_inside(address) && (self.translate_all || special(address).is_none())
    }

    /// The number of an external address.
    #[inline(always)] // asked for every row
    fn external(&self, address: u32) -> Option<usize> {
        let at = self
            .by_address
            .binary_search_by_key(&address, |e| e.0)
            .ok()?;
        Some(self.by_address[at].1)
    }
}

/// The function over rows of layout `L`.
#[derive(Clone, Debug)]
pub struct Function<L> {
    parameters: Parameters,
    layout: L,
}

/// All mappings, and counts of what could not be translated.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    mappings: Mappings,
    /// Time of the last row that was not blank.
    now: u64,
    exhausted: u64,
    unmapped: u64,
    portless: u64,
}

/// The effect of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    action: Action,
    /// The mapping that the row used: the sender's if it used two.
    mapping: Option<Mapping>,
}

impl Effect {
    const fn without_mapping(action: Action) -> Self {
        Self {
            action,
            mapping: None,
        }
    }
}

/// An entry of the state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Address of the internal host.
    pub internal: Ipv4Addr,
    /// Port of the internal host.
    pub internal_port: u16,
    /// IP protocol.
    pub proto: u8,
    /// External address that represents the host.
    pub external: Ipv4Addr,
    /// External port that represents the host's.
    pub external_port: u16,
    /// Time of the last packet from inside, in nanoseconds; absent with `no-timeout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_ns: Option<Nanoseconds>,
}

impl<L: Layout> NetworkFunction for Function<L> {
    type State = State;
    type Effect = Effect;
    type Entry = Entry;

    fn new_state(&self) -> State {
        State {
            mappings: Mappings::new(&self.parameters.rules),
            now: 0,
            exhausted: 0,
            unmapped: 0,
            portless: 0,
        }
    }

    #[inline]
    fn apply(&self, state: &mut State, row: &[u8]) -> Effect {
        const AS_IT_IS: Effect = Effect::without_mapping(Action::Pass);
        const REFUSED: Effect = Effect::without_mapping(Action::Drop);
        if self.layout.is_blank(row) {
            return AS_IT_IS;
        }
        let rules = &self.parameters.rules;
        if rules.timeouts.is_some() {
            state.now = self.layout.nanos(row);
        }
        let now = state.now;
        let protocol = Protocol::of(self.layout.protocol(row));
        let ends = self.layout.src(row).v4().zip(self.layout.dst(row).v4());
        let (Some(protocol), Some((src, dst))) = (protocol, ends) else {
            return AS_IT_IS;
        };
        let outbound = self.parameters.is_inside(src);
        let inbound = self.parameters.external(dst);
        let leaves = outbound && (inbound.is_some() || self.parameters.is_outside(dst));
        if !leaves && inbound.is_none() {
            return AS_IT_IS;
        }
        let src = Endpoint::new(src, self.layout.src_port(row));
        let dst = Endpoint::new(dst, self.layout.dst_port(row));
        if src.port == 0 || dst.port == 0 {
            state.portless += 1;
            return REFUSED;
        }
        let destination = |state: &mut State| match inbound {
            None => Ok(None),
            Some(which) => {
                let found = state
                    .mappings
                    .inbound(rules, protocol, which, dst.port, now);
                state.unmapped += u64::from(found.is_none());
                found.map(Some).ok_or(REFUSED)
            }
        };
        let mut receiver = match destination(state) {
            Ok(receiver) => receiver,
            Err(refused) => return refused,
        };
        let mut sender = None;
        if leaves {
            sender = state.mappings.outbound(rules, protocol, src, now);
            if sender.is_none() {
                state.exhausted += 1;
                return REFUSED;
            }
            // The sender's mapping may have replaced the receiver's.
            receiver = match destination(state) {
                Ok(receiver) => receiver,
                Err(refused) => return refused,
            };
        }
        Effect {
            action: Action::Rewrite(Translation {
                src: sender.map(|mapping| mapping.external),
                dst: receiver.map(|mapping| mapping.internal),
            }),
            mapping: sender.or(receiver),
        }
    }

    fn looks_ahead(&self, state: &State) -> bool {
        state.mappings.outgrow_l2()
    }

    #[inline(always)]
    fn prefetch(&self, state: &State, row: &[u8]) {
        if let (Some(protocol), Some(src)) = (
            Protocol::of(self.layout.protocol(row)),
            self.layout.src(row).v4(),
        ) {
            let src = Endpoint::new(src, self.layout.src_port(row));
            state.mappings.prefetch(protocol, src);
        }
    }

    #[inline]
    fn action(&self, effect: Effect) -> Action {
        effect.action
    }

    fn entries(&self, state: &State) -> Vec<Entry> {
        let rules = &self.parameters.rules;
        let mut living: Vec<_> = state.mappings.living(rules, state.now).collect();
        living.sort_unstable_by_key(|m| (m.internal, m.protocol.number()));
        let entry = |mapping: &Mapping| Entry {
            internal: mapping.internal.ip(),
            internal_port: mapping.internal.port,
            proto: mapping.protocol.number(),
            external: mapping.external.ip(),
            external_port: mapping.external.port,
            last_ns: rules.timeouts.map(|_| Nanoseconds(mapping.last)),
        };
        living.into_iter().map(entry).collect()
    }

    fn is_untouched(&self, state: &State) -> bool {
        state.mappings == Mappings::new(&self.parameters.rules)
            && self.totals(state).iter().all(|&(_, count)| count == 0)
    }

    fn totals(&self, state: &State) -> Vec<(String, u64)> {
        vec![
            ("exhausted".to_owned(), state.exhausted),
            ("unmapped".to_owned(), state.unmapped),
            ("portless".to_owned(), state.portless),
        ]
    }

    fn describe(&self, _: &[u8], effect: Effect) -> Option<Description> {
        effect.mapping.map(|mapping| Description {
            key: format!("{}/{}", mapping.internal, mapping.protocol.number()),
            state: mapping.external.to_string(),
        })
    }
}
