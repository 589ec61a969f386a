//! The command line: `lasti script.py args...`, `-c`, `-m`, `-`, with CPython's options, messages and exit codes.
mod bench;
mod leaks;

use crate::interpreter::{Interpreter, Settings};
use crate::uncaught;
use lasti_core::objects::Module;
use lasti_core::{Exc, PyResult, Ref, Value};
use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, Read};

const USAGE: &str = "\
usage: lasti [option] ... [-c cmd | -m mod | file | -] [arg] ...
       lasti dis file [-f function] [--run-to line] [arg] ...
       lasti bench [option] ...   (measures this machine: see lasti bench --help)
Options:
-c cmd : program passed in as string (terminates option list)
-m mod : run library module as a script (terminates option list)
-O     : remove assert statements and __debug__-dependent code
-OO    : do -O changes and also discard docstrings
-E     : ignore PYTHON* environment variables
-I     : isolate from the user's environment (implies -E)
-P     : don't prepend a potentially unsafe path to sys.path
-u -B -s -S -q -v -W arg -X opt : accepted
-V     : print the version number and exit (also --version)
-h     : print this help message and exit (also -? or --help)
file   : program read from script file
-      : program read from stdin
arg ...: arguments passed to program in sys.argv[1:]
dis    : print the wordcode of a file, with --run-to of where its run stands (lasti dis --help)
Environment: LASTI_LOG=FILTER prints what the scheduler does (tracing-subscriber's filter syntax);
LASTI_FREELIST=0 switches the free lists off; LASTI_GC_STRESS=N collects at every N-th container;
LASTI_LEAK_CHECK=1 runs a file three times and prints what each run leaves behind; PYTHONPATH, PYTHONHASHSEED,
PYTHONIOENCODING, PYTHONUTF8 as in CPython.
";

/// What to run.
enum Program {
    Command(String),
    Module(String),
    File(OsString),
    Stdin,
}

struct Options {
    program: Program,
    args: Vec<OsString>,
    settings: Settings,
    safe_path: bool,
}

/// Notes which standard streams the process was started without; to be called before `main`.
pub fn note_closed_streams() {
    crate::modules::sys::stdio::note_closed();
}

/// Runs the command line and gives the exit code.
pub fn main(args: Vec<OsString>) -> i32 {
    // A script of this name runs as `./bench`.
    if args.get(1).is_some_and(|a| a == "bench") {
        let rest: Vec<String> = args[2..].iter().map(|a| lossy(a)).collect();
        return bench::main(&rest);
    }
    let options = match parse(args) {
        Ok(o) => o,
        Err(code) => return code,
    };
    run(options)
}

fn lossy(s: &OsStr) -> String {
    s.to_string_lossy().into_owned()
}

/// How the command names itself in its messages.
fn command_name() -> String {
    std::env::args_os()
        .next()
        .map_or_else(|| "lasti".into(), |a| lossy(&a))
}

fn parse(args: Vec<OsString>) -> Result<Options, i32> {
    let mut settings = Settings::default();
    let mut safe_path = false;
    let mut args = args.into_iter().skip(1);
    let missing = |c: char| {
        eprint!("Argument expected for the -{c} option\n{}", short_usage());
        2
    };
    let mut program = None;
    'options: while let Some(arg) = args.next() {
        match &*arg.to_string_lossy() {
            "-" => {
                program = Some(Program::Stdin);
                break;
            }
            "--help" => {
                print!("{USAGE}");
                return Err(0);
            }
            "--version" => {
                println!("{}", version());
                return Err(0);
            }
            a if a.starts_with("--") => {
                eprint!("unknown option {a}\n{}", short_usage());
                return Err(2);
            }
            a if a.starts_with('-') => {
                let letters: Vec<char> = a[1..].chars().collect();
                for (i, c) in letters.iter().enumerate() {
                    let rest: String = letters[i + 1..].iter().collect();
                    match c {
                        'c' | 'm' => {
                            let text = if rest.is_empty() {
                                args.next().map(|a| lossy(&a))
                            } else {
                                Some(rest)
                            };
                            let text = text.ok_or_else(|| missing(*c))?;
                            program = Some(if *c == 'c' {
                                Program::Command(text)
                            } else {
                                Program::Module(text)
                            });
                            break 'options;
                        }
                        'W' | 'X' => {
                            let text = if rest.is_empty() {
                                args.next().map(|a| lossy(&a))
                            } else {
                                Some(rest)
                            };
                            let text = text.ok_or_else(|| missing(*c))?;
                            match (c, &*text) {
                                ('X', "dev") => settings.dev_mode = true,
                                ('X', "utf8" | "utf8=1") => settings.utf8_mode = Some(true),
                                ('X', "utf8=0") => settings.utf8_mode = Some(false),
                                _ => {}
                            }
                            break;
                        }
                        'O' => settings.optimize = (settings.optimize + 1).min(2),
                        'E' => settings.ignore_environment = true,
                        'I' => {
                            settings.ignore_environment = true;
                            safe_path = true;
                        }
                        'P' => safe_path = true,
                        'V' => {
                            println!("{}", version());
                            return Err(0);
                        }
                        'h' | '?' => {
                            print!("{USAGE}");
                            return Err(0);
                        }
                        'u' | 'B' | 's' | 'S' | 'q' | 'v' | 'i' | 'b' | 'd' | 'x' => {}
                        other => {
                            eprint!("Unknown option: -{other}\n{}", short_usage());
                            return Err(2);
                        }
                    }
                }
            }
            // A script of that name goes first.
            "dis" if !std::path::Path::new(&arg).exists() => {
                program = Some(Program::Module("_dis_command".to_owned()));
                break;
            }
            _ => {
                program = Some(Program::File(arg));
                break;
            }
        }
    }
    Ok(Options {
        program: program.unwrap_or(Program::Stdin),
        args: args.collect(),
        settings,
        safe_path,
    })
}

/// Prints what LASTI_LOG asks for.
fn log_to_stderr() -> Result<(), i32> {
    let Some(filter) = std::env::var_os("LASTI_LOG").filter(|f| !f.is_empty()) else {
        return Ok(());
    };
    let bad = |why: &dyn std::fmt::Display| {
        eprintln!(
            "lasti: LASTI_LOG={}: {why} (a filter is a level, or TARGET=LEVEL with commas between; \
             the targets are lasti::task, lasti::loop, lasti::poll and lasti::embed)",
            filter.display()
        );
        2
    };
    let text = filter.to_str().ok_or_else(|| bad(&"not UTF-8"))?;
    let filter = tracing_subscriber::EnvFilter::try_new(text).map_err(|e| bad(&e))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_timer(tracing_subscriber::fmt::time::uptime())
        .with_ansi(false)
        .with_writer(std::io::stderr)
        // A closed stderr is nothing to fail over.
        .log_internal_errors(false)
        .try_init()
        .map_err(|e| bad(&e))
}

fn short_usage() -> &'static str {
    "usage: lasti [option] ... [-c cmd | -m mod | file | -] [arg] ...\nTry `lasti -h' for more information.\n"
}

fn version() -> String {
    format!(
        "lasti {} (Python {})",
        env!("CARGO_PKG_VERSION"),
        crate::modules::sys::VERSION
    )
}

fn run(options: Options) -> i32 {
    let Options {
        program,
        args,
        mut settings,
        safe_path,
    } = options;
    let argv0 = match &program {
        Program::Command(_) => "-c".into(),
        Program::Module(_) => "-m".into(),
        Program::File(f) => f.clone(),
        Program::Stdin => {
            if args.is_empty() {
                OsString::new()
            } else {
                "-".into()
            }
        }
    };
    settings.argv = std::iter::once(argv0).chain(args).collect();
    if !safe_path {
        settings.path.push(match &program {
            Program::File(f) => script_folder(f),
            Program::Module(_) => std::env::current_dir()
                .map(|p| crate::host::name_of(&p))
                .unwrap_or_default(),
            _ => String::new(),
        });
    }
    if let Err(code) = log_to_stderr() {
        return code;
    }
    // A missing file is told before anything is set up.
    let source = match &program {
        Program::File(f) => match read_script(f) {
            Ok(bytes) => Some(bytes),
            Err(code) => return code,
        },
        Program::Stdin => {
            let mut bytes = Vec::new();
            if std::io::stdin().is_terminal() {
                eprintln!("lasti: reading a program from the terminal; end it with Ctrl-D");
            }
            if let Err(e) = std::io::stdin().lock().read_to_end(&mut bytes) {
                eprintln!("lasti: can't read standard input: {e}");
                return 1;
            }
            Some(bytes)
        }
        _ => None,
    };
    use_huge_pages(false);
    let interpreter = Interpreter::new(settings);
    use_huge_pages(true);
    let vm = interpreter.vm().clone();
    crate::modules::signal::install_interrupt(&vm);
    let result = match program {
        Program::Command(text) => {
            let main = interpreter.main_module();
            let kept = vm.module_state(crate::host::CommandText::default);
            kept.0.replace(Some(text.clone()));
            run_source(&interpreter, &main, text.as_bytes(), "<string>")
        }
        Program::File(f) => {
            let main = interpreter.main_module();
            let path = std::path::Path::new(&f);
            let folder = path.is_dir();
            let f = if folder {
                path.join("__main__.py")
            } else {
                path.to_owned()
            };
            // As it was given, behind the folder that it is in.
            let f = std::env::current_dir().map_or_else(|_| f.clone(), |d| d.join(&f));
            let f = crate::host::name_of(&f);
            let shown = vm.name_value(&f);
            if folder {
                let spec = vm.new_module_spec("__main__", &f, None);
                vm.dict_set_str(&main.dict, &vm.names.spec, spec);
                vm.dict_set_str(&main.dict, &vm.names.package, vm.str_value(""));
            }
            vm.add_value(&main, "__file__", shown);
            let options = lasti_compiler::Options {
                optimize: vm.flags.optimize,
                is_script: true,
                ..Default::default()
            };
            let source = source.unwrap_or_default();
            let run = |main: &Ref<Module>| {
                vm.compile_with(&source, &f, lasti_compiler::Mode::Exec, options.clone())
                    .and_then(|code| vm.exec_code(&code, &main.dict))
            };
            if leaks::wanted() {
                let leaked = leaks::check(&interpreter, || {
                    let main = interpreter.main_module();
                    vm.add_value(&main, "__file__", vm.name_value(&f));
                    run(&main)
                });
                crate::uncaught::flush_stdout(&vm);
                return leaked as i32;
            }
            run(&main)
        }
        Program::Stdin => {
            let main = interpreter.main_module();
            run_source(&interpreter, &main, &source.unwrap_or_default(), "<stdin>")
        }
        Program::Module(name) => run_module(&interpreter, &name),
    };
    let code = end(&interpreter, result);
    // The process ends here: what is left of the heap goes with it, unvisited.
    std::mem::forget(interpreter);
    code
}

/// Reports the script's result, runs what is due at exit, and gives the exit code.
fn end(interpreter: &Interpreter, result: PyResult<Value>) -> i32 {
    let vm = interpreter.vm();
    let interrupted = matches!(&result, Err(e) if vm.exc_is(e, &vm.exc.keyboard_interrupt));
    let mut code = match result {
        Ok(_) => 0,
        Err(e) => uncaught::report(vm, e),
    };
    if let Err(e) = interpreter.finish() {
        let c = uncaught::report(vm, e);
        code = if code == 0 { c } else { code };
    }
    // Most scripts leave nothing that somebody would hear of.
    if vm.heap.has_finalizers() {
        crate::interpreter::clear_main(vm);
    }
    if !uncaught::flush_at_exit(vm) {
        code = 120;
    }
    if interrupted && code == 130 {
        // The caller sees that the signal ended the process, so that a loop in a shell stops too.
        crate::modules::signal::die_of(libc::SIGINT);
    }
    code
}

fn run_source(
    interpreter: &Interpreter,
    main: &Ref<Module>,
    source: &[u8],
    filename: &str,
) -> PyResult<Value> {
    interpreter.exec(source, filename, &main.dict)
}

/// `-m name`: the module, or a package's `__main__`, run as `__main__`.
fn run_module(interpreter: &Interpreter, name: &str) -> PyResult<Value> {
    use lasti_core::host::ModuleSource;
    let vm = interpreter.vm();
    let exe = command_name();
    let parent = match name.rsplit_once('.') {
        Some((p, _)) => Some(vm.import_dotted(p)?),
        None => None,
    };
    let path = match &parent {
        Some(p) => {
            let entries = vm.collect(&vm.getattr(p, &vm.names.path)?)?;
            Some(crate::host::names_of(&entries))
        }
        None => None,
    };
    let mut found = vm.host.find_module(vm, name, path.as_deref())?;
    let mut package = name.rsplit_once('.').map_or("", |(p, _)| p).to_owned();
    if let Some(
        ModuleSource::Source { package: true, .. } | ModuleSource::Frozen { package: true, .. },
    ) = &found
    {
        let p = vm.import_dotted(name)?;
        let entries = vm.collect(&vm.getattr(&p, &vm.names.path)?)?;
        let entries = crate::host::names_of(&entries);
        package = name.to_owned();
        found = vm
            .host
            .find_module(vm, &format!("{name}.__main__"), Some(&entries))?;
        if found.is_none() {
            uncaught::write_stderr(
                vm,
                &format!(
                    "{exe}: No module named {name}.__main__; '{name}' is a package and cannot be directly executed\n"
                ),
            );
            return Err(Exc(
                vm.call(vm.exc.system_exit.as_value(), &[Value::small_int(1)])?
            ));
        }
    }
    let Some(found) = found else {
        uncaught::write_stderr(vm, &format!("{exe}: No module named {name}\n"));
        return Err(Exc(
            vm.call(vm.exc.system_exit.as_value(), &[Value::small_int(1)])?
        ));
    };
    let main = interpreter.main_module();
    vm.dict_set_str(&main.dict, &vm.names.package, vm.str_value(&package));
    let (code, filename) = match found {
        ModuleSource::Source {
            bytes, filename, ..
        } => (
            vm.compile(&bytes, &filename, lasti_compiler::Mode::Exec)?,
            filename,
        ),
        ModuleSource::Frozen { image, .. } => {
            let filename = image.filename().to_owned();
            (vm.new_frozen_code(image), filename)
        }
    };
    vm.dict_set_str(&main.dict, &vm.names.file, vm.name_value(&filename));
    let full = if package == name {
        format!("{name}.__main__")
    } else {
        name.to_owned()
    };
    let spec = vm.new_module_spec(&full, &filename, None);
    vm.dict_set_str(&main.dict, &vm.names.spec, spec);
    if let Some(sys) = vm.sys.get()
        && let Some(argv) = vm.dict_get(&sys.dict, "argv")
        && let Some(l) = argv.downcast::<lasti_core::objects::List>()
    {
        l.set(0, vm.name_value(&filename));
    }
    vm.run_code(&vm.function_of_code(&code, &main.dict), main.dict.value())
}

fn script_folder(file: &OsStr) -> String {
    let path = std::fs::canonicalize(file).unwrap_or_else(|_| file.into());
    // A folder is searched itself.
    let folder = if path.is_dir() {
        Some(&*path)
    } else {
        path.parent()
    };
    folder.map(crate::host::name_of).unwrap_or_default()
}

fn read_script(file: &OsStr) -> Result<Vec<u8>, i32> {
    let path = std::path::Path::new(file);
    let path = if path.is_dir() {
        path.join("__main__.py")
    } else {
        path.to_owned()
    };
    std::fs::read(&path).map_err(|e| {
        let exe = command_name();
        let errno = e.raw_os_error().unwrap_or(0);
        if errno == 2 && path.ends_with("__main__.py") {
            let full = std::env::current_dir()
                .map(|d| d.join(file))
                .unwrap_or_else(|_| file.into());
            eprintln!(
                "{exe}: can't find '__main__' module in '{}'",
                full.display()
            );
            return 1;
        }
        let full = std::env::current_dir()
            .map(|d| d.join(&path))
            .unwrap_or_else(|_| path.clone());
        let text = e.to_string();
        let text = text.split(" (os error").next().unwrap_or_default();
        eprintln!(
            "{exe}: can't open file '{}': [Errno {errno}] {text}",
            full.display()
        );
        2
    })
}

/// Whether memory that is touched from now on may come in huge pages. One is zeroed whole when its first byte is touched, so
/// that setting up an interpreter would pay milliseconds for memory that a short script never uses. The setting would pass
/// on to child processes, so it does not stay. What fails here costs only time.
pub fn use_huge_pages(on: bool) {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_thp_disable(!on);
    #[cfg(not(target_os = "linux"))]
    let _ = on;
}
