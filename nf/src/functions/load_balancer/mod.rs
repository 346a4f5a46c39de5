//! `load-balancer`: distributes the connections to a virtual address over backends.
//!
//! ```text
//!  row ──▶ to the virtual address: known connection? ──▶ its backend, unless that is down
//!           │                       │ no               ──▶ the backend of its place in Maglev's table
//!           │                       └── destination becomes the backend
//!           ├▶ from the backend of a known connection: source becomes the virtual address
//!           └▶ else: passes as it is
//! ```
//!
//! Key: the 5-tuple of the client's packets. A connection keeps its backend, however the lookup table changes
//! ([`maglev`]). An option says when backends come and go, in seconds after the first row ([`schedule`]), so all
//! replicas see a change at the same row.
//!
//! A packet to the virtual address without ports (a later fragment, or cut off) or with a port of 0 is dropped.
//!
//! When the table is full, a new connection evicts the one under the table's hand ([`crate::table`]). The evicted
//! connection's next packet is placed anew: on another backend only if backends have changed. Until the client sends
//! again, packets of its backend pass with the backend's address.

pub mod maglev;
mod options;
pub mod schedule;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::sync::Arc;

use scr_wire::Field;
use serde::Serialize;

use self::maglev::NOBODY;
use self::schedule::{Backend, Phase, Status};
use crate::flows::FIVE_TUPLE;
use crate::options::CAPACITY;
use crate::rewrite::{Endpoint, Protocol, Translation};
use crate::table::Table;
use crate::{
    Action, Address, Description, Family, Layout, NetworkFunction, OptionError, OptionHelp, Options,
};

/// The function before its layout is known.
#[derive(Clone, Copy, Debug)]
pub struct LoadBalancer;

/// A service: an address, with one port or all ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// The virtual address.
    pub address: u32,
    /// The port served; `None` for all.
    pub port: Option<u16>,
}

/// The checked options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The virtual addresses.
    pub services: Arc<[Service]>,
    /// The servers behind the services.
    pub backends: Arc<[Backend]>,
    /// Addresses of backends, sorted.
    addresses: Arc<[u32]>,
    /// The backends that serve in each phase.
    pub phases: Arc<[Phase]>,
    /// Whether backends change with time.
    timed: bool,
    /// Connections in the table.
    pub capacity: usize,
}

impl Family for LoadBalancer {
    const NAME: &'static str = "load-balancer";
    const ABOUT: &'static str = "spread the connections to a virtual address over backends";
    const OPTIONS: &'static [OptionHelp] = &[
        OptionHelp {
            usage: "vip=ADDRESSES",
            about: "virtual addresses, each with :PORT or for all ports (203.0.113.10)",
        },
        OptionHelp {
            usage: "backends=ADDRESSES",
            about: "who serves, each with :PORT and *WEIGHT or without (10.1.0.1,10.1.0.2,10.1.0.3,10.1.0.4)",
        },
        OptionHelp {
            usage: "table=PLACES",
            about: "size of Maglev's lookup table, a prime number (65537)",
        },
        OptionHelp {
            usage: "down=BACKEND@SECONDS",
            about: "from then on the backend does not serve, and its connections move; a list",
        },
        OptionHelp {
            usage: "drain=BACKEND@SECONDS",
            about: "from then on the backend gets no new connections; a list",
        },
        OptionHelp {
            usage: "up=BACKEND@SECONDS",
            about: "from then on the backend serves again; a list",
        },
        CAPACITY,
    ];
    type Parameters = Parameters;
    type Function<L: Layout> = Function<L>;

    fn parameters(options: &mut Options) -> Result<Parameters, OptionError> {
        options::read(options)
    }

    fn needs(parameters: &Parameters) -> Vec<Field> {
        let mut fields = FIVE_TUPLE.to_vec();
        if parameters.timed {
            fields.extend([Field::TcpFlags, Field::Seconds, Field::Nanoseconds]);
        }
        fields
    }

    fn build<L: Layout>(parameters: Parameters, layout: L) -> Function<L> {
        Function { parameters, layout }
    }
}

/// The endpoints of a client's packets to a virtual address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection {
    client: Endpoint,
    service: Endpoint,
    protocol: u8,
}

impl Connection {
    /// The key in the table.
    #[inline(always)]
    fn key(&self) -> [u64; 2] {
        let Self {
            client,
            service,
            protocol,
        } = *self;
        let addresses = u64::from(client.address) << 32 | u64::from(service.address);
        let ports = u64::from(client.port) << 48 | u64::from(service.port) << 32;
        [addresses, ports | u64::from(protocol)]
    }

    const fn from_key([addresses, rest]: [u64; 2]) -> Self {
        Self {
            client: Endpoint::new((addresses >> 32) as u32, (rest >> 48) as u16),
            service: Endpoint::new(addresses as u32, (rest >> 32) as u16),
            protocol: rest as u8,
        }
    }
}

/// The function over rows of layout `L`.
#[derive(Clone, Debug)]
pub struct Function<L> {
    parameters: Parameters,
    layout: L,
}

/// The backends of connections, and counts of what could not be served.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    connections: Table<[u64; 2], u16>,
    /// Time of the first row that was not blank.
    start: Option<u64>,
    phase: usize,
    moved: u64,
    unserved: u64,
    collided: u64,
    portless: u64,
}

/// The effect of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    action: Action,
    /// The connection that the row belongs to, and its backend.
    connection: Option<(Connection, Endpoint)>,
}

/// An entry of the state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The client's address.
    pub client: Ipv4Addr,
    /// The client's port.
    pub client_port: u16,
    /// The virtual address.
    pub vip: Ipv4Addr,
    /// Port at the virtual address.
    pub vip_port: u16,
    /// IP protocol.
    pub proto: u8,
    /// Address of the backend that serves the connection.
    pub backend: Ipv4Addr,
    /// Port at the backend.
    pub backend_port: u16,
}

impl<L: Layout> NetworkFunction for Function<L> {
    type State = State;
    type Effect = Effect;
    type Entry = Entry;

    const ROW_BYTES: usize = L::ROW_BYTES;

    fn new_state(&self) -> State {
        State {
            connections: Table::new(self.parameters.capacity),
            start: None,
            phase: 0,
            moved: 0,
            unserved: 0,
            collided: 0,
            portless: 0,
        }
    }

    #[inline]
    fn apply(&self, state: &mut State, row: &[u8]) -> Effect {
        const AS_IT_IS: Effect = Effect {
            action: Action::Pass,
            connection: None,
        };
        const REFUSED: Effect = Effect {
            action: Action::Drop,
            connection: None,
        };
        if self.layout.is_blank(row) {
            return AS_IT_IS;
        }
        if self.parameters.timed {
            self.turn(state, self.layout.nanos(row));
        }
        let protocol = self.layout.protocol(row);
        let ends = self.layout.src(row).v4().zip(self.layout.dst(row).v4());
        let (Some(_), Some((src, dst))) = (Protocol::of(protocol), ends) else {
            return AS_IT_IS;
        };
        let src = Endpoint::new(src, self.layout.src_port(row));
        let dst = Endpoint::new(dst, self.layout.dst_port(row));
        let connection = Connection {
            client: src,
            service: dst,
            protocol,
        };
        if self.serves(dst) {
            if src.port == 0 || dst.port == 0 {
                state.portless += 1;
                return REFUSED;
            }
            let Some(backend) = self.backend(state, &connection, row) else {
                return REFUSED;
            };
            return Effect {
                action: Action::Rewrite(Translation::destination(backend)),
                connection: Some((connection, backend)),
            };
        }
        match self.answered(state, &connection) {
            None => AS_IT_IS,
            Some(connection) => Effect {
                action: Action::Rewrite(Translation::source(connection.service)),
                connection: Some((connection, src)),
            },
        }
    }

    fn looks_ahead(&self, state: &State) -> bool {
        state.connections.outgrows_l2()
    }

    /// Only for clients' packets: finding the connection that an answer belongs to takes a search.
    #[inline]
    fn prefetch(&self, state: &State, row: &[u8]) {
        if let Some((src, dst)) = self.layout.src(row).v4().zip(self.layout.dst(row).v4()) {
            let connection = Connection {
                client: Endpoint::new(src, self.layout.src_port(row)),
                service: Endpoint::new(dst, self.layout.dst_port(row)),
                protocol: self.layout.protocol(row),
            };
            if self.serves(connection.service) {
                state.connections.prefetch(&connection.key());
            }
        }
    }

    #[inline]
    fn action(&self, effect: Effect) -> Action {
        effect.action
    }

    fn entries(&self, state: &State) -> Vec<Entry> {
        let connections = state.connections.iter();
        let mut connections: Vec<_> = connections
            .map(|(&key, &number)| (Connection::from_key(key), number))
            .collect();
        connections.sort_unstable();
        let entry = |(connection, number): (Connection, u16)| {
            let backend = self.endpoint(number, connection.service.port);
            Entry {
                client: connection.client.ip(),
                client_port: connection.client.port,
                vip: connection.service.ip(),
                vip_port: connection.service.port,
                proto: connection.protocol,
                backend: backend.ip(),
                backend_port: backend.port,
            }
        };
        connections.into_iter().map(entry).collect()
    }

    fn is_untouched(&self, state: &State) -> bool {
        state.connections.is_empty()
            && state.connections.evictions() == 0
            && self.totals(state).iter().all(|&(_, count)| count == 0)
    }

    fn totals(&self, state: &State) -> Vec<(String, u64)> {
        let State {
            moved,
            unserved,
            collided,
            portless,
            ..
        } = *state;
        [
            ("moved", moved),
            ("unserved", unserved),
            ("collided", collided),
            ("portless", portless),
        ]
        .map(|(name, count)| (name.to_owned(), count))
        .into()
    }

    fn describe(&self, _: &[u8], effect: Effect) -> Option<Description> {
        effect.connection.map(|(connection, backend)| Description {
            key: format!(
                "{}>{}/{}",
                connection.client, connection.service, connection.protocol
            ),
            state: backend.to_string(),
        })
    }
}

impl<L: Layout> Function<L> {
    /// Advances to the phase of the time `now`; never goes back to an earlier one.
    #[inline]
    fn turn(&self, state: &mut State, now: u64) {
        let start = *state.start.get_or_insert(now);
        while let Some(next) = self.parameters.phases.get(state.phase + 1)
            && now >= start.saturating_add(next.after)
        {
            state.phase += 1;
        }
    }

    #[inline(always)]
    fn serves(&self, dst: Endpoint) -> bool {
        self.parameters.services.iter().any(|service| {
            service.address == dst.address && service.port.is_none_or(|port| port == dst.port)
        })
    }

    /// Where backend `number` receives packets sent to `port`.
    #[inline]
    fn endpoint(&self, number: u16, port: u16) -> Endpoint {
        match self.parameters.backends.get(usize::from(number)) {
            Some(backend) => Endpoint::new(backend.address, backend.port.unwrap_or(port)),
            None => Endpoint::default(),
        }
    }

    /// The backend for a packet of a connection, chosen if there is none yet.
    #[inline]
    fn backend(&self, state: &mut State, connection: &Connection, row: &[u8]) -> Option<Endpoint> {
        let phase = self.parameters.phases.get(state.phase)?;
        let key = connection.key();
        let known = state.connections.get(&key).copied();
        if let Some(number) = known {
            let stays = match phase.status.get(usize::from(number)) {
                Some(Status::Up) => true,
                // A SYN begins a new connection, which the backend does not keep.
                Some(Status::Draining) => {
                    let flags = self.layout.tcp_flags(row);
                    !flags.syn() || flags.ack()
                }
                _ => false,
            };
            if stays {
                return Some(self.endpoint(number, connection.service.port));
            }
        }
        let place = phase.places.remainder(maglev::hash_words(key));
        let number = phase.table.get(place as usize).copied().unwrap_or(NOBODY);
        if number == NOBODY {
            state.unserved += 1;
            return None;
        }
        let backend = self.endpoint(number, connection.service.port);
        if self.collides(state, connection, backend) {
            state.collided += 1;
            return None;
        }
        state.moved += u64::from(known.is_some());
        *state.connections.get_or_insert(&key).0 = number;
        Some(backend)
    }

    /// Whether the client has a connection through another virtual address that looks the same to this backend, so that
    /// the answers could not be told apart.
    fn collides(&self, state: &State, connection: &Connection, backend: Endpoint) -> bool {
        self.services_behind(backend.port).any(|service| {
            let other = Connection {
                service,
                ..*connection
            };
            let number = state.connections.get(&other.key());
            service != connection.service
                && number.is_some_and(|&number| self.endpoint(number, service.port) == backend)
        })
    }

    /// The connection that a packet answers, if the packet comes from that connection's backend. In `answer` the
    /// backend stands in place of the client and the client in place of the service.
    #[inline]
    fn answered(&self, state: &State, answer: &Connection) -> Option<Connection> {
        let (backend, client) = (answer.client, answer.service);
        let addresses = &self.parameters.addresses;
        addresses.binary_search(&backend.address).ok()?;
        self.services_behind(backend.port).find_map(|service| {
            let connection = Connection {
                client,
                service,
                protocol: answer.protocol,
            };
            let number = *state.connections.get(&connection.key())?;
            (self.endpoint(number, service.port) == backend).then_some(connection)
        })
    }

    /// The virtual endpoints whose packets may arrive at `port` of a backend.
    fn services_behind(&self, port: u16) -> impl Iterator<Item = Endpoint> {
        let services = self.parameters.services.iter();
        services.map(move |service| Endpoint::new(service.address, service.port.unwrap_or(port)))
    }
}
