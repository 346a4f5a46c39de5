//! A BAR that is mapped from a file of sysfs.
#![allow(unsafe_code)]

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use memmap2::{MmapOptions, MmapRaw};

use super::volatile::Words;
use super::{Bar, PciError};
use crate::BoxError;

/// A BAR mapped from a file, such as `/sys/bus/pci/devices/0000:81:00.0/resource2`.
#[derive(Debug)]
pub struct MappedBar {
    words: Words,
    // Behind the words, which it outlives so: fields are dropped in order.
    _map: MmapRaw,
}

impl MappedBar {
    /// Maps the file, all of it, for reading and writing.
    ///
    /// # Errors
    ///
    /// [`PciError::Bar`] if the file cannot be opened or mapped, or is empty.
    pub fn open(path: &Path) -> Result<Self, PciError> {
        let failed = |source| PciError::Bar {
            file: path.to_owned(),
            source,
        };
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(failed)?;
        let map = MmapOptions::new().map_raw(&file).map_err(failed)?;
        if map.len() < 4 {
            let empty = io::Error::new(io::ErrorKind::InvalidData, "the region has no registers");
            return Err(failed(empty));
        }
        // SAFETY: the map is aligned to pages and lives as long as the words, and its pointer goes nowhere else. It is mapped
        // shared, so other programs and the device may change it, which volatile accesses allow for.
        let words = unsafe { Words::new(map.as_mut_ptr().cast(), map.len() / 4) };
        Ok(Self { words, _map: map })
    }

    /// The index of the word at a byte offset.
    fn word(&self, offset: u64) -> Result<usize, BoxError> {
        let bytes = self.bytes();
        if !offset.is_multiple_of(4) || offset >= bytes {
            return Err(format!(
                "there is no register at byte {offset:#x} of a BAR of {bytes} bytes"
            )
            .into());
        }
        Ok((offset / 4) as usize)
    }
}

impl Bar for MappedBar {
    fn bytes(&self) -> u64 {
        4 * self.words.count() as u64
    }

    fn read(&mut self, offset: u64) -> Result<u32, BoxError> {
        let word = self.word(offset)?;
        Ok(self.words.read(word).unwrap_or_default())
    }

    fn write(&mut self, offset: u64, value: u32) -> Result<(), BoxError> {
        let word = self.word(offset)?;
        self.words.write(word, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn registers_are_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("resource2");
        fs::write(&file, [4, 3, 2, 1, 0, 0, 0, 0, 9]).unwrap();
        let mut bar = MappedBar::open(&file).unwrap();
        assert_eq!((bar.bytes(), bar.read(0).unwrap()), (8, 0x0102_0304));
        bar.write(4, 0x0807_0605).unwrap();
        for offset in [2, 8, 12, u64::MAX - 3] {
            let error = bar.read(offset).unwrap_err().to_string();
            assert!(error.contains("8 bytes"), "{error}");
            assert!(bar.write(offset, 1).is_err());
        }
        drop(bar);
        assert_eq!(fs::read(&file).unwrap(), [4, 3, 2, 1, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn a_file_that_cannot_be_mapped_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["absent", "empty"] {
            let file = folder.path().join(file);
            if file.ends_with("empty") {
                fs::write(&file, []).unwrap();
            }
            let error = MappedBar::open(&file).unwrap_err().to_string();
            assert!(error.contains(&file.display().to_string()), "{error}");
        }
    }
}
