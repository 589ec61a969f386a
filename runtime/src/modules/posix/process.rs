//! The functions of `posix` that start, await and signal processes. `os.putenv` does not touch the process's environment, which other
//! threads may be reading; children get what it changed. A wait sleeps on the child's pidfd.
use crate::gil;
use crate::modules::signal;
use crate::os::path::{os_string, path_arg};
use crate::os::{environ, fd};
use crate::wait;
use lasti_core::objects::Module;
use lasti_core::{Args, PyResult, Ref, Value, Vm};
use rustix::event::PollFlags;
use rustix::process::{Pid, WaitOptions, WaitStatus};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

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
        let _ = wait::poll(vm, &mut [(fd.as_fd(), PollFlags::IN)], None)?;
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
    let _ = wait::call(vm, change, drop)?;
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
        None => environ::inherit(vm, &mut c),
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

/// Adds the functions of this file.
pub fn add(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, FUNCTIONS);
    for (name, n) in [
        ("WNOHANG", libc::WNOHANG),
        ("WUNTRACED", libc::WUNTRACED),
        ("WCONTINUED", libc::WCONTINUED),
    ] {
        vm.add_value(m, name, vm.new_int(n as i64));
    }
}

lasti_core::methods! { FUNCTIONS =
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
    "getpid" "getpid($module, /)\n--\n\n" getpid;
    "getppid" "getppid($module, /)\n--\n\n" getppid;
    "_exit" "_exit($module, /, status)\n--\n\n" exit;
    "abort" "abort($module, /)\n--\n\n" |_, _, _| std::process::abort();
    "kill" "kill($module, pid, signal, /)\n--\n\n" kill;
    "waitstatus_to_exitcode" "waitstatus_to_exitcode($module, /, status)\n--\n\n" waitstatus_to_exitcode;
    "WIFSTOPPED" "WIFSTOPPED($module, /, status)\n--\n\n" wifstopped;
    "WSTOPSIG" "WSTOPSIG($module, /, status)\n--\n\n" wstopsig;
    "WIFSIGNALED" "WIFSIGNALED($module, /, status)\n--\n\n" wifsignaled;
    "WTERMSIG" "WTERMSIG($module, /, status)\n--\n\n" wtermsig;
    "WIFEXITED" "WIFEXITED($module, /, status)\n--\n\n" wifexited;
    "WEXITSTATUS" "WEXITSTATUS($module, /, status)\n--\n\n" wexitstatus;
    "register_at_fork" "register_at_fork($module, /, *, before=<unrepresentable>, after_in_child=<unrepresentable>, after_in_parent=<unrepresentable>)\n--\n\n" |_, _, _| Ok(Value::NONE);
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
    Ok(vm.new_int(fd::adopt(vm, File::from(fd)) as i64))
}

fn system(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [command] = a.bind(vm, "system", ["command"], 1)?;
    let command = os_string(vm, command.unwrap_or(&Value::NONE))?;
    let mut c = Command::new("/bin/sh");
    c.arg("-c").arg(command);
    environ::inherit(vm, &mut c);
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
    environ::change(vm, os_string(vm, name)?, Some(os_string(vm, value)?));
    Ok(Value::NONE)
}

fn unsetenv(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [name] = a.exactly::<1>(vm, "unsetenv")?;
    environ::change(vm, os_string(vm, name)?, None);
    Ok(Value::NONE)
}

fn killpg(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [group, sig] = a.exactly::<2>(vm, "killpg")?;
    let group = vm.to_i64(group)?;
    signal::send(vm, group.checked_neg().unwrap_or(0), vm.to_i64(sig)?)?;
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

fn getpgid(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    of_process(vm, a, "getpgid", nix::unistd::getpgid)
}

fn getsid(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    of_process(vm, a, "getsid", nix::unistd::getsid)
}

fn getpid(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(std::process::id() as i64))
}

fn getppid(vm: &Vm, _: &Value, _: Args) -> PyResult<Value> {
    Ok(vm.new_int(std::os::unix::process::parent_id() as i64))
}

fn exit(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [n] = a.exactly::<1>(vm, "_exit")?;
    std::process::exit(vm.to_i64(n)? as i32)
}

fn kill(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [pid, sig] = a.exactly::<2>(vm, "kill")?;
    signal::kill(vm, vm.to_i64(pid)?, vm.to_i64(sig)?)?;
    Ok(Value::NONE)
}

fn waitstatus_to_exitcode(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let status = vm.to_i64(&a.exactly::<1>(vm, "waitstatus_to_exitcode")?[0])?;
    match status & 0x7F {
        0 => Ok(vm.new_int(status >> 8 & 0xFF)),
        0x7F => Err(vm.value_error(format!(
            "process stopped by delivery of signal {}",
            status >> 8 & 0xFF
        ))),
        signal => Ok(vm.new_int(-signal)),
    }
}

fn wifstopped(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    Ok(Value::bool(
        vm.to_c_int(&a.exactly::<1>(vm, "WIFSTOPPED")?[0])? & 0xFF == 0x7F,
    ))
}

fn wstopsig(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    Ok(vm.new_int(i64::from(vm.to_c_int(&a.exactly::<1>(vm, "WSTOPSIG")?[0])?) >> 8 & 0xFF))
}

fn wifsignaled(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let low = vm.to_c_int(&a.exactly::<1>(vm, "WIFSIGNALED")?[0])? & 0x7F;
    Ok(Value::bool(low != 0 && low != 0x7F))
}

fn wtermsig(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    Ok(vm.new_int(i64::from(vm.to_c_int(&a.exactly::<1>(vm, "WTERMSIG")?[0])?) & 0x7F))
}

fn wifexited(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    Ok(Value::bool(
        vm.to_c_int(&a.exactly::<1>(vm, "WIFEXITED")?[0])? & 0x7F == 0,
    ))
}

fn wexitstatus(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    Ok(vm.new_int(i64::from(vm.to_c_int(&a.exactly::<1>(vm, "WEXITSTATUS")?[0])?) >> 8 & 0xFF))
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
    let pid = signal::pid_of(vm, vm.to_i64(pid)?)?;
    let found = get(Some(pid)).map_err(|e| vm.os_error(&io::Error::from(e), None))?;
    Ok(vm.new_int(found.as_raw() as i64))
}
