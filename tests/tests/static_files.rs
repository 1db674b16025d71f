//! Files of a folder: what is served, to whom, and what never is.

use gustnado::StaticFiles;
use gustnado::prelude::*;
use gustnado_tests::{Folder, Reply, Server};
use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

const SECRET: &str = "nobody must read this";

#[route("/url")]
async fn url(Query(path): Query<Vec<(String, String)>>, cx: &Context) -> Result<String> {
    cx.static_url(&path[0].1)
}

/// A folder `static` with files, and others beside it that must not be served.
fn folder() -> Folder {
    let folder = Folder::new();
    for name in [
        "static/css",
        "static/docs",
        "static/.git",
        "static/.well-known",
        "static_secret",
        "secret",
    ] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    for (name, content) in [
        ("static/digits.txt", "0123456789"),
        ("static/empty.txt", ""),
        ("static/css/style.css", "body { color: black }"),
        ("static/docs/index.html", "<h1>docs</h1>"),
        ("static/index.html", "<h1>top</h1>"),
        ("static/robots.txt", "User-agent: *"),
        ("static/caf\u{e9} 1+1.txt", "spelled"),
        ("static/data", "?"),
        ("static/.well-known/security.txt", "Contact: us"),
        ("static/.env", SECRET),
        ("static/.git/config", SECRET),
        ("static_secret/file.txt", SECRET),
        ("secret/file.txt", SECRET),
        ("secret.txt", SECRET),
    ] {
        fs::write(folder.join(name), content).unwrap();
    }
    folder
}

fn files(folder: &Folder) -> StaticFiles {
    StaticFiles::new(folder.join("static"))
}

fn server(folder: &Folder, change: impl FnOnce(StaticFiles) -> StaticFiles) -> Server {
    let files = change(files(folder));
    Server::application(move || Application::new(routes![url]).static_files(files))
}

fn ask(server: &Server, head: &str) -> Reply {
    let mut client = server.connect();
    client.send(format!("{head}\r\nHost: a.test\r\n\r\n"));
    if head.starts_with("HEAD") { client.head() } else { client.reply() }
}

fn get(server: &Server, target: &str, headers: &str) -> Reply {
    let headers = if headers.is_empty() { String::new() } else { format!("\r\n{headers}") };
    ask(server, &format!("GET {target} HTTP/1.1{headers}"))
}

#[test]
fn files_come_with_their_types() {
    let folder = folder();
    let server = server(&folder, |files| files);
    for (target, kind, content) in [
        ("/static/digits.txt", "text/plain; charset=utf-8", "0123456789"),
        ("/static/empty.txt", "text/plain; charset=utf-8", ""),
        ("/static/css/style.css", "text/css; charset=utf-8", "body { color: black }"),
        ("/static/caf%C3%A9%201+1.txt", "text/plain; charset=utf-8", "spelled"),
        ("/static/%64igits.txt", "text/plain; charset=utf-8", "0123456789"),
        ("/static/data", "application/octet-stream", "?"),
        ("/static/.well-known/security.txt", "text/plain; charset=utf-8", "Contact: us"),
        ("/robots.txt", "text/plain; charset=utf-8", "User-agent: *"),
    ] {
        // Twice: from the disk, and from memory.
        for _ in 0..2 {
            let reply = get(&server, target, "");
            assert_eq!((reply.status(), reply.text().as_str()), (200, content), "{target}");
            assert_eq!(reply.header("content-type"), Some(kind));
            assert_eq!(reply.header("accept-ranges"), Some("bytes"));
            assert_eq!(reply.header("cache-control"), None);
        }
    }
    for target in [
        "/static/none",
        "/static/digits.txt/",
        "/static/digits.txt/x",
        "/static/css",
        "/static/css/",
    ] {
        assert!([403, 404].contains(&get(&server, target, "").status()), "{target}");
    }
    assert_eq!(get(&server, "/favicon.ico", "").status(), 404);
    assert_eq!(ask(&server, "POST /static/digits.txt HTTP/1.1\r\nContent-Length: 0").status(), 405);
}

/// Spellings, encodings, links, NUL, streams and devices: nothing leads to what is not below the folder, or hidden in it.
#[test]
fn nothing_leads_out() {
    let folder = folder();
    let inside = |name: &str| folder.join("static").join(name);
    symlink(folder.join("secret.txt"), inside("link.txt")).unwrap();
    symlink("../secret.txt", inside("relative.txt")).unwrap();
    symlink(folder.join("secret"), inside("linked")).unwrap();
    symlink("/", inside("all")).unwrap();
    symlink("../static_secret", inside("neighbour")).unwrap();
    symlink("/dev/zero", inside("zero")).unwrap();
    symlink("circle", inside("circle")).unwrap();
    let root = folder.join("");
    let root = root.to_str().unwrap().trim_end_matches('/').to_owned();
    let server = server(&folder, |files| files.default_filename("index.html"));
    let mut paths: Vec<String> = Vec::new();
    for up in [
        "..",
        "%2e%2e",
        "%2E%2e",
        ".%2e",
        "%2e.",
        "..%00",
        "%00..",
        "...",
        "..;",
        "..%3b",
        "..%5c..",
        "%c0%ae%c0%ae",
        "%252e%252e",
        "\u{ff0e}\u{ff0e}",
        "..%20",
        "%20..",
        ". .",
        "..%2e",
        "..%ef%bc%8f",
    ] {
        for slash in
            ["/", "%2f", "%2F", "%5c", "%5C", "//", "/./", "%2f%2f", "%252f", "%c0%af", "\\"]
        {
            for target in ["secret.txt", "secret/file.txt", "static_secret/file.txt"] {
                paths.push(format!("{up}{slash}{target}"));
                paths.push(format!("css{slash}{up}{slash}{up}{slash}{target}"));
                paths.push(format!("css{slash}..{slash}{up}{slash}{target}"));
                paths.push(format!(
                    "{up}{slash}{up}{slash}{up}{slash}{up}{slash}{root}{slash}{target}"
                ));
            }
        }
    }
    for path in [
        "link.txt",
        "relative.txt",
        "linked/file.txt",
        "neighbour/file.txt",
        "zero",
        "circle",
        ".env",
        ".git/config",
        "%2eenv",
        "css/../.env",
        "digits.txt%00.html",
        "digits.txt::$DATA",
        "digits.txt:secret",
        "C:/secret.txt",
        "C:%5csecret.txt",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "file:///etc/passwd",
        "all/etc/passwd",
        "~/secret.txt",
        "CON",
        "PRN",
        "AUX",
        "NUL",
        "COM1",
        "LPT1",
        "con.txt",
        "css/NUL.css",
        "css%0a",
        "%",
        "%zz",
        "%ff",
        "..",
        ".",
    ] {
        paths.push(path.to_owned());
    }
    paths.push(format!("all{root}/secret.txt"));
    paths.push(format!("/{root}/secret.txt"));
    paths.push(format!("_secret/file.txt{}", "/..".repeat(500)));
    let mut client = server.connect();
    let mut seen = 0;
    for path in &paths {
        for prefix in ["/static/", "/static//"] {
            let target = format!("{prefix}{}", path.replace(' ', "%20"));
            client.send_get(&target);
            let reply = client.reply();
            seen += 1;
            assert!([400, 403, 404].contains(&reply.status()), "{target}: {reply:?}");
            assert!(!reply.text().contains(SECRET) && !reply.text().contains("root:"), "{target}");
            if reply.header("connection") == Some("close") {
                client = server.connect();
            }
        }
    }
    assert!(seen > 1000, "{seen}");
    let target = "/static_secret/file.txt";
    assert_eq!(get(&server, target, "").status(), 404, "{target}");
}

#[test]
fn a_link_that_stays_inside_is_followed() {
    let folder = folder();
    symlink("digits.txt", folder.join("static/also.txt")).unwrap();
    let server = server(&folder, |files| files);
    assert_eq!(get(&server, "/static/also.txt", "").text(), "0123456789");
}

/// The rows of Tornado's golden table.
#[test]
fn a_range_is_answered_with_a_part() {
    let folder = folder();
    let server = server(&folder, |files| files);
    for (range, status, content, text) in [
        ("0-4", 206, Some("bytes 0-4/10"), "01234"),
        ("-3", 206, Some("bytes 7-9/10"), "789"),
        ("9-", 206, Some("bytes 9-9/10"), "9"),
        ("5-100", 206, Some("bytes 5-9/10"), "56789"),
        ("5-99999999999999999999999", 206, Some("bytes 5-9/10"), "56789"),
        ("0-", 200, None, "0123456789"),
        ("-100", 200, None, "0123456789"),
        ("-10", 200, None, "0123456789"),
        ("0-1,3-4", 200, None, "0123456789"),
        ("a-b", 200, None, "0123456789"),
        ("-", 200, None, "0123456789"),
        ("0", 200, None, "0123456789"),
        ("+1-2", 200, None, "0123456789"),
        ("1-2-3", 200, None, "0123456789"),
        ("-0", 416, Some("bytes */10"), ""),
        ("4-3", 416, Some("bytes */10"), ""),
        ("10-", 416, Some("bytes */10"), ""),
        ("99999999999999999999999-", 416, Some("bytes */10"), ""),
    ] {
        let reply = get(&server, "/static/digits.txt", &format!("Range: bytes={range}"));
        assert_eq!((reply.status(), reply.text().as_str()), (status, text), "{range}");
        assert_eq!(reply.header("content-range"), content, "{range}");
    }
    for (unit, status) in [("items=0-4", 200), ("Bytes=0-4", 206), ("0-4", 200)] {
        assert_eq!(get(&server, "/static/digits.txt", &format!("Range: {unit}")).status(), status);
    }
    let reply = get(&server, "/static/empty.txt", "Range: bytes=0-");
    assert_eq!(reply.status(), 416, "there is no first byte");
    let reply = ask(&server, "HEAD /static/digits.txt HTTP/1.1\r\nRange: bytes=2-3");
    assert_eq!(
        (reply.status(), reply.header("content-length")),
        (200, Some("10")),
        "a range is for GET"
    );
}

#[test]
fn a_range_of_another_file_is_no_range() {
    let folder = folder();
    let server = server(&folder, |files| files);
    let whole = get(&server, "/static/digits.txt", "");
    let etag = whole.header("etag").unwrap();
    let date = whole.header("last-modified").unwrap();
    for (condition, status) in [
        (etag, 206),
        (date, 206),
        ("\"other\"", 200),
        (&*format!("W/{etag}"), 200),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 200),
        ("nonsense", 200),
    ] {
        let headers = format!("Range: bytes=0-4\r\nIf-Range: {condition}");
        assert_eq!(get(&server, "/static/digits.txt", &headers).status(), status, "{condition}");
    }
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let folder = folder();
    let file = fs::File::options().write(true).open(folder.join("static/digits.txt")).unwrap();
    let modified = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_500);
    file.set_modified(modified).unwrap();
    let server = server(&folder, |files| files);
    let whole = get(&server, "/static/digits.txt", "");
    let etag = whole.header("etag").unwrap();
    let date = whole.header("last-modified").unwrap();
    assert_eq!(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    for (headers, status) in [
        (format!("If-None-Match: {etag}"), 304),
        (format!("If-None-Match: W/{etag}"), 304),
        (format!("If-None-Match: \"a\", {etag} , \"b\""), 304),
        ("If-None-Match: *".into(), 304),
        ("If-None-Match: \"a\"".into(), 200),
        (format!("If-Modified-Since: {date}"), 304),
        ("If-Modified-Since: Sun, 06 Nov 1994 08:49:38 GMT".into(), 304),
        ("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT".into(), 200),
        ("If-Modified-Since: yesterday".into(), 200),
        (format!("If-None-Match: \"a\"\r\nIf-Modified-Since: {date}"), 200),
        (format!("If-None-Match: {etag}\r\nRange: bytes=0-4"), 304),
    ] {
        let reply = get(&server, "/static/digits.txt", &headers);
        assert_eq!(reply.status(), status, "{headers}");
        assert_eq!(reply.header("etag"), Some(etag), "{headers}");
        if status == 304 {
            assert!(reply.body.is_empty() && reply.header("content-type").is_none());
        }
    }
}

#[test]
fn a_file_that_changes_is_seen_after_a_second() {
    let folder = folder();
    let server = server(&folder, |files| files);
    assert_eq!(get(&server, "/static/digits.txt", "").text(), "0123456789");
    fs::write(folder.join("static/digits.txt"), "changed").unwrap();
    gustnado_tests::eventually("the change is seen", || {
        get(&server, "/static/digits.txt", "").text() == "changed"
    });
}

#[test]
fn a_large_file_comes_whole_and_in_parts() {
    let folder = folder();
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    fs::write(folder.join("static/large.bin"), &content).unwrap();
    let server = server(&folder, |files| files);
    assert!(get(&server, "/static/large.bin", "").body == content);
    let part = get(&server, "/static/large.bin", "Range: bytes=1000000-2999998");
    assert_eq!(part.status(), 206);
    assert!(part.body == content[1_000_000..2_999_999]);
    let head = ask(&server, "HEAD /static/large.bin HTTP/1.1");
    assert_eq!(head.header("content-length"), Some("3000000"));
    // A client that leaves in the middle takes nothing with it.
    let mut client = server.connect();
    client.send_get("/static/large.bin");
    drop(client);
    gustnado_tests::eventually("nothing is left", || server.connections() == 0);
}

#[test]
fn a_folder_has_a_default_file_and_a_slash() {
    let folder = folder();
    let server = server(&folder, |files| files.default_filename("index.html"));
    assert_eq!(get(&server, "/static/docs/", "").text(), "<h1>docs</h1>");
    assert_eq!(get(&server, "/static/", "").text(), "<h1>top</h1>");
    let reply = get(&server, "/static/docs", "");
    assert_eq!((reply.status(), reply.header("location")), (301, Some("/static/docs/")));
    assert_eq!(get(&server, "/static/css/", "").status(), 404, "it has none");
}

/// CVE-2023-28370: with files at the root, `//evil.test/..` must not become a redirect to there.
#[test]
fn a_folder_at_the_root_redirects_nobody_away() {
    let folder = folder();
    fs::create_dir_all(folder.join("static/evil.test/x")).unwrap();
    fs::create_dir_all(folder.join("static/x")).unwrap();
    let server = server(&folder, |files| files.url_prefix("/").default_filename("index.html"));
    assert_eq!(get(&server, "/digits.txt", "").text(), "0123456789");
    for target in ["//evil.test/x", "//evil.test", "/%2fevil.test/x", "/\\evil.test", "//x"] {
        let reply = get(&server, target, "");
        assert!([400, 403, 404].contains(&reply.status()), "{target}: {reply:?}");
        assert_eq!(reply.header("location"), None, "{target}");
    }
    assert_eq!(get(&server, "/evil.test/x", "").header("location"), Some("/evil.test/x/"));
}

#[test]
fn who_asks_by_version_keeps_it_for_ten_years() {
    let folder = folder();
    let server = server(&folder, |files| files);
    let versioned = get(&server, "/url?path=css/style.css", "").text();
    let (path, version) = versioned.split_once("?v=").unwrap();
    assert_eq!((path, version.len()), ("/static/css/style.css", 32));
    let kept = Some("max-age=315360000, immutable");
    assert_eq!(get(&server, &versioned, "").header("cache-control"), kept);
    // Another server may be a step ahead: what this one has must not be kept under that name.
    for target in [format!("{path}?v=0000"), path.into(), format!("/static/digits.txt?v={version}")]
    {
        assert_eq!(get(&server, &target, "").header("cache-control"), None, "{target}");
    }
    let spelled = get(&server, "/url?path=caf%C3%A9%201%2B1.txt", "").text();
    assert!(spelled.starts_with("/static/caf%C3%A9%201%2B1.txt?v="), "{spelled}");
    assert_eq!(get(&server, &spelled, "").text(), "spelled");
    assert_eq!(get(&server, &spelled, "").header("cache-control"), kept);
    assert_eq!(get(&server, "/url?path=none.css", "").text(), "/static/none.css");
    // What is not served has no version that could tell of it.
    assert_eq!(get(&server, "/url?path=../secret.txt", "").text(), "/static/../secret.txt");
}

#[test]
fn a_compressed_sibling_is_for_who_takes_it() {
    let folder = folder();
    for suffix in ["br", "gz"] {
        fs::write(folder.join(format!("static/css/style.css.{suffix}")), suffix).unwrap();
    }
    fs::write(folder.join("static/digits.txt.gz"), "gz").unwrap();
    symlink("../../secret.txt", folder.join("static/css/style.css.zst")).unwrap();
    let server = server(&folder, |files| files);
    for (accept, coding) in [
        ("", None),
        ("gzip", Some("gzip")),
        ("gzip, br", Some("br")),
        ("br;q=0, gzip;q=0.5", Some("gzip")),
        ("br;q=0.000", None),
        ("GZIP", Some("gzip")),
        ("zstd", None),
        ("xgzip", None),
    ] {
        for _ in 0..2 {
            let header = if accept.is_empty() {
                String::new()
            } else {
                format!("Accept-Encoding: {accept}")
            };
            let reply = get(&server, "/static/css/style.css", &header);
            assert_eq!(reply.header("content-encoding"), coding, "{accept}");
            assert_eq!(reply.header("vary"), Some("Accept-Encoding"), "{accept}");
            assert_eq!(reply.header("content-type"), Some("text/css; charset=utf-8"));
            let expected = match coding {
                None => "body { color: black }",
                Some("gzip") => "gz",
                Some(other) => other,
            };
            assert_eq!(reply.text(), expected, "{accept}");
        }
    }
    let plain = get(&server, "/static/css/style.css", "");
    let packed = get(&server, "/static/css/style.css", "Accept-Encoding: gzip");
    assert_ne!(plain.header("etag"), packed.header("etag"));
    assert_eq!(get(&server, "/static/css/style.css.gz", "").header("content-encoding"), None);
}

#[test]
fn a_folder_that_is_not_there_is_a_startup_error() {
    let folder = folder();
    for files in [
        StaticFiles::new(folder.join("none")),
        StaticFiles::new(folder.join("secret.txt")),
        files(&folder).url_prefix("static/"),
        files(&folder).url_prefix("/static"),
    ] {
        let problems = Application::new(routes![]).static_files(files).build().unwrap_err();
        assert!(problems.to_string().contains("static files"), "{problems}");
    }
}

#[test]
fn a_second_folder_is_a_list_of_routes() {
    let folder = folder();
    let files = files(&folder).url_prefix("/more/");
    let server = Server::application(move || Application::new(files.routes().unwrap()));
    assert_eq!(get(&server, "/more/digits.txt", "").text(), "0123456789");
    assert_eq!(get(&server, "/robots.txt", "").status(), 404);
}
