//! All models hold, and every fence and check is needed.
#![cfg(loom)]

use std::any::Any;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use scr_models::models::{self, Model};
use scr_runtime::recovery::guard::{self, Guard};

/// The words with which the model failed without `guard`; `None` when it held.
fn failure(model: Model, guard: Option<Guard>) -> Option<String> {
    let run = move || {
        guard::remove(guard);
        (model.check)();
    };
    let builder = thread::Builder::new().name(QUIET.to_owned());
    let ended = builder.spawn(run).expect("a thread").join();
    ended.err().map(|panic| said(&*panic))
}

/// Threads of this name fail without printing: it is what they are for.
const QUIET: &str = "without a guard";

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic");
    if text.contains("maximum number of branches") {
        return "a worker waits for ever".to_owned();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Calls `f` with every item, on as many threads as the machine runs at once.
fn in_parallel<T: Sync>(items: &[T], f: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    f(item);
                }
            });
        }
    });
}

fn hush() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().name() != Some(QUIET) {
            before(info);
        }
    }));
}

#[test]
fn all_models_hold() {
    hush();
    let failures = Mutex::new(Vec::new());
    in_parallel(&models::ALL, |&model| {
        let started = Instant::now();
        let failed = failure(model, None);
        println!("{}: {:.1} s", model.name, started.elapsed().as_secs_f64());
        if let Some(what) = failed {
            failures.lock().unwrap().push((model.name, what));
        }
    });
    assert_eq!(failures.into_inner().unwrap(), []);
}

const PAGE: &str = include_str!("../../../docs/recovery-models.md");

/// Which model fails without a guard, and with which words: the table of the documentation.
#[test]
fn every_guard_is_needed() {
    hush();
    let rows = Mutex::new(Vec::new());
    in_parallel(&Guard::ALL, |&guard| {
        let started = Instant::now();
        let failed = models::ALL
            .iter()
            .find_map(|&model| Some((model.name, failure(model, Some(guard))?)));
        rows.lock().unwrap().push((guard as usize, guard, failed));
        println!("{guard:?}: {:.1} s", started.elapsed().as_secs_f64());
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort_unstable_by_key(|row| row.0);
    let (mut held, mut missing) = (Vec::new(), Vec::new());
    for (_, guard, failed) in rows {
        match failed {
            Some((model, what)) => {
                let row = format!("| `{guard:?}` | {model} |");
                println!("{row} {what} |");
                missing.extend((!PAGE.contains(&row)).then_some(row));
            }
            None => held.push(guard),
        }
    }
    assert_eq!(held, [], "no model fails without these");
    assert!(missing.is_empty(), "the page lacks {missing:#?}");
}
