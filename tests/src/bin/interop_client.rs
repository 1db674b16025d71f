//! The client for servers that others have made: see `tests/interop`.
//!
//! A line of its standard input is a request in JSON, or `times` of it at once; the line that it answers with has the responses. All
//! requests are one client's, so they share its connections. It ends with its input.

use flate2::Crc;
use gustnado::coroutine::Multi;
use gustnado::http::{Body, HTTPClientError, HTTPResponse, Multipart};
use gustnado::iostream::IOStream;
use gustnado::prelude::*;
use gustnado_tests::Source;
use serde::{Deserialize, Serialize};
use std::os::fd::AsFd;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    url: String,
    #[serde(default = "get")]
    method: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<String>,
    /// So many pieces of 10 000 bytes are streamed up.
    pieces: Option<usize>,
    /// Whether their length is announced.
    #[serde(default)]
    sized: bool,
    /// A form with a text and a file of these contents.
    form: Option<(String, String)>,
    basic: Option<(String, String)>,
    digest: Option<(String, String)>,
    unix_socket: Option<PathBuf>,
    #[serde(default)]
    expect_100_continue: bool,
    #[serde(default = "one")]
    times: usize,
}

fn get() -> String {
    "GET".into()
}

fn one() -> usize {
    1
}

impl Order {
    fn request(&self) -> Result<HTTPRequest> {
        let mut request = HTTPRequest::new(&self.url)
            .method(self.method.parse()?)
            .expect_100_continue(self.expect_100_continue)
            .raise_error(false);
        for (name, value) in &self.headers {
            request = request.append_header(name, value);
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        if let Some(count) = self.pieces {
            let source = Source::new(vec![b'a'; 10_000], count);
            request = request.body(match self.sized {
                true => Body::sized_stream(10_000 * count as u64, source),
                false => Body::stream(source),
            });
        }
        if let Some((text, file)) = &self.form {
            let form = Multipart::new().text("text", text);
            request = request.multipart(form.file("file", "ä \"b\".bin", "image/x", file));
        }
        if let Some((user, password)) = &self.basic {
            request = request.basic_auth(user, password);
        }
        if let Some((user, password)) = &self.digest {
            request = request.digest_auth(user, password);
        }
        if let Some(path) = &self.unix_socket {
            request = request.unix_socket(path);
        }
        Ok(request)
    }
}

/// What has come of an order.
#[derive(Serialize)]
struct Report {
    responses: Vec<Answer>,
    /// How many connections rest.
    idle: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Response {
        code: u16,
        reason: String,
        url: String,
        headers: Vec<(String, String)>,
        length: usize,
        crc32: u32,
        /// Its beginning.
        text: String,
    },
    Error {
        error: String,
    },
}

impl From<Result<HTTPResponse, HTTPClientError>> for Answer {
    fn from(result: Result<HTTPResponse, HTTPClientError>) -> Self {
        let response = match result {
            Ok(response) => response,
            Err(error) => return Self::Error { error: error.to_string() },
        };
        let mut crc = Crc::new();
        crc.update(response.body());
        let header =
            |(name, value): (&str, &[u8])| (name.to_owned(), value.escape_ascii().to_string());
        Self::Response {
            code: response.code(),
            reason: response.reason().into(),
            url: response.effective_url().into(),
            headers: response.headers().map(header).collect(),
            length: response.body().len(),
            crc32: crc.sum(),
            text: response.text().chars().take(10_000).collect(),
        }
    }
}

#[gustnado::main]
async fn main() -> Result<()> {
    let client = AsyncHTTPClient::builder().max_clients_per_origin(50).build();
    let orders = IOStream::from_reader(std::io::stdin().as_fd().try_clone_to_owned()?)?;
    while let Ok(line) = orders.read_until(b"\n").await {
        let order: Order = serde_json::from_slice(&line)?;
        let requests = (0..order.times).map(|_| order.request()).collect::<Result<Vec<_>>>()?;
        let fetches = requests.into_iter().map(|request| {
            let client = client.clone();
            async move { Ok::<_, Error>(Answer::from(client.fetch(request).await)) }
        });
        let responses = Multi(fetches.collect::<Vec<_>>()).await?;
        let report = Report { responses, idle: client.idle_connections() };
        println!("{}", serde_json::to_string(&report)?);
    }
    Ok(())
}
