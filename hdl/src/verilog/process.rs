//! Which statements belong into one process.
//!
//! rust-hdl has one `update` a block. In Verilog that would be one `always @*` in which everything depends
//! on everything; here statements stay together only where one assigns what another assigns, or reads a value
//! that is still being made.

use std::collections::{BTreeMap, BTreeSet};

use super::ir::Stmt;

/// The statements in groups; groups in the order of their first statement, statements in order.
pub fn split(statements: Vec<Stmt>) -> Vec<Vec<Stmt>> {
    let targets: Vec<BTreeSet<String>> = statements
        .iter()
        .map(|s| {
            let mut out = BTreeSet::new();
            s.targets(&mut out);
            out
        })
        .collect();
    let mut first = BTreeMap::new();
    let mut last = BTreeMap::new();
    for (i, names) in targets.iter().enumerate() {
        for name in names {
            first.entry(name.as_str()).or_insert(i);
            last.insert(name.as_str(), i);
        }
    }

    let mut leader: Vec<usize> = (0..statements.len()).collect();
    for (i, statement) in statements.iter().enumerate() {
        for name in &targets[i] {
            union(&mut leader, i, first[name.as_str()]);
        }
        let mut reads = Vec::new();
        statement.reads(&mut reads);
        for name in reads {
            // Read before its last assignment: the value is still being made.
            if last.get(name.as_str()).is_some_and(|&l| l > i) {
                union(&mut leader, i, first[name.as_str()]);
            }
        }
    }

    let mut groups: BTreeMap<usize, Vec<Stmt>> = BTreeMap::new();
    for (i, statement) in statements.into_iter().enumerate() {
        let root = find(&mut leader, i);
        groups.entry(root).or_default().push(statement);
    }
    groups.into_values().collect()
}

fn find(leader: &mut [usize], mut i: usize) -> usize {
    while leader[i] != i {
        leader[i] = leader[leader[i]];
        i = leader[i];
    }
    i
}

/// The smaller index leads, so that groups keep the order of their first statement.
fn union(leader: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find(leader, a), find(leader, b));
    leader[a.max(b)] = a.min(b);
}
