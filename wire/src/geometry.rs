//! Placement of rows in a prefix of B words.

use crate::header::HEADER_BYTES;
use crate::{MAX_PREFIX_WORDS, Profile, WORD_BYTES};

/// Most rows that `valid_rows` (header byte 14) can count.
pub const MAX_VALID_ROWS: usize = 255;

/// The placement of rows in a prefix, for one row size and one number of words.
///
/// Rows are aligned to their size R from the start of the prefix, so the first begins at max(16, R), and `(64·B −
/// max(16, R)) / R` of them fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    row_bytes: usize,
    prefix_words: u8,
}

impl Geometry {
    /// The geometry of prefixes of `prefix_words` (B, 1..=63) words for `profile`'s rows, or `None` if B is out of
    /// range or holds no row.
    pub const fn new(profile: &Profile, prefix_words: u8) -> Option<Self> {
        Self::of_rows(profile.row_bytes(), prefix_words)
    }

    /// The geometry for rows of `row_bytes` (R), a power of two from 4 to 64; see [`new`](Self::new).
    pub const fn of_rows(row_bytes: usize, prefix_words: u8) -> Option<Self> {
        let geometry = Self {
            row_bytes,
            prefix_words,
        };
        let in_range = prefix_words >= 1 && prefix_words <= MAX_PREFIX_WORDS;
        if in_range && geometry.rows() > 0 {
            Some(geometry)
        } else {
            None
        }
    }

    /// The geometry with the fewest words that hold `rows` rows of `profile`, or `None` if 63 words do not hold them.
    pub fn fewest_words(profile: &Profile, rows: usize) -> Option<Self> {
        let bytes = profile.row_bytes().max(HEADER_BYTES) + rows.max(1) * profile.row_bytes();
        let words = bytes.div_ceil(WORD_BYTES);
        u8::try_from(words)
            .ok()
            .and_then(|words| Self::new(profile, words))
    }

    /// Row size R in bytes.
    pub const fn row_bytes(self) -> usize {
        self.row_bytes
    }

    /// Words B in the prefix, 1..=63.
    pub const fn prefix_words(self) -> u8 {
        self.prefix_words
    }

    /// Bytes in the prefix.
    pub const fn prefix_bytes(self) -> usize {
        self.prefix_words as usize * WORD_BYTES
    }

    /// Byte offset of row 0 from the start of the prefix: max(16, R).
    pub const fn first_row(self) -> usize {
        if self.row_bytes > HEADER_BYTES {
            self.row_bytes
        } else {
            HEADER_BYTES
        }
    }

    /// Number of rows M that fit.
    pub const fn rows(self) -> usize {
        // R is a power of two, and this runs for every frame: no division.
        (self.prefix_words as usize * WORD_BYTES).saturating_sub(self.first_row())
            >> self.row_bytes.trailing_zeros()
    }

    /// Largest number of rows that a prefix can validly carry from a history of depth N = `history`: min(M, N + 1,
    /// 255). k cannot exceed it.
    pub fn max_valid_rows(self, history: usize) -> usize {
        self.rows().min(history + 1).min(MAX_VALID_ROWS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile;

    #[test]
    fn rows_per_prefix() {
        let rows = |p, words| Geometry::new(p, words).map(Geometry::rows);
        assert_eq!(rows(&profile::SOURCE, 1), Some(12));
        assert_eq!(rows(&profile::KNOCK, 1), Some(6));
        assert_eq!(rows(&profile::FLOW, 1), Some(3));
        assert_eq!(rows(&profile::FLOW_TIME, 1), Some(1));
        assert_eq!(rows(&profile::FLOW6_TIME, 1), None);
        assert_eq!(rows(&profile::FLOW6_TIME, 2), Some(1));
        assert_eq!(rows(&profile::SOURCE, 63), Some(1004));
        assert_eq!(rows(&profile::FLOW, 0), None);
        assert_eq!(rows(&profile::FLOW, 64), None);
    }

    #[test]
    fn fewest_words_are_fewest() {
        for profile in profile::BUILTIN {
            for k in 1..=128 {
                let Some(g) = Geometry::fewest_words(profile, k) else {
                    assert!(Geometry::new(profile, 63).unwrap().rows() < k);
                    continue;
                };
                assert!(g.rows() >= k);
                let fewer = Geometry::new(profile, g.prefix_words() - 1);
                assert!(fewer.is_none_or(|g| g.rows() < k));
            }
        }
    }
}
