//! The receiver, and what the uploader sends to it.

use super::*;
use crate::store::KEPT;
use gustnado_tests::{Client, Folder, Reply, Server, eventually};
use serde_json::{Value, from_slice, json};
use std::fs;

fn server() -> Server {
    Server::application(|| receiver::application().unwrap())
}

fn list(client: &mut Client) -> Value {
    from_slice(&client.get("/files").body).unwrap()
}

fn put(client: &mut Client, name: &str, content: &str) -> Reply {
    let length = content.len();
    let head = format!("PUT /files/{name} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    client.send(head + content).reply()
}

/// Larger than what sockets and buffers hold together, and nowhere alike.
fn large() -> Vec<u8> {
    (0..20_000_000_u32).map(|at| (at * 7 + at / 251) as u8).collect()
}

#[gustnado::test(timeout = 30)]
async fn what_the_uploader_sends_can_be_fetched_again() {
    let server = server();
    let folder = Folder::new();
    let contents =
        [("large.bin", large()), ("empty", Vec::new()), ("ä \"b\".txt", b"abc".to_vec())];
    let paths: Vec<_> = contents.iter().map(|(name, _)| folder.join(name)).collect();
    for (path, (_, content)) in paths.iter().zip(&contents) {
        fs::write(path, content).unwrap();
    }
    let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();

    let said: Value =
        serde_json::from_str(&uploader::upload(&server.url(""), &paths).await.unwrap()).unwrap();
    assert_eq!(said.as_array().map(Vec::len), Some(3));
    for path in &paths {
        uploader::put(&server.url(""), path).await.unwrap();
    }

    let client = AsyncHTTPClient::new();
    for (id, (name, content)) in (1..).zip(contents.iter().chain(&contents)) {
        let response = client.fetch(server.url(&format!("/files/{id}"))).await.unwrap();
        assert!(response.body() == content, "{id}: {} bytes", response.body().len());
        let disposition = response.header("content-disposition").unwrap();
        let expected = format!("attachment; filename*=UTF-8''{}", receiver::encoded(name));
        assert_eq!(disposition, expected);
    }
    assert_eq!(client.fetch(server.url("/files/7")).await.unwrap_err().code(), 404);
}

#[test]
fn only_files_of_a_form_are_kept() {
    let server = server();
    let form = "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nnothing\r\n\
                --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../a\"\r\n\r\nabc\r\n--b--\r\n";
    let length = form.len();
    let mut client = server.connect();
    let head = format!(
        "POST /files HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n"
    );
    let reply = client.send(format!("{head}\r\n{form}")).reply();
    assert_eq!(reply.status(), 201, "{}", reply.text());
    let files = list(&mut client);
    assert_eq!(files.as_array().map(Vec::len), Some(1), "{files}");
    assert_eq!(files[0]["length"], 3);
    let theirs = client.send(format!("{head}Sec-Fetch-Site: cross-site\r\n\r\n{form}")).reply();
    assert_eq!(theirs.status(), 403);
}

#[test]
fn a_file_that_is_not_complete_is_not_kept() {
    let server = server();
    let mut client = server.connect();
    client.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");
    // Files are numbered as they begin, so a number that others do not get is the first one's.
    let mut other = server.connect();
    let mut count = 0;
    eventually("it has begun", || {
        count += 1;
        from_slice::<Value>(&put(&mut other, "b", "def").body).unwrap()["id"].as_u64() > Some(count)
    });
    drop(client);
    eventually("it has ended", || server.connections() == 1);
    let files = list(&mut other);
    assert!(files.as_array().unwrap().iter().all(|file| file["name"] == "b"), "{files}");
}

#[test]
fn the_oldest_file_goes_when_there_are_too_many() {
    let server = server();
    let mut client = server.connect();
    for number in 0..=KEPT {
        assert_eq!(put(&mut client, &number.to_string(), "abc").status(), 201);
    }
    let files = list(&mut client);
    assert_eq!(files.as_array().map(Vec::len), Some(KEPT));
    assert_eq!(files[0], json!({ "id": 2, "name": "1", "length": 3 }));
    assert_eq!(client.get("/files/1").status(), 404);
    assert_eq!(client.get("/files/2").text(), "abc");
}

#[test]
fn a_file_of_another_site_is_no_page_of_ours() {
    let server = server();
    let mut client = server.connect();
    put(&mut client, "a.html", "<script>alert(1)</script>");
    let reply = client.get("/files/1");
    assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    for path in ["/", "/upload.js", "/style.css", "/server.js", "/icon.svg"] {
        let reply = client.get(path);
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}");
    }
}
