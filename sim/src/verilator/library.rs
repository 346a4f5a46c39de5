//! The shared library of a model: opened, its C interface looked up, its ports compared with the expected list.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_void};
use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libloading::Library;
use scr_hdl::{Direction, Port};
use tempfile::TempDir;

use super::model::{TraceError, VerilatorModel};
use crate::build;

#[cfg(not(target_endian = "little"))]
compile_error!("ports are shared with the model as little-endian bytes");

/// Why a library cannot be used as a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The dynamic loader rejected the library.
    #[error("cannot load the model {}: {reason}\nDelete it, and it will be built again; the loader needs memory, too (`ulimit -v`).", path.display())]
    Open {
        /// Path of the library.
        path: PathBuf,
        /// The loader's message.
        reason: String,
    },
    /// The library's file system forbids execution of its files.
    #[error(
        "cannot load the model {}: {reason}\nIts file system is mounted without `exec`: name a directory on another one in $SCR_CACHE_DIR.", path.display()
    )]
    NoExec {
        /// Path of the library.
        path: PathBuf,
        /// The loader's message.
        reason: String,
    },
    /// The library is of another version of this program.
    #[error("the model {} has interface version {found}, not {}\nDelete it, and it will be built again.", path.display(), build::ABI)]
    Abi {
        /// Path of the library.
        path: PathBuf,
        /// Interface version of the library.
        found: u32,
    },
    /// The library's ports are not those of the list.
    #[error(
        "the ports of the Verilog are not those of its port list: {0}\nThe generator's two descriptions of the module disagree; please report it."
    )]
    Ports(String),
}

impl LoadError {
    /// Whether the file may not be a model of this program, so that rebuilding may help. A loader's error because it
    /// may not execute files, or has no memory, says nothing about the file.
    pub(crate) fn may_be_of_another_build(&self) -> bool {
        match self {
            Self::Open { reason, .. } => {
                let machine = ["failed to map segment", "cannot allocate memory"];
                !machine.iter().any(|words| reason.contains(words))
            }
            Self::Abi { .. } => true,
            Self::NoExec { .. } | Self::Ports(_) => false,
        }
    }
}

/// The loader's rejection of the library at `path`, which it knows as `name`.
fn refused(path: &Path, name: &Path, words: &libloading::Error) -> LoadError {
    // The error itself names only the function that failed.
    let said =
        std::error::Error::source(words).map_or_else(|| words.to_string(), |w| w.to_string());
    let reason = said.replace(&*name.to_string_lossy(), &path.to_string_lossy());
    let path = path.to_owned();
    let flags = rustix::fs::statvfs(&path).map(|volume| volume.f_flag);
    match flags {
        Ok(flags) if flags.contains(rustix::fs::StatVfsMountFlags::NOEXEC) => {
            LoadError::NoExec { path, reason }
        }
        _ => LoadError::Open { path, reason },
    }
}

/// One row of the shim's table of ports (`PortInfo` there).
#[repr(C)]
struct PortInfo {
    name: *const c_char,
    bits: u32,
    output: u32,
    storage: u32,
}

/// The shim's functions.
#[derive(Clone, Copy)]
pub(super) struct Functions {
    pub(super) create: unsafe extern "C" fn(*const c_char, *mut c_char, usize) -> *mut c_void,
    pub(super) port_data: unsafe extern "C" fn(*mut c_void, u32) -> *mut u8,
    pub(super) tick: unsafe extern "C" fn(*mut c_void),
    pub(super) flush: unsafe extern "C" fn(*mut c_void),
    pub(super) destroy: unsafe extern "C" fn(*mut c_void) -> i32,
}

/// A port of the list and its place in the shim's table.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) index: u32,
    /// Bytes that the model stores for the port, at least [`Port::bytes`].
    pub(super) storage: usize,
}

/// A loaded model, from which any number of instances can be made.
///
/// The library stays loaded until the process ends: it is C++ with thread-local state and static destructors, and
/// unloading it safely is not worth the few megabytes it takes.
#[derive(Clone)]
pub struct ModelLibrary {
    path: Arc<Path>,
    /// Keeps the library's directory, if that is private.
    _keeper: Option<Arc<TempDir>>,
    pub(super) functions: Functions,
    pub(super) ports: Arc<[Port]>,
    pub(super) places: Arc<[Place]>,
}

impl std::fmt::Debug for ModelLibrary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelLibrary")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl ModelLibrary {
    /// Opens a library that the builder made and checks it: interface version, and names, directions and widths of all
    /// ports against `ports`. `file` is the file opened, `path` its path; `keeper` is kept.
    pub(crate) fn open(
        file: File,
        path: &Path,
        keeper: Option<Arc<TempDir>>,
        ports: &[Port],
    ) -> Result<Self, LoadError> {
        // Opened by its descriptor, so that it is the file that was checked.
        let descriptor = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let name = match descriptor.exists() {
            true => descriptor,
            false => path.to_owned(),
        };
        let open_error = |e: libloading::Error| refused(path, &name, &e);
        // SAFETY: the file is one that the builder made and sealed, in a directory that no other user can change; its
        // initialisers are those of Verilator's run-time library, which only set up its own globals.
        let library = unsafe { Library::new(&name) }.map_err(&open_error)?;

        // SAFETY: every name is looked up with the type that the shim (build/shim.cpp) gives it. Of a
        // library with another ABI number nothing else is used.
        let (functions, table) = unsafe {
            let abi = *library
                .get::<unsafe extern "C" fn() -> u32>(b"scr_model_abi\0")
                .map_err(&open_error)?;
            let found = abi();
            if found != build::ABI {
                return Err(LoadError::Abi {
                    path: path.to_owned(),
                    found,
                });
            }
            let count = *library
                .get::<unsafe extern "C" fn() -> u32>(b"scr_model_port_count\0")
                .map_err(&open_error)?;
            let rows = *library
                .get::<unsafe extern "C" fn() -> *const PortInfo>(b"scr_model_port_table\0")
                .map_err(&open_error)?;
            let functions = Functions {
                create: *library.get(b"scr_model_create\0").map_err(&open_error)?,
                port_data: *library.get(b"scr_model_port_data\0").map_err(&open_error)?,
                tick: *library.get(b"scr_model_tick\0").map_err(&open_error)?,
                flush: *library.get(b"scr_model_flush\0").map_err(&open_error)?,
                destroy: *library.get(b"scr_model_destroy\0").map_err(&open_error)?,
            };
            // The table is a constant array of `count` rows whose names are string literals.
            let table: Vec<(Port, usize)> = std::slice::from_raw_parts(rows(), count() as usize)
                .iter()
                .map(|row| {
                    let port = Port {
                        name: CStr::from_ptr(row.name).to_string_lossy().into_owned(),
                        direction: match row.output {
                            0 => Direction::Input,
                            _ => Direction::Output,
                        },
                        bits: row.bits as usize,
                    };
                    (port, row.storage as usize)
                })
                .collect();
            (functions, table)
        };
        let places = places(&table, ports).map_err(LoadError::Ports)?;
        // From here on the library is used, so it stays (see the type's documentation).
        let _ = ManuallyDrop::new(library);
        // The loader takes another file of the same name for the same library, so the descriptor is not used again.
        let _ = ManuallyDrop::new(file);
        Ok(Self {
            _keeper: keeper,
            path: path.into(),
            functions,
            ports: ports.into(),
            places: places.into(),
        })
    }

    /// Path of the library's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The ports, in the order of the design's list.
    pub fn ports(&self) -> &[Port] {
        &self.ports
    }

    /// A new instance: all registers as after power-up, the clock low.
    ///
    /// # Errors
    ///
    /// [`TraceError`] when the model's C++ fails to construct it.
    pub fn instance(&self) -> Result<VerilatorModel, TraceError> {
        VerilatorModel::new(self, None)
    }

    /// As [`instance`](Self::instance), writing a waveform of every signal to `trace`. The model must have been built
    /// for it ([`ModelBuilder::trace`](crate::build::ModelBuilder::trace)).
    ///
    /// # Errors
    ///
    /// [`TraceError`] if the file cannot be opened or the model was built without tracing.
    pub fn instance_traced(&self, trace: &Path) -> Result<VerilatorModel, TraceError> {
        VerilatorModel::new(self, Some(trace))
    }
}

/// The position of each port of `wanted` in the shim's table, which must have the same ports.
fn places(table: &[(Port, usize)], wanted: &[Port]) -> Result<Vec<Place>, String> {
    let side = |direction| match direction {
        Direction::Input => "input",
        Direction::Output => "output",
    };
    let mut places = Vec::with_capacity(wanted.len());
    for port in wanted {
        let Some(index) = table.iter().position(|(p, _)| p.name == port.name) else {
            return Err(format!("the Verilog has no port {}", port.name));
        };
        let (found, storage) = &table[index];
        if found != port {
            return Err(format!(
                "{} is an {} of {} bits in the Verilog and an {} of {} bits in the list",
                port.name,
                side(found.direction),
                found.bits,
                side(port.direction),
                port.bits
            ));
        }
        if *storage < port.bytes() {
            return Err(format!(
                "{} has {} bits, but the model keeps {storage} bytes for it",
                port.name, port.bits
            ));
        }
        places.push(Place {
            index: index as u32,
            storage: *storage,
        });
    }
    let extra = table
        .iter()
        .find(|(p, _)| wanted.iter().all(|w| w.name != p.name));
    match extra {
        Some((port, _)) => Err(format!("the list lacks the Verilog's port {}", port.name)),
        None => Ok(places),
    }
}
