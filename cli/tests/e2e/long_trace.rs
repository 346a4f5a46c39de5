//! A long capture of one's own, through every strategy of loss and number of cores.

use std::path::PathBuf;

use crate::replay::Replay;

/// `SCR_TRACE=FILE cargo test --release --workspace --test e2e -- --ignored long_trace`
#[test]
#[ignore = "needs a capture of 80,000 IP packets or more: SCR_TRACE=FILE"]
fn a_long_trace_is_replayed_on_any_number_of_cores() {
    let path = std::env::var_os("SCR_TRACE").expect("SCR_TRACE names a capture");
    let path = PathBuf::from(path);
    for nf in ["heavy-hitter", "ddos", "port-knock"] {
        for cores in [1, 3, 4, 7, 14] {
            let outcome = Replay::new(&path, nf, cores).check();
            assert!(outcome.json["packets"].as_u64().unwrap() >= 80_000);
        }
    }
    let mut lossy = Replay::new(&path, "heavy-hitter", 4);
    let lose: Vec<u64> = (1_000..80_000)
        .step_by(97)
        .flat_map(|seq| [seq, seq + 1, seq + 5])
        .collect();
    lossy.lose = &lose;
    lossy.check();
}
