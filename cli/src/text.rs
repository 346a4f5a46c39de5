//! Text forms of times, addresses, flags and fields of a row.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use scr_wire::{Field, Profile};
use serde::Serializer;
use serde_json::{Map, Value};

/// A 16-byte address; IPv4-mapped addresses as IPv4.
pub fn ip(bytes: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(bytes).to_canonical()
}

/// A capture's timestamp as the sequencer uses it: seconds modulo 2³².
pub fn wire_time(time: scr_capture::Timestamp) -> scr_wire::Timestamp {
    scr_wire::Timestamp {
        seconds: time.seconds as u32,
        nanos: time.nanos,
    }
}

/// The largest number up to which JSON readers keep all digits.
const EXACT: u64 = 1 << 53;

/// Writes a 64-bit number to JSON: up to 2⁵³ as a number, above as a string of its digits, because many readers would
/// round it.
///
/// # Errors
///
/// The serializer's errors.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
pub fn exact<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    match *number {
        number if number <= EXACT => serializer.serialize_u64(number),
        number => serializer.collect_str(&number),
    }
}

/// Names of the TCP flags set, as in `SYN+ACK`; `-` for none.
pub fn tcp_flags(flags: u8) -> String {
    const NAMES: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
    let set: Vec<&str> = (0..8)
        .filter(|bit| flags & (1 << bit) != 0)
        .map(|bit| NAMES[bit])
        .collect();
    if set.is_empty() {
        "-".to_owned()
    } else {
        set.join("+")
    }
}

/// Name of an IP protocol, or its number.
pub fn protocol(number: u8) -> String {
    match number {
        1 => "ICMP".to_owned(),
        2 => "IGMP".to_owned(),
        6 => "TCP".to_owned(),
        17 => "UDP".to_owned(),
        47 => "GRE".to_owned(),
        58 => "ICMPv6".to_owned(),
        132 => "SCTP".to_owned(),
        other => format!("protocol {other}"),
    }
}

/// The value of a field as JSON: addresses as text, everything else as a number.
fn field_value(field: Field, bytes: &[u8]) -> Value {
    match field {
        Field::SrcIp4 | Field::DstIp4 => match <[u8; 4]>::try_from(bytes) {
            Ok(address) => Ipv4Addr::from(address).to_string().into(),
            Err(_) => Value::Null,
        },
        Field::SrcIp | Field::DstIp => match <[u8; 16]>::try_from(bytes) {
            Ok(address) => ip(address).to_string().into(),
            Err(_) => Value::Null,
        },
        Field::Zero(_) => hex(bytes).into(),
        _ => bytes
            .iter()
            .fold(0_u64, |n, &byte| n << 8 | u64::from(byte))
            .into(),
    }
}

/// The bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A row's fields and their bytes; `zero` fields only if they are not zero, which no sequencer writes.
fn shown<'r>(profile: &Profile, row: &'r [u8]) -> impl Iterator<Item = (Field, &'r [u8])> {
    profile.layout().filter_map(move |(at, field)| {
        let bytes = row.get(at..at + field.len())?;
        let odd = bytes.iter().any(|&byte| byte != 0);
        (!matches!(field, Field::Zero(_)) || odd).then_some((field, bytes))
    })
}

/// A row as a JSON object from field names to values, in the order of the profile.
pub fn row_json(profile: &Profile, row: &[u8]) -> Map<String, Value> {
    shown(profile, row)
        .map(|(field, bytes)| (field.name().to_owned(), field_value(field, bytes)))
        .collect()
}

/// A row in one line: `src_ip4 10.0.0.3  dst_port 80  tcp_flags SYN`.
pub fn row_line(profile: &Profile, row: &[u8]) -> String {
    let texts: Vec<String> = shown(profile, row)
        .map(|(field, bytes)| {
            let value = match (field, field_value(field, bytes)) {
                (Field::TcpFlags, _) => tcp_flags(bytes.first().copied().unwrap_or(0)),
                (_, Value::String(text)) => text,
                (_, value) => value.to_string(),
            };
            format!("{} {value}", field.name())
        })
        .collect();
    texts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use scr_wire::profile;

    #[test]
    fn rows_are_written_by_field() {
        let row = [10, 0, 0, 3, 10, 0, 1, 1, 4, 3, 0, 80, 6, 0x12, 0, 40];
        assert_eq!(
            row_line(&profile::FLOW, &row),
            "src_ip4 10.0.0.3  dst_ip4 10.0.1.1  src_port 1027  dst_port 80  protocol 6  tcp_flags SYN+ACK  ip_length 40"
        );
        assert_eq!(
            serde_json::to_string(&row_json(&profile::FLOW, &row)).unwrap(),
            r#"{"src_ip4":"10.0.0.3","dst_ip4":"10.0.1.1","src_port":1027,"dst_port":80,"protocol":6,"tcp_flags":18,"ip_length":40}"#
        );
    }

    #[test]
    fn addresses_in_a_wide_field() {
        let mut mapped = [0; 16];
        mapped[10..12].fill(0xff);
        mapped[12..].copy_from_slice(&[10, 0, 0, 1]);
        assert_eq!(ip(mapped).to_string(), "10.0.0.1");
        assert_eq!(ip([0; 16]).to_string(), "::");
    }
}
