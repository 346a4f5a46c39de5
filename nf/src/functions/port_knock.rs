//! `port-knock`: a firewall that a source opens by sending to three ports in order.
//!
//! Key: source address. Only TCP packets knock. A packet passes if its source is OPEN after it, and is dropped
//! otherwise; packets of other protocols are judged by the source's current state and change nothing.
//!
//! | from | first port | second port | third port | any other port |
//! |---|---|---|---|---|
//! | CLOSED_0 | CLOSED_1 | CLOSED_0 | CLOSED_0 | CLOSED_0 |
//! | CLOSED_1 | CLOSED_0 | CLOSED_2 | CLOSED_0 | CLOSED_0 |
//! | CLOSED_2 | CLOSED_0 | CLOSED_0 | OPEN | CLOSED_0 |
//! | OPEN | CLOSED_0 | CLOSED_0 | CLOSED_0 | CLOSED_0 (with `sticky-open` always OPEN) |
//!
//! An entry is created, in CLOSED_0 before the packet's own transition, by a SYN (with or without ACK), and removed
//! after its transition by a FIN; a FIN removes only an entry that existed before the packet. The verdict follows the
//! state before removal. A packet without an entry and without SYN changes nothing and is dropped. A later fragment has
//! port 0 and no flags, so it counts as any other port.
//!
//! When the table is full, a new source evicts the one under the table's hand ([`crate::table`]), which is then closed.

use std::net::IpAddr;

use scr_wire::Field;
use scr_wire::parse::PROTOCOL_TCP;
use serde::Serialize;

use crate::options::CAPACITY;
use crate::{Action, FlowFunction, KeyFields, Layout, OptionError, OptionHelp, Options, Retain};

/// The function's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortKnock {
    /// The ports to knock at, in order.
    pub ports: [u16; 3],
    /// Whether OPEN stays open.
    pub sticky_open: bool,
    /// Capacity of the table, in entries.
    pub capacity: usize,
}

fn ports(text: &str) -> Result<[u16; 3], &'static str> {
    const WRONG: &str = "must be three ports from 1 to 65535, as in 100,101,102";
    let ports: Vec<u16> = text
        .split(',')
        .map(|port| port.trim().parse().unwrap_or(0))
        .collect();
    match <[u16; 3]>::try_from(ports) {
        Ok(ports) if ports.iter().all(|&port| port != 0) => Ok(ports),
        _ => Err(WRONG),
    }
}

/// Progress of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Door {
    /// Has knocked at no port.
    #[default]
    #[serde(rename = "CLOSED_0")]
    Closed0,
    /// Has knocked at the first port.
    #[serde(rename = "CLOSED_1")]
    Closed1,
    /// Has knocked at the first and second port.
    #[serde(rename = "CLOSED_2")]
    Closed2,
    /// Has knocked at all three.
    #[serde(rename = "OPEN")]
    Open,
}

impl Door {
    const fn name(self) -> &'static str {
        match self {
            Self::Closed0 => "CLOSED_0",
            Self::Closed1 => "CLOSED_1",
            Self::Closed2 => "CLOSED_2",
            Self::Open => "OPEN",
        }
    }
}

/// The effect of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The packet is not IP.
    Blank,
    /// The packet's source has no entry.
    Unknown,
    /// The packet is not TCP; the source's entry is unchanged.
    Untouched(Door),
    /// The source's entry after the row, before a removal by the row.
    Moved(Door),
}

/// An entry of the state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Source address.
    pub src: IpAddr,
    /// Progress of the source.
    pub state: Door,
}

impl PortKnock {
    #[inline]
    fn transition(&self, from: Door, port: u16) -> Door {
        let [first, second, third] = self.ports;
        match from {
            Door::Closed0 if port == first => Door::Closed1,
            Door::Closed1 if port == second => Door::Closed2,
            Door::Closed2 if port == third => Door::Open,
            Door::Open if self.sticky_open => Door::Open,
            _ => Door::Closed0,
        }
    }
}

impl FlowFunction for PortKnock {
    const NAME: &'static str = "port-knock";
    const ABOUT: &'static str = "pass only sources that knocked at three ports in order";
    const OPTIONS: &'static [OptionHelp] = &[
        OptionHelp {
            usage: "ports=A,B,C",
            about: "the ports to knock at, in order (100,101,102)",
        },
        OptionHelp {
            usage: "sticky-open",
            about: "a source that is open stays open",
        },
        CAPACITY,
    ];

    type Key<L: Layout> = L::Address;
    type ShownKey = IpAddr;
    type Value = Door;
    type Effect = Effect;
    type Entry = Entry;
    type Shared = ();

    fn read(options: &mut Options) -> Result<Self, OptionError> {
        Ok(Self {
            ports: options.value("ports", ports)?.unwrap_or([100, 101, 102]),
            sticky_open: options.flag("sticky-open"),
            capacity: options.capacity()?,
        })
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn key_fields(&self) -> KeyFields {
        KeyFields::SOURCE
    }

    fn other_fields(&self) -> Vec<Field> {
        vec![Field::DstPort, Field::Protocol, Field::TcpFlags]
    }

    #[inline(always)]
    fn key<L: Layout>(&self, layout: &L, row: &[u8]) -> Option<L::Address> {
        (!layout.is_blank(row)).then(|| layout.src(row))
    }

    #[inline(always)]
    fn creates<L: Layout>(&self, layout: &L, row: &[u8]) -> bool {
        layout.protocol(row) == PROTOCOL_TCP && layout.tcp_flags(row).syn()
    }

    #[inline(always)]
    fn update<L: Layout>(
        &self,
        layout: &L,
        row: &[u8],
        door: &mut Door,
        new: bool,
    ) -> (Effect, Retain) {
        if layout.protocol(row) != PROTOCOL_TCP {
            return (Effect::Untouched(*door), Retain::Keep);
        }
        *door = self.transition(*door, layout.dst_port(row));
        let retain = if layout.tcp_flags(row).fin() && !new {
            Retain::Remove
        } else {
            Retain::Keep
        };
        (Effect::Moved(*door), retain)
    }

    #[inline(always)]
    fn without_entry<L: Layout>(&self, layout: &L, row: &[u8]) -> Effect {
        if layout.is_blank(row) {
            Effect::Blank
        } else {
            Effect::Unknown
        }
    }

    #[inline(always)]
    fn action(&self, effect: Effect) -> Action {
        Action::pass_if(matches!(
            effect,
            Effect::Blank | Effect::Untouched(Door::Open) | Effect::Moved(Door::Open)
        ))
    }

    fn entry(&self, src: IpAddr, &state: &Door) -> Entry {
        Entry { src, state }
    }

    fn describe(&self, effect: Effect) -> Option<String> {
        match effect {
            Effect::Moved(door) | Effect::Untouched(door) => Some(door.name().to_owned()),
            Effect::Blank | Effect::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow_function::KeyedState;
    use crate::layout::Knock;
    use crate::{Keyed, NetworkFunction, Own, Verdict};

    const SYN: u8 = 0x02;
    const FIN: u8 = 0x01;
    const ACK: u8 = 0x10;

    fn function(options: &[&str]) -> Keyed<PortKnock, Knock> {
        Own::<PortKnock>::new(options).unwrap().over(Knock)
    }

    fn row(port: u16, protocol: u8, flags: u8) -> [u8; 8] {
        let [hi, lo] = port.to_be_bytes();
        [10, 0, 0, 1, hi, lo, protocol, flags]
    }

    fn at(f: &Keyed<PortKnock, Knock>, door: Option<Door>) -> KeyedState<u32, Door, ()> {
        let mut state = f.new_state();
        if let Some(door) = door {
            *state.table.get_or_insert(&0x0a00_0001).0 = door;
        }
        state
    }

    /// Every state (no entry included) × port class × flags × protocol × sticky, against the rules as written.
    #[test]
    fn every_state_changes_as_the_rules_say() {
        use Door::{Closed0, Closed1, Closed2, Open};
        let froms = [
            None,
            Some(Closed0),
            Some(Closed1),
            Some(Closed2),
            Some(Open),
        ];
        let flag_sets = [0, SYN, FIN, ACK, SYN | FIN, SYN | ACK, FIN | ACK, 0xff];
        for sticky in [false, true] {
            let f = function(if sticky { &["sticky-open"] } else { &[] });
            for from in froms {
                for port in [0, 99, 100, 101, 102, 103, 65535] {
                    for flags in flag_sets {
                        for protocol in [6, 17, 1, 0] {
                            let mut state = at(&f, from);
                            let effect = f.apply(&mut state, &row(port, protocol, flags));
                            let verdict = f.verdict(effect, &[], &mut vec![]);
                            let after = state.table.get(&0x0a00_0001).copied();

                            let tcp = protocol == 6;
                            let entry = from.or((tcp && flags & SYN != 0).then_some(Closed0));
                            let moved = entry.map(|door| match (door, port) {
                                _ if !tcp => door,
                                (Closed0, 100) => Closed1,
                                (Closed1, 101) => Closed2,
                                (Closed2, 102) => Open,
                                (Open, _) if sticky => Open,
                                _ => Closed0,
                            });
                            let removed = tcp && flags & FIN != 0 && from.is_some();
                            let case = (sticky, from, port, flags, protocol);
                            assert_eq!(after, moved.filter(|_| !removed), "{case:?}");
                            assert_eq!(verdict == Verdict::Pass, moved == Some(Open), "{case:?}");
                            let described = f.describe(&row(port, protocol, flags), effect);
                            assert_eq!(
                                described.map(|d| d.state),
                                moved.map(|d| d.name().to_owned())
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_blank_row_passes_and_changes_nothing() {
        let f = function(&[]);
        let mut state = f.new_state();
        let effect = f.apply(&mut state, &[0, 0, 0, 0, 0, 100, 0, SYN]);
        assert_eq!(f.verdict(effect, &[], &mut vec![]), Verdict::Pass);
        assert!(state.table.is_empty());
    }

    #[test]
    fn the_knock_opens_and_the_next_packet_closes() {
        let f = function(&[]);
        let mut state = f.new_state();
        let doors: Vec<_> = [100, 101, 102, 80]
            .map(|port| f.apply(&mut state, &row(port, 6, SYN)))
            .into();
        use Door::{Closed0, Closed1, Closed2, Open};
        assert_eq!(doors, [Closed1, Closed2, Open, Closed0].map(Effect::Moved));
    }

    #[test]
    fn ports_are_read() {
        assert_eq!(ports("7, 8,9"), Ok([7, 8, 9]));
        for bad in ["", "1,2", "1,2,3,4", "0,1,2", "1,2,65536", "a,b,c"] {
            assert!(ports(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn entries_name_states() {
        let f = function(&[]);
        let state = at(&f, Some(Door::Closed1));
        assert_eq!(
            serde_json::to_string(&f.entries(&state)).unwrap(),
            r#"[{"src":"10.0.0.1","state":"CLOSED_1"}]"#
        );
    }
}
