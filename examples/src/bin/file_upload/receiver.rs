//! The server: takes files, as forms or as they are, and gives them back.

use crate::pieces;
use crate::store::{Store, Stored};
use gustnado::prelude::*;
use std::rc::Rc;

/// The longest body that is taken, in bytes.
pub(crate) const LONGEST: u64 = 4 << 30;

/// A form, such as a page's: each of its files is written as it arrives.
#[post("/files", max_body_size = LONGEST)]
async fn take_form(
    mut form: Multipart,
    store: &Rc<Store>,
    cx: &Context,
) -> Result<(StatusCode, Json<Vec<Stored>>)> {
    examples::same_origin(cx)?;
    let mut taken = Vec::new();
    while let Some(mut part) = form.next().await? {
        let Some(name) = part.filename().map(str::to_owned) else { continue };
        let mut draft = store.create(&name).await?;
        while let Some(piece) = part.chunk().await? {
            draft.write(piece).await?;
        }
        taken.push(draft.finish());
    }
    Ok((StatusCode::CREATED, Json(taken)))
}

/// A body that is nothing but the file.
#[put("/files/{name}", max_body_size = LONGEST)]
async fn take_file(
    name: String,
    mut body: BodyStream,
    store: &Rc<Store>,
    cx: &Context,
) -> Result<(StatusCode, Json<Stored>)> {
    examples::same_origin(cx)?;
    let mut draft = store.create(&name).await?;
    while let Some(piece) = body.next().await {
        draft.write(piece?).await?;
    }
    Ok((StatusCode::CREATED, Json(draft.finish())))
}

#[route("/files")]
async fn list(store: &Rc<Store>) -> Json<Vec<Stored>> {
    Json(store.files())
}

/// Whatever is in a file, a browser must not take it for a page of ours.
#[route("/files/{id}")]
async fn give(id: u64, store: &Rc<Store>) -> Result<Response> {
    let Stored { name, .. } =
        store.find(id).ok_or_else(|| HTTPError::new(StatusCode::NOT_FOUND))?;
    let name = encoded(&name);
    let body = pieces::body(&store.path(id)).await?;
    let response = Response::new(StatusCode::OK)
        .with_header("Content-Type", "application/octet-stream")?
        .with_header("Content-Disposition", format!("attachment; filename*=UTF-8''{name}"))?
        .with_header("X-Content-Type-Options", "nosniff")?
        .with_body(body);
    Ok(response)
}

/// A name as a header can hold it. RFC 8187 §3.2.
pub(crate) fn encoded(name: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    name.bytes().map(encode).collect()
}

#[route("/")]
async fn index() -> impl Respond {
    examples::page("text/html; charset=utf-8", include_str!("page/index.html"))
}

#[route("/upload.js")]
async fn script() -> impl Respond {
    examples::page("text/javascript; charset=utf-8", include_str!("page/upload.js"))
}

pub(crate) fn application() -> Result<Application> {
    let routes = routes![
        index,
        script,
        list,
        take_form,
        take_file,
        give,
        examples::icon,
        examples::style,
        examples::server
    ];
    Ok(Application::new(routes).provide(Rc::new(Store::new()?)))
}
