//! The options that configure a sequencer, and the checks between them.

use clap::Args;
use scr_wire::{
    Config, ConfigError, Geometry, Limits, MAX_CORES, MAX_HISTORY, MAX_PREFIX_WORDS, MIN_HISTORY,
    Profile,
};

use super::number;
use crate::error::{Error, Result};

/// Sequencing options.
#[derive(Args, Debug)]
pub struct SequencerArgs {
    /// Cores in the rotation, 1 to 128 and at most min(M, N+1, 255), where M is the number of rows that the prefix
    /// holds.
    #[arg(long, value_name = "K", default_value_t = 4, value_parser = number::whole_u32)]
    pub cores: u32,

    /// Rows that the sequencer remembers besides the packet's own (N), 16 to 256.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = number::whole_u32)]
    pub history: u32,

    /// Length of the prefix in 64-byte words (B), 1 to 63 [default: the fewest that hold K rows].
    ///
    /// Rows beyond K are redundancy: with (L+1)*K rows a core repairs L consecutive losses of its own by itself.
    #[arg(long, value_name = "B", value_parser = number::whole_u32)]
    pub prefix_words: Option<u32>,

    /// Sequence every frame, not only those with an IP header that the profile knows.
    #[arg(long)]
    pub sequence_all: bool,
}

/// A valid configuration of a sequencer.
#[derive(Clone, Copy, Debug)]
pub struct Sequencing {
    /// Row profile.
    pub profile: Profile,
    /// Rows N remembered besides the packet's own.
    pub history: usize,
    /// Cores, prefix words and modes.
    pub config: Config,
    /// The largest number of cores at any time.
    pub most_cores: u8,
}

impl SequencerArgs {
    /// Checks the options against each other and against the profile's rows.
    ///
    /// # Errors
    ///
    /// If a number is out of range, or the prefix or the history has fewer rows than there are cores.
    pub fn resolve(&self, profile: Profile) -> Result<Sequencing> {
        let cores = in_range("--cores", self.cores, 1, MAX_CORES.into())?;
        let history = in_range("--history", self.history, MIN_HISTORY, MAX_HISTORY)?;
        let fewest = Geometry::fewest_words(&profile, cores);
        let prefix_words = match (self.prefix_words, fewest) {
            (Some(words), _) => {
                in_range("--prefix-words", words, 1, MAX_PREFIX_WORDS.into())? as u8
            }
            (None, Some(fewest)) => fewest.prefix_words(),
            (None, None) => MAX_PREFIX_WORDS,
        };
        let config = Config {
            sequence_all: self.sequence_all,
            ..Config::new(cores as u8, prefix_words)
        };
        match Limits::new(&profile, history, MAX_CORES).and_then(|limits| limits.check(&config)) {
            Ok(_) => Ok(Sequencing {
                profile,
                history,
                config,
                most_cores: config.cores,
            }),
            Err(ConfigError::TooFewRows { .. }) if cores > history + 1 => Err(Error::bad(
                format!(
                    "--cores {cores} needs {cores} rows in every frame, but --history {history} gives {}",
                    history + 1
                ),
                format!(
                    "use --history {} or more, or --cores {} or fewer",
                    cores - 1,
                    history + 1
                ),
            )),
            Err(ConfigError::TooFewRows { rows, .. }) => {
                let fewer_cores = match rows {
                    0 => String::new(),
                    rows => format!(", or --cores {rows} or fewer"),
                };
                Err(Error::bad(
                    format!(
                        "--cores {cores} needs {cores} rows in every frame, but {prefix_words} prefix words hold {rows} \
                         of profile {} ({} bytes each)",
                        profile.name(),
                        profile.row_bytes()
                    ),
                    match fewest {
                        Some(fewest) => format!(
                            "use --prefix-words {} or more{fewer_cores}",
                            fewest.prefix_words()
                        ),
                        None => format!("use a profile with smaller rows{fewer_cores}"),
                    },
                ))
            }
            Err(other) => Err(Error::bad(
                other.to_string(),
                "use other values of --cores, --history and --prefix-words",
            )),
        }
    }

    /// As [`resolve`](Self::resolve), if there may be up to `most` cores later: the prefix holds their rows from the
    /// start.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve), for `most` cores as well.
    pub fn resolve_up_to(&self, profile: Profile, most: u8) -> Result<Sequencing> {
        let own = self.resolve(profile)?;
        if most <= own.config.cores {
            return Ok(own);
        }
        let most = Self {
            cores: most.into(),
            ..*self
        };
        let mut sequencing = most.resolve(profile)?;
        sequencing.config.cores = own.config.cores;
        Ok(sequencing)
    }
}

/// Returns `value` if it is in range.
pub fn in_range(option: &str, value: u32, least: usize, most: usize) -> Result<usize> {
    let value = value as usize;
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(Error::bad(
            format!("{option} {value} is out of range"),
            format!("{option} takes a number from {least} to {most}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scr_wire::profile;

    fn resolve(cores: u32, history: u32, words: Option<u32>) -> Result<Sequencing> {
        let args = SequencerArgs {
            cores,
            history,
            prefix_words: words,
            sequence_all: false,
        };
        args.resolve(profile::FLOW)
    }

    #[test]
    fn the_prefix_is_as_short_as_possible() {
        let words = |k| resolve(k, 128, None).unwrap().config.prefix_words;
        assert_eq!([1, 3, 4, 7, 8, 14].map(words), [1, 1, 2, 2, 3, 4]);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_remedy() {
        let message = |k, n, b| resolve(k, n, b).unwrap_err().to_string();
        assert!(message(0, 64, None).contains("--cores 0 is out of range"));
        assert!(message(129, 256, None).contains("--cores 129"));
        assert!(message(4, 8, None).contains("--history 8"));
        assert!(message(4, 64, Some(64)).contains("--prefix-words 64"));
        assert!(message(4, 64, Some(1)).contains("1 prefix words hold 3"));
        assert!(message(20, 16, None).contains("--history 16 gives 17"));
    }

    #[test]
    fn whatever_is_accepted_the_sequencer_accepts() {
        for profile in profile::BUILTIN {
            for cores in [1, 3, 17, 63, 64, 128] {
                for history in [16, 64, 256] {
                    for prefix_words in [None, Some(1), Some(2), Some(5), Some(63)] {
                        let args = SequencerArgs {
                            cores,
                            history,
                            prefix_words,
                            sequence_all: true,
                        };
                        let golden = |s: Sequencing| {
                            scr_wire::Sequencer::new(&s.profile, s.history, s.config).map(|_| ())
                        };
                        if let Ok(sequencing) = args.resolve(*profile) {
                            assert_eq!(golden(sequencing), Ok(()));
                        } else if let Some(words) = prefix_words {
                            let config = Config::new(cores as u8, words as u8);
                            let refused =
                                scr_wire::Sequencer::new(profile, history as usize, config);
                            assert!(refused.is_err());
                        }
                    }
                }
            }
        }
    }
}
