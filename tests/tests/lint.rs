//! Verilator's lint has nothing to say of any configuration.

use scr_hdl::{CoreConfig, emit};
use scr_sim::build::ModelBuilder;
use scr_tests::sources;
use scr_wire::profile;

#[test]
fn every_configuration_is_lint_clean() {
    for profile in profile::BUILTIN {
        for &width in CoreConfig::WIDTHS {
            for history in [16, 100, 256] {
                let mut config = CoreConfig::new(profile);
                (config.width, config.history) = (width, history);
                let emitted = emit(&config).expect("a valid configuration");
                let words = ModelBuilder::new().lint(&sources(&emitted), &emitted.top);
                assert_eq!(words.expect("Verilator runs"), "", "{config:?}");
                let dead = ModelBuilder::new().dead_signals(&sources(&emitted), &emitted.top);
                let mut dead = dead.expect("Verilator runs");
                // A port of the history: rows that are no wider than a beat have one part.
                dead.retain(|name| name != "part");
                assert!(dead.is_empty(), "{config:?}: {dead:?}");
            }
        }
    }
}
