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
use crate::options::CAPACITY;
use crate::table::{Key, Table};
use crate::{
    Action, Address, Description, Family, Layout, Nanoseconds, NetworkFunction, OptionError,
    OptionHelp, Options,
};

/// The function before its layout is known.
#[derive(Clone, Copy, Debug)]
pub struct Conntrack;

/// Its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Entries in the table.
    pub capacity: usize,
}

impl Family for Conntrack {
    const NAME: &'static str = "conntrack";
    const ABOUT: &'static str = "follow TCP connections and drop what does not belong to one";
    const OPTIONS: &'static [OptionHelp] = &[CAPACITY];
    type Parameters = Parameters;
    type Function<L: Layout> = Function<L>;

    fn parameters(options: &mut Options) -> Result<Parameters, OptionError> {
        Ok(Parameters {
            capacity: options.capacity()?,
        })
    }

    fn needs(_: &Parameters) -> Vec<Field> {
        vec![
            Field::SrcIp4,
            Field::DstIp4,
            Field::SrcPort,
            Field::DstPort,
            Field::Protocol,
            Field::TcpFlags,
            Field::IpLength,
            Field::Seconds,
            Field::Nanoseconds,
            Field::TcpSeq,
            Field::TcpAck,
        ]
    }

    fn build<L: Layout>(parameters: Parameters, layout: L) -> Function<L> {
        Function { parameters, layout }
    }
}

/// The function over rows of layout `L`.
#[derive(Clone, Debug)]
pub struct Function<L> {
    parameters: Parameters,
    layout: L,
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

/// A segment that is not valid by its length or flags: it is dropped, and does nothing to a connection. But as any other
/// it finds out that one is dead: the kernel looks a connection up before it looks at these.
#[cold]
fn look_at<K: Key>(
    table: &mut Table<K, Connection>,
    key: &K,
    direction: impl Fn(&Connection) -> Direction,
    now: u64,
) -> Option<(transitions::State, Direction)> {
    let connection = table.get_mut(key)?;
    let seen = (connection.state, direction(connection));
    if connection.is_dead(now) {
        table.remove(key);
    }
    Some(seen)
}

/// All connections.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracker<K> {
    table: Table<K, Connection>,
    /// Time of the last row that was not blank.
    now: u64,
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

impl<L: Layout> NetworkFunction for Function<L> {
    type State = Tracker<<L::Address as Address>::Flow>;
    type Effect = Effect;
    type Entry = Entry;

    const ROW_BYTES: usize = L::ROW_BYTES;

    fn new_state(&self) -> Self::State {
        Tracker {
            table: Table::new(self.parameters.capacity),
            now: 0,
        }
    }

    #[inline]
    fn apply(&self, state: &mut Self::State, row: &[u8]) -> Effect {
        let untracked = |pass| Effect { pass, seen: None };
        if self.layout.is_blank(row) {
            return untracked(true);
        }
        let now = self.layout.nanos(row);
        state.now = now;
        if self.layout.protocol(row) != PROTOCOL_TCP {
            return untracked(true);
        }
        let (key, reversed) = L::Address::undirected(self.layout.flow(row));
        let of_itself = L::Address::reversed(key) == key;
        let direction = |connection: &Connection| direction(connection, reversed, of_itself);
        let flags = self.layout.tcp_flags(row);
        let room = Room::of(self.version(row), self.layout.ip_length(row));
        let (Some(room), Some(segment)) = (room, Segment::of(flags)) else {
            let seen = look_at(&mut state.table, &key, direction, now);
            return Effect { pass: false, seen };
        };
        let mut packet = Packet {
            segment,
            direction: Direction::Original,
            seq: self.layout.tcp_seq(row),
            ack: self.layout.tcp_ack(row),
            acknowledges: flags.ack(),
            room,
            now,
        };
        let mut seen = None;
        if let Some(connection) = state.table.get_mut(&key) {
            packet.direction = direction(connection);
            seen = Some((connection.state, packet.direction));
            let fate = if connection.is_dead(now) {
                None
            } else {
                Some(connection.take(&packet))
            };
            match fate {
                Some(fate @ (Fate::Lives | Fate::Refuses)) => {
                    return Effect {
                        pass: fate == Fate::Lives,
                        seen: Some((connection.state, packet.direction)),
                    };
                }
                Some(Fate::Ends) => {
                    state.table.remove(&key);
                    return Effect { pass: true, seen };
                }
                Some(Fate::GivesWay) | None => {
                    state.table.remove(&key);
                }
            }
        }
        let Some(connection) = Connection::open(&packet, reversed) else {
            return Effect { pass: false, seen };
        };
        *state.table.get_or_insert(&key).0 = connection;
        Effect {
            pass: true,
            seen: Some((connection.state, Direction::Original)),
        }
    }

    fn looks_ahead(&self, state: &Self::State) -> bool {
        state.table.outgrows_l2()
    }

    #[inline(always)]
    fn prefetch(&self, state: &Self::State, row: &[u8]) {
        let (key, _) = L::Address::undirected(self.layout.flow(row));
        state.table.prefetch(&key);
    }

    #[inline]
    fn action(&self, effect: Effect) -> Action {
        Action::pass_if(effect.pass)
    }

    fn entries(&self, state: &Self::State) -> Vec<Entry> {
        let mut entries: Vec<_> = state
            .table
            .iter()
            .filter(|(_, connection)| !connection.is_dead(state.now))
            .map(|(&key, &connection)| {
                let flow = if connection.is_reversed() {
                    L::Address::reversed(key)
                } else {
                    key
                };
                (flow, connection)
            })
            .collect();
        entries.sort_unstable_by_key(|&(flow, _)| flow);
        entries
            .into_iter()
            .map(|(flow, connection)| {
                let tuple = L::Address::tuple(flow);
                Entry {
                    client: tuple.src,
                    server: tuple.dst,
                    client_port: tuple.sport,
                    server_port: tuple.dport,
                    state: connection.state.name(),
                    last_ns: Nanoseconds(connection.last),
                }
            })
            .collect()
    }

    fn describe(&self, row: &[u8], effect: Effect) -> Option<Description> {
        let (state, direction) = effect.seen?;
        let flow = self.layout.flow(row);
        let flow = match direction {
            Direction::Original => flow,
            Direction::Reply => L::Address::reversed(flow),
        };
        Some(Description {
            key: L::Address::tuple(flow).to_string(),
            state: state.name().to_owned(),
        })
    }
}

impl<L: Layout> Function<L> {
    /// The version of IP that the addresses of `row` are of: both are IPv4 addresses, or the packet is not IPv4.
    #[inline(always)]
    fn version(&self, row: &[u8]) -> Version {
        match (self.layout.src(row).v4(), self.layout.dst(row).v4()) {
            (Some(_), Some(_)) => Version::V4,
            _ => Version::V6,
        }
    }
}
