//! `_posixsubprocess`: `fork_exec` over `std::process` (CPython's Modules/_posixsubprocess.c).
//!
//! Nothing forks into Python code: what CPython does between fork and exec is told to std, which does it in safe code.
//! So there is no `preexec_fn` and no `os.fork`. What std lacks: a session of its own (process-wrap), and `pass_fds`, for which
//! descriptors are made inheritable while the one child is started.
use crate::os::path::{os_string, path_arg};
use crate::os::{environ, fd};
use lasti_core::{Args, PyResult, Value, Vm};
use process_wrap::std::{CommandWrap, ProcessSession};
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// One child is started at a time: meanwhile descriptors are made inheritable that no other child is to get.
static STARTING: Mutex<()> = Mutex::new(());

pub fn register(vm: &Vm) {
    vm.register_module("_posixsubprocess", |vm| {
        let m = vm.new_module("_posixsubprocess");
        vm.add_functions(&m, FUNCTIONS);
        Ok(m)
    });
}

lasti_core::methods! { FUNCTIONS =
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
            None => environ::inherit(vm, &mut c),
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
            _ => fd::duplicate(vm, v).map(Some),
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
            fd::write_bytes(vm, errors, text.as_bytes())?;
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
    let changed = fd::choose_inherited(vm, pass, close);
    let old =
        (umask >= 0).then(|| rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask as u32)));
    let r = plan.start(vm);
    if let Some(old) = old {
        rustix::process::umask(old);
    }
    fd::restore_inherited(vm, changed);
    drop(guard);
    r
}

// ---- waiting ----
