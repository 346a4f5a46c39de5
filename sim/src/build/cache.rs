//! Finished files kept by content, safe to share between processes.
//!
//! An entry is one file whose name is the hash of everything it was made from. It ends in a seal: the
//! SHA-256 of what stands before it. A file without a right seal (half-written, cut, damaged) counts as
//! absent and is made again, so that the dynamic loader never sees it. ELF ignores bytes behind its last
//! section, so a sealed library or object is used as it is.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::BuildError;

/// Environment variable that names the cache directory.
pub const CACHE_VARIABLE: &str = "SCR_CACHE_DIR";

const MAGIC: &[u8; 8] = b"SCRSEAL1";
const SEAL_BYTES: usize = 32 + MAGIC.len();

/// A cache directory.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    dir: PathBuf,
}

impl Cache {
    /// The cache in `dir`, which need not exist.
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The user's cache: `$SCR_CACHE_DIR`, else `scr/models` in `$XDG_CACHE_HOME` or `~/.cache`.
    pub(super) fn of_user() -> Self {
        let variable = |name| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        let dir = variable(CACHE_VARIABLE).unwrap_or_else(|| {
            variable("XDG_CACHE_HOME")
                .filter(|dir| dir.is_absolute())
                .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
                .unwrap_or_else(std::env::temp_dir)
                .join("scr/models")
        });
        Self { dir }
    }

    /// Where models are kept.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The entry `name`, made by `make` when it is not there. `make` gets a fresh directory to work in and
    /// returns the finished file in it. Only one process at a time makes an entry; `waiting` is called
    /// before waiting for another.
    pub(super) fn entry(
        &self,
        name: &str,
        waiting: &mut dyn FnMut(),
        make: impl FnOnce(&Path) -> Result<PathBuf, BuildError>,
    ) -> Result<Entry, BuildError> {
        let path = self.dir.join(name);
        if sealed(&path) {
            return Ok(Entry { path, fresh: false });
        }
        fs::create_dir_all(&self.dir).map_err(|e| self.failed("create", &self.dir, e))?;
        let _lock = self.lock(name, waiting)?;
        if sealed(&path) {
            return Ok(Entry { path, fresh: false });
        }
        let prefix = format!(".building-{name}-");
        self.clear_up(&prefix);
        let work = TempDir::with_prefix_in(&prefix, &self.dir)
            .map_err(|e| self.failed("create a directory in", &self.dir, e))?;
        let made = make(work.path())?;
        seal(&made).map_err(|e| self.failed("write", &made, e))?;
        fs::rename(&made, &path).map_err(|e| self.failed("write", &path, e))?;
        Ok(Entry { path, fresh: true })
    }

    /// Removes an entry that turned out to be unusable.
    pub(super) fn evict(&self, name: &str) -> Result<(), BuildError> {
        let path = self.dir.join(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(self.failed("remove", &path, e)),
            _ => Ok(()),
        }
    }

    /// Removes what others left that were killed while they made an entry. Only who has the right to make it may.
    fn clear_up(&self, prefix: &str) {
        for left in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if left.file_name().to_string_lossy().starts_with(prefix) {
                // What cannot be removed does no harm.
                let _ = fs::remove_dir_all(left.path());
            }
        }
    }

    /// Waits for the sole right to make `name`. Dropping the file gives it up, and so does dying.
    fn lock(&self, name: &str, waiting: &mut dyn FnMut()) -> Result<File, BuildError> {
        let path = self.dir.join(format!("{name}.lock"));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| self.failed("open", &path, e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                waiting();
                file.lock().map_err(|e| self.failed("lock", &path, e))?;
            }
            Err(fs::TryLockError::Error(e)) => return Err(self.failed("lock", &path, e)),
        }
        Ok(file)
    }

    fn failed(&self, doing: &'static str, path: &Path, source: io::Error) -> BuildError {
        BuildError::Cache {
            doing,
            path: path.to_owned(),
            source,
        }
    }
}

/// A file in the cache.
pub(super) struct Entry {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Whether it was made just now.
    pub(super) fresh: bool,
}

/// Whether `path` is a file with a right seal.
fn sealed(path: &Path) -> bool {
    let Ok(bytes) = fs::read(path) else {
        return false;
    };
    let Some((body, seal)) = bytes.split_last_chunk::<SEAL_BYTES>() else {
        return false;
    };
    seal[32..] == *MAGIC && seal[..32] == *Sha256::digest(body)
}

/// Puts the seal behind a finished file.
fn seal(path: &Path) -> io::Result<()> {
    let digest = Sha256::digest(fs::read(path)?);
    let mut file = File::options().append(true).open(path)?;
    file.write_all(&digest)?;
    file.write_all(MAGIC)?;
    file.sync_all()
}

/// A hash over parts, each with its length, so that no two lists of parts have the same bytes.
#[derive(Clone, Default)]
pub(super) struct Key(Sha256);

impl Key {
    pub(super) fn part(mut self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// 40 hexadecimal digits.
    pub(super) fn hex(self) -> String {
        let digest = self.0.finalize();
        digest[..20].iter().map(|b| format!("{b:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(cache: &Cache, text: &'static str, made: &mut u32) -> PathBuf {
        let entry = cache
            .entry("entry", &mut || {}, |work| {
                *made += 1;
                let path = work.join("file");
                fs::write(&path, text).unwrap();
                Ok(path)
            })
            .unwrap();
        assert!(fs::read(&entry.path).unwrap().starts_with(text.as_bytes()));
        entry.path
    }

    #[test]
    fn damaged_entries_are_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().join("deep/cache"));
        let mut made = 0;
        let path = make(&cache, "contents", &mut made);
        make(&cache, "contents", &mut made);
        assert_eq!(made, 1);

        let good = fs::read(&path).unwrap();
        let mut flipped = good.clone();
        flipped[3] ^= 1;
        for (i, bad) in [&good[..good.len() - 1], &flipped, b""]
            .into_iter()
            .enumerate()
        {
            fs::write(&path, bad).unwrap();
            make(&cache, "contents", &mut made);
            assert_eq!(made as usize, 2 + i);
        }
        cache.evict("entry").unwrap();
        cache.evict("entry").unwrap();
        make(&cache, "contents", &mut made);
        assert_eq!(made, 5);
        let left: Vec<_> = fs::read_dir(cache.dir()).unwrap().collect();
        assert_eq!(left.len(), 2, "only the entry and its lock stay behind");
    }

    #[test]
    fn one_maker_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().to_owned());
        let made = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut count = 0;
                    make(&cache, "x", &mut count);
                    made.fetch_add(count, std::sync::atomic::Ordering::Relaxed);
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn keys_tell_lists_apart() {
        let key = |parts: &[&str]| parts.iter().fold(Key::default(), Key::part).hex();
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_eq!(key(&["a"]).len(), 40);
    }
}
