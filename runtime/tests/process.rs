//! Processes, under the names of Tornado's own tests where it has them.

use gustnado::coroutine::{Multi, cancel_after, sleep};
use gustnado::ioloop::spawn;
use gustnado::process::{CalledProcessError, Subprocess, returncode};
use gustnado_tests::milliseconds;
use std::cell::Cell;
use std::io::ErrorKind;
use std::process::{Command, Stdio};
use std::rc::Rc;

/// A shell that runs `script`, all of whose pipes are streams.
fn shell(script: &str) -> Subprocess {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Subprocess::spawn(&mut command).unwrap()
}

#[gustnado::test]
async fn subprocess() {
    let mut python = shell("while read line; do echo \"<$line>\"; done; echo bye");
    let stdin = python.take_stdin().unwrap();
    stdin.write(b"hello\n").await.unwrap();
    let stdout = python.stdout().unwrap();
    assert_eq!(stdout.read_until(b"\n").await.unwrap(), b"<hello>\n");
    stdin.write(b"world\n").await.unwrap();
    assert_eq!(stdout.read_until(b"\n").await.unwrap(), b"<world>\n");
    drop(stdin);
    assert_eq!(stdout.read_until_close().await.unwrap(), b"bye\n");
    python.wait_for_exit().await.unwrap();
}

#[gustnado::test]
async fn close_stdin() {
    let mut cat = shell("cat");
    drop(cat.take_stdin());
    assert_eq!(cat.stdout().unwrap().read_until_close().await.unwrap(), b"");
    assert!(cat.wait().await.unwrap().success());
}

#[gustnado::test]
async fn stderr() {
    let mut loud = shell("printf hello >&2");
    assert_eq!(loud.stderr().unwrap().read_until_close().await.unwrap(), b"hello");
    assert_eq!(loud.take_stdout().unwrap().read_until_close().await.unwrap(), b"");
}

#[gustnado::test]
async fn wait_for_exit() {
    let mut fine = shell("exit 0");
    fine.wait_for_exit().await.unwrap();
    // However often one asks.
    fine.wait_for_exit().await.unwrap();
}

#[gustnado::test]
async fn wait_for_exit_raise() {
    let error = shell("exit 1").wait_for_exit().await.unwrap_err();
    let error = error.get_ref().unwrap().downcast_ref::<CalledProcessError>().unwrap();
    assert_eq!(error.returncode, 1);
    assert_eq!(error.to_string(), "sh returned non-zero exit status 1");
}

#[gustnado::test]
async fn wait_for_exit_raise_disabled() {
    assert_eq!(shell("exit 3").wait().await.unwrap().code(), Some(3));
}

#[gustnado::test]
async fn sigchild_signal() {
    let mut killed = shell("sleep 60");
    assert!(killed.id() > 0);
    killed.kill().unwrap();
    let error = killed.wait_for_exit().await.unwrap_err();
    assert_eq!(error.to_string(), "sh died with signal 9");
    assert_eq!(returncode(killed.wait().await.unwrap()), -9);
    killed.kill().unwrap();
}

#[gustnado::test]
async fn exit_callback() {
    let code = Rc::new(Cell::new(None));
    let noted = code.clone();
    shell("exit 7").set_exit_callback(move |code| noted.set(Some(code)));
    while code.get().is_none() {
        sleep(milliseconds(1)).await;
    }
    assert_eq!(code.get(), Some(7));
}

#[gustnado::test]
async fn many_ends_at_once_are_all_noticed() {
    let waits = (0..20)
        .map(|number| async move { shell(&format!("exit {number}")).wait().await.map(returncode) });
    let codes = Multi(waits.collect::<Vec<_>>()).await.unwrap();
    assert_eq!(codes, (0..20).collect::<Vec<_>>());
}

#[gustnado::test]
async fn a_wait_can_be_given_up_and_begun_again() {
    let mut slow = shell("read line; exit 4");
    assert!(cancel_after(milliseconds(5), slow.wait()).await.is_err());
    drop(slow.take_stdin());
    assert_eq!(slow.wait().await.unwrap().code(), Some(4));
}

#[gustnado::test]
async fn communicate_reads_both_outputs_while_it_writes() {
    // More than the pipes hold, in every direction.
    let input = b"0123456789\n".repeat(100_000);
    let output = shell("tee /dev/stderr").communicate(&input).await.unwrap();
    assert!(output.status.success());
    assert!(output.stdout == input && output.stderr == input);
}

#[gustnado::test]
async fn communicate_with_a_program_that_does_not_listen() {
    let output = shell("exec <&-; echo no; exit 2").communicate(&vec![b'x'; 1_000_000]).await;
    let output = output.unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(2), &b"no\n"[..]));
}

#[gustnado::test]
async fn a_program_that_does_not_exist() {
    let error = Subprocess::spawn(&mut Command::new("/nonexistent/program")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[gustnado::test]
async fn a_subprocess_that_was_dropped_leaves_no_zombie() {
    let mut child = shell("read line");
    let (id, stdin) = (child.id(), child.take_stdin());
    drop(child);
    let stat = format!("/proc/{id}/stat");
    assert!(std::fs::exists(&stat).unwrap(), "it goes on");
    drop(stdin);
    let gone = spawn(async move {
        while std::fs::exists(&stat).unwrap() {
            sleep(milliseconds(1)).await;
        }
    });
    gone.await.unwrap();
}
