//! Forms with files: read as they arrive, within limits, and into temporary files.

use gustnado::coroutine::sleep;
use gustnado::prelude::*;
use gustnado_tests::{Folder, Server, eventually, milliseconds};
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A request with this body and Content-Type.
fn post(target: &str, content_type: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST {target} HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

fn form(target: &str, body: &[u8]) -> Vec<u8> {
    post(target, "multipart/form-data; boundary=b", "", body)
}

fn part(name: &str, filename: Option<&str>, content: &str) -> String {
    let filename = filename.map_or(String::new(), |name| format!("; filename=\"{name}\""));
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{filename}\r\n\r\n{content}\r\n")
}

const END: &str = "--b--\r\n";

#[post("/parts")]
async fn parts(mut form: Multipart) -> Result<String> {
    form.limit("short", 4).limit("file", 100).memory_limit(20);
    let mut answer = String::new();
    while let Some(mut part) = form.next().await? {
        let name = part.name().to_owned();
        let content = match part.filename() {
            Some("skipped") => "skipped".to_owned(),
            Some(_) => {
                let mut length = 0;
                while let Some(chunk) = part.chunk().await? {
                    length += chunk.len();
                }
                assert!(part.chunk().await?.is_none());
                format!("{length} bytes")
            }
            None => part.text().await?,
        };
        answer += &format!("{name}: {content}\n");
    }
    Ok(answer)
}

#[post("/early")]
async fn early(mut form: Multipart) -> Result<String> {
    let first = form.next().await?.context("no part")?.text().await?;
    Ok(first)
}

#[post("/optional")]
async fn optional(form: Option<Multipart>) -> &'static str {
    if form.is_some() { "a form" } else { "no form" }
}

#[test]
fn parts_come_in_the_order_in_which_they_were_sent() {
    let server = Server::application(|| Application::new(routes![parts, optional]));
    let mut client = server.connect();
    let long = "x".repeat(100_000);
    let body = part("b", None, "1")
        + &part("f", Some("skipped"), &long)
        + &part("a", None, "\r\n--c")
        + &part("f", Some("f.txt"), &long)
        + &part("b", None, "")
        + END;
    let expected = "b: 1\nf: skipped\na: \r\n--c\nf: 100000 bytes\nb: \n";
    assert_eq!(client.send(form("/parts", body.as_bytes())).reply().text(), expected);
    // The connection goes on, and what is behind the form is not the next request.
    let body = body + "GET / HTTP/1.1\r\n\r\n";
    assert_eq!(client.send(form("/parts", body.as_bytes())).reply().text(), expected);
    assert_eq!(client.send(form("/optional", END.as_bytes())).reply().text(), "a form");
    client.send("POST /optional HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.reply().text(), "no form");
}

#[test]
fn a_bad_form_is_answered_with_the_field_and_the_reason() {
    let server = Server::application(|| Application::new(routes![parts]));
    let text = |content: &str| part("a", None, content) + END;
    for (body, status, reason) in [
        (part("short", None, "12345") + END, 413, "form field short: longer than 4 bytes"),
        (
            part("file", Some("f"), &"x".repeat(101)) + END,
            413,
            "form field file: longer than 100 bytes",
        ),
        (text(&"x".repeat(21)), 413, "form field a: the form's texts are too long"),
        (
            part("a", None, &"x".repeat(15)).repeat(2) + END,
            413,
            "form field a: the form's texts are too long",
        ),
        (part("a", None, "1"), 400, "the form is not complete"),
        ("--b\r\n\r\n1\r\n--b--".into(), 400, "a part of the form needs one Content-Disposition"),
        (part("a", None, "").repeat(101) + END, 400, "the form has too many parts"),
    ] {
        let mut client = server.connect();
        let reply = client.try_send(form("/parts", body.as_bytes())).reply();
        assert_eq!((reply.status(), reply.text()), (status, format!("{status}: {reason}\n")));
    }
    let not_text =
        [part("a", None, "\u{e9}").replace('\u{e9}', "!").into_bytes(), END.into()].concat();
    let not_text: Vec<u8> =
        not_text.into_iter().map(|byte| if byte == b'!' { 0xff } else { byte }).collect();
    let reply = server.connect().send(form("/parts", &not_text)).reply();
    assert_eq!(reply.text(), "400: form field a: not UTF-8\n");
    for (content_type, headers, status, reason) in [
        ("multipart/mixed; boundary=b", "", 415, "the body must be multipart/form-data"),
        ("multipart/form-data", "", 400, "the form's Content-Type has no valid boundary"),
        (
            "multipart/form-data; boundary=b",
            "Content-Encoding: gzip\r\n",
            400,
            "a form must not have a Content-Encoding",
        ),
    ] {
        let mut client = server.connect();
        let reply = client.send(post("/parts", content_type, headers, END.as_bytes())).reply();
        assert_eq!((reply.status(), reply.text()), (status, format!("{status}: {reason}\n")));
    }
    let json = post("/parts", "multipart/form-data", "Accept: application/json\r\n", b"");
    assert_eq!(
        server.connect().send(json).reply().text(),
        r#"{"reason":"the form's Content-Type has no valid boundary","status":400}"#
    );
}

#[test]
fn a_part_is_read_before_the_next_has_arrived() {
    let server = Server::application(|| Application::new(routes![early]));
    let mut client = server.connect();
    let head = "POST /early HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n\
                Content-Length: 1000000\r\n\r\n";
    client.send(head).send(part("a", None, "first")).send("--b");
    assert_eq!(client.reply().text(), "first");
}

#[post("/slow", max_body_size = 1_000_000_000_000)]
async fn slow(mut form: Multipart, read: &Arc<AtomicUsize>, go_on: &Cell<bool>) -> Result {
    let mut part = form.next().await?.context("no part")?;
    while let Some(chunk) = part.chunk().await? {
        read.fetch_add(chunk.len(), Ordering::Relaxed);
        while !go_on.get() {
            sleep(milliseconds(1)).await;
        }
    }
    Ok(())
}

#[test]
fn a_client_waits_while_nobody_reads() {
    let read = Arc::new(AtomicUsize::new(0));
    let seen = read.clone();
    let server = Server::application(move || {
        Application::new(routes![slow]).provide(seen).provide(Cell::new(false))
    });
    let mut client = server.connect();
    client.send(
        "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n\
         Content-Length: 1000000000000\r\n\r\n",
    );
    client.send(part("f", Some("f"), "x"));
    let begun = "--b\r\nContent-Disposition: form-data; name=g; filename=g\r\n\r\n";
    client.send(begun);
    let sent = client.send_until_stuck();
    eventually("the first part is read", || read.load(Ordering::Relaxed) == 1);
    assert!(sent < 100_000_000, "the system's buffers are all that took something");
}

#[derive(serde::Deserialize)]
struct Entry {
    title: String,
    pages: u32,
    #[serde(default)]
    tag: Vec<String>,
}

#[post("/collect")]
async fn collect(mut form: Multipart) -> Result<String> {
    let fields = form.collect().await?;
    let Entry { title, pages, tag } = fields.read()?;
    let files =
        fields.files().map(|(name, file)| format!("{name}={}:{}", file.filename(), file.len()));
    let files: Vec<_> = files.collect();
    assert_eq!(fields.text("title"), Some(&*title));
    assert_eq!(fields.text("picture"), None);
    Ok(format!("{title} {pages} {tag:?} {files:?}"))
}

#[test]
fn a_form_may_be_collected_and_read_into_a_type() {
    let server = Server::application(|| Application::new(routes![collect]));
    let fields = |pages: &str| {
        part("tag", None, "x")
            + &part("picture", Some("p.png"), "12345")
            + &part("title", None, "caf\u{e9}")
            + &part("tag", None, "y")
            + &part("empty", Some(""), "")
            + &part("pages", None, pages)
            + END
    };
    let mut client = server.connect();
    assert_eq!(
        client.send(form("/collect", fields("7").as_bytes())).reply().text(),
        r#"café 7 ["x", "y"] ["picture=p.png:5", "empty=:0"]"#
    );
    let reply = client.send(form("/collect", fields("seven").as_bytes())).reply();
    assert_eq!(reply.text(), "400: form argument pages: not a whole number\n");
}

/// Where files are kept.
struct Kept(PathBuf);

#[post("/upload", max_body_size = 1_000_000)]
async fn upload(mut form: Multipart, folder: &Kept) -> Result<String> {
    let file = form.next().await?.context("no part")?.upload().await?;
    let bytes = file.bytes().await?;
    assert_eq!(bytes.len() as u64, file.len());
    assert!(bytes.iter().all(|byte| *byte == b'x'));
    let place = file.path().map(PathBuf::from);
    assert!(place.as_ref().is_none_or(|place| place.exists()));
    match file.filename() {
        "keep" => file.save(folder.0.join("kept")).await?,
        _ => drop(file),
    }
    assert!(place.as_ref().is_none_or(|place| !place.exists()), "it is removed");
    Ok(if place.is_some() { "on disk" } else { "in memory" }.into())
}

#[test]
fn a_long_file_goes_to_the_disk_and_is_removed_from_there() {
    let folder = Folder::new();
    let kept = Kept(folder.join(""));
    let server = Server::application(move || Application::new(routes![upload]).provide(kept));
    let mut client = server.connect();
    for (filename, length, place) in [
        ("drop", 10, "in memory"),
        ("drop", 300_000, "on disk"),
        ("keep", 10, "in memory"),
        ("keep", 300_000, "on disk"),
    ] {
        let body = part("f", Some(filename), &"x".repeat(length)) + END;
        let reply = client.send(form("/upload", body.as_bytes())).reply();
        assert_eq!(reply.text(), place, "{filename} {length}");
        if filename == "keep" {
            use std::os::unix::fs::PermissionsExt;
            let kept = std::fs::metadata(folder.join("kept")).unwrap();
            assert_eq!(kept.len(), length as u64);
            assert_eq!(kept.permissions().mode() & 0o777, 0o600, "nobody else's to read");
        }
    }
    assert_eq!(std::fs::read_dir(folder.join("")).unwrap().count(), 1, "nothing else is left");
    let body = part("f", Some("f"), &"x".repeat(1_000_001)) + END;
    assert_eq!(client.try_send(form("/upload", body.as_bytes())).reply().status(), 413);
}
