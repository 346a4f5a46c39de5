use rust_hdl::prelude::*;
use scr_wire::{Field, Profile};

use super::INLINE;

/// Lays a packet's fields out as a row, in the order of a profile: the hardware's side of the one
/// description that [`Profile`] is. Pure wiring.
///
/// Every field enters as its bytes stand on the wire, first byte in the lowest bits.
#[derive(LogicBlock, Default)]
pub struct RowLayout<const R: usize> {
    /// Source address, 16 bytes, IPv4-mapped for IPv4.
    pub src_ip: Signal<In, Bits<128>>,
    /// Destination address, likewise.
    pub dst_ip: Signal<In, Bits<128>>,
    /// Source port.
    pub src_port: Signal<In, Bits<16>>,
    /// Destination port.
    pub dst_port: Signal<In, Bits<16>>,
    /// Protocol.
    pub protocol: Signal<In, Bits<8>>,
    /// TCP flags.
    pub tcp_flags: Signal<In, Bits<8>>,
    /// IP length.
    pub ip_length: Signal<In, Bits<16>>,
    /// Seconds.
    pub seconds: Signal<In, Bits<32>>,
    /// Nanoseconds.
    pub nanoseconds: Signal<In, Bits<32>>,
    /// TCP sequence number.
    pub tcp_seq: Signal<In, Bits<32>>,
    /// TCP acknowledgment number.
    pub tcp_ack: Signal<In, Bits<32>>,
    /// The row.
    pub row: Signal<Out, Bits<R>>,
    _layout: Vec<(usize, Field)>,
}

impl<const R: usize> RowLayout<R> {
    /// The layout of `profile`, whose rows must have R bits.
    ///
    /// # Panics
    ///
    /// When they have not.
    pub fn new(profile: &Profile) -> Self {
        assert_eq!(
            profile.row_bytes() * 8,
            R,
            "row width of {}",
            profile.name()
        );
        Self {
            _layout: profile.layout().collect(),
            ..Self::default()
        }
    }

    fn value(&self, field: Field) -> Bits<R> {
        fn widen<const N: usize, const R: usize>(v: Bits<N>) -> Bits<R> {
            bit_cast::<R, N>(v)
        }
        match field {
            Field::SrcIp => widen(self.src_ip.val()),
            Field::DstIp => widen(self.dst_ip.val()),
            Field::SrcIp4 => widen(self.src_ip.val().get_bits::<32>(96)),
            Field::DstIp4 => widen(self.dst_ip.val().get_bits::<32>(96)),
            Field::SrcPort => widen(self.src_port.val()),
            Field::DstPort => widen(self.dst_port.val()),
            Field::Protocol => widen(self.protocol.val()),
            Field::TcpFlags => widen(self.tcp_flags.val()),
            Field::IpLength => widen(self.ip_length.val()),
            Field::Seconds => widen(self.seconds.val()),
            Field::Nanoseconds => widen(self.nanoseconds.val()),
            Field::TcpSeq => widen(self.tcp_seq.val()),
            Field::TcpAck => widen(self.tcp_ack.val()),
            Field::Zero(_) => Bits::default(),
        }
    }
}

impl<const R: usize> Logic for RowLayout<R> {
    fn update(&mut self) {
        let mut row = Bits::<R>::default();
        for &(offset, field) in &self._layout {
            row = row | (self.value(field) << (offset * 8) as u64);
        }
        self.row.next = row;
    }

    fn connect(&mut self) {
        self.row.connect();
    }

    fn hdl(&self) -> Verilog {
        let mut code = String::from(INLINE);
        for &(offset, field) in &self._layout {
            let source = match field {
                // An IPv4 address is the last four bytes of the mapped one.
                Field::SrcIp4 => "src_ip[127:96]".to_owned(),
                Field::DstIp4 => "dst_ip[127:96]".to_owned(),
                Field::Zero(n) => format!("{}'d0", usize::from(n) * 8),
                other => other.name().to_owned(),
            };
            let (high, low) = ((offset + field.len()) * 8 - 1, offset * 8);
            code += &format!("assign row[{high}:{low}] = {source};\n");
        }
        Verilog::Custom(code)
    }
}
