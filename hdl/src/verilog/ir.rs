//! Statements with loops unrolled and names resolved to `instance$port` or `signal`.

use std::collections::{BTreeSet, HashMap};

use rust_hdl::prelude::ast::{
    VerilogBlock, VerilogBlockOrConditional, VerilogConditional, VerilogExpression, VerilogOp,
    VerilogOpUnary, VerilogStatement,
};

use super::EmitError;
use super::comments::Comments;

/// An expression.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A signal.
    Signal(String),
    /// A literal without width.
    Literal(u128),
    /// Truncation or zero extension to a width.
    Cast(Box<Self>, usize),
    /// A binary operation.
    Binary(Box<Self>, VerilogOp, Box<Self>),
    /// A unary operation.
    Unary(VerilogOpUnary, Box<Self>),
    /// One bit.
    Index(Box<Self>, Box<Self>),
    /// Bits from an offset up: signal, width, offset.
    Slice(Box<Self>, usize, Box<Self>),
}

/// What an assignment assigns to.
#[derive(Clone, Debug)]
pub struct Target {
    /// The signal.
    pub name: String,
    /// Offset and width, when only a part of it.
    pub part: Option<(usize, usize)>,
    /// Comment before the assignment.
    pub comment: Vec<String>,
}

/// A statement.
#[derive(Clone, Debug)]
pub enum Stmt {
    /// `target = value`.
    Assign(Target, Expr),
    /// `if (test) … else …`.
    If(Expr, Vec<Self>, Vec<Self>),
    /// `case (test) …`; `None` is the default.
    Case(Expr, Vec<(Option<u128>, Vec<Self>)>),
}

impl Expr {
    /// Adds all signals that the expression reads.
    pub fn reads(&self, out: &mut Vec<String>) {
        match self {
            Self::Signal(name) => out.push(name.clone()),
            Self::Literal(_) => {}
            Self::Cast(e, _) | Self::Unary(_, e) => e.reads(out),
            Self::Binary(a, _, b) | Self::Index(a, b) | Self::Slice(a, _, b) => {
                a.reads(out);
                b.reads(out);
            }
        }
    }
}

impl Stmt {
    /// The first assignment in it.
    pub fn first_target(&self) -> Option<&Target> {
        match self {
            Self::Assign(target, _) => Some(target),
            Self::If(_, then, otherwise) => {
                then.iter().chain(otherwise).find_map(Self::first_target)
            }
            Self::Case(_, arms) => arms
                .iter()
                .flat_map(|(_, block)| block)
                .find_map(Self::first_target),
        }
    }

    /// Gives every assignment the comment that stands before it in the source. `seen` counts the assignments to each
    /// target so far.
    pub fn comment(&mut self, comments: &Comments, seen: &mut HashMap<String, usize>) {
        match self {
            Self::Assign(target, _) => {
                let place = seen.entry(target.name.clone()).or_default();
                let key = (target.name.clone(), *place);
                target.comment = comments.get(&key).cloned().unwrap_or_default();
                *place += 1;
            }
            Self::If(_, then, otherwise) => {
                for s in then.iter_mut().chain(otherwise) {
                    s.comment(comments, seen);
                }
            }
            Self::Case(_, arms) => {
                for s in arms.iter_mut().flat_map(|(_, block)| block) {
                    s.comment(comments, seen);
                }
            }
        }
    }

    /// All signals that the statement reads, each as often as it does.
    pub fn reads(&self, out: &mut Vec<String>) {
        match self {
            Self::Assign(_, value) => value.reads(out),
            Self::If(test, then, otherwise) => {
                test.reads(out);
                for s in then.iter().chain(otherwise) {
                    s.reads(out);
                }
            }
            Self::Case(test, arms) => {
                test.reads(out);
                for s in arms.iter().flat_map(|(_, block)| block) {
                    s.reads(out);
                }
            }
        }
    }

    /// All signals that the statement assigns to.
    pub fn targets(&self, out: &mut BTreeSet<String>) {
        match self {
            Self::Assign(target, _) => {
                out.insert(target.name.clone());
            }
            Self::If(_, then, otherwise) => {
                for s in then.iter().chain(otherwise) {
                    s.targets(out);
                }
            }
            Self::Case(_, arms) => {
                for s in arms.iter().flat_map(|(_, block)| block) {
                    s.targets(out);
                }
            }
        }
    }
}

/// Lowers one block's code.
pub struct Lower<'a> {
    /// Instance path, for errors.
    pub module: &'a str,
    loops: Vec<(String, usize)>,
}

impl<'a> Lower<'a> {
    /// For the block at instance path `module`.
    pub fn new(module: &'a str) -> Self {
        Self {
            module,
            loops: Vec::new(),
        }
    }

    fn unsupported(&self, what: impl Into<String>) -> EmitError {
        EmitError::Unsupported {
            module: self.module.to_owned(),
            what: what.into(),
        }
    }

    /// The statements of `block`.
    pub fn block(&mut self, block: &VerilogBlock) -> Result<Vec<Stmt>, EmitError> {
        let mut out = Vec::new();
        for statement in block {
            self.statement(statement, &mut out)?;
        }
        Ok(out)
    }

    fn statement(&mut self, s: &VerilogStatement, out: &mut Vec<Stmt>) -> Result<(), EmitError> {
        match s {
            VerilogStatement::Assignment(target, value) => {
                let VerilogExpression::Signal(name) = target else {
                    return Err(self.unsupported("assignment to an expression"));
                };
                let target = Target {
                    name: self.name(name)?,
                    part: None,
                    comment: Vec::new(),
                };
                out.push(Stmt::Assign(target, self.expr(value)?));
            }
            VerilogStatement::SliceAssignment {
                base,
                width,
                offset,
                replacement,
            } => {
                let VerilogExpression::Signal(name) = base else {
                    return Err(self.unsupported("assignment to a part of an expression"));
                };
                let Expr::Literal(offset) = self.expr(offset)? else {
                    return Err(self.unsupported("assignment at a varying offset"));
                };
                let target = Target {
                    name: self.name(name)?,
                    part: Some((offset as usize, *width)),
                    comment: Vec::new(),
                };
                out.push(Stmt::Assign(target, self.expr(replacement)?));
            }
            VerilogStatement::If(c) => out.push(self.conditional(c)?),
            VerilogStatement::Match(m) => {
                let test = self.expr(&m.test)?;
                let mut arms = Vec::new();
                for case in &m.cases {
                    let label = match case.condition.as_str() {
                        "default" => None,
                        text => Some(
                            text.trim()
                                .parse()
                                .map_err(|_| self.unsupported(format!("case label {text}")))?,
                        ),
                    };
                    arms.push((label, self.block(&case.block)?));
                }
                out.push(Stmt::Case(test, arms));
            }
            VerilogStatement::Loop(l) => {
                for i in l.from.as_usize()..l.to.as_usize() {
                    self.loops.push((l.index.clone(), i));
                    let body = self.block(&l.block)?;
                    self.loops.pop();
                    out.extend(body);
                }
            }
            VerilogStatement::Macro(block) => out.extend(self.block(block)?),
            VerilogStatement::Comment(_) => {}
            VerilogStatement::Link(_) => return Err(self.unsupported("link or join")),
        }
        Ok(())
    }

    fn conditional(&mut self, c: &VerilogConditional) -> Result<Stmt, EmitError> {
        let test = self.expr(&c.test)?;
        let then = self.block(&c.then)?;
        let mut otherwise = Vec::new();
        match &c.otherwise {
            VerilogBlockOrConditional::Block(block) => otherwise = self.block(block)?,
            VerilogBlockOrConditional::Conditional(s) => self.statement(s, &mut otherwise)?,
            VerilogBlockOrConditional::None => {}
        }
        Ok(Stmt::If(test, then, otherwise))
    }

    fn expr(&mut self, e: &VerilogExpression) -> Result<Expr, EmitError> {
        Ok(match e {
            VerilogExpression::Signal(name) => {
                match self.loops.iter().rev().find(|(v, _)| v == name) {
                    Some((_, value)) => Expr::Literal(*value as u128),
                    None => Expr::Signal(self.name(name)?),
                }
            }
            VerilogExpression::Literal(literal) => Expr::Literal(
                value_of(&literal.to_string())
                    .ok_or_else(|| self.unsupported(format!("literal {literal}")))?,
            ),
            VerilogExpression::Paren(e) => self.expr(e)?,
            VerilogExpression::Cast(e, width) => match self.expr(e)? {
                Expr::Literal(value) => Expr::Literal(value),
                e => Expr::Cast(Box::new(e), *width),
            },
            VerilogExpression::Binary(a, op, b) => fold(self.expr(a)?, op, self.expr(b)?),
            VerilogExpression::Unary(op, e) => Expr::Unary(op.clone(), Box::new(self.expr(e)?)),
            VerilogExpression::Index(e, i) => {
                Expr::Index(Box::new(self.expr(e)?), Box::new(self.expr(i)?))
            }
            VerilogExpression::Slice(e, width, offset) => Expr::Slice(
                Box::new(self.expr(e)?),
                *width,
                Box::new(self.expr(offset)?),
            ),
            VerilogExpression::Signed(_)
            | VerilogExpression::Unsigned(_)
            | VerilogExpression::IndexReplace(..) => {
                return Err(self.unsupported("a signed value or replace_bit"));
            }
        })
    }

    /// `part[i]$port$next` to `part$2$port`.
    fn name(&self, name: &str) -> Result<String, EmitError> {
        let name = name.trim_start_matches('.').replace('.', "$");
        let name = name.strip_suffix("$next").unwrap_or(&name);
        let Some((head, rest)) = name.split_once('[') else {
            return Ok(name.to_owned());
        };
        let (index, tail) = rest
            .split_once(']')
            .ok_or_else(|| self.unsupported(format!("name {name}")))?;
        let value = match self.loops.iter().rev().find(|(v, _)| v == index) {
            Some((_, value)) => *value,
            None => index
                .parse()
                .map_err(|_| self.unsupported(format!("index {index}")))?,
        };
        Ok(format!("{head}${value}{tail}"))
    }
}

/// Arithmetic of literals and loop variables is done here, as in Rust.
fn fold(a: Expr, op: &VerilogOp, b: Expr) -> Expr {
    if let (Expr::Literal(x), Expr::Literal(y)) = (&a, &b) {
        let value = match op {
            VerilogOp::Add => Some(x + y),
            VerilogOp::Mul => Some(x * y),
            VerilogOp::Sub => x.checked_sub(*y),
            _ => None,
        };
        if let Some(value) = value {
            return Expr::Literal(value);
        }
    }
    Expr::Binary(Box::new(a), op.clone(), Box::new(b))
}

/// A constant's literal as people write it: small numbers decimal, others hexadecimal.
pub fn constant(literal: &str, bits: usize) -> String {
    match value_of(literal) {
        Some(value) if value < 1_000 => format!("{bits}'d{value}"),
        Some(value) => format!("{bits}'h{value:x}"),
        None => literal.to_owned(),
    }
}

/// The value of `8'h1f` or `1'b1`.
fn value_of(literal: &str) -> Option<u128> {
    let (_, digits) = literal.split_once('\'')?;
    match digits.split_at_checked(1)? {
        ("h", hex) => u128::from_str_radix(hex, 16).ok(),
        ("b", binary) => u128::from_str_radix(binary, 2).ok(),
        _ => None,
    }
}
