//! Other processes: programs that are run, and workers that serve together.
//!
//! - [`Subprocess`] runs a program; its pipes are [streams](IOStream), and its end can be awaited.
//! - [`Workers`] runs this program several times over the same sockets, and starts again what crashes.
//!
//! ```
//! use gustnado::process::Subprocess;
//! use std::process::{Command, Stdio};
//!
//! # gustnado::ioloop::IOLoop::new()?.run_sync(async {
//! let mut sort = Subprocess::spawn(Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()))?;
//! let output = sort.communicate(b"pear\napple\n").await?;
//! assert_eq!(output.stdout, b"apple\npear\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod workers;

pub use workers::{Worker, Workers, task_id};

use crate::coroutine::Multi;
use crate::ioloop::{IOLoop, Signal, Signals, spawn};
use crate::iostream::{IOStream, StreamError};
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Output};

/// A program that runs beside this one: Tornado's class of the same name.
///
/// What the [`Command`] has as [`Stdio::piped`](std::process::Stdio::piped) becomes a stream. Dropping a subprocess does not end
/// the program; the loop then takes note of its end, so that no zombie remains.
pub struct Subprocess {
    program: String,
    /// `None` only when it is being dropped.
    child: Option<Child>,
    stdin: Option<IOStream>,
    stdout: Option<IOStream>,
    stderr: Option<IOStream>,
}

impl Subprocess {
    /// Starts a program.
    ///
    /// # Errors
    ///
    /// The system's: there is no such program, or no process or descriptor is left.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command.spawn()?;
        let stdin = child.stdin.take().map(IOStream::from_writer).transpose();
        let stdout = child.stdout.take().map(IOStream::from_reader).transpose();
        let stderr = child.stderr.take().map(IOStream::from_reader).transpose();
        Ok(Self { program, child: Some(child), stdin: stdin?, stdout: stdout?, stderr: stderr? })
    }

    /// The process' number.
    pub fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// The program's input, if it is a pipe.
    pub fn stdin(&self) -> Option<&IOStream> {
        self.stdin.as_ref()
    }

    /// The program's output, if it is a pipe.
    pub fn stdout(&self) -> Option<&IOStream> {
        self.stdout.as_ref()
    }

    /// The program's error output, if it is a pipe.
    pub fn stderr(&self) -> Option<&IOStream> {
        self.stderr.as_ref()
    }

    /// Takes the program's input; dropping it tells the program that nothing more comes.
    pub fn take_stdin(&mut self) -> Option<IOStream> {
        self.stdin.take()
    }

    /// Takes the program's output, to be read elsewhere.
    pub fn take_stdout(&mut self) -> Option<IOStream> {
        self.stdout.take()
    }

    /// Takes the program's error output, to be read elsewhere.
    pub fn take_stderr(&mut self) -> Option<IOStream> {
        self.stderr.take()
    }

    /// Waits until the program has ended, however it did. May be called again, and may be given up.
    ///
    /// A program that fills a pipe which nobody reads never ends; see [`communicate`](Self::communicate).
    ///
    /// # Errors
    ///
    /// The system's, if it cannot be watched.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        match &mut self.child {
            Some(child) => wait(child).await,
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Waits until the program has ended, which must be with 0; Tornado's `wait_for_exit`.
    ///
    /// # Errors
    ///
    /// [`CalledProcessError`] with the exit code, or the negative number of the signal that ended it; or the system's.
    pub async fn wait_for_exit(&mut self) -> io::Result<()> {
        let returncode = returncode(self.wait().await?);
        if returncode == 0 {
            return Ok(());
        }
        Err(io::Error::other(CalledProcessError { program: self.program.clone(), returncode }))
    }

    /// Writes `input`, closes the input, and reads both outputs until the program ends.
    ///
    /// # Errors
    ///
    /// The system's. A program that does not want all of its input is none.
    pub async fn communicate(&mut self, input: &[u8]) -> io::Result<Output> {
        let (stdin, stdout, stderr) = (self.stdin.take(), self.stdout.take(), self.stderr.take());
        let write = async {
            let Some(stdin) = stdin else { return Ok(()) };
            match stdin.write(input).await {
                Ok(()) | Err(StreamError::Closed(_)) => Ok(()),
                Err(error) => Err(io::Error::from(error)),
            }
        };
        let ((), stdout, stderr) = Multi((write, read(stdout), read(stderr))).await?;
        Ok(Output { status: self.wait().await?, stdout, stderr })
    }

    /// Calls `callback` with the exit code once the program has ended; with the negative number of the signal, if one ended it.
    /// The subprocess is given away; take its streams before.
    pub fn set_exit_callback(mut self, callback: impl FnOnce(i32) + 'static) {
        drop(spawn(async move {
            match self.wait().await {
                Ok(status) => callback(returncode(status)),
                Err(error) => {
                    tracing::error!(target: "gustnado.general", %error, "cannot wait for {}", self.program);
                }
            }
        }));
    }

    /// Ends the program at once (SIGKILL). One that has ended already is no error.
    ///
    /// # Errors
    ///
    /// The system's: the program has another user by now.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.as_mut().map_or(Ok(()), Child::kill)
    }
}

impl Drop for Subprocess {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if matches!(child.try_wait(), Ok(None)) && IOLoop::try_current().is_some() {
            drop(spawn(async move { drop(wait(&mut child).await) }));
        }
    }
}

impl fmt::Debug for Subprocess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subprocess")
            .field("program", &self.program)
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

/// A program has ended with something else than 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalledProcessError {
    program: String,
    /// The exit code, or the negative number of the signal that ended it.
    pub returncode: i32,
}

impl fmt::Display for CalledProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.returncode {
            code if code < 0 => write!(f, "{} died with signal {}", self.program, -code),
            code => write!(f, "{} returned non-zero exit status {code}", self.program),
        }
    }
}

impl std::error::Error for CalledProcessError {}

/// What Tornado calls a return code: the exit code, or the negative number of the signal that ended the process.
pub fn returncode(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| -signal)).unwrap_or(-1)
}

async fn wait(child: &mut Child) -> io::Result<ExitStatus> {
    if let Some(status) = child.try_wait()? {
        return Ok(status);
    }
    // Watched before the next look, so that no end comes between.
    let mut ends = Signals::new(&[Signal::Child])?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        ends.recv().await?;
    }
}

async fn read(stream: Option<IOStream>) -> io::Result<Vec<u8>> {
    match stream {
        Some(stream) => Ok(stream.read_until_close().await?),
        None => Ok(Vec::new()),
    }
}
