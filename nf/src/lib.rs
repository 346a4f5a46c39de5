//! Network functions for State-Compute Replication, and the flow table in which they keep their state.
//!
//! ```text
//!  row ──▶ apply(state, row) ──▶ effect ──▶ action(effect) ──▶ verdict(effect, packet)
//!          on every replica                                    on the packet's own core only
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`functions`] | the functions, one file each |
//! | [`flow_function`] | functions with one entry per key, which most are |
//! | [`registry`] | which functions there are, and how one is chosen by name and options |
//! | [`options`] | options by name, and their errors |
//! | [`layout`] | offsets of the fields in a row: constants if the compiler knows the profile |
//! | [`flows`] | what functions with one entry per flow have in common |
//! | [`chain`] | several functions, one after another |
//! | [`rewrite`] | rewriting a packet's endpoints |
//! | [`scope`] | addresses that no function may translate |
//! | [`table`] | the bounded table with deterministic eviction |
//! | [`prefetch`] | prefetching of cache lines |
//!
//! This crate knows nothing of threads, queues, devices or files: a function is given rows in order, and the same rows
//! produce the same state on every replica.
//!
//! A function is one file in [`functions`] and one line in [`registry`]. Most keep an entry per source or flow and are
//! a [`FlowFunction`]: a key, and what a row does to its value. Any other is a [`Family`], which holds what is known
//! before the row profile is (name, options, required fields), and a [`NetworkFunction`] generic over the [`Layout`] of
//! rows, which is what runs. Everything that runs per row is thus compiled once per function and profile, with the
//! field offsets as constants.
#![deny(unsafe_code)]

// A function's file says `scr_nf` both here and in a crate of its own, so it can be moved without changes.
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

/// Entries in a function's table if `capacity` is not given.
pub const DEFAULT_CAPACITY: usize = 1 << 20;

/// Fate of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The packet is forwarded unaltered.
    Pass,
    /// The packet is dropped.
    Drop,
    /// The packet is forwarded with other bytes.
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

/// The action that a row's effect demands for its packet: decided from rows, so every replica knows it for every
/// packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Forward the packet.
    Pass,
    /// Drop the packet.
    Drop,
    /// Forward the packet with other endpoints.
    Rewrite(Translation),
}

impl Action {
    /// [`Pass`](Self::Pass) if true, else [`Drop`](Self::Drop).
    #[inline(always)]
    pub const fn pass_if(pass: bool) -> Self {
        if pass { Self::Pass } else { Self::Drop }
    }
}

/// A network function ready to run, with its parameters and row layout fixed.
///
/// Every replica applies the same rows in the same order and must reach the same state, so [`apply`](Self::apply) may
/// use the state, the row and the parameters, and nothing else: no clock, no randomness except from a fixed seed, no
/// I/O. A row with protocol 0 and all-zero addresses must change nothing and give an effect whose action is to pass,
/// unless such a row can only be that of an IP packet; see [`Family::with_other_frames`].
pub trait NetworkFunction: Clone + Send + Sync + 'static {
    /// The state of a replica, bounded in size. Two states are equal if the same rows made them.
    type State: Clone + PartialEq + Send;
    /// The effect of a row: enough for the verdict on its packet and for [`describe`](Self::describe).
    type Effect: Copy + PartialEq + Send;
    /// One entry of the state file.
    type Entry: serde::Serialize + PartialEq + fmt::Debug;

    /// Bytes of a row; 0 if known only at run time. The worker loop is faster with a constant.
    const ROW_BYTES: usize = 0;

    /// The state before the first row.
    fn new_state(&self) -> Self::State;

    /// Applies one row to the state.
    fn apply(&self, state: &mut Self::State, row: &[u8]) -> Self::Effect;

    /// The action for the packet whose row had `effect`. The next function in a chain is given the row only if the
    /// packet goes on, and with the endpoints that the packet then has.
    fn action(&self, effect: Self::Effect) -> Action;

    /// Carries out the action. On [`Verdict::Rewrite`] the packet's new bytes have been appended to `rewritten`; on any
    /// other verdict nothing has been. A packet that should be rewritten but does not match its row is not forwarded.
    #[inline]
    fn verdict(&self, effect: Self::Effect, packet: &[u8], rewritten: &mut Vec<u8>) -> Verdict {
        match self.action(effect) {
            Action::Pass => Verdict::Pass,
            Action::Drop => Verdict::Drop,
            Action::Rewrite(to) if to.rewrite(packet, rewritten) => Verdict::Rewrite,
            Action::Rewrite(_) => Verdict::Drop,
        }
    }

    /// Whether the state has grown so large that [`prefetch`](Self::prefetch) pays. Asked from time to time, not for
    /// every row.
    fn looks_ahead(&self, _state: &Self::State) -> bool {
        false
    }

    /// Prefetches what `row`, which will be applied some rows later, is going to touch. The row may be any bytes.
    /// Functions that keep a [`Table`](crate::table::Table) pass the call on to it.
    #[inline(always)]
    fn prefetch(&self, _state: &Self::State, _row: &[u8]) {}

    /// The state's entries, sorted by their key fields.
    fn entries(&self, state: &Self::State) -> Vec<Self::Entry>;

    /// Whether the rows left nothing in the state, neither entries nor totals, because none concerned the function. A
    /// function whose state remembers more than its entries, such as the time, must override this.
    fn is_untouched(&self, state: &Self::State) -> bool {
        *state == self.new_state()
    }

    /// The state's counters besides its entries, by name, for the state file; the names are always the same.
    fn totals(&self, state: &Self::State) -> Vec<(String, u64)> {
        let _ = state;
        Vec::new()
    }

    /// Key and state of the entry that `row` touched with `effect`, for event files; `None` if it touched none. If the
    /// row removed the entry, the state is that before removal.
    fn describe(&self, row: &[u8], effect: Self::Effect) -> Option<Description>;

    /// Describes everything that the row just applied touched. Only a chain touches more than one entry.
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

/// An entry as shown in event files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The entry's key, for example `10.0.0.1` or `10.0.0.1:80>10.0.0.2:81/6`.
    pub key: String,
    /// The entry's state after the row.
    pub state: String,
}

/// A network function before its row layout is known.
pub trait Family {
    /// Name on the command line.
    const NAME: &'static str;
    /// One-phrase description.
    const ABOUT: &'static str;
    /// The options the function takes.
    const OPTIONS: &'static [OptionHelp];
    /// The checked values of the options.
    type Parameters: Clone + PartialEq + fmt::Debug + Send + Sync + 'static;
    /// The function over rows of layout `L`.
    type Function<L: Layout>: NetworkFunction;

    /// Reads the options.
    ///
    /// # Errors
    ///
    /// [`OptionError`] for a value that cannot be used. The caller reports unknown options.
    fn parameters(options: &mut Options) -> Result<Self::Parameters, OptionError>;

    /// The parameters for a sequencer set to `sequence_all`: frames that are not IP then have rows, too, all zero
    /// except for the time. Without this call every row is that of an IP packet. Only a function that would mistake a
    /// blank row for a packet needs to know, and it may then need more fields.
    fn with_other_frames(parameters: Self::Parameters) -> Self::Parameters {
        parameters
    }

    /// The fields a row must have. An IPv4 address field stands for the 16-byte one as well.
    fn needs(parameters: &Self::Parameters) -> Vec<scr_wire::Field>;

    /// Builds the function.
    fn build<L: Layout>(parameters: Self::Parameters, layout: L) -> Self::Function<L>;
}
