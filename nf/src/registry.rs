//! The available network functions, and the way from a name to compiled code.

use std::fmt;

use scr_wire::{Field, Profile, profile};

use super::chain::{Chain, Stage};
use super::layout::{self, Columns, Flow, Flow6Time, FlowTime, Knock, Source, User4, User16};
use super::options::{self, OptionHelp};
use super::{Family, Layout, NetworkFunction, OptionError, Options};

/// Code to run with whichever function was selected.
pub trait Visitor {
    /// The result of the visit.
    type Output;

    /// Runs the code with `function`.
    fn visit<F: NetworkFunction>(self, function: F) -> Self::Output;
}

/// Why a function cannot be selected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// There is no function of this name.
    #[error("there is no network function '{name}'; there are {valid}")]
    Unknown {
        /// The name as given.
        name: String,
        /// The names of all functions.
        valid: String,
    },
    /// The function is in the chain already.
    #[error("{0} is in the chain twice; its state would have no name of its own")]
    Repeated(String),
    /// The options are wrong.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The profile lacks fields that the function needs.
    #[error(
        "{function} needs {missing}, which profile {profile} does not have; the smallest that has is {smallest}"
    )]
    Profile {
        /// The function.
        function: String,
        /// The profile.
        profile: &'static str,
        /// The fields that the profile lacks.
        missing: String,
        /// The smallest profile of the format that has all of them.
        smallest: &'static str,
    },
}

/// A selection for a run: one function or several, with options.
pub trait Select {
    /// The name in reports and state files.
    fn name(&self) -> &str;

    /// Builds the function for rows of `profile` and runs `visitor` with it.
    ///
    /// # Errors
    ///
    /// [`SelectError::Profile`] when the profile lacks a field.
    fn with<V: Visitor>(&self, profile: &Profile, visitor: V) -> Result<V::Output, SelectError>;
}

/// A function that need not be in the registry, with its options.
pub struct Own<F: Family>(F::Parameters);

// Implemented by hand: the derive would require the same of the family, which is a mere name.
impl<F: Family> Clone for Own<F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<F: Family> PartialEq for Own<F> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<F: Family> fmt::Debug for Own<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(F::NAME).field(&self.0).finish()
    }
}

impl<F: Family> Own<F> {
    /// The function with `options`, each `KEY` or `KEY=VALUE`.
    ///
    /// # Errors
    ///
    /// [`OptionError`] if the function does not take them, or declares an option that it never reads.
    pub fn new<S: AsRef<str>>(options: &[S]) -> Result<Self, OptionError> {
        let mut options = Options::parse(F::NAME, F::OPTIONS, options)?;
        let parameters = F::parameters(&mut options)?;
        options.finish()?;
        Ok(Self(parameters))
    }

    /// The function for a sequencer set to `sequence_all`, so that frames that are not IP have rows, too.
    #[must_use]
    pub fn with_other_frames(self) -> Self {
        Self(F::with_other_frames(self.0))
    }

    /// The function over rows of `layout`, which must have the fields in [`needs`](Self::needs).
    pub fn over<L: Layout>(self, layout: L) -> F::Function<L> {
        F::build(self.0, layout)
    }

    /// The checked values of the options.
    pub fn parameters(&self) -> &F::Parameters {
        &self.0
    }

    /// The fields the function needs with these options; an IPv4 address field stands for the 16-byte one as well.
    pub fn needs(&self) -> Vec<Field> {
        F::needs(&self.0)
    }

    /// The smallest profile of the format with all fields the function needs.
    pub fn smallest_profile(&self) -> &'static Profile {
        smallest(&self.needs())
    }
}

impl<F: Family> Select for Own<F> {
    fn name(&self) -> &str {
        F::NAME
    }

    fn with<V: Visitor>(&self, profile: &Profile, visitor: V) -> Result<V::Output, SelectError> {
        check(F::NAME, &self.needs(), profile)?;
        Ok(build::<F, V>(self.0.clone(), profile, visitor))
    }
}

/// Help on a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionHelp {
    /// Name of the function.
    pub name: &'static str,
    /// One-phrase description.
    pub about: &'static str,
    /// The options the function takes.
    pub options: &'static [OptionHelp],
}

/// Makes a registry of families, one per line.
macro_rules! functions {
    ($($variant:ident($family:ty),)*) => {
        /// A function with its options.
        #[derive(Clone, Debug, PartialEq)]
        enum Single {
            $($variant($crate::registry::Own<$family>),)*
        }

        /// The names of all functions.
        pub const NAMES: &[&str] = &[$(<$family as $crate::Family>::NAME,)*];

        /// All functions, for help texts and pages.
        pub const CATALOGUE: &[$crate::registry::FunctionHelp] = &[$(
            $crate::registry::FunctionHelp {
                name: <$family as $crate::Family>::NAME,
                about: <$family as $crate::Family>::ABOUT,
                options: <$family as $crate::Family>::OPTIONS,
            },
        )*];

        impl Single {
            /// The name and the options of the function `name`, if it exists.
            fn find(name: &str) -> Option<(&'static str, &'static [$crate::OptionHelp])> {
                let found = CATALOGUE.iter().find(|function| function.name == name);
                found.map(|function| (function.name, function.options))
            }

            /// The function `name` with `options`, if it exists.
            fn new(name: &str, options: &[String]) -> Result<Option<Self>, $crate::OptionError> {
                $(if name == <$family as $crate::Family>::NAME {
                    return Ok(Some(Self::$variant($crate::registry::Own::new(options)?)));
                })*
                Ok(None)
            }

            fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$family as $crate::Family>::NAME,)* }
            }

            fn with_other_frames(self) -> Self {
                match self { $(Self::$variant(own) => Self::$variant(own.with_other_frames()),)* }
            }

            fn needs(&self) -> Vec<scr_wire::Field> {
                match self { $(Self::$variant(own) => own.needs(),)* }
            }

            fn with<V: $crate::Visitor>(
                &self,
                profile: &scr_wire::Profile,
                visitor: V,
            ) -> Result<V::Output, $crate::SelectError> {
                use $crate::Select;
                match self { $(Self::$variant(own) => own.with(profile, visitor),)* }
            }
        }
    };
}
functions! {
    Conntrack(crate::functions::conntrack::Conntrack),
    Ddos(crate::functions::ddos::Ddos),
    HeavyHitter(crate::functions::heavy_hitter::HeavyHitter),
    LoadBalancer(crate::functions::load_balancer::LoadBalancer),
    Nat(crate::functions::nat::Nat),
    PortKnock(crate::functions::port_knock::PortKnock),
    TokenBucket(crate::functions::token_bucket::TokenBucket),
}

/// A function with its options, or a chain of functions.
#[derive(Clone, Debug, PartialEq)]
pub struct Selected {
    name: String,
    stages: Vec<Single>,
}

impl Selected {
    /// The function `name` with `options`, each `KEY` or `KEY=VALUE`; or a chain of functions, if `name` is several
    /// names separated by commas. An option may be prefixed with the name of its function and a dot; in a chain it must
    /// be if several functions have the option.
    ///
    /// # Errors
    ///
    /// [`SelectError`] if there is no such function or it does not take the options.
    pub fn new<S: AsRef<str>>(name: &str, options: &[S]) -> Result<Self, SelectError> {
        let unknown = |name: &str| SelectError::Unknown {
            name: name.to_owned(),
            valid: NAMES.join(", "),
        };
        let mut parts: Vec<(&str, &[OptionHelp])> = Vec::new();
        for part in name.split(',').map(str::trim) {
            let (part, options) = Single::find(part).ok_or_else(|| unknown(part))?;
            if parts.iter().any(|&(other, _)| other == part) {
                return Err(SelectError::Repeated(part.to_owned()));
            }
            parts.push((part, options));
        }
        let dealt = options::deal(name, &parts, options)?;
        let stages = parts.iter().zip(dealt);
        let stages = stages
            .map(|((part, _), options)| Single::new(part, &options)?.ok_or_else(|| unknown(part)));
        Ok(Self {
            stages: stages.collect::<Result<_, _>>()?,
            name: name.to_owned(),
        })
    }

    /// The function for a sequencer set to `sequence_all`, so that frames that are not IP have rows, too, which must
    /// change nothing. Without this call every row counts as that of an IP packet, and 0.0.0.0 as a source like any
    /// other.
    #[must_use]
    pub fn with_other_frames(self) -> Self {
        let stages = self.stages.into_iter().map(Single::with_other_frames);
        Self {
            stages: stages.collect(),
            ..self
        }
    }

    /// The name as given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The fields the function needs with these options; an IPv4 address field stands for the 16-byte one as well.
    pub fn needs(&self) -> Vec<Field> {
        let mut needs = Vec::new();
        for field in self.stages.iter().flat_map(Single::needs) {
            if !needs.contains(&field) {
                needs.push(field);
            }
        }
        needs
    }

    /// The smallest profile of the format with all fields the function needs.
    pub fn smallest_profile(&self) -> &'static Profile {
        smallest(&self.needs())
    }

    /// Checks that `profile` has every field the function needs.
    ///
    /// # Errors
    ///
    /// [`SelectError::Profile`] when the profile lacks one.
    pub fn check(&self, profile: &Profile) -> Result<(), SelectError> {
        check(&self.name, &self.needs(), profile)
    }

    /// Builds the function for rows of `profile` and runs `visitor` with it.
    ///
    /// # Errors
    ///
    /// [`SelectError::Profile`] when the profile lacks a field.
    pub fn with<V: Visitor>(
        &self,
        profile: &Profile,
        visitor: V,
    ) -> Result<V::Output, SelectError> {
        self.check(profile)?;
        if let [single] = &self.stages[..] {
            return single.with(profile, visitor);
        }
        let stages = self.stages.iter();
        let stages = stages.map(|single| single.with(profile, ToStage(single.name())));
        let chain = Chain::new(profile, stages.collect::<Result<_, _>>()?);
        Ok(visitor.visit(chain))
    }
}

impl Select for Selected {
    fn name(&self) -> &str {
        self.name()
    }

    fn with<V: Visitor>(&self, profile: &Profile, visitor: V) -> Result<V::Output, SelectError> {
        self.with(profile, visitor)
    }
}

/// Makes a chain stage of a function with this name.
struct ToStage(&'static str);

impl Visitor for ToStage {
    type Output = Stage;

    fn visit<F: NetworkFunction>(self, function: F) -> Stage {
        Stage::new(self.0, function)
    }
}

/// The smallest profile of the format with all fields of `needs`.
fn smallest(needs: &[Field]) -> &'static Profile {
    profile::BUILTIN
        .into_iter()
        .find(|profile| needs.iter().all(|&field| layout::has(profile, field)))
        .unwrap_or(&profile::FLOW6_TIME)
}

fn check(function: &str, needs: &[Field], profile: &Profile) -> Result<(), SelectError> {
    let missing: Vec<&str> = needs
        .iter()
        .filter(|&&field| !layout::has(profile, field))
        .map(|field| field.title())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(SelectError::Profile {
        function: function.to_owned(),
        profile: profile.name(),
        missing: missing.join(", "),
        smallest: smallest(needs).name(),
    })
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

/// The function of `docs/write-a-function.md`, to check that registering it is as easy as the page says.
#[cfg(test)]
#[path = "../../host-runtime/examples/own_function/connection_limit.rs"]
mod connection_limit;

#[cfg(test)]
mod tests {
    use super::*;

    mod registered {
        functions! {
            ConnectionLimit(super::super::connection_limit::ConnectionLimit),
        }

        #[test]
        fn a_function_of_ones_own_is_registered_by_one_line() {
            assert_eq!(NAMES, ["connection-limit"]);
            let (name, options) = Single::find("connection-limit").unwrap();
            let single = Single::new(name, &["limit=7".to_owned()]).unwrap().unwrap();
            assert_eq!(single.name(), name);
            assert_eq!(single, single.clone().with_other_frames());
            assert_eq!(options.len(), 2);
            assert_eq!(single.needs().len(), 3);
            struct Runs;
            impl crate::Visitor for Runs {
                type Output = ();
                fn visit<F: crate::NetworkFunction>(self, function: F) {
                    let mut state = function.new_state();
                    function.apply(&mut state, &[10, 0, 0, 1, 0, 80, 6, 2]);
                    assert_eq!(function.entries(&state).len(), 1);
                }
            }
            single.with(&scr_wire::profile::KNOCK, Runs).unwrap();
            assert!(Single::new("ddos", &[]).unwrap().is_none());
        }
    }

    #[test]
    fn the_smallest_profile_is_found() {
        let smallest = |name, options: &[&str]| {
            let selected = Selected::new(name, options).unwrap();
            selected.smallest_profile().name()
        };
        assert_eq!(smallest("conntrack", &[]), "flow-time");
        assert_eq!(smallest("ddos", &[]), "source");
        assert_eq!(smallest("ddos", &["window=10"]), "flow-time");
        let all = Selected::new::<&str>("ddos", &[]).unwrap();
        let all = all.with_other_frames();
        assert_eq!(all.smallest_profile().name(), "knock");
        assert_eq!(
            all.check(&profile::SOURCE).unwrap_err().to_string(),
            "ddos needs protocol, which profile source does not have; the smallest that has is knock"
        );
        assert_eq!(smallest("heavy-hitter", &[]), "flow");
        assert_eq!(smallest("heavy-hitter", &["syn-fin"]), "flow");
        assert_eq!(smallest("load-balancer", &[]), "flow");
        assert_eq!(smallest("load-balancer", &["down=10.1.0.1@1"]), "flow-time");
        assert_eq!(smallest("nat", &[]), "flow-time");
        assert_eq!(smallest("nat", &["no-timeout"]), "flow");
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
        let error = Selected::new::<&str>("firewall", &[]).unwrap_err();
        assert!(error.to_string().contains(&NAMES.join(", ")));
    }

    #[test]
    fn a_chain_needs_what_its_functions_need() {
        let smallest = |name, options: &[&str]| {
            let selected = Selected::new(name, options).unwrap();
            selected.smallest_profile().name()
        };
        assert_eq!(smallest("ddos,port-knock", &[]), "knock");
        assert_eq!(smallest("port-knock, heavy-hitter", &[]), "flow");
        assert_eq!(smallest("ddos,heavy-hitter", &["window=1"]), "flow-time");
        let error = Selected::new::<&str>("ddos,heavy-hitter", &[])
            .unwrap()
            .check(&profile::SOURCE)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("ddos,heavy-hitter needs dst IPv4,")
        );
    }

    #[test]
    fn options_find_their_function() {
        let select = |name: &str, options: &[&str]| Selected::new(name, options);
        let chain = "ddos,heavy-hitter";
        for options in [
            &[
                "window=3",
                "syn-fin",
                "ddos.threshold=5",
                "heavy-hitter.threshold=6",
            ][..],
            &[
                "ddos.window=3",
                "heavy-hitter.syn-fin",
                "ddos.threshold=5",
                "heavy-hitter.threshold=6",
            ],
        ] {
            let selected = select(chain, options).unwrap();
            assert_eq!(
                selected.stages[0],
                select("ddos", &["window=3", "threshold=5"]).unwrap().stages[0]
            );
            assert_eq!(
                selected.stages[1],
                select("heavy-hitter", &["heavy-hitter.threshold=6", "syn-fin"])
                    .unwrap()
                    .stages[0]
            );
        }
        let error = |name, options| select(name, options).unwrap_err().to_string();
        assert_eq!(
            error(chain, &["threshold=3"]),
            "option 'threshold' could be that of ddos or heavy-hitter; write ddos.threshold or heavy-hitter.threshold"
        );
        assert_eq!(
            error(chain, &["ports=3"]),
            "ddos,heavy-hitter has no option 'ports'; it takes ddos.threshold=PACKETS, ddos.window=SECONDS, \
             ddos.capacity=ENTRIES, heavy-hitter.threshold=BYTES, heavy-hitter.syn-fin, heavy-hitter.capacity=ENTRIES"
        );
        assert_eq!(
            error(chain, &["ddos.syn-fin"]),
            "ddos has no option 'syn-fin'; it takes threshold=PACKETS, window=SECONDS, capacity=ENTRIES"
        );
        assert!(error(chain, &["conntrack.capacity=3"]).contains("no option 'conntrack.capacity'"));
        assert!(error(chain, &["window=3", "ddos.window=4"]).contains("twice"));
        assert!(error("ddos", &["ports=3"]).contains("it takes threshold=PACKETS"));
        assert!(error("ddos,ddos", &[]).contains("ddos is in the chain twice"));
        assert!(error("ddos,", &[]).contains("no network function ''"));
    }
}
