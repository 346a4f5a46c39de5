//! Quantities as written in options: `1M` packets, `5%` of them, `10s`.
//!
//! ```text
//!  "1.5M" ──▶ number, unit ──▶ scaled exactly ──▶ 1,500,000, or why the text is none
//! ```
//!
//! | quantity | written |
//! |---|---|
//! | a whole number | `1500`, or with `k`, `M`, `G` appended for 10³, 10⁶, 10⁹: `64k`, `1.5M`; `Ki`, `Mi`, `Gi` are
//! 2¹⁰, 2²⁰, 2³⁰ |
//! | a share | `0.05` or `5%` |
//! | a duration | `10s`; units are `ns`, `us`, `ms`, `s`, `min`, `h`; without a unit, the option's own applies |
//!
//! Ambiguous texts are rejected: `K` and `m` are not units.

use std::fmt;

/// A text that is not a valid quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is {problem}")]
pub struct QuantityError {
    text: String,
    problem: String,
}

impl QuantityError {
    fn new(text: &str, problem: impl fmt::Display) -> Self {
        Self {
            text: text.to_owned(),
            problem: problem.to_string(),
        }
    }
}

const WHOLE: &str = "no whole number such as 1500, 64k, 1.5M or 2G";
const SHARE: &str = "no share such as 0.05 or 5%";
const DURATION: &str = "no duration such as 10s, 500ms, 1.5min or 2h";

/// Suffixes of a whole number and their factors. The empty suffix comes last, because every text ends with it.
const FACTORS: [(&str, u64); 7] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("", 1),
];

/// A whole number from 0 to 2⁶⁴ − 1.
///
/// # Errors
///
/// [`QuantityError`] if the text is not such a number, or one that is too large.
pub fn whole(text: &str) -> Result<u64, QuantityError> {
    let (digits, factor) = split(text, &FACTORS).ok_or_else(|| QuantityError::new(text, WHOLE))?;
    // Without a factor, a fraction is not a whole number.
    if factor == 1 && digits.contains('.') {
        return Err(QuantityError::new(text, WHOLE));
    }
    scaled(digits, factor).ok_or_else(|| QuantityError::new(text, WHOLE))
}

/// A whole number within a range.
///
/// # Errors
///
/// [`QuantityError`] if the text is not such a number.
pub fn whole_in(text: &str, range: std::ops::RangeInclusive<u64>) -> Result<u64, QuantityError> {
    let number = whole(text)?;
    if range.contains(&number) {
        return Ok(number);
    }
    let (least, most) = range.into_inner();
    Err(QuantityError::new(
        text,
        format_args!("out of range: it must be from {least} to {most}"),
    ))
}

/// A share from 0 to 1.
///
/// # Errors
///
/// [`QuantityError`] if the text is not a share.
pub fn share(text: &str) -> Result<f64, QuantityError> {
    let number = match text.strip_suffix('%') {
        Some(percent) => number(percent).map(|percent| percent / 100.0),
        None => number(text),
    };
    match number {
        Some(share) if (0.0..=1.0).contains(&share) => Ok(share),
        Some(_) => Err(QuantityError::new(
            text,
            "out of range: a share is from 0 to 1, or from 0% to 100%",
        )),
        None => Err(QuantityError::new(text, SHARE)),
    }
}

/// A non-negative number, optionally with `k`, `M` or `G`: a rate.
///
/// # Errors
///
/// [`QuantityError`] if the text is not such a number.
pub fn rate(text: &str) -> Result<f64, QuantityError> {
    let scaled = split(text, &FACTORS).and_then(|(digits, factor)| {
        let number = number(digits)?;
        Some(number * factor as f64)
    });
    scaled
        .filter(|rate| rate.is_finite())
        .ok_or_else(|| QuantityError::new(text, "no number such as 0.5, 1500 or 1.5M"))
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl Unit {
    const fn nanoseconds(self) -> u64 {
        match self {
            Self::Milliseconds => 1_000_000,
            Self::Seconds => 1_000_000_000,
        }
    }
}

/// A duration in nanoseconds, exactly; `unit` applies to a number without one.
///
/// # Errors
///
/// [`QuantityError`] if the text is not a duration, is finer than a nanosecond, or is 2⁶⁴ nanoseconds or longer.
pub fn duration(text: &str, unit: Unit) -> Result<u64, QuantityError> {
    let units = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("ms", 1_000_000),
        ("min", 60_000_000_000),
        ("s", 1_000_000_000),
        ("h", 3_600_000_000_000),
        ("", unit.nanoseconds()),
    ];
    split(text, &units)
        .and_then(|(digits, factor)| scaled(digits, factor))
        .ok_or_else(|| QuantityError::new(text, DURATION))
}

/// The digits, possibly with a point, and the factor of their suffix.
fn split<'t>(text: &'t str, factors: &[(&str, u64)]) -> Option<(&'t str, u64)> {
    let (digits, factor) = factors
        .iter()
        .find_map(|&(suffix, factor)| Some((text.strip_suffix(suffix)?, factor)))?;
    let first = digits.bytes().next().is_some_and(|b| b.is_ascii_digit());
    let last = digits.bytes().last().is_some_and(|b| b.is_ascii_digit());
    (first && last).then_some((digits, factor))
}

/// `digits · factor`, if that is a whole number below 2⁶⁴.
fn scaled(digits: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let number = |digits: &str| -> Option<u128> {
        if digits.is_empty() {
            return Some(0);
        }
        // More digits than these are too large, or too fine, in any case.
        let valid = digits.len() <= 24 && digits.bytes().all(|b| b.is_ascii_digit());
        valid.then(|| digits.parse().ok()).flatten()
    };
    let fraction = fraction.trim_end_matches('0');
    let parts = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let whole = number(whole)?.checked_mul(factor.into())?;
    let rest = number(fraction)?.checked_mul(factor.into())?;
    if rest % parts != 0 {
        return None;
    }
    u64::try_from(whole + rest / parts).ok()
}

/// A non-negative number as parsed by Rust, without infinities and the like.
fn number(text: &str) -> Option<f64> {
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+');
    let number: f64 = text.bytes().all(plain).then(|| text.parse().ok())??;
    (number.is_finite() && number >= 0.0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_take_suffixes_and_must_come_out_whole() {
        for (text, number) in [
            ("0", 0),
            ("007", 7),
            ("64k", 64_000),
            ("64Ki", 65_536),
            ("1.5M", 1_500_000),
            ("1.50M", 1_500_000),
            ("2G", 2_000_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(whole(text), Ok(number), "{text}");
        }
        for bad in [
            "",
            "-1",
            "+1",
            "1.5",
            "1.0",
            "k",
            ".5M",
            "1.M",
            "1K",
            "1m",
            "1 k",
            "1e6",
            "0x10",
            "1_000",
            "5%",
            "1.0001k",
            "18446744073709551616",
            "18446744074G",
            "1.2.3M",
            "\u{661}",
        ] {
            assert!(whole(bad).is_err(), "{bad}");
        }
        assert_eq!(whole_in("5k", 1..=5000), Ok(5000));
        let error = whole_in("5001", 1..=5000).unwrap_err();
        assert_eq!(
            error.to_string(),
            "'5001' is out of range: it must be from 1 to 5000"
        );
    }

    #[test]
    fn shares_are_fractions_or_percentages() {
        for (text, number) in [
            ("0", 0.0),
            ("1", 1.0),
            ("5%", 0.05),
            ("0.05", 0.05),
            ("100%", 1.0),
            ("1e-3", 0.001),
        ] {
            assert_eq!(share(text), Ok(number), "{text}");
        }
        for bad in [
            "", "%", "-0.1", "1.1", "101%", "5 %", "nan", "inf", "x", "5%%", "infinity",
        ] {
            assert!(share(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_take_suffixes() {
        assert_eq!(rate("1.5M"), Ok(1_500_000.0));
        assert_eq!(rate("0.25"), Ok(0.25));
        for bad in ["", "-1", "M", "1K", "nan"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_take_units() {
        let seconds = |text| duration(text, Unit::Seconds);
        for (text, nanos) in [
            ("10", 10_000_000_000),
            ("10s", 10_000_000_000),
            ("0.5", 500_000_000),
            ("0.000000001", 1),
            ("500ms", 500_000_000),
            ("7us", 7_000),
            ("7ns", 7),
            ("1.5min", 90_000_000_000),
            ("2h", 7_200_000_000_000),
        ] {
            assert_eq!(seconds(text), Ok(nanos), "{text}");
        }
        assert_eq!(duration("50", Unit::Milliseconds), Ok(50_000_000));
        for bad in [
            "",
            "s",
            "-1s",
            "1m",
            "1 s",
            "0.5ns",
            "1e3",
            "99999999999999h",
            "1d",
            "1S",
        ] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
