//! Which backends serve when, and the lookup table of each time. All is known from the start, so that no replica has to
//! fill a table while packets come.

use super::maglev::lookup_table;
use crate::modulus::Modulus;

/// A server behind the virtual address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// As it was given: it is what is hashed.
    pub name: String,
    /// Its address.
    pub address: u32,
    /// Its port; `None` keeps that of the packet.
    pub port: Option<u16>,
    /// Its share, relative to those of the others.
    pub weight: u32,
}

/// How a backend serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It serves.
    Up,
    /// It keeps its connections and gets no new ones.
    Draining,
    /// It does not serve: its connections move.
    Down,
}

/// A backend's status changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Nanoseconds after the first row.
    pub after: u64,
    /// Number of the backend.
    pub backend: usize,
    /// What it becomes.
    pub to: Status,
}

/// The backends between two changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Nanoseconds after the first row at which it begins.
    pub after: u64,
    /// The status of each backend.
    pub status: Box<[Status]>,
    /// The backend of each place.
    pub table: Box<[u16]>,
    /// The number of places.
    pub places: Modulus,
}

/// The phases that `changes` make, in order of time; of those at the same time the last one holds.
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
