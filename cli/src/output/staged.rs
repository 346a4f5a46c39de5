//! Files that are written beside their targets and moved there once complete: a run that fails leaves old files alone.

use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;

use rustix::io::Errno;
use tempfile::TempPath;

/// Prefix of the names of unfinished files.
const PREFIX: &str = ".scr-";

/// Unfinished files, to be removed if the program is ended from outside.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes all unfinished files; nothing else needs to be done about them.
pub fn remove_all() {
    // The thread holding the lock may be the one that has to exit.
    if let Ok(unfinished) = UNFINISHED.try_lock() {
        for path in unfinished.iter() {
            // A failure can no longer be reported.
            let _ = fs::remove_file(path);
        }
    }
}

fn register(path: &Path) {
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        unfinished.push(path.to_owned());
    }
}

fn unregister(path: &Path) {
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        unfinished.retain(|other| other != path);
    }
}

/// Kind of an output's destination.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// A regular file, or a free name: the path of the file itself, without links.
    File(PathBuf),
    /// A destination that can only be written directly: a device, a FIFO, a descriptor of this process.
    Stream,
}

impl Place {
    /// The destination that `path` leads to.
    ///
    /// # Errors
    ///
    /// If it cannot be a file.
    pub fn of(path: &Path) -> io::Result<Self> {
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => return Err(Errno::ISDIR.into()),
            Ok(metadata) if !metadata.is_file() => return Ok(Self::Stream),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        if path.as_os_str().as_bytes().ends_with(b"/") {
            return Err(Errno::ISDIR.into());
        }
        // A link's target is replaced, not the link; the target may not exist yet.
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let is_link = path.symlink_metadata().is_ok_and(|m| m.is_symlink());
            let folder = folder(&path).canonicalize()?;
            if !is_link {
                let Some(Component::Normal(name)) = path.components().next_back() else {
                    return Err(Errno::ISDIR.into());
                };
                return Ok(Self::File(folder.join(name)));
            }
            // /dev/stdout and the like: the file behind them is open already and must not be replaced.
            if folder.starts_with("/proc") || folder.starts_with("/dev") {
                return Ok(Self::Stream);
            }
            path = folder.join(fs::read_link(&path)?);
        }
        Err(Errno::LOOP.into())
    }
}

/// Largest number of links followed to a file, as in the kernel.
const MOST_LINKS: usize = 40;

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A file being written beside its target.
#[derive(Debug)]
pub struct Staged {
    temporary: Option<TempPath>,
    target: PathBuf,
    /// A file that another program may leave beside the target.
    companion: Option<PathBuf>,
}

impl Staged {
    /// Creates a file beside `target`, with a name that ends in `suffix`. It has the permissions of `target` if that
    /// exists, else those of a new file.
    ///
    /// # Errors
    ///
    /// If it cannot be created, or `target` must not be written.
    pub fn create(target: PathBuf, suffix: &str) -> io::Result<(File, Self)> {
        let old = match File::options().write(true).open(&target) {
            Ok(file) => Some(file.metadata()?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (file, temporary) = tempfile::Builder::new()
            .prefix(PREFIX)
            .suffix(suffix)
            // Minus the user's umask.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder(&target))?
            .into_parts();
        if let Some(old) = old {
            like(&file, &old)?;
        }
        register(&temporary);
        let staged = Self {
            temporary: Some(temporary),
            target,
            companion: None,
        };
        Ok((file, staged))
    }

    /// The current path of the file.
    pub fn path(&self) -> &Path {
        match &self.temporary {
            Some(temporary) => temporary,
            None => &self.target,
        }
    }

    /// Also removes `path` in the end, whatever happens.
    pub fn with_companion(mut self, path: PathBuf) -> Self {
        register(&path);
        self.companion = Some(path);
        self
    }

    /// Moves the file to its target.
    ///
    /// # Errors
    ///
    /// If it cannot be moved; the file is gone then, and the old target is unchanged.
    pub fn put_in_place(mut self) -> io::Result<()> {
        let Some(temporary) = self.temporary.take() else {
            return Ok(());
        };
        unregister(&temporary);
        temporary
            .persist(&self.target)
            .map_err(|failure| failure.error)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            unregister(temporary);
        }
        if let Some(companion) = &self.companion {
            unregister(companion);
            // The companion exists only if the other program did not finish.
            let _ = fs::remove_file(companion);
        }
    }
}

/// Gives a new file the permissions and, as far as allowed, the owner of the old one.
fn like(file: &File, old: &Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        // Only root can give files away.
        let _ = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
    }
    file.set_permissions(Permissions::from_mode(old.mode() & 0o777))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn places_are_found_through_links() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let file = base.join("file");
        let link = base.join("link");
        let dangling = base.join("dangling");
        fs::write(&file, "x").unwrap();
        symlink("file", &link).unwrap();
        symlink("to/come", &dangling).unwrap();
        symlink("round", base.join("round")).unwrap();
        let place = |path: &Path| Place::of(path).map_err(|error| error.kind());
        let here = |name: &str| Ok(Place::File(base.join(name)));
        assert_eq!(place(&file), here("file"));
        assert_eq!(place(&link), here("file"));
        assert_eq!(place(&base.join("new")), here("new"));
        assert_eq!(place(&dangling), Err(io::ErrorKind::NotFound));
        fs::create_dir(base.join("to")).unwrap();
        assert_eq!(place(&dangling), here("to/come"));
        for folder in [
            base.clone(),
            base.join("to/.."),
            base.join("new/"),
            "/".into(),
        ] {
            assert_eq!(place(&folder), Err(io::ErrorKind::IsADirectory));
        }
        assert!(place(&base.join("round")).is_err());
        for stream in ["/dev/null", "/dev/full"] {
            assert_eq!(place(Path::new(stream)), Ok(Place::Stream));
        }
        // A descriptor of a file still counts as a stream.
        let open = File::open(&file).unwrap();
        let descriptor = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&open));
        assert_eq!(place(Path::new(&descriptor)), Ok(Place::Stream));
    }

    #[test]
    fn the_old_file_is_there_until_the_new_one_is() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("file");
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, Permissions::from_mode(0o640)).unwrap();
        let names = || fs::read_dir(dir.path()).unwrap().count();

        let (mut file, staged) = Staged::create(target.clone(), ".part").unwrap();
        file.write_all(b"unfinished").unwrap();
        assert_eq!((fs::read(&target).unwrap(), names()), (b"old".to_vec(), 2));
        drop(staged);
        assert_eq!((fs::read(&target).unwrap(), names()), (b"old".to_vec(), 1));

        let (mut file, staged) = Staged::create(target.clone(), ".part").unwrap();
        let companion = dir.path().join("companion");
        fs::write(&companion, "x").unwrap();
        let staged = staged.with_companion(companion);
        file.write_all(b"new").unwrap();
        staged.put_in_place().unwrap();
        assert_eq!((fs::read(&target).unwrap(), names()), (b"new".to_vec(), 1));
        assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o640);
    }
}
