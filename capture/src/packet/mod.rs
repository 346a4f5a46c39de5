//! Single frames, with lengths and checksums filled in.
//!
//! ```
//! use scr_capture::packet::{Frame, Ipv4, Tcp, Transport, flags};
//!
//! let tcp = Transport::Tcp(Tcp::new(1027, 80, flags::SYN));
//! let frame = Frame::ipv4(Ipv4::new([10, 0, 0, 3], [10, 0, 1, 1]), tcp).vlan(0x8100, 5).payload(b"hello").build();
//! assert_eq!(frame.len(), 14 + 4 + 20 + 20 + 5);
//! ```
//!
//! A [`Frame`] is a plain description that borrows its variable parts; [`Frame::write`] appends its bytes to a buffer.
//! Headers are written by hand rather than with a packet library, because frames are needed that no library builds:
//! fragments cut within a transport header, and every malformation that starts from a valid frame. The tests check the
//! results with such a library.

mod checksum;
mod fragment;
mod transport;

use checksum::Sum;
pub use checksum::checksum;
pub use fragment::{FragmentError, fragment};
pub use transport::{Tcp, Transport, flags};

/// EtherType of IPv4.
pub const ETHERTYPE_IPV4: u16 = 0x0800;
/// EtherType of ARP.
pub const ETHERTYPE_ARP: u16 = 0x0806;
/// EtherType of IPv6.
pub const ETHERTYPE_IPV6: u16 = 0x86DD;
/// EtherType of LLDP.
pub const ETHERTYPE_LLDP: u16 = 0x88CC;
/// TPID of a customer VLAN tag (802.1Q).
pub const TPID_CUSTOMER: u16 = 0x8100;
/// TPID of a service VLAN tag (802.1ad).
pub const TPID_SERVICE: u16 = 0x88A8;

/// The shortest Ethernet frame without its frame check sequence, in bytes.
pub const MIN_FRAME: usize = 60;

/// Largest number of VLAN tags kept in a [`Frame`].
pub const MAX_TAGS: usize = 4;

/// An IPv4 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4<'a> {
    /// Source address.
    pub source: [u8; 4],
    /// Destination address.
    pub destination: [u8; 4],
    /// Identification.
    pub identification: u16,
    /// Time to live.
    pub ttl: u8,
    /// The don't-fragment flag.
    pub dont_fragment: bool,
    /// The more-fragments flag.
    pub more_fragments: bool,
    /// Fragment offset in units of 8 bytes, 0..8192.
    pub fragment_offset: u16,
    /// Options; at most 40 bytes, padded with zeros to a multiple of 4. Bytes beyond 40 are left out.
    pub options: &'a [u8],
}

impl<'a> Ipv4<'a> {
    /// A header with TTL 64, not fragmented, without options.
    #[must_use]
    pub const fn new(source: [u8; 4], destination: [u8; 4]) -> Self {
        Self {
            source,
            destination,
            identification: 0,
            ttl: 64,
            dont_fragment: false,
            more_fragments: false,
            fragment_offset: 0,
            options: &[],
        }
    }

    /// Sets the options.
    #[must_use]
    pub const fn options(mut self, options: &'a [u8]) -> Self {
        self.options = options;
        self
    }

    /// Sets the fragment offset, in units of 8 bytes, and the more-fragments flag.
    #[must_use]
    pub const fn fragment(mut self, offset: u16, more: bool) -> Self {
        self.fragment_offset = offset;
        self.more_fragments = more;
        self
    }

    fn header_len(&self) -> usize {
        20 + self.options.len().min(40).next_multiple_of(4)
    }
}

/// An IPv6 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6<'a> {
    /// Source address.
    pub source: [u8; 16],
    /// Destination address.
    pub destination: [u8; 16],
    /// Hop limit.
    pub hop_limit: u8,
    /// Extension headers: the number of each and its bytes, the first of which, the next header, is overwritten. The
    /// length must match the length in the header itself.
    pub extensions: &'a [(u8, &'a [u8])],
}

impl Ipv6<'_> {
    /// A header with hop limit 64 without extension headers.
    #[must_use]
    pub const fn new(source: [u8; 16], destination: [u8; 16]) -> Self {
        Self {
            source,
            destination,
            hop_limit: 64,
            extensions: &[],
        }
    }

    fn extensions_len(&self) -> usize {
        self.extensions.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

/// The network layer of an Ethernet frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network<'a> {
    /// IPv4.
    Ipv4(Ipv4<'a>, Transport<'a>),
    /// IPv6.
    Ipv6(Ipv6<'a>, Transport<'a>),
    /// ARP for IPv4 over Ethernet.
    Arp {
        /// Whether the message is a reply.
        reply: bool,
        /// MAC address of the sender.
        sender_mac: [u8; 6],
        /// IPv4 address of the sender.
        sender: [u8; 4],
        /// MAC address of the target; zero in a request.
        target_mac: [u8; 6],
        /// IPv4 address of the target.
        target: [u8; 4],
    },
    /// The payload follows the EtherType directly.
    Raw {
        /// EtherType.
        ether_type: u16,
    },
}

/// A frame to be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Destination MAC address.
    pub destination: [u8; 6],
    /// Source MAC address.
    pub source: [u8; 6],
    tags: [(u16, u16); MAX_TAGS],
    tag_count: usize,
    /// The network layer.
    pub network: Network<'a>,
    /// Bytes behind the last header.
    pub payload: &'a [u8],
    /// Length to which the frame is padded with zeros; the wire demands [`MIN_FRAME`].
    pub min_len: usize,
}

impl<'a> Frame<'a> {
    /// A frame between two locally administered MAC addresses, untagged, without payload or padding.
    #[must_use]
    pub const fn new(network: Network<'a>) -> Self {
        Self {
            destination: [0x02, 0, 0, 0, 0, 0x02],
            source: [0x02, 0, 0, 0, 0, 0x01],
            tags: [(0, 0); MAX_TAGS],
            tag_count: 0,
            network,
            payload: &[],
            min_len: 0,
        }
    }

    /// An IPv4 frame.
    #[must_use]
    pub const fn ipv4(header: Ipv4<'a>, transport: Transport<'a>) -> Self {
        Self::new(Network::Ipv4(header, transport))
    }

    /// An IPv6 frame.
    #[must_use]
    pub const fn ipv6(header: Ipv6<'a>, transport: Transport<'a>) -> Self {
        Self::new(Network::Ipv6(header, transport))
    }

    /// A broadcast ARP request of `sender` for `target`.
    #[must_use]
    pub const fn arp_request(sender: [u8; 4], target: [u8; 4]) -> Self {
        let sender_mac = [0x02, 0, 0, 0, 0, 0x01];
        let mut frame = Self::new(Network::Arp {
            reply: false,
            sender_mac,
            sender,
            target_mac: [0; 6],
            target,
        });
        frame.destination = [0xFF; 6];
        frame
    }

    /// Sets the MAC addresses.
    #[must_use]
    pub const fn macs(mut self, destination: [u8; 6], source: [u8; 6]) -> Self {
        self.destination = destination;
        self.source = source;
        self
    }

    /// Adds a VLAN tag inside the existing ones: its TPID and its tag control information (priority, VLAN id). Beyond
    /// [`MAX_TAGS`] nothing is added.
    #[must_use]
    pub const fn vlan(mut self, tpid: u16, control: u16) -> Self {
        if self.tag_count < MAX_TAGS {
            self.tags[self.tag_count] = (tpid, control);
            self.tag_count += 1;
        }
        self
    }

    /// Sets the payload.
    #[must_use]
    pub const fn payload(mut self, payload: &'a [u8]) -> Self {
        self.payload = payload;
        self
    }

    /// Pads the frame with zeros to at least `len` bytes.
    #[must_use]
    pub const fn pad_to(mut self, len: usize) -> Self {
        self.min_len = len;
        self
    }

    /// Offset of the EtherType's payload (the IP header).
    #[must_use]
    pub const fn network_offset(&self) -> usize {
        14 + 4 * self.tag_count
    }

    /// Bytes before the payload.
    #[must_use]
    pub fn header_len(&self) -> usize {
        self.network_offset()
            + match &self.network {
                Network::Ipv4(header, transport) => header.header_len() + transport.header_len(),
                Network::Ipv6(header, transport) => {
                    40 + header.extensions_len() + transport.header_len()
                }
                Network::Arp { .. } => 28,
                Network::Raw { .. } => 0,
            }
    }

    /// The frame's bytes. Length fields hold the length modulo 2¹⁶.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut out =
            Vec::with_capacity((self.header_len() + self.payload.len()).max(self.min_len));
        self.write(&mut out);
        out
    }

    /// Appends the frame's bytes to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.destination);
        out.extend_from_slice(&self.source);
        for (tpid, control) in &self.tags[..self.tag_count] {
            out.extend_from_slice(&tpid.to_be_bytes());
            out.extend_from_slice(&control.to_be_bytes());
        }
        match &self.network {
            Network::Ipv4(header, transport) => {
                out.extend_from_slice(&ETHERTYPE_IPV4.to_be_bytes());
                let length = header.header_len() + transport.header_len() + self.payload.len();
                write_ipv4(header, transport.protocol(false), length, out);
                let pseudo = Sum::default().add(&header.source).add(&header.destination);
                transport.write(false, pseudo, self.payload, out);
            }
            Network::Ipv6(header, transport) => {
                out.extend_from_slice(&ETHERTYPE_IPV6.to_be_bytes());
                let length = header.extensions_len() + transport.header_len() + self.payload.len();
                write_ipv6(header, transport.protocol(true), length, out);
                let pseudo = Sum::default().add(&header.source).add(&header.destination);
                transport.write(true, pseudo, self.payload, out);
            }
            Network::Arp {
                reply,
                sender_mac,
                sender,
                target_mac,
                target,
            } => {
                out.extend_from_slice(&ETHERTYPE_ARP.to_be_bytes());
                out.extend_from_slice(&[0, 1, 8, 0, 6, 4, 0, if *reply { 2 } else { 1 }]);
                out.extend_from_slice(sender_mac);
                out.extend_from_slice(sender);
                out.extend_from_slice(target_mac);
                out.extend_from_slice(target);
                out.extend_from_slice(self.payload);
            }
            Network::Raw { ether_type } => {
                out.extend_from_slice(&ether_type.to_be_bytes());
                out.extend_from_slice(self.payload);
            }
        }
        if out.len() < start + self.min_len {
            out.resize(start + self.min_len, 0);
        }
    }
}

fn write_ipv4(header: &Ipv4<'_>, protocol: u8, total: usize, out: &mut Vec<u8>) {
    let start = out.len();
    let length = header.header_len();
    out.extend_from_slice(&[0x40 | (length / 4) as u8, 0]);
    out.extend_from_slice(&(total as u16).to_be_bytes());
    out.extend_from_slice(&header.identification.to_be_bytes());
    let flags = u16::from(header.dont_fragment) << 14 | u16::from(header.more_fragments) << 13;
    out.extend_from_slice(&(flags | header.fragment_offset & 0x1FFF).to_be_bytes());
    out.extend_from_slice(&[header.ttl, protocol, 0, 0]);
    out.extend_from_slice(&header.source);
    out.extend_from_slice(&header.destination);
    out.extend_from_slice(&header.options[..header.options.len().min(40)]);
    out.resize(start + length, 0);
    set_ipv4_checksum(&mut out[start..]);
}

/// Fills in the checksum of the complete IPv4 header `header`.
fn set_ipv4_checksum(header: &mut [u8]) {
    header[10..12].fill(0);
    let sum = checksum(header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
}

fn write_ipv6(header: &Ipv6<'_>, protocol: u8, length: usize, out: &mut Vec<u8>) {
    let following = |index: usize| {
        header
            .extensions
            .get(index)
            .map_or(protocol, |(number, _)| *number)
    };
    out.extend_from_slice(&[0x60, 0, 0, 0]);
    out.extend_from_slice(&(length as u16).to_be_bytes());
    out.extend_from_slice(&[following(0), header.hop_limit]);
    out.extend_from_slice(&header.source);
    out.extend_from_slice(&header.destination);
    for (index, (_, bytes)) in header.extensions.iter().enumerate() {
        let start = out.len();
        out.extend_from_slice(bytes);
        if let Some(next_header) = out.get_mut(start) {
            *next_header = following(index + 1);
        }
    }
}
