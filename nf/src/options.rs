//! A function's options, as `KEY` or `KEY=VALUE`.

use std::fmt::Display;

use scr_quantity::{self as quantity, Unit};

/// An option and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionHelp {
    /// The key, with the name of its value if it takes one: `threshold=PACKETS`.
    pub usage: &'static str,
    /// Effect of the option, and the default.
    pub about: &'static str,
}

impl OptionHelp {
    /// The key alone.
    pub fn key(&self) -> &'static str {
        self.usage.split('=').next().unwrap_or(self.usage)
    }
}

/// Why options are rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// The function has no such option.
    #[error("{function} has no option '{key}'; it takes {valid}")]
    Unknown {
        /// The function's name.
        function: String,
        /// The key as given.
        key: String,
        /// The options the function has.
        valid: String,
    },
    /// The option is given twice.
    #[error("option '{0}' is given twice")]
    Repeated(String),
    /// Several functions of a chain have the option.
    #[error("option '{key}' could be that of {functions}; write {remedy}")]
    Ambiguous {
        /// The option.
        key: String,
        /// The functions that have it.
        functions: String,
        /// How to state which function is meant.
        remedy: String,
    },
    /// The function declares the option and never reads it.
    #[error("{function} declares the option '{key}' and never reads it")]
    Unread {
        /// The function's name.
        function: String,
        /// The option.
        key: &'static str,
    },
    /// Options exclude each other.
    #[error("{0}")]
    Conflict(String),
    /// A value is missing or superfluous.
    #[error("option '{key}' is written {usage}")]
    Form {
        /// The option.
        key: String,
        /// The correct form.
        usage: &'static str,
    },
    /// The value cannot be used.
    #[error("option {key}={value}: {reason}")]
    Value {
        /// The option.
        key: &'static str,
        /// The value as given.
        value: String,
        /// Why the value cannot be used.
        reason: String,
    },
}

/// Options as given; each function takes out those it knows.
#[derive(Clone, Debug)]
pub struct Options {
    function: String,
    given: Vec<(String, Option<String>)>,
    /// Declared by the function and not read yet.
    unread: Vec<&'static str>,
}

impl Options {
    /// Splits and checks the options of `function`, which accepts those in `known`.
    ///
    /// # Errors
    ///
    /// [`OptionError`] for an unknown or repeated option, a missing or a superfluous value.
    pub fn parse<S: AsRef<str>>(
        function: &str,
        known: &'static [OptionHelp],
        given: &[S],
    ) -> Result<Self, OptionError> {
        let mut options: Vec<(String, Option<String>)> = Vec::new();
        for text in given {
            let (key, value) = split(text.as_ref());
            let Some(help) = known.iter().find(|help| help.key() == key) else {
                let valid: Vec<_> = known.iter().map(|help| help.usage).collect();
                return Err(OptionError::Unknown {
                    function: function.to_owned(),
                    key: key.to_owned(),
                    valid: valid.join(", "),
                });
            };
            if help.usage.contains('=') != value.is_some() {
                return Err(OptionError::Form {
                    key: key.to_owned(),
                    usage: help.usage,
                });
            }
            if options.iter().any(|(k, _)| k == key) {
                return Err(OptionError::Repeated(key.to_owned()));
            }
            options.push((key.to_owned(), value.map(str::to_owned)));
        }
        Ok(Self {
            function: function.to_owned(),
            given: options,
            unread: known.iter().map(OptionHelp::key).collect(),
        })
    }

    /// Must be called after the function has read its options.
    ///
    /// # Errors
    ///
    /// [`OptionError::Unread`] for an option that the function declares and has not read, given or not: it would be
    /// accepted and have no effect.
    pub fn finish(self) -> Result<(), OptionError> {
        match self.unread.first() {
            None => Ok(()),
            Some(&key) => Err(OptionError::Unread {
                function: self.function,
                key,
            }),
        }
    }

    fn take(&mut self, key: &str) -> Option<Option<String>> {
        self.unread.retain(|&unread| unread != key);
        let at = self.given.iter().position(|(k, _)| k == key)?;
        Some(self.given.swap_remove(at).1)
    }

    /// Whether the option, which takes no value, is given.
    pub fn flag(&mut self, key: &'static str) -> bool {
        self.take(key).is_some()
    }

    /// The option's value, parsed by `parse`.
    ///
    /// # Errors
    ///
    /// [`OptionError::Value`] with the reason that `parse` gave.
    pub fn value<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, OptionError> {
        let Some(Some(value)) = self.take(key) else {
            return Ok(None);
        };
        match parse(&value) {
            Ok(parsed) => Ok(Some(parsed)),
            Err(reason) => Err(OptionError::Value {
                key,
                reason: reason.to_string(),
                value,
            }),
        }
    }

    /// The option's value as a whole number within `range`.
    ///
    /// # Errors
    ///
    /// [`OptionError::Value`] if the value is not such a number.
    pub fn number(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, OptionError> {
        self.value(key, |text| match quantity::whole(text) {
            Ok(n) if range.contains(&n) => Ok(n),
            _ => Err(format!(
                "must be a whole number from {} to {}, such as 1500, 64k or 1M",
                range.start(),
                range.end()
            )),
        })
    }

    /// The option's value, a positive number of seconds, in nanoseconds.
    ///
    /// # Errors
    ///
    /// [`OptionError::Value`] if the value is not such a number.
    pub fn seconds(&mut self, key: &'static str) -> Result<Option<u64>, OptionError> {
        self.value(key, seconds)
    }

    /// The option `capacity`, or the default.
    ///
    /// # Errors
    ///
    /// [`OptionError::Value`] if the value is not a number of entries.
    pub fn capacity(&mut self) -> Result<usize, OptionError> {
        let capacity = self.number("capacity", 1..=(1 << 31) - 1)?;
        Ok(capacity.map_or(super::DEFAULT_CAPACITY, |n| n as usize))
    }
}

/// Nanoseconds from a positive number of seconds; decimals and units are allowed.
///
/// # Errors
///
/// The form the text must have.
pub fn seconds(text: &str) -> Result<u64, &'static str> {
    match quantity::duration(text, Unit::Seconds) {
        Ok(nanos) if (1..1_000_000_000 << 32).contains(&nanos) => Ok(nanos),
        _ => Err(
            "must be a positive duration below 2^32 seconds, written as 60, 0.5, 500ms or 5min, with nine decimals of a second at most",
        ),
    }
}

/// `KEY=VALUE` or `KEY`.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once('=') {
        Some((key, value)) => (key.trim(), Some(value.trim())),
        None => (text.trim(), None),
    }
}

/// Distributes the options of the chain `name` among `functions`: each gets those written with its name and a dot
/// before the key, without this prefix, and those that only it has.
///
/// # Errors
///
/// [`OptionError`] for an option that no function has, or several have.
pub fn deal<S: AsRef<str>>(
    name: &str,
    functions: &[(&str, &[OptionHelp])],
    given: &[S],
) -> Result<Vec<Vec<String>>, OptionError> {
    let mut shares = vec![Vec::new(); functions.len()];
    for text in given.iter().map(S::as_ref) {
        let (key, _) = split(text);
        let named = key.split_once('.').and_then(|(function, _)| {
            let at = functions.iter().position(|&(name, _)| name == function)?;
            Some((at, text.trim_start().get(function.len() + 1..)?))
        });
        if let Some((at, text)) = named {
            shares[at].push(text.to_owned());
            continue;
        }
        let having = |&(_, known): &(&str, &[OptionHelp])| known.iter().any(|o| o.key() == key);
        let mut places = (0..functions.len()).filter(|&at| having(&functions[at]));
        match (places.next(), places.next()) {
            (Some(at), None) => shares[at].push(text.to_owned()),
            (Some(_), Some(_)) => {
                let names = functions
                    .iter()
                    .filter(|f| having(f))
                    .map(|&(name, _)| name);
                let names: Vec<_> = names.collect();
                let keys: Vec<_> = names.iter().map(|name| format!("{name}.{key}")).collect();
                return Err(OptionError::Ambiguous {
                    key: key.to_owned(),
                    functions: names.join(" or "),
                    remedy: keys.join(" or "),
                });
            }
            (None, _) => {
                let dotted = functions.len() > 1;
                let valid = functions.iter().flat_map(|&(name, known)| {
                    known.iter().map(move |option| match dotted {
                        true => format!("{name}.{}", option.usage),
                        false => option.usage.to_owned(),
                    })
                });
                return Err(OptionError::Unknown {
                    function: name.to_owned(),
                    key: key.to_owned(),
                    valid: valid.collect::<Vec<_>>().join(", "),
                });
            }
        }
    }
    Ok(shares)
}

/// The option `capacity`, which every function with a table has.
pub const CAPACITY: OptionHelp = OptionHelp {
    usage: "capacity=ENTRIES",
    about: "entries the table holds before it evicts (1048576)",
};

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [OptionHelp; 2] = [
        CAPACITY,
        OptionHelp {
            usage: "loud",
            about: "",
        },
    ];

    #[test]
    fn an_option_that_is_declared_and_never_read_is_an_error() {
        let known: &[OptionHelp] = &[CAPACITY, crate::flows::SYN_FIN];
        let mut options = Options::parse("f", known, &["syn-fin"]).unwrap();
        options.capacity().unwrap();
        let error = options.clone().finish().unwrap_err();
        assert_eq!(
            error.to_string(),
            "f declares the option 'syn-fin' and never reads it"
        );
        assert!(options.flag("syn-fin"));
        assert_eq!(options.finish(), Ok(()));
    }

    #[test]
    fn errors_say_what_is_valid() {
        let error = Options::parse("ddos", &KNOWN, &["volume=11"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ddos has no option 'volume'; it takes capacity=ENTRIES, loud"
        );
        let form = |text: &str| Options::parse("x", &KNOWN, &[text]).unwrap_err();
        assert!(matches!(form("capacity"), OptionError::Form { .. }));
        assert!(matches!(form("loud=1"), OptionError::Form { .. }));
        let twice = Options::parse("x", &KNOWN, &["loud", "loud"]).unwrap_err();
        assert_eq!(twice, OptionError::Repeated("loud".to_owned()));
        for bad in ["capacity=0", "capacity=-1", "capacity=", "capacity=1e6"] {
            let mut options = Options::parse("x", &KNOWN, &[bad]).unwrap();
            assert!(options.capacity().is_err(), "{bad}");
        }
    }

    #[test]
    fn values_are_taken() {
        let mut options = Options::parse("x", &KNOWN, &["capacity=12", "loud"]).unwrap();
        assert_eq!(options.capacity(), Ok(12));
        assert!(options.flag("loud"));
        assert_eq!(options.capacity(), Ok(super::super::DEFAULT_CAPACITY));
    }

    #[test]
    fn seconds_are_read_exactly() {
        assert_eq!(seconds("10"), Ok(10_000_000_000));
        assert_eq!(seconds("0.000000001"), Ok(1));
        assert_eq!(seconds("5min"), Ok(300_000_000_000));
        for bad in ["0", "", "-1", "1e3", "0.0000000001", "4294967296", "x"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
