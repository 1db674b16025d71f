//! Requests that ask for another protocol.

use super::errors::{HTTPClientError, Phase};
use super::response::HTTPResponse;
use super::route::connect;
use super::{AsyncHTTPClient, HTTPRequest};
use crate::coroutine::cancel_after;
use crate::iostream::IOStream;
use ::http::StatusCode;

impl AsyncHTTPClient {
    /// Asks for another protocol over a connection of its own, with these `lines` in the head of the request. If the server agrees, by
    /// 101, the stream and that response. Redirects are not followed, and the connection does not count among those of the client.
    pub(crate) async fn upgrade(
        &self,
        mut request: HTTPRequest,
        lines: String,
    ) -> Result<(IOStream, HTTPResponse), HTTPClientError> {
        request.check()?;
        let client = &self.owner.shared;
        if client.is_closed() {
            return Err(HTTPClientError::ClientClosed);
        }
        let mut record = request.record;
        record.options.complete(&client.options);
        record.upgrade = Some(lines.into());
        record.times.called = client.core.ticks();
        record.times.begun = record.times.called;
        let now = client.core.now();
        let deadline = now + record.options.request_timeout();
        let connecting =
            connect(client, &record, deadline.min(now + record.options.connect_timeout()));
        let (mut connection, resolved) = connecting.await?;
        record.times.resolved = resolved;
        record.times.connected(client.core.ticks());
        match cancel_after(deadline, connection.exchange(&mut record, client)).await {
            Ok(answered) => answered?,
            Err(_) => return Err(HTTPClientError::Timeout(Phase::Request)),
        };
        let response = HTTPResponse::new(record);
        match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => Ok((connection.stream, response)),
            _ => Err(HTTPClientError::Status(response)),
        }
    }
}
