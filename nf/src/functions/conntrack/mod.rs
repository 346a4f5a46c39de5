//! `conntrack`: tracks TCP connections and drops packets that no state of their connection accepts.
//!
//! Key: the 5-tuple, one entry for both directions. The states, their transitions, timeouts and the rules for RST are
//! those of nf_conntrack in Linux with liberal windows: rows carry no window, so every window is assumed at its
//! largest. Time is that of rows.
//!
//! ```text
//!  row ──▶ length, flags sane? ──▶ entry, unless dead ──▶ table of transitions, RST by its number ──▶ accepted: state, time
//!            │ no                     │ none                 │           └───────▶ ignored: passes, noted
//!            ▼                        ▼                      ▼
//!           drop                   SYN, ACK open one       invalid: drop
//! ```
//!
//! [`transitions`] has the table, [`extent`] what is known of a segment's length, [`connection`] what the table alone
//! cannot express; `docs/runtime.md` has all rules. Packets that are not TCP pass and have no state.
//!
//! When the table is full, a new connection evicts the one under the table's hand ([`crate::table`]), dead or not; the
//! next packet of the evicted connection is then the first of an unknown one.

pub mod connection;
pub mod extent;
#[cfg(test)]
mod tests;
pub mod transitions;

use std::net::IpAddr;

use scr_wire::Field;
use scr_wire::parse::PROTOCOL_TCP;
use serde::Serialize;

use self::connection::{Connection, Fate, Packet};
use self::extent::{Room, Version};
use self::transitions::{Direction, Segment};
use crate::layout::FiveTuple;
use crate::options::CAPACITY;
use crate::{
    Action, Address, FlowFunction, KeyFields, Layout, Nanoseconds, OptionError, OptionHelp,
    Options, Retain,
};

/// The function's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conntrack {
    /// Capacity of the table, in entries.
    pub capacity: usize,
}

/// Direction of a packet, given whether its 5-tuple is `reversed`. In a connection of an endpoint with itself, every
/// packet but the first counts as the server's.
#[inline(always)]
fn direction(connection: &Connection, reversed: bool, of_itself: bool) -> Direction {
    if connection.is_reversed() == reversed && !of_itself {
        Direction::Original
    } else {
        Direction::Reply
    }
}

/// The effect of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    pass: bool,
    /// The connection's state and the direction of the row's packet; `None` without a connection.
    seen: Option<(transitions::State, Direction)>,
}

/// An entry of the state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Address of the sender of the first packet.
    pub client: IpAddr,
    /// Address of the other side.
    pub server: IpAddr,
    /// The client's port.
    pub client_port: u16,
    /// The server's port.
    pub server_port: u16,
    /// Name of the state.
    pub state: &'static str,
    /// Time of the last refresh, in nanoseconds.
    pub last_ns: Nanoseconds,
}

/// The IP version of the addresses of `row`: both are IPv4 addresses, or the packet is not IPv4.
#[inline(always)]
fn version<L: Layout>(layout: &L, row: &[u8]) -> Version {
    match (layout.src(row).v4(), layout.dst(row).v4()) {
        (Some(_), Some(_)) => Version::V4,
        _ => Version::V6,
    }
}

/// The packet of a row; `None` if its length or flags are invalid. Its direction follows from its connection.
#[inline(always)]
fn packet<L: Layout>(layout: &L, row: &[u8]) -> Option<Packet> {
    let flags = layout.tcp_flags(row);
    Some(Packet {
        segment: Segment::of(flags)?,
        direction: Direction::Original,
        seq: layout.tcp_seq(row),
        ack: layout.tcp_ack(row),
        acknowledges: flags.ack(),
        room: Room::of(version(layout, row), layout.ip_length(row))?,
        now: layout.nanos(row),
    })
}

impl FlowFunction for Conntrack {
    const NAME: &'static str = "conntrack";
    const ABOUT: &'static str = "follow TCP connections and drop what does not belong to one";
    const OPTIONS: &'static [OptionHelp] = &[CAPACITY];

    type Key<L: Layout> = <L::Address as Address>::Flow;
    type ShownKey = FiveTuple;
    type Value = Connection;
    type Effect = Effect;
    type Entry = Entry;
    /// Time of the last row that was not blank.
    type Shared = u64;

    fn read(options: &mut Options) -> Result<Self, OptionError> {
        Ok(Self {
            capacity: options.capacity()?,
        })
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn key_fields(&self) -> KeyFields {
        KeyFields::CONNECTION
    }

    fn other_fields(&self) -> Vec<Field> {
        vec![
            Field::TcpFlags,
            Field::IpLength,
            Field::Seconds,
            Field::Nanoseconds,
            Field::TcpSeq,
            Field::TcpAck,
        ]
    }

    #[inline(always)]
    fn observe<L: Layout>(&self, layout: &L, row: &[u8], now: &mut u64) {
        if !layout.is_blank(row) {
            *now = layout.nanos(row);
        }
    }

    #[inline(always)]
    fn key<L: Layout>(&self, layout: &L, row: &[u8]) -> Option<Self::Key<L>> {
        (layout.protocol(row) == PROTOCOL_TCP).then(|| L::Address::undirected(layout.flow(row)).0)
    }

    #[inline(always)]
    fn creates<L: Layout>(&self, layout: &L, row: &[u8]) -> bool {
        packet(layout, row).is_some_and(|packet| packet.opens())
    }

    #[inline(always)]
    fn update<L: Layout>(
        &self,
        layout: &L,
        row: &[u8],
        connection: &mut Connection,
        new: bool,
    ) -> (Effect, Retain) {
        let (key, reversed) = L::Address::undirected(layout.flow(row));
        let packet = packet(layout, row);
        if !new {
            let of_itself = L::Address::reversed(key) == key;
            let direction = direction(connection, reversed, of_itself);
            let seen = Some((connection.state, direction));
            let dead = connection.is_dead(layout.nanos(row));
            let Some(packet) = packet else {
                // The packet is dropped and does nothing to a connection. But like any other it detects that one is
                // dead: the kernel looks a connection up before it checks length and flags.
                let retain = if dead { Retain::Remove } else { Retain::Keep };
                return (Effect { pass: false, seen }, retain);
            };
            if !dead {
                match connection.take(&Packet {
                    direction,
                    ..packet
                }) {
                    fate @ (Fate::Lives | Fate::Refuses) => {
                        let effect = Effect {
                            pass: fate == Fate::Lives,
                            seen: Some((connection.state, direction)),
                        };
                        return (effect, Retain::Keep);
                    }
                    Fate::Ends => return (Effect { pass: true, seen }, Retain::Remove),
                    Fate::GivesWay => {}
                }
            }
            if !packet.opens() {
                return (Effect { pass: false, seen }, Retain::Remove);
            }
        }
        // Only a packet that opens a connection gets here.
        if let Some(opened) = packet.and_then(|packet| Connection::open(&packet, reversed)) {
            *connection = opened;
        }
        let effect = Effect {
            pass: true,
            seen: Some((connection.state, Direction::Original)),
        };
        (effect, Retain::Keep)
    }

    #[inline(always)]
    fn without_entry<L: Layout>(&self, layout: &L, row: &[u8]) -> Effect {
        Effect {
            pass: layout.protocol(row) != PROTOCOL_TCP,
            seen: None,
        }
    }

    #[inline(always)]
    fn action(&self, effect: Effect) -> Action {
        Action::pass_if(effect.pass)
    }

    fn is_shown(&self, connection: &Connection, &now: &u64) -> bool {
        !connection.is_dead(now)
    }

    fn shown_key<L: Layout>(&self, key: Self::Key<L>, connection: &Connection) -> Self::Key<L> {
        if connection.is_reversed() {
            L::Address::reversed(key)
        } else {
            key
        }
    }

    fn entry(&self, tuple: FiveTuple, connection: &Connection) -> Entry {
        Entry {
            client: tuple.src,
            server: tuple.dst,
            client_port: tuple.sport,
            server_port: tuple.dport,
            state: connection.state.name(),
            last_ns: Nanoseconds(connection.last),
        }
    }

    fn describe(&self, effect: Effect) -> Option<String> {
        effect.seen.map(|(state, _)| state.name().to_owned())
    }

    fn described_key<L: Layout>(
        &self,
        layout: &L,
        row: &[u8],
        effect: Effect,
    ) -> Option<Self::Key<L>> {
        let (_, direction) = effect.seen?;
        let flow = layout.flow(row);
        Some(match direction {
            Direction::Original => flow,
            Direction::Reply => L::Address::reversed(flow),
        })
    }
}
