//! Which bits of signals something reads.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::ir::{Expr, Stmt};

/// Bits that are read, by signal.
#[derive(Clone, Debug, Default)]
pub struct Used {
    whole: BTreeSet<String>,
    bits: BTreeMap<String, BTreeSet<usize>>,
}

impl Used {
    /// All of `name` is read.
    pub fn all(&mut self, name: &str) {
        self.whole.insert(name.to_owned());
    }

    /// The bits `part` of `name` are read.
    pub fn part(&mut self, name: &str, part: Range<usize>) {
        self.bits.entry(name.to_owned()).or_default().extend(part);
    }

    /// The parts of `name`, which has `bits` bits, that nothing reads; the highest first.
    pub fn unread(&self, name: &str, bits: usize) -> Vec<Range<usize>> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        if self.whole.contains(name) {
            return parts;
        }
        let read = self.bits.get(name);
        for bit in (0..bits).filter(|bit| !read.is_some_and(|read| read.contains(bit))) {
            match parts.last_mut() {
                Some(part) if part.end == bit => part.end += 1,
                _ => parts.push(bit..bit + 1),
            }
        }
        parts.reverse();
        parts
    }
}

impl Expr {
    /// Adds the bits that the expression reads.
    pub fn bits(&self, used: &mut Used) {
        match self {
            Self::Signal(name) => used.all(name),
            Self::Literal(_) => {}
            Self::Cast(inner, width) => match &**inner {
                Self::Signal(name) => used.part(name, 0..*width),
                other => other.bits(used),
            },
            Self::Index(inner, at) | Self::Slice(inner, 1, at) => part(inner, 1, at, used),
            Self::Slice(inner, width, at) => part(inner, *width, at, used),
            Self::Unary(_, inner) => inner.bits(used),
            Self::Binary(a, _, b) => {
                a.bits(used);
                b.bits(used);
            }
        }
    }
}

fn part(inner: &Expr, width: usize, at: &Expr, used: &mut Used) {
    match (inner, at) {
        (Expr::Signal(name), Expr::Literal(at)) => {
            let at = *at as usize;
            used.part(name, at..at + width);
        }
        _ => {
            inner.bits(used);
            at.bits(used);
        }
    }
}

impl Stmt {
    /// Adds the bits that the statement reads.
    pub fn bits(&self, used: &mut Used) {
        match self {
            Self::Assign(_, value) => value.bits(used),
            Self::If(test, then, otherwise) => {
                test.bits(used);
                then.iter().chain(otherwise).for_each(|s| s.bits(used));
            }
            Self::Case(test, arms) => {
                test.bits(used);
                arms.iter()
                    .flat_map(|(_, block)| block)
                    .for_each(|s| s.bits(used));
            }
        }
    }
}
