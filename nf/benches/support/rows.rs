//! Rows and row updates that the table's bench and example share.
#![allow(dead_code)]

use std::hash::Hash;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use scr_nf::layout::{Flow, Flow4, Layout};
use scr_nf::table::Table;

/// A flow's counts, as those of `heavy-hitter`.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    packets: u64,
    bytes: u64,
}

impl Counts {
    #[inline(always)]
    fn add(&mut self, row: &[u8; 16]) {
        self.packets += 1;
        self.bytes += u64::from(Flow.ip_length(row));
    }
}

/// `count` rows of `flows` flows in pseudo-random order, with pseudo-random addresses and ports.
pub fn rows(flows: u64, count: usize) -> Vec<[u8; 16]> {
    let mut random = 1u64;
    let row = |_| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let mut flow = (random >> 33) % flows;
        for _ in 0..2 {
            flow = (flow ^ flow >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        }
        let mut row = [0; 16];
        row[..4].copy_from_slice(&[10, 0, flow as u8, (flow >> 8) as u8]);
        row[4..12].copy_from_slice(&(flow >> 8).to_be_bytes());
        row[12..].copy_from_slice(&[6, 0x10, 0, 60]);
        row
    };
    (0..count).map(row).collect()
}

/// The table as it is, row after row.
#[inline(never)]
pub fn plain(table: &mut Table<Flow4, Counts>, rows: &[[u8; 16]]) {
    for row in rows {
        table.get_or_insert(&Flow.flow(row)).0.add(row);
    }
}

/// The table with what is to come fetched ahead.
#[inline(never)]
pub fn ahead(table: &mut Table<Flow4, Counts>, rows: &[[u8; 16]]) {
    const AHEAD: usize = 32;
    for (i, row) in rows.iter().enumerate() {
        if let Some(coming) = rows.get(i + AHEAD) {
            table.prefetch(&Flow.flow(coming));
        }
        table.get_or_insert(&Flow.flow(row)).0.add(row);
    }
}

/// The table as a worker uses it: ahead where it outgrows L2.
pub fn ours(table: &mut Table<Flow4, Counts>, rows: &[[u8; 16]]) {
    if table.outgrows_l2() {
        ahead(table, rows);
    } else {
        plain(table, rows);
    }
}

/// The same in a general map.
#[inline(always)]
fn general<K: Hash + Eq>(
    map: &mut HashMap<K, Counts, FixedState>,
    rows: &[[u8; 16]],
    key: impl Fn(Flow4) -> K,
) {
    for row in rows {
        map.entry(key(Flow.flow(row))).or_default().add(row);
    }
}

/// `hashbrown` with `foldhash` and the table's own key.
#[inline(never)]
pub fn hashbrown(map: &mut HashMap<Flow4, Counts, FixedState>, rows: &[[u8; 16]]) {
    general(map, rows, |flow| flow);
}

/// The same with the key's words as an array, whose length `foldhash` hashes, too.
#[inline(never)]
pub fn hashbrown_array(map: &mut HashMap<[u64; 2], Counts, FixedState>, rows: &[[u8; 16]]) {
    general(map, rows, Flow4::words);
}
