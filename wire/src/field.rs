//! The fields that rows are made of.

/// One field of a row. Its bytes are as on the wire (big-endian if it is a number), and all zero if the packet does not
/// have the field.
///
/// The list is closed on purpose: each field needs an extractor in hardware, and the extractor's record
/// ([`crate::parse::Parsed`]) carries exactly these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// IPv4 source address, 4 bytes.
    SrcIp4,
    /// IPv4 destination address, 4 bytes.
    DstIp4,
    /// Source address, 16 bytes: IPv6, or IPv4-mapped (`::ffff:a.b.c.d`).
    SrcIp,
    /// Destination address, 16 bytes: IPv6, or IPv4-mapped (`::ffff:a.b.c.d`).
    DstIp,
    /// TCP or UDP source port, 2 bytes.
    SrcPort,
    /// TCP or UDP destination port, 2 bytes.
    DstPort,
    /// IPv4 protocol or IPv6 next header, 1 byte.
    Protocol,
    /// Byte 13 of the TCP header: CWR ECE URG ACK PSH RST SYN FIN, 1 byte.
    TcpFlags,
    /// IP length, 2 bytes: the IPv4 total length, or 40 + the IPv6 payload length modulo 65,536.
    IpLength,
    /// Seconds of the receive timestamp modulo 2³², 4 bytes.
    Seconds,
    /// Nanoseconds of the receive timestamp, 4 bytes.
    Nanoseconds,
    /// TCP sequence number, 4 bytes.
    TcpSeq,
    /// TCP acknowledgment number, 4 bytes.
    TcpAck,
    /// `n` bytes of zero.
    Zero(u8),
}

impl Field {
    /// Every field but [`Field::Zero`], in the order of their first use in the profiles.
    pub const ALL: [Self; 13] = [
        Self::SrcIp4,
        Self::DstIp4,
        Self::SrcIp,
        Self::DstIp,
        Self::SrcPort,
        Self::DstPort,
        Self::Protocol,
        Self::TcpFlags,
        Self::IpLength,
        Self::Seconds,
        Self::Nanoseconds,
        Self::TcpSeq,
        Self::TcpAck,
    ];

    /// Length in bytes.
    pub const fn len(self) -> usize {
        match self {
            Self::SrcIp | Self::DstIp => 16,
            Self::SrcIp4
            | Self::DstIp4
            | Self::Seconds
            | Self::Nanoseconds
            | Self::TcpSeq
            | Self::TcpAck => 4,
            Self::SrcPort | Self::DstPort | Self::IpLength => 2,
            Self::Protocol | Self::TcpFlags => 1,
            Self::Zero(n) => n as usize,
        }
    }

    /// Whether the field has no bytes (only `Zero(0)`).
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Name in configuration files, Verilog and dissectors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SrcIp4 => "src_ip4",
            Self::DstIp4 => "dst_ip4",
            Self::SrcIp => "src_ip",
            Self::DstIp => "dst_ip",
            Self::SrcPort => "src_port",
            Self::DstPort => "dst_port",
            Self::Protocol => "protocol",
            Self::TcpFlags => "tcp_flags",
            Self::IpLength => "ip_length",
            Self::Seconds => "seconds",
            Self::Nanoseconds => "nanoseconds",
            Self::TcpSeq => "tcp_seq",
            Self::TcpAck => "tcp_ack",
            Self::Zero(_) => "zero",
        }
    }

    /// The field with this [`name`](Self::name); `zero` is not found, because it needs a length.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name)
    }

    /// A phrase for documentation tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::SrcIp4 => "src IPv4",
            Self::DstIp4 => "dst IPv4",
            Self::SrcIp => "src IP",
            Self::DstIp => "dst IP",
            Self::SrcPort => "src port",
            Self::DstPort => "dst port",
            Self::Protocol => "protocol",
            Self::TcpFlags => "tcp_flags",
            Self::IpLength => "IP length",
            Self::Seconds => "seconds",
            Self::Nanoseconds => "nanoseconds",
            Self::TcpSeq => "TCP sequence number",
            Self::TcpAck => "TCP acknowledgment number",
            Self::Zero(_) => "zero",
        }
    }

    /// Whether the field exists only for 16-byte addresses, which make a profile sequence IPv6, too.
    pub const fn is_wide_address(self) -> bool {
        matches!(self, Self::SrcIp | Self::DstIp)
    }

    /// Whether the field comes from the receive timestamp rather than the packet.
    pub const fn is_timestamp(self) -> bool {
        matches!(self, Self::Seconds | Self::Nanoseconds)
    }
}
