//! The final state as a JSON object.

use std::io::Write;

use serde::Serialize;

/// Writes a state entry by entry: a million of them need not be text in memory at once.
pub(super) fn write<E: Serialize>(
    out: &mut dyn Write,
    nf: &str,
    last_seq: Option<u64>,
    entries: &[E],
    totals: &[(String, u64)],
) -> std::io::Result<()> {
    let last_seq = serde_json::to_string(&last_seq)?;
    write!(
        out,
        "{{\"nf\": \"{nf}\", \"last_seq\": {last_seq}, \"entries\": ["
    )?;
    for (i, entry) in entries.iter().enumerate() {
        out.write_all(if i == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, entry)?;
    }
    out.write_all(b"\n]")?;
    for (i, (name, count)) in totals.iter().enumerate() {
        let before = if i == 0 { ", \"totals\": {" } else { ", " };
        write!(out, "{before}\"{name}\": {count}")?;
    }
    out.write_all(if totals.is_empty() { b"}\n" } else { b"}}\n" })?;
    out.flush()
}
