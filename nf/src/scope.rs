//! IPv4 addresses that are not those of a single host beyond the next router.

use std::net::Ipv4Addr;

/// Kind of this address if packets to it are not for a single host that a router forwards to: multicast (224.0.0.0/4),
/// broadcast (255.255.255.255), link-local (169.254.0.0/16), loopback (127.0.0.0/8) or this network (0.0.0.0/8). A
/// subnet's broadcast address looks like any other. The rest of 240.0.0.0/4 is unassigned and treated as hosts.
#[inline]
pub const fn special(address: u32) -> Option<&'static str> {
    let ip = Ipv4Addr::from_bits(address);
    if ip.is_multicast() {
        Some("a multicast address")
    } else if ip.is_broadcast() {
        Some("the broadcast address")
    } else if ip.is_link_local() {
        Some("a link-local address")
    } else if ip.is_loopback() {
        Some("a loopback address")
    } else if ip.octets()[0] == 0 {
        Some("an address of this network (0.0.0.0/8)")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_begin_and_end_where_they_should() {
        let is = |text: &str| special(text.parse::<Ipv4Addr>().unwrap().to_bits()).is_some();
        for inside in [
            "0.0.0.0",
            "0.255.255.255",
            "127.0.0.0",
            "127.255.255.255",
            "169.254.0.0",
            "169.254.255.255",
            "224.0.0.0",
            "239.255.255.255",
            "255.255.255.255",
        ] {
            assert!(is(inside), "{inside}");
        }
        for outside in [
            "1.0.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "223.255.255.255",
            "240.0.0.0",
            "255.255.255.254",
            "192.0.2.255",
        ] {
            assert!(!is(outside), "{outside}");
        }
    }
}
