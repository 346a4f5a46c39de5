//! Names for the fields of bundles: rust-hdl's tree has parts of vectors where the source names fields.
//!
//! A field that is read becomes a wire, `ticket_address` for a part of `ticket`. The fields of a signal that is made field by
//! field become signals, which are joined.

use std::collections::{BTreeMap, BTreeSet};

use rust_hdl::prelude::ast::VerilogOp;
use rust_hdl::prelude::{AtomKind, TypeDescriptor, TypeKind};

use super::elaborate::{AtomInfo, Scope};
use super::ir::{Expr, Stmt, Target};

/// A field of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in Rust.
    pub name: String,
    /// Lowest bit.
    pub offset: usize,
    /// Width.
    pub bits: usize,
}

/// The fields of a type, the lowest first; none where it is no bundle.
pub fn fields(descriptor: &TypeDescriptor) -> Vec<Field> {
    let TypeKind::Composite(parts) = &descriptor.kind else {
        return Vec::new();
    };
    let mut fields = Vec::new();
    let mut offset = 0;
    for part in parts {
        let bits = bits(&part.kind);
        fields.push(Field {
            name: part.fieldname.clone(),
            offset,
            bits,
        });
        offset += bits;
    }
    fields
}

fn bits(descriptor: &TypeDescriptor) -> usize {
    match &descriptor.kind {
        TypeKind::Bits(bits) | TypeKind::Signed(bits) => *bits,
        TypeKind::Enum(kinds) => kinds.len().next_power_of_two().trailing_zeros() as usize,
        TypeKind::Composite(parts) => parts.iter().map(|part| bits(&part.kind)).sum(),
    }
}

/// Gives the fields that `statements` read or assign signals of their own, which `scope` has then. `text_of` says what a signal is
/// called in Verilog.
pub fn name_fields(
    statements: &mut Vec<Stmt>,
    scope: &mut Scope,
    text_of: impl Fn(&str) -> String,
) {
    let mut names = Names {
        bundles: bundles(scope, text_of),
        made: BTreeSet::new(),
        read: BTreeSet::new(),
    };
    // Signals that are only ever made field by field, and their last assignment.
    let mut last = BTreeMap::new();
    for (at, statement) in statements.iter().enumerate() {
        let mut targets = BTreeSet::new();
        statement.targets(&mut targets);
        for name in targets {
            if names.bundles.contains_key(&name) {
                last.insert(name, at);
            }
        }
    }
    last.retain(|name, _| statements.iter().all(|s| names.is_in_fields(s, name)));
    names.made = last.keys().cloned().collect();
    statements.iter_mut().for_each(|s| names.statement(s));

    let mut joins: Vec<(usize, &String)> = last.iter().map(|(name, &at)| (at, name)).collect();
    joins.sort_unstable();
    for &(at, name) in joins.iter().rev() {
        statements.insert(at + 1, names.joined(name));
    }
    let mut named = Vec::new();
    let mut before = "";
    for (name, at) in &names.read {
        let comment = if before == name {
            Vec::new()
        } else {
            vec![format!("Fields of {}.", names.bundles[name].text)]
        };
        before = name;
        named.push(names.part(name, *at, comment));
    }
    statements.splice(0..0, named);

    let made = names.made.iter().flat_map(|name| {
        let all = 0..names.bundles[name].fields.len();
        all.map(move |at| (name, at))
    });
    let read = names.read.iter().map(|(name, at)| (name, *at));
    for (name, at) in made.chain(read) {
        let field = &names.bundles[name].fields[at];
        scope.atoms.push(AtomInfo {
            name: names.bundles[name].signal(at),
            kind: AtomKind::LocalSignal,
            bits: field.bits,
            literal: String::new(),
            is_clock: false,
            fields: Vec::new(),
        });
    }
}

/// A signal that is a bundle.
struct Bundle {
    text: String,
    bits: usize,
    fields: Vec<Field>,
}

impl Bundle {
    /// The signal that is field `at`.
    fn signal(&self, at: usize) -> String {
        format!("{}${}", self.text, self.fields[at].name)
    }

    fn field(&self, offset: usize, bits: usize) -> Option<usize> {
        let mut fields = self.fields.iter();
        fields.position(|f| (f.offset, f.bits) == (offset, bits))
    }
}

/// The signals of a module that are bundles.
fn bundles(scope: &Scope, text_of: impl Fn(&str) -> String) -> BTreeMap<String, Bundle> {
    let own = scope.atoms.iter().map(|a| (a.name.clone(), a));
    let of_children = scope.children.iter().flat_map(|c| {
        let atoms = c.atoms.iter();
        atoms.map(move |a| (format!("{}${}", c.name, a.name), a))
    });
    let all = own.chain(of_children);
    all.filter(|(_, atom)| !atom.fields.is_empty())
        .map(|(name, atom)| {
            let bundle = Bundle {
                text: text_of(&name),
                bits: atom.bits,
                fields: atom.fields.clone(),
            };
            (name, bundle)
        })
        .collect()
}

struct Names {
    bundles: BTreeMap<String, Bundle>,
    /// Bundles that are made field by field.
    made: BTreeSet<String>,
    /// Fields that are read, of the others.
    read: BTreeSet<(String, usize)>,
}

impl Names {
    /// Whether the statement assigns to `name`, if at all, by whole fields.
    fn is_in_fields(&self, s: &Stmt, name: &str) -> bool {
        let all = |block: &[Stmt]| block.iter().all(|s| self.is_in_fields(s, name));
        match s {
            Stmt::Assign(target, _) if target.name == name => target
                .part
                .is_some_and(|(offset, bits)| self.bundles[name].field(offset, bits).is_some()),
            Stmt::Assign(..) => true,
            Stmt::If(_, then, otherwise) => all(then) && all(otherwise),
            Stmt::Case(_, arms) => arms.iter().all(|(_, block)| all(block)),
        }
    }

    fn statement(&mut self, s: &mut Stmt) {
        match s {
            Stmt::Assign(target, value) => {
                if let Some((offset, bits)) = target.part
                    && self.made.contains(&target.name)
                    && let Some(at) = self.bundles[&target.name].field(offset, bits)
                {
                    target.name = self.bundles[&target.name].signal(at);
                    target.part = None;
                }
                self.expression(value);
            }
            Stmt::If(test, then, otherwise) => {
                self.expression(test);
                then.iter_mut()
                    .chain(otherwise)
                    .for_each(|s| self.statement(s));
            }
            Stmt::Case(test, arms) => {
                self.expression(test);
                let blocks = arms.iter_mut().flat_map(|(_, block)| block);
                blocks.for_each(|s| self.statement(s));
            }
        }
    }

    fn expression(&mut self, e: &mut Expr) {
        match e {
            Expr::Signal(_) | Expr::Literal(_) => {}
            Expr::Cast(inner, _) | Expr::Unary(_, inner) => self.expression(inner),
            Expr::Binary(a, _, b) | Expr::Index(a, b) => {
                self.expression(a);
                self.expression(b);
            }
            Expr::Slice(inner, bits, offset) => {
                if let (Expr::Signal(name), Expr::Literal(offset)) = (&**inner, &**offset)
                    && let Some(bundle) = self.bundles.get(name)
                    && let Some(at) = bundle.field(*offset as usize, *bits)
                {
                    let signal = bundle.signal(at);
                    if !self.made.contains(name) {
                        self.read.insert((name.clone(), at));
                    }
                    *e = Expr::Signal(signal);
                } else {
                    self.expression(inner);
                    self.expression(offset);
                }
            }
        }
    }

    /// A field's signal is a part of the bundle.
    fn part(&self, name: &str, at: usize, comment: Vec<String>) -> Stmt {
        let bundle = &self.bundles[name];
        let field = &bundle.fields[at];
        let target = Target {
            name: bundle.signal(at),
            part: None,
            comment,
        };
        let whole = Box::new(Expr::Signal(name.to_owned()));
        let offset = Box::new(Expr::Literal(field.offset as u128));
        Stmt::Assign(target, Expr::Slice(whole, field.bits, offset))
    }

    /// The bundle is its fields' signals side by side.
    fn joined(&self, name: &str) -> Stmt {
        let bundle = &self.bundles[name];
        let part = |(at, field): (usize, &Field)| {
            let signal = Box::new(Expr::Signal(bundle.signal(at)));
            let widened = Expr::Cast(signal, bundle.bits);
            match field.offset {
                0 => widened,
                offset => Expr::Binary(
                    Box::new(widened),
                    VerilogOp::Shl,
                    Box::new(Expr::Literal(offset as u128)),
                ),
            }
        };
        let parts = bundle.fields.iter().enumerate().map(part);
        let or = |a, b| Expr::Binary(Box::new(a), VerilogOp::BitOr, Box::new(b));
        let target = Target {
            name: name.to_owned(),
            part: None,
            comment: Vec::new(),
        };
        Stmt::Assign(target, parts.reduce(or).unwrap_or(Expr::Literal(0)))
    }
}
