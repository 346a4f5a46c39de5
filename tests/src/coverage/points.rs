//! Verilator's coverage files: points with a count each.

use std::collections::BTreeMap;
use std::path::Path;

/// The kind of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Statements that run together: a block, a branch, a case.
    Line,
    /// One bit of a signal that goes up or down.
    Toggle,
}

/// A place in the Verilog that a run passes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Lines or bits.
    pub kind: Kind,
    /// File, without its folder.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Instance path, from the top module on.
    pub instance: String,
    /// The signal and its bit, or the kind of the branch.
    pub what: String,
}

/// Points, and how often each was passed.
#[derive(Clone, Debug, Default)]
pub struct Points(pub BTreeMap<Point, u64>);

impl Points {
    /// Adds the content of a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not a coverage file.
    pub fn add(&mut self, path: &Path) -> Result<(), String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        for line in text.lines().filter(|line| line.starts_with("C ")) {
            let (point, count) =
                parse(line).ok_or_else(|| format!("{}: what is {line:?}?", path.display()))?;
            *self.0.entry(point).or_default() += count;
        }
        Ok(())
    }

    /// Points of a kind: how many were passed, and how many there are.
    pub fn covered(&self, kind: Kind) -> (usize, usize) {
        let of_kind = self.0.iter().filter(|(point, _)| point.kind == kind);
        let counts: Vec<u64> = of_kind.map(|(_, &count)| count).collect();
        let covered = counts.iter().filter(|&&count| count > 0).count();
        (covered, counts.len())
    }

    /// Points that were never passed.
    pub fn missing(&self) -> impl Iterator<Item = &Point> {
        let missing = self.0.iter().filter(|(_, count)| **count == 0);
        missing.map(|(point, _)| point)
    }
}

/// Parses `C '<keys and values>' <count>`: a key behind 0x01, its value behind 0x02.
fn parse(line: &str) -> Option<(Point, u64)> {
    let (keys, count) = line.strip_prefix("C '")?.rsplit_once("' ")?;
    let fields: BTreeMap<&str, &str> = keys
        .split('\x01')
        .filter_map(|field| field.split_once('\x02'))
        .collect();
    let page = *fields.get("page")?;
    let point = Point {
        kind: if page.starts_with("v_toggle") {
            Kind::Toggle
        } else {
            Kind::Line
        },
        file: fields.get("f")?.rsplit('/').next()?.to_owned(),
        line: fields.get("l")?.parse().ok()?,
        instance: fields.get("h").copied().unwrap_or_default().to_owned(),
        what: fields.get("o").copied().unwrap_or_default().to_owned(),
    };
    Some((point, count.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read() {
        let line = "C '\x01f\x02a/b.v\x01l\x0212\x01n\x025\x01page\x02v_toggle/b\x01o\x02seq[3]\x01h\x02TOP.b' 7";
        let (point, count) = parse(line).unwrap();
        assert_eq!((point.kind, point.line, count), (Kind::Toggle, 12, 7));
        assert_eq!(
            (point.file.as_str(), point.what.as_str()),
            ("b.v", "seq[3]")
        );
        assert_eq!(parse("C nonsense"), None);
    }
}
