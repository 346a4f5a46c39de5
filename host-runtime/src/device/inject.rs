//! Injected faults between NIC and workers.
//!
//! | fault | written | what a receiver must do |
//! |---|---|---|
//! | loss | `lose` | recover the rows |
//! | truncation | `truncate=BYTES` | reject the frame where the prefix is cut, and count it |
//! | corruption | `corrupt` | reject the frame, and count it: a header field that the format checks is damaged |
//! | duplication | `duplicate` | reject the second copy, and count it |
//! | a worker stalls | `stall=MS` | wait, or go on without it |
//! | a worker crashes | `crash` | go on without it |
//!
//! The frames that a fault affects follow an `@`:
//!
//! | which | written |
//! |---|---|
//! | a list of sequence numbers | `3,7,10-12` |
//! | each with a probability | `rate=0.01` |
//! | this many in a row, starting at each with a probability | `burst=0.001x20` |
//! | all for one core, an outage | `core=2:100-499` |
//! | the first for one core with this number or a later one | `core=2:100` |
//!
//! Random choices depend only on sequence number and seed, so the same seed affects the same frames.

use std::fmt;
use std::str::FromStr;

use scr_nic::{NicReport, SteeringMap};
use scr_quantity::{self as quantity, Unit};
use scr_wire::header::HEADER_BYTES;
use scr_wire::{Header, Seq};

use super::batch::WorkerFault;
use super::{Batch, Device, DeviceError, Extent, Fate, Injected, Ranges, ReplayDevice};

/// The frames that a fault affects. Frames that passed by are never affected.
#[derive(Clone, Debug, PartialEq)]
pub enum Select {
    /// Frames with these sequence numbers.
    List(Ranges),
    /// Each frame with the same probability.
    Rate {
        /// Probability, 0 to 1.
        probability: f64,
        /// Seed.
        seed: u64,
    },
    /// `frames` in a row, starting at each frame with the same probability.
    Burst {
        /// Probability, 0 to 1.
        probability: f64,
        /// Length of a burst, 1 to 1,000,000.
        frames: u32,
        /// Seed.
        seed: u64,
    },
    /// Frames steered to one core, with these numbers.
    Core {
        /// The core.
        core: u16,
        /// Sequence numbers.
        seqs: Ranges,
    },
    /// The first frame steered to a core that has this number or a later one.
    First {
        /// The core.
        core: u16,
        /// Sequence number.
        seq: u64,
    },
}

/// State kept from one frame to the next, of the frames that a fault may affect.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    /// Whether the one frame to be affected has been.
    spent: bool,
    /// The last number examined, and the start of the latest burst that had begun by then.
    burst: Option<(Seq, Option<Seq>)>,
}

impl Select {
    fn meets(&self, seq: Seq, core: u16, memory: &mut Memory) -> bool {
        match self {
            Self::List(list) => list.contains(seq.get()),
            Self::Rate { probability, seed } => chance(*seed, seq) < *probability,
            Self::Burst {
                probability,
                frames,
                seed,
            } => {
                let begins = |seq| chance(*seed, seq) < *probability;
                let latest = match memory.burst {
                    _ if begins(seq) => Some(seq),
                    Some((last, begun)) if last.plus(1) == seq => begun,
                    _ => (1..u64::from(*frames))
                        .map(|back| seq.minus(back))
                        .find(|&seq| begins(seq)),
                };
                memory.burst = Some((seq, latest));
                latest.is_some_and(|begun| seq.since(begun) < u64::from(*frames))
            }
            Self::Core { core: one, seqs } => *one == core && seqs.contains(seq.get()),
            Self::First { core: one, seq: at } => !memory.spent && *one == core && seq.get() >= *at,
        }
    }

    /// This selection with another seed, if it has one.
    #[must_use]
    pub fn seeded(mut self, new: u64) -> Self {
        if let Self::Rate { seed, .. } | Self::Burst { seed, .. } = &mut self {
            *seed = new;
        }
        self
    }
}

/// A number in 0..1 that depends only on seed and sequence number.
fn chance(seed: u64, seq: Seq) -> f64 {
    (mix(seed ^ mix(seq.get())) >> 11) as f64 / (1u64 << 53) as f64
}

/// SplitMix64's step: a bijection without a visible pattern.
const fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// The effect of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultEffect {
    /// The frame is lost.
    Lose,
    /// The frame is cut to this many bytes.
    Truncate(u32),
    /// A header field that the format checks is damaged.
    Corrupt,
    /// The frame comes twice.
    Duplicate,
    /// The frame's worker has this fault.
    Worker(WorkerFault),
}

impl FaultEffect {
    /// Name of the fault in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lose => "lost",
            Self::Truncate(_) => "truncated",
            Self::Corrupt => "corrupted",
            Self::Duplicate => "duplicated",
            Self::Worker(WorkerFault::Stall(_)) => "stalled",
            Self::Worker(WorkerFault::Crash) => "crashed",
        }
    }
}

/// A fault: its effect, and the frames affected. Written `WHAT@WHICH`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The effect.
    pub effect: FaultEffect,
    /// The frames affected.
    pub which: Select,
}

/// Lengths that a burst may have. After a jump of the numbers its beginning must be searched for.
const BURSTS: std::ops::RangeInclusive<u32> = 1..=1_000_000;

/// A text that is not a fault, and the part of it that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no fault: {part}{problem}")]
pub struct FaultError {
    text: String,
    /// The wrong part in quotes and a space, or nothing if something is missing.
    part: String,
    problem: &'static str,
    remedy: &'static str,
}

impl FaultError {
    /// The correct form of the wrong part.
    pub fn remedy(&self) -> &'static str {
        self.remedy
    }
}

/// The ways to write WHAT.
const WHATS: &str =
    "WHAT is one of lose, truncate=BYTES, corrupt, duplicate, stall=MS and crash, as in lose@3,7-9";
/// The ways to write WHICH.
const WHICHES: &str = "WHICH is one of a list such as 3,7-9, rate=P, burst=PxFRAMES, core=C:FIRST-LAST and core=C:FIRST";

/// A text being parsed, for errors to quote.
struct Reading<'t>(&'t str);

impl Reading<'_> {
    /// An error for a wrong part.
    fn wrong(&self, part: &str, problem: &'static str, remedy: &'static str) -> FaultError {
        FaultError {
            part: format!("'{part}' "),
            ..self.lacking(problem, remedy)
        }
    }

    /// An error for a missing part.
    fn lacking(&self, problem: &'static str, remedy: &'static str) -> FaultError {
        FaultError {
            text: self.0.to_owned(),
            part: String::new(),
            problem,
            remedy,
        }
    }

    fn effect(&self, what: &str) -> Result<FaultEffect, FaultError> {
        const BYTES: &str =
            "give the bytes that are left of the frame, below 2^32, as in truncate=40";
        const MS: &str = "give a duration below 2^32 milliseconds, as in stall=500 or stall=2s";
        let Some((name, value)) = what.split_once('=') else {
            return match what {
                "lose" => Ok(FaultEffect::Lose),
                "corrupt" => Ok(FaultEffect::Corrupt),
                "duplicate" => Ok(FaultEffect::Duplicate),
                "crash" => Ok(FaultEffect::Worker(WorkerFault::Crash)),
                "" => Err(self.lacking("nothing stands before the @", WHATS)),
                "truncate" => Err(self.wrong(what, "lacks its value", BYTES)),
                "stall" => Err(self.wrong(what, "lacks its value", MS)),
                _ => Err(self.wrong(what, "is nothing that can happen to a frame", WHATS)),
            };
        };
        match name {
            "truncate" => {
                let bytes = quantity::whole(value).ok().and_then(|n| n.try_into().ok());
                bytes
                    .map(FaultEffect::Truncate)
                    .ok_or_else(|| self.wrong(value, "is no number of bytes", BYTES))
            }
            "stall" => {
                let nanos = quantity::duration(value, Unit::Milliseconds).ok();
                nanos
                    .filter(|nanos| nanos % 1_000_000 == 0)
                    .and_then(|nanos| (nanos / 1_000_000).try_into().ok())
                    .map(|ms| FaultEffect::Worker(WorkerFault::Stall(ms)))
                    .ok_or_else(|| self.wrong(value, "is no whole number of milliseconds", MS))
            }
            "lose" | "corrupt" | "duplicate" | "crash" => {
                Err(self.wrong(what, "has a value, and takes none", WHATS))
            }
            _ => Err(self.wrong(name, "is nothing that can happen to a frame", WHATS)),
        }
    }

    fn chance(&self, text: &str) -> Result<f64, FaultError> {
        quantity::share(text).map_err(|_| {
            self.wrong(
                text,
                "is no share from 0 to 1",
                "give a share from 0 to 1, as in rate=0.01, or in percent, as in rate=1%",
            )
        })
    }

    fn list(&self, text: &str) -> Result<Ranges, FaultError> {
        let list = text.parse().ok().filter(|list: &Ranges| !list.is_empty());
        list.ok_or_else(|| {
            let (problem, remedy) = (
                "is no list of sequence numbers",
                "give numbers and ascending ranges, as in 3,7,10-12",
            );
            self.wrong(text, problem, remedy)
        })
    }

    fn which(&self, which: &str) -> Result<Select, FaultError> {
        let Some((name, value)) = which.split_once('=') else {
            return match which {
                "" => Err(self.lacking("nothing stands behind the @", WHICHES)),
                "rate" | "burst" | "core" => Err(self.wrong(which, "lacks its value", WHICHES)),
                list => self.list(list).map(Select::List),
            };
        };
        match name {
            "rate" => Ok(Select::Rate {
                probability: self.chance(value)?,
                seed: 1,
            }),
            "burst" => {
                const BURST: &str =
                    "give a share and a number of frames from 1 to 1000000, as in burst=0.001x20";
                let (probability, frames) = value
                    .split_once('x')
                    .ok_or_else(|| self.wrong(value, "is not written PxFRAMES", BURST))?;
                let probability = self.chance(probability)?;
                let number = quantity::whole(frames).ok().and_then(|n| n.try_into().ok());
                let frames = number
                    .filter(|n| BURSTS.contains(n))
                    .ok_or_else(|| self.wrong(frames, "is no length of a burst", BURST))?;
                Ok(Select::Burst {
                    probability,
                    frames,
                    seed: 1,
                })
            }
            "core" => {
                const CORE: &str =
                    "give a core and sequence numbers, as in core=2:100-499 or core=2:100";
                let (core, seqs) = value.split_once(':').ok_or_else(|| {
                    self.wrong(value, "is not written C:FIRST or C:FIRST-LAST", CORE)
                })?;
                let core = core
                    .parse()
                    .map_err(|_| self.wrong(core, "is no number of a core", CORE))?;
                match seqs.parse() {
                    Ok(seq) => Ok(Select::First { core, seq }),
                    Err(_) => self.list(seqs).map(|seqs| Select::Core { core, seqs }),
                }
            }
            _ => Err(self.wrong(name, "is no way to say which frames", WHICHES)),
        }
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let reading = Reading(text);
        let Some((what, which)) = text.split_once('@') else {
            return Err(reading.lacking(
                "it has no @",
                "write WHAT@WHICH, as in lose@3,7-9 or corrupt@rate=0.01",
            ));
        };
        Ok(Self {
            effect: reading.effect(what)?,
            which: reading.which(which)?,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.effect {
            FaultEffect::Lose => f.write_str("lose")?,
            FaultEffect::Truncate(bytes) => write!(f, "truncate={bytes}")?,
            FaultEffect::Corrupt => f.write_str("corrupt")?,
            FaultEffect::Duplicate => f.write_str("duplicate")?,
            FaultEffect::Worker(WorkerFault::Stall(ms)) => write!(f, "stall={ms}")?,
            FaultEffect::Worker(WorkerFault::Crash) => f.write_str("crash")?,
        }
        match &self.which {
            Select::List(list) => write!(f, "@{list}"),
            Select::Rate { probability, .. } => write!(f, "@rate={probability}"),
            Select::Burst {
                probability,
                frames,
                ..
            } => write!(f, "@burst={probability}x{frames}"),
            Select::Core { core, seqs } => write!(f, "@core={core}:{seqs}"),
            Select::First { core, seq } => write!(f, "@core={core}:{seq}"),
        }
    }
}

/// A wrapper that injects faults.
#[derive(Debug)]
pub struct Inject<D> {
    inner: D,
    faults: Vec<(Fault, Memory)>,
    lost: Ranges,
    injected: Injected,
}

impl<D: Device> Inject<D> {
    /// Wraps `inner` with `faults`.
    pub fn new(inner: D, mut faults: Vec<Fault>) -> Self {
        // Losses come first: whether another fault affects a frame may depend on whether it arrives.
        faults.sort_by_key(|fault| fault.effect != FaultEffect::Lose);
        Self {
            inner,
            faults: faults
                .into_iter()
                .map(|fault| (fault, Memory::default()))
                .collect(),
            lost: Ranges::default(),
            injected: Injected::new(),
        }
    }

    /// Wraps `inner`, losing the frames that `which` selects.
    pub fn losing(inner: D, which: Select) -> Self {
        let effect = FaultEffect::Lose;
        Self::new(inner, vec![Fault { effect, which }])
    }

    fn inject(&mut self, batch: &mut Batch, from: usize) {
        let mut at = from;
        while at < batch.len() {
            if batch.frames()[at].path.is_sequenced()
                && batch.bytes(at).len() >= HEADER_BYTES
                && let Some(header) = Header::peek(batch.bytes(at))
            {
                at += usize::from(self.apply(batch, at, header.seq));
            }
            at += 1;
        }
    }

    /// Applies the faults to a frame. Returns whether there are two of it now.
    fn apply(&mut self, batch: &mut Batch, at: usize, seq: Seq) -> bool {
        let core = batch.frames()[at].queue;
        let mut duplicate = false;
        for (fault, memory) in &mut self.faults {
            let lost = batch.faults(at).fate == Fate::Lost;
            let idle = match fault.effect {
                // There is one copy, however many faults request one, and none of a lost frame.
                FaultEffect::Duplicate => lost || duplicate,
                // No worker receives a lost frame.
                FaultEffect::Worker(_) => lost,
                FaultEffect::Lose | FaultEffect::Truncate(_) | FaultEffect::Corrupt => false,
            };
            if !fault.which.meets(seq, core, memory) || idle {
                continue;
            }
            memory.spent = true;
            *self.injected.entry(fault.effect.name()).or_default() += 1;
            match fault.effect {
                FaultEffect::Lose => {
                    self.lost.insert(seq.get());
                    batch.faults_mut(at).fate = Fate::Lost;
                }
                FaultEffect::Truncate(len) => batch.truncate(at, len as usize),
                FaultEffect::Corrupt => corrupt(batch.bytes_mut(at), seq),
                FaultEffect::Duplicate => duplicate = true,
                FaultEffect::Worker(fault) => batch.faults_mut(at).worker = Some(fault),
            }
        }
        if duplicate {
            batch.duplicate(at);
        }
        duplicate
    }
}

/// Damages one of the header fields that the format checks.
fn corrupt(frame: &mut [u8], seq: Seq) {
    let random = mix(seq.get() ^ 0xdead);
    // Version, profile, EtherType and row size have one valid value; k and valid_rows are never 0.
    let field = [1, 2, 12, 13, 15, 4, 14][(random % 7) as usize];
    if let Some(byte) = frame.get_mut(field) {
        *byte = match field {
            4 | 14 => 0,
            _ => *byte ^ (1 << (random >> 32 & 7)),
        };
    }
}

impl<D: Device> Device for Inject<D> {
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError> {
        let before = batch.len();
        let more = self.inner.receive(batch);
        self.inject(batch, before);
        more
    }

    fn resteer(&mut self, map: &SteeringMap, batch: &mut Batch) -> Result<bool, DeviceError> {
        let before = batch.len();
        let done = self.inner.resteer(map, batch);
        self.inject(batch, before);
        done
    }

    fn report(&self) -> NicReport {
        self.inner.report()
    }
}

impl<D: ReplayDevice> ReplayDevice for Inject<D> {
    fn hold_before(&mut self, count: Option<u64>) {
        self.inner.hold_before(count);
    }

    fn is_held(&self) -> bool {
        self.inner.is_held()
    }

    fn extent(&self) -> Extent {
        self.inner.extent()
    }

    fn lost(&self) -> Option<&Ranges> {
        Some(&self.lost)
    }

    fn injected(&self) -> Injected {
        self.injected.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{MemorySource, NicDevice};
    use scr_nic::Model;
    use scr_wire::{Config, Frame, profile};

    fn fault(text: &str) -> Fault {
        text.parse().unwrap()
    }

    #[test]
    fn errors_quote_the_part_that_is_wrong() {
        for (text, wrong) in [
            ("", "it has no @"),
            ("lose", "it has no @"),
            ("@3", "nothing stands before the @"),
            ("lose@", "nothing stands behind the @"),
            ("loose@3", "'loose' is nothing that can happen"),
            ("lose=1@3", "'lose=1' has a value"),
            ("stall@3", "'stall' lacks its value"),
            ("stall=x@3", "'x' is no whole number of milliseconds"),
            ("stall=0.5@3", "'0.5' is no whole number of milliseconds"),
            ("stall=5000000000@3", "'5000000000' is no whole number"),
            ("truncate=-1@3", "'-1' is no number of bytes"),
            ("lose@3-1", "'3-1' is no list"),
            ("lose@rate=2", "'2' is no share"),
            ("lose@rate=", "'' is no share"),
            ("lose@rat=0.5", "'rat' is no way to say which frames"),
            ("lose@burst=0.1", "'0.1' is not written PxFRAMES"),
            ("lose@burst=7x20", "'7' is no share"),
            ("lose@burst=0.1x0", "'0' is no length of a burst"),
            ("crash@core=1", "'1' is not written C:FIRST"),
            ("crash@core=x:1", "'x' is no number of a core"),
            ("crash@core=1:", "'' is no list"),
            ("crash@core=1:9-5", "'9-5' is no list"),
        ] {
            let error = text.parse::<Fault>().unwrap_err();
            let message = error.to_string();
            assert!(
                message.starts_with(&format!("'{text}' is no fault: ")),
                "{message}"
            );
            assert!(message.contains(wrong), "{message}");
            assert!(!error.remedy().is_empty());
        }
    }

    #[test]
    fn quantities_have_units() {
        assert_eq!(fault("stall=2s@3"), fault("stall=2000@3"));
        assert_eq!(fault("lose@rate=5%"), fault("lose@rate=0.05"));
        assert_eq!(fault("lose@burst=0.1%x2k"), fault("lose@burst=0.001x2000"));
    }

    #[test]
    fn a_rate_is_kept_and_repeats() {
        let lost = |probability, seed| -> Vec<u64> {
            let which = Select::Rate { probability, seed };
            (0..100_000)
                .filter(|&seq| which.meets(Seq::new(seq), 0, &mut Memory::default()))
                .collect()
        };
        assert!(lost(0.0, 1).is_empty());
        assert_eq!(lost(1.0, 1).len(), 100_000);
        let tenth = lost(0.1, 7);
        assert!((9_700..10_300).contains(&tenth.len()), "{}", tenth.len());
        assert_eq!(tenth, lost(0.1, 7));
        assert_ne!(tenth, lost(0.1, 8));
    }

    #[test]
    fn bursts_have_their_length() {
        let which = fault("lose@burst=0.01x20").which;
        let mut run = 0;
        let mut runs = 0;
        let mut memory = Memory::default();
        // Past the end of the numbers, too.
        for n in 0..100_000 {
            let seq = Seq::new((1 << 40) - 50_000).plus(n);
            let meets = which.meets(seq, 0, &mut memory);
            // A selection that starts in the middle gives the same result.
            assert_eq!(meets, which.meets(seq, 0, &mut Memory::default()));
            if n < 20 {
                continue;
            }
            if meets {
                run += 1;
            } else {
                assert!(run == 0 || run >= 20, "{run}");
                runs += u32::from(run > 0);
                run = 0;
            }
        }
        assert!((600..1000).contains(&runs), "{runs}");
    }

    #[test]
    fn texts_are_read_and_written() {
        for text in [
            "lose@3,7-9",
            "lose@rate=0.25",
            "lose@burst=0.001x20",
            "lose@core=2:100-499",
            "truncate=40@1",
            "corrupt@rate=1",
            "duplicate@5",
            "stall=50@core=1:7",
            "crash@core=3:1000",
        ] {
            assert_eq!(fault(text).to_string(), text);
        }
        for text in [
            "lose",
            "lose@rate=2",
            "lose@core=1",
            "explode@1",
            "crash=1@1",
            "truncate@1",
            "lose@burst=0.1x0",
            "lose@burst=0.1x1000001",
            "lose@",
            "crash@core=3:",
            "@",
            "lose@x=1",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }

    #[test]
    fn frames_meet_their_faults() {
        let mut source = MemorySource::default();
        let mut packet = [0; 60];
        packet[12] = 8;
        packet[14] = 0x45;
        for _ in 0..12 {
            source.push(&packet);
        }
        let model = Model::new(&profile::SOURCE, 16, Config::new(3, 1)).unwrap();
        let faults = [
            "lose@1",
            "lose@core=2:3-9",
            "truncate=20@4",
            "corrupt@6,7",
            "duplicate@8,9",
            "duplicate@9",
            "crash@core=1:1",
        ];
        let faults = faults.into_iter().map(fault).collect();
        let mut device = Inject::new(NicDevice::new(source, model), faults);
        let mut batch = Batch::new(100);
        assert!(!device.receive(&mut batch).unwrap());
        let lost: Vec<usize> = (0..batch.len())
            .filter(|&i| batch.faults(i).fate == Fate::Lost)
            .collect();
        assert_eq!(lost, [1, 5, 8]);
        assert_eq!(device.lost().unwrap().to_string(), "1,5,8");
        let broken: Vec<usize> = (0..batch.len())
            .filter(|&i| Frame::parse(batch.bytes(i), &profile::SOURCE).is_err())
            .collect();
        assert_eq!(broken, [4, 6, 7]);
        assert_eq!(batch.bytes(4).len(), 20);
        assert_eq!((batch.len(), batch.bytes(9)), (13, batch.bytes(10)));
        let copies: Vec<usize> = (0..13).filter(|&i| batch.faults(i).copy).collect();
        assert_eq!(copies, [10]);
        let struck: Vec<usize> = (0..13)
            .filter(|&i| batch.faults(i).worker == Some(WorkerFault::Crash))
            .collect();
        // Frame 1 is lost, so the next frame of its core is affected.
        assert_eq!(struck, [4]);
        let injected: Vec<_> = device.injected().into_iter().collect();
        let expected = [
            ("corrupted", 2),
            ("crashed", 1),
            ("duplicated", 1),
            ("lost", 3),
            ("truncated", 1),
        ];
        assert_eq!(injected, expected);
    }
}
