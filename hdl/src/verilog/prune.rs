//! Removes what nothing reads: registers and wires that one configuration of a block needs and another does not, and values
//! that are overwritten.

use std::collections::BTreeSet;

use rust_hdl::prelude::AtomKind;

use super::elaborate::Scope;
use super::ir::Stmt;
use super::template::Template;

/// Removes assignments to signals of `scope` that nothing reads, and returns the signals: locals by their name, registers as
/// `register$d`, inputs of expanded blocks as `block$input`. A name with `unused` in it is kept.
pub fn prune(statements: &mut Vec<Stmt>, scope: &Scope) -> BTreeSet<String> {
    drop_overwritten(statements);
    let mut dead = ignored_inputs(scope);
    strip(statements, &dead);
    loop {
        let mut reads = BTreeSet::new();
        for s in statements.iter() {
            live_reads(s, &mut reads);
        }
        let registers = scope.children.iter().filter(|c| c.is_dff());
        let registers = registers
            .filter(|c| !reads.contains(&format!("{}$q", c.name)))
            .map(|c| format!("{}$d", c.name));
        let locals = scope.atoms.iter().filter(|a| {
            a.kind == AtomKind::LocalSignal
                && !reads.contains(&a.name)
                && !a.name.contains("unused")
        });
        let locals = locals.map(|a| a.name.clone());
        let before = dead.len();
        dead.extend(registers.chain(locals));
        if dead.len() == before {
            return dead;
        }
        strip(statements, &dead);
    }
}

/// Removes assignments that a later one, unconditional and of the whole signal, makes void: `dff_setup!` gives every register its
/// own value first.
fn drop_overwritten(statements: &mut Vec<Stmt>) {
    let mut at = 0;
    while at < statements.len() {
        if is_void(&statements[at], &statements[at + 1..]) {
            statements.remove(at);
        } else {
            at += 1;
        }
    }
}

fn is_void(statement: &Stmt, later: &[Stmt]) -> bool {
    let Stmt::Assign(target, _) = statement else {
        return false;
    };
    for s in later {
        let mut reads = Vec::new();
        s.reads(&mut reads);
        let mut targets = BTreeSet::new();
        s.targets(&mut targets);
        if reads.contains(&target.name) {
            return false;
        }
        if targets.contains(&target.name) {
            return matches!(s, Stmt::Assign(t, _) if t.part.is_none());
        }
    }
    false
}

/// Inputs that the code of a block does not mention.
fn ignored_inputs(scope: &Scope) -> BTreeSet<String> {
    let mut ignored = BTreeSet::new();
    for child in &scope.children {
        let Some(template) = Template::of(child) else {
            continue;
        };
        for atom in &child.atoms {
            let is_input = atom.kind == AtomKind::InputParameter && !atom.is_clock;
            if is_input && !template.mentions(atom) {
                ignored.insert(format!("{}${}", child.name, atom.name));
            }
        }
    }
    ignored
}

fn strip(statements: &mut Vec<Stmt>, dead: &BTreeSet<String>) {
    statements.retain_mut(|s| match s {
        Stmt::Assign(target, _) => !dead.contains(&target.name),
        Stmt::If(_, then, otherwise) => {
            strip(then, dead);
            strip(otherwise, dead);
            !(then.is_empty() && otherwise.is_empty())
        }
        Stmt::Case(_, arms) => {
            for (_, block) in arms.iter_mut() {
                strip(block, dead);
            }
            arms.iter().any(|(_, block)| !block.is_empty())
        }
    });
}

/// What a statement reads, but for a register's own value on its way to itself.
fn live_reads(s: &Stmt, out: &mut BTreeSet<String>) {
    let mut reads = Vec::new();
    match s {
        Stmt::Assign(target, value) => {
            value.reads(&mut reads);
            if let Some(register) = target.name.strip_suffix("$d") {
                let own = format!("{register}$q");
                reads.retain(|name| *name != own);
            }
        }
        Stmt::If(test, then, otherwise) => {
            test.reads(&mut reads);
            then.iter()
                .chain(otherwise)
                .for_each(|s| live_reads(s, out));
        }
        Stmt::Case(test, arms) => {
            test.reads(&mut reads);
            let blocks = arms.iter().flat_map(|(_, block)| block);
            blocks.for_each(|s| live_reads(s, out));
        }
    }
    out.extend(reads);
}
