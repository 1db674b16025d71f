//! The example `https`, as others see it: a certificate is renewed while a client is connected.
#![cfg(feature = "tls")]

use gustnado::http::AsyncHTTPClient;
use gustnado::tls::{ClientOptions, Pem};
use gustnado_tests::{Authority, Folder, eventually};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The program, which is killed with its test.
struct Example(Child);

impl Example {
    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It has ended, or the test has failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(certificate: &Path, key: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_https"));
    command.arg("--port=0");
    command.arg(format!("--certificate={}", certificate.display()));
    command.arg(format!("--key={}", key.display()));
    command
}

fn trusting(authority: &Authority) -> AsyncHTTPClient {
    let options = ClientOptions::new().ca_certs(Pem::text(authority.certificate()));
    AsyncHTTPClient::builder().tls_options(options).build()
}

#[gustnado::test(timeout = 60)]
async fn a_certificate_is_renewed_while_clients_are_connected() {
    let folder = Folder::new();
    let (before, after) = (Authority::new("before"), Authority::new("after"));
    let (certificate, key) = before.issue(&["127.0.0.1"]).write(&folder, "own");
    let mut command = program(&certificate, &key);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut example = Example(child);
    let url = line.trim_end().strip_prefix("listening on ").unwrap();

    let connected = trusting(&before);
    let text = "Hello, 127.0.0.1 over https\n";
    assert_eq!(connected.fetch(url).await.unwrap().text(), text);
    assert_eq!(connected.idle_connections(), 1);

    after.issue(&["127.0.0.1"]).write(&folder, "own");
    example.signal("-HUP");
    // Until the program has heard the signal, new clients are shown the former certificate, which these do not trust.
    let renewed = loop {
        let client = trusting(&after);
        if let Ok(response) = client.fetch(url).await {
            break response;
        }
    };
    assert_eq!(renewed.text(), text);
    // Over the connection that was there before.
    assert_eq!(connected.fetch(url).await.unwrap().text(), text);
    assert!(trusting(&before).fetch(url).await.is_err());

    // What cannot be read changes nothing.
    std::fs::write(&certificate, "broken").unwrap();
    example.signal("-HUP");
    for _ in 0..20 {
        assert_eq!(trusting(&after).fetch(url).await.unwrap().text(), text);
    }
    example.signal("-TERM");
    eventually("it ends", || example.0.try_wait().unwrap().is_some());
    assert!(example.0.wait().unwrap().success());
}

#[test]
fn a_file_that_is_missing_is_named() {
    let folder = Folder::new();
    let missing = folder.join("missing.pem");
    let Output { status, stderr, .. } = program(&missing, &missing).output().unwrap();
    let text = String::from_utf8_lossy(&stderr);
    assert!(!status.success() && text.contains("missing.pem"), "{text}");
}
