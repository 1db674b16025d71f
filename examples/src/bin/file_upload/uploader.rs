//! The client: sends files as it reads them.

use crate::pieces;
use crate::receiver::encoded;
use gustnado::http::Multipart;
use gustnado::prelude::*;
use std::path::Path;
use std::time::Duration;

/// Sends all files as one form, as a browser would; what the server says to it.
pub(crate) async fn upload(server: &str, files: &[&Path]) -> Result<String> {
    let mut form = Multipart::new();
    for path in files {
        let body = pieces::body(path).await?;
        form = form.streamed_file("file", &name(path), "application/octet-stream", body);
    }
    send(HTTPRequest::post(format!("{server}/files")).multipart(form)).await
}

/// Sends one file as it is; what the server says to it.
pub(crate) async fn put(server: &str, path: &Path) -> Result<String> {
    let url = format!("{server}/files/{}", encoded(&name(path)));
    send(HTTPRequest::put(url).body(pieces::body(path).await?)).await
}

async fn send(request: HTTPRequest) -> Result<String> {
    // A server that does not want it says so before it has been sent all of it. How long it takes is for the line to say.
    let request = request.expect_100_continue(true).request_timeout(Duration::ZERO);
    let response = AsyncHTTPClient::new().fetch(request).await?;
    Ok(response.text().into_owned())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
