//! The work that every HTTP client does; `README.md` says what is measured.
//!
//! The peers' programs include this very file, so that no client does other work than another. Everything runs on one thread.

use std::error::Error;
use std::fs;
use std::future::Future;
use std::time::Duration;

/// What a program was asked for: `--url=URL --fetches=N --at-once=N`.
#[derive(Clone, Debug)]
pub struct Task {
    /// What is fetched, again and again.
    pub url: String,
    /// How often, after as many to warm up.
    pub fetches: usize,
    /// How many coroutines fetch at the same time, each its share.
    pub at_once: usize,
}

impl Task {
    /// Reads the process's own arguments.
    ///
    /// # Errors
    ///
    /// When one is missing or not understood.
    pub fn from_environment() -> Result<Self, Box<dyn Error>> {
        let argument = |name: &str| {
            let prefix = format!("--{name}=");
            let found =
                std::env::args().find_map(|given| Some(given.strip_prefix(&prefix)?.to_owned()));
            found.ok_or_else(|| format!("{prefix} is missing"))
        };
        Ok(Self {
            url: argument("url")?,
            fetches: argument("fetches")?.parse()?,
            at_once: argument("at-once")?.parse()?,
        })
    }

    /// Fetches everything twice, and prints what the second time took: nanoseconds a fetch in user space, and in all.
    ///
    /// `round` fetches a share in each of so many coroutines, and waits for all of them.
    ///
    /// # Errors
    ///
    /// When the kernel does not say what was used.
    pub async fn measure<F>(&self, round: impl Fn(usize, usize) -> F) -> Result<(), Box<dyn Error>>
    where
        F: Future<Output = Result<(), Box<dyn Error>>>,
    {
        let share = self.fetches / self.at_once;
        round(self.at_once, share).await?;
        let before = (user_time()?, processor_time()?);
        round(self.at_once, share).await?;
        let after = (user_time()?, processor_time()?);
        let count = (share * self.at_once) as f64;
        let each = |before: Duration, after: Duration| (after - before).as_nanos() as f64 / count;
        println!("{:.1} {:.1}", each(before.0, after.0), each(before.1, after.1));
        Ok(())
    }
}

/// What every response must be.
///
/// # Errors
///
/// When it is not.
pub fn check(status: u16, body: &[u8]) -> Result<(), Box<dyn Error>> {
    if status == 200 && body == b"Hello, World!" {
        return Ok(());
    }
    Err(format!("answered {status}: {}", body.escape_ascii()).into())
}

/// The time that this process has spent in user space, in steps of 10 ms.
fn user_time() -> Result<Duration, Box<dyn Error>> {
    let statistics = fs::read_to_string("/proc/self/stat")?;
    // The fields are counted from behind the name, which stands in parentheses and may have any in it.
    let fields = statistics.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default();
    let ticks: u64 = fields.split(' ').nth(11).unwrap_or_default().parse()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// The time that this thread, the only one that works, has had a processor, as the scheduler keeps it. (The clock of the process
/// would do as well, but its fast path does not survive callgrind.)
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(statistics.split(' ').next().unwrap_or_default().parse()?))
}
