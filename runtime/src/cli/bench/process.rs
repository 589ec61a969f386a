//! Interpreters, and one run of one script by one of them.
use super::catalog::Script;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Stands before the script under `+uvloop`.
const UVLOOP: &str =
    "import asyncio, uvloop; asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())\n";

/// Says who it is; without TaskGroup the scripts cannot run.
const PROBE: &str = "import sys; print(sys.implementation.name, sys.version.split()[0]); \
                     sys.exit('older than Python 3.11' if sys.version_info < (3, 11) else 0)";

/// What changes what is measured.
const DISTURBING: [&str; 5] = [
    "LASTI_LOG",
    "LASTI_FREELIST",
    "PYTHONASYNCIODEBUG",
    "PYTHONDEVMODE",
    "PYTHONPROFILEIMPORTTIME",
];

/// An interpreter that takes part.
pub(super) struct Program {
    /// As given to `--against`, without the folder it stands in.
    pub name: String,
    pub version: String,
    command: String,
    uvloop: bool,
}

/// What a run gave.
pub(super) struct Ran {
    pub out: String,
    /// From before the process was made until it was gone.
    pub took: Duration,
}

impl Program {
    /// The binary that runs now.
    pub fn ourselves() -> Result<Program, String> {
        let exe = std::env::current_exe().map_err(|e| format!("cannot find this binary: {e}"))?;
        Ok(Program {
            name: "lasti".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            command: exe.to_string_lossy().into_owned(),
            uvloop: false,
        })
    }

    /// Finds out whether `python3.13` or `python3.13+uvloop` can take part; the error says why not.
    pub fn probe(name: &str, timeout: Duration) -> Result<Program, String> {
        let (command, uvloop) = match name.strip_suffix("+uvloop") {
            Some(command) => (command, true),
            None => (name, false),
        };
        let mut program = Program {
            name: name.rsplit('/').next().unwrap_or(name).into(),
            version: String::new(),
            command: command.into(),
            uvloop: false,
        };
        program.version = program.command_line(PROBE, &[], timeout)?;
        if uvloop {
            let probe = "import uvloop; print(uvloop.__version__)";
            let version = program.command_line(probe, &[], timeout).map_err(|e| {
                match e.contains("No module named") {
                    true => format!("uvloop is not installed for {command}"),
                    false => e,
                }
            })?;
            program.version += &format!(", uvloop {version}");
            program.uvloop = true;
        }
        Ok(program)
    }

    fn command_line(&self, code: &str, args: &[String], limit: Duration) -> Result<String, String> {
        let ran = self.execute(code, args, None, limit)?;
        Ok(ran.out.trim().to_owned())
    }

    /// Runs a script to its end, as `-c` so that nothing has to lie on disk.
    pub fn run(
        &self,
        script: Script,
        args: &[String],
        variable: Option<(&str, &str)>,
        limit: Duration,
    ) -> Result<Ran, String> {
        if self.uvloop {
            self.execute(&format!("{UVLOOP}{}", script.source), args, variable, limit)
        } else {
            self.execute(script.source, args, variable, limit)
        }
    }

    fn execute(
        &self,
        code: &str,
        args: &[String],
        variable: Option<(&str, &str)>,
        limit: Duration,
    ) -> Result<Ran, String> {
        let mut command = Command::new(&self.command);
        // Newer versions warn of the policies that uvloop is set by.
        command.args(["-W", "ignore", "-c", code]).args(args);
        for name in DISTURBING {
            command.env_remove(name);
        }
        // One order of sets in all rounds.
        command.env("PYTHONHASHSEED", "0").envs(variable);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let start = Instant::now();
        let mut child = command.spawn().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => "not found".to_owned(),
            _ => format!("cannot be started: {e}"),
        })?;
        let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
        let ended = wait(&mut child, &out, start + limit);
        let took = start.elapsed();
        let Some((status, out)) = ended else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("took longer than {} s", limit.as_secs_f64()));
        };
        if status.success() {
            return Ok(Ran { out, took });
        }
        let err = err.recv().unwrap_or_default();
        let last = err.lines().rfind(|l| !l.trim().is_empty());
        Err(last.map_or_else(|| status.to_string(), |l| l.trim().to_owned()))
    }
}

/// Waits for the end of the output and then of the process, so that a short run is timed exactly; None when it takes too long.
fn wait(
    child: &mut Child,
    out: &mpsc::Receiver<String>,
    until: Instant,
) -> Option<(std::process::ExitStatus, String)> {
    let left = until.saturating_duration_since(Instant::now());
    let text = match out.recv_timeout(left) {
        Ok(text) => text,
        Err(RecvTimeoutError::Disconnected) => String::new(),
        Err(RecvTimeoutError::Timeout) => return None,
    };
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some((status, text));
        }
        if Instant::now() > until {
            return None;
        }
        thread::sleep(Duration::from_micros(20));
    }
}

/// All that comes through a pipe, once it is closed.
fn reader(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        // Nobody waits for it after a time-out.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}
