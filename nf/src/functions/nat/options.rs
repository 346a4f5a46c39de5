//! The options of `nat`, checked against each other.

use std::net::Ipv4Addr;

use super::mappings::Rules;
use super::{OptionError, Options, Parameters};
use crate::scope::special;

/// Largest number of external addresses: the ports of more would take more memory than anyone expects.
const MOST_ADDRESSES: usize = 256;
/// Lifetime of a UDP mapping in seconds (RFC 4787, REQ-5: recommended).
const UDP_TIMEOUT: u64 = 5 * 60;
/// Lifetime of a TCP mapping in seconds (RFC 5382, REQ-5: the minimum for an established connection).
const TCP_TIMEOUT: u64 = (2 * 60 + 4) * 60;
const SECOND: u64 = 1_000_000_000;

/// An IPv4 prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    first: u32,
    mask: u32,
}

impl Prefix {
    /// Whether `address` has this prefix.
    #[inline(always)]
    pub const fn has(&self, address: u32) -> bool {
        address & self.mask == self.first
    }

    /// Parses `ADDRESS/LENGTH`, or `ADDRESS`, which has length 32.
    fn read(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').unwrap_or((text, "32"));
        let address: Ipv4Addr = address.trim().parse().ok()?;
        let length: u32 = length.trim().parse().ok().filter(|&length| length <= 32)?;
        let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
        let first = address.to_bits();
        (first & !mask == 0).then_some(Self { first, mask })
    }

    fn read_all(text: &str) -> Result<Vec<Self>, &'static str> {
        let prefixes: Option<Vec<_>> = text.split(',').map(|p| Self::read(p.trim())).collect();
        prefixes.ok_or("must be IPv4 prefixes without bits behind their length, as in 10.0.0.0/8,192.168.1.0/24")
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.has(other.first) || other.has(self.first)
    }
}

pub(super) fn read(options: &mut Options) -> Result<Parameters, OptionError> {
    let (external_prefixes, external) = options
        .value("external", addresses)?
        .unwrap_or_else(|| default(addresses("203.0.113.1")));
    let inside = options
        .value("inside", Prefix::read_all)?
        .unwrap_or_else(|| default(Prefix::read_all("10.0.0.0/8,172.16.0.0/12,192.168.0.0/16")));
    let overlap = |e: &Prefix| inside.iter().any(|i| i.overlaps(e));
    if external_prefixes.iter().any(overlap) {
        return Err(OptionError::Conflict(
            "options external and inside of nat overlap: no address can be on both sides"
                .to_owned(),
        ));
    }
    let translate_all = options.flag("translate-all");
    let local = external.iter().find_map(|&a| Some((a, special(a)?)));
    if let Some((address, kind)) = local.filter(|_| !translate_all) {
        let address = Ipv4Addr::from_bits(address);
        return Err(OptionError::Conflict(format!(
            "option external of nat has {address}, {kind}: answers would not come back; \
             give addresses of hosts, or option translate-all"
        )));
    }
    let tcp = options.seconds("tcp-timeout")?;
    let udp = options.seconds("udp-timeout")?;
    let timeouts = match (options.flag("no-timeout"), tcp, udp) {
        (true, None, None) => None,
        (true, ..) => {
            return Err(OptionError::Conflict(
                "option no-timeout of nat excludes tcp-timeout and udp-timeout".to_owned(),
            ));
        }
        (false, ..) => Some([
            tcp.unwrap_or(TCP_TIMEOUT * SECOND),
            udp.unwrap_or(UDP_TIMEOUT * SECOND),
        ]),
    };
    let mut by_address: Vec<_> = (0..).zip(&external).map(|(n, &a)| (a, n)).collect();
    by_address.sort_unstable();
    if by_address.windows(2).any(|two| two[0].0 == two[1].0) {
        return Err(OptionError::Conflict(
            "option external of nat has an address twice".to_owned(),
        ));
    }
    Ok(Parameters {
        inside,
        translate_all,
        rules: Rules {
            ports: options.value("ports", ports)?.unwrap_or((1024, 65535)),
            external,
            timeouts,
        },
        by_address,
    })
}

/// A default, written like a value.
fn default<T: Default>(read: Result<T, &'static str>) -> T {
    read.unwrap_or_default()
}

fn addresses(text: &str) -> Result<(Vec<Prefix>, Vec<u32>), &'static str> {
    let prefixes = Prefix::read_all(text)?;
    let count: u64 = prefixes.iter().map(|p| u64::from(!p.mask) + 1).sum();
    if count > MOST_ADDRESSES as u64 {
        return Err("has more than 256 addresses");
    }
    let all = prefixes.iter().flat_map(|p| p.first..=p.first | !p.mask);
    let all = all.collect();
    Ok((prefixes, all))
}

fn ports(text: &str) -> Result<(u16, u16), &'static str> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    match (low.trim().parse(), high.trim().parse()) {
        (Ok(low), Ok(high)) if 0 < low && low <= high => Ok((low, high)),
        _ => Err("must be ports from 1 to 65535, as in 1024-65535"),
    }
}
