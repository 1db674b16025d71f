//! Arguments that are the request, a part of it, or what the application was provided with.

use std::any::{Any, TypeId};
use std::net::SocketAddr;

use ::http::{HeaderMap, Method, Version};

use super::super::{Context, Requirement};
use super::FromRequest;
use crate::error::{Error, Result};
use crate::http::{BodyStream, Request, RequestId};

/// What the application was provided with; as `&Request` and `&Context`, the request itself.
impl<'r, T: 'static> FromRequest<'r> for &'r T {
    fn requirement() -> Option<Requirement> {
        let id = TypeId::of::<T>();
        let own = id == TypeId::of::<Context>() || id == TypeId::of::<Request>();
        (!own).then(Requirement::of::<T>)
    }

    fn writes() -> bool {
        TypeId::of::<T>() == TypeId::of::<Context>()
    }

    fn is_absent(cx: &'r Context) -> bool {
        Self::requirement().is_some_and(|requirement| !cx.provider().satisfies(requirement))
    }

    async fn from_request(cx: &'r Context) -> Result<Self> {
        if let Some(cx) = (cx as &dyn Any).downcast_ref() {
            return Ok(cx);
        }
        if let Some(request) = (cx.request() as &dyn Any).downcast_ref() {
            return Ok(request);
        }
        if let Some(value) = cx.provided() {
            return Ok(value);
        }
        if let Some(maker) = cx.provider().maker(TypeId::of::<T>()) {
            // In a box, so that who takes what is there already has no room for this.
            Box::pin(maker.make(TypeId::of::<T>(), cx.scope(), cx)).await?;
        }
        // The start-up check leaves this to routes that were made by hand and forgot to say what they need.
        cx.provided().ok_or_else(|| {
            let requirement = Requirement::of::<T>();
            Error::msg(format!("the application was not provided with a {requirement}"))
        })
    }
}

impl FromRequest<'_> for Request {
    async fn from_request(cx: &Context) -> Result<Self> {
        Ok(cx.request().clone())
    }
}

impl FromRequest<'_> for Method {
    async fn from_request(cx: &Context) -> Result<Self> {
        Ok(cx.method().clone())
    }
}

impl FromRequest<'_> for Version {
    async fn from_request(cx: &Context) -> Result<Self> {
        Ok(cx.version())
    }
}

/// All headers. To look at one or two, [`Request::header`] on a `&Request` costs less.
impl FromRequest<'_> for HeaderMap {
    async fn from_request(cx: &Context) -> Result<Self> {
        Ok(cx.header_map())
    }
}

/// The body as it arrives, piece by piece. The handler starts right after the head; the route's limit holds.
impl FromRequest<'_> for BodyStream {
    const BODY: bool = true;
    const STREAMS: bool = true;

    async fn from_request(cx: &Context) -> Result<Self> {
        let mut stream = cx.body_stream();
        stream.set_limit(cx.body_limit())?;
        Ok(stream)
    }
}

/// What tells the request from all others.
impl FromRequest<'_> for RequestId {
    async fn from_request(cx: &Context) -> Result<Self> {
        Ok(cx.request_id())
    }
}

/// The client's address.
impl FromRequest<'_> for SocketAddr {
    async fn from_request(cx: &Context) -> Result<Self> {
        Ok(cx.remote_addr())
    }
}
