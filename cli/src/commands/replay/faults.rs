//! The faults of a replay, from its options.

use scr_runtime::device::{Fault, FaultEffect, FaultError, Select, WorkerFault};

use super::Args;
use crate::error::{Error, Result};

/// All faults given by the options, on up to `cores` cores.
///
/// # Errors
///
/// If an option cannot be parsed or names a core that never exists.
pub fn all(args: &Args, cores: u8) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for text in &args.fault {
        let Fault { effect, which } = text
            .parse()
            .map_err(|error: FaultError| Error::bad(format!("--fault {error}"), error.remedy()))?;
        let which = which.seeded(args.seed);
        faults.push(Fault { effect, which });
    }
    for text in &args.crash {
        faults.push(crash(text)?);
    }
    for fault in &faults {
        if let Select::Core { core, .. } | Select::First { core, .. } = fault.which
            && core >= u16::from(cores)
        {
            return Err(Error::bad(
                format!("{fault}: there is no core {core}"),
                format!("cores are numbered from 0 to {}", cores - 1),
            ));
        }
    }
    faults.extend(loss(args)?);
    Ok(faults)
}

/// Parses `CORE@SEQ`.
fn crash(text: &str) -> Result<Fault> {
    let parse = || {
        let (core, seq) = text.split_once('@')?;
        Some(Select::First {
            core: core.parse().ok()?,
            seq: seq.parse().ok()?,
        })
    };
    let which = parse().ok_or_else(|| {
        Error::bad(
            format!("--crash {text}: is no core and sequence number"),
            "give them as CORE@SEQ, as in --crash 2@1000",
        )
    })?;
    Ok(Fault {
        effect: FaultEffect::Worker(WorkerFault::Crash),
        which,
    })
}

fn loss(args: &Args) -> Result<Option<Fault>> {
    let which = if let Some(list) = &args.lose {
        Select::List(list.parse().map_err(|error| {
            Error::bad(
                format!("--lose: {error}"),
                "give sequence numbers and ascending ranges, as in --lose 3,7,10-12",
            )
        })?)
    } else {
        match args.loss_rate {
            None => return Ok(None),
            Some(probability) => Select::Rate {
                probability,
                seed: args.seed,
            },
        }
    };
    let effect = FaultEffect::Lose;
    Ok(Some(Fault { effect, which }))
}
