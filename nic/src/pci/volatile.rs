//! Words of memory that a device reads and writes, too.
#![allow(unsafe_code)]

/// 32-bit words, little-endian, each access of which is one access of the bus: the compiler neither leaves one out nor joins
/// or splits them.
#[derive(Debug)]
pub struct Words {
    first: *mut u32,
    count: usize,
}

// SAFETY: the words belong to whoever has this value (`new` asks for that), on whichever thread.
unsafe impl Send for Words {}

impl Words {
    /// The `count` words at `first`.
    ///
    /// # Safety
    ///
    /// For as long as this value lives, the words must be mapped, readable and writable, `first` be aligned to 4 bytes, and
    /// nothing in this program but this value may access them; a device may.
    pub unsafe fn new(first: *mut u32, count: usize) -> Self {
        Self { first, count }
    }

    /// How many words there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Reads a word; none where there is no such word.
    pub fn read(&mut self, index: usize) -> Option<u32> {
        if index >= self.count {
            return None;
        }
        // SAFETY: the word is one of those that `new` was promised.
        let word = unsafe { self.first.add(index).read_volatile() };
        Some(u32::from_le(word))
    }

    /// Writes a word; false where there is no such word.
    pub fn write(&mut self, index: usize, value: u32) -> bool {
        if index >= self.count {
            return false;
        }
        // SAFETY: as in `read`.
        unsafe { self.first.add(index).write_volatile(value.to_le()) };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_written_and_none_beside_them() {
        let mut memory = vec![7_u32.to_le(), 8, 9];
        let first = memory.as_mut_ptr();
        // SAFETY: the vector outlives the words, and is not touched before they are gone.
        let mut words = unsafe { Words::new(first, 2) };
        assert_eq!((words.count(), words.read(0)), (2, Some(7)));
        assert!(words.write(1, 0x0102_0304));
        assert_eq!((words.read(1), words.read(2)), (Some(0x0102_0304), None));
        assert!(!words.write(2, 1) && !words.write(usize::MAX, 1));
        assert_eq!(memory, [7_u32.to_le(), 0x0102_0304_u32.to_le(), 9]);
    }
}
