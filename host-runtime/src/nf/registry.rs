//! The network functions there are, and the way from a name to compiled code.

use scr_wire::{Field, Profile, profile};

use super::layout::{self, Columns, Flow, Flow6Time, FlowTime, Knock, Source, User4, User16};
use super::{Family, NetworkFunction, OptionError, OptionHelp, Options};

/// Code to be run with whichever function was selected.
pub trait Visitor {
    /// What it results in.
    type Output;

    /// Runs with `function`.
    fn visit<F: NetworkFunction>(self, function: F) -> Self::Output;
}

/// Why a function cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// There is none of this name.
    #[error("there is no network function '{name}'; there are {valid}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        valid: String,
    },
    /// Its options are wrong.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The profile lacks fields that the function needs.
    #[error(
        "{function} needs {missing}, which profile {profile} does not have; the smallest that has is {smallest}"
    )]
    Profile {
        /// The function.
        function: &'static str,
        /// The profile.
        profile: &'static str,
        /// The fields it lacks.
        missing: String,
        /// The smallest profile of the format that will do.
        smallest: &'static str,
    },
}

macro_rules! functions {
    ($($variant:ident($family:ty),)*) => {
        /// A function with its options, by name.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Selected {
            $(#[doc = concat!("[`", stringify!($family), "`]")] $variant(<$family as Family>::Parameters),)*
        }

        /// The names of all functions.
        pub const NAMES: &[&str] = &[$(<$family>::NAME,)*];

        impl Selected {
            /// The function `name` with `options`, each `KEY` or `KEY=VALUE`.
            ///
            /// # Errors
            ///
            /// [`SelectError`] when there is no such function or it does not take the options.
            pub fn new<S: AsRef<str>>(name: &str, options: &[S]) -> Result<Self, SelectError> {
                $(if name == <$family>::NAME {
                    let mut options = Options::parse(<$family>::NAME, <$family>::OPTIONS, options)?;
                    return Ok(Self::$variant(<$family>::parameters(&mut options)?));
                })*
                Err(SelectError::Unknown { name: name.to_owned(), valid: NAMES.join(", ") })
            }

            /// The function's name.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$family>::NAME,)* }
            }

            /// What the function does, in a phrase.
            pub fn about(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$family>::ABOUT,)* }
            }

            /// The options that the function takes.
            pub fn options(&self) -> &'static [OptionHelp] {
                match self { $(Self::$variant(_) => <$family>::OPTIONS,)* }
            }

            /// The fields that the function needs with these options; IPv4 addresses stand for 16-byte ones as well.
            pub fn needs(&self) -> Vec<Field> {
                match self { $(Self::$variant(parameters) => <$family>::needs(parameters),)* }
            }

            /// Builds the function for rows of `profile` and runs `visitor` with it.
            ///
            /// # Errors
            ///
            /// [`SelectError::Profile`] when the profile lacks a field.
            pub fn with<V: Visitor>(&self, profile: &Profile, visitor: V) -> Result<V::Output, SelectError> {
                self.check(profile)?;
                match self {
                    $(Self::$variant(parameters) => Ok(build::<$family, V>(parameters.clone(), profile, visitor)),)*
                }
            }
        }
    };
}

functions! {
    Conntrack(super::conntrack::Conntrack),
    Ddos(super::ddos::Ddos),
    HeavyHitter(super::heavy_hitter::HeavyHitter),
    PortKnock(super::port_knock::PortKnock),
    TokenBucket(super::token_bucket::TokenBucket),
}

impl Selected {
    /// The smallest profile of the format with all fields that the function needs.
    pub fn smallest_profile(&self) -> &'static Profile {
        let needs = self.needs();
        profile::BUILTIN
            .into_iter()
            .find(|profile| needs.iter().all(|&field| layout::has(profile, field)))
            .unwrap_or(&profile::FLOW6_TIME)
    }

    /// Checks that `profile` has every field that the function needs.
    ///
    /// # Errors
    ///
    /// [`SelectError::Profile`] when it lacks one.
    pub fn check(&self, profile: &Profile) -> Result<(), SelectError> {
        let missing: Vec<&str> = self
            .needs()
            .into_iter()
            .filter(|&field| !layout::has(profile, field))
            .map(Field::title)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(SelectError::Profile {
            function: self.name(),
            profile: profile.name(),
            missing: missing.join(", "),
            smallest: self.smallest_profile().name(),
        })
    }
}

fn build<F: Family, V: Visitor>(
    parameters: F::Parameters,
    profile: &Profile,
    visitor: V,
) -> V::Output {
    match *profile {
        profile::SOURCE => visitor.visit(F::build(parameters, Source)),
        profile::KNOCK => visitor.visit(F::build(parameters, Knock)),
        profile::FLOW => visitor.visit(F::build(parameters, Flow)),
        profile::FLOW_TIME => visitor.visit(F::build(parameters, FlowTime)),
        profile::FLOW6_TIME => visitor.visit(F::build(parameters, Flow6Time)),
        user if user.has_ipv6() => visitor.visit(F::build(parameters, User16(Columns::of(&user)))),
        user => visitor.visit(F::build(parameters, User4(Columns::of(&user)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_profile_is_found() {
        let smallest = |name, options: &[&str]| {
            let selected = Selected::new(name, options).unwrap();
            selected.smallest_profile().name()
        };
        assert_eq!(smallest("conntrack", &[]), "flow-time");
        assert_eq!(smallest("ddos", &[]), "source");
        assert_eq!(smallest("ddos", &["window=10"]), "flow-time");
        assert_eq!(smallest("heavy-hitter", &[]), "flow");
        assert_eq!(smallest("heavy-hitter", &["syn-fin"]), "flow");
        assert_eq!(smallest("port-knock", &[]), "knock");
        assert_eq!(smallest("token-bucket", &[]), "flow-time");
        assert_eq!(smallest("token-bucket", &["syn-fin"]), "flow-time");
    }

    #[test]
    fn a_narrow_profile_is_refused() {
        let selected = Selected::new::<&str>("heavy-hitter", &[]).unwrap();
        let error = selected.check(&profile::KNOCK).unwrap_err();
        assert_eq!(
            error.to_string(),
            "heavy-hitter needs dst IPv4, src port, IP length, which profile knock does not have; \
             the smallest that has is flow"
        );
        assert!(selected.check(&profile::FLOW6_TIME).is_ok());
    }

    #[test]
    fn names_are_listed_for_who_errs() {
        let error = Selected::new::<&str>("nat", &[]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("conntrack, ddos, heavy-hitter, port-knock, token-bucket")
        );
    }
}
