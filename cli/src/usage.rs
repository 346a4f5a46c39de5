//! Usage errors found by the command-line parser, in the form of all other errors.

use std::ffi::OsStr;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::Error;

/// The error shown to the user. `arguments` are those of the program, its name first.
pub fn explained(program: &Command, arguments: &[impl AsRef<OsStr>], found: &clap::Error) -> Error {
    let (command, name) = meant(program, arguments);
    let see = format!("see `{name} --help`");
    let context = |kind| found.get(kind).map(listed).unwrap_or_default();
    let invalid = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue).concat();
    let argument = invalid.join(", ");
    match found.kind() {
        ErrorKind::UnknownArgument => {
            let similar = context(ContextKind::SuggestedArg).concat();
            let is_option = argument.starts_with('-');
            let what = match is_option {
                true => format!("unknown option {argument}"),
                false => format!("'{argument}' is one argument too many"),
            };
            let remedy = match (similar.as_str(), is_option) {
                ("", true) => format!("{see} for the options there are"),
                ("", false) => format!("{see} for what it takes"),
                (similar, _) => format!("did you mean {similar}? {see}"),
            };
            Error::bad(what, remedy)
        }
        ErrorKind::InvalidSubcommand => {
            let given = context(ContextKind::InvalidSubcommand).concat();
            let similar = context(ContextKind::SuggestedSubcommand).join(" or ");
            let commands: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
            let commands = format!("the commands of {name} are {}", commands.join(", "));
            let remedy = match similar.as_str() {
                "" => commands,
                similar => format!("did you mean {similar}? {commands}"),
            };
            Error::bad(format!("unknown command '{given}'"), remedy)
        }
        ErrorKind::MissingRequiredArgument => Error::bad(
            format!("{name}: {argument} is missing"),
            about(command, &invalid).unwrap_or(see),
        ),
        ErrorKind::ArgumentConflict => {
            let other = context(ContextKind::PriorArg).join(", ");
            if other.is_empty() || other == argument {
                return Error::bad(format!("{argument} is given twice"), "give it once");
            }
            Error::bad(
                format!("{argument} and {other} exclude each other"),
                "leave one of them out",
            )
        }
        ErrorKind::InvalidValue if value.is_empty() => Error::bad(
            format!("{argument} lacks its value"),
            about(command, &invalid).unwrap_or(see),
        ),
        ErrorKind::InvalidValue => {
            let known = context(ContextKind::ValidValue).join(", ");
            Error::bad(
                format!("{} {value}: there is no such value", option(&argument)),
                format!("choose one of {known}"),
            )
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(found).map(ToString::to_string);
            Error::bad(
                format!("{} {value}: {}", option(&argument), why.unwrap_or_default()),
                about(command, &invalid).unwrap_or(see),
            )
        }
        ErrorKind::TooManyValues | ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues => {
            Error::bad(
                format!("{argument} has another number of values"),
                about(command, &invalid).unwrap_or(see),
            )
        }
        ErrorKind::InvalidUtf8 => Error::bad(
            "an argument is not UTF-8",
            "give it in UTF-8; names of files may be anything",
        ),
        _ => {
            // Only the first line of the parser's text; the rest is in the parser's own layout.
            let text = found.to_string();
            let first = text.lines().next().unwrap_or_default();
            let first = first.strip_prefix("error: ").unwrap_or(first);
            Error::bad(first, see)
        }
    }
}

/// The subcommand that the arguments name, and its full name.
fn meant<'c>(program: &'c Command, arguments: &[impl AsRef<OsStr>]) -> (&'c Command, String) {
    let mut command = program;
    let mut name = program.get_name().to_owned();
    for argument in arguments.iter().skip(1) {
        let Some(next) = command.find_subcommand(argument.as_ref()) else {
            break;
        };
        command = next;
        name = format!("{name} {}", next.get_name());
    }
    (command, name)
}

/// The texts in a piece of context.
fn listed(value: &ContextValue) -> Vec<String> {
    match value {
        ContextValue::String(text) => vec![text.clone()],
        ContextValue::Strings(texts) => texts.clone(),
        ContextValue::None => Vec::new(),
        other => vec![other.to_string()],
    }
}

/// `--cores` from `--cores <K>`.
fn option(argument: &str) -> &str {
    argument.split([' ', '=']).next().unwrap_or(argument)
}

/// The help text of the first of the arguments.
fn about(command: &Command, arguments: &[String]) -> Option<String> {
    let name = arguments.first()?;
    let argument = command
        .get_arguments()
        .find(|argument| option(&argument.to_string()) == option(name))?;
    let about = argument.get_help()?.to_string();
    Some(format!("{name}: {}", about.trim_end_matches('.')))
}
