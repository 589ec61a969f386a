//! Child processes: `_posixsubprocess.fork_exec` over `std::process`, and the parts of `posix` that start, await and
//! signal processes (CPython's Modules/_posixsubprocess.c and posixmodule.c).
//!
//! Nothing forks into Python code: what CPython does between fork and exec is told to std, which does it in safe code.
//! So there is no `preexec_fn` and no `os.fork`. What std lacks: a session of its own (process-wrap), and `pass_fds`, for which
//! descriptors are made inheritable while the one child is started. `os.putenv` does not touch the process's environment, which
//! other threads may be reading; children get what it changed. A wait sleeps on the child's pidfd.
use crate::gil;
use crate::posix::{self, path_arg};
use lasti_core::objects::Module;
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use process_wrap::std::{CommandWrap, ProcessSession};
use rustix::event::PollFlags;
use rustix::process::{Pid, WaitOptions, WaitStatus};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// One child is started at a time: meanwhile descriptors are made inheritable that no other child is to get.
static STARTING: Mutex<()> = Mutex::new(());

/// What `os.putenv` and `os.unsetenv` changed; children get it. (The process's own environment is left alone: other
/// threads may be reading it.)
#[derive(Default)]
struct Environment(RefCell<BTreeMap<OsString, Option<OsString>>>);

fn change_environment(vm: &Vm, name: OsString, value: Option<OsString>) {
    let env = vm.module_state(Environment::default);
    env.0.borrow_mut().insert(name, value);
}

/// Gives a command the environment that Python sees.
fn inherit_environment(vm: &Vm, command: &mut Command) {
    for (name, value) in vm.module_state(Environment::default).0.borrow().iter() {
        match value {
            Some(v) => command.env(name, v),
            None => command.env_remove(name),
        };
    }
}

pub fn register(vm: &Vm) {
    vm.register_module("_posixsubprocess", |vm| {
        let m = vm.new_module("_posixsubprocess");
        vm.add_functions(&m, REGISTER_FUNCTIONS);
        Ok(m)
    });
}

lasti_core::methods! { REGISTER_FUNCTIONS =
    "fork_exec" "fork_exec($module, args, executable_list, close_fds, pass_fds, cwd, env, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, errpipe_write, restore_signals, call_setsid, pgid_to_set, gid, extra_groups, uid, child_umask, preexec_fn, /)\n--\n\nSpawn a fresh new child process." fork_exec;
}

/// What to start.
struct Plan {
    argv: Vec<OsString>,
    /// Tried in turn.
    executables: Vec<PathBuf>,
    cwd: Option<PathBuf>,
    env: Option<Vec<(OsString, OsString)>>,
    stdio: [Option<OwnedFd>; 3],
    new_session: bool,
    process_group: Option<i32>,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl Plan {
    fn command(&self, vm: &Vm, executable: &OsStr) -> io::Result<Command> {
        let mut c = Command::new(executable);
        if let Some(name) = self.argv.first() {
            c.arg0(name);
        }
        c.args(self.argv.iter().skip(1));
        if let Some(d) = &self.cwd {
            c.current_dir(d);
        }
        match &self.env {
            Some(env) => {
                c.env_clear();
                c.envs(env.iter().map(|(k, v)| (k, v)));
            }
            None => inherit_environment(vm, &mut c),
        }
        let stdio = |fd: &Option<OwnedFd>| {
            Ok::<_, io::Error>(match fd {
                Some(fd) => Stdio::from(fd.try_clone()?),
                None => Stdio::inherit(),
            })
        };
        c.stdin(stdio(&self.stdio[0])?);
        c.stdout(stdio(&self.stdio[1])?);
        c.stderr(stdio(&self.stdio[2])?);
        if let Some(g) = self.process_group {
            c.process_group(g);
        }
        if let Some(g) = self.gid {
            c.gid(g);
        }
        if let Some(u) = self.uid {
            c.uid(u);
        }
        Ok(c)
    }

    /// Starts the first executable that there is; the child's number. As in CPython, an error other than "not there"
    /// is the one reported.
    fn start(&self, vm: &Vm) -> io::Result<u32> {
        let mut error = io::Error::from_raw_os_error(libc::ENOENT);
        for path in &self.executables {
            let path = path.as_os_str();
            // std looks names without a slash up in PATH.
            let path = if path.as_bytes().contains(&b'/') {
                path.to_owned()
            } else {
                let mut here = OsString::from("./");
                here.push(path);
                here
            };
            let command = self.command(vm, &path)?;
            let started = if self.new_session {
                let mut wrapped = CommandWrap::from(command);
                wrapped.wrap(ProcessSession).spawn().map(|c| c.id())
            } else {
                let mut command = command;
                command.spawn().map(|c| c.id())
            };
            match started {
                Ok(id) => return Ok(id),
                Err(e) => {
                    let absent = |e: &io::Error| {
                        matches!(e.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR))
                    };
                    if absent(&error) {
                        error = e;
                    }
                }
            }
        }
        Err(error)
    }
}

fn os_string(vm: &Vm, v: &Value) -> PyResult<OsString> {
    Ok(path_arg(vm, v)?.into_os_string())
}

fn number(vm: &Vm, v: &Value) -> PyResult<Option<i64>> {
    if v.is_none() {
        return Ok(None);
    }
    vm.to_i64(v).map(Some)
}

fn fork_exec(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [
        args,
        executables,
        close_fds,
        keep,
        cwd,
        env,
        stdin,
        _,
        _,
        stdout,
        _,
        stderr,
        _,
        errors,
        _,
        new_session,
        group,
        gid,
        gids,
        uid,
        umask,
        preexec,
    ] = a.exactly::<22>(vm, "fork_exec")?;
    if !preexec.is_none() {
        return Err(
            vm.runtime_error("preexec_fn not supported: no Python code runs between fork and exec")
        );
    }
    if !gids.is_none() {
        return Err(vm.os_error_parts(libc::ENOSYS, "extra_groups is not supported", None));
    }
    let strings = |v: &Value| -> PyResult<Vec<OsString>> {
        vm.collect(v)?.iter().map(|s| os_string(vm, s)).collect()
    };
    let env = match env.is_none() {
        true => None,
        false => Some(
            strings(env)?
                .into_iter()
                .filter_map(split_variable)
                .collect(),
        ),
    };
    let cwd = match cwd.is_none() {
        true => None,
        false => Some(path_arg(vm, cwd)?),
    };
    let stream = |v: &Value| -> PyResult<Option<OwnedFd>> {
        match vm.to_i64(v)? {
            -1 => Ok(None),
            _ => posix::duplicate(vm, v).map(Some),
        }
    };
    let id = |v: &Value| Ok::<_, lasti_core::Exc>(number(vm, v)?.map(|n| n as u32));
    let plan = Plan {
        argv: strings(args)?,
        executables: strings(executables)?
            .into_iter()
            .map(PathBuf::from)
            .collect(),
        cwd,
        env,
        stdio: [stream(stdin)?, stream(stdout)?, stream(stderr)?],
        new_session: vm.is_true(new_session)?,
        process_group: match vm.to_i64(group)? {
            n if n >= 0 => Some(n as i32),
            _ => None,
        },
        uid: id(uid)?,
        gid: id(gid)?,
    };
    let error_pipe = vm.to_i64(errors)? as RawFd;
    let mut pass = Vec::new();
    for fd in vm.collect(keep)? {
        let fd = vm.to_i64(&fd)? as RawFd;
        if fd != error_pipe && fd > 2 {
            pass.push(fd);
        }
    }
    let others = vm.is_true(close_fds)?;
    let started = match check_folder(&plan) {
        Err(e) => Err((e, "noexec:chdir")),
        Ok(()) => start(vm, &plan, &pass, others, vm.to_i64(umask)?).map_err(|e| (e, "")),
    };
    match started {
        Ok(pid) => Ok(vm.new_int(pid as i64)),
        Err((e, what)) => {
            // Told as a child tells its parent; the number is one that nobody can wait for.
            let text = format!(
                "OSError:{:X}:{what}",
                e.raw_os_error().unwrap_or(libc::EINVAL)
            );
            posix::write_bytes(vm, errors, text.as_bytes())?;
            Ok(vm.new_int(std::process::id() as i64))
        }
    }
}

fn split_variable(v: OsString) -> Option<(OsString, OsString)> {
    let bytes = v.into_vec();
    let at = bytes.iter().skip(1).position(|b| *b == b'=')? + 1;
    let value = OsString::from_vec(bytes[at + 1..].to_vec());
    Some((OsString::from_vec(bytes[..at].to_vec()), value))
}

/// Whether the child's folder can be gone to; std does not tell that failure from one of exec.
fn check_folder(plan: &Plan) -> io::Result<()> {
    if let Some(d) = &plan.cwd {
        OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_PATH | libc::O_DIRECTORY)
            .open(d)?;
    }
    Ok(())
}

/// Starts a child that gets the descriptors in `pass`, and of the inheritable ones either none or all.
fn start(vm: &Vm, plan: &Plan, pass: &[RawFd], close: bool, umask: i64) -> io::Result<u32> {
    let guard = STARTING.lock().unwrap_or_else(|e| e.into_inner());
    let changed = posix::choose_inherited(vm, pass, close);
    let old =
        (umask >= 0).then(|| rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask as u32)));
    let r = plan.start(vm);
    if let Some(old) = old {
        rustix::process::umask(old);
    }
    posix::restore_inherited(vm, changed);
    drop(guard);
    r
}

// ---- waiting ----

/// The number of a process or group, which is above 0.
fn positive(n: i64) -> Option<Pid> {
    i32::try_from(n)
        .ok()
        .filter(|n| *n > 0)
        .and_then(Pid::from_raw)
}

fn wait_once(pid: i64, options: WaitOptions) -> io::Result<Option<(Pid, WaitStatus)>> {
    let target = |n: i64| positive(n).ok_or_else(|| io::Error::from_raw_os_error(libc::ECHILD));
    Ok(match pid {
        -1 => rustix::process::wait(options),
        0 => rustix::process::waitpid(None, options),
        n if n > 0 => rustix::process::waitpid(Some(target(n)?), options),
        n => rustix::process::waitpgid(target(n.checked_neg().unwrap_or(i64::MAX))?, options),
    }?)
}

/// Waits until a process of those that `pid` names has changed, which is then to be asked for.
fn wait_for_change(vm: &Vm, pid: i64, options: WaitOptions) -> PyResult<()> {
    use rustix::process::{PidfdFlags, WaitId, WaitIdOptions, waitid};
    let ends_only = !options.intersects(WaitOptions::UNTRACED | WaitOptions::CONTINUED);
    if ends_only
        && let Some(one) = positive(pid)
        && let Ok(fd) = rustix::process::pidfd_open(one, PidfdFlags::empty())
    {
        let _ = crate::wait::poll(vm, &mut [(fd.as_fd(), PollFlags::IN)], None)?;
        return Ok(());
    }
    let mut wanted = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    wanted.set(
        WaitIdOptions::STOPPED,
        options.contains(WaitOptions::UNTRACED),
    );
    wanted.set(
        WaitIdOptions::CONTINUED,
        options.contains(WaitOptions::CONTINUED),
    );
    let change = move || {
        let id = match pid {
            -1 => WaitId::All,
            0 => WaitId::Pgid(None),
            n if n > 0 => positive(n).map_or(WaitId::All, WaitId::Pid),
            n => WaitId::Pgid(n.checked_neg().and_then(positive)),
        };
        waitid(id, wanted).map(drop)
    };
    // A failure is found again by who asks.
    let _ = crate::wait::call(vm, change, drop)?;
    Ok(())
}

fn waitpid(vm: &Vm, pid: i64, options: i64) -> PyResult<(i64, i32)> {
    let options = WaitOptions::from_bits_retain(options as u32);
    loop {
        match wait_once(pid, options | WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => {
                return Ok((pid.as_raw_nonzero().get() as i64, status.as_raw()));
            }
            Ok(None) if options.contains(WaitOptions::NOHANG) => return Ok((0, 0)),
            Ok(None) => wait_for_change(vm, pid, options)?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(vm.os_error(&e, None)),
        }
        gil::check_interrupts(vm)?;
    }
}

fn process(vm: &Vm, v: &Value) -> PyResult<Pid> {
    positive(vm.to_i64(v)?).ok_or_else(|| vm.os_error_parts(libc::EINVAL, "Invalid argument", None))
}

/// As C's `int`, with CPython's OverflowError.
fn pid_of(vm: &Vm, pid: i64) -> PyResult<nix::unistd::Pid> {
    match i32::try_from(pid) {
        Ok(pid) => Ok(nix::unistd::Pid::from_raw(pid)),
        Err(_) if pid < 0 => Err(vm.overflow_error("signed integer is less than minimum")),
        Err(_) => Err(vm.overflow_error("signed integer is greater than maximum")),
    }
}

/// Sends a signal to another process or group.
pub fn send_signal(vm: &Vm, pid: i64, sig: i64) -> PyResult<()> {
    use nix::sys::signal::{Signal, kill};
    let fail = |e: nix::errno::Errno| vm.os_error(&io::Error::from_raw_os_error(e as i32), None);
    let signal = match sig {
        0 => None,
        n => Some(Signal::try_from(n as i32).map_err(fail)?),
    };
    kill(pid_of(vm, pid)?, signal).map_err(fail)
}

/// Replaces the process; returns only with an error.
fn exec(vm: &Vm, path: &Value, args: &Value, env: Option<&Value>) -> PyResult<Value> {
    let program = path_arg(vm, path)?;
    let mut argv = Vec::new();
    for a in vm.collect(args)? {
        argv.push(os_string(vm, &a)?);
    }
    let Some((name, rest)) = argv.split_first() else {
        return Err(vm.value_error("execv() arg 2 must not be empty"));
    };
    let mut program = program.into_os_string();
    if !program.as_bytes().contains(&b'/') {
        program = OsString::from_vec([b"./", program.as_bytes()].concat());
    }
    let mut c = Command::new(program);
    c.arg0(name).args(rest);
    match env {
        None => inherit_environment(vm, &mut c),
        Some(env) => {
            c.env_clear();
            let items = vm.call_method(env, "items", &[])?;
            for pair in vm.collect(&items)? {
                if let [k, v] = &vm.collect(&pair)?[..] {
                    c.env(os_string(vm, k)?, os_string(vm, v)?);
                }
            }
        }
    }
    let e = c.exec();
    Err(vm.os_error(&e, Some(path.clone())))
}

/// Adds what `os` offers for processes.
pub fn add(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, ADD_FUNCTIONS);
    for (name, n) in [
        ("WNOHANG", libc::WNOHANG),
        ("WUNTRACED", libc::WUNTRACED),
        ("WCONTINUED", libc::WCONTINUED),
    ] {
        vm.add_value(m, name, vm.new_int(n as i64));
    }
}

lasti_core::methods! { ADD_FUNCTIONS =
    "waitpid" "waitpid($module, pid, options, /)\n--\n\n" waitpid_function;
    "wait" "wait($module, /)\n--\n\n" wait;
    "pidfd_open" "pidfd_open($module, /, pid, flags=0)\n--\n\n" pidfd_open;
    "system" "system($module, /, command)\n--\n\n" system;
    "execv" "execv($module, path, argv, /)\n--\n\n" execv;
    "execve" "execve($module, /, path, argv, env)\n--\n\n" execve;
    "putenv" "putenv($module, name, value, /)\n--\n\n" putenv;
    "unsetenv" "unsetenv($module, name, /)\n--\n\n" unsetenv;
    "killpg" "killpg($module, pgid, signal, /)\n--\n\n" killpg;
    "umask" "umask($module, mask, /)\n--\n\n" umask;
    "getuid" "getuid($module, /)\n--\n\n" getuid;
    "geteuid" "geteuid($module, /)\n--\n\n" geteuid;
    "getgid" "getgid($module, /)\n--\n\n" getgid;
    "getegid" "getegid($module, /)\n--\n\n" getegid;
    "getpgrp" "getpgrp($module, /)\n--\n\n" getpgrp;
    "setsid" "setsid($module, /)\n--\n\n" setsid;
    "getpgid" "getpgid($module, /, pid)\n--\n\n" getpgid;
    "getsid" "getsid($module, pid, /)\n--\n\n" getsid;
}

fn waitpid_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [pid, options] = a.exactly::<2>(vm, "waitpid")?;
    let (pid, status) = waitpid(vm, vm.to_i64(pid)?, vm.to_i64(options)?)?;
    Ok(vm.tuple_value([vm.new_int(pid), vm.new_int(status as i64)]))
}

fn wait(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "wait")?;
    let (pid, status) = waitpid(vm, -1, 0)?;
    Ok(vm.tuple_value([vm.new_int(pid), vm.new_int(status as i64)]))
}

fn pidfd_open(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [pid, _] = a.bind(vm, "pidfd_open", ["pid", "flags"], 1)?;
    let pid = process(vm, pid.unwrap_or(&Value::NONE))?;
    let flags = rustix::process::PidfdFlags::empty();
    let fd = rustix::process::pidfd_open(pid, flags)
        .map_err(|e| vm.os_error(&io::Error::from(e), None))?;
    Ok(vm.new_int(posix::adopt(vm, File::from(fd)) as i64))
}

fn system(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [command] = a.bind(vm, "system", ["command"], 1)?;
    let command = os_string(vm, command.unwrap_or(&Value::NONE))?;
    let mut c = Command::new("/bin/sh");
    c.arg("-c").arg(command);
    inherit_environment(vm, &mut c);
    // As in C, where the caller ignores SIGINT meanwhile: the command gets it, and the wait goes on.
    let status = gil::blocking(vm, || c.status());
    let status = status.map_err(|e| vm.os_error(&e, None))?;
    Ok(vm.new_int(status.into_raw() as i64))
}

fn execv(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [path, args] = a.exactly::<2>(vm, "execv")?;
    exec(vm, path, args, None)
}

fn execve(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [path, args, env] = a.bind(vm, "execve", ["path", "argv", "env"], 3)?;
    let none = Value::NONE;
    exec(vm, path.unwrap_or(&none), args.unwrap_or(&none), env)
}

fn putenv(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [name, value] = a.exactly::<2>(vm, "putenv")?;
    change_environment(vm, os_string(vm, name)?, Some(os_string(vm, value)?));
    Ok(Value::NONE)
}

fn unsetenv(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [name] = a.exactly::<1>(vm, "unsetenv")?;
    change_environment(vm, os_string(vm, name)?, None);
    Ok(Value::NONE)
}

fn killpg(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [group, sig] = a.exactly::<2>(vm, "killpg")?;
    let group = vm.to_i64(group)?;
    send_signal(vm, group.checked_neg().unwrap_or(0), vm.to_i64(sig)?)?;
    Ok(Value::NONE)
}

fn umask(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [mask] = a.exactly::<1>(vm, "umask")?;
    let mask = rustix::fs::Mode::from_raw_mode(vm.to_i64(mask)? as u32);
    Ok(vm.new_int(rustix::process::umask(mask).as_raw_mode() as i64))
}

fn getuid(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(rustix::process::getuid().as_raw() as i64))
}

fn geteuid(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(rustix::process::geteuid().as_raw() as i64))
}

fn getgid(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(rustix::process::getgid().as_raw() as i64))
}

fn getegid(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(rustix::process::getegid().as_raw() as i64))
}

fn getpgrp(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(nix::unistd::getpgrp().as_raw() as i64))
}

fn setsid(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    rustix::process::setsid().map_err(|e| vm.os_error(&io::Error::from(e), None))?;
    Ok(Value::NONE)
}

/// A process, group or session id as the kernel gives it: 0 for one that this process's pid
/// namespace does not have, which `rustix` takes to be impossible.
fn of_process(
    vm: &Vm,
    a: Args,
    name: &str,
    get: fn(Option<nix::unistd::Pid>) -> nix::Result<nix::unistd::Pid>,
) -> PyResult<Value> {
    let [pid] = a.exactly::<1>(vm, name)?;
    let pid = pid_of(vm, vm.to_i64(pid)?)?;
    let found = get(Some(pid)).map_err(|e| vm.os_error(&io::Error::from(e), None))?;
    Ok(vm.new_int(found.as_raw() as i64))
}

fn getpgid(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    of_process(vm, a, "getpgid", nix::unistd::getpgid)
}

fn getsid(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    of_process(vm, a, "getsid", nix::unistd::getsid)
}
