//! A real trace, where it is there; the project does not ship it.

use std::path::PathBuf;

use crate::replay::Replay;

#[test]
fn echo_connections() {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/traces/echo-connections.pcap");
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return;
    }
    for nf in ["heavy-hitter", "ddos", "port-knock"] {
        for cores in [1, 3, 4, 7, 14] {
            let outcome = Replay::new(&path, nf, cores).check();
            assert_eq!(outcome.json["packets"], 82_582);
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
