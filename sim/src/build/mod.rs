//! Builds a loaded model from Verilog text: Verilator, the C++ compiler, and a cache by content.
//!
//! ```text
//! Verilog ──verilator --cc──▶ C++ ─┐
//!                      C++ shim ───┼─compile in parallel──▶ one shared library ──▶ cache ──▶ loaded
//!             Verilator's run-time ┘ (its objects are cached too)
//! ```
//!
//! | module | content |
//! |---|---|
//! | `toolchain` | the two programs, found and identified |
//! | `program` | a program that the user names, as a command line or in `PATH` |
//! | `command` | running a program and keeping its output |
//! | `cache` | finished files by content, sealed, one maker at a time |
//! | `trust` | whether anybody else could put code where models are loaded from |
//! | `shim` | the C interface that every model has, and its table of ports |
//! | `compile` | C++ to a shared library, in parallel |
//!
//! The builder uses Verilator directly, not one of the crates that wrap it, for three reasons: one model per
//! configuration must be buildable at run time, ports above 64 bits must be reachable, and Debian's Verilator must be
//! sufficient.

mod cache;
mod command;
mod compile;
mod error;
mod program;
mod shim;
mod toolchain;
mod trust;

use std::fs;
use std::path::{Path, PathBuf};

use scr_hdl::Port;

use crate::verilator::ModelLibrary;
use cache::{Cache, Key, OpenCache};

pub use cache::{CACHE_VARIABLE, remove_private_cache};
pub use error::BuildError;
pub use program::find_program;
pub(crate) use shim::ABI;
pub use toolchain::{COMPILER_VARIABLE, Toolchain, VERILATOR_VARIABLE};

/// A Verilog file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// File name, as Verilator's messages show it; a directory in front of it is ignored.
    pub name: String,
    /// Text of the file.
    pub text: String,
}

/// The input for a model.
#[derive(Clone, Copy, Debug)]
pub struct Design<'a> {
    /// The Verilog files.
    pub sources: &'a [Source],
    /// The top module. Its clock must be called `clk`.
    pub top: &'a str,
    /// Ports of the top module. They must match the Verilog in names and widths; the order is the caller's.
    pub ports: &'a [Port],
}

/// Content of the file that an instance writes. Each kind is a build of its own: models that write nothing are fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TraceFormat {
    /// A waveform in GTKWave's compressed format. Building a model for it needs zlib's header.
    Fst,
    /// A waveform as value change dump: text, large, understood everywhere.
    Vcd,
    /// No waveform: how often each line ran and each bit toggled, in Verilator's format, written at the end.
    Coverage,
}

impl TraceFormat {
    /// The format that a file name requests: VCD if it ends in `.vcd`, else FST.
    pub fn of(path: &Path) -> Self {
        match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("vcd") => Self::Vcd,
            _ => Self::Fst,
        }
    }
}

/// Progress of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildStep {
    /// The model was in the cache; nothing needs to be built.
    Cached,
    /// Another process, or another thread, is building the same model.
    Waiting,
    /// The model is kept only while it is in use, in a private directory, because the cache cannot be used. The text
    /// says why, and what can be done about it.
    Private(String),
    /// Verilator translates the Verilog.
    Verilating,
    /// Verilator's warnings, which do not stop a build.
    Warned(String),
    /// The compiler translates Verilator's C++.
    Compiling {
        /// Number of files finished.
        done: usize,
        /// Total number of files.
        total: usize,
    },
    /// The linker makes the library.
    Linking,
}

/// Builds models, or takes them from the cache.
///
/// ```no_run
/// use scr_sim::build::{Design, ModelBuilder, Source};
/// # fn ports() -> Vec<scr_hdl::Port> { Vec::new() }
/// let sources = [Source { name: "adder.v".into(), text: "module adder …".into() }];
/// let design = Design { sources: &sources, top: "adder", ports: &ports() };
/// let library = ModelBuilder::new().build(&design, &mut |step| eprintln!("{step:?}"))?;
/// let model = library.instance()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ModelBuilder {
    cache: Cache,
    verilator: Option<PathBuf>,
    compiler: Option<PathBuf>,
    trace: Option<TraceFormat>,
    quick: bool,
    anew: bool,
    jobs: usize,
}

impl Default for ModelBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl ModelBuilder {
    /// A builder of the fast model, in the user's cache: `$SCR_CACHE_DIR`, else `scr/models` in `$XDG_CACHE_HOME` or
    /// `~/.cache`.
    ///
    /// Models are code: they are loaded only from a directory that this user owns and no other can change. If there is
    /// none, or none that can be written, a private one is made, which is removed with the last of its models. Only a
    /// requested directory, here or in `$SCR_CACHE_DIR`, that others can change is an error.
    pub fn new() -> Self {
        Self {
            cache: Cache::of_user(),
            verilator: None,
            compiler: None,
            trace: None,
            quick: false,
            anew: false,
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }

    /// Keeps models in `dir`, which is created if missing.
    #[must_use]
    pub fn cache_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cache = Cache::new(&dir.into());
        self
    }

    /// Uses this Verilator.
    #[must_use]
    pub fn verilator(mut self, program: impl Into<PathBuf>) -> Self {
        self.verilator = Some(program.into());
        self
    }

    /// Uses this C++ compiler.
    #[must_use]
    pub fn compiler(mut self, program: impl Into<PathBuf>) -> Self {
        self.compiler = Some(program.into());
        self
    }

    /// Builds a model that can write waveforms. It is a separate model, so the fast one pays nothing.
    #[must_use]
    pub fn trace(mut self, format: TraceFormat) -> Self {
        self.trace = Some(format);
        self
    }

    /// Builds a model faster that runs slower: for models that run once.
    #[must_use]
    pub fn quick(mut self) -> Self {
        self.quick = true;
        self
    }

    /// Builds the model even if it is in the cache, to check that it can be built.
    #[must_use]
    pub fn anew(mut self) -> Self {
        self.anew = true;
        self
    }

    /// Compiles at most `jobs` files at a time; without this call, as many as there are processors.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// The cache directory, if there is one.
    pub fn cache(&self) -> Option<&Path> {
        self.cache.dir()
    }

    /// The model of `design`, built if it is not in the cache, loaded and checked against the port list.
    ///
    /// # Errors
    ///
    /// [`BuildError`], with the output of the program that failed.
    pub fn build(
        &self,
        design: &Design<'_>,
        progress: &mut dyn FnMut(BuildStep),
    ) -> Result<ModelLibrary, BuildError> {
        let toolchain = self.toolchain()?;
        let name = self.entry_name(design, &toolchain)?;
        let built = self
            .cache
            .open()
            .and_then(|cache| self.build_in(&cache, design, &toolchain, &name, progress));
        match built {
            Err(error) if self.cache.may_be_replaced(&error) => {
                let (private, fresh) = OpenCache::private()?;
                if fresh {
                    progress(BuildStep::Private(error.to_string()));
                }
                self.build_in(&private, design, &toolchain, &name, progress)
            }
            built => built,
        }
    }

    fn build_in(
        &self,
        cache: &OpenCache,
        design: &Design<'_>,
        toolchain: &Toolchain,
        name: &str,
        progress: &mut dyn FnMut(BuildStep),
    ) -> Result<ModelLibrary, BuildError> {
        let mut load = |anew: bool| {
            let entry = self.entry(cache, design, toolchain, name, anew, progress)?;
            let fresh = entry.fresh;
            let library = ModelLibrary::open(entry.file, &entry.path, cache.keeper(), design.ports);
            Ok::<_, BuildError>((library, fresh))
        };
        match load(self.anew)? {
            (Ok(library), fresh) => {
                if !fresh {
                    progress(BuildStep::Cached);
                }
                Ok(library)
            }
            // A sealed file that is not a model: made by a broken toolchain, or with another shim format.
            (Err(error), false) if error.may_be_of_another_build() => Ok(load(true)?.0?),
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Verilator's lint of the design under `--lint-only -Wall`: its output, empty if it finds nothing.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if Verilator is missing or does not start. Invalid Verilog is not an error here: the output
    /// reports it.
    pub fn lint(&self, sources: &[Source], top: &str) -> Result<String, BuildError> {
        let toolchain = self.toolchain()?;
        let work = tempfile::tempdir().map_err(BuildError::scratch)?;
        write_sources(work.path(), sources)?;
        let mut verilator = toolchain.verilator();
        verilator
            .current_dir(work.path())
            .arg("--lint-only")
            .arg(compile::WARNINGS)
            .args(["--top-module", top])
            .args(sources.iter().map(file_name));
        let output = command::run(&mut verilator)?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if !output.status.success() && said.is_empty() {
            return Ok(command::words(&output));
        }
        Ok(said)
    }

    fn toolchain(&self) -> Result<Toolchain, BuildError> {
        Toolchain::with(self.verilator.as_deref(), self.compiler.as_deref())
    }

    /// The name of a model in the cache, derived from everything it is made from.
    fn entry_name(&self, design: &Design<'_>, toolchain: &Toolchain) -> Result<String, BuildError> {
        let mut key = Key::default()
            .part(ABI.to_le_bytes())
            .part(toolchain.identity()?)
            .part(shim::template())
            .part(compile::identity(self.trace))
            .part([u8::from(self.quick)])
            .part(design.top);
        for source in design.sources {
            key = key.part(&source.name).part(&source.text);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let top: String = design.top.chars().filter(|&c| plain(c)).take(64).collect();
        Ok(format!("{top}-{}.so", key.hex()))
    }

    /// The model in the cache, made if it is missing, or in any case if `anew`.
    fn entry(
        &self,
        cache: &OpenCache,
        design: &Design<'_>,
        toolchain: &Toolchain,
        name: &str,
        anew: bool,
        progress: &mut dyn FnMut(BuildStep),
    ) -> Result<cache::Entry, BuildError> {
        // Both callbacks report, one after the other.
        let progress = std::cell::RefCell::new(progress);
        cache.entry(
            name,
            anew,
            &mut || (progress.borrow_mut())(BuildStep::Waiting),
            |work| self.make(cache, design, toolchain, work, &mut **progress.borrow_mut()),
        )
    }

    /// Builds the model in `work`.
    fn make(
        &self,
        cache: &OpenCache,
        design: &Design<'_>,
        toolchain: &Toolchain,
        work: &Path,
        progress: &mut dyn FnMut(BuildStep),
    ) -> Result<PathBuf, BuildError> {
        write_sources(work, design.sources)?;
        progress(BuildStep::Verilating);
        let mut verilator = toolchain.verilator();
        verilator
            .current_dir(work)
            .args(compile::VERILATOR_FLAGS)
            .arg(compile::WARNINGS)
            .args(compile::trace_flags(self.trace))
            .args(["--prefix", shim::PREFIX, "--Mdir", compile::OBJECTS])
            .args(["--top-module", design.top])
            .args(design.sources.iter().map(file_name));
        let output = command::run(&mut verilator)?;
        if !output.status.success() {
            return Err(BuildError::Verilator {
                command: command::line(&verilator),
                words: command::words(&output),
            });
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("%Warning") {
            progress(BuildStep::Warned(said.trim().to_owned()));
        }

        let objects = work.join(compile::OBJECTS);
        let header = read(&objects.join(format!("{}.h", shim::PREFIX)))?;
        let ports = shim::ports_of_header(&header);
        if !ports.iter().any(|p| p.name == "clk" && p.bits == 1) {
            return Err(BuildError::NoClock {
                top: design.top.to_owned(),
            });
        }
        let shim_path = objects.join("shim.cpp");
        // Not every version has one; without it, a cycle takes two evaluations.
        let root = objects.join(format!("{}___024root.h", shim::PREFIX));
        let root = fs::read_to_string(root).unwrap_or_default();
        // Only a design that does nothing on a falling edge may skip one.
        let rising_only = !design.sources.iter().any(|s| s.text.contains("negedge"));
        let clock_before =
            shim::clock_before(&root).filter(|_| rising_only && self.trace.is_none());
        write(
            &shim_path,
            &shim::generate(&ports, self.trace, clock_before),
        )?;
        compile::Compilation {
            toolchain,
            cache,
            objects: &objects,
            trace: self.trace,
            quick: self.quick,
            jobs: self.jobs,
        }
        .run(progress)
    }
}

/// The name under which a source is written: without directories.
fn file_name(source: &Source) -> &str {
    Path::new(&source.name)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("source.v")
}

fn write_sources(dir: &Path, sources: &[Source]) -> Result<(), BuildError> {
    for source in sources {
        write(&dir.join(file_name(source)), &source.text)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, BuildError> {
    fs::read_to_string(path).map_err(|source| BuildError::Work {
        path: path.to_owned(),
        source,
    })
}

fn write(path: &Path, text: &str) -> Result<(), BuildError> {
    fs::write(path, text).map_err(|source| BuildError::Work {
        path: path.to_owned(),
        source,
    })
}
