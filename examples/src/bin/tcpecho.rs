//! Both ends of a stream: a TCP server that says back each line, and a client that asks it.
//!
//! The server can be spoken to directly, too; the program says where it listens.
//!
//! ```text
//! curl '127.0.0.1:8888/say?line=Hello'
//! nc 127.0.0.1 PORT
//! ```

use gustnado::coroutine::cancel_after;
use gustnado::iostream::{IOStream, StreamError};
use gustnado::prelude::*;
use gustnado::tcpclient::TCPClient;
use gustnado::tcpserver::TCPServer;
use serde::Deserialize;
use std::net::SocketAddr;
use std::time::Duration;

/// The longest line that the server takes; who sends a longer one is cut off.
const LONGEST: usize = 1000;

/// The server: one coroutine for each connection, which ends with it.
async fn echo(stream: IOStream, peer: SocketAddr) {
    let lines = async {
        loop {
            let line = stream.read_until_within(b"\n", LONGEST).await?;
            stream.write(&line).await?;
        }
    };
    // That the client has closed is how it should end.
    let ended: Result<(), StreamError> = lines.await;
    if let Err(error) = ended
        && let Some(error) = error.real_error()
    {
        println!("{peer} has left: {error}");
    }
}

/// The client: connects, says one line, and reads what comes back.
async fn ask(port: u16, line: &str) -> Result<String> {
    let stream = TCPClient::new()
        .timeout(Duration::from_secs(5))
        .connect("localhost", port)
        .await
        .context("connecting to the echo server")?;
    stream.write(format!("{line}\n").as_bytes()).await?;
    let answer = cancel_after(Duration::from_secs(5), stream.read_until(b"\n")).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[derive(Deserialize)]
struct Say {
    line: String,
}

#[route("/say")]
async fn say(Query(say): Query<Say>, port: &u16) -> Result<String> {
    if say.line.len() >= LONGEST || say.line.contains('\n') {
        let refusal = HTTPError::new(StatusCode::BAD_REQUEST);
        return Err(refusal.with_reason("one line of less than 1000 bytes").into());
    }
    ask(*port, &say.line).await
}

#[route("/")]
async fn index(port: &u16, cx: &Context) -> String {
    let host = cx.header("host").unwrap_or("127.0.0.1:8888");
    format!(
        "An echo server listens on 127.0.0.1:{port}. Ask it:\n\n    \
         nc 127.0.0.1 {port}\n    curl 'http://{host}/say?line=Hello'\n"
    )
}

#[gustnado::main]
async fn main() -> Result<()> {
    let server = TCPServer::new(echo);
    let address = server.listen(([127, 0, 0, 1], 0).into())?;
    println!("saying back lines on {address}");
    examples::serve(Application::new(routes![index, say]).provide(address.port())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[gustnado::test]
    async fn each_line_is_said_back() {
        let server = TCPServer::new(echo);
        let port = server.listen(([127, 0, 0, 1], 0).into()).unwrap().port();
        for line in ["Hello", "", "Grüße"] {
            assert_eq!(ask(port, line).await.unwrap(), format!("{line}\n"));
        }
    }

    #[gustnado::test]
    async fn who_sends_no_line_is_cut_off() {
        let server = TCPServer::new(echo);
        let port = server.listen(([127, 0, 0, 1], 0).into()).unwrap().port();
        let stream = TCPClient::new().connect("localhost", port).await.unwrap();
        stream.write(&[b'x'; LONGEST + 1]).await.unwrap();
        assert_eq!(stream.read_until_close().await.unwrap_or_default(), b"");
    }
}
