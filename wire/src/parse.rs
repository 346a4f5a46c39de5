//! From an Ethernet frame to the values of all fields (format, section 5).
//!
//! The parser reads no byte beyond the first [`WINDOW_BYTES`], because the hardware sees no more, and treats bytes that
//! the frame does not have as absent. Lengths inside the packet are copied, never trusted.

/// Bytes of a frame that the parser may read.
pub const WINDOW_BYTES: usize = 128;

/// EtherType of IPv4.
pub const ETHERTYPE_IPV4: u16 = 0x0800;
/// EtherType of IPv6.
pub const ETHERTYPE_IPV6: u16 = 0x86dd;
/// Tag protocol identifiers of VLAN tags: IEEE 802.1Q C-tag, 802.1ad S-tag, and the two used for S-tags before it.
pub const VLAN_TPIDS: [u16; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];
/// Largest number of VLAN tags skipped.
pub const MAX_VLAN_TAGS: usize = 2;
/// IP protocol number of TCP.
pub const PROTOCOL_TCP: u8 = 6;
/// IP protocol number of UDP.
pub const PROTOCOL_UDP: u8 = 17;

/// A receive timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Seconds since the epoch of the capture's clock, modulo 2³².
    pub seconds: u32,
    /// Nanoseconds, 0..1,000,000,000.
    pub nanos: u32,
}

impl Timestamp {
    /// The time in nanoseconds, 0..2³² · 10⁹.
    pub const fn as_nanos(self) -> u64 {
        self.seconds as u64 * 1_000_000_000 + self.nanos as u64
    }
}

/// IP version of a packet that passed step 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IpVersion {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// The values of all fields, with their bytes as on the wire. Fields that the packet does not have are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parsed {
    /// IP version if the packet passed step 2 (and so is sequenced by default), else `None`.
    pub ip_version: Option<IpVersion>,
    /// The frame has an IPv4 EtherType (or, where IPv6 is parsed, an IPv6 one) but failed step 2.
    pub malformed: bool,
    /// Source address, IPv4-mapped (`::ffff:a.b.c.d`) for IPv4.
    pub src: [u8; 16],
    /// Destination address, IPv4-mapped for IPv4.
    pub dst: [u8; 16],
    /// Source port.
    pub src_port: [u8; 2],
    /// Destination port.
    pub dst_port: [u8; 2],
    /// IPv4 protocol or IPv6 next header.
    pub protocol: u8,
    /// TCP header byte 13.
    pub tcp_flags: u8,
    /// IPv4 total length, or 40 + IPv6 payload length modulo 65,536.
    pub ip_length: [u8; 2],
    /// TCP sequence number.
    pub tcp_seq: [u8; 4],
    /// TCP acknowledgment number.
    pub tcp_ack: [u8; 4],
}

/// The `N` bytes at `at`, or `None` if the frame does not have all of them.
#[inline(always)]
fn take<const N: usize>(frame: &[u8], at: usize) -> Option<[u8; N]> {
    frame.get(at..at + N)?.try_into().ok()
}

/// Parses a frame; IPv6 only if `ipv6` is set (profiles with 16-byte addresses). Total: any byte string gives a result.
#[inline]
pub fn parse(frame: &[u8], ipv6: bool) -> Parsed {
    let frame = &frame[..frame.len().min(WINDOW_BYTES)];
    let (ethertype, ip) = link(frame);
    let network = match ethertype {
        Some(ETHERTYPE_IPV4) => ipv4(frame, ip),
        Some(ETHERTYPE_IPV6) if ipv6 => self::ipv6(frame, ip),
        _ => return Parsed::default(),
    };
    let Some((mut parsed, transport)) = network else {
        return Parsed {
            malformed: true,
            ..Parsed::default()
        };
    };
    if let Some(at) = transport {
        self::transport(frame, at, &mut parsed);
    }
    parsed
}

/// The EtherType behind the VLAN tags skipped, or `None` if the frame ends before it.
pub fn ethertype(frame: &[u8]) -> Option<u16> {
    link(frame).0
}

/// The EtherType behind the tags, and the offset of the network layer.
#[inline(always)]
fn link(frame: &[u8]) -> (Option<u16>, usize) {
    let mut at = 12;
    let mut ethertype = take(frame, at).map(u16::from_be_bytes);
    for _ in 0..MAX_VLAN_TAGS {
        if ethertype.is_some_and(|t| VLAN_TPIDS.contains(&t)) {
            at += 4;
            ethertype = take(frame, at).map(u16::from_be_bytes);
        }
    }
    (ethertype, at + 2)
}

/// The fields of an IPv4 header at `ip`, and the offset of a possible transport header; `None` if step 2 fails.
#[inline(always)]
fn ipv4(frame: &[u8], ip: usize) -> Option<(Parsed, Option<usize>)> {
    let header: [u8; 20] = take(frame, ip)?;
    let length = usize::from(header[0] & 0x0f) * 4;
    if header[0] >> 4 != 4 || length < 20 || frame.len() < ip + length {
        return None;
    }
    let mapped = |at: usize| {
        let mut address = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0];
        address[12..].copy_from_slice(&header[at..at + 4]);
        address
    };
    let parsed = Parsed {
        ip_version: Some(IpVersion::V4),
        src: mapped(12),
        dst: mapped(16),
        protocol: header[9],
        ip_length: [header[2], header[3]],
        ..Parsed::default()
    };
    let first_fragment = header[6] & 0x1f == 0 && header[7] == 0;
    Some((parsed, first_fragment.then_some(ip + length)))
}

/// As `ipv4`, for IPv6. A transport header is looked for only directly behind the fixed header.
#[inline(always)]
fn ipv6(frame: &[u8], ip: usize) -> Option<(Parsed, Option<usize>)> {
    let header: [u8; 40] = take(frame, ip)?;
    if header[0] >> 4 != 6 {
        return None;
    }
    let address = |at: usize| {
        let mut address = [0; 16];
        address.copy_from_slice(&header[at..at + 16]);
        address
    };
    let length = u16::from_be_bytes([header[4], header[5]]).wrapping_add(40);
    let parsed = Parsed {
        ip_version: Some(IpVersion::V6),
        src: address(8),
        dst: address(24),
        protocol: header[6],
        ip_length: length.to_be_bytes(),
        ..Parsed::default()
    };
    Some((parsed, Some(ip + 40)))
}

/// Ports, flags and TCP's sequence and acknowledgment numbers of the transport header at `at`, as far as the frame has
/// them.
#[inline(always)]
fn transport(frame: &[u8], at: usize, parsed: &mut Parsed) {
    if !matches!(parsed.protocol, PROTOCOL_TCP | PROTOCOL_UDP) {
        return;
    }
    let Some([s0, s1, d0, d1]) = take(frame, at) else {
        return;
    };
    parsed.src_port = [s0, s1];
    parsed.dst_port = [d0, d1];
    if parsed.protocol != PROTOCOL_TCP {
        return;
    }
    if let Some(tcp) = take::<14>(frame, at) {
        parsed.tcp_seq.copy_from_slice(&tcp[4..8]);
        parsed.tcp_ack.copy_from_slice(&tcp[8..12]);
        parsed.tcp_flags = tcp[13];
    }
}
