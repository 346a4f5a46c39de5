//! Which numbers of cores, prefix words and rows fit each other.
//!
//! Everything that takes a configuration asks here: the golden sequencer, the generator, the register driver, the
//! simulated hardware's models and the command line. The hardware has the same rule in gates, and is tested against it.

use crate::{Config, Geometry, MAX_CORES, MAX_HISTORY, MAX_PREFIX_WORDS, MIN_HISTORY, Profile};

/// Why a configuration is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// N is out of range.
    #[error("a history of {0} rows: it must have {MIN_HISTORY} to {MAX_HISTORY}")]
    History(usize),
    /// k, or the most cores there may be, is out of range.
    #[error("{0} cores: there must be 1 to {MAX_CORES}")]
    Cores(u8),
    /// B is out of range.
    #[error("{0} prefix words: there must be 1 to {MAX_PREFIX_WORDS}")]
    PrefixWords(u8),
    /// k is more than the hardware was generated for.
    #[error("{cores} cores: this sequencer has at most {max_cores}")]
    MoreThanBuilt {
        /// Number of cores k.
        cores: u8,
        /// The most it can have.
        max_cores: u8,
    },
    /// k cores need k rows, but a prefix of B words, or the history, has fewer.
    #[error(
        "{cores} cores need {cores} rows in every frame, but {prefix_words} prefix words and the history validly carry {rows}"
    )]
    TooFewRows {
        /// Number of cores k.
        cores: u8,
        /// Prefix words B.
        prefix_words: u8,
        /// Rows available: min(M, N + 1, 255).
        rows: usize,
    },
}

/// What the parameters that a sequencer was made with allow.
///
/// ```
/// use scr_wire::{Config, ConfigError, limits::Limits, profile};
///
/// let limits = Limits::new(&profile::FLOW, 64, 16)?;
/// assert_eq!(limits.most_cores(1), 3);
/// assert!(limits.check(&Config::new(3, 1)).is_ok());
/// let refused = limits.check(&Config::new(4, 1));
/// assert_eq!(refused, Err(ConfigError::TooFewRows { cores: 4, prefix_words: 1, rows: 3 }));
/// # Ok::<(), ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    row_bytes: usize,
    history: usize,
    max_cores: u8,
}

impl Limits {
    /// The limits of a sequencer for rows of `profile` that remembers N = `history` rows besides the packet's own and may
    /// have up to `max_cores` cores.
    ///
    /// # Errors
    ///
    /// [`ConfigError::History`] or [`ConfigError::Cores`] if no sequencer can be like that.
    pub const fn new(
        profile: &Profile,
        history: usize,
        max_cores: u8,
    ) -> Result<Self, ConfigError> {
        if history < MIN_HISTORY || history > MAX_HISTORY {
            return Err(ConfigError::History(history));
        }
        if max_cores == 0 || max_cores > MAX_CORES {
            return Err(ConfigError::Cores(max_cores));
        }
        Ok(Self::reported(profile.row_bytes(), history, max_cores))
    }

    /// Limits from parameters that hardware reports, which are believed.
    pub(crate) const fn reported(row_bytes: usize, history: usize, max_cores: u8) -> Self {
        Self {
            row_bytes,
            history,
            max_cores,
        }
    }

    /// History depth N.
    pub const fn history(self) -> usize {
        self.history
    }

    /// Rows that a prefix of B = `prefix_words` words validly carries: min(M, N + 1, 255), or 0 if B is out of range or
    /// holds no row.
    pub fn rows(self, prefix_words: u8) -> usize {
        Geometry::of_rows(self.row_bytes, prefix_words)
            .map_or(0, |geometry| geometry.max_valid_rows(self.history))
    }

    /// The largest k with B = `prefix_words` words; 0 if there is none.
    pub fn most_cores(self, prefix_words: u8) -> u8 {
        let most = self.max_cores.min(MAX_CORES);
        self.rows(prefix_words).min(most.into()) as u8
    }

    /// The geometry of a configuration.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if k or B is out of range or they do not fit each other.
    pub fn check(self, config: &Config) -> Result<Geometry, ConfigError> {
        let &Config {
            cores,
            prefix_words,
            ..
        } = config;
        if cores == 0 || cores > MAX_CORES {
            return Err(ConfigError::Cores(cores));
        }
        if cores > self.max_cores {
            let max_cores = self.max_cores;
            return Err(ConfigError::MoreThanBuilt { cores, max_cores });
        }
        if prefix_words == 0 || prefix_words > MAX_PREFIX_WORDS {
            return Err(ConfigError::PrefixWords(prefix_words));
        }
        let too_few = |rows| ConfigError::TooFewRows {
            cores,
            prefix_words,
            rows,
        };
        let geometry = Geometry::of_rows(self.row_bytes, prefix_words).ok_or(too_few(0))?;
        let rows = geometry.max_valid_rows(self.history);
        match usize::from(cores) <= rows {
            true => Ok(geometry),
            false => Err(too_few(rows)),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use super::*;
    use crate::profile;

    #[test]
    fn a_configuration_is_valid_if_and_only_if_its_cores_are_among_the_most() {
        for profile in profile::BUILTIN {
            for (history, max_cores) in [(16, 1), (16, 128), (64, 16), (255, 128), (256, 100)] {
                let limits = Limits::new(profile, history, max_cores).unwrap();
                for words in 0..=64 {
                    for cores in 0..=130 {
                        let config = Config::new(cores, words);
                        let most = limits.most_cores(words);
                        let fits = (1..=most).contains(&cores);
                        assert_eq!(limits.check(&config).is_ok(), fits, "{config:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_nearest_reason_is_given() {
        let limits = Limits::new(&profile::FLOW, 16, 20).unwrap();
        let refused = |k, b| limits.check(&Config::new(k, b)).unwrap_err();
        assert_eq!(refused(0, 1), ConfigError::Cores(0));
        assert_eq!(refused(129, 1), ConfigError::Cores(129));
        assert_eq!(refused(3, 0), ConfigError::PrefixWords(0));
        assert_eq!(refused(3, 64), ConfigError::PrefixWords(64));
        let most = refused(21, 63);
        assert_eq!(most.to_string(), "21 cores: this sequencer has at most 20");
        let few = refused(18, 63).to_string();
        assert!(few.ends_with("63 prefix words and the history validly carry 17"));
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        let new = |history, max_cores| Limits::new(&profile::FLOW, history, max_cores);
        assert_eq!(new(15, 1), Err(ConfigError::History(15)));
        assert_eq!(new(257, 1), Err(ConfigError::History(257)));
        assert_eq!(new(16, 0), Err(ConfigError::Cores(0)));
        assert_eq!(new(16, 129), Err(ConfigError::Cores(129)));
    }
}
