//! Verilator has nothing to say of any configuration under `--lint-only -Wall`: not the distribution's, and not the newest.

use scr_hdl::{CoreConfig, Emitted, emit};
use scr_sim::build::ModelBuilder;
use scr_tests::{newest_verilator, sources};
use scr_wire::profile;

/// Every profile and width with each history.
fn configurations(histories: &[usize]) -> impl Iterator<Item = CoreConfig> {
    let profiles = profile::BUILTIN.iter();
    let all = profiles.flat_map(|profile| {
        let widths = CoreConfig::WIDTHS.iter();
        widths.map(move |&width| CoreConfig {
            width,
            ..CoreConfig::new(profile)
        })
    });
    all.flat_map(move |config| {
        let histories = histories.iter();
        histories.map(move |&history| CoreConfig { history, ..config })
    })
}

fn is_clean(builder: &ModelBuilder, config: &CoreConfig) -> Emitted {
    let emitted = emit(config).expect("a valid configuration");
    let words = builder.lint(&sources(&emitted), &emitted.top);
    assert_eq!(words.expect("Verilator runs"), "", "{config:?}");
    emitted
}

#[test]
fn every_configuration_is_clean_in_the_distributions_verilator() {
    for config in configurations(&[16, 100, 256]) {
        let emitted = is_clean(&ModelBuilder::new(), &config);
        // Whole ports that nothing reads. Rows that are no wider than a beat have one part.
        for (name, text) in &emitted.files {
            let unused = text.split_once("wire unused = &{\n    1'd0,\n");
            let unused = unused.map_or("", |(_, rest)| rest.split_once("};").unwrap().0);
            let names = unused.lines().map(|line| line.trim().trim_end_matches(','));
            let mut whole = names.filter(|bits| !bits.contains('['));
            let stray = whole.find(|bits| *bits != "part");
            assert_eq!(stray, None, "{config:?}: {name}");
        }
    }
}

#[test]
fn every_profile_and_width_is_clean_in_the_newest_verilator() {
    let builder = ModelBuilder::new().verilator(newest_verilator());
    for config in configurations(&[CoreConfig::HISTORY]) {
        is_clean(&builder, &config);
    }
}
