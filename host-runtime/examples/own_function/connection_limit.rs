//! `connection-limit`: a source may have so many TCP connections open at a time; the SYN of another one is dropped.
//!
//! Key: source address. A SYN without ACK opens a connection; a FIN or RST of the same source closes one. Repeated SYNs
//! count again, so the limit is one of attempts, too. What is not TCP passes.
//!
//! When the table is full, a new source evicts the one under the table's hand, whose count is lost.

use std::net::IpAddr;

use scr_nf::options::CAPACITY;
use scr_nf::{Action, FlowFunction, KeyFields, Layout, OptionError, OptionHelp, Options, Retain};
use scr_wire::Field;
use scr_wire::parse::PROTOCOL_TCP;
use serde::Serialize;

/// The function's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimit {
    /// Connections that a source may have open.
    pub limit: u32,
    /// Entries in the table.
    pub capacity: usize,
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

impl FlowFunction for ConnectionLimit {
    const NAME: &'static str = "connection-limit";
    const ABOUT: &'static str = "drop SYNs of sources that have too many connections open";
    const OPTIONS: &'static [OptionHelp] = &[
        OptionHelp {
            usage: "limit=CONNECTIONS",
            about: "connections that a source may have open (100)",
        },
        CAPACITY,
    ];

    type Key<L: Layout> = L::Address;
    type ShownKey = IpAddr;
    type Value = u32;
    type Effect = Effect;
    type Entry = Entry;
    type Shared = ();

    fn read(options: &mut Options) -> Result<Self, OptionError> {
        let limit = options.number("limit", 0..=u32::MAX.into())?;
        Ok(Self {
            limit: limit.map_or(100, |limit| limit as u32),
            capacity: options.capacity()?,
        })
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn key_fields(&self) -> KeyFields {
        KeyFields::SOURCE
    }

    fn other_fields(&self) -> Vec<Field> {
        vec![Field::Protocol, Field::TcpFlags]
    }

    #[inline(always)]
    fn key<L: Layout>(&self, layout: &L, row: &[u8]) -> Option<L::Address> {
        (layout.protocol(row) == PROTOCOL_TCP).then(|| layout.src(row))
    }

    #[inline(always)]
    fn creates<L: Layout>(&self, layout: &L, row: &[u8]) -> bool {
        let flags = layout.tcp_flags(row);
        flags.syn() && !flags.ack()
    }

    #[inline(always)]
    fn update<L: Layout>(
        &self,
        layout: &L,
        row: &[u8],
        open: &mut u32,
        _new: bool,
    ) -> (Effect, Retain) {
        let flags = layout.tcp_flags(row);
        let mut pass = true;
        if self.creates(layout, row) {
            pass = *open < self.limit;
            *open += u32::from(pass);
        } else if flags.fin() || flags.rst() {
            *open = open.saturating_sub(1);
        }
        let effect = Effect {
            pass,
            open: Some(*open),
        };
        let retain = if *open == 0 {
            Retain::Remove
        } else {
            Retain::Keep
        };
        (effect, retain)
    }

    #[inline(always)]
    fn without_entry<L: Layout>(&self, _: &L, _: &[u8]) -> Effect {
        Effect {
            pass: true,
            open: None,
        }
    }

    #[inline(always)]
    fn action(&self, effect: Effect) -> Action {
        Action::pass_if(effect.pass)
    }

    fn entry(&self, src: IpAddr, &open: &u32) -> Entry {
        Entry { src, open }
    }

    fn describe(&self, effect: Effect) -> Option<String> {
        effect.open.map(|open| format!("open={open}"))
    }
}
