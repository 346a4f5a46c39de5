//! Functions that keep an entry for each key, such as a source or a flow, and know no other state.
//!
//! ```text
//!  row ──▶ key ──▶ table ──▶ update(value) ──▶ effect ──▶ action ──▶ verdict
//!           │ none   │ no entry, and the row creates none
//!           └────────┴──▶ without_entry ──▶ effect
//! ```
//!
//! A [`FlowFunction`] says which part of the state a row touches, and so it can be replicated, shared or sharded alike.
//! [`Keyed`] makes a [`NetworkFunction`] of it: a [`Table`] of its values by its keys. Functions whose entries draw on a
//! pool that all share, as those that translate do, are no such functions.

use std::fmt;

use scr_wire::Field;
use serde::Serialize;

use crate::layout::FlowKey;
use crate::table::Table;
use crate::{
    Action, Description, Family, Layout, NetworkFunction, OptionError, OptionHelp, Options,
};

/// What decides a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFields {
    /// The fields of a row. An IPv4 address field stands for the 16-byte one as well.
    pub fields: &'static [Field],
    /// Both directions of a flow have one key.
    pub symmetric: bool,
}

impl KeyFields {
    /// The source address.
    pub const SOURCE: Self = Self {
        fields: &[Field::SrcIp4],
        symmetric: false,
    };
    /// The 5-tuple.
    pub const FLOW: Self = Self {
        fields: &crate::flows::FIVE_TUPLE,
        symmetric: false,
    };
    /// The 5-tuple, both directions alike.
    pub const CONNECTION: Self = Self {
        symmetric: true,
        ..Self::FLOW
    };
}

/// What becomes of an entry after an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retain {
    /// It stays.
    Keep,
    /// It is removed.
    Remove,
}

/// A function with a value for each key. The type itself is the function's parameters.
///
/// Every replica updates the same values by the same rows in the same order, so nothing here may use anything but the
/// value, the row and the parameters: no clock, no randomness but a fixed seed, no I/O. A row with protocol 0 and all-zero
/// addresses must have no key and give an effect whose action is to pass, but where it can only be an IP packet's:
/// [`with_other_frames`](Self::with_other_frames).
pub trait FlowFunction: Clone + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// Name on the command line.
    const NAME: &'static str;
    /// What it does, in a phrase.
    const ABOUT: &'static str;
    /// The options it takes; [`read`](Self::read) has to read each of them.
    const OPTIONS: &'static [OptionHelp];

    /// What a row's entry is found by: `L::Address`, or the 5-tuple `<L::Address as Address>::Flow`.
    type Key<L: Layout>: FlowKey<Shown = Self::ShownKey>;
    /// The same in state files: `IpAddr` or [`FiveTuple`](crate::layout::FiveTuple).
    type ShownKey: fmt::Display;
    /// The value of a key. A new entry has the default.
    type Value: Copy + Default + PartialEq + Send;
    /// What a row did: enough for the verdict on its packet and for [`describe`](Self::describe).
    type Effect: Copy + PartialEq + Send;
    /// One entry of the state file.
    type Entry: Serialize + PartialEq + fmt::Debug;
    /// What the state holds besides entries, such as the time; `()` for nothing.
    type Shared: Copy + Default + PartialEq + Send;

    /// Reads the options.
    ///
    /// # Errors
    ///
    /// [`OptionError`] for a value that cannot be used. Unknown options are found by the caller.
    fn read(options: &mut Options) -> Result<Self, OptionError>;

    /// The same where the sequencer is set to `sequence_all`: frames that are not IP have rows, too, all zero but for the
    /// time. Without this call every row is that of an IP packet.
    #[must_use]
    fn with_other_frames(self) -> Self {
        self
    }

    /// Entries that the table holds before it evicts.
    fn capacity(&self) -> usize;

    /// The fields that decide the key.
    fn key_fields(&self) -> KeyFields;

    /// The other fields that a row must have.
    fn other_fields(&self) -> Vec<Field> {
        Vec::new()
    }

    /// The key of the entry that `row` touches; `None` when it touches none.
    fn key<L: Layout>(&self, layout: &L, row: &[u8]) -> Option<Self::Key<L>>;

    /// Whether `row` creates its key's entry where there is none. Only asked of rows with a key.
    #[inline(always)]
    fn creates<L: Layout>(&self, layout: &L, row: &[u8]) -> bool {
        let _ = (layout, row);
        true
    }

    /// Takes `row` into the value of its key, which is `new` if this row created its entry.
    fn update<L: Layout>(
        &self,
        layout: &L,
        row: &[u8],
        value: &mut Self::Value,
        new: bool,
    ) -> (Self::Effect, Retain);

    /// The effect of a row that has no entry: it has no key, or its key has no entry and it creates none.
    fn without_entry<L: Layout>(&self, layout: &L, row: &[u8]) -> Self::Effect;

    /// Takes any row into what the state holds besides entries.
    #[inline(always)]
    fn observe<L: Layout>(&self, layout: &L, row: &[u8], shared: &mut Self::Shared) {
        let _ = (layout, row, shared);
    }

    /// What is to be done with the packet whose row had `effect`.
    fn action(&self, effect: Self::Effect) -> Action;

    /// Whether an entry is shown in the state file.
    fn is_shown(&self, value: &Self::Value, shared: &Self::Shared) -> bool {
        let _ = (value, shared);
        true
    }

    /// The key as the state file shows it.
    fn shown_key<L: Layout>(&self, key: Self::Key<L>, value: &Self::Value) -> Self::Key<L> {
        let _ = value;
        key
    }

    /// An entry of the state file.
    fn entry(&self, key: Self::ShownKey, value: &Self::Value) -> Self::Entry;

    /// The state of the entry that a row touched with `effect`, for event files; `None` when it touched none. That of an
    /// entry that the row removed is as it was before removal.
    fn describe(&self, effect: Self::Effect) -> Option<String>;

    /// The key of the entry that `row` touched with `effect`, for event files.
    fn described_key<L: Layout>(
        &self,
        layout: &L,
        row: &[u8],
        effect: Self::Effect,
    ) -> Option<Self::Key<L>> {
        let _ = effect;
        self.key(layout, row)
    }
}

/// The state of a [`Keyed`] function.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyedState<K: PartialEq, V: PartialEq, S> {
    /// The values by key.
    pub table: Table<K, V>,
    /// What the function knows besides.
    pub shared: S,
}

/// A [`FlowFunction`] over rows of layout `L`, as a [`NetworkFunction`].
#[derive(Clone, Debug)]
pub struct Keyed<F, L> {
    function: F,
    layout: L,
}

impl<F: FlowFunction, L: Layout> NetworkFunction for Keyed<F, L> {
    type State = KeyedState<F::Key<L>, F::Value, F::Shared>;
    type Effect = F::Effect;
    type Entry = F::Entry;

    const ROW_BYTES: usize = L::ROW_BYTES;

    fn new_state(&self) -> Self::State {
        KeyedState {
            table: Table::new(self.function.capacity()),
            shared: F::Shared::default(),
        }
    }

    #[inline(always)]
    fn apply(&self, state: &mut Self::State, row: &[u8]) -> F::Effect {
        let Self { function, layout } = self;
        function.observe(layout, row, &mut state.shared);
        let Some(key) = function.key(layout, row) else {
            return function.without_entry(layout, row);
        };
        let (value, new) = if function.creates(layout, row) {
            state.table.get_or_insert(&key)
        } else {
            match state.table.get_mut(&key) {
                Some(value) => (value, false),
                None => return function.without_entry(layout, row),
            }
        };
        let (effect, retain) = function.update(layout, row, value, new);
        if retain == Retain::Remove {
            // A copy: what is passed by reference would be kept in memory for all rows.
            state.table.remove(&{ key });
        }
        effect
    }

    #[inline(always)]
    fn action(&self, effect: F::Effect) -> Action {
        self.function.action(effect)
    }

    fn looks_ahead(&self, state: &Self::State) -> bool {
        state.table.outgrows_l2()
    }

    #[inline(always)]
    fn prefetch(&self, state: &Self::State, row: &[u8]) {
        if let Some(key) = self.function.key(&self.layout, row) {
            state.table.prefetch(&key);
        }
    }

    fn entries(&self, state: &Self::State) -> Vec<F::Entry> {
        let function = &self.function;
        let shown = state
            .table
            .iter()
            .filter(|(_, value)| function.is_shown(value, &state.shared));
        let mut entries: Vec<_> = shown
            .map(|(&key, &value)| (function.shown_key::<L>(key, &value), value))
            .collect();
        entries.sort_unstable_by_key(|&(key, _)| key);
        entries
            .into_iter()
            .map(|(key, value)| function.entry(key.shown(), &value))
            .collect()
    }

    fn describe(&self, row: &[u8], effect: F::Effect) -> Option<Description> {
        let state = self.function.describe(effect)?;
        let key = self.function.described_key(&self.layout, row, effect)?;
        Some(Description {
            key: key.shown().to_string(),
            state,
        })
    }
}

impl<F: FlowFunction> Family for F {
    const NAME: &'static str = F::NAME;
    const ABOUT: &'static str = F::ABOUT;
    const OPTIONS: &'static [OptionHelp] = F::OPTIONS;
    type Parameters = F;
    type Function<L: Layout> = Keyed<F, L>;

    fn parameters(options: &mut Options) -> Result<F, OptionError> {
        F::read(options)
    }

    fn with_other_frames(parameters: F) -> F {
        parameters.with_other_frames()
    }

    fn needs(parameters: &F) -> Vec<Field> {
        let mut needs = parameters.key_fields().fields.to_vec();
        let others = parameters.other_fields().into_iter();
        needs.extend(others.filter(|field| !parameters.key_fields().fields.contains(field)));
        needs
    }

    fn build<L: Layout>(function: F, layout: L) -> Keyed<F, L> {
        Keyed { function, layout }
    }
}
