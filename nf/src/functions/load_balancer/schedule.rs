//! Which backends serve when, and the lookup table of each phase. Everything is known from the start, so no replica has
//! to fill a table while packets arrive.

use super::maglev::lookup_table;
use crate::modulus::Modulus;

/// A server behind the virtual address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// Name as given, which is also what is hashed.
    pub name: String,
    /// Address of the server.
    pub address: u32,
    /// Port of the server; `None` keeps that of the packet.
    pub port: Option<u16>,
    /// Share of the connections, relative to those of the others.
    pub weight: u32,
}

/// How a backend serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The backend serves.
    Up,
    /// The backend keeps its connections and gets no new ones.
    Draining,
    /// The backend does not serve; its connections move.
    Down,
}

/// A change of a backend's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Nanoseconds after the first row.
    pub after: u64,
    /// Number of the backend.
    pub backend: usize,
    /// The new status.
    pub to: Status,
}

/// The backends between two changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Start of the phase, in nanoseconds after the first row.
    pub after: u64,
    /// The status of each backend.
    pub status: Box<[Status]>,
    /// Number of the backend of each place.
    pub table: Box<[u16]>,
    /// The number of places.
    pub places: Modulus,
}

/// The phases that `changes` make, in order of time; of changes at the same time the last one wins.
pub fn phases(backends: &[Backend], size: usize, mut changes: Vec<Change>) -> Vec<Phase> {
    changes.sort_by_key(|change| change.after);
    let mut status: Box<[Status]> = vec![Status::Up; backends.len()].into();
    let mut phases = vec![Phase::new(backends, size, 0, status.clone())];
    for (i, change) in changes.iter().enumerate() {
        status[change.backend] = change.to;
        if changes
            .get(i + 1)
            .is_none_or(|next| next.after != change.after)
        {
            phases.push(Phase::new(backends, size, change.after, status.clone()));
        }
    }
    phases
}

impl Phase {
    fn new(backends: &[Backend], size: usize, after: u64, status: Box<[Status]>) -> Self {
        let takers = backends.iter().zip(&status).map(|(backend, &status)| {
            let weight = if status == Status::Up {
                backend.weight
            } else {
                0
            };
            (&backend.name[..], weight)
        });
        let table = lookup_table(size, takers);
        Self {
            after,
            status,
            places: Modulus::of_len(table.len()),
            table,
        }
    }
}
