//! The options of `load-balancer`, checked against each other.

use std::net::Ipv4Addr;

use super::maglev::is_prime;
use super::schedule::{Backend, Change, Status, phases};
use super::{Parameters, Service};
use crate::options::seconds;
use crate::scope::special;
use crate::{OptionError, Options};

/// Largest number of backends, so that weights and numbers stay small.
const MOST_BACKENDS: usize = 1000;
/// Largest number of changes: each has a lookup table.
const MOST_CHANGES: usize = 64;
const MOST_SERVICES: usize = 16;

pub(super) fn read(options: &mut Options) -> Result<Parameters, OptionError> {
    let services = options.value("vip", services)?;
    let services = services.unwrap_or_else(|| services_or_none("203.0.113.10"));
    let backends = options.value("backends", backends)?;
    let backends = backends.unwrap_or_else(|| {
        self::backends("10.1.0.1,10.1.0.2,10.1.0.3,10.1.0.4").unwrap_or_default()
    });
    let size = options.value("table", table_size)?.unwrap_or(65_537);
    if size < backends.len() {
        return Err(conflict(
            "option table of load-balancer must be at least the number of backends",
        ));
    }
    let own = |backend: &Backend| services.iter().any(|s| s.address == backend.address);
    if backends.iter().any(own) {
        return Err(conflict(
            "options vip and backends of load-balancer have an address in common",
        ));
    }
    let translates = backends.iter().any(|backend| backend.port.is_some());
    if translates && services.iter().any(|service| service.port.is_none()) {
        return Err(conflict(
            "a backend of load-balancer with a port needs a vip with a port: answers must get it back",
        ));
    }
    let mut changes = Vec::new();
    for (key, to) in [
        ("down", Status::Down),
        ("drain", Status::Draining),
        ("up", Status::Up),
    ] {
        let read = |text: &str| self::changes(text, &backends, to);
        changes.extend(options.value(key, read)?.unwrap_or_default());
    }
    if changes.len() > MOST_CHANGES {
        return Err(conflict(
            "load-balancer takes 64 changes of backends at most",
        ));
    }
    let mut addresses: Vec<u32> = backends.iter().map(|backend| backend.address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    Ok(Parameters {
        timed: !changes.is_empty(),
        phases: phases(&backends, size, changes).into(),
        services: services.into(),
        addresses: addresses.into(),
        backends: backends.into(),
        capacity: options.capacity()?,
    })
}

fn conflict(text: &str) -> OptionError {
    OptionError::Conflict(text.to_owned())
}

/// Rejects an address that is not a host's.
fn host(address: u32) -> Result<(), String> {
    match special(address) {
        None => Ok(()),
        Some(kind) => Err(format!(
            "{} is {kind}, and no host's to connect to; give the address of a host",
            Ipv4Addr::from_bits(address)
        )),
    }
}

/// Parses `ADDRESS` or `ADDRESS:PORT`.
fn endpoint(text: &str) -> Option<(u32, Option<u16>)> {
    let (address, port) = match text.split_once(':') {
        Some((address, port)) => (address, Some(port.parse().ok().filter(|&port| port != 0)?)),
        None => (text, None),
    };
    let address: Ipv4Addr = address.parse().ok()?;
    Some((address.to_bits(), port))
}

fn services(text: &str) -> Result<Vec<Service>, String> {
    const WRONG: &str =
        "must be IPv4 addresses, each with a port or without, as in 203.0.113.10:80,203.0.113.11";
    let mut services = Vec::new();
    for text in text.split(',') {
        let (address, port) = endpoint(text.trim()).ok_or(WRONG)?;
        host(address)?;
        let overlaps = |s: &Service| {
            s.address == address && (s.port == port || s.port.is_none() || port.is_none())
        };
        if services.iter().any(overlaps) {
            return Err(format!("{} overlaps one before", text.trim()));
        }
        services.push(Service { address, port });
    }
    if services.len() > MOST_SERVICES {
        return Err("has more than 16 addresses".to_owned());
    }
    Ok(services)
}

fn services_or_none(text: &str) -> Vec<Service> {
    services(text).unwrap_or_default()
}

fn backends(text: &str) -> Result<Vec<Backend>, String> {
    const WRONG: &str = "must be IPv4 addresses, each with a port or without and with a weight from 1 to 1000 or \
                         without, as in 10.1.0.1:8080*3,10.1.0.2";
    let mut backends: Vec<Backend> = Vec::new();
    for text in text.split(',') {
        let (name, weight) = match text.split_once('*') {
            Some((name, weight)) => {
                let weight = weight.trim().parse().ok();
                let weight = weight.filter(|weight| (1..=1000).contains(weight));
                (name.trim(), weight.ok_or(WRONG)?)
            }
            None => (text.trim(), 1),
        };
        let (address, port) = endpoint(name).ok_or(WRONG)?;
        host(address)?;
        if backends.iter().any(|other| other.name == name) {
            return Err(format!("has {name} twice"));
        }
        backends.push(Backend {
            name: name.to_owned(),
            address,
            port,
            weight,
        });
    }
    if backends.len() > MOST_BACKENDS {
        return Err("has more than 1000 backends".to_owned());
    }
    Ok(backends)
}

fn changes(text: &str, backends: &[Backend], to: Status) -> Result<Vec<Change>, String> {
    let change = |text: &str| {
        let (name, after) = text.split_once('@').ok_or_else(|| {
            "must be backends with seconds after the first packet, as in 10.1.0.1@60,10.1.0.2@0.5".to_owned()
        })?;
        let name = name.trim();
        let backend = backends.iter().position(|backend| backend.name == name);
        Ok(Change {
            after: seconds(after.trim()).map_err(str::to_owned)?,
            backend: backend.ok_or_else(|| format!("there is no backend {name}"))?,
            to,
        })
    };
    text.split(',').map(change).collect()
}

fn table_size(text: &str) -> Result<usize, &'static str> {
    match text.parse() {
        Ok(size @ 3..=16_777_216) if is_prime(size) => Ok(size as usize),
        _ => Err("must be a prime number from 3 to 16777216, as 65537 or 655373"),
    }
}
