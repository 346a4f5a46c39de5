//! Times in state files.

use serde::{Serialize, Serializer};

/// A time in nanoseconds. In JSON it is a string of decimal digits: most readers would round a number to 53 bits, which
/// today's times exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nanoseconds(pub u64);

impl Serialize for Nanoseconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_is_lost() {
        let text = serde_json::to_string(&Nanoseconds(u64::MAX)).unwrap();
        assert_eq!(text, "\"18446744073709551615\"");
    }
}
