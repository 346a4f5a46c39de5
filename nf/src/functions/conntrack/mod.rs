//! `conntrack`: follows TCP connections and drops what no state of theirs accepts.
//!
//! Key: the 5-tuple, both directions one entry. The states, their transitions, timeouts and the rules for RST are those
//! of nf_conntrack in Linux with liberal windows: rows carry no window, so every window is taken at its largest. Time is
//! that of rows.
//!
//! ```text
//!  row ──▶ length, flags sane? ──▶ entry, unless dead ──▶ table of transitions, RST by its number ──▶ accepted: state, time
//!            │ no                     │ none                 │           └───────▶ ignored: passes, noted
//!            ▼                        ▼                      ▼
//!           drop                   SYN, ACK open one       invalid: drop
//! ```
//!
//! [`transitions`] has the table, [`extent`] what is known of a segment's length, [`connection`] what the table alone
//! cannot say; `docs/runtime.md` has all rules. What is not TCP passes and has no state.
//!
//! When the table is full, a new connection evicts the one under the table's hand ([`crate::table`]), dead or not; a
//! packet of that one is then the first of an unknown connection.

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
    /// Entries in the table.
    pub capacity: usize,
}

/// Where a packet comes from whose 5-tuple is `reversed` or not. Of a connection of an endpoint with itself every packet
/// but the first is the server's.
#[inline(always)]
fn direction(connection: &Connection, reversed: bool, of_itself: bool) -> Direction {
    if connection.is_reversed() == reversed && !of_itself {
        Direction::Original
    } else {
        Direction::Reply
    }
}

/// What a row did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    pass: bool,
    /// The connection's state, and where the row's packet came from; `None` without connection.
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

/// The version of IP that the addresses of `row` are of: both are IPv4 addresses, or the packet is not IPv4.
#[inline(always)]
fn version<L: Layout>(layout: &L, row: &[u8]) -> Version {
    match (layout.src(row).v4(), layout.dst(row).v4()) {
        (Some(_), Some(_)) => Version::V4,
        _ => Version::V6,
    }
}

/// The packet of a row; `None` where its length or flags are not valid. Its direction follows from its connection.
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
                // It is dropped and does nothing to a connection. But as any other it finds out that one is dead: the
                // kernel looks a connection up before it looks at length and flags.
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
        // Only what opens a connection has come here.
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
