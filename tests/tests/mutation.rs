//! The table of faults is current, and a few of them are found. `scripts/mutate` runs all.

use std::collections::BTreeSet;
use std::path::Path;

use scr_tests::mutation::table::{EQUIVALENT, MUTANTS, SAMPLE};
use scr_tests::mutation::{Outcome, apply, judge};

#[test]
fn every_fault_can_be_put_in() {
    let ids: BTreeSet<&str> = MUTANTS.iter().map(|m| m.id).collect();
    assert_eq!(ids.len(), MUTANTS.len(), "names are unique");
    assert!(EQUIVALENT.iter().all(|(id, _)| ids.contains(id)));
    let errors: Vec<String> = MUTANTS.iter().filter_map(|m| apply(m).err()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn the_page_lists_every_fault() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/mutations.md");
    let page = std::fs::read_to_string(path).expect("docs/mutations.md");
    let listed: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let expected: Vec<&str> = MUTANTS.iter().map(|m| m.id).collect();
    assert_eq!(
        listed, expected,
        "scripts/mutate --report docs/mutations.md writes the page"
    );
    assert!(!page.contains("not found"), "a fault that nobody finds");
}

#[test]
fn a_few_faults_are_found() {
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/mutants");
    for id in SAMPLE {
        let mutant = MUTANTS
            .iter()
            .find(|m| m.id == id)
            .expect("a fault of the table");
        let emitted = apply(mutant).expect("a current fault");
        let outcome = judge(&emitted, mutant.hardware, &cache).expect("a model");
        assert_ne!(outcome, Outcome::Survived, "{id}: {}", mutant.fault);
    }
}
