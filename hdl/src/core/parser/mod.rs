//! The stages of [`PacketParser`](super::packet_parser::PacketParser), in groups.
//!
//! | module | stages | does |
//! |---|---|---|
//! | [`vlan_tags`] | a, b | removes VLAN tags |
//! | [`ip_header_check`] | c | whether there is an IP header, and how long it is |
//! | [`ip_fields`] | d, e | what the IP header says |
//! | [`transport_header`] | d, e | finds the header behind it |
//! | [`row_fields`] | f, g | from the fields that the packet has to its row |
//!
//! Registers are named after the stage that they end. What every frame has, whatever is in it, travels past these blocks as an
//! [`Arrival`](super::types::Arrival).

pub mod ip_fields;
pub mod ip_header_check;
pub mod row_fields;
pub mod transport_header;
pub mod vlan_tags;

/// Bits of the window from the first place where an IP header can start, byte 14: 21 words of 4 bytes, for
/// two VLAN tags, an IP header of 15 words and 4 words of TCP header end with word 21.
pub const WORDS: usize = 21 * 32;

/// A presence bit for each of these bytes.
pub const BYTES: usize = 21 * 4;

/// Bits of the longest IP header whose fields are read: that of IPv6.
pub const IP_HEADER: usize = 40 * 8;

/// Bits from the first place where a transport header can start, behind 5 words of IP header.
pub const BEHIND_IP: usize = WORDS - 5 * 32;

/// Presence bits of these bytes, and one before them: whether the IP header is whole.
pub const BEHIND_IP_BYTES: usize = BEHIND_IP / 8 + 1;

/// Bits of the transport header that are read: to the end of TCP's flags, in whole words.
pub const TRANSPORT: usize = 4 * 32;

/// Presence bits of the transport header to the end of TCP's flags, and the one before them.
pub const TRANSPORT_BYTES: usize = 15;

/// The Verilog value of a 16-bit field as it stands on the bus, where a field's first byte is its lowest.
fn on_the_wire(value: u16) -> u64 {
    u64::from(value.swap_bytes())
}
