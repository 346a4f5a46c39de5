//! Verbatim code of a block that is written into the module around it: text, with the places where a name of that module
//! goes.

use std::ops::Range;

use rust_hdl::prelude::AtomKind;

use super::elaborate::{AtomInfo, Scope};

/// Names that code of a memory may declare.
pub const LOCALS: [&str; 3] = ["words", "rows", "i"];

/// A piece of code.
#[derive(Clone, Debug)]
enum Piece<'a> {
    /// Stands as it is.
    Text(&'a str),
    /// A port of the block, and the bits of it that the code behind the name selects; all if `None`.
    Port(&'a AtomInfo, Option<Range<usize>>),
    /// A name that the code declares.
    Local(&'a str),
}

/// The code of a block in pieces.
#[derive(Clone, Debug)]
pub struct Template<'a> {
    block: &'a str,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Template<'a> {
    /// The code of `block`, if it asks to be written into the module around it.
    pub fn of(block: &'a Scope) -> Option<Self> {
        let code = block.inline_code().filter(|_| !block.is_dff())?;
        let tokens: Vec<(bool, &str)> = tokens(code).collect();
        let pieces = tokens.iter().enumerate().map(|(at, &(is_word, token))| {
            match block.atom(token).filter(|_| is_word) {
                Some(port) => Piece::Port(port, selected(&tokens[at + 1..])),
                None if is_word && LOCALS.contains(&token) => Piece::Local(token),
                None => Piece::Text(token),
            }
        });
        Some(Self {
            block: &block.name,
            pieces: pieces.collect(),
        })
    }

    /// Whether the code has this port.
    pub fn mentions(&self, port: &AtomInfo) -> bool {
        self.ports().any(|(named, _)| named.name == port.name)
    }

    /// Whether the code assigns to this port in a clocked process.
    pub fn is_register(&self, port: &AtomInfo) -> bool {
        self.pieces.windows(2).any(|pair| match pair {
            [Piece::Port(named, None), Piece::Text(text)] => {
                named.name == port.name && text.starts_with(" <=")
            }
            _ => false,
        })
    }

    /// The inputs that the code reads, clocks left out, and the bits of them; all if `None`.
    pub fn reads(&self) -> impl Iterator<Item = (&'a AtomInfo, Option<Range<usize>>)> + '_ {
        self.ports()
            .filter(|(port, _)| port.kind == AtomKind::InputParameter && !port.is_clock)
    }

    fn ports(&self) -> impl Iterator<Item = (&'a AtomInfo, Option<Range<usize>>)> + '_ {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Port(port, part) => Some((*port, part.clone())),
            _ => None,
        })
    }

    /// The code, with the block's name before names that it declares, and for each port what `name` says.
    pub fn write<'n>(&self, name: impl Fn(&AtomInfo) -> Option<&'n str>) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Port(port, _) => out.push_str(name(port).unwrap_or(&port.name)),
                Piece::Local(local) => {
                    out.extend([self.block.replace('$', "_").as_str(), "_", local]);
                }
            }
        }
        out
    }
}

/// The bits that `[high:low]` or `[bit]` at the start of the tokens select; `None` if there is no such thing, or the
/// selection varies.
fn selected(tokens: &[(bool, &str)]) -> Option<Range<usize>> {
    let text = |at: usize| tokens.get(at).map_or("", |t| t.1);
    let number = |at: usize| text(at).parse::<usize>().ok();
    match (text(0), number(1), text(2), number(3)) {
        ("[", Some(high), ":", Some(low)) => Some(low..high + 1),
        ("[", Some(bit), end, _) if end.starts_with(']') => Some(bit..bit + 1),
        _ => None,
    }
}

/// The text in pieces: identifiers (true) and everything between them (false). A `'` keeps the base letter
/// of a literal from being taken for a name.
pub fn tokens(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == '\'';
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let word = is_word(first);
        let end = rest
            .find(|c: char| is_word(c) != word)
            .unwrap_or(rest.len());
        let (token, tail) = rest.split_at(end);
        rest = tail;
        let name = word && !first.is_ascii_digit() && !token.contains('\'');
        Some((name, token))
    })
}
