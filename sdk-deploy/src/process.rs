//! A process that may neither take for ever nor say without end.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The most that a process may say, in bytes.
pub(crate) const OUTPUT_LIMIT: usize = 64 << 20;

/// How often a process is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// How long what it said is waited for once a process has ended: what it started itself may hold
/// its output open for ever.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// How a process came to its end.
#[derive(Debug)]
pub(crate) enum ProcessEnd {
    /// By itself, or by somebody else's signal.
    Exited(ExitStatus),
    /// It was killed after its time.
    TimedOut,
    /// It was killed after [`OUTPUT_LIMIT`] bytes.
    TooMuchOutput,
}

/// What a process said, and how it ended.
#[derive(Debug)]
pub(crate) struct ProcessOutput {
    pub(crate) end: ProcessEnd,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Runs a process with its output where the command sends it; `None` where it was killed after
/// this long.
///
/// # Errors
///
/// When it cannot be run.
pub(crate) fn run(command: &mut Command, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut child = command.stdin(Stdio::null()).spawn()?;
    Ok(match wait(&mut child, limit, || false)? {
        ProcessEnd::Exited(status) => Some(status),
        ProcessEnd::TimedOut | ProcessEnd::TooMuchOutput => None,
    })
}

/// Runs a process for this long at most, and takes what it says.
///
/// # Errors
///
/// When it cannot be run.
pub(crate) fn capture(command: &mut Command, limit: Duration) -> io::Result<ProcessOutput> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    let stdout = PipeReader::start(child.stdout.take());
    let stderr = PipeReader::start(child.stderr.take());
    let exceeds_limit = || stdout.exceeds_limit() || stderr.exceeds_limit();
    let end = wait(&mut child, limit, exceeds_limit)?;
    let deadline = Instant::now() + DRAIN_TIME;
    let (stdout, stderr) = (stdout.finish(deadline), stderr.finish(deadline));
    Ok(ProcessOutput {
        // Who is no longer listened to ends by that too.
        end: match stdout.len().max(stderr.len()) > OUTPUT_LIMIT {
            true => ProcessEnd::TooMuchOutput,
            false => end,
        },
        stdout,
        stderr,
    })
}

/// Waits for the end of a process, and brings it about where that is due.
fn wait(
    child: &mut Child,
    limit: Duration,
    exceeds_limit: impl Fn() -> bool,
) -> io::Result<ProcessEnd> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(ProcessEnd::Exited(status));
        }
        let end = match exceeds_limit() {
            true => ProcessEnd::TooMuchOutput,
            false if started.elapsed() >= limit => ProcessEnd::TimedOut,
            false => {
                thread::sleep(POLL_INTERVAL);
                continue;
            }
        };
        // Not waited for: a process that hangs in the kernel does not die.
        child.kill()?;
        return Ok(end);
    }
}

/// What a process says into a pipe, as it comes.
struct PipeReader {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl PipeReader {
    fn start(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::default();
        let buffer = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            if let Some(pipe) = pipe {
                read_to_limit(pipe, &buffer);
            }
        });
        Self { bytes, reader }
    }

    fn exceeds_limit(&self) -> bool {
        lock(&self.bytes).len() > OUTPUT_LIMIT
    }

    /// All of it, or what came until then.
    fn finish(&self, deadline: Instant) -> Vec<u8> {
        while !self.reader.is_finished() && Instant::now() < deadline {
            thread::sleep(POLL_INTERVAL);
        }
        std::mem::take(&mut *lock(&self.bytes))
    }
}

/// Reads to the end, or to the most that may be said.
fn read_to_limit(mut pipe: impl Read, buffer: &Mutex<Vec<u8>>) {
    let mut part = vec![0; 64 << 10];
    loop {
        let read = match pipe.read(&mut part) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // What cannot be read was not said.
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        let mut bytes = lock(buffer);
        bytes.extend_from_slice(&part[..read]);
        if bytes.len() > OUTPUT_LIMIT {
            return;
        }
    }
}

/// What one thread has added is there for the other, however it ended.
fn lock(bytes: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn capture(script: &str, limit: Duration) -> ProcessOutput {
        super::capture(Command::new("sh").args(["-c", script]), limit).unwrap()
    }

    #[test]
    fn all_output_is_captured() {
        let output = capture("echo one; echo two >&2; exit 3", LONG);
        assert!(matches!(output.end, ProcessEnd::Exited(status) if status.code() == Some(3)));
        assert_eq!(
            (&*output.stdout, &*output.stderr),
            (&b"one\n"[..], &b"two\n"[..])
        );
        let long = capture("head -c 3000000 /dev/zero", LONG);
        assert_eq!(long.stdout.len(), 3_000_000);
    }

    #[test]
    fn a_process_that_hangs_is_killed_and_its_output_kept() {
        let started = Instant::now();
        // The sleep is a process of its own, and holds the pipes.
        let output = capture("echo one; sleep 60; echo two", Duration::from_secs(1));
        assert!(matches!(output.end, ProcessEnd::TimedOut), "{output:?}");
        assert_eq!(output.stdout, b"one\n");
        assert!(started.elapsed() < LONG / 2);
    }

    #[test]
    fn a_child_that_holds_the_pipes_is_not_waited_for() {
        let started = Instant::now();
        let output = capture("echo one; sleep 60 &", LONG);
        assert!(matches!(output.end, ProcessEnd::Exited(status) if status.success()));
        assert_eq!(output.stdout, b"one\n");
        assert!(started.elapsed() < LONG / 2);
    }

    #[test]
    fn who_exceeds_limit_is_stopped() {
        for script in ["cat /dev/zero", "trap '' PIPE; yes >&2; sleep 60"] {
            let output = capture(script, LONG);
            assert!(matches!(output.end, ProcessEnd::TooMuchOutput), "{script}");
            assert!(output.stdout.len().max(output.stderr.len()) < OUTPUT_LIMIT + (1 << 20));
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_runs_too_long_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let mut long = Command::new("sh");
        long.args(["-c", "echo $$ > id; exec sleep 60"]);
        let status = run(long.current_dir(&folder), Duration::from_secs(2)).unwrap();
        assert_eq!(status, None);
        let id = std::fs::read_to_string(folder.path().join("id")).unwrap();
        let started = Instant::now();
        let is_alive = || {
            let state = std::fs::read_to_string(format!("/proc/{}/stat", id.trim()));
            state.is_ok_and(|state| !state.contains(") Z "))
        };
        while is_alive() {
            assert!(started.elapsed() < LONG / 2);
            thread::sleep(POLL_INTERVAL);
        }
    }
}
