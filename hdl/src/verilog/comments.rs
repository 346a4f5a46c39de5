//! Comments on behaviour, read from the Rust source, so that the Verilog explains itself where the Rust does.
//!
//! rust-hdl's syntax tree has no comments. A comment is found again by the assignment that follows it: its target, and how
//! many assignments to the same target stand before it.

use std::collections::HashMap;

/// Comments of one block by the assignment that follows: target (`register$d`), and its place among the assignments to that
/// target.
pub type Comments = HashMap<(String, usize), Vec<String>>;

/// The comments of all blocks of `sources`, by the block's type. Understands what rustfmt writes.
pub fn read(sources: &[&str]) -> HashMap<String, Comments> {
    let mut blocks = HashMap::new();
    for source in sources {
        let mut lines = source.lines();
        while let Some(line) = lines.next() {
            if !line.starts_with("impl") {
                continue;
            }
            let mut header = line.to_owned();
            while !header.contains('{') {
                let Some(more) = lines.next() else { break };
                header.push(' ');
                header.push_str(more.trim());
            }
            let behaviour = header.split_once("Logic").map_or("", |(_, rest)| rest);
            if let Some((_, name)) = behaviour.split_once("for ") {
                let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
                let name = name[..end.unwrap_or(name.len())].to_owned();
                blocks.insert(name, of_block(lines.by_ref()));
            }
        }
    }
    blocks
}

/// The comments of the block whose `impl` the lines are in.
fn of_block<'a>(lines: impl Iterator<Item = &'a str>) -> Comments {
    let mut comments = Comments::new();
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut pending = Vec::new();
    let mut in_setup = false;
    for line in lines.take_while(|line| *line != "}") {
        let text = line.trim();
        if let Some(comment) = text.strip_prefix("//") {
            pending.push(comment.trim().to_owned());
            continue;
        }
        // dff_setup! assigns every register its own value first.
        if let Some(rest) = text.strip_prefix("dff_setup!(") {
            in_setup = true;
            names(rest).for_each(|name| *counts.entry(format!("{name}$d")).or_default() += 1);
        } else if in_setup {
            names(text).for_each(|name| *counts.entry(format!("{name}$d")).or_default() += 1);
        }
        if text.ends_with(");") {
            in_setup = false;
        }
        if let Some(target) = target(text) {
            let place = counts.entry(target.clone()).or_default();
            if !pending.is_empty() {
                comments.insert((target, *place), std::mem::take(&mut pending));
            }
            *place += 1;
        }
    }
    comments
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', ')', ';', '('])
        .filter(|n| !n.is_empty())
}

/// The target of an assignment: `self.a[i].d.next = …` is `a$0$d`.
fn target(line: &str) -> Option<String> {
    let rest = line.strip_prefix("self.")?;
    let (path, tail) = rest.split_once(".next")?;
    let is_path = path
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']'));
    if !is_path || !tail.starts_with([' ', '.']) {
        return None;
    }
    let mut name = String::new();
    for part in path.split('.') {
        if !name.is_empty() {
            name.push('$');
        }
        match part.split_once('[') {
            Some((array, _)) => {
                name.push_str(array);
                name.push_str("$0");
            }
            None => name.push_str(part),
        }
    }
    Some(name)
}
