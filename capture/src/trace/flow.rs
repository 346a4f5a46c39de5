//! The endpoints of a flow and its sequence of packets.

use super::config::TraceConfig;
use super::random::{Random, mix};
use crate::packet::{Frame, Ipv4, Ipv6, TPID_CUSTOMER, TPID_SERVICE, Tcp, Transport, flags};

/// Number of flows from one client address.
const FLOWS_PER_CLIENT: u32 = 4;
/// A sender stops at this many unacknowledged bytes and lets the other side send.
const WINDOW: u32 = 60_000;

/// Services without a payload format, so that synthetic payload is not mistaken for a malformed one.
const TCP_SERVICES: [u16; 6] = [7, 5001, 5201, 8000, 8888, 9100];
const UDP_SERVICES: [u16; 4] = [7, 5001, 5201, 9999];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tcp,
    Udp,
    Echo,
    Esp,
}

/// The constant part of a flow. It is derived from seed and number, so it takes no memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    pub(super) kind: Kind,
    pub(super) v6: bool,
    client: u32,
    server: u32,
    client_port: u16,
    server_port: u16,
    tags: u8,
    vlan: u16,
}

/// Direction of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    ToServer,
    ToClient,
}

impl Direction {
    fn other(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }

    fn random(random: &mut Random) -> Self {
        // Servers send more than they receive.
        if random.below(5) < 2 {
            Self::ToServer
        } else {
            Self::ToClient
        }
    }
}

fn share(bits: u64) -> f64 {
    (bits & 0xFFFF) as f64 / 65_536.0
}

impl Identity {
    pub(super) fn new(config: &TraceConfig, index: u32) -> Self {
        let hash = mix(config.seed, index.into());
        let (protocol, version, tagging) = (share(hash), share(hash >> 16), share(hash >> 32));
        let weights = config.protocols;
        let total = weights.tcp + weights.udp + weights.other;
        let kind = if protocol * total < weights.tcp {
            Kind::Tcp
        } else if protocol * total < weights.tcp + weights.udp {
            Kind::Udp
        } else if hash >> 62 == 0 {
            Kind::Esp
        } else {
            Kind::Echo
        };
        let (client, member) = (index / FLOWS_PER_CLIENT, index % FLOWS_PER_CLIENT);
        let host = mix(config.seed, u64::from(client) | 1 << 40);
        // An odd multiplier permutes the 24 bits, so clients stay distinct.
        let client = client
            .wrapping_mul(0x009E_3779)
            .wrapping_add(config.seed as u32)
            & 0x00FF_FFFF;
        let services: &[u16] = if kind == Kind::Udp {
            &UDP_SERVICES
        } else {
            &TCP_SERVICES
        };
        let oddities = &config.oddities;
        Self {
            kind,
            v6: version < oddities.ipv6,
            client,
            server: ((hash >> 48) as u32 % 256) * FLOWS_PER_CLIENT + member,
            // Dynamic ports, for which no format is registered. Flows of one client are 4,000 apart.
            client_port: 49_200 + ((host % 16_000 + u64::from(member) * 4_000) % 16_000) as u16,
            server_port: services[(host >> 32) as usize % services.len()],
            tags: if tagging < oddities.vlan {
                1
            } else {
                u8::from(tagging < oddities.vlan + oddities.qinq) * 2
            },
            vlan: 1 + (hash >> 50) as u16 % 4_000,
        }
    }

    /// A source of port-knocking traffic: one for each flow, always over IPv4 and TCP.
    pub(super) fn knocker(config: &TraceConfig, index: u32) -> Self {
        let mut identity = Self::new(config, index);
        identity.kind = Kind::Tcp;
        identity.v6 = false;
        identity.client = index
            .wrapping_mul(0x009E_3779)
            .wrapping_add(config.seed as u32)
            & 0x00FF_FFFF;
        identity.server = 0;
        identity
    }

    pub(super) fn with_service(mut self, port: u16) -> Self {
        self.server_port = port;
        self
    }

    fn addresses_v4(&self) -> ([u8; 4], [u8; 4]) {
        (
            (0x0A00_0000 | self.client).to_be_bytes(),
            (0xAC10_0001_u32 + self.server).to_be_bytes(),
        )
    }

    fn addresses_v6(&self) -> ([u8; 16], [u8; 16]) {
        let address = |network: u16, host: u32| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&[0xFD, 0x5C, 0, 0]);
            bytes[2..4].copy_from_slice(&network.to_be_bytes());
            bytes[12..].copy_from_slice(&host.to_be_bytes());
            bytes
        };
        (address(1, self.client + 1), address(2, self.server + 1))
    }

    /// The frame of a step in this flow, without payload. `extras` are IP options or extension headers.
    pub(super) fn frame<'a>(
        &self,
        step: &Step,
        extras: Extras<'a>,
        tcp_options: &'a [u8],
    ) -> Frame<'a> {
        let to_server = step.direction == Direction::ToServer;
        let (source_port, destination_port) = if to_server {
            (self.client_port, self.server_port)
        } else {
            (self.server_port, self.client_port)
        };
        let transport = match self.kind {
            Kind::Tcp => Transport::Tcp(Tcp {
                sequence: step.sequence,
                acknowledgment: step.acknowledgment,
                options: if step.flags & flags::SYN != 0 {
                    tcp_options
                } else {
                    &[]
                },
                ..Tcp::new(source_port, destination_port, step.flags)
            }),
            Kind::Udp => Transport::Udp {
                source: source_port,
                destination: destination_port,
            },
            Kind::Echo => Transport::Echo {
                reply: !to_server,
                identifier: self.client_port,
                sequence: step.sequence as u16,
            },
            Kind::Esp => Transport::Raw { protocol: 50 },
        };
        let mut frame = if self.v6 {
            let (client, server) = self.addresses_v6();
            let (source, destination) = if to_server {
                (client, server)
            } else {
                (server, client)
            };
            Frame::ipv6(
                Ipv6 {
                    extensions: extras.extensions,
                    ..Ipv6::new(source, destination)
                },
                transport,
            )
        } else {
            let (client, server) = self.addresses_v4();
            let (source, destination) = if to_server {
                (client, server)
            } else {
                (server, client)
            };
            let header = Ipv4 {
                identification: extras.identification,
                dont_fragment: !extras.fragmented,
                options: extras.options,
                ..Ipv4::new(source, destination)
            };
            Frame::ipv4(header, transport)
        };
        if !to_server {
            frame = frame.macs(frame.source, frame.destination);
        }
        match self.tags {
            0 => frame,
            1 => frame.vlan(TPID_CUSTOMER, self.vlan),
            _ => frame
                .vlan(TPID_SERVICE, self.vlan)
                .vlan(TPID_CUSTOMER, 4_001 + self.vlan % 8),
        }
    }
}

/// Optional parts of a packet's IP header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extras<'a> {
    pub(super) identification: u16,
    pub(super) fragmented: bool,
    pub(super) options: &'a [u8],
    pub(super) extensions: &'a [(u8, &'a [u8])],
}

/// The next packet of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) direction: Direction,
    pub(super) flags: u8,
    pub(super) sequence: u32,
    pub(super) acknowledgment: u32,
    /// Whether the packet may carry data.
    pub(super) data: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    SynSent,
    SynReceived,
    Open,
    /// The first FIN has been sent, by the side that sends in this direction.
    FinSent(Direction),
    /// The first FIN has been acknowledged; the other FIN is outstanding.
    HalfClosed(Direction),
    /// Both FINs have been sent; the last acknowledgment is outstanding.
    BothFins(Direction),
}

/// The changing part of a flow.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    phase: Phase,
    /// Next sequence numbers of client and server.
    sequence: [u32; 2],
    /// Bytes sent by the side that sent last since the other side did.
    in_flight: u32,
    last: Direction,
    /// Data packets left in the connection.
    left: u32,
    /// Mean number of data packets in a connection.
    typical: u32,
}

impl State {
    pub(super) fn new(config: &TraceConfig, index: u32, typical: u32) -> Self {
        let hash = mix(!config.seed, index.into());
        Self {
            phase: Phase::Closed,
            sequence: [hash as u32, (hash >> 32) as u32],
            in_flight: 0,
            last: Direction::ToServer,
            left: 0,
            typical,
        }
    }

    /// The next packet. If it carries data, [`sent`](Self::sent) must be called with its length.
    pub(super) fn step(&mut self, kind: Kind, random: &mut Random) -> Step {
        if kind != Kind::Tcp {
            return self.datagram(kind, random);
        }
        match self.phase {
            Phase::Closed => {
                // A new connection with the same ports starts well above the numbers of the last.
                for sequence in &mut self.sequence {
                    *sequence = sequence.wrapping_add(100_000 + random.below(1 << 20));
                }
                self.phase = Phase::SynSent;
                Step {
                    acknowledgment: 0,
                    ..self.control(Direction::ToServer, flags::SYN)
                }
            }
            Phase::SynSent => {
                if random.below(50) == 0 {
                    // Refused. A reset that answers a SYN has sequence number 0.
                    self.phase = Phase::Closed;
                    let step = self.control(Direction::ToClient, flags::RST | flags::ACK);
                    return Step {
                        sequence: 0,
                        ..step
                    };
                }
                self.phase = Phase::SynReceived;
                self.control(Direction::ToClient, flags::SYN | flags::ACK)
            }
            Phase::SynReceived => {
                self.phase = Phase::Open;
                self.in_flight = 0;
                self.left = random.exponential(self.typical.into()) as u32 + 1;
                self.control(Direction::ToServer, flags::ACK)
            }
            Phase::Open if self.left > 0 => {
                self.left -= 1;
                let mut direction = Direction::random(random);
                if self.in_flight >= WINDOW {
                    direction = self.last.other();
                }
                Step {
                    data: true,
                    ..self.control(direction, flags::ACK)
                }
            }
            Phase::Open => {
                let closer = Direction::random(random);
                if random.below(20) == 0 {
                    self.phase = Phase::Closed;
                    return self.control(closer, flags::RST | flags::ACK);
                }
                self.phase = Phase::FinSent(closer);
                self.control(closer, flags::FIN | flags::ACK)
            }
            Phase::FinSent(closer) => {
                if random.below(2) == 0 {
                    self.phase = Phase::BothFins(closer);
                    return self.control(closer.other(), flags::FIN | flags::ACK);
                }
                self.phase = Phase::HalfClosed(closer);
                self.control(closer.other(), flags::ACK)
            }
            Phase::HalfClosed(closer) => {
                self.phase = Phase::BothFins(closer);
                self.control(closer.other(), flags::FIN | flags::ACK)
            }
            Phase::BothFins(closer) => {
                self.phase = Phase::Closed;
                self.control(closer, flags::ACK)
            }
        }
    }

    fn datagram(&mut self, kind: Kind, random: &mut Random) -> Step {
        let direction = match (kind, self.last) {
            // Each request has one answer with the same number.
            (Kind::Echo, last) => {
                if last == Direction::ToClient {
                    self.sequence[0] = self.sequence[0].wrapping_add(1);
                }
                last.other()
            }
            _ => Direction::random(random),
        };
        self.last = direction;
        Step {
            direction,
            flags: 0,
            sequence: self.sequence[0],
            acknowledgment: 0,
            data: true,
        }
    }

    fn control(&mut self, direction: Direction, flags: u8) -> Step {
        let (own, other) = if direction == Direction::ToServer {
            (0, 1)
        } else {
            (1, 0)
        };
        let step = Step {
            direction,
            flags,
            sequence: self.sequence[own],
            acknowledgment: self.sequence[other],
            data: false,
        };
        // SYN and FIN take a number each.
        let counted = u32::from(flags & flags::SYN != 0) + u32::from(flags & flags::FIN != 0);
        self.sequence[own] = self.sequence[own].wrapping_add(counted);
        if self.last != direction {
            self.in_flight = 0;
        }
        self.last = direction;
        step
    }

    /// Accounts for the data in the TCP packet of the step just taken.
    pub(super) fn sent(&mut self, direction: Direction, bytes: u32) {
        let own = if direction == Direction::ToServer {
            0
        } else {
            1
        };
        self.sequence[own] = self.sequence[own].wrapping_add(bytes);
        self.in_flight += bytes;
    }

    /// A possible next packet, without taking the step.
    pub(super) fn peek(&self) -> Step {
        Step {
            direction: Direction::ToServer,
            flags: flags::ACK,
            sequence: self.sequence[0],
            acknowledgment: self.sequence[1],
            data: true,
        }
    }

    /// The next packet of a source that knocks, and its destination port.
    pub(super) fn knock(&mut self, random: &mut Random) -> (Step, u16) {
        /// Limit on further packets after the knocks and before the FIN.
        const MORE: u32 = 3;
        let position = self.left;
        self.left += 1;
        let wrong = random.below(8) == 0;
        let (flags, port) = match position {
            0..3 if wrong => (flags::SYN, 99 + random.below(6) as u16),
            0..3 => (flags::SYN, 100 + position as u16),
            _ if position < 3 + MORE && random.below(2) == 0 => (flags::ACK, 102),
            _ => {
                self.left = 0;
                (flags::FIN | flags::ACK, 102)
            }
        };
        let mut step = self.control(Direction::ToServer, flags);
        if flags & flags::ACK == 0 {
            step.acknowledgment = 0;
        }
        (step, port)
    }
}
