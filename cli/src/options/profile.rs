//! `--profile`: a row profile of the format by name, or the user's own from a file.
//!
//! A profile file is TOML:
//!
//! ```toml
//! id = 128                # 128 to 255, header byte 2
//! name = "pair"
//! row_bytes = 16          # 4, 8, 16, 32 or 64
//! fields = ["src_ip4", "dst_ip4", "dst_port", "protocol", { zero = 5 }]
//! ```

use std::fs::File;
use std::io::Read;
use std::path::Path;

use scr_wire::{Field, Profile, profile};
use serde::Deserialize;

use crate::error::{Error, Result};

/// Largest size of a profile file in bytes.
const LONGEST: u64 = 64 << 10;

/// A value of `--profile`: the name of a profile of the format, or the path of a profile file.
#[derive(Clone, Debug)]
pub struct ProfileArg(String);

impl From<&str> for ProfileArg {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    id: u8,
    name: String,
    row_bytes: usize,
    fields: Vec<FieldSpec>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a field is a name such as \"src_ip4\", or { zero = BYTES }"
)]
enum FieldSpec {
    Named(String),
    Zero(ZeroSpec),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ZeroSpec {
    zero: u8,
}

impl ProfileArg {
    /// The file, unless the value is a built-in profile.
    pub fn file(&self) -> Option<&Path> {
        let built_in = Profile::by_name(&self.0).is_some();
        (!built_in).then(|| Path::new(&self.0))
    }

    /// Loads the profile.
    ///
    /// # Errors
    ///
    /// If there is no such profile or file, or the file does not describe a profile.
    pub fn load(&self) -> Result<Profile> {
        if let Some(known) = Profile::by_name(&self.0) {
            return Ok(*known);
        }
        let path = Path::new(&self.0);
        let is_path = path.extension().is_some_and(|e| e == "toml")
            || path.components().count() > 1
            || path.exists();
        if !is_path {
            return Err(Error::bad(
                format!("unknown profile {:?}", self.0),
                format!(
                    "choose one of {}, or name a profile file (TOML: id, name, row_bytes, fields)",
                    names()
                ),
            ));
        }
        let unfit = |what: &str| {
            Error::bad(
                format!("{}: {what}", self.0),
                format!(
                    "give a profile file (TOML: id, name, row_bytes, fields), or one of the profiles {}",
                    names()
                ),
            )
        };
        let mut bytes = Vec::new();
        // Any file may be given, even an endless device.
        File::open(path)
            .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
            .map_err(|error| unfit(&format!("profile file cannot be read: {error}")))?;
        if bytes.len() as u64 > LONGEST {
            return Err(unfit("not a profile: it is longer than 64 KiB"));
        }
        let text = String::from_utf8(bytes).map_err(|_| unfit("not a profile: it is not text"))?;
        parse(&self.0, &text)
    }
}

/// The profile that a file describes.
fn parse(file: &str, text: &str) -> Result<Profile> {
    let spec: ProfileFile = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or_else(String::new, |span| {
            let before = text.get(..span.start).unwrap_or(text);
            format!("line {}: ", before.matches('\n').count() + 1)
        });
        Error::bad(
            format!("{file}: {at}not a profile: {}", shortened(error.message())),
            "a profile file looks like this: id = 128, name = \"pair\", row_bytes = 16, \
             fields = [\"src_ip4\", \"dst_ip4\", \"dst_port\", { zero = 6 }], one key on each line",
        )
    })?;
    let fields = spec
        .fields
        .into_iter()
        .map(|field| match field {
            FieldSpec::Zero(ZeroSpec { zero }) => Ok(Field::Zero(zero)),
            FieldSpec::Named(name) => Field::by_name(&name).ok_or_else(|| {
                let known: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
                Error::bad(
                    format!("{file}: unknown field {:?}", shortened(&name)),
                    format!("fields are {} and {{ zero = BYTES }}", known.join(", ")),
                )
            }),
        })
        .collect::<Result<Vec<Field>>>()?;
    if Profile::by_name(&spec.name).is_some() || spec.name.is_empty() {
        return Err(Error::bad(
            format!(
                "{file}: a profile cannot have the name {:?}",
                shortened(&spec.name)
            ),
            "choose another name: this one is empty or belongs to the format",
        ));
    }
    // Profiles live as long as the program, and each profile file is read once.
    let name = Box::leak(spec.name.into_boxed_str());
    let fields = Box::leak(fields.into_boxed_slice());
    Profile::try_new(spec.id, name, spec.row_bytes, fields).map_err(|error| {
        Error::bad(
            format!("{file}: not a profile: {error}"),
            "ids are 128 to 255, rows have 4, 8, 16, 32 or 64 bytes, and the fields fill a row exactly",
        )
    })
}

/// A message in one line of limited length: it may quote the file.
fn shortened(message: &str) -> String {
    const LONGEST: usize = 160;
    let mut line: String = message
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line += "...";
    }
    line
}

/// The profiles of the format, for messages.
pub fn names() -> String {
    profile::BUILTIN.map(|p| p.name()).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: &str = r#"
        id = 128
        name = "pair"
        row_bytes = 16
        fields = ["src_ip4", "dst_ip4", "dst_port", "protocol", { zero = 5 }]
    "#;

    #[test]
    fn a_file_becomes_a_profile() {
        let pair = parse("pair.toml", PAIR).unwrap();
        assert_eq!(
            (pair.id(), pair.name(), pair.row_bytes()),
            (128, "pair", 16)
        );
        assert_eq!(pair.offset(Field::DstPort), Some(8));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let message = |from: &str, to: &str| {
            parse("p.toml", &PAIR.replace(from, to))
                .unwrap_err()
                .to_string()
        };
        assert!(message("128", "12").contains("id 12 is reserved"));
        assert!(message("zero = 5", "zero = 6").contains("take 17 bytes, the row has 16"));
        assert!(message("dst_port", "port").contains("unknown field \"port\""));
        assert!(message("zero = 5", "nil = 5").contains("a field is a name"));
        assert!(message("row_bytes", "row").contains("row"));
        assert!(message("pair", "flow").contains("name \"flow\""));
    }

    #[test]
    fn names_and_paths_are_told_apart() {
        assert_eq!(ProfileArg::from("knock").load().unwrap(), profile::KNOCK);
        let message = |arg: &str| ProfileArg::from(arg).load().unwrap_err().to_string();
        assert!(message("flows").contains("unknown profile"));
        assert!(message("absent.toml").contains("cannot be read"));
    }
}
