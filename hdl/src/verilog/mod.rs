//! From rust-hdl's syntax tree to Verilog-2001 that reads as if written by hand.
//!
//! rust-hdl's own printer makes a module of every register, joins names with `$`, copies Rust's operator
//! precedence and leaves literals without width, so that its Verilog can silently mean something else than
//! its simulation. This one walks the same tree ([`rust_hdl`'s `Probe`]) and
//!
//! * writes registers and memories into the module that owns them: one clocked process for its registers and one for
//!   each memory; first values in an `initial` block, which wakes processes in every simulator and by every standard;
//! * parenthesises every nested operation and gives every literal its width;
//! * **refuses** an expression whose value in Verilog could differ from that in Rust, where an operand has
//!   another width than its context ([`EmitError::Width`]);
//! * names modules after their Rust types and takes comments from the Rust documentation and source;
//! * turns `Constant`s that differ between instances into parameters.
//!
//! | module | one idea |
//! |---|---|
//! | [`docs`] | documentation and field types, read from the Rust source |
//! | [`comments`] | comments on behaviour, read from the Rust source |
//! | [`elaborate`] | the tree of scopes that rust-hdl's probe sees |
//! | [`ir`] | statements with loops unrolled and names resolved |
//! | [`keywords`] | the reserved words |
//! | [`prune`] | removes what nothing reads |
//! | [`used`] | which bits something reads |
//! | [`fields`] | names for the fields of bundles |
//! | [`template`] | verbatim code of blocks that are written into the module around them |
//! | [`expr`] | expressions as text, widths checked |
//! | [`process`] | which statements belong into one process |
//! | [`module`] | a module as text |
//!
//! [`rust_hdl`'s `Probe`]: rust_hdl::prelude::Probe

pub mod comments;
pub mod docs;
pub mod elaborate;
pub mod expr;
pub mod fields;
pub mod ir;
pub mod keywords;
pub mod module;
pub mod process;
pub mod prune;
pub mod template;
pub mod used;

/// Why a design cannot be written as Verilog.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// An expression might mean something else in Verilog than in Rust.
    #[error("{module}: {what}: assign the operand to a Local of the right width first")]
    Width {
        /// Instance path of the module.
        module: String,
        /// The expression and its widths.
        what: String,
    },
    /// A construct of rust-hdl that this printer does not know.
    #[error("{module}: {what} is not supported")]
    Unsupported {
        /// Instance path of the module.
        module: String,
        /// The construct.
        what: String,
    },
    /// A name stands for nothing, or for two things, or has a meaning of its own in Verilog.
    #[error("{module}: name {name} is {problem}")]
    Name {
        /// Instance path of the module.
        module: String,
        /// The name.
        name: String,
        /// "unknown", "taken twice", "a keyword" or "the name of something inside the module".
        problem: &'static str,
    },
    /// rust-hdl's own checks failed.
    #[error("rust-hdl refuses the design: {0}")]
    Check(String),
}
