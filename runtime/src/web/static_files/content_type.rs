//! The types of files, by their names.

use crate::http::ContentType;

macro_rules! types {
    ($($kind:literal: $($extension:literal)+;)+) => {
        /// The type of a file of this extension, in lower case.
        fn known(extension: &str) -> Option<ContentType> {
            Some(match extension {
                $($($extension)|+ => const { ContentType::from_static($kind) },)+
                _ => return None,
            })
        }
    };
}

// What browsers and feed readers do something with; the registry of IANA has thousands.
types! {
    "text/html; charset=utf-8": "html" "htm";
    "text/css; charset=utf-8": "css";
    "text/javascript; charset=utf-8": "js" "mjs";
    "text/plain; charset=utf-8": "txt" "text" "log";
    "text/markdown; charset=utf-8": "md";
    "text/csv; charset=utf-8": "csv";
    "text/calendar; charset=utf-8": "ics";
    "text/vtt; charset=utf-8": "vtt";
    "text/xml; charset=utf-8": "xml" "xsl";
    "application/json": "json" "map";
    "application/manifest+json": "webmanifest";
    "application/atom+xml": "atom";
    "application/rss+xml": "rss";
    "application/xhtml+xml": "xhtml";
    "application/wasm": "wasm";
    "application/pdf": "pdf";
    "application/zip": "zip";
    "application/gzip": "gz" "tgz";
    "application/zstd": "zst";
    "application/x-tar": "tar";
    "application/epub+zip": "epub";
    "image/svg+xml": "svg";
    "image/png": "png";
    "image/jpeg": "jpg" "jpeg";
    "image/gif": "gif";
    "image/webp": "webp";
    "image/avif": "avif";
    "image/bmp": "bmp";
    "image/tiff": "tif" "tiff";
    "image/vnd.microsoft.icon": "ico";
    "font/woff": "woff";
    "font/woff2": "woff2";
    "font/ttf": "ttf";
    "font/otf": "otf";
    "audio/mpeg": "mp3";
    "audio/mp4": "m4a";
    "audio/ogg": "ogg" "oga" "opus";
    "audio/wav": "wav";
    "audio/flac": "flac";
    "video/mp4": "mp4" "m4v";
    "video/webm": "webm";
    "video/ogg": "ogv";
    "video/quicktime": "mov";
}

/// The type of a file of this name: `application/octet-stream` if nobody knows.
pub(super) fn content_type(name: &str) -> ContentType {
    let name = name.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.and_then(|extension| known(&extension)).unwrap_or(ContentType::OCTETS)
}

/// Whether files of a type become smaller when they are compressed.
pub(in crate::web) fn is_worth_compressing(content_type: &ContentType) -> bool {
    let kind = content_type.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    kind.starts_with(b"text/")
        || kind.ends_with(b"+xml")
        || kind.ends_with(b"+json")
        || [
            &b"application/json"[..],
            b"application/javascript",
            b"application/xml",
            b"application/wasm",
        ]
        .contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_extension_counts() {
        for (name, expected) in [
            ("a/style.css", "text/css; charset=utf-8"),
            ("A.HTML", "text/html; charset=utf-8"),
            ("a.tar.gz", "application/gzip"),
            ("a.css.br", "application/octet-stream"),
            ("a.css/b", "application/octet-stream"),
            ("", "application/octet-stream"),
            ("a.", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name).as_bytes(), expected.as_bytes(), "{name}");
        }
    }

    #[test]
    fn what_is_compressed_already_is_left_alone() {
        let is_worth = |name| is_worth_compressing(&content_type(name));
        assert!(
            ["a.html", "a.js", "a.json", "a.svg", "a.atom", "a.wasm"].into_iter().all(is_worth)
        );
        assert!(!["a.png", "a.zip", "a.woff2", "a.mp4", "a"].into_iter().any(is_worth));
    }
}
