//! The offsets of a row's fields, and typed access to the fields.
//!
//! The offsets come from the profile's description. For the profiles of the format ([`Source`] to [`Flow6Time`]) they
//! are constants; users' profiles carry theirs along ([`User4`], [`User16`]). Functions are generic over [`Layout`] and
//! never see the difference.

use std::fmt::{self, Debug};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use scr_wire::{Field, Profile, profile};
use serde::Serialize;

use super::rewrite::{Endpoint, Translation};
use crate::table::{Hash, Key, Seed};

/// `::ffff:0.0.0.0`, the first of the IPv4-mapped addresses.
const MAPPED: u128 = 0xffff << 32;

/// Offset of a field that the profile does not have; reading there gives 0.
const ABSENT: usize = usize::MAX;

/// Offsets of the fields in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    src: usize,
    dst: usize,
    src_port: usize,
    dst_port: usize,
    protocol: usize,
    tcp_flags: usize,
    ip_length: usize,
    seconds: usize,
    nanoseconds: usize,
    tcp_seq: usize,
    tcp_ack: usize,
}

impl Columns {
    /// The columns of a profile.
    pub const fn of(profile: &Profile) -> Self {
        let mut columns = Self {
            src: ABSENT,
            dst: ABSENT,
            src_port: ABSENT,
            dst_port: ABSENT,
            protocol: ABSENT,
            tcp_flags: ABSENT,
            ip_length: ABSENT,
            seconds: ABSENT,
            nanoseconds: ABSENT,
            tcp_seq: ABSENT,
            tcp_ack: ABSENT,
        };
        let fields = profile.fields();
        let (mut i, mut at) = (0, 0);
        while i < fields.len() {
            match fields[i] {
                Field::SrcIp4 | Field::SrcIp => columns.src = at,
                Field::DstIp4 | Field::DstIp => columns.dst = at,
                Field::SrcPort => columns.src_port = at,
                Field::DstPort => columns.dst_port = at,
                Field::Protocol => columns.protocol = at,
                Field::TcpFlags => columns.tcp_flags = at,
                Field::IpLength => columns.ip_length = at,
                Field::Seconds => columns.seconds = at,
                Field::Nanoseconds => columns.nanoseconds = at,
                Field::TcpSeq => columns.tcp_seq = at,
                Field::TcpAck => columns.tcp_ack = at,
                Field::Zero(_) => {}
            }
            at += fields[i].len();
            i += 1;
        }
        columns
    }

    /// Writes the endpoints of `to` into `row`, whose addresses are `A`, as far as the profile has them.
    pub fn translate<A: Address>(&self, row: &mut [u8], to: &Translation) {
        let sides = [
            (to.src, self.src, self.src_port),
            (to.dst, self.dst, self.dst_port),
        ];
        for (endpoint, address_at, port_at) in sides {
            if let Some(Endpoint { address, port }) = endpoint {
                A::write(row, address_at, address);
                write(row, port_at, port.to_be_bytes());
            }
        }
    }
}

/// Whether `profile` has `field`; a 16-byte address field also provides the IPv4 one.
pub fn has(profile: &Profile, field: Field) -> bool {
    let wide = match field {
        Field::SrcIp4 => Field::SrcIp,
        Field::DstIp4 => Field::DstIp,
        other => other,
    };
    profile.fields().iter().any(|&f| f == field || f == wide)
}

#[inline(always)]
fn read<const N: usize>(row: &[u8], at: usize) -> [u8; N] {
    match row.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(bytes) => *bytes,
        None => [0; N],
    }
}

fn write<const N: usize>(row: &mut [u8], at: usize, bytes: [u8; N]) {
    if let Some(place) = row.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *place = bytes;
    }
}

/// A layout of rows: offsets and the width of addresses.
pub trait Layout: Copy + Send + Sync + 'static {
    /// 4-byte or 16-byte addresses.
    type Address: Address;

    /// Bytes of a row; 0 if known only at run time.
    const ROW_BYTES: usize = 0;

    /// The offsets.
    fn columns(&self) -> &Columns;

    /// Source address.
    #[inline(always)]
    fn src(&self, row: &[u8]) -> Self::Address {
        Self::Address::read(row, self.columns().src)
    }

    /// Destination address.
    #[inline(always)]
    fn dst(&self, row: &[u8]) -> Self::Address {
        Self::Address::read(row, self.columns().dst)
    }

    /// Source port.
    #[inline(always)]
    fn src_port(&self, row: &[u8]) -> u16 {
        u16::from_be_bytes(read(row, self.columns().src_port))
    }

    /// Destination port.
    #[inline(always)]
    fn dst_port(&self, row: &[u8]) -> u16 {
        u16::from_be_bytes(read(row, self.columns().dst_port))
    }

    /// IP protocol.
    #[inline(always)]
    fn protocol(&self, row: &[u8]) -> u8 {
        let [protocol] = read(row, self.columns().protocol);
        protocol
    }

    /// TCP header byte 13.
    #[inline(always)]
    fn tcp_flags(&self, row: &[u8]) -> TcpFlags {
        let [flags] = read(row, self.columns().tcp_flags);
        TcpFlags(flags)
    }

    /// IP length.
    #[inline(always)]
    fn ip_length(&self, row: &[u8]) -> u16 {
        u16::from_be_bytes(read(row, self.columns().ip_length))
    }

    /// Receive time in nanoseconds.
    #[inline(always)]
    fn nanos(&self, row: &[u8]) -> u64 {
        let seconds = u32::from_be_bytes(read(row, self.columns().seconds));
        let nanos = u32::from_be_bytes(read(row, self.columns().nanoseconds));
        u64::from(seconds) * 1_000_000_000 + u64::from(nanos)
    }

    /// TCP sequence number.
    #[inline(always)]
    fn tcp_seq(&self, row: &[u8]) -> u32 {
        u32::from_be_bytes(read(row, self.columns().tcp_seq))
    }

    /// TCP acknowledgment number.
    #[inline(always)]
    fn tcp_ack(&self, row: &[u8]) -> u32 {
        u32::from_be_bytes(read(row, self.columns().tcp_ack))
    }

    /// Whether the row is that of a packet that is not IP (possible under `sequence_all`): protocol and addresses, as
    /// far as the layout has them, are all zero.
    #[inline(always)]
    fn is_blank(&self, row: &[u8]) -> bool {
        self.src(row) == Self::Address::default()
            && self.protocol(row) == 0
            && self.dst(row) == Self::Address::default()
    }

    /// Whether the row can be that of a packet that is not IP, judged only by what all layouts with a protocol have, so
    /// that all of them agree: no protocol, and no source or the IPv4 address 0.0.0.0.
    #[inline(always)]
    fn is_of_nobody(&self, row: &[u8]) -> bool {
        self.src(row).is_unspecified() && self.protocol(row) == 0
    }

    /// The 5-tuple as a key.
    #[inline(always)]
    fn flow(&self, row: &[u8]) -> <Self::Address as Address>::Flow {
        Self::Address::flow(row, self.columns())
    }
}

/// TCP header byte 13.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// The FIN bit.
    pub const FIN: u8 = 0x01;
    /// The SYN bit.
    pub const SYN: u8 = 0x02;
    /// The RST bit.
    pub const RST: u8 = 0x04;
    /// The ACK bit.
    pub const ACK: u8 = 0x10;

    /// Whether SYN is set, with or without ACK.
    #[inline(always)]
    pub const fn syn(self) -> bool {
        self.0 & Self::SYN != 0
    }

    /// Whether RST is set.
    #[inline(always)]
    pub const fn rst(self) -> bool {
        self.0 & Self::RST != 0
    }

    /// Whether ACK is set.
    #[inline(always)]
    pub const fn ack(self) -> bool {
        self.0 & Self::ACK != 0
    }

    /// Whether FIN is set.
    #[inline(always)]
    pub const fn fin(self) -> bool {
        self.0 & Self::FIN != 0
    }
}

/// A key by which functions keep entries. Ordered numerically.
pub trait FlowKey: Key + Ord + Debug + Sync {
    /// The key in readable form.
    type Shown: fmt::Display;

    /// Converts the key to readable form.
    fn shown(self) -> Self::Shown;
}

/// An address as stored in a row.
pub trait Address: FlowKey<Shown = IpAddr> {
    /// A 5-tuple of these addresses. Ordered by source, destination, ports and protocol.
    type Flow: FlowKey<Shown = FiveTuple>;

    /// Reads the address at `at` in `row`.
    fn read(row: &[u8], at: usize) -> Self;

    /// Writes an IPv4 address at `at` into `row`.
    fn write(row: &mut [u8], at: usize, address: u32);

    /// The address if it is IPv4.
    fn v4(self) -> Option<u32>;

    /// Whether the address is all zero: 0.0.0.0, IPv4-mapped or not, or `::`.
    fn is_unspecified(self) -> bool;

    /// The address in readable form: as IPv4 if it is one.
    fn ip(self) -> IpAddr;

    /// Reads the 5-tuple in `row`.
    fn flow(row: &[u8], columns: &Columns) -> Self::Flow;

    /// The 5-tuple of the other direction.
    fn reversed(flow: Self::Flow) -> Self::Flow;

    /// One 5-tuple for both directions, and whether `flow` is the reverse of it.
    fn undirected(flow: Self::Flow) -> (Self::Flow, bool);

    /// The 5-tuple in its parts.
    fn tuple(flow: Self::Flow) -> FiveTuple;
}

impl Address for u32 {
    type Flow = Flow4;

    #[inline(always)]
    fn read(row: &[u8], at: usize) -> Self {
        u32::from_be_bytes(read(row, at))
    }

    fn write(row: &mut [u8], at: usize, address: u32) {
        write(row, at, address.to_be_bytes());
    }

    #[inline(always)]
    fn v4(self) -> Option<u32> {
        Some(self)
    }

    #[inline(always)]
    fn is_unspecified(self) -> bool {
        self == 0
    }

    fn ip(self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(self))
    }

    #[inline(always)]
    fn flow(row: &[u8], columns: &Columns) -> Flow4 {
        let Columns { src, dst, .. } = *columns;
        let addresses = if src != ABSENT && dst == src + 4 {
            u64::from_le_bytes(read(row, src))
        } else {
            let [src, dst] = [src, dst].map(|at| u64::from(u32::from_le_bytes(read(row, at))));
            src | dst << 32
        };
        let rest = columns.rest(row);
        Flow4 { addresses, rest }
    }

    #[inline(always)]
    fn reversed(Flow4 { addresses, rest }: Flow4) -> Flow4 {
        Flow4 {
            addresses: addresses.rotate_left(32),
            rest: swap_ports(rest),
        }
    }

    #[inline(always)]
    fn undirected(flow: Flow4) -> (Flow4, bool) {
        let back = Self::reversed(flow);
        // Any order will do.
        let reversed = (back.addresses, back.rest) < (flow.addresses, flow.rest);
        (if reversed { back } else { flow }, reversed)
    }

    fn tuple(flow: Flow4) -> FiveTuple {
        let [addresses, rest] = flow.words().map(u64::swap_bytes);
        FiveTuple::new(
            ((addresses >> 32) as u32).ip(),
            (addresses as u32).ip(),
            rest,
        )
    }
}

impl Address for [u64; 2] {
    type Flow = Flow6;

    #[inline(always)]
    fn read(row: &[u8], at: usize) -> Self {
        let address = u128::from_be_bytes(read(row, at));
        [(address >> 64) as u64, address as u64]
    }

    fn write(row: &mut [u8], at: usize, address: u32) {
        write(row, at, (MAPPED | u128::from(address)).to_be_bytes());
    }

    #[inline(always)]
    fn v4(self) -> Option<u32> {
        let [high, low] = self;
        (high == 0 && low >> 32 == 0xffff).then_some(low as u32)
    }

    #[inline(always)]
    fn is_unspecified(self) -> bool {
        let [high, low] = self;
        high == 0 && (low == 0 || low == 0xffff << 32)
    }

    fn ip(self) -> IpAddr {
        Ipv6Addr::from_bits(u128::from(self[0]) << 64 | u128::from(self[1])).to_canonical()
    }

    #[inline(always)]
    fn flow(row: &[u8], columns: &Columns) -> Flow6 {
        let address = |at| {
            let bytes = u128::from_le_bytes(read(row, at));
            [bytes as u64, (bytes >> 64) as u64]
        };
        let [[a, b], [c, d]] = [columns.src, columns.dst].map(address);
        Flow6([a, b, c, d, columns.rest(row)])
    }

    #[inline(always)]
    fn reversed(Flow6([a, b, c, d, rest]): Flow6) -> Flow6 {
        Flow6([c, d, a, b, swap_ports(rest)])
    }

    #[inline(always)]
    fn undirected(flow: Flow6) -> (Flow6, bool) {
        let back = Self::reversed(flow);
        // Any order will do.
        let reversed = back.0 < flow.0;
        (if reversed { back } else { flow }, reversed)
    }

    fn tuple(Flow6(words): Flow6) -> FiveTuple {
        let [a, b, c, d, rest] = words.map(u64::swap_bytes);
        FiveTuple::new([a, b].ip(), [c, d].ip(), rest)
    }
}

impl FlowKey for u32 {
    type Shown = IpAddr;

    fn shown(self) -> IpAddr {
        self.ip()
    }
}

impl FlowKey for [u64; 2] {
    type Shown = IpAddr;

    fn shown(self) -> IpAddr {
        self.ip()
    }
}

impl FlowKey for Flow4 {
    type Shown = FiveTuple;

    fn shown(self) -> FiveTuple {
        u32::tuple(self)
    }
}

impl FlowKey for Flow6 {
    type Shown = FiveTuple;

    fn shown(self) -> FiveTuple {
        <[u64; 2]>::tuple(self)
    }
}

/// A 5-tuple with 4-byte addresses; its bytes are as they stand in rows: source and destination address; both ports,
/// the protocol and zeros. Two words rather than an array, because words stay in registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flow4 {
    addresses: u64,
    rest: u64,
}

impl Flow4 {
    /// The bytes, as words whose lowest byte is the first.
    #[inline(always)]
    pub const fn words(self) -> [u64; 2] {
        [self.addresses, self.rest]
    }
}

/// A 5-tuple with 16-byte addresses; its bytes are as they stand in rows, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flow6([u64; 5]);

macro_rules! ordered_by_bytes {
    ($($flow:ident: $words:expr;)*) => {$(
        impl Ord for $flow {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                let numbers = |flow: &Self| $words(flow).map(u64::swap_bytes);
                numbers(self).cmp(&numbers(other))
            }
        }

        impl PartialOrd for $flow {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
    )*};
}

ordered_by_bytes! {
    Flow4: |flow: &Flow4| flow.words();
    Flow6: |flow: &Flow6| flow.0;
}

impl Key for Flow4 {
    #[inline(always)]
    fn hash(&self, seed: &Seed) -> Hash {
        self.words().hash(seed)
    }

    fn numbered(n: NonZeroU32) -> Self {
        Self {
            addresses: n.get().into(),
            rest: 0,
        }
    }

    #[inline(always)]
    fn same(&self, other: &Self) -> bool {
        self.words().same(&other.words())
    }
}

impl Key for Flow6 {
    #[inline(always)]
    fn hash(&self, seed: &Seed) -> Hash {
        Key::hash(&self.0, seed)
    }

    fn numbered(n: NonZeroU32) -> Self {
        Self(Key::numbered(n))
    }

    #[inline(always)]
    fn same(&self, other: &Self) -> bool {
        self.0.same(&other.0)
    }
}

impl Columns {
    /// The last word of a 5-tuple: both ports and the protocol, as they stand in the row, and zeros.
    #[inline(always)]
    fn rest(&self, row: &[u8]) -> u64 {
        let Self {
            src_port,
            dst_port,
            protocol,
            ..
        } = *self;
        let adjacent = src_port != ABSENT && dst_port == src_port + 2 && protocol == dst_port + 2;
        match row.get(src_port..).and_then(|rest| rest.first_chunk()) {
            // This holds for every profile of the format with ports: one read instead of three.
            Some(&word) if adjacent => u64::from_le_bytes(word) & 0xff_ffff_ffff,
            _ => {
                let [src, dst] = [src_port, dst_port].map(|at| u16::from_le_bytes(read(row, at)));
                let [protocol] = read(row, protocol);
                u64::from(src) | u64::from(dst) << 16 | u64::from(protocol) << 32
            }
        }
    }
}

/// The last word of a 5-tuple with source and destination port exchanged.
#[inline(always)]
const fn swap_ports(rest: u64) -> u64 {
    rest >> 32 << 32 | (rest as u32).rotate_left(16) as u64
}

/// A 5-tuple in readable form, for output and files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FiveTuple {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Source port.
    pub sport: u16,
    /// Destination port.
    pub dport: u16,
    /// IP protocol.
    pub proto: u8,
}

impl FiveTuple {
    /// Makes the 5-tuple; `rest` is its last word, with the first byte highest.
    fn new(src: IpAddr, dst: IpAddr, rest: u64) -> Self {
        Self {
            src,
            dst,
            sport: (rest >> 48) as u16,
            dport: (rest >> 32) as u16,
            proto: (rest >> 24) as u8,
        }
    }
}

impl fmt::Display for FiveTuple {
    /// `src:sport>dst:dport/proto`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            src,
            dst,
            sport,
            dport,
            proto,
        } = self;
        write!(f, "{src}:{sport}>{dst}:{dport}/{proto}")
    }
}

macro_rules! builtin {
    ($($(#[$doc:meta])* $name:ident = $profile:path, $address:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Layout for $name {
            type Address = $address;

            const ROW_BYTES: usize = $profile.row_bytes();

            #[inline(always)]
            fn columns(&self) -> &Columns {
                const COLUMNS: Columns = Columns::of(&$profile);
                &COLUMNS
            }
        }
    )*};
}

builtin! {
    /// Rows of profile 1, `source`.
    Source = profile::SOURCE, u32;
    /// Rows of profile 2, `knock`.
    Knock = profile::KNOCK, u32;
    /// Rows of profile 3, `flow`.
    Flow = profile::FLOW, u32;
    /// Rows of profile 4, `flow-time`.
    FlowTime = profile::FLOW_TIME, u32;
    /// Rows of profile 5, `flow6-time`.
    Flow6Time = profile::FLOW6_TIME, [u64; 2];
}

/// Rows of a user's profile with 4-byte addresses.
#[derive(Clone, Copy, Debug)]
pub struct User4(pub Columns);

impl Layout for User4 {
    type Address = u32;

    #[inline(always)]
    fn columns(&self) -> &Columns {
        &self.0
    }
}

/// Rows of a user's profile with 16-byte addresses.
#[derive(Clone, Copy, Debug)]
pub struct User16(pub Columns);

impl Layout for User16 {
    type Address = [u64; 2];

    #[inline(always)]
    fn columns(&self) -> &Columns {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scr_wire::{Parsed, Timestamp};

    fn packet() -> (Parsed, Timestamp) {
        let mut packet = Parsed {
            src_port: 1027u16.to_be_bytes(),
            dst_port: 80u16.to_be_bytes(),
            protocol: 6,
            tcp_flags: 0x12,
            ip_length: 40u16.to_be_bytes(),
            tcp_seq: 7u32.to_be_bytes(),
            tcp_ack: 9u32.to_be_bytes(),
            ..Parsed::default()
        };
        packet.src = Ipv4Addr::new(10, 0, 0, 3).to_ipv6_mapped().octets();
        packet.dst = Ipv4Addr::new(10, 0, 1, 1).to_ipv6_mapped().octets();
        let time = Timestamp {
            seconds: 5,
            nanos: 6,
        };
        (packet, time)
    }

    fn check<L: Layout>(layout: L, profile: &Profile) {
        let (packet, time) = packet();
        let mut row = [0; 64];
        profile.encode(&packet, time, &mut row);
        let row = &row[..profile.row_bytes()];
        let or_zero = |field, value: u64| if has(profile, field) { value } else { 0 };
        assert_eq!(layout.src(row).ip().to_string(), "10.0.0.3");
        assert_eq!(u64::from(layout.dst_port(row)), or_zero(Field::DstPort, 80));
        assert_eq!(u64::from(layout.protocol(row)), or_zero(Field::Protocol, 6));
        assert_eq!(
            u64::from(layout.ip_length(row)),
            or_zero(Field::IpLength, 40)
        );
        assert_eq!(layout.nanos(row), or_zero(Field::Seconds, 5_000_000_006));
        assert_eq!(u64::from(layout.tcp_seq(row)), or_zero(Field::TcpSeq, 7));
        assert_eq!(u64::from(layout.tcp_ack(row)), or_zero(Field::TcpAck, 9));
        if has(profile, Field::DstIp4) {
            assert_eq!(
                L::Address::tuple(layout.flow(row)).to_string(),
                "10.0.0.3:1027>10.0.1.1:80/6"
            );
            let back = L::Address::reversed(layout.flow(row));
            assert_eq!(
                L::Address::tuple(back).to_string(),
                "10.0.1.1:80>10.0.0.3:1027/6"
            );
            assert_eq!(L::Address::reversed(back), layout.flow(row));
        }
        assert!(!layout.is_blank(row));
        assert!(layout.is_blank(&[0; 64][..profile.row_bytes()]));
        // 0.0.0.0 is the same in every profile.
        let mut unspecified = [0; 64];
        let mut zeros = Parsed::default();
        zeros.src[10..12].fill(0xff);
        zeros.dst = packet.dst;
        profile.encode(&zeros, time, &mut unspecified);
        assert!(layout.is_of_nobody(&unspecified[..profile.row_bytes()]));
        assert!(!layout.is_of_nobody(row));
    }

    #[test]
    fn a_translated_row_is_that_of_the_translated_packet() {
        let (mut packet, time) = packet();
        let mut rows = [[0; 64]; 2];
        let encode = |packet: &Parsed, row: &mut [u8; 64], profile: &Profile| {
            row.fill(0);
            profile.encode(packet, time, row);
        };
        for p in profile::BUILTIN {
            packet = self::packet().0;
            encode(&packet, &mut rows[0], p);
            let to = Translation {
                src: Some(Endpoint::new(0xc000_0201, 5)),
                dst: Some(Endpoint::new(0xc000_0202, 6)),
            };
            if p.has_ipv6() {
                Columns::of(p).translate::<[u64; 2]>(&mut rows[0][..p.row_bytes()], &to);
            } else {
                Columns::of(p).translate::<u32>(&mut rows[0][..p.row_bytes()], &to);
            }
            packet.src = Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped().octets();
            packet.dst = Ipv4Addr::new(192, 0, 2, 2).to_ipv6_mapped().octets();
            (packet.src_port, packet.dst_port) = ([0, 5], [0, 6]);
            encode(&packet, &mut rows[1], p);
            assert_eq!(rows[0], rows[1], "{}", p.name());
        }
        assert_eq!(<[u64; 2]>::read(&packet.src, 0).v4(), Some(0xc000_0201));
        assert_eq!([0, 1].v4(), None);
    }

    #[test]
    fn reads_what_profiles_of_users_encode() {
        use Field::*;
        let narrow: [&[Field]; 3] = [
            // The row ends with the ports, so no whole word begins at them.
            &[
                SrcIp4, DstIp4, IpLength, TcpFlags, SrcPort, DstPort, Protocol,
            ],
            &[
                DstIp4, SrcIp4, DstPort, SrcPort, Protocol, TcpFlags, IpLength,
            ],
            &[
                Protocol, SrcPort, SrcIp4, TcpFlags, DstPort, DstIp4, IpLength,
            ],
        ];
        for fields in narrow {
            let profile = Profile::new(200, "narrow", 16, fields);
            check(User4(Columns::of(&profile)), &profile);
        }
        let fields = &[
            DstIp,
            SrcIp,
            Seconds,
            Nanoseconds,
            TcpSeq,
            TcpAck,
            Zero(11),
            SrcPort,
            DstPort,
            Protocol,
        ];
        let profile = Profile::new(200, "wide", 64, fields);
        check(User16(Columns::of(&profile)), &profile);
    }

    #[test]
    fn flows_are_ordered_numerically() {
        let flow = |addresses: u64, rest: u64| Flow4 {
            addresses: addresses.swap_bytes(),
            rest: rest.swap_bytes(),
        };
        let ordered = [
            (1, 5 << 48),
            (1, 5 << 48 | 1),
            (0x100, 3),
            (0x100, 1 << 16),
            (1 << 32, 0),
        ];
        assert!(ordered.map(|(a, r)| flow(a, r)).is_sorted());
        assert!(
            ordered
                .map(|(a, r)| Flow6([0, 0, 0, flow(a, r).addresses, flow(a, r).rest]))
                .is_sorted()
        );
        for (a, r) in ordered {
            let there = flow(a, r);
            let back = u32::reversed(there);
            let (key, reversed) = u32::undirected(there);
            assert_eq!(u32::undirected(back).0, key);
            assert_eq!(if reversed { back } else { there }, key);
        }
    }

    #[test]
    fn reads_what_the_profile_encodes() {
        check(Source, &profile::SOURCE);
        check(Knock, &profile::KNOCK);
        check(Flow, &profile::FLOW);
        check(FlowTime, &profile::FLOW_TIME);
        check(Flow6Time, &profile::FLOW6_TIME);
        for p in profile::BUILTIN {
            if p.has_ipv6() {
                check(User16(Columns::of(p)), p);
            } else {
                check(User4(Columns::of(p)), p);
            }
        }
    }
}
