//! Documentation and field types of hardware structs, read from their Rust source, so that a port's meaning
//! is written down once.

use std::collections::HashMap;

/// The documentation of a struct in the source.
#[derive(Clone, Debug, Default)]
pub struct StructDoc {
    /// Lines of its documentation.
    pub doc: Vec<String>,
    /// Fields by name.
    pub fields: HashMap<String, FieldDoc>,
}

/// The documentation of a field in the source.
#[derive(Clone, Debug, Default)]
pub struct FieldDoc {
    /// Lines of its documentation.
    pub doc: Vec<String>,
    /// Type of the field, without arguments and without `Vec`.
    pub type_name: String,
}

/// All structs of `sources` by name. Understands what rustfmt writes: one field a line, documentation on
/// the lines before.
pub fn read(sources: &[&str]) -> HashMap<String, StructDoc> {
    let mut structs = HashMap::new();
    for source in sources {
        let mut doc = Vec::new();
        let mut current: Option<(String, StructDoc)> = None;
        for line in source.lines() {
            let text = line.trim();
            if let Some(comment) = text.strip_prefix("///") {
                doc.push(comment.strip_prefix(' ').unwrap_or(comment).to_owned());
                continue;
            }
            if text.starts_with("#[") {
                continue;
            }
            if let Some((name, entry)) = &mut current {
                if line.starts_with('}') {
                    structs.insert(std::mem::take(name), std::mem::take(entry));
                    current = None;
                } else if let Some((field, kind)) = text
                    .strip_prefix("pub ")
                    .unwrap_or(text)
                    .trim_end_matches(',')
                    .split_once(": ")
                {
                    let field_doc = FieldDoc {
                        doc: std::mem::take(&mut doc),
                        type_name: base_type(kind),
                    };
                    entry.fields.insert(field.to_owned(), field_doc);
                }
            } else if let Some(rest) = text
                .strip_prefix("pub struct ")
                .or_else(|| text.strip_prefix("struct "))
            {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                let name = rest[..end.unwrap_or(rest.len())].to_owned();
                let entry = StructDoc {
                    doc: std::mem::take(&mut doc),
                    fields: HashMap::new(),
                };
                current = Some((name, entry));
            }
            doc.clear();
        }
    }
    structs
}

fn base_type(kind: &str) -> String {
    let kind = kind.strip_prefix("Vec<").unwrap_or(kind);
    let end = kind.find(|c: char| !c.is_alphanumeric() && c != '_');
    kind[..end.unwrap_or(kind.len())].to_owned()
}

/// Documentation as it stands in Verilog: without Markdown's code marks and links.
pub fn plain(line: &str) -> String {
    line.replace('`', "").replace(['[', ']'], "")
}
