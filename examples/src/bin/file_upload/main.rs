//! Files go up and down, however long they are: a receiver, and an uploader. Neither ever holds more of a file than a piece.
//!
//! ```text
//! cargo run -p examples --bin file_upload -- --port=8888
//! cargo run -p examples --bin file_upload -- upload http://127.0.0.1:8888 Cargo.lock README.md
//! cargo run -p examples --bin file_upload -- put http://127.0.0.1:8888 Cargo.lock
//! curl 127.0.0.1:8888/files -F file=@Cargo.lock
//! curl 127.0.0.1:8888/files/1 -o Cargo.lock
//! ```
//!
//! `upload` sends a form with all files, as browsers do, and `put` a request for each, with nothing but the file in its body. The
//! receiver keeps files until it ends.

mod pieces;
mod receiver;
mod store;
#[cfg(test)]
mod tests;
mod uploader;

use gustnado::prelude::*;
use std::path::Path;

#[gustnado::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["upload", server, ref files @ ..] if !files.is_empty() => {
            let files: Vec<&Path> = files.iter().map(Path::new).collect();
            println!("{}", uploader::upload(server, &files).await?);
            Ok(())
        }
        ["put", server, ref files @ ..] if !files.is_empty() => {
            for file in files {
                println!("{}", uploader::put(server, Path::new(file)).await?);
            }
            Ok(())
        }
        _ => examples::serve(receiver::application()?).await,
    }
}
