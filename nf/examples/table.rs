//! Row updates of the flow table against `hashbrown` with `foldhash`: ns per update and ratios, medians of trials that are
//! interleaved and short, so that what else runs on the machine meets all alike. Then the longest pauses of a table that fills.
//!
//! `cargo run --release -p scr-runtime --example table -- [trials]`

#[path = "../benches/support/rows.rs"]
mod rows;

use std::hint::black_box;
use std::time::Instant;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use scr_nf::table::{Table, l2_bytes};

fn main() {
    let trials = std::env::args().nth(1);
    let trials = trials.and_then(|n| n.parse().ok()).unwrap_or(401);
    println!("L2: {} KiB; ns per row update", l2_bytes() >> 10);
    println!(
        "flows    | plain | ahead | worker's choice | hashbrown, same key | hashbrown, array as key | ratios"
    );
    for flows in [10_000, 100_000, 1_000_000] {
        // Rows of a small table must stay in the cache as it does; those of a large one must not repeat too soon.
        let (count, updates) = if flows > 10_000 {
            (1 << 22, 1 << 18)
        } else {
            (1 << 15, 1 << 15)
        };
        let rows = rows::rows(flows, count);
        let mut table = Table::new(1 << 20);
        let mut same = HashMap::with_hasher(FixedState::default());
        let mut array = HashMap::with_hasher(FixedState::default());
        rows::plain(&mut table, &rows);
        rows::hashbrown(&mut same, &rows);
        rows::hashbrown_array(&mut array, &rows);

        let mut times: [Vec<f64>; 4] = Default::default();
        let parts = count / updates;
        for trial in 0..(trials * updates.min(1 << 15) / updates * 4).max(1) {
            // Other rows first: every trial finds its table as rows before have left it.
            let part = |n: usize| black_box(&rows[n % parts * updates..][..updates]);
            let (before, timed) = (part(2 * trial), part(2 * trial + 1));
            let mut time = |which: usize, work: &mut dyn FnMut(&[[u8; 16]])| {
                work(before);
                let start = Instant::now();
                work(timed);
                times[which].push(start.elapsed().as_nanos() as f64 / updates as f64);
            };
            time(0, &mut |part| rows::plain(&mut table, part));
            time(1, &mut |part| rows::ahead(&mut table, part));
            time(2, &mut |part| rows::hashbrown(&mut same, part));
            time(3, &mut |part| rows::hashbrown_array(&mut array, part));
        }
        let ours = &times[usize::from(table.outgrows_l2())];
        let ratio = |to: &[f64]| median(to.iter().zip(ours).map(|(to, ours)| to / ours).collect());
        let [plain, ahead, same, array] = times.each_ref().map(|times| median(times.clone()));
        println!(
            "{flows:<8} | {plain:5.2} | {ahead:5.2} | {:5.2} | {same:5.2} | {array:5.2} | {:.2} {:.2}",
            median(ours.clone()),
            ratio(&times[2]),
            ratio(&times[3]),
        );
    }
    pauses();
}

/// The longest updates while a table fills: those that double its index.
fn pauses() {
    println!(
        "\nentries  | longest update so far, µs: median of 9 tables, that of memory growing included"
    );
    let fills: Vec<Vec<f64>> = (0..9).map(|_| fill()).collect();
    for (i, entries) in MARKS.into_iter().enumerate() {
        let at_mark = fills.iter().map(|longest| longest[i]).collect();
        println!("{entries:<8} | {:.0}", median(at_mark));
    }
}

/// Numbers of entries at which the longest update is looked at.
const MARKS: [usize; 3] = [10_000, 100_000, 1_000_000];

fn fill() -> Vec<f64> {
    let mut table = Table::<u32, u64>::new(MARKS[2]);
    let (mut longest, mut at_marks) = (0.0, Vec::new());
    for key in 1..=MARKS[2] as u32 {
        let start = Instant::now();
        *black_box(table.get_or_insert(&key)).0 += 1;
        longest = f64::max(longest, start.elapsed().as_nanos() as f64 / 1e3);
        if MARKS.contains(&table.len()) {
            at_marks.push(longest);
        }
    }
    at_marks
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}
