//! A program that serves with supervised workers, for the tests to kill.
//!
//! `GET /` is answered with the worker's number and that of its process; `GET /slow` after a while; `GET /die` never, and neither is
//! `GET /leave`, with which the worker ends well.

use gustnado::netutil::bind_socket;
use gustnado::prelude::*;
use gustnado::process::{Worker, Workers};
use std::time::Duration;

#[route("/")]
async fn index(task_id: &usize) -> String {
    format!("{task_id} {}", std::process::id())
}

#[route("/slow")]
async fn slow(task_id: &usize) -> String {
    sleep(Duration::from_millis(300)).await;
    format!("{task_id} {}", std::process::id())
}

#[route("/die")]
async fn die() -> &'static str {
    std::process::abort()
}

#[route("/leave")]
async fn leave() -> &'static str {
    std::process::exit(0)
}

#[gustnado::main]
async fn main() -> Result<()> {
    let open = || {
        let socket = bind_socket(([127, 0, 0, 1], 0).into(), false)?;
        println!("listening on http://{}", socket.local_addr()?);
        Ok(vec![socket])
    };
    let work = async |worker: &Worker| {
        let application =
            Application::new(routes![index, slow, die, leave]).provide(worker.task_id());
        application.listen(worker.sockets()?)?.run_until(worker.asked_to_end()).await
    };
    Workers::new(2).max_restarts(5).run(open, work).await
}
