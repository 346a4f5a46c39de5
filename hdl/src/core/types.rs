//! Widths and bundles shared by several blocks.

use rust_hdl::prelude::*;

/// Bits of `tuser`: the receive timestamp (bits 96..1: 48-bit seconds, 32-bit nanoseconds, 16-bit
/// fraction, seconds most significant), which a frame has at its first beat, and the shell's bad-frame flag (bit 0),
/// which every beat has and shells set with the last. As Corundum has it.
pub const USER: usize = 97;

/// Bits of the timestamp in `tuser`.
pub const TIME: usize = 96;

/// Bits of `tid`, passed through.
pub const ID: usize = 8;

/// Bits of `tdest`, the receive queue.
pub const DEST: usize = 9;

/// Address bits of the beat FIFOs: 32 beats, the depth of one LUT of distributed RAM.
pub const FIFO_BITS: usize = 5;

/// A configuration, with what follows from it.
#[derive(Clone, Copy, PartialEq, Debug, Default, LogicStruct)]
pub struct Configuration {
    /// Enable; false passes every frame by.
    pub enable: Bit,
    /// Sequence every frame, not only IP.
    pub sequence_all: Bit,
    /// k.
    pub cores: Bits<8>,
    /// k is 1.
    pub one_core: Bit,
    /// k less two.
    pub cores_less_two: Bits<8>,
    /// B.
    pub prefix_words: Bits<8>,
    /// Beats of prefix, less one.
    pub last_prefix_beat: Bits<8>,
    /// min(M, N + 1, 255).
    pub max_valid_rows: Bits<10>,
    /// Queue of frames that are not sequenced.
    pub default_queue: Bits<9>,
}

/// What every frame brings along, whatever is in it: it travels through the parser beside the frame's bytes.
#[derive(Clone, Copy, PartialEq, Debug, Default, LogicStruct)]
pub struct Arrival {
    /// The timestamp in `tuser` of its first beat.
    pub timestamp: Bits<96>,
    /// `tid` of its first beat.
    pub id: Bits<8>,
    /// Beats by which it fell short of the window.
    pub missing_beats: Bits<4>,
}

/// The fields of the IP header, and what follows from its protocol.
#[derive(Clone, Copy, PartialEq, Debug, Default, LogicStruct)]
pub struct IpHeader {
    /// Source address, IPv4-mapped for IPv4.
    pub src: Bits<128>,
    /// Destination address, likewise.
    pub dst: Bits<128>,
    /// Length of the packet, header included, as on the wire.
    pub length: Bits<16>,
    /// Protocol.
    pub protocol: Bits<8>,
    /// There is an IP header, as far as the frame has it.
    pub ip: Bit,
    /// The EtherType is one of IP's.
    pub ip_type: Bit,
    /// The packet begins with a transport header: it is whole, or the first fragment.
    pub first_fragment: Bit,
    /// The protocol is TCP.
    pub tcp: Bit,
    /// The protocol is UDP.
    pub udp: Bit,
}

/// The bytes in which a transport header is, if there is one.
#[derive(Clone, Copy, PartialEq, Debug, Default, LogicStruct)]
pub struct TransportBytes {
    /// Bytes behind the IP header, to the end of TCP's flags, in whole words.
    pub bytes: Bits<128>,
    /// Bit i + 1: the frame has byte i of them; bit 0: it has the last byte of the IP header.
    pub present: Bits<15>,
}

/// What is known of a frame besides its row when the parser is done with it.
#[derive(Clone, Copy, PartialEq, Debug, Default, LogicStruct)]
pub struct FrameInfo {
    /// The frame passed step 2 of the format's section 5.
    pub is_ip: Bit,
    /// The frame has an IP EtherType but failed step 2.
    pub malformed: Bit,
    /// The timestamp in `tuser` of its first beat.
    pub timestamp: Bits<96>,
    /// `tid` of its first beat.
    pub id: Bits<8>,
}

/// What the scheduler and the assembler need to send a frame.
#[derive(Clone, Copy, PartialEq, Debug, Default, LogicStruct)]
pub struct FrameTicket {
    /// The frame gets a prefix.
    pub sequenced: Bit,
    /// The prefix has one beat.
    pub one_beat: Bit,
    /// The prefix has two beats.
    pub two_beats: Bit,
    /// Beats of prefix behind the first.
    pub left_after: Bits<8>,
    /// Row slots of the prefix that are to be filled: header slots and valid rows.
    pub filled_slots: Bits<10>,
    /// Row slots that are to be filled from the second beat on.
    pub filled_after: Bits<10>,
    /// History address of the newest row of the first beat.
    pub address: Bits<9>,
    /// The address before it.
    pub address_less_one: Bits<9>,
    /// The address for the second beat.
    pub address_after: Bits<9>,
    /// Rotation that brings the newest row first.
    pub rotation: Bits<5>,
    /// B, for the header.
    pub prefix_words: Bits<8>,
    /// k, for the header.
    pub cores: Bits<8>,
    /// The core, for the header.
    pub core: Bits<8>,
    /// The epoch, for the header.
    pub epoch: Bits<6>,
    /// The sequence number, for the header.
    pub seq: Bits<40>,
    /// Valid rows, for the header.
    pub valid_rows: Bits<8>,
    /// The timestamp in `tuser` of the frame.
    pub timestamp: Bits<96>,
    /// `tid` of the frame.
    pub id: Bits<8>,
    /// `tdest` of the frame.
    pub dest: Bits<9>,
}

/// The 16 bytes of the format's header; byte 0 of the frame in the lowest bits.
#[derive(Clone, Copy, PartialEq, Debug, Default, LogicStruct)]
pub struct HeaderBytes {
    /// Byte 0: first byte of the destination MAC address.
    pub dst_mac: Bits<8>,
    /// Byte 1: format version.
    pub version: Bits<8>,
    /// Byte 2: row profile.
    pub profile: Bits<8>,
    /// Byte 3: B.
    pub prefix_words: Bits<8>,
    /// Byte 4: k.
    pub cores: Bits<8>,
    /// Byte 5: the core.
    pub core: Bits<8>,
    /// Byte 6, bits 1..0: source MAC address is locally administered, unicast.
    pub src_mac: Bits<2>,
    /// Byte 6, bits 7..2: epoch.
    pub epoch: Bits<6>,
    /// Byte 7: sequence number, most significant byte.
    pub seq_4: Bits<8>,
    /// Byte 8.
    pub seq_3: Bits<8>,
    /// Byte 9.
    pub seq_2: Bits<8>,
    /// Byte 10.
    pub seq_1: Bits<8>,
    /// Byte 11: sequence number, least significant byte.
    pub seq_0: Bits<8>,
    /// Bytes 12 and 13: EtherType.
    pub ethertype: Bits<16>,
    /// Byte 14: valid rows.
    pub valid_rows: Bits<8>,
    /// Byte 15: log2 of the row size.
    pub row_log2: Bits<8>,
}
