//! Several functions in a row, each on what the one before lets through.
//!
//! ```text
//!  row ──▶ first ──▶ pass: the row as it is ──────────────▶ second ──▶ …
//!            │       rewrite: the row with new endpoints ──▶
//!            └─────▶ drop: no later function sees the row
//! ```
//!
//! The rows alone determine what a function does to a packet ([`Action`]), so every replica knows what a later function
//! must see. A packet is rewritten once, at the end, with the combined result of all functions.
//!
//! Stages are boxed, which costs one indirect call per stage and row, little next to a table access. An enum over all
//! functions would be copied into the code of every profile and could not hold functions that are in no registry. A
//! function on its own is not wrapped in a chain and pays nothing.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use scr_wire::Profile;
use scr_wire::profile::MAX_ROW_BYTES;
use serde::Serialize;
use serde_json::value::RawValue;

use super::layout::Columns;
use super::{Action, Description, NetworkFunction, Translation};

/// A function as part of a chain.
pub struct Stage {
    name: &'static str,
    function: Box<dyn Function>,
}

impl Stage {
    /// Makes a stage of `function`, which must have been built for the chain's profile, under this name.
    pub fn new<F: NetworkFunction>(name: &'static str, function: F) -> Self {
        let function = Box::new(Unstarted(function));
        Self { name, function }
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stage").field(&self.name).finish()
    }
}

/// A function of any type.
trait Function: Send + Sync {
    fn start(&self) -> Box<dyn Running>;
}

struct Unstarted<F>(F);

impl<F: NetworkFunction> Function for Unstarted<F> {
    fn start(&self) -> Box<dyn Running> {
        Box::new(Replica {
            state: self.0.new_state(),
            function: self.0.clone(),
            effect: None,
        })
    }
}

/// A function of any type together with its state.
trait Running: Send {
    fn apply(&mut self, row: &[u8]) -> Action;
    /// The action of the row applied last.
    fn latest(&self) -> Option<Action>;
    fn looks_ahead(&self) -> bool;
    fn prefetch(&self, row: &[u8]);
    fn describe_latest(&self, row: &[u8]) -> Vec<Description>;
    fn entries(&self) -> Vec<Box<dyn ErasedEntry>>;
    fn is_untouched(&self) -> bool;
    fn totals(&self) -> Vec<(String, u64)>;
    fn has_state_of(&self, other: &dyn Running) -> bool;
    fn boxed_clone(&self) -> Box<dyn Running>;
    fn as_any(&self) -> &dyn Any;
}

/// An entry of any type that can be serialized.
trait ErasedEntry {
    fn text(&self) -> String;
}

impl<E: Serialize> ErasedEntry for E {
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[derive(Clone)]
struct Replica<F: NetworkFunction> {
    function: F,
    state: F::State,
    /// Effect of the row applied last, kept for describing it.
    effect: Option<F::Effect>,
}

impl<F: NetworkFunction> Running for Replica<F> {
    #[inline]
    fn apply(&mut self, row: &[u8]) -> Action {
        let effect = self.function.apply(&mut self.state, row);
        self.effect = Some(effect);
        self.function.action(effect)
    }

    fn latest(&self) -> Option<Action> {
        self.effect.map(|effect| self.function.action(effect))
    }

    fn looks_ahead(&self) -> bool {
        self.function.looks_ahead(&self.state)
    }

    fn prefetch(&self, row: &[u8]) {
        self.function.prefetch(&self.state, row);
    }

    fn describe_latest(&self, row: &[u8]) -> Vec<Description> {
        let effect = self.effect.into_iter();
        effect
            .flat_map(|effect| self.function.describe_all(&self.state, row, effect))
            .collect()
    }

    fn entries(&self) -> Vec<Box<dyn ErasedEntry>> {
        let entries = self.function.entries(&self.state).into_iter();
        entries.map(|entry| Box::new(entry) as _).collect()
    }

    fn is_untouched(&self) -> bool {
        self.function.is_untouched(&self.state)
    }

    fn totals(&self) -> Vec<(String, u64)> {
        self.function.totals(&self.state)
    }

    fn has_state_of(&self, other: &dyn Running) -> bool {
        let other = other.as_any().downcast_ref::<Self>();
        other.is_some_and(|other| self.state == other.state)
    }

    fn boxed_clone(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The states of a chain's functions.
pub struct State {
    stages: Vec<Box<dyn Running>>,
    /// Number of functions that saw the row applied last.
    reached: usize,
}

impl Clone for State {
    fn clone(&self) -> Self {
        Self {
            stages: self
                .stages
                .iter()
                .map(|stage| stage.boxed_clone())
                .collect(),
            reached: self.reached,
        }
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.stages.len() == other.stages.len()
            && self
                .stages
                .iter()
                .zip(&other.stages)
                .all(|(a, b)| a.has_state_of(&**b))
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("stages", &self.stages.len())
            .finish_non_exhaustive()
    }
}

/// An entry of the state file: a function's entry, with the function's name before the other keys.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Entry(Box<RawValue>);

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Entry {
    fn new(name: &str, entry: &str) -> Option<Self> {
        let rest = entry.strip_prefix('{')?;
        let comma = if rest == "}" { "" } else { "," };
        let text = format!("{{\"nf\":\"{name}\"{comma}{rest}");
        RawValue::from_string(text).ok().map(Self)
    }
}

/// Functions in a row.
#[derive(Clone, Debug)]
pub struct Chain {
    stages: Arc<[Stage]>,
    columns: Columns,
    wide: bool,
}

impl Chain {
    /// A chain of `stages`, in this order, over rows of `profile`.
    pub fn new(profile: &Profile, stages: Vec<Stage>) -> Self {
        Self {
            stages: stages.into(),
            columns: Columns::of(profile),
            wide: profile.has_ipv6(),
        }
    }

    fn translate(&self, row: &mut [u8], to: &Translation) {
        if self.wide {
            self.columns.translate::<[u64; 2]>(row, to);
        } else {
            self.columns.translate::<u32>(row, to);
        }
    }
}

/// A row, copied only when it has to be changed.
struct Row<'a> {
    original: &'a [u8],
    copy: Option<[u8; MAX_ROW_BYTES]>,
}

impl<'a> Row<'a> {
    fn new(original: &'a [u8]) -> Self {
        let len = original.len().min(MAX_ROW_BYTES);
        Self {
            original: &original[..len],
            copy: None,
        }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        match &self.copy {
            None => self.original,
            Some(copy) => &copy[..self.original.len()],
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let len = self.original.len();
        let copy = self.copy.get_or_insert_with(|| {
            let mut copy = [0; MAX_ROW_BYTES];
            copy[..len].copy_from_slice(self.original);
            copy
        });
        &mut copy[..len]
    }
}

impl NetworkFunction for Chain {
    type State = State;
    type Effect = Action;
    type Entry = Entry;

    fn new_state(&self) -> State {
        State {
            stages: self.stages.iter().map(|s| s.function.start()).collect(),
            reached: 0,
        }
    }

    #[inline]
    fn apply(&self, state: &mut State, row: &[u8]) -> Action {
        let mut row = Row::new(row);
        let mut all: Option<Translation> = None;
        state.reached = 0;
        for stage in &mut state.stages {
            state.reached += 1;
            match stage.apply(row.bytes()) {
                Action::Pass => {}
                Action::Drop => return Action::Drop,
                Action::Rewrite(to) => {
                    all = Some(all.unwrap_or_default().then(to));
                    self.translate(row.bytes_mut(), &to);
                }
            }
        }
        all.map_or(Action::Pass, Action::Rewrite)
    }

    fn looks_ahead(&self, state: &State) -> bool {
        state.stages.iter().any(|stage| stage.looks_ahead())
    }

    /// Prefetches for every function, including those whose state is small: which ones are large is not asked for every
    /// row. Uses the row as received, so a function behind one that rewrites the row will look elsewhere.
    fn prefetch(&self, state: &State, row: &[u8]) {
        for stage in &state.stages {
            stage.prefetch(row);
        }
    }

    #[inline]
    fn action(&self, effect: Action) -> Action {
        effect
    }

    fn entries(&self, state: &State) -> Vec<Entry> {
        let stages = self.stages.iter().zip(&state.stages);
        let entries = stages.flat_map(|(stage, running)| {
            let entries = running.entries().into_iter();
            entries.filter_map(|entry| Entry::new(stage.name, &entry.text()))
        });
        entries.collect()
    }

    fn is_untouched(&self, state: &State) -> bool {
        state.stages.iter().all(|stage| stage.is_untouched())
    }

    fn totals(&self, state: &State) -> Vec<(String, u64)> {
        let stages = self.stages.iter().zip(&state.stages);
        let totals = stages.flat_map(|(stage, running)| {
            let totals = running.totals().into_iter();
            totals.map(|(name, count)| (format!("{}.{name}", stage.name), count))
        });
        totals.collect()
    }

    /// Always `None`: what a row touched is known only with the state.
    fn describe(&self, _: &[u8], _: Action) -> Option<Description> {
        None
    }

    fn describe_all(&self, state: &State, row: &[u8], _: Action) -> Vec<Description> {
        let mut row = Row::new(row);
        let mut all = Vec::new();
        let stages = self.stages.iter().zip(&state.stages);
        for (stage, running) in stages.take(state.reached) {
            let described = running.describe_latest(row.bytes()).into_iter();
            all.extend(described.map(|Description { key, state }| Description {
                key: format!("{} {key}", stage.name),
                state,
            }));
            if let Some(Action::Rewrite(to)) = running.latest() {
                self.translate(row.bytes_mut(), &to);
            }
        }
        all
    }
}
