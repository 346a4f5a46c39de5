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
            }
        }
    }
}
