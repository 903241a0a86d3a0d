//! Runs a process with limits on its time and output.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The most output of a process, in bytes.
pub(crate) const OUTPUT_LIMIT: usize = 64 << 20;

/// How often a process is checked, and how often at first: a short one ends soon.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
const SHORT_INTERVAL: Duration = Duration::from_micros(500);

/// The longest line that is shown as one, in bytes.
const LINE_LIMIT: u64 = 64 << 10;

/// How long output is read after a process has ended. Its children may keep the pipes open for
/// ever.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// How a process ended.
#[derive(Debug)]
pub(crate) enum ProcessEnd {
    /// It exited, or another process killed it.
    Exited(ExitStatus),
    /// It was killed at its time limit.
    TimedOut,
    /// It was killed after [`OUTPUT_LIMIT`] bytes.
    TooMuchOutput,
}

/// The output of a process, and how it ended.
#[derive(Debug)]
pub(crate) struct ProcessOutput {
    pub(crate) end: ProcessEnd,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Runs a process without capturing its output; `None` if it was killed at the limit.
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

/// Runs a process, and gives every line of its output to `on_line`, in this thread; `None` if it was
/// killed at the limit.
///
/// # Errors
///
/// When it cannot be run.
pub(crate) fn run_with_lines(
    command: &mut Command,
    limit: Duration,
    on_line: &mut dyn FnMut(String),
) -> io::Result<Option<ExitStatus>> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    let (sender, lines) = mpsc::channel();
    read_lines(child.stdout.take(), sender.clone());
    read_lines(child.stderr.take(), sender);
    let started = Instant::now();
    let status = loop {
        match lines.recv_timeout(POLL_INTERVAL) {
            Ok(line) => on_line(line),
            Err(RecvTimeoutError::Timeout) => {}
            // Both pipes are closed; usually the process has ended.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(SHORT_INTERVAL),
        }
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if started.elapsed() >= limit {
            // Not waited for, because a process that hangs in the kernel does not die.
            child.kill()?;
            break None;
        }
    };
    drain(&lines, on_line);
    Ok(status)
}

/// Sends every line of a pipe, read in a thread.
fn read_lines(pipe: Option<impl Read + Send + 'static>, sender: Sender<String>) {
    let Some(pipe) = pipe else { return };
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        // A tool that ends no line fills no memory.
        while let Ok(1..) = (&mut pipe).take(LINE_LIMIT).read_until(b'\n', &mut line) {
            let text = String::from_utf8_lossy(&line);
            if sender.send(text.trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
}

/// The lines that were written before the process ended.
fn drain(lines: &Receiver<String>, on_line: &mut dyn FnMut(String)) {
    let deadline = Instant::now() + DRAIN_TIME;
    // The time is looked at first: a line that waits is given even with no time left.
    while let Some(left) = deadline.checked_duration_since(Instant::now()) {
        match lines.recv_timeout(left) {
            Ok(line) => on_line(line),
            Err(_) => return,
        }
    }
}

/// Runs a process within a time limit, and captures its output.
///
/// # Errors
///
/// When it cannot be run.
pub(crate) fn capture(command: &mut Command, limit: Duration) -> io::Result<ProcessOutput> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
    capture_child(command.stderr(Stdio::piped()).spawn()?, limit)
}

/// The same, with this text on its standard input.
///
/// # Errors
///
/// When it cannot be run.
pub(crate) fn capture_with_input(
    command: &mut Command,
    input: String,
    limit: Duration,
) -> io::Result<ProcessOutput> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        // A process that does not read all of it says why.
        thread::spawn(move || pipe.write_all(input.as_bytes()));
    }
    capture_child(child, limit)
}

fn capture_child(mut child: Child, limit: Duration) -> io::Result<ProcessOutput> {
    let stdout = PipeReader::start(child.stdout.take());
    let stderr = PipeReader::start(child.stderr.take());
    let exceeds_limit = || stdout.exceeds_limit() || stderr.exceeds_limit();
    let end = wait(&mut child, limit, exceeds_limit)?;
    let deadline = Instant::now() + DRAIN_TIME;
    let (stdout, stderr) = (stdout.finish(deadline), stderr.finish(deadline));
    Ok(ProcessOutput {
        // A process also ends when its pipe is closed at the limit.
        end: match stdout.len().max(stderr.len()) > OUTPUT_LIMIT {
            true => ProcessEnd::TooMuchOutput,
            false => end,
        },
        stdout,
        stderr,
    })
}

/// Waits for a process, and kills it at a limit.
fn wait(
    child: &mut Child,
    limit: Duration,
    exceeds_limit: impl Fn() -> bool,
) -> io::Result<ProcessEnd> {
    let started = Instant::now();
    let mut interval = SHORT_INTERVAL;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(ProcessEnd::Exited(status));
        }
        let end = match exceeds_limit() {
            true => ProcessEnd::TooMuchOutput,
            false if started.elapsed() >= limit => ProcessEnd::TimedOut,
            false => {
                thread::sleep(interval);
                interval = (interval * 2).min(POLL_INTERVAL);
                continue;
            }
        };
        // Not waited for, because a process that hangs in the kernel does not die.
        child.kill()?;
        return Ok(end);
    }
}

/// Reads a pipe in a thread.
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

    /// The bytes read until the end of the pipe, or until the deadline.
    fn finish(&self, deadline: Instant) -> Vec<u8> {
        while !self.reader.is_finished() && Instant::now() < deadline {
            thread::sleep(POLL_INTERVAL);
        }
        std::mem::take(&mut *lock(&self.bytes))
    }
}

/// Reads to the end or to the limit.
fn read_to_limit(mut pipe: impl Read, buffer: &Mutex<Vec<u8>>) {
    let mut part = vec![0; 64 << 10];
    loop {
        let read = match pipe.read(&mut part) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // After a read error the output ends.
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

/// The bytes are valid even if the other thread panicked.
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
