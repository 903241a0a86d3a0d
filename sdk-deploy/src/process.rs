//! A process that may neither take for ever nor say without end.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The most that a process may say, in bytes.
pub(crate) const MOST: usize = 64 << 20;

/// How often a process is looked at.
const TICK: Duration = Duration::from_millis(5);

/// How long what it said is waited for once a process has ended: what it started itself may hold
/// its output open for ever.
const REST: Duration = Duration::from_secs(2);

/// How a process came to its end.
#[derive(Debug)]
pub(crate) enum End {
    /// By itself, or by somebody else's signal.
    Exited(ExitStatus),
    /// It was killed after its time.
    TookTooLong,
    /// It was killed after [`MOST`] bytes.
    SaidTooMuch,
}

/// What a process said, and how it ended.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) end: End,
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
    Ok(match end(&mut child, limit, || false)? {
        End::Exited(status) => Some(status),
        End::TookTooLong | End::SaidTooMuch => None,
    })
}

/// Runs a process for this long at most, and takes what it says.
///
/// # Errors
///
/// When it cannot be run.
pub(crate) fn hear(command: &mut Command, limit: Duration) -> io::Result<Heard> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    let stdout = Said::into(child.stdout.take());
    let stderr = Said::into(child.stderr.take());
    let says_too_much = || stdout.is_too_much() || stderr.is_too_much();
    let end = end(&mut child, limit, says_too_much)?;
    let rest = Instant::now() + REST;
    let (stdout, stderr) = (stdout.until(rest), stderr.until(rest));
    Ok(Heard {
        // Who is no longer listened to ends by that too.
        end: match stdout.len().max(stderr.len()) > MOST {
            true => End::SaidTooMuch,
            false => end,
        },
        stdout,
        stderr,
    })
}

/// Waits for the end of a process, and brings it about where that is due.
fn end(child: &mut Child, limit: Duration, says_too_much: impl Fn() -> bool) -> io::Result<End> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(End::Exited(status));
        }
        let end = match says_too_much() {
            true => End::SaidTooMuch,
            false if started.elapsed() >= limit => End::TookTooLong,
            false => {
                thread::sleep(TICK);
                continue;
            }
        };
        // Not waited for: a process that hangs in the kernel does not die.
        child.kill()?;
        return Ok(end);
    }
}

/// What a process says into a pipe, as it comes.
struct Said {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Said {
    fn into(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::default();
        let heard = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            if let Some(pipe) = pipe {
                listen(pipe, &heard);
            }
        });
        Self { bytes, reader }
    }

    fn is_too_much(&self) -> bool {
        lock(&self.bytes).len() > MOST
    }

    /// All of it, or what came until then.
    fn until(&self, rest: Instant) -> Vec<u8> {
        while !self.reader.is_finished() && Instant::now() < rest {
            thread::sleep(TICK);
        }
        std::mem::take(&mut *lock(&self.bytes))
    }
}

/// Reads to the end, or to the most that may be said.
fn listen(mut pipe: impl Read, heard: &Mutex<Vec<u8>>) {
    let mut part = vec![0; 64 << 10];
    loop {
        let read = match pipe.read(&mut part) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // What cannot be read was not said.
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        let mut heard = lock(heard);
        heard.extend_from_slice(&part[..read]);
        if heard.len() > MOST {
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

    fn hear(script: &str, limit: Duration) -> Heard {
        super::hear(Command::new("sh").args(["-c", script]), limit).unwrap()
    }

    #[test]
    fn all_that_is_said_is_heard() {
        let heard = hear("echo one; echo two >&2; exit 3", LONG);
        assert!(matches!(heard.end, End::Exited(status) if status.code() == Some(3)));
        assert_eq!(
            (&*heard.stdout, &*heard.stderr),
            (&b"one\n"[..], &b"two\n"[..])
        );
        let long = hear("head -c 3000000 /dev/zero", LONG);
        assert_eq!(long.stdout.len(), 3_000_000);
    }

    #[test]
    fn who_hangs_is_killed_and_what_he_said_stays() {
        let started = Instant::now();
        // The sleep is a process of its own, and holds the pipes.
        let heard = hear("echo one; sleep 60; echo two", Duration::from_secs(1));
        assert!(matches!(heard.end, End::TookTooLong), "{heard:?}");
        assert_eq!(heard.stdout, b"one\n");
        assert!(started.elapsed() < LONG / 2);
    }

    #[test]
    fn who_leaves_others_with_his_pipes_is_not_waited_for() {
        let started = Instant::now();
        let heard = hear("echo one; sleep 60 &", LONG);
        assert!(matches!(heard.end, End::Exited(status) if status.success()));
        assert_eq!(heard.stdout, b"one\n");
        assert!(started.elapsed() < LONG / 2);
    }

    #[test]
    fn who_says_too_much_is_stopped() {
        for script in ["cat /dev/zero", "trap '' PIPE; yes >&2; sleep 60"] {
            let heard = hear(script, LONG);
            assert!(matches!(heard.end, End::SaidTooMuch), "{script}");
            assert!(heard.stdout.len().max(heard.stderr.len()) < MOST + (1 << 20));
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
            thread::sleep(TICK);
        }
    }
}
