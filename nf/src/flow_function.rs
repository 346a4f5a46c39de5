//! Functions that keep one entry per key, such as a source or a flow, and no other state per packet.
//!
//! ```text
//!  row ──▶ key ──▶ table ──▶ update(value) ──▶ effect ──▶ action ──▶ verdict
//!           │ none   │ no entry, and the row creates none
//!           └────────┴──▶ without_entry ──▶ effect
//! ```
//!
//! A [`FlowFunction`] says which part of the state a row touches, so the same function can be replicated, shared or
//! sharded. [`Keyed`] turns it into a [`NetworkFunction`]: a [`Table`] of its values by key. Functions whose entries
//! draw on a common pool, such as those that translate addresses, do not fit this trait.

use std::fmt;

use scr_wire::Field;
use serde::Serialize;

use crate::layout::FlowKey;
use crate::table::Table;
use crate::{
    Action, Description, Family, Layout, NetworkFunction, OptionError, OptionHelp, Options,
};

/// The fields that decide a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFields {
    /// Fields of a row. An IPv4 address field stands for the 16-byte one as well.
    pub fields: &'static [Field],
    /// Whether both directions of a flow have the same key.
    pub symmetric: bool,
}

impl KeyFields {
    /// The source address as the key.
    pub const SOURCE: Self = Self {
        fields: &[Field::SrcIp4],
        symmetric: false,
    };
    /// The 5-tuple as the key.
    pub const FLOW: Self = Self {
        fields: &crate::flows::FIVE_TUPLE,
        symmetric: false,
    };
    /// The 5-tuple as the key, the same for both directions.
    pub const CONNECTION: Self = Self {
        symmetric: true,
        ..Self::FLOW
    };
}

/// Fate of an entry after an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retain {
    /// The entry stays.
    Keep,
    /// The entry is removed.
    Remove,
}

/// A function with one value per key. The type itself holds the function's parameters.
///
/// Every replica updates the same values with the same rows in the same order, so nothing here may use anything but the
/// value, the row and the parameters: no clock, no randomness except from a fixed seed, no I/O. A row with protocol 0
/// and all-zero addresses must have no key and give an effect whose action is to pass, unless such a row can only be
/// that of an IP packet; see [`with_other_frames`](Self::with_other_frames).
pub trait FlowFunction: Clone + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// Name on the command line.
    const NAME: &'static str;
    /// One-phrase description.
    const ABOUT: &'static str;
    /// The options the function takes; [`read`](Self::read) has to read each of them.
    const OPTIONS: &'static [OptionHelp];

    /// The key of a row's entry: `L::Address`, or the 5-tuple `<L::Address as Address>::Flow`.
    type Key<L: Layout>: FlowKey<Shown = Self::ShownKey>;
    /// The key as state files show it: `IpAddr` or [`FiveTuple`](crate::layout::FiveTuple).
    type ShownKey: fmt::Display;
    /// The value of a key. A new entry has the default value.
    type Value: Copy + Default + PartialEq + Send;
    /// The effect of a row: enough for the verdict on its packet and for [`describe`](Self::describe).
    type Effect: Copy + PartialEq + Send;
    /// One entry of the state file.
    type Entry: Serialize + PartialEq + fmt::Debug;
    /// State besides the entries, such as the time; `()` for none.
    type Shared: Copy + Default + PartialEq + Send;

    /// Reads the options.
    ///
    /// # Errors
    ///
    /// [`OptionError`] for a value that cannot be used. The caller reports unknown options.
    fn read(options: &mut Options) -> Result<Self, OptionError>;

    /// The function for a sequencer set to `sequence_all`: frames that are not IP then have rows, too, all zero except
    /// for the time. Without this call every row is that of an IP packet.
    #[must_use]
    fn with_other_frames(self) -> Self {
        self
    }

    /// Number of entries that the table holds before it evicts.
    fn capacity(&self) -> usize;

    /// The fields that decide the key.
    fn key_fields(&self) -> KeyFields;

    /// The fields a row must have besides those of the key.
    fn other_fields(&self) -> Vec<Field> {
        Vec::new()
    }

    /// The key of the entry that `row` touches; `None` when it touches none.
    fn key<L: Layout>(&self, layout: &L, row: &[u8]) -> Option<Self::Key<L>>;

    /// Whether `row` creates its key's entry if there is none. Called only for rows with a key.
    #[inline(always)]
    fn creates<L: Layout>(&self, layout: &L, row: &[u8]) -> bool {
        let _ = (layout, row);
        true
    }

    /// Whether, with these parameters, every row with a key creates its entry and none removes one. Then nobody asks row by
    /// row, which is faster.
    #[inline(always)]
    fn keeps_all(&self) -> bool {
        false
    }

    /// Updates the value of the row's key with `row`. The value is `new` if this row created the entry.
    fn update<L: Layout>(
        &self,
        layout: &L,
        row: &[u8],
        value: &mut Self::Value,
        new: bool,
    ) -> (Self::Effect, Retain);

    /// The effect of a row without an entry: either it has no key, or its key has no entry and it creates none.
    fn without_entry<L: Layout>(&self, layout: &L, row: &[u8]) -> Self::Effect;

    /// Updates what the state holds besides entries; called for every row.
    #[inline(always)]
    fn observe<L: Layout>(&self, layout: &L, row: &[u8], shared: &mut Self::Shared) {
        let _ = (layout, row, shared);
    }

    /// The action for the packet whose row had `effect`.
    fn action(&self, effect: Self::Effect) -> Action;

    /// Whether the state file shows an entry.
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

    /// The state of the entry that a row touched with `effect`, for event files; `None` if it touched none. If the row
    /// removed the entry, this is its state before removal.
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
    /// State besides the entries.
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
        if function.keeps_all() {
            debug_assert!(function.creates(layout, row));
            let (value, new) = state.table.get_or_insert(&key);
            let (effect, retain) = function.update(layout, row, value, new);
            debug_assert_eq!(retain, Retain::Keep);
            return effect;
        }
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
            // A copy, because a value passed by reference would be kept in memory for all rows.
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
