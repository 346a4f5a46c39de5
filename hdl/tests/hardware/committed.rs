//! The Verilog that is kept in the repository is what the Rust emits.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use scr_hdl::{CoreConfig, emit};
use scr_wire::profile;

const REMEDY: &str = "regenerate it with `cargo run --release -- emit -o hdl/verilog`";

#[test]
fn the_committed_verilog_is_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("verilog");
    let emitted = emit(&CoreConfig::new(&profile::FLOW)).expect("the default configuration");
    let mut expected: BTreeMap<String, String> = emitted.files.into_iter().collect();
    let manifest = serde_json::to_string_pretty(&emitted.manifest).expect("plain data");
    expected.insert("manifest.json".to_owned(), format!("{manifest}\n"));

    let mut found = BTreeMap::new();
    for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("a readable folder").path();
        let name = path
            .file_name()
            .expect("a file")
            .to_string_lossy()
            .into_owned();
        if name != "README.md" {
            let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
            found.insert(name, text.replace("\r\n", "\n"));
        }
    }
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected), "{REMEDY}");
    for (name, text) in &expected {
        assert!(
            found[name] == *text,
            "hdl/verilog/{name} is not current: {REMEDY}"
        );
    }
}
