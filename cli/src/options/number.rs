//! Numeric options: counts with `k`, `M` and `G`, shares with `%`, durations with units.

use std::time::Duration;

use scr_quantity::{self as quantity, QuantityError, Unit};

pub use quantity::{rate, share, whole};

/// A whole number below 2³².
pub fn whole_u32(text: &str) -> Result<u32, QuantityError> {
    let number = quantity::whole_in(text, 0..=u32::MAX.into())?;
    // It is in range.
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Number of rows in a log.
pub fn log_rows(text: &str) -> Result<u32, QuantityError> {
    quantity::whole_in(text, 1..=1 << 20)?;
    whole_u32(text)
}

/// A duration; a number without a unit is in seconds.
pub fn seconds(text: &str) -> Result<Duration, QuantityError> {
    quantity::duration(text, Unit::Seconds).map(Duration::from_nanos)
}

/// A stall timeout; a number without a unit is in milliseconds.
pub fn stall_timeout(text: &str) -> Result<Duration, String> {
    let timeout = quantity::duration(text, Unit::Milliseconds)
        .map(Duration::from_nanos)
        .map_err(|error| error.to_string())?;
    if (Duration::from_millis(50)..=Duration::from_secs(3600)).contains(&timeout) {
        return Ok(timeout);
    }
    Err(format!(
        "'{text}' is out of range: it must be from 50 ms to 1 h"
    ))
}
