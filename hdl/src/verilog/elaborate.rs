//! The tree of scopes that rust-hdl's probe sees.

use rust_hdl::prelude::*;

use super::fields::{Field, fields};

/// A signal of a scope.
#[derive(Clone, Debug)]
pub struct AtomInfo {
    /// Name; an element of an array is `name$index`.
    pub name: String,
    /// Role.
    pub kind: AtomKind,
    /// Width.
    pub bits: usize,
    /// Value of a constant, as a sized literal.
    pub literal: String,
    /// Whether it is a clock.
    pub is_clock: bool,
    /// Fields, the lowest first, where it is a bundle.
    pub fields: Vec<Field>,
}

/// A block with its signals and its blocks.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Instance name; an element of an array is `name$index`.
    pub name: String,
    /// Signals in the order of the struct's fields.
    pub atoms: Vec<AtomInfo>,
    /// Behaviour.
    pub code: Verilog,
    /// Blocks in the order of the struct's fields.
    pub children: Vec<Scope>,
}

impl Scope {
    /// The atom called `name`.
    pub fn atom(&self, name: &str) -> Option<&AtomInfo> {
        self.atoms.iter().find(|a| a.name == name)
    }

    /// Whether the block is a D flip-flop, which is written as a register of its owner.
    pub fn is_dff(&self) -> bool {
        matches!(&self.code, Verilog::Custom(code) if code.contains("q <= d;"))
            && self.atoms.len() == 3
    }

    /// The value to which a flip-flop powers up, as rust-hdl writes it.
    pub fn initial_value(&self) -> Option<&str> {
        match &self.code {
            Verilog::Custom(code) => code.split_once("q = ")?.1.split_once(';').map(|v| v.0),
            _ => None,
        }
    }

    /// The Verilog to be expanded in the owner, if the block asks for that.
    pub fn inline_code(&self) -> Option<&str> {
        match &self.code {
            Verilog::Custom(code) => code.strip_prefix(crate::primitive::INLINE),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Collector {
    stack: Vec<Scope>,
    done: Option<Scope>,
}

impl Probe for Collector {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        self.stack.push(Scope {
            name: name.to_owned(),
            atoms: Vec::new(),
            code: node.hdl(),
            children: Vec::new(),
        });
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        if let Some(scope) = self.stack.last_mut() {
            scope.atoms.push(AtomInfo {
                name: name.to_owned(),
                kind: signal.kind(),
                bits: signal.bits(),
                literal: signal.verilog().to_string(),
                is_clock: signal.descriptor().name == "clock",
                fields: fields(&signal.descriptor()),
            });
        }
    }

    fn visit_end_scope(&mut self, _name: &str, _node: &dyn Block) {
        if let Some(scope) = self.stack.pop() {
            match self.stack.last_mut() {
                Some(parent) => parent.children.push(scope),
                None => self.done = Some(scope),
            }
        }
    }
}

/// The tree below `block`, whose root is called `name`.
pub fn elaborate(block: &dyn Block, name: &str) -> Option<Scope> {
    let mut collector = Collector::default();
    block.accept(name, &mut collector);
    collector.done
}
