//! Checks whether anybody else could put code where models are loaded from.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A problem with a directory, and its remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) why: String,
    pub(super) remedy: String,
}

/// Mode bits that let the group or everybody write.
const OTHERS_WRITE: u32 = 0o022;
/// In a directory with this bit only a file's owner can remove or rename it.
const STICKY: u32 = 0o1000;

/// The directory without links, if only this user can change its contents: it belongs to this user, nobody else may
/// write to it, and nobody else can replace it through one of the directories above it.
///
/// # Errors
///
/// If it cannot be examined. The inner result says what is wrong with it.
pub(super) fn directory(path: &Path) -> io::Result<Result<PathBuf, Doubt>> {
    let path = fs::canonicalize(path)?;
    let me = rustix::process::geteuid().as_raw();
    for dir in path.ancestors() {
        let metadata = fs::symlink_metadata(dir)?;
        let (owner, mode) = (metadata.uid(), metadata.mode());
        let itself = dir == path;
        let shown = shown(dir);
        if owner != me && (itself || owner != 0) {
            return Ok(Err(Doubt {
                why: format!("{} belongs to another user (number {owner})", dir.display()),
                remedy: "Name a directory of your own in $SCR_CACHE_DIR.".to_owned(),
            }));
        }
        if mode & OTHERS_WRITE != 0 && (itself || mode & STICKY == 0) {
            return Ok(Err(Doubt {
                why: format!("others may write to {}", dir.display()),
                remedy: format!(
                    "Keep others out with `chmod go-w {shown}`, or name another directory in $SCR_CACHE_DIR."
                ),
            }));
        }
    }
    Ok(Ok(path))
}

/// A file that this user owns and no other can write, opened; `None` if there is none, or another kind of file.
///
/// # Errors
///
/// If it cannot be opened.
pub(super) fn file(path: &Path) -> io::Result<Option<File>> {
    // Links are not followed, and a FIFO is not waited for.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let opened = File::options()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path);
    match opened {
        Ok(file) => Ok(is_own(&file.metadata()?).then_some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_own(metadata: &Metadata) -> bool {
    let me = rustix::process::geteuid().as_raw();
    metadata.is_file() && metadata.uid() == me && metadata.mode() & OTHERS_WRITE == 0
}

/// A path quoted for a shell.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    match shlex::try_quote(&text) {
        Ok(quoted) => quoted.into_owned(),
        Err(_) => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn directories_that_others_can_change_are_doubted() {
        let base = tempfile::tempdir().unwrap();
        let above = base.path().join("above it");
        let dir = above.join("dir");
        fs::create_dir_all(&dir).unwrap();
        mode(&above, 0o755);
        let asked = |path: &Path| directory(path).unwrap();
        for (mine, good) in [(0o700, true), (0o755, true), (0o775, false), (0o757, false)] {
            mode(&dir, mine);
            assert_eq!(asked(&dir).is_ok(), good, "{mine:o}");
        }
        // Sticky does not help the directory itself, because anybody may put files into it; but it helps for those
        // above it.
        mode(&dir, 0o1777);
        assert!(asked(&dir).is_err());
        mode(&dir, 0o700);
        mode(&above, 0o1777);
        assert!(asked(&dir).is_ok());
        mode(&above, 0o777);
        let doubt = asked(&dir).unwrap_err();
        assert!(doubt.why.contains("above it"), "{doubt:?}");
        // The remedy works as printed.
        let command = doubt.remedy.split('`').nth(1).unwrap();
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", command]).status().unwrap().success());
        assert!(asked(&dir).is_ok());

        // A link is judged by its target.
        let link = base.path().join("link");
        symlink(&dir, &link).unwrap();
        assert_eq!(asked(&link), Ok(fs::canonicalize(&dir).unwrap()));
        mode(&dir, 0o777);
        assert!(asked(&link).is_err());
        assert!(directory(&base.path().join("absent")).is_err());
    }

    #[test]
    fn files_must_be_plain_and_ones_own() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("file");
        let taken = |path: &Path| file(path).ok().flatten().is_some();
        assert!(file(&path).unwrap().is_none());
        fs::write(&path, "x").unwrap();
        for (bits, good) in [(0o600, true), (0o755, true), (0o664, false), (0o646, false)] {
            mode(&path, bits);
            assert_eq!(taken(&path), good, "{bits:o}");
        }
        mode(&path, 0o600);
        let link = base.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(!taken(&link));
        assert!(!taken(base.path()));
    }
}
