//! The mutation check: `mutate [--only ID]… [--report FILE]`.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

use scr_tests::mutation::table::{EQUIVALENT, MUTANTS, Mutant};
use scr_tests::mutation::{Outcome, apply, judge};

const HEAD: &str = "# Mutation check

Do the tests find faults in the hardware? Each row is a small fault in the emitted Verilog, put in alone; `scripts/mutate` builds the Verilator
model of it and runs the checks of the test suite until one finds it. The hardware without fault passes all checks. This page is
written by `scripts/mutate --report docs/mutations.md`; the ordinary tests hold it against the table of faults in
`tests/src/mutation/table.rs` and run four of them.

Checks, in the order in which they are tried: *registers* (random accesses against a model), *full rate* (bytes, beats, bubbles, latency),
*patterns* (stalling sources and sinks), *changes and resets* (in mid-traffic), *full queues* (while epochs and k change), *counters*
(beyond 24 bits); and, for hardware that counts each
event 2¹⁵ times, *high halves* (beyond 32 bits). Each cosimulation also
compares all counters at its end.
";

struct Arguments {
    only: Vec<String>,
    report: Option<PathBuf>,
}

fn main() -> ExitCode {
    match arguments().and_then(|arguments| run(&arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("mutate: {error}");
            ExitCode::from(2)
        }
    }
}

fn arguments() -> Result<Arguments, String> {
    let mut arguments = Arguments {
        only: Vec::new(),
        report: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match (word.as_str(), words.next()) {
            ("--only", Some(id)) => arguments.only.push(id),
            ("--report", Some(path)) => arguments.report = Some(path.into()),
            _ => return Err("usage: mutate [--only ID]... [--report FILE]".to_owned()),
        }
    }
    Ok(arguments)
}

/// Judges all mutants; returns whether each was caught, or is known to be no fault.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let chosen: Vec<&Mutant> = MUTANTS
        .iter()
        .filter(|m| arguments.only.is_empty() || arguments.only.iter().any(|id| id == m.id))
        .collect();
    let known = |id: &&String| MUTANTS.iter().any(|m| m.id == **id);
    if let Some(id) = arguments.only.iter().find(|id| !known(id)) {
        return Err(format!("there is no mutant {id}"));
    }
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/mutants");
    // A check that detects faults must pass on unmodified hardware.
    for hardware in chosen.iter().map(|m| m.hardware).collect::<BTreeSet<_>>() {
        let emitted = hardware.emit().map_err(|e| e.to_string())?;
        match judge(&emitted, hardware, &cache)? {
            Outcome::Survived => println!("{hardware:?} without fault: passes all checks"),
            Outcome::Caught(check, words) => {
                return Err(format!("{hardware:?} without fault fails {check}: {words}"));
            }
        }
    }
    let outcomes = judge_all(&chosen, &cache)?;
    let mut good = true;
    for (mutant, outcome) in chosen.iter().zip(&outcomes) {
        let excuse = EQUIVALENT.iter().find(|(id, _)| *id == mutant.id);
        match (outcome, excuse) {
            (Outcome::Survived, None) => {
                good = false;
                println!("SURVIVED {}: {}", mutant.id, mutant.fault);
            }
            (Outcome::Caught(check, _), Some(_)) => {
                good = false;
                println!(
                    "{} is caught by {check}, and said to be no fault",
                    mutant.id
                );
            }
            _ => {}
        }
    }
    let caught = outcomes.iter().filter(|o| **o != Outcome::Survived).count();
    println!("{caught} of {} caught", chosen.len());
    if let Some(path) = &arguments.report {
        let page = page(&chosen, &outcomes);
        std::fs::write(path, page).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(good)
}

/// Judges two mutants at a time, because parts of a build do not run in parallel.
fn judge_all(mutants: &[&Mutant], cache: &Path) -> Result<Vec<Outcome>, String> {
    let next = Mutex::new(0);
    let outcomes = Mutex::new(vec![None; mutants.len()]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let place = {
                        let mut next = next.lock().unwrap_or_else(|e| e.into_inner());
                        *next += 1;
                        *next - 1
                    };
                    let Some(mutant) = mutants.get(place) else {
                        return;
                    };
                    let outcome = apply(mutant).and_then(|v| judge(&v, mutant.hardware, cache));
                    match &outcome {
                        Ok(Outcome::Caught(check, words)) => {
                            println!("{}: caught by {check}: {}", mutant.id, short(words));
                        }
                        Ok(Outcome::Survived) => println!("{}: survived", mutant.id),
                        Err(error) => println!("{}: {error}", mutant.id),
                    }
                    outcomes.lock().unwrap_or_else(|e| e.into_inner())[place] = Some(outcome);
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap_or_else(|e| e.into_inner());
    outcomes.into_iter().flatten().collect()
}

/// The first line, cut to a readable length.
fn short(words: &str) -> String {
    let line = words.lines().next().unwrap_or_default();
    match line.char_indices().nth(140) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn page(mutants: &[&Mutant], outcomes: &[Outcome]) -> String {
    let caught = outcomes.iter().filter(|o| **o != Outcome::Survived).count();
    let mut text = format!(
        "{HEAD}\n{caught} of {} are caught.\n\n| fault | module | what is wrong | found by | in these words |\n|---|---|---|---|---|\n",
        mutants.len()
    );
    for (mutant, outcome) in mutants.iter().zip(outcomes) {
        let (check, words) = match outcome {
            Outcome::Caught(check, words) => (*check, short(words)),
            Outcome::Survived => {
                let excuse = EQUIVALENT.iter().find(|(id, _)| *id == mutant.id);
                let why = excuse.map_or("**not found**", |(_, why)| *why);
                ("—", why.to_owned())
            }
        };
        let words = words.replace('|', "\\|");
        text += &format!(
            "| `{}` | `{}` | {} | {check} | {words} |\n",
            mutant.id, mutant.module, mutant.fault
        );
    }
    text
}
