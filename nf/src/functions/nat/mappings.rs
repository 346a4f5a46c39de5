//! The mapping from internal to external endpoints.
//!
//! ```text
//!  internal endpoint ──▶ table ──▶ slot of mapping ◀── owners[port] ◀── external endpoint
//!                                   in a list by last use, one list a pool
//! ```
//!
//! A *pool* is the ports of one external address for one protocol. Bits find its free ports ([`super::ports`]), and a
//! list finds its least recently used mapping ([`super::recency`]). Every step takes constant time.

use super::ports::FreePorts;
use super::recency::{Ends, Recency};
use crate::modulus::Modulus;
use crate::rewrite::{Endpoint, Protocol};
use crate::table::Table;

/// How mappings are made and when they end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Lowest and highest port.
    pub ports: (u16, u16),
    /// External addresses.
    pub external: Vec<u32>,
    /// Nanoseconds that a mapping lives without an outbound packet, for TCP and UDP. `None`: the least recently used
    /// mapping makes room when no port is free.
    pub timeouts: Option<[u64; 2]>,
}

impl Rules {
    /// Largest number of mappings.
    fn capacity(&self) -> usize {
        let ports = usize::from(self.ports.1 - self.ports.0) + 1;
        ports * self.external.len() * 2
    }
}

/// An internal endpoint and the external endpoint that represents it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The internal endpoint.
    pub internal: Endpoint,
    /// The external endpoint.
    pub external: Endpoint,
    /// Protocol of both endpoints.
    pub protocol: Protocol,
    /// Number of the pool that the external endpoint belongs to.
    pool: u16,
    /// Time of the last outbound packet, in nanoseconds.
    pub last: u64,
}

impl Mapping {
    /// The key in the table.
    fn key(&self) -> [u64; 2] {
        key(self.protocol, self.internal)
    }

    fn is_dead(&self, rules: &Rules, now: u64) -> bool {
        rules.timeouts.is_some_and(|timeouts| {
            now >= self.last.saturating_add(timeouts[self.protocol as usize])
        })
    }

    /// Whether the time has gone back by more than the mapping's lifetime since its last outbound packet: that packet's
    /// time was far ahead, and the mapping would outlive all others.
    fn is_ahead(&self, rules: &Rules, now: u64) -> bool {
        rules.timeouts.is_some_and(|timeouts| {
            self.last.saturating_sub(now) > timeouts[self.protocol as usize]
        })
    }
}

/// The key of an internal endpoint in the table.
fn key(protocol: Protocol, Endpoint { address, port }: Endpoint) -> [u64; 2] {
    let rest = u64::from(port) << 8 | u64::from(protocol.number());
    [address.into(), rest]
}

/// The ports of an external address for a protocol.
#[derive(Clone, Debug, PartialEq)]
struct Pool {
    free: FreePorts,
    /// The slot of each port's mapping, plus one; 0 if there is none.
    owners: Vec<u32>,
    by_use: Ends,
}

/// All mappings.
#[derive(Clone, Debug, PartialEq)]
pub struct Mappings {
    by_internal: Table<[u64; 2], u32>,
    slots: Vec<Mapping>,
    /// Slots without a mapping, the one freed last on top.
    unused: Vec<u32>,
    recency: Recency,
    /// The number of external addresses.
    addresses: Modulus,
    /// Pools by external address and protocol; each is made with its first mapping.
    pools: Vec<Option<Pool>>,
}

impl Mappings {
    /// No mappings.
    pub fn new(rules: &Rules) -> Self {
        Self {
            by_internal: Table::new(rules.capacity()),
            slots: Vec::new(),
            unused: Vec::new(),
            recency: Recency::default(),
            addresses: Modulus::of_len(rules.external.len()),
            pools: vec![None; rules.external.len() * 2],
        }
    }

    /// Whether prefetching pays.
    pub fn outgrow_l2(&self) -> bool {
        self.by_internal.outgrows_l2()
    }

    /// Prefetches what finding the mapping of an internal endpoint will touch.
    #[inline(always)]
    pub fn prefetch(&self, protocol: Protocol, internal: Endpoint) {
        self.by_internal.prefetch(&key(protocol, internal));
    }

    /// The mapping of an internal endpoint that sends at `now`, created if missing; `None` if no port is left.
    #[inline]
    pub fn outbound(
        &mut self,
        rules: &Rules,
        protocol: Protocol,
        internal: Endpoint,
        now: u64,
    ) -> Option<Mapping> {
        if let Some(&slot) = self.by_internal.get(&key(protocol, internal)) {
            let known = &mut self.slots[slot as usize];
            if !known.is_dead(rules, now) {
                known.last = now;
                let known = *known;
                if let Some(pool) = &mut self.pools[usize::from(known.pool)] {
                    self.recency.touch(&mut pool.by_use, slot);
                }
                return Some(known);
            }
            self.end(rules, slot);
        }
        // A host always gets the same external address (RFC 4787, REQ-2: paired).
        let which = self.addresses.remainder(internal.address.into()) as usize;
        let address = *rules.external.get(which)?;
        let pool = which * 2 + protocol as usize;
        let port = self.take_port(rules, pool, internal.port, now)?;
        let mapping = Mapping {
            internal,
            external: Endpoint::new(address, port),
            protocol,
            // There are 256 addresses at most.
            pool: pool as u16,
            last: now,
        };
        self.begin(rules, mapping);
        Some(mapping)
    }

    /// The mapping of `port` of external address number `which`, if one is alive at `now`.
    #[inline]
    pub fn inbound(
        &mut self,
        rules: &Rules,
        protocol: Protocol,
        which: usize,
        port: u16,
        now: u64,
    ) -> Option<Mapping> {
        let pool = which * 2 + protocol as usize;
        let slot = self.owner(rules, pool, port)?;
        let mapping = self.slots[slot as usize];
        if mapping.is_dead(rules, now) {
            self.end(rules, slot);
            return None;
        }
        Some(mapping)
    }

    /// All mappings alive at `now`, in unspecified order.
    pub fn living(&self, rules: &Rules, now: u64) -> impl Iterator<Item = &Mapping> {
        let slots = self.by_internal.iter();
        let mappings = slots.map(|(_, &slot)| &self.slots[slot as usize]);
        mappings.filter(move |mapping| !mapping.is_dead(rules, now))
    }

    fn owner(&self, rules: &Rules, pool: usize, port: u16) -> Option<u32> {
        let pool = self.pools.get(pool)?.as_ref()?;
        let at = usize::from(port.checked_sub(rules.ports.0)?);
        pool.owners.get(at)?.checked_sub(1)
    }

    /// A port for an internal endpoint with port `wanted`: that port if no live mapping has it, else the next free one,
    /// of the same parity if possible; else that of the least recently used mapping, if it is dead or far ahead.
    fn take_port(&mut self, rules: &Rules, at: usize, wanted: u16, now: u64) -> Option<u16> {
        let (low, high) = rules.ports;
        let pool = self.pools[at].get_or_insert_with(|| Pool {
            free: FreePorts::new(low, high),
            owners: vec![0; usize::from(high - low) + 1],
            by_use: Ends::default(),
        });
        if pool.free.take(wanted) {
            return Some(wanted);
        }
        if let Some(slot) = self.owner(rules, at, wanted)
            && self.slots[slot as usize].is_dead(rules, now)
        {
            self.end(rules, slot);
            return self.pools[at].as_mut()?.free.take(wanted).then_some(wanted);
        }
        let pool = self.pools[at].as_mut()?;
        if let Some(port) = pool.free.take_like(wanted) {
            return Some(port);
        }
        let oldest = pool.by_use.oldest()?;
        let mapping = self.slots[oldest as usize];
        let may_go = mapping.is_dead(rules, now) || mapping.is_ahead(rules, now);
        if rules.timeouts.is_some() && !may_go {
            return None;
        }
        self.end(rules, oldest);
        let port = mapping.external.port;
        self.pools[at].as_mut()?.free.take(port).then_some(port)
    }

    fn begin(&mut self, rules: &Rules, mapping: Mapping) {
        let slot = match self.unused.pop() {
            Some(slot) => {
                self.slots[slot as usize] = mapping;
                slot
            }
            None => {
                self.slots.push(mapping);
                self.slots.len() as u32 - 1
            }
        };
        *self.by_internal.get_or_insert(&mapping.key()).0 = slot;
        if let Some(pool) = &mut self.pools[usize::from(mapping.pool)] {
            pool.owners[usize::from(mapping.external.port - rules.ports.0)] = slot + 1;
            self.recency.push(&mut pool.by_use, slot);
        }
    }

    fn end(&mut self, rules: &Rules, slot: u32) {
        let mapping = self.slots[slot as usize];
        self.by_internal.remove(&mapping.key());
        if let Some(pool) = &mut self.pools[usize::from(mapping.pool)] {
            pool.owners[usize::from(mapping.external.port - rules.ports.0)] = 0;
            pool.free.free(mapping.external.port);
            self.recency.remove(&mut pool.by_use, slot);
        }
        self.unused.push(slot);
    }
}
