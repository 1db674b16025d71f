//! What another process has used, as the kernel accounts it.

use std::fs;
use std::io;

/// The processor time, user and system, of every thread of process `id`, in nanoseconds.
///
/// It is the first field of `/proc/ID/task/*/schedstat`, which the scheduler keeps in
/// nanoseconds; the ticks in `/proc/ID/stat` are 10 ms each. The kernel brings it up to date when
/// a thread leaves the processor, so it is exact only while the process sleeps.
///
/// # Errors
///
/// When the process is gone or is not ours to look at.
pub fn processor_time(id: u32) -> io::Result<u64> {
    let mut total = 0;
    for thread in fs::read_dir(format!("/proc/{id}/task"))? {
        let statistics = fs::read_to_string(thread?.path().join("schedstat"))?;
        total += number(&statistics)?;
    }
    Ok(total)
}

/// Whether every thread of process `id` sleeps: none runs, and none waits for a processor.
///
/// # Errors
///
/// When the process is gone or is not ours to look at.
pub fn is_asleep(id: u32) -> io::Result<bool> {
    for thread in fs::read_dir(format!("/proc/{id}/task"))? {
        // The state follows the name, which stands in parentheses and may have any in it.
        let status = fs::read_to_string(thread?.path().join("stat"))?;
        if !status.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S')) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The anonymous memory of process `id` that is in use, in bytes.
///
/// It is `Anonymous` in `/proc/ID/smaps_rollup`, which is counted page by page. `RssAnon` in
/// `/proc/ID/status` means the same, but each processor holds back up to 32 pages of it.
///
/// # Errors
///
/// When the process is gone or is not ours to look at.
pub fn anonymous_memory(id: u32) -> io::Result<u64> {
    let report = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
    let line = report.lines().find_map(|line| line.strip_prefix("Anonymous:"));
    Ok(number(line.unwrap_or_default())? * 1024)
}

/// The most memory that process `id` has ever had in use, in bytes: all of it, with its program.
///
/// # Errors
///
/// When the process is gone or is not ours to look at.
pub fn peak_memory(id: u32) -> io::Result<u64> {
    let report = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = report.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(number(line.unwrap_or_default())? * 1024)
}

fn number(text: &str) -> io::Result<u64> {
    let first = text.split_whitespace().next().unwrap_or_default();
    first.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
