//! Finished files kept by content, safe to share between processes.
//!
//! An entry is one file whose name is the hash of everything it was made from. It ends in a seal: the SHA-256 of the
//! preceding bytes. A file without a valid seal (half-written, cut, damaged) counts as absent and is made again, so
//! that the dynamic loader never sees it. ELF ignores bytes behind its last section, so a sealed library or object can
//! be used directly.
//!
//! Entries are code, so they are taken only from places where nobody else could have put them; see
//! [`trust`](super::trust).

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{self, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{BuildError, trust};

/// Environment variable that names the cache directory.
pub const CACHE_VARIABLE: &str = "SCR_CACHE_DIR";

const MAGIC: &[u8; 8] = b"SCRSEAL1";
const SEAL_BYTES: usize = 32 + MAGIC.len();

/// The place for models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cache {
    /// A directory that was requested, which need not exist. Another is used only if this one has no room.
    Asked(PathBuf),
    /// The user's own directory, which need not exist. Any other may replace it.
    Usual(PathBuf),
    /// No place, because the user has no home directory.
    Homeless,
}

impl Cache {
    /// The cache in `dir`.
    pub(super) fn new(dir: &Path) -> Self {
        Self::Asked(absolute(dir))
    }

    /// The user's cache: `$SCR_CACHE_DIR`, else `scr/models` in `$XDG_CACHE_HOME` or `~/.cache`.
    pub(super) fn of_user() -> Self {
        let home = std::env::home_dir();
        Self::of_variables(
            std::env::var_os(CACHE_VARIABLE),
            std::env::var_os("XDG_CACHE_HOME"),
            home,
        )
    }

    fn of_variables(asked: Option<OsString>, xdg: Option<OsString>, home: Option<PathBuf>) -> Self {
        if let Some(dir) = asked.filter(|dir| !dir.is_empty()) {
            return Self::new(Path::new(&dir));
        }
        let xdg = xdg.map(PathBuf::from).filter(|dir| dir.is_absolute());
        // Users without a home directory have one that does not exist.
        let home = home.filter(|home| home.is_absolute() && home.is_dir());
        match xdg.or_else(|| home.map(|home| home.join(".cache"))) {
            Some(dir) => Self::Usual(dir.join("scr/models")),
            None => Self::Homeless,
        }
    }

    /// The directory, if there is to be one.
    pub(super) fn dir(&self) -> Option<&Path> {
        match self {
            Self::Asked(dir) | Self::Usual(dir) => Some(dir),
            Self::Homeless => None,
        }
    }

    /// Makes the directory if it is missing, and ensures that nobody else can change its contents.
    ///
    /// # Errors
    ///
    /// [`BuildError::Homeless`], [`BuildError::Cache`] if the directory cannot be made, [`BuildError::Untrusted`].
    pub(super) fn open(&self) -> Result<OpenCache, BuildError> {
        let dir = self.dir().ok_or(BuildError::Homeless)?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|e| failed("create", dir, e))?;
        OpenCache::trusted(dir, None)
    }

    /// Whether models may be kept elsewhere after this failure.
    pub(super) fn may_be_replaced(&self, error: &BuildError) -> bool {
        let doubted = matches!(error, BuildError::Untrusted { .. });
        error.is_for_want_of_room() || (doubted && !matches!(self, Self::Asked(_)))
    }
}

fn absolute(dir: &Path) -> PathBuf {
    path::absolute(dir).unwrap_or_else(|_| dir.to_owned())
}

/// The directory that a process makes for itself if there is no other; it is removed with the last model in it.
static PRIVATE: Mutex<Weak<TempDir>> = Mutex::new(Weak::new());

/// Removes the private directory of this process, if it has one, for when the process is ended from outside. Nothing
/// can be built in it afterwards.
pub fn remove_private_cache() {
    let private = PRIVATE.try_lock().ok().and_then(|dir| dir.upgrade());
    if let Some(dir) = private {
        // A failure can no longer be reported.
        let _ = fs::remove_dir_all(dir.path());
    }
}

/// An existing cache directory that nobody else can change.
#[derive(Clone, Debug)]
pub(super) struct OpenCache {
    dir: PathBuf,
    /// Keeps a private directory alive.
    private: Option<Arc<TempDir>>,
}

impl OpenCache {
    fn trusted(dir: &Path, private: Option<Arc<TempDir>>) -> Result<Self, BuildError> {
        match trust::directory(dir) {
            Ok(Ok(dir)) => Ok(Self { dir, private }),
            Ok(Err(doubt)) => Err(BuildError::Untrusted {
                dir: dir.to_owned(),
                why: doubt.why,
                remedy: doubt.remedy,
            }),
            Err(e) => Err(failed("look at", dir, e)),
        }
    }

    /// The private directory of this process, in the directory for temporary files, and whether it was just created.
    ///
    /// # Errors
    ///
    /// As [`Cache::open`].
    pub(super) fn private() -> Result<(Self, bool), BuildError> {
        let mut private = PRIVATE.lock().unwrap_or_else(PoisonError::into_inner);
        let (dir, fresh) = match private.upgrade() {
            Some(dir) => (dir, false),
            None => {
                let base = std::env::temp_dir();
                let made = tempfile::Builder::new()
                    .prefix("scr-models-")
                    .permissions(fs::Permissions::from_mode(0o700))
                    .tempdir_in(&base)
                    .map_err(|e| failed("create a directory in", &base, e))?;
                (Arc::new(made), true)
            }
        };
        *private = Arc::downgrade(&dir);
        let path = dir.path().to_owned();
        Ok((Self::trusted(&path, Some(dir))?, fresh))
    }

    /// Keeps the directory while models from it are in use.
    pub(super) fn keeper(&self) -> Option<Arc<TempDir>> {
        self.private.clone()
    }

    /// The entry `name`, made by `make` if it is missing, or in any case if `anew`. `make` gets a fresh directory to
    /// work in and returns the finished file in it. Only one process at a time makes an entry, if the file system has
    /// locks; `waiting` is called before waiting for another.
    pub(super) fn entry(
        &self,
        name: &str,
        anew: bool,
        waiting: &mut dyn FnMut(),
        make: impl FnOnce(&Path) -> Result<PathBuf, BuildError>,
    ) -> Result<Entry, BuildError> {
        let path = self.dir.join(name);
        let there = |path: PathBuf| {
            let file = sealed(&path).filter(|_| !anew)?;
            let fresh = false;
            Some(Entry { path, file, fresh })
        };
        if let Some(entry) = there(path.clone()) {
            return Ok(entry);
        }
        let lock = self.lock(name, waiting)?;
        if let Some(entry) = there(path.clone()) {
            return Ok(entry);
        }
        let prefix = format!(".building-{name}-");
        if lock.is_some() {
            self.clear_up(&prefix);
        }
        let work = tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(&self.dir)
            .map_err(|e| failed("create a directory in", &self.dir, e))?;
        let made = make(work.path()).map_err(|error| match self.is_full() {
            true => failed(
                "keep a model in",
                &self.dir,
                io::ErrorKind::StorageFull.into(),
            ),
            false => error,
        })?;
        seal(&made).map_err(|e| failed("write", &made, e))?;
        let file = File::open(&made).map_err(|e| failed("read", &made, e))?;
        fs::rename(&made, &path).map_err(|e| failed("write", &path, e))?;
        let fresh = true;
        Ok(Entry { path, file, fresh })
    }

    /// Whether the volume has no room for a model. Verilator does not notice when its output is truncated, so the
    /// failure comes later, with a different message.
    fn is_full(&self) -> bool {
        const MODEL_BYTES: u64 = 4 << 20;
        rustix::fs::statvfs(&self.dir)
            .is_ok_and(|volume| volume.f_bavail.saturating_mul(volume.f_frsize) < MODEL_BYTES)
    }

    /// Removes the remains of processes that were killed while making an entry. Only the holder of the lock may do so.
    fn clear_up(&self, prefix: &str) {
        for left in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if left.file_name().to_string_lossy().starts_with(prefix) {
                // Remains that cannot be removed do no harm.
                let _ = fs::remove_dir_all(left.path());
            }
        }
    }

    /// Waits for the exclusive right to make `name`. Dropping the file releases it, as does the end of the process.
    /// Some file systems have no locks (ENOLCK, on NFS): then there is no such right, and two processes may make the
    /// same entry.
    fn lock(&self, name: &str, waiting: &mut dyn FnMut()) -> Result<Option<File>, BuildError> {
        let path = self.dir.join(format!("{name}.lock"));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32)
            .open(&path)
            .map_err(|e| failed("open", &path, e))?;
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => waiting(),
            Err(fs::TryLockError::Error(_)) => return Ok(None),
        }
        loop {
            match file.lock() {
                Ok(()) => return Ok(Some(file)),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Ok(None),
            }
        }
    }
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> BuildError {
    BuildError::Cache {
        doing,
        path: path.to_owned(),
        source,
    }
}

/// A file in the cache.
pub(super) struct Entry {
    /// Path of the file.
    pub(super) path: PathBuf,
    /// The open file: the one that was checked, whatever has its name by now.
    pub(super) file: File,
    /// Whether the entry was just made.
    pub(super) fresh: bool,
}

/// The file at `path`, if it belongs to this user alone and has a valid seal.
fn sealed(path: &Path) -> Option<File> {
    let mut file = trust::file(path).ok()??;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let (body, seal) = bytes.split_last_chunk::<SEAL_BYTES>()?;
    (seal[32..] == *MAGIC && seal[..32] == *Sha256::digest(body)).then_some(file)
}

/// Appends the seal to a finished file, and removes others' access.
fn seal(path: &Path) -> io::Result<()> {
    let digest = Sha256::digest(fs::read(path)?);
    let mut file = File::options().append(true).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
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

    fn make(cache: &OpenCache, anew: bool, text: &'static str, made: &mut u32) -> PathBuf {
        let entry = cache
            .entry("entry", anew, &mut || {}, |work| {
                *made += 1;
                let path = work.join("file");
                fs::write(&path, text).unwrap();
                // As a linker does under a umask that trusts the group.
                fs::set_permissions(&path, fs::Permissions::from_mode(0o775)).unwrap();
                Ok(path)
            })
            .unwrap();
        assert!(fs::read(&entry.path).unwrap().starts_with(text.as_bytes()));
        entry.path
    }

    fn open(dir: &Path) -> OpenCache {
        Cache::new(dir).open().unwrap()
    }

    #[test]
    fn damaged_entries_are_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let cache = open(&dir.path().join("deep/cache"));
        let mut made = 0;
        let path = make(&cache, false, "contents", &mut made);
        make(&cache, false, "contents", &mut made);
        assert_eq!(made, 1);

        let good = fs::read(&path).unwrap();
        let mut flipped = good.clone();
        flipped[3] ^= 1;
        for (i, bad) in [&good[..good.len() - 1], &flipped, b""]
            .into_iter()
            .enumerate()
        {
            fs::write(&path, bad).unwrap();
            make(&cache, false, "contents", &mut made);
            assert_eq!(made as usize, 2 + i);
        }
        make(&cache, true, "contents", &mut made);
        assert_eq!(made, 5, "made again when asked");
        // A valid file that others could have written.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
        make(&cache, false, "contents", &mut made);
        assert_eq!(made, 6);
        make(&cache, false, "contents", &mut made);
        assert_eq!(made, 6);
        let left: Vec<_> = fs::read_dir(&cache.dir).unwrap().collect();
        assert_eq!(left.len(), 2, "only the entry and its lock stay behind");
    }

    #[test]
    fn what_cannot_be_made_anew_leaves_the_old_entry() {
        let dir = tempfile::tempdir().unwrap();
        let cache = open(dir.path());
        let mut made = 0;
        make(&cache, false, "contents", &mut made);
        let refused = cache.entry("entry", true, &mut || {}, |_| {
            Err(BuildError::Thread(io::ErrorKind::WouldBlock.into()))
        });
        assert!(refused.is_err());
        make(&cache, false, "contents", &mut made);
        assert_eq!(made, 1);
    }

    #[test]
    fn one_maker_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let cache = open(dir.path());
        let made = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut count = 0;
                    make(&cache, false, "x", &mut count);
                    made.fetch_add(count, std::sync::atomic::Ordering::Relaxed);
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn without_a_home_there_is_no_shared_name() {
        let dir = tempfile::tempdir().unwrap();
        let home = Some(dir.path().to_owned());
        let os = |text: &str| Some(OsString::from(text));
        let of = Cache::of_variables;
        assert_eq!(
            of(os("/a"), os("/b"), home.clone()),
            Cache::Asked("/a".into())
        );
        let usual = |path: &str| Cache::Usual(path.into());
        assert_eq!(of(os(""), os("/b"), home.clone()), usual("/b/scr/models"));
        assert_eq!(
            of(None, os("relative"), home.clone()),
            Cache::Usual(dir.path().join(".cache/scr/models"))
        );
        for home in [None, Some("".into()), Some(dir.path().join("absent"))] {
            assert_eq!(of(None, None, home), Cache::Homeless);
        }
        let homeless = Cache::Homeless.open().unwrap_err();
        assert!(Cache::Homeless.may_be_replaced(&homeless));
        let (private, fresh) = OpenCache::private().unwrap();
        let (same, again) = OpenCache::private().unwrap();
        assert_eq!((&private.dir, fresh), (&same.dir, !again));
        let metadata = fs::metadata(&private.dir).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o700);
        let path = private.dir.clone();
        drop(private);
        assert!(path.exists());
        drop(same);
        assert!(!path.exists(), "it goes with the last who uses it");
    }

    #[test]
    fn only_a_directory_that_was_asked_for_is_insisted_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("models");
        let (asked, usual) = (Cache::new(&path), Cache::Usual(path.clone()));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o770)).unwrap();
        let doubted = asked.open().unwrap_err();
        assert!(
            matches!(doubted, BuildError::Untrusted { .. }),
            "{doubted:?}"
        );
        assert!(!asked.may_be_replaced(&doubted));
        assert!(usual.may_be_replaced(&usual.open().unwrap_err()));

        fs::remove_dir(&path).unwrap();
        fs::write(&path, "a file").unwrap();
        let failed = asked.open().unwrap_err();
        assert!(matches!(failed, BuildError::Cache { .. }), "{failed:?}");
        assert!(asked.may_be_replaced(&failed));
    }

    #[test]
    fn keys_tell_lists_apart() {
        let key = |parts: &[&str]| parts.iter().fold(Key::default(), Key::part).hex();
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_eq!(key(&["a"]).len(), 40);
    }
}
