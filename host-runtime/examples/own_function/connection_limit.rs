//! `connection-limit`: a source may have so many TCP connections open at a time; the SYN of another one is dropped.
//!
//! Key: source address. A SYN without ACK opens a connection; a FIN or RST of the same source closes one. Repeated SYNs
//! count again, so the limit is one of attempts, too. What is not TCP passes.
//!
//! When the table is full, a new source evicts the one under the table's hand, whose count is lost.

use std::net::IpAddr;

use scr_nf::options::CAPACITY;
use scr_nf::table::Table;
use scr_nf::{
    Action, Address, Description, Family, Layout, NetworkFunction, OptionError, OptionHelp, Options,
};
use scr_wire::Field;
use scr_wire::parse::PROTOCOL_TCP;
use serde::Serialize;

/// The function before its layout is known.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimit;

/// Its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Connections that a source may have open.
    pub limit: u32,
    /// Entries in the table.
    pub capacity: usize,
}

impl Family for ConnectionLimit {
    const NAME: &'static str = "connection-limit";
    const ABOUT: &'static str = "drop SYNs of sources that have too many connections open";
    const OPTIONS: &'static [OptionHelp] = &[
        OptionHelp {
            usage: "limit=CONNECTIONS",
            about: "connections that a source may have open (100)",
        },
        CAPACITY,
    ];
    type Parameters = Parameters;
    type Function<L: Layout> = Function<L>;

    fn parameters(options: &mut Options) -> Result<Parameters, OptionError> {
        let limit = options.number("limit", 0..=u32::MAX.into())?;
        Ok(Parameters {
            limit: limit.map_or(100, |limit| limit as u32),
            capacity: options.capacity()?,
        })
    }

    fn needs(_: &Parameters) -> Vec<Field> {
        vec![Field::SrcIp4, Field::Protocol, Field::TcpFlags]
    }

    fn build<L: Layout>(parameters: Parameters, layout: L) -> Function<L> {
        Function { parameters, layout }
    }
}

/// The function over rows of layout `L`.
#[derive(Clone, Debug)]
pub struct Function<L> {
    parameters: Parameters,
    layout: L,
}

/// What a row did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    pass: bool,
    /// Connections that the source has open after the row, if it has or had any.
    open: Option<u32>,
}

/// An entry of the state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Source address.
    pub src: IpAddr,
    /// Connections that it has open.
    pub open: u32,
}

impl<L: Layout> NetworkFunction for Function<L> {
    type State = Table<L::Address, u32>;
    type Effect = Effect;
    type Entry = Entry;

    fn new_state(&self) -> Self::State {
        Table::new(self.parameters.capacity)
    }

    #[inline]
    fn apply(&self, state: &mut Self::State, row: &[u8]) -> Effect {
        let unseen = Effect {
            pass: true,
            open: None,
        };
        if self.layout.protocol(row) != PROTOCOL_TCP {
            return unseen;
        }
        let source = self.layout.src(row);
        let flags = self.layout.tcp_flags(row);
        if flags.syn() && !flags.ack() {
            let (open, _) = state.get_or_insert(&source);
            let pass = *open < self.parameters.limit;
            *open += u32::from(pass);
            let open = Some(*open);
            return Effect { pass, open };
        }
        let Some(open) = state.get_mut(&source) else {
            return unseen;
        };
        if flags.fin() || flags.rst() {
            *open = open.saturating_sub(1);
        }
        let left = *open;
        if left == 0 {
            state.remove(&source);
        }
        Effect {
            pass: true,
            open: Some(left),
        }
    }

    #[inline]
    fn action(&self, effect: Effect) -> Action {
        Action::pass_if(effect.pass)
    }

    fn entries(&self, state: &Self::State) -> Vec<Entry> {
        let mut entries: Vec<_> = state.iter().map(|(&src, &open)| (src, open)).collect();
        entries.sort_unstable();
        let entry = |(src, open): (L::Address, u32)| Entry {
            src: src.ip(),
            open,
        };
        entries.into_iter().map(entry).collect()
    }

    fn describe(&self, row: &[u8], effect: Effect) -> Option<Description> {
        effect.open.map(|open| Description {
            key: self.layout.src(row).ip().to_string(),
            state: format!("open={open}"),
        })
    }
}
