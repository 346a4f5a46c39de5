//! Network functions for State-Compute Replication, and the flow table that they keep their state in.
//!
//! ```text
//!  row ──▶ apply(state, row) ──▶ effect ──▶ action(effect) ──▶ verdict(effect, packet)
//!          on every replica                                    on the packet's own core only
//! ```
//!
//! | module | one idea |
//! |---|---|
//! | [`functions`] | the functions, a file each |
//! | [`flow_function`] | functions that keep an entry for each key: what most are written as |
//! | [`registry`] | which ones there are, and how one is chosen by name and options |
//! | [`options`] | options by name, and what is wrong with them |
//! | [`layout`] | where the fields stand in a row: constants, where the profile is known to the compiler |
//! | [`flows`] | what functions with an entry for each flow have in common |
//! | [`chain`] | several functions, one after the other |
//! | [`rewrite`] | a packet with other endpoints |
//! | [`scope`] | addresses that no function may translate |
//! | [`table`] | the bounded table with deterministic eviction |
//! | [`prefetch`] | cache lines asked for ahead |
//!
//! Nothing here knows threads, queues, devices or files: a function is given rows, in order, and the same rows make the
//! same state on every replica.
//!
//! A function is one file in [`functions`] and one line in [`registry`]. Most keep an entry for each source or flow, and
//! are a [`FlowFunction`]: a key, and what a row does to its value. Any other is a [`Family`], which is what can be said
//! before the row profile is known (name, options, fields needed), and a [`NetworkFunction`] generic over the [`Layout`] of
//! rows, which is what runs. Everything that runs per row is thereby compiled once per function and profile, with the
//! offsets of fields as constants.
#![deny(unsafe_code)]

// A function's file says `scr_nf` in here as well as in a crate of its own, so it can be moved as it is.
extern crate self as scr_nf;

pub mod chain;
pub mod flow_function;
pub mod flows;
pub mod functions;
pub mod layout;
mod modulus;
mod nanoseconds;
pub mod options;
pub mod prefetch;
pub mod registry;
pub mod rewrite;
pub mod scope;
pub mod table;

use std::fmt;

pub use flow_function::{FlowFunction, KeyFields, Keyed, Retain};
pub use layout::{Address, Layout};
pub use nanoseconds::Nanoseconds;
pub use options::{OptionError, OptionHelp, Options};
pub use registry::{CATALOGUE, FunctionHelp, NAMES, Own, Select, SelectError, Selected, Visitor};
pub use rewrite::{Endpoint, Translation};

/// Entries a function's table holds where `capacity` is not given.
pub const DEFAULT_CAPACITY: usize = 1 << 20;

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It goes on unaltered.
    Pass,
    /// It ends here.
    Drop,
    /// It goes on with other bytes.
    Rewrite,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Drop => "drop",
            Self::Rewrite => "rewrite",
        })
    }
}

/// What a row's effect says is to be done with its packet: decided from rows, so every replica knows it of every packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Let it go on.
    Pass,
    /// Let it end here.
    Drop,
    /// Let it go on with other endpoints.
    Rewrite(Translation),
}

impl Action {
    /// [`Pass`](Self::Pass) or [`Drop`](Self::Drop).
    #[inline(always)]
    pub const fn pass_if(pass: bool) -> Self {
        if pass { Self::Pass } else { Self::Drop }
    }
}

/// A network function that runs: parameters and layout of rows fixed.
///
/// Every replica applies the same rows in the same order and must reach the same state, so [`apply`](Self::apply) may
/// use the state, the row and the parameters, and nothing else: no clock, no randomness but a fixed seed, no I/O.
/// A row with protocol 0 and all-zero addresses must change nothing and give an effect whose action is to pass, but where
/// it can only be an IP packet's: [`Family::with_other_frames`].
pub trait NetworkFunction: Clone + Send + Sync + 'static {
    /// What a replica holds. Bounded. Two states are equal when the same rows made them.
    type State: Clone + PartialEq + Send;
    /// What a row did: enough for the verdict on its packet and for [`describe`](Self::describe).
    type Effect: Copy + PartialEq + Send;
    /// One entry of the state file.
    type Entry: serde::Serialize + PartialEq + fmt::Debug;

    /// Bytes of the rows, 0 where they are known only at run time. The worker loop is faster where they are a constant.
    const ROW_BYTES: usize = 0;

    /// The state before the first row.
    fn new_state(&self) -> Self::State;

    /// Takes one row into the state.
    fn apply(&self, state: &mut Self::State, row: &[u8]) -> Self::Effect;

    /// What is to be done with the packet whose row had `effect`. A function that follows in a chain is given the row
    /// only if the packet goes on, and with the endpoints that it goes on with.
    fn action(&self, effect: Self::Effect) -> Action;

    /// Carries the action out. With [`Verdict::Rewrite`] the packet's new bytes have been appended to `rewritten`; with
    /// any other nothing has. A packet that is to be rewritten and is not what its row says cannot go on.
    #[inline]
    fn verdict(&self, effect: Self::Effect, packet: &[u8], rewritten: &mut Vec<u8>) -> Verdict {
        match self.action(effect) {
            Action::Pass => Verdict::Pass,
            Action::Drop => Verdict::Drop,
            Action::Rewrite(to) if to.rewrite(packet, rewritten) => Verdict::Rewrite,
            Action::Rewrite(_) => Verdict::Drop,
        }
    }

    /// Whether the state has grown so large that [`prefetch`](Self::prefetch) pays. Asked now and then, not for every row.
    fn looks_ahead(&self, _state: &Self::State) -> bool {
        false
    }

    /// Starts to bring what `row`, which is to be applied some rows later, will touch into the cache. The row may be any
    /// bytes. Functions that keep a [`Table`](crate::table::Table) pass this on to it.
    #[inline(always)]
    fn prefetch(&self, _state: &Self::State, _row: &[u8]) {}

    /// The state's entries, sorted by their key fields.
    fn entries(&self, state: &Self::State) -> Vec<Self::Entry>;

    /// Whether the rows left nothing in the state, neither entries nor totals: they were no concern of the function. A
    /// function whose state remembers more than it keeps entries of, such as the time, says so itself.
    fn is_untouched(&self, state: &Self::State) -> bool {
        *state == self.new_state()
    }

    /// What the state counted besides its entries, by name, for the state file; always the same names.
    fn totals(&self, state: &Self::State) -> Vec<(String, u64)> {
        let _ = state;
        Vec::new()
    }

    /// Key and state of the entry that `row` touched with `effect`, for event files; `None` when it touched none. An
    /// entry that the row removed is described as it was before removal.
    fn describe(&self, row: &[u8], effect: Self::Effect) -> Option<Description>;

    /// All that the row just applied touched. Only a chain touches more than one entry.
    fn describe_all(
        &self,
        state: &Self::State,
        row: &[u8],
        effect: Self::Effect,
    ) -> Vec<Description> {
        let _ = state;
        self.describe(row, effect).into_iter().collect()
    }
}

/// An entry as event files show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The entry's key, for example `10.0.0.1` or `10.0.0.1:80>10.0.0.2:81/6`.
    pub key: String,
    /// Its state after the row.
    pub state: String,
}

/// A network function before its layout of rows is known.
pub trait Family {
    /// Name on the command line.
    const NAME: &'static str;
    /// What it does, in a phrase.
    const ABOUT: &'static str;
    /// The options it takes.
    const OPTIONS: &'static [OptionHelp];
    /// The options' values, checked.
    type Parameters: Clone + PartialEq + fmt::Debug + Send + Sync + 'static;
    /// The function over rows of layout `L`.
    type Function<L: Layout>: NetworkFunction;

    /// Reads the options.
    ///
    /// # Errors
    ///
    /// [`OptionError`] for a value that cannot be used. Unknown options are found by the caller.
    fn parameters(options: &mut Options) -> Result<Self::Parameters, OptionError>;

    /// The same where the sequencer is set to `sequence_all`: frames that are not IP have rows, too, all zero but for the
    /// time. Without this call every row is that of an IP packet. Only a function that would take a blank row for a packet
    /// needs to know, and what it needs of rows may be more then.
    fn with_other_frames(parameters: Self::Parameters) -> Self::Parameters {
        parameters
    }

    /// The fields a row must have. An IPv4 address field stands for the 16-byte one as well.
    fn needs(parameters: &Self::Parameters) -> Vec<scr_wire::Field>;

    /// The function.
    fn build<L: Layout>(parameters: Self::Parameters, layout: L) -> Self::Function<L>;
}
