//! The result of a coverage run, compared with its limits.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::points::{Kind, Point, Points};
use super::reasons::{Reason, reason};

/// Share of lines that must be covered.
pub const MIN_LINES: f64 = 0.98;
/// Share of toggles that must be covered.
pub const MIN_TOGGLES: f64 = 0.95;

/// Covered points, missing points, and the reasons for those.
pub struct Report {
    lines: Tally,
    toggles: Tally,
    /// Missing points explained by a reason: how many, and in which signals or lines.
    explained: BTreeMap<Reason, BTreeMap<String, usize>>,
    unexplained: Vec<Point>,
}

/// Counts of points of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    covered: usize,
    /// Number of points that can be covered.
    possible: usize,
    constant: usize,
    memory: usize,
}

impl Tally {
    fn share(self) -> f64 {
        self.covered as f64 / self.possible.max(1) as f64
    }

    /// The share with constant points and memory words included.
    fn raw_share(self) -> f64 {
        self.covered as f64 / (self.possible + self.constant).max(1) as f64
    }
}

impl Report {
    /// Finds the reason for each missing point.
    pub fn new(points: &Points) -> Self {
        let mut report = Self {
            lines: Tally::default(),
            toggles: Tally::default(),
            explained: BTreeMap::new(),
            unexplained: Vec::new(),
        };
        for (point, &count) in &points.0 {
            let why = reason(point);
            let tally = match point.kind {
                Kind::Line => &mut report.lines,
                Kind::Toggle => &mut report.toggles,
            };
            match why {
                Some(Reason::Memory) => {
                    tally.memory += 1;
                    continue;
                }
                Some(Reason::Constant(_)) if count == 0 => tally.constant += 1,
                _ => tally.possible += 1,
            }
            if count > 0 {
                tally.covered += 1;
                continue;
            }
            match why {
                Some(why) => {
                    let place = match point.kind {
                        Kind::Line => format!("{}:{} {}", point.file, point.line, point.what),
                        Kind::Toggle => {
                            let signal = point.what.split('[').next().unwrap_or_default();
                            format!("{} {signal}", point.file)
                        }
                    };
                    *report
                        .explained
                        .entry(why)
                        .or_default()
                        .entry(place)
                        .or_default() += 1;
                }
                None => report.unexplained.push(point.clone()),
            }
        }
        report
    }

    /// Whether the limits are met, and every missing point has a reason.
    pub fn is_good(&self) -> bool {
        self.lines.share() >= MIN_LINES
            && self.toggles.share() >= MIN_TOGGLES
            && self.unexplained.is_empty()
    }

    /// The result as a page.
    pub fn page(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "| | covered | of | share | at least | with constant points in the sum |"
        )?;
        writeln!(text, "|---|---:|---:|---:|---:|---:|")?;
        for (name, tally, least) in [
            ("lines", self.lines, MIN_LINES),
            ("toggles", self.toggles, MIN_TOGGLES),
        ] {
            writeln!(
                text,
                "| {name} | {} | {} | {:.2} % | {:.0} % | {:.2} % |",
                tally.covered,
                tally.possible,
                100.0 * tally.share(),
                100.0 * least,
                100.0 * tally.raw_share()
            )?;
        }
        writeln!(
            text,
            "\nNot covered:\n\n| points | counted | why | where |\n|---:|---|---|---|"
        )?;
        for (why, places) in &self.explained {
            let points: usize = places.values().sum();
            let counted = match why {
                Reason::OutOfReach(_) => "yes",
                Reason::Constant(_) | Reason::Memory => "no",
            };
            let names: Vec<&str> = places.keys().map(String::as_str).collect();
            let shown = names[..names.len().min(4)].join(", ");
            let more = match names.len().saturating_sub(4) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            writeln!(
                text,
                "| {points} | {counted} | {} | {shown}{more} |",
                why.text()
            )?;
        }
        for point in &self.unexplained {
            writeln!(text, "\nnot covered, and nobody says why: {point:?}")?;
        }
        Ok(())
    }
}
