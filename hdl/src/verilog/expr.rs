//! Expressions as text. Rust evaluates every operation at the width of its operands; Verilog at the width of
//! the whole context. What follows is the discipline under which both give the same value: operands of an
//! operation have one width, and where a value is widened it is widened inside braces, in which Verilog
//! evaluates an operand on its own.

use rust_hdl::prelude::ast::{VerilogOp, VerilogOpUnary};

use super::EmitError;
use super::ir::Expr;

/// Names and widths of the signals of a module.
pub trait Signals {
    /// Verilog text and width of a signal.
    fn signal(&self, name: &str) -> Result<(String, usize), EmitError>;
    /// Instance path, for errors.
    fn module(&self) -> &str;
}

/// Text of `value` in a context of `width` bits.
pub fn print(signals: &dyn Signals, value: &Expr, width: usize) -> Result<String, EmitError> {
    if let Expr::Literal(literal) = value {
        return sized(signals, *literal, width);
    }
    let (text, own) = natural(signals, value)?;
    if own != width {
        return Err(mismatch(
            signals,
            format!("{text} has {own} bits where {width} are needed"),
        ));
    }
    Ok(unparen(text))
}

/// Text of a condition.
pub fn condition(signals: &dyn Signals, value: &Expr) -> Result<String, EmitError> {
    print(signals, value, 1)
}

fn sized(signals: &dyn Signals, literal: u128, width: usize) -> Result<String, EmitError> {
    if width < 128 && literal >> width != 0 {
        return Err(mismatch(
            signals,
            format!("literal {literal} does not fit {width} bits"),
        ));
    }
    Ok(if literal < 10 {
        format!("{width}'d{literal}")
    } else {
        format!("{width}'h{literal:x}")
    })
}

fn mismatch(signals: &dyn Signals, what: String) -> EmitError {
    EmitError::Width {
        module: signals.module().to_owned(),
        what,
    }
}

/// Text and width of a sized expression; compound text is parenthesised.
pub fn natural(signals: &dyn Signals, value: &Expr) -> Result<(String, usize), EmitError> {
    Ok(match value {
        Expr::Signal(name) => signals.signal(name)?,
        Expr::Literal(_) => {
            return Err(mismatch(signals, "a literal without width".to_owned()));
        }
        Expr::Cast(inner, width) => {
            let (text, own) = natural(signals, inner)?;
            if own == *width {
                (text, own)
            } else if own < *width {
                let pad = width - own;
                (format!("{{{pad}'d0, {}}}", unparen(text)), *width)
            } else if matches!(**inner, Expr::Signal(_)) {
                (format!("{text}[{}:0]", width - 1), *width)
            } else {
                return Err(mismatch(signals, format!("{text} is truncated to {width}")));
            }
        }
        Expr::Binary(a, op, b) => match concatenation(signals, value)? {
            Some(joined) => joined,
            None => binary(signals, a, op, b)?,
        },
        Expr::Unary(op, inner) => {
            let (text, own) = natural(signals, inner)?;
            match op {
                VerilogOpUnary::Not => (format!("~{text}"), own),
                VerilogOpUnary::Neg => (format!("(-{text})"), own),
                VerilogOpUnary::All => (format!("(&{text})"), 1),
                VerilogOpUnary::Any => (format!("(|{text})"), 1),
                VerilogOpUnary::Xor => (format!("(^{text})"), 1),
            }
        }
        Expr::Index(inner, index) => {
            let (text, own) = plain(signals, inner)?;
            let index = match &**index {
                Expr::Literal(i) => {
                    if *i as usize >= own {
                        return Err(mismatch(signals, format!("bit {i} of {text}")));
                    }
                    i.to_string()
                }
                other => unparen(natural(signals, other)?.0),
            };
            (format!("{text}[{index}]"), 1)
        }
        Expr::Slice(inner, width, offset) => {
            let (text, own) = plain(signals, inner)?;
            match &**offset {
                Expr::Literal(offset) => {
                    let offset = *offset as usize;
                    if offset + width > own {
                        return Err(mismatch(
                            signals,
                            format!("bits {offset}..{} of {text}", offset + width),
                        ));
                    }
                    match width {
                        _ if offset == 0 && *width == own => (text, own),
                        1 => (format!("{text}[{offset}]"), 1),
                        _ => (format!("{text}[{}:{offset}]", offset + width - 1), *width),
                    }
                }
                other => {
                    let offset = unparen(natural(signals, other)?.0);
                    (format!("{text}[{offset} +: {width}]"), *width)
                }
            }
        }
    })
}

/// Values that were widened, shifted and joined by `|` without overlap, as a concatenation. Rust has no other way to write
/// one.
fn concatenation(
    signals: &dyn Signals,
    value: &Expr,
) -> Result<Option<(String, usize)>, EmitError> {
    let mut parts = Vec::new();
    let Some(width) = collect_parts(signals, value, &mut parts)? else {
        return Ok(None);
    };
    if parts.len() < 2 {
        return Ok(None);
    }
    // From the highest down, with zeros where there are gaps.
    parts.sort_by_key(|&(offset, ..)| std::cmp::Reverse(offset));
    let mut end = width;
    let mut pieces = Vec::new();
    for (offset, bits, text) in parts {
        let Some(gap) = end.checked_sub(offset + bits) else {
            return Ok(None);
        };
        if gap > 0 {
            pieces.push(format!("{gap}'d0"));
        }
        pieces.push(text);
        end = offset;
    }
    if end > 0 {
        pieces.push(format!("{end}'d0"));
    }
    Ok(Some((format!("{{{}}}", pieces.join(", ")), width)))
}

/// Offset, width and text of each part; `None` when the expression is something else.
fn collect_parts(
    signals: &dyn Signals,
    value: &Expr,
    parts: &mut Vec<(usize, usize, String)>,
) -> Result<Option<usize>, EmitError> {
    let (widened, offset) = match value {
        Expr::Binary(a, VerilogOp::BitOr, b) => {
            let left = collect_parts(signals, a, parts)?;
            let right = collect_parts(signals, b, parts)?;
            return Ok(left.filter(|_| left == right));
        }
        Expr::Binary(a, VerilogOp::Shl, b) => match **b {
            Expr::Literal(n) => (&**a, n as usize),
            _ => return Ok(None),
        },
        other => (other, 0),
    };
    let Expr::Cast(inner, width) = widened else {
        return Ok(None);
    };
    let (text, bits) = natural(signals, inner)?;
    let fits = bits < *width && offset + bits <= *width;
    parts.push((offset, bits, unparen(text)));
    Ok(fits.then_some(*width))
}

/// A signal: the only thing that Verilog can take a part of.
fn plain(signals: &dyn Signals, inner: &Expr) -> Result<(String, usize), EmitError> {
    match inner {
        Expr::Signal(name) => signals.signal(name),
        _ => Err(mismatch(
            signals,
            format!("part of an expression {inner:?}"),
        )),
    }
}

fn binary(
    signals: &dyn Signals,
    a: &Expr,
    op: &VerilogOp,
    b: &Expr,
) -> Result<(String, usize), EmitError> {
    use VerilogOp as Op;
    let symbol = match op {
        Op::Add => "+",
        Op::Sub => "-",
        Op::Mul => "*",
        Op::LogicalAnd => "&&",
        Op::LogicalOr => "||",
        Op::BitXor => "^",
        Op::BitAnd => "&",
        Op::BitOr => "|",
        Op::Shl => "<<",
        Op::Shr => ">>",
        Op::Eq => "==",
        Op::Lt => "<",
        Op::Le => "<=",
        Op::Ne => "!=",
        Op::Ge => ">=",
        Op::Gt => ">",
    };
    if matches!(op, Op::Shl | Op::Shr) {
        let (text, own) = natural(signals, a)?;
        let amount = match b {
            Expr::Literal(n) => n.to_string(),
            other => natural(signals, other)?.0,
        };
        return Ok((format!("({text} {symbol} {amount})"), own));
    }
    let (left, right, own) = match (a, b) {
        (Expr::Literal(x), other) => {
            let (right, own) = natural(signals, other)?;
            (sized(signals, *x, own)?, right, own)
        }
        (other, Expr::Literal(y)) => {
            let (left, own) = natural(signals, other)?;
            (left, sized(signals, *y, own)?, own)
        }
        (a, b) => {
            let (left, own) = natural(signals, a)?;
            let (right, other) = natural(signals, b)?;
            if own != other {
                return Err(mismatch(
                    signals,
                    format!("{left} has {own} bits, {right} {other}"),
                ));
            }
            (left, right, own)
        }
    };
    let compares = matches!(
        op,
        Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::LogicalAnd | Op::LogicalOr
    );
    // A chain of the same associative operation needs no inner parentheses.
    let left = match (a, op) {
        (Expr::Binary(_, inner, _), Op::BitAnd | Op::BitOr | Op::BitXor)
            if std::mem::discriminant(inner) == std::mem::discriminant(op) =>
        {
            unparen(left)
        }
        _ => left,
    };
    let width = if compares { 1 } else { own };
    Ok((format!("({left} {symbol} {right})"), width))
}

/// Without the outermost parentheses, if they are a pair.
pub fn unparen(text: String) -> String {
    if !text.starts_with('(') || !text.ends_with(')') {
        return text;
    }
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 && at + 1 < text.len() {
            return text;
        }
    }
    text[1..text.len() - 1].to_owned()
}
