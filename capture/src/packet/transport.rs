//! The part of a packet behind the IP header.

use super::checksum::Sum;

/// TCP flag bits, as in byte 13 of the TCP header.
pub mod flags {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// The acknowledgment number is valid.
    pub const ACK: u8 = 0x10;
    /// The urgent pointer is valid.
    pub const URG: u8 = 0x20;
}

/// A TCP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp<'a> {
    /// Source port.
    pub source: u16,
    /// Destination port.
    pub destination: u16,
    /// Sequence number.
    pub sequence: u32,
    /// Acknowledgment number.
    pub acknowledgment: u32,
    /// Flag bits, see [`flags`].
    pub flags: u8,
    /// Receive window.
    pub window: u16,
    /// Options; at most 40 bytes, padded with zeros to a multiple of 4. Bytes beyond 40 are left out.
    pub options: &'a [u8],
}

impl Tcp<'_> {
    /// A segment with these ports and flags, sequence and acknowledgment numbers 0 and the largest window.
    #[must_use]
    pub const fn new(source: u16, destination: u16, flags: u8) -> Self {
        Self {
            source,
            destination,
            sequence: 0,
            acknowledgment: 0,
            flags,
            window: 65_535,
            options: &[],
        }
    }
}

/// The transport layer of an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport<'a> {
    /// TCP (protocol 6).
    Tcp(Tcp<'a>),
    /// UDP (protocol 17).
    Udp {
        /// Source port.
        source: u16,
        /// Destination port.
        destination: u16,
    },
    /// An ICMP or, in IPv6, ICMPv6 echo message.
    Echo {
        /// Whether the message is a reply.
        reply: bool,
        /// Identifier.
        identifier: u16,
        /// Sequence number.
        sequence: u16,
    },
    /// The payload follows the IP header directly.
    Raw {
        /// Protocol number.
        protocol: u8,
    },
}

impl Transport<'_> {
    /// The protocol number, in an IPv6 packet if `v6`.
    pub(super) fn protocol(&self, v6: bool) -> u8 {
        match self {
            Self::Tcp(_) => 6,
            Self::Udp { .. } => 17,
            Self::Echo { .. } if v6 => 58,
            Self::Echo { .. } => 1,
            Self::Raw { protocol } => *protocol,
        }
    }

    /// Length of the transport header in bytes.
    #[must_use]
    pub fn header_len(&self) -> usize {
        match self {
            Self::Tcp(tcp) => 20 + tcp.options.len().min(40).next_multiple_of(4),
            Self::Udp { .. } | Self::Echo { .. } => 8,
            Self::Raw { .. } => 0,
        }
    }

    /// Appends header and payload; `pseudo` is the sum over the addresses of the pseudo-header.
    pub(super) fn write(&self, v6: bool, pseudo: Sum, payload: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        let length = self.header_len() + payload.len();
        let checksum_at = match self {
            Self::Tcp(tcp) => {
                out.extend_from_slice(&tcp.source.to_be_bytes());
                out.extend_from_slice(&tcp.destination.to_be_bytes());
                out.extend_from_slice(&tcp.sequence.to_be_bytes());
                out.extend_from_slice(&tcp.acknowledgment.to_be_bytes());
                out.extend_from_slice(&[(self.header_len() as u8 / 4) << 4, tcp.flags]);
                out.extend_from_slice(&tcp.window.to_be_bytes());
                out.extend_from_slice(&[0; 4]);
                out.extend_from_slice(&tcp.options[..tcp.options.len().min(40)]);
                out.resize(start + self.header_len(), 0);
                16
            }
            Self::Udp {
                source,
                destination,
            } => {
                out.extend_from_slice(&source.to_be_bytes());
                out.extend_from_slice(&destination.to_be_bytes());
                out.extend_from_slice(&(length as u16).to_be_bytes());
                out.extend_from_slice(&[0; 2]);
                6
            }
            Self::Echo {
                reply,
                identifier,
                sequence,
            } => {
                let kind = match (v6, reply) {
                    (false, false) => 8,
                    (false, true) => 0,
                    (true, false) => 128,
                    (true, true) => 129,
                };
                out.extend_from_slice(&[kind, 0, 0, 0]);
                out.extend_from_slice(&identifier.to_be_bytes());
                out.extend_from_slice(&sequence.to_be_bytes());
                2
            }
            Self::Raw { .. } => {
                out.extend_from_slice(payload);
                return;
            }
        };
        out.extend_from_slice(payload);
        let covered = match self {
            Self::Echo { .. } if !v6 => Sum::default(),
            _ => pseudo
                .add_u16(length as u16)
                .add_u16(self.protocol(v6).into()),
        };
        let mut checksum = covered.add(&out[start..]).finish();
        // In UDP a checksum of zero means that there is none.
        if checksum == 0 && matches!(self, Self::Udp { .. }) {
            checksum = 0xFFFF;
        }
        out[start + checksum_at..][..2].copy_from_slice(&checksum.to_be_bytes());
    }
}
