//! One instance of a model: its ports are read and written where the model stores them.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use scr_hdl::{Direction, Dut, Port};

use super::library::ModelLibrary;
use super::waveform::Waveform;

/// Why an instance could not be made.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot start the simulation{}: {reason}",
    .path.as_ref().map(|p| format!(" with its waveform in {}", p.display())).unwrap_or_default()
)]
pub struct TraceError {
    /// Path of the requested waveform.
    pub path: Option<PathBuf>,
    /// The reason.
    pub reason: String,
}

/// The location of a port's value.
struct Slot {
    data: *mut u8,
    bytes: usize,
    /// The bits of the last byte that may be set.
    top_mask: u8,
    settable: bool,
}

/// An instance of a Verilator model.
///
/// An instance may be moved to another thread. Dropping it runs the model's final blocks and closes its waveform.
pub struct VerilatorModel {
    instance: NonNull<c_void>,
    slots: Box<[Slot]>,
    tick: unsafe extern "C" fn(*mut c_void),
    library: ModelLibrary,
    waveform: Option<Waveform>,
}

// SAFETY: an instance has its own VerilatedContext and is reached through `self` alone. What Verilator keeps per thread
// (message queue, id of the running task) is set anew by each evaluation and holds nothing between two of them, and
// what it keeps per process is behind its own locks.
unsafe impl Send for VerilatorModel {}

impl std::fmt::Debug for VerilatorModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerilatorModel")
            .field("library", &self.library)
            .finish_non_exhaustive()
    }
}

impl VerilatorModel {
    pub(super) fn new(library: &ModelLibrary, trace: Option<&Path>) -> Result<Self, TraceError> {
        let error = |reason: String| TraceError {
            path: trace.map(Path::to_owned),
            reason,
        };
        let file = trace
            .map(|path| CString::new(path.as_os_str().as_encoded_bytes()))
            .transpose()
            .map_err(|_| error("the file name contains a zero byte".to_owned()))?;
        let mut words: [c_char; 512] = [0; 512];
        let functions = library.functions;
        // SAFETY: the path is null or a C string that lives until the call returns, and the error buffer has the length
        // passed; the shim lets no exception out.
        let instance = unsafe {
            (functions.create)(
                file.as_ref().map_or(std::ptr::null(), |f| f.as_ptr()),
                words.as_mut_ptr(),
                words.len(),
            )
        };
        let Some(instance) = NonNull::new(instance) else {
            // SAFETY: the buffer was zeroed, and the shim ends what it writes with a zero byte.
            let words = unsafe { CStr::from_ptr(words.as_ptr()) };
            return Err(error(words.to_string_lossy().into_owned()));
        };
        let slots = library
            .ports
            .iter()
            .zip(library.places.iter())
            .map(|(port, place)| {
                debug_assert!(port.bytes() <= place.storage);
                Slot {
                    // SAFETY: the index comes from the shim's own table.
                    data: unsafe { (functions.port_data)(instance.as_ptr(), place.index) },
                    bytes: port.bytes(),
                    top_mask: 0xff >> (port.bytes() * 8 - port.bits),
                    settable: port.direction == Direction::Input && port.name != "clk",
                }
            })
            .collect();
        Ok(Self {
            instance,
            slots,
            tick: functions.tick,
            library: library.clone(),
            waveform: trace.map(Waveform::new),
        })
    }

    /// Writes everything traced so far to the waveform's file.
    pub fn flush(&mut self) {
        // SAFETY: the instance is alive.
        unsafe { (self.library.functions.flush)(self.instance.as_ptr()) }
    }

    /// The file that the instance writes; it can be checked for completeness once the instance is gone.
    pub fn waveform(&self) -> Option<Waveform> {
        self.waveform.clone()
    }

    /// The library of which this is an instance.
    pub fn library(&self) -> &ModelLibrary {
        &self.library
    }
}

impl Drop for VerilatorModel {
    fn drop(&mut self) {
        // SAFETY: the instance is alive, and nothing uses it afterwards.
        let failure = unsafe { (self.library.functions.destroy)(self.instance.as_ptr()) };
        if let Some(waveform) = &self.waveform {
            waveform.close(failure);
        }
    }
}

impl Dut for VerilatorModel {
    fn ports(&self) -> &[Port] {
        &self.library.ports
    }

    #[inline]
    fn set(&mut self, port: usize, value: &[u8]) {
        let slot = &self.slots[port];
        assert!(
            slot.settable && value.len() == slot.bytes,
            "port {} takes no {} bytes",
            self.library.ports[port].name,
            value.len()
        );
        // SAFETY: the model keeps at least `bytes` bytes at `data` for the life of the instance (checked
        // against the shim's table), and `&mut self` excludes other uses. The model relies on bits above
        // the width being zero, so they are cut off.
        unsafe {
            copy(value.as_ptr(), slot.data, slot.bytes);
            *slot.data.add(slot.bytes - 1) &= slot.top_mask;
        }
    }

    #[inline]
    fn get(&self, port: usize, value: &mut [u8]) {
        let slot = &self.slots[port];
        assert!(
            value.len() == slot.bytes,
            "port {} has {} bytes, not {}",
            self.library.ports[port].name,
            slot.bytes,
            value.len()
        );
        // SAFETY: as in `set`; only `tick` and `set` change the bytes, and they need `&mut self`.
        unsafe { copy(slot.data, value.as_mut_ptr(), slot.bytes) }
    }

    #[inline]
    fn tick(&mut self) {
        // SAFETY: the instance is alive and reached through `&mut self` alone.
        unsafe { (self.tick)(self.instance.as_ptr()) }
    }
}

/// Copies `bytes` bytes; for most ports without a call.
///
/// # Safety
///
/// Both pointers must be valid for `bytes` bytes, which must not overlap.
#[inline(always)]
unsafe fn copy(from: *const u8, to: *mut u8, bytes: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match bytes {
            1 => to.write(from.read()),
            2 => to.copy_from_nonoverlapping(from, 2),
            4 => to.copy_from_nonoverlapping(from, 4),
            8 => to.copy_from_nonoverlapping(from, 8),
            9..16 => {
                // The two halves overlap, and agree in the overlap.
                to.copy_from_nonoverlapping(from, 8);
                let rest = bytes - 8;
                to.add(rest).copy_from_nonoverlapping(from.add(rest), 8);
            }
            64 => to.copy_from_nonoverlapping(from, 64),
            _ => to.copy_from_nonoverlapping(from, bytes),
        }
    }
}
