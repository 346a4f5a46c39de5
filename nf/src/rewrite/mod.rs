//! Rewriting the addresses and ports of packets, with correct checksums.
//!
//! [`headers`] finds the offsets, [`checksum`] adjusts the sums; this file changes both. A [`Translation`] changes a
//! row just as it changes the packet, so on every replica a later function in a chain sees what will be on the wire.

pub mod checksum;
pub mod headers;

use std::fmt;
use std::net::Ipv4Addr;

use scr_wire::parse::{PROTOCOL_TCP, PROTOCOL_UDP};

use checksum::Adjustment;
use headers::Headers;

/// A protocol with ports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// The protocol with this IP protocol number.
    #[inline(always)]
    pub const fn of(number: u8) -> Option<Self> {
        match number {
            PROTOCOL_TCP => Some(Self::Tcp),
            PROTOCOL_UDP => Some(Self::Udp),
            _ => None,
        }
    }

    /// The IP protocol number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => PROTOCOL_TCP,
            Self::Udp => PROTOCOL_UDP,
        }
    }
}

/// An IPv4 address and a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The address.
    pub address: u32,
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// The endpoint of this address and port.
    pub const fn new(address: u32, port: u16) -> Self {
        Self { address, port }
    }

    /// The address in readable form.
    pub const fn ip(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.address)
    }
}

impl fmt::Display for Endpoint {
    /// `address:port`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.ip(), self.port)
    }
}

/// New endpoints for a TCP or UDP packet over IPv4; `None` leaves an endpoint as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Translation {
    /// The new source.
    pub src: Option<Endpoint>,
    /// The new destination.
    pub dst: Option<Endpoint>,
}

impl Translation {
    /// A translation that changes the source.
    pub const fn source(to: Endpoint) -> Self {
        Self {
            src: Some(to),
            dst: None,
        }
    }

    /// A translation that changes the destination.
    pub const fn destination(to: Endpoint) -> Self {
        Self {
            src: None,
            dst: Some(to),
        }
    }

    /// The translation that does this one first, then `next`.
    #[inline]
    pub fn then(self, next: Self) -> Self {
        Self {
            src: next.src.or(self.src),
            dst: next.dst.or(self.dst),
        }
    }

    /// Appends `packet` to `out` with the new endpoints. The checksums of IPv4 and of TCP or UDP are adjusted, as far
    /// as they were captured. Nothing else is changed: TTL and MAC addresses are a router's business.
    ///
    /// Returns whether there was something to rewrite. This holds for a packet whose row named ports, unless it was
    /// damaged since or is an IPv6 packet between IPv4-mapped addresses; then nothing is appended.
    pub fn rewrite(&self, packet: &[u8], out: &mut Vec<u8>) -> bool {
        let start = out.len();
        out.extend_from_slice(packet);
        let done = out
            .get_mut(start..)
            .and_then(|frame| self.rewrite_in_place(frame));
        if done.is_none() {
            out.truncate(start);
        }
        done.is_some()
    }

    fn rewrite_in_place(&self, frame: &mut [u8]) -> Option<()> {
        let headers = Headers::find(frame)?;
        let ports = headers.ports?;
        let (mut network, mut transport) = (Adjustment::default(), Adjustment::default());
        let sides = [
            (self.src, headers.ip + 12, ports),
            (self.dst, headers.ip + 16, ports + 2),
        ];
        for (to, address_at, port_at) in sides {
            let Some(to) = to else { continue };
            let old = replace(frame, address_at, to.address.to_be_bytes())?;
            network.address(old, to.address.to_be_bytes());
            // The pseudo-header contains the addresses, too.
            transport.address(old, to.address.to_be_bytes());
            let old = replace(frame, port_at, to.port.to_be_bytes())?;
            transport.word(old, to.port.to_be_bytes());
        }
        let stored = field(frame, headers.ip + 10)?;
        *stored = network.apply(*stored);
        if let Some(stored) = headers.checksum().and_then(|at| field(frame, at)) {
            *stored = if headers.protocol == PROTOCOL_UDP {
                transport.apply_udp(*stored)
            } else {
                transport.apply(*stored)
            };
        }
        Some(())
    }
}

/// The `N` bytes at `at`.
#[inline(always)]
fn field<const N: usize>(frame: &mut [u8], at: usize) -> Option<&mut [u8; N]> {
    frame.get_mut(at..)?.first_chunk_mut()
}

/// Writes `new` at `at` and returns what was there.
#[inline(always)]
fn replace<const N: usize>(frame: &mut [u8], at: usize, new: [u8; N]) -> Option<[u8; N]> {
    field(frame, at).map(|bytes| std::mem::replace(bytes, new))
}

#[cfg(test)]
pub(crate) mod tests;
