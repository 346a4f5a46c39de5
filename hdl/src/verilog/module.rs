//! A module as text.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use rust_hdl::prelude::{AtomKind, Verilog};

use super::EmitError;
use super::comments::Comments;
use super::docs::{self, StructDoc};
use super::elaborate::{AtomInfo, Scope};
use super::expr::{self, Signals};
use super::fields::name_fields;
use super::ir::{self, Expr, Lower, Stmt, Target};
use super::keywords::is_keyword;
use super::process;
use super::prune::prune;
use super::template::{LOCALS, Template, tokens};
use super::used::Used;

/// The wire that names bits which nothing reads; linters take it for what it says.
const UNUSED: &str = "unused";

/// [`EmitError::Name`]'s problem of a module that is called like something inside it.
pub(crate) const TAKEN_INSIDE: &str = "the name of something inside the module";

/// A design to be written: its scopes, and what the Rust source says of them.
pub struct Design<'a> {
    /// Documentation by struct name.
    pub docs: &'a HashMap<String, StructDoc>,
    /// Comments on behaviour by struct name.
    pub comments: &'a HashMap<String, Comments>,
    /// First part of every module name but the top's, with its underscore.
    pub prefix: &'a str,
    /// Name of the top module.
    pub top: &'a str,
    /// Comment lines for the start of every file, without slashes.
    pub banner: &'a [String],
}

/// One module of a design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Module name.
    pub name: String,
    /// Verilog of the whole file.
    pub text: String,
}

type Varying = BTreeMap<String, BTreeSet<String>>;

impl Design<'_> {
    /// All modules of the design whose root is `scope`, an instance of the struct `type_name`; the top
    /// first, then in the order in which they are met.
    ///
    /// # Errors
    ///
    /// [`EmitError`] when the design uses what cannot be written safely.
    pub fn modules(&self, scope: &Scope, type_name: &str) -> Result<Vec<Module>, EmitError> {
        let mut values: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        self.collect_constants(scope, type_name, &mut values);
        let varying: Varying = values
            .into_iter()
            .map(|(kind, constants)| {
                let names = constants.into_iter().filter(|(_, v)| v.len() > 1);
                (kind, names.map(|(name, _)| name).collect())
            })
            .collect();
        let mut modules = Vec::new();
        self.module(scope, type_name, scope.name.clone(), &varying, &mut modules)?;
        Ok(modules)
    }

    fn collect_constants(
        &self,
        scope: &Scope,
        type_name: &str,
        values: &mut BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    ) {
        let of_type = values.entry(type_name.to_owned()).or_default();
        for atom in scope.atoms.iter().filter(|a| a.kind == AtomKind::Constant) {
            let seen = of_type.entry(atom.name.clone()).or_default();
            seen.insert(atom.literal.clone());
        }
        for child in &scope.children {
            if !child.is_dff() && child.inline_code().is_none() {
                let kind = self.type_of(type_name, &child.name);
                self.collect_constants(child, &kind, values);
            }
        }
    }

    fn type_of(&self, owner: &str, instance: &str) -> String {
        let field = instance.split('$').next().unwrap_or(instance);
        self.docs
            .get(owner)
            .and_then(|d| d.fields.get(field))
            .map_or_else(|| field.to_owned(), |f| f.type_name.clone())
    }

    fn module_name(&self, type_name: &str, is_top: bool) -> String {
        if is_top {
            return self.top.to_owned();
        }
        let mut name = self.prefix.to_owned();
        for (i, c) in type_name.chars().enumerate() {
            if c.is_uppercase() && i > 0 {
                name.push('_');
            }
            name.extend(c.to_lowercase());
        }
        name
    }

    fn module(
        &self,
        scope: &Scope,
        type_name: &str,
        path: String,
        varying: &Varying,
        modules: &mut Vec<Module>,
    ) -> Result<(), EmitError> {
        let name = self.module_name(type_name, modules.is_empty());
        let writer = Writer::new(self, scope, type_name, &path, varying)?;
        // Modules have a name space of their own in Verilog, but not in every tool.
        let inside = writer.declared();
        let children = scope.children.iter();
        let children = children.filter(|c| !c.is_dff() && c.inline_code().is_none());
        let kinds = children.map(|c| self.module_name(&self.type_of(type_name, &c.name), false));
        if let Some(name) = std::iter::once(name.clone())
            .chain(kinds)
            .find(|name| inside.contains(name))
        {
            return Err(EmitError::Name {
                module: path,
                name,
                problem: TAKEN_INSIDE,
            });
        }
        let text = writer.write(&name)?;
        match modules.iter().find(|m| m.name == name) {
            Some(known) if known.text == text => return Ok(()),
            Some(_) => {
                return Err(EmitError::Name {
                    module: path,
                    name,
                    problem: "taken twice",
                });
            }
            None => modules.push(Module { name, text }),
        }
        for child in &scope.children {
            if !child.is_dff() && child.inline_code().is_none() {
                let kind = self.type_of(type_name, &child.name);
                let path = format!("{path}.{}", child.name);
                self.module(child, &kind, path, varying, modules)?;
            }
        }
        Ok(())
    }
}

/// `a$b` as an identifier.
fn flat(name: &str) -> String {
    name.replace('$', "_")
}

fn range(bits: usize) -> String {
    if bits == 1 {
        String::new()
    } else {
        format!("[{}:0] ", bits - 1)
    }
}

/// What a port of a child is called in its owner.
fn text_of(child: &Scope, port: &str) -> String {
    match (child.is_dff(), port) {
        (true, "q") => format!("{}_reg", flat(&child.name)),
        (true, _) => format!("{}_next", flat(&child.name)),
        _ => flat(&format!("{}${port}", child.name)),
    }
}

struct Writer<'a> {
    design: &'a Design<'a>,
    scope: Scope,
    type_name: &'a str,
    path: &'a str,
    clock: String,
    names: HashMap<String, (String, usize)>,
    varying: &'a Varying,
    groups: Vec<Vec<Stmt>>,
    /// Signals that nothing reads, and that are left out.
    dead: BTreeSet<String>,
    /// How often a signal is read.
    reads: HashMap<String, usize>,
    /// Child outputs that are connected to a port of this module.
    aliases: HashMap<String, String>,
}

impl Signals for Writer<'_> {
    fn signal(&self, name: &str) -> Result<(String, usize), EmitError> {
        self.names
            .get(name)
            .cloned()
            .ok_or_else(|| EmitError::Name {
                module: self.path.to_owned(),
                name: name.to_owned(),
                problem: "unknown",
            })
    }

    fn module(&self) -> &str {
        self.path
    }
}

impl<'a> Writer<'a> {
    fn new(
        design: &'a Design<'a>,
        scope: &Scope,
        type_name: &'a str,
        path: &'a str,
        varying: &'a Varying,
    ) -> Result<Self, EmitError> {
        let clock = scope.atoms.iter().find(|a| a.is_clock);
        let Verilog::Combinatorial(block) = &scope.code else {
            return Err(EmitError::Unsupported {
                module: path.to_owned(),
                what: "a module of verbatim Verilog".to_owned(),
            });
        };
        let clocks: BTreeSet<String> = scope
            .children
            .iter()
            .flat_map(|c| {
                let clocks = c.atoms.iter().filter(|a| a.is_clock);
                clocks.map(|a| format!("{}${}", c.name, a.name))
            })
            .collect();
        let mut statements = Lower::new(path).block(block)?;
        statements.retain(|s| !matches!(s, Stmt::Assign(t, _) if clocks.contains(&t.name)));
        if let Some(comments) = design.comments.get(type_name) {
            let mut seen = HashMap::new();
            for s in &mut statements {
                s.comment(comments, &mut seen);
            }
        }
        let mut writer = Self {
            design,
            scope: scope.clone(),
            type_name,
            path,
            clock: clock.map_or_else(|| "clk".to_owned(), |a| flat(&a.name)),
            names: HashMap::new(),
            varying,
            groups: Vec::new(),
            dead: BTreeSet::new(),
            reads: HashMap::new(),
            aliases: HashMap::new(),
        };
        name_fields(&mut statements, &mut writer.scope, |name| {
            let mut ports = scope.children.iter().filter_map(|child| {
                let port = name.strip_prefix(&child.name)?.strip_prefix('$')?;
                child.atom(port).map(|_| text_of(child, port))
            });
            ports.next().unwrap_or_else(|| flat(name))
        });
        writer.dead = prune(&mut statements, &writer.scope);
        writer.name_signals()?;
        let mut reads = Vec::new();
        for s in &statements {
            s.reads(&mut reads);
        }
        for name in reads {
            *writer.reads.entry(name).or_default() += 1;
        }
        writer.groups = process::split(statements);
        writer.find_aliases();
        Ok(writer)
    }

    fn name_signals(&mut self) -> Result<(), EmitError> {
        let mut taken = BTreeSet::new();
        let mut add = |key: String, text: String, bits: usize| {
            if is_keyword(&text) {
                return Err(EmitError::Name {
                    module: self.path.to_owned(),
                    name: text,
                    problem: "a keyword",
                });
            }
            if !taken.insert(text.clone()) {
                return Err(EmitError::Name {
                    module: self.path.to_owned(),
                    name: text,
                    problem: "taken twice",
                });
            }
            self.names.insert(key, (text, bits));
            Ok(())
        };
        for atom in &self.scope.atoms {
            let text = match atom.kind {
                AtomKind::Constant => flat(&atom.name).to_uppercase(),
                _ => flat(&atom.name),
            };
            add(atom.name.clone(), text, atom.bits)?;
        }
        for child in &self.scope.children {
            for atom in &child.atoms {
                if atom.is_clock || !atom.kind.is_parameter() {
                    continue;
                }
                let key = format!("{}${}", child.name, atom.name);
                add(key, text_of(child, &atom.name), atom.bits)?;
            }
        }
        Ok(())
    }

    /// All that the module declares, or would if something read it: ports, parameters, signals and instances.
    fn declared(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self.names.values().map(|(n, _)| n.clone()).collect();
        names.insert(self.clock.clone());
        names.insert(UNUSED.to_owned());
        for child in self.scope.children.iter().filter(|c| !c.is_dff()) {
            let child_name = flat(&child.name);
            if child.inline_code().is_some() {
                names.extend(LOCALS.map(|local| format!("{child_name}_{local}")));
            }
            names.insert(child_name);
        }
        names
    }

    /// The expression of a signal that is assigned once, as a whole and unconditionally.
    fn direct(&self, name: &str) -> Option<&Expr> {
        self.groups.iter().find_map(|g| match g.as_slice() {
            [
                Stmt::Assign(
                    Target {
                        name: n,
                        part: None,
                        ..
                    },
                    value,
                ),
            ] if n == name => Some(value),
            _ => None,
        })
    }

    /// The comment on that assignment.
    fn direct_comment(&self, name: &str) -> &[String] {
        let targets = self.groups.iter().filter_map(|g| match g.as_slice() {
            [Stmt::Assign(target, _)] => Some(target),
            _ => None,
        });
        let mut named = targets.filter(|t| t.name == name);
        named.next().map_or(&[], |t| &t.comment)
    }

    /// An output port that does nothing but show a module's output is connected to that.
    fn find_aliases(&mut self) {
        let mut aliases = HashMap::new();
        for atom in &self.scope.atoms {
            if atom.kind != AtomKind::OutputParameter || self.reads.contains_key(&atom.name) {
                continue;
            }
            let Some(Expr::Signal(source)) = self.direct(&atom.name) else {
                continue;
            };
            let is_child_output = self.scope.children.iter().any(|c| {
                !c.is_dff()
                    && c.inline_code().is_none()
                    && source
                        .strip_prefix(&format!("{}$", c.name))
                        .is_some_and(|p| c.atom(p).is_some())
            });
            if is_child_output && self.reads.get(source) == Some(&1) {
                aliases.insert(source.clone(), atom.name.clone());
            }
        }
        self.aliases = aliases;
    }

    fn is_aliased(&self, port: &str) -> bool {
        self.aliases.values().any(|p| p == port)
    }

    fn doc(&self, field: &str) -> &[String] {
        let base = field.split('$').next().unwrap_or(field);
        self.design
            .docs
            .get(self.type_name)
            .and_then(|d| d.fields.get(base))
            .map_or(&[], |f| &f.doc)
    }

    /// Signals that a process assigns, which Verilog calls `reg`.
    fn regs(&self) -> BTreeSet<String> {
        let mut regs = BTreeSet::new();
        for group in &self.groups {
            if !is_continuous(group) {
                for s in group {
                    s.targets(&mut regs);
                }
            }
        }
        regs
    }

    fn write(&self, name: &str) -> Result<String, EmitError> {
        let mut out = String::new();
        for line in self.design.banner {
            let _ = writeln!(out, "{}", format!("// {line}").trim_end());
        }
        out += "\n`default_nettype none\n\n";
        if let Some(doc) = self.design.docs.get(self.type_name) {
            for line in &doc.doc {
                let _ = writeln!(out, "{}", format!("// {}", docs::plain(line)).trim_end());
            }
        }
        let body = self.body()?;
        let _ = write!(out, "module {name}");
        let parameters: Vec<String> = self
            .constants(&body)
            .filter(|a| self.varies(a))
            .map(|a| {
                let range = range(a.bits);
                format!(
                    "    parameter {range}{} = {}'d0",
                    flat(&a.name).to_uppercase(),
                    a.bits
                )
            })
            .collect();
        if !parameters.is_empty() {
            let _ = write!(out, " #(\n{}\n)", parameters.join(",\n"));
        }
        out += " (\n";
        out += &self.ports();
        out += ");\n\n";
        let mut any = false;
        for atom in self.constants(&body).filter(|a| !self.varies(a)) {
            let range = range(atom.bits);
            let name = flat(&atom.name).to_uppercase();
            let literal = ir::constant(&atom.literal, atom.bits);
            let _ = writeln!(out, "localparam {range}{name} = {literal};");
            any = true;
        }
        if any {
            out.push('\n');
        }
        out += &body;
        out += "\nendmodule\n\n`default_nettype wire\n";
        while out.contains("\n\n\n") {
            out = out.replace("\n\n\n", "\n\n");
        }
        Ok(out)
    }

    /// Constants that the text uses.
    fn constants<'b>(&'b self, body: &'b str) -> impl Iterator<Item = &'b AtomInfo> {
        let used: BTreeSet<&str> = tokens(body)
            .filter(|(is_word, _)| *is_word)
            .map(|t| t.1)
            .collect();
        self.scope.atoms.iter().filter(move |a| {
            a.kind == AtomKind::Constant && used.contains(flat(&a.name).to_uppercase().as_str())
        })
    }

    fn varies(&self, atom: &AtomInfo) -> bool {
        let names = self.varying.get(self.type_name);
        names.is_some_and(|n| n.contains(&atom.name))
    }

    fn ports(&self) -> String {
        let regs = self.regs();
        let ports: Vec<&AtomInfo> = self
            .scope
            .atoms
            .iter()
            .filter(|a| a.kind.is_parameter())
            .collect();
        let mut out = String::new();
        for (i, atom) in ports.iter().enumerate() {
            for line in self.doc(&atom.name) {
                let _ = writeln!(out, "    // {}", docs::plain(line));
            }
            let direction = match atom.kind {
                AtomKind::InputParameter => "input  wire",
                _ if regs.contains(&atom.name) => "output reg ",
                _ => "output wire",
            };
            let comma = if i + 1 == ports.len() { "" } else { "," };
            let _ = writeln!(
                out,
                "    {direction} {}{}{comma}",
                range(atom.bits),
                flat(&atom.name)
            );
        }
        out
    }

    fn body(&self) -> Result<String, EmitError> {
        let regs = self.regs();
        let mut declarations = String::new();
        let mut initial = String::new();
        let mut text = String::new();
        let mut clocked = String::new();
        // Assignments that became a connection, a clocked assignment or part of an expanded block.
        let mut done: BTreeSet<String> = BTreeSet::new();

        for atom in &self.scope.atoms {
            if atom.kind == AtomKind::LocalSignal && !self.dead.contains(&atom.name) {
                let kind = if regs.contains(&atom.name) {
                    "reg "
                } else {
                    "wire"
                };
                let _ = writeln!(
                    declarations,
                    "{kind} {}{};",
                    range(atom.bits),
                    flat(&atom.name)
                );
            }
        }
        for child in &self.scope.children {
            if child.is_dff() {
                if self.dead.contains(&format!("{}$d", child.name)) {
                    continue;
                }
                self.register(
                    child,
                    &mut declarations,
                    &mut initial,
                    &mut clocked,
                    &mut done,
                )?;
            } else if let Some(template) = Template::of(child) {
                self.expand(
                    child,
                    &template,
                    &regs,
                    &mut declarations,
                    &mut text,
                    &mut done,
                )?;
            } else {
                self.instance(child, &regs, &mut declarations, &mut text, &mut done)?;
            }
        }

        let mut out = declarations;
        if !out.is_empty() {
            out.push('\n');
        }
        // Not in the declarations: as SystemVerilog has it, those set a register before any process waits for it, and an
        // `always @*` that reads it would not run.
        if !initial.is_empty() {
            let _ = write!(out, "initial begin\n{initial}end\n\n");
        }
        out += &text;
        // A comment on what became a connection stands before what follows it.
        let mut pending = Vec::new();
        for group in &self.groups {
            self.group(group, &done, &mut pending, &mut out)?;
        }
        let unread = self.unread(&done)?;
        if !unread.is_empty() {
            let bits = unread.join(",\n    ");
            let _ = write!(
                out,
                "\n// Bits that nothing reads.\nwire {UNUSED} = &{{\n    1'd0,\n    {bits}\n}};\n"
            );
        }
        if !clocked.is_empty() {
            let _ = write!(
                out,
                "\nalways @(posedge {}) begin\n{clocked}end\n",
                self.clock
            );
        }
        Ok(out)
    }

    fn register(
        &self,
        child: &Scope,
        declarations: &mut String,
        initial: &mut String,
        clocked: &mut String,
        done: &mut BTreeSet<String>,
    ) -> Result<(), EmitError> {
        let (reg, bits) = self.signal(&format!("{}$q", child.name))?;
        let input = format!("{}$d", child.name);
        let range = range(bits);
        let start = child
            .initial_value()
            .map_or_else(|| format!("{bits}'d0"), |v| ir::constant(v, bits));
        let _ = writeln!(initial, "    {reg} = {start};");
        match self.direct(&input) {
            Some(value) if !self.reads.contains_key(&input) => {
                let _ = writeln!(declarations, "reg  {range}{reg};");
                comment(self.direct_comment(&input), 1, clocked);
                let _ = writeln!(clocked, "    {reg} <= {};", expr::print(self, value, bits)?);
                done.insert(input);
            }
            _ => {
                let (next, _) = self.signal(&input)?;
                let _ = writeln!(declarations, "reg  {range}{reg}, {next};");
                let _ = writeln!(clocked, "    {reg} <= {next};");
            }
        }
        Ok(())
    }

    /// Writes a block of wiring or memory into this module.
    fn expand(
        &self,
        child: &Scope,
        template: &Template<'_>,
        regs: &BTreeSet<String>,
        declarations: &mut String,
        text: &mut String,
        done: &mut BTreeSet<String>,
    ) -> Result<(), EmitError> {
        let mut names: HashMap<&str, String> = HashMap::new();
        for atom in &child.atoms {
            let key = format!("{}${}", child.name, atom.name);
            if atom.is_clock {
                names.insert(&atom.name, self.clock.clone());
            } else if !self.dead.contains(&key) {
                let is_input = atom.kind == AtomKind::InputParameter;
                if is_input && let Some(Expr::Signal(source)) = self.direct(&key) {
                    names.insert(&atom.name, self.signal(source)?.0);
                    done.insert(key);
                    continue;
                }
                let (own, bits) = self.signal(&key)?;
                let is_reg = match is_input {
                    true => regs.contains(&key),
                    false => template.is_register(atom),
                };
                let kind = if is_reg { "reg " } else { "wire" };
                let _ = writeln!(declarations, "{kind} {}{own};", range(bits));
                names.insert(&atom.name, own);
            }
        }
        text.push_str(&template.write(|port| names.get(port.name.as_str()).map(String::as_str)));
        text.push_str("\n\n");
        Ok(())
    }

    fn instance(
        &self,
        child: &Scope,
        regs: &BTreeSet<String>,
        declarations: &mut String,
        text: &mut String,
        done: &mut BTreeSet<String>,
    ) -> Result<(), EmitError> {
        let kind = self.design.type_of(self.type_name, &child.name);
        let mut connections = Vec::new();
        for atom in child.atoms.iter().filter(|a| a.kind.is_parameter()) {
            let port = flat(&atom.name);
            if atom.is_clock {
                connections.push(format!("    .{port}({})", self.clock));
                continue;
            }
            let key = format!("{}${}", child.name, atom.name);
            let (own, bits) = self.signal(&key)?;
            let kind = if regs.contains(&key) { "reg " } else { "wire" };
            let connected = if atom.kind == AtomKind::InputParameter {
                match self.direct(&key) {
                    Some(value @ (Expr::Signal(_) | Expr::Slice(..) | Expr::Literal(_))) => {
                        done.insert(key);
                        expr::print(self, value, bits)?
                    }
                    _ => {
                        let _ = writeln!(declarations, "{kind} {}{own};", range(bits));
                        own
                    }
                }
            } else if let Some(port) = self.aliases.get(&key) {
                flat(port)
            } else if self.reads.contains_key(&key) {
                let _ = writeln!(declarations, "wire {}{own};", range(bits));
                own
            } else {
                String::new()
            };
            connections.push(format!("    .{port}({connected})"));
        }
        let _ = write!(text, "{}", self.design.module_name(&kind, false));
        let parameters: Vec<String> = child
            .atoms
            .iter()
            .filter(|a| a.kind == AtomKind::Constant)
            .filter(|a| self.varying.get(&kind).is_some_and(|n| n.contains(&a.name)))
            .map(|a| {
                let literal = ir::constant(&a.literal, a.bits);
                format!("    .{}({literal})", flat(&a.name).to_uppercase())
            })
            .collect();
        if !parameters.is_empty() {
            let _ = write!(text, " #(\n{}\n)", parameters.join(",\n"));
        }
        let _ = write!(
            text,
            " {} (\n{}\n);\n\n",
            flat(&child.name),
            connections.join(",\n")
        );
        Ok(())
    }

    fn group(
        &self,
        group: &[Stmt],
        done: &BTreeSet<String>,
        pending: &mut Vec<String>,
        out: &mut String,
    ) -> Result<(), EmitError> {
        if is_continuous(group) {
            for s in group {
                let Stmt::Assign(target, value) = s else {
                    continue;
                };
                if done.contains(&target.name) || self.is_aliased(&target.name) {
                    let is_register = target.name.ends_with("$d");
                    if !is_register && !target.comment.is_empty() {
                        *pending = target.comment.clone();
                    }
                } else {
                    let own = &target.comment;
                    if !(pending.is_empty() && own.is_empty()) {
                        out.push('\n');
                    }
                    comment(&std::mem::take(pending), 0, out);
                    comment(own, 0, out);
                    let (left, bits) = self.target(target)?;
                    let right = in_lines(expr::print(self, value, bits)?);
                    let _ = writeln!(out, "assign {left} = {right};");
                }
            }
            return Ok(());
        }
        if !self.wakes(group) {
            let mut targets = BTreeSet::new();
            group.iter().for_each(|s| s.targets(&mut targets));
            let targets: Vec<String> = targets.into_iter().collect();
            return Err(EmitError::Unsupported {
                module: self.path.to_owned(),
                what: format!(
                    "a process of constants alone, which never runs, for {}",
                    targets.join(", ")
                ),
            });
        }
        out.push('\n');
        comment(&std::mem::take(pending), 0, out);
        out.push_str("always @* begin\n");
        self.statements(group, None, 1, out)?;
        out.push_str("end\n\n");
        Ok(())
    }

    /// Whether the process reads a signal that it does not make itself.
    fn wakes(&self, group: &[Stmt]) -> bool {
        let (mut reads, mut targets) = (Vec::new(), BTreeSet::new());
        for s in group {
            s.reads(&mut reads);
            s.targets(&mut targets);
        }
        let is_constant = |name: &str| {
            let atom = self.scope.atom(name);
            atom.is_some_and(|a| a.kind == AtomKind::Constant)
        };
        reads
            .iter()
            .any(|r| !targets.contains(r) && !is_constant(r))
    }

    /// The inputs, and parts of signals, that nothing in the module reads. Other signals of which nothing is read are none:
    /// there should be no such signal.
    fn unread(&self, done: &BTreeSet<String>) -> Result<Vec<String>, EmitError> {
        let mut used = Used::default();
        for s in self.groups.iter().flatten() {
            // What became a connection of expanded code is read as far as that code does.
            let is_wiring = match s {
                Stmt::Assign(target, _) => {
                    done.contains(&target.name) && self.is_expanded(&target.name)
                }
                _ => false,
            };
            if !is_wiring {
                s.bits(&mut used);
            }
        }
        let mut signals: Vec<String> = Vec::new();
        for atom in &self.scope.atoms {
            match atom.kind {
                AtomKind::InputParameter if !atom.is_clock => signals.push(atom.name.clone()),
                AtomKind::LocalSignal => signals.push(atom.name.clone()),
                _ => {}
            }
        }
        for child in &self.scope.children {
            let key = |port: &str| format!("{}${port}", child.name);
            if child.is_dff() {
                used.all(&key("d"));
                if !self.dead.contains(&key("d")) {
                    signals.push(key("q"));
                }
            } else if let Some(template) = Template::of(child) {
                self.template_reads(child, &template, done, &mut used);
                signals.extend(
                    child
                        .atoms
                        .iter()
                        .filter(|a| !a.is_clock)
                        .map(|a| key(&a.name)),
                );
            } else {
                for atom in child
                    .atoms
                    .iter()
                    .filter(|a| a.kind.is_parameter() && !a.is_clock)
                {
                    let name = key(&atom.name);
                    if atom.kind == AtomKind::InputParameter {
                        used.all(&name);
                    } else if self.reads.contains_key(&name) && !self.aliases.contains_key(&name) {
                        signals.push(name);
                    }
                }
            }
        }
        signals.retain(|name| {
            !self.dead.contains(name) && !done.contains(name) && !name.contains(UNUSED)
        });
        let mut unread = Vec::new();
        for name in signals {
            let (text, bits) = self.signal(&name)?;
            let is_port = self
                .scope
                .atom(&name)
                .is_some_and(|a| a.kind.is_parameter());
            let mut parts = used.unread(&name, bits);
            parts.retain(|part| is_port || part.len() < bits);
            unread.extend(parts.into_iter().map(|part| match part {
                _ if part.len() == bits => text.clone(),
                _ if part.len() == 1 => format!("{text}[{}]", part.start),
                _ => format!("{text}[{}:{}]", part.end - 1, part.start),
            }));
        }
        Ok(unread)
    }

    /// Whether a signal is a port of a block whose code is expanded here.
    fn is_expanded(&self, name: &str) -> bool {
        let mut children = self.scope.children.iter();
        children.any(|c| {
            let port = name.strip_prefix(&c.name).and_then(|n| n.strip_prefix('$'));
            !c.is_dff() && c.inline_code().is_some() && port.is_some_and(|p| c.atom(p).is_some())
        })
    }

    /// What the code of `child`, which is written into this module, reads.
    fn template_reads(
        &self,
        child: &Scope,
        template: &Template<'_>,
        done: &BTreeSet<String>,
        used: &mut Used,
    ) {
        for (port, part) in template.reads() {
            let key = format!("{}${}", child.name, port.name);
            let source = match self.direct(&key) {
                Some(Expr::Signal(source)) if done.contains(&key) => source.clone(),
                _ => key,
            };
            match part {
                Some(part) => used.part(&source, part),
                None => used.all(&source),
            }
        }
    }

    fn target(&self, target: &Target) -> Result<(String, usize), EmitError> {
        let (name, bits) = self.signal(&target.name)?;
        Ok(match target.part {
            None => (name, bits),
            Some((offset, 1)) => (format!("{name}[{offset}]"), 1),
            Some((offset, width)) => (format!("{name}[{}:{offset}]", offset + width - 1), width),
        })
    }

    /// The statements, and before each its comment, but for that on `said`, which stands there already.
    fn statements(
        &self,
        block: &[Stmt],
        said: Option<&Target>,
        depth: usize,
        out: &mut String,
    ) -> Result<(), EmitError> {
        let pad = "    ".repeat(depth);
        for s in block {
            let first = s.first_target();
            if let Some(first) = first
                && !said.is_some_and(|said| std::ptr::eq(said, first))
            {
                comment(&first.comment, depth, out);
            }
            match s {
                Stmt::Assign(target, value) => {
                    let (left, bits) = self.target(target)?;
                    let right = expr::print(self, value, bits)?;
                    let _ = writeln!(out, "{pad}{left} = {right};");
                }
                Stmt::If(test, then, otherwise) => {
                    out.push_str(&pad);
                    self.conditional(test, then, otherwise, first, depth, out)?;
                }
                Stmt::Case(test, arms) => {
                    let (text, bits) = expr::natural(self, test)?;
                    let _ = writeln!(out, "{pad}case ({})", expr::unparen(text));
                    for (label, block) in arms {
                        let label = match label {
                            Some(value) => format!("{bits}'d{value}"),
                            None => "default".to_owned(),
                        };
                        let _ = writeln!(out, "{pad}    {label}: begin");
                        self.statements(block, first, depth + 2, out)?;
                        let _ = writeln!(out, "{pad}    end");
                    }
                    let _ = writeln!(out, "{pad}endcase");
                }
            }
        }
        Ok(())
    }

    fn conditional(
        &self,
        test: &Expr,
        then: &[Stmt],
        otherwise: &[Stmt],
        said: Option<&Target>,
        depth: usize,
        out: &mut String,
    ) -> Result<(), EmitError> {
        let pad = "    ".repeat(depth);
        let _ = writeln!(out, "if ({}) begin", expr::condition(self, test)?);
        self.statements(then, said, depth + 1, out)?;
        match otherwise {
            [] => {
                let _ = writeln!(out, "{pad}end");
            }
            [Stmt::If(test, then, otherwise)] => {
                let _ = write!(out, "{pad}end else ");
                self.conditional(test, then, otherwise, None, depth, out)?;
            }
            _ => {
                let _ = writeln!(out, "{pad}end else begin");
                self.statements(otherwise, said, depth + 1, out)?;
                let _ = writeln!(out, "{pad}end");
            }
        }
        Ok(())
    }
}

/// A long concatenation with a line for each part.
fn in_lines(text: String) -> String {
    const LONG: usize = 140;
    match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
        Some(parts) if text.len() > LONG && !parts.contains(['{', '}']) => {
            format!("{{\n    {}\n}}", parts.replace(", ", ",\n    "))
        }
        _ => text,
    }
}

/// Comment lines.
fn comment(lines: &[String], depth: usize, out: &mut String) {
    let pad = "    ".repeat(depth);
    for line in lines {
        let _ = writeln!(out, "{pad}// {}", docs::plain(line));
    }
}

/// Whether a group is nothing but unconditional assignments to different signals or parts.
fn is_continuous(group: &[Stmt]) -> bool {
    let mut seen = BTreeSet::new();
    group.iter().all(|s| match s {
        Stmt::Assign(t, _) => match t.part {
            None => group.len() == 1,
            Some(part) => seen.insert((t.name.clone(), part)),
        },
        _ => false,
    })
}
