//! Files of a folder, as they are: Tornado's `StaticFileHandler`.
//!
//! A request's path becomes a file by [`lookup`], on a thread that may wait for a disk; what is small is kept for a second, so that a
//! file that is asked for all the time costs neither a thread nor a system call. [`answer()`] is what HTTP makes of a file: conditions, ranges
//! and headers.

mod answer;
mod cache;
mod content_type;
mod lookup;
mod urls;

use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use ::http::StatusCode;

use self::answer::answer;
use self::cache::Cache;
#[cfg(feature = "gzip")]
pub(super) use self::content_type::is_worth_compressing;
use self::lookup::{Codings, Failure, Folder};
pub(super) use self::urls::StaticUrls;
use super::{Application, Context, Location, Redirect, Respond, Route};
use crate::error::{Error, HTTPError, WithContext};
use crate::http::Response;
use crate::ioloop::run_in_executor;

/// A folder whose files are served: Tornado's `static_path` and `StaticFileHandler`.
///
/// - Nothing outside of the folder is served, however it is spelled or linked. Neither are names that begin with a dot, but for
///   `.well-known`; nor anything that is no file.
/// - Conditions (`If-None-Match`, `If-Modified-Since`, `If-Range`) and a range are understood. Several ranges are answered with the whole
///   file, as in Tornado.
/// - Of a file `page.css`, `page.css.br`, `page.css.zst` or `page.css.gz` beside it is sent to who takes that.
/// - [`static_url`](Context::static_url) makes URLs with the version of a file. What is asked for by the version that it has is kept by
///   clients for ten years.
/// - Nothing waits for a disk on the loop. Files of up to 1 MiB are kept in memory, and looked at again when a second has passed.
///
/// ```no_run
/// use gustnado::prelude::*;
/// use gustnado::StaticFiles;
///
/// #[route("/")]
/// async fn index(cx: &Context) -> Result<Html<String>> {
///     let style = cx.static_url("style.css")?; // "/static/style.css?v=a1b2.."
///     Ok(Html(format!("<link rel=stylesheet href='{style}'><h1>Hello</h1>")))
/// }
///
/// #[gustnado::main]
/// async fn main() -> Result<()> {
///     Application::new(routes![index])
///         .static_files(StaticFiles::new("static").default_filename("index.html"))
///         .listen(8888)?
///         .run()
///         .await
/// }
/// ```
pub struct StaticFiles {
    root: PathBuf,
    url_prefix: String,
    default_filename: Option<String>,
    precompressed: bool,
    cache_bytes: usize,
}

impl StaticFiles {
    /// The files of this folder and of those in it, below `/static/`. A folder that is not there is a start-up error.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            url_prefix: "/static/".into(),
            default_filename: None,
            precompressed: true,
            cache_bytes: 64 * 1024 * 1024,
        }
    }

    /// Where the files are found: `/static/` unless set. It begins and ends with a slash.
    #[must_use]
    pub fn url_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.url_prefix = prefix.into();
        self
    }

    /// What stands for a folder, as `index.html`; without it, a folder is a 404. A folder's path without its slash is redirected.
    #[must_use]
    pub fn default_filename(mut self, name: impl Into<String>) -> Self {
        self.default_filename = Some(name.into());
        self
    }

    /// Whether compressed files beside a file are sent instead of it; yes unless set.
    #[must_use]
    pub fn precompressed(mut self, look: bool) -> Self {
        self.precompressed = look;
        self
    }

    /// How many bytes of files are kept in memory on each thread: 64 MiB unless set.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }
}

impl fmt::Debug for StaticFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, url_prefix, .. } = self;
        f.debug_struct("StaticFiles")
            .field("root", root)
            .field("url_prefix", url_prefix)
            .finish_non_exhaustive()
    }
}

impl Application {
    /// Serves the files of a folder; also as `/favicon.ico` and `/robots.txt`, if it has them. The folder is read once before, for the
    /// [versions](Context::static_url) of its files.
    ///
    /// More folders are more [routes](StaticFiles::routes).
    #[must_use]
    pub fn static_files(mut self, files: StaticFiles) -> Self {
        let site = match Site::open(files) {
            Ok(site) => site,
            Err(error) => {
                self.problems.push(format!("{error:#}"));
                return self;
            }
        };
        for name in ["favicon.ico", "robots.txt"] {
            if site.folder.has(name) {
                self.routes.push(site.file_route(name));
            }
        }
        self.routes.extend(site.routes());
        let urls = StaticUrls::of(&site.folder, site.prefix());
        self.provide(urls)
    }
}

impl StaticFiles {
    /// The routes of these files alone, for a folder beside that of the [application](Application::static_files), which
    /// [`static_url`](Context::static_url) knows nothing of.
    ///
    /// # Errors
    ///
    /// The folder is not there, or the prefix does not begin and end with a slash.
    pub fn routes(self) -> Result<Vec<Route>, Error> {
        Ok(Site::open(self)?.routes().collect())
    }
}

/// A folder that is served.
struct Site {
    folder: Arc<Folder>,
    prefix: Rc<str>,
    cache: Rc<Cache>,
    precompressed: bool,
}

impl Site {
    fn open(files: StaticFiles) -> Result<Rc<Self>, Error> {
        let StaticFiles { root, url_prefix, default_filename, precompressed, cache_bytes } = files;
        if !url_prefix.starts_with('/') || !url_prefix.ends_with('/') {
            return Err(Error::msg(format!(
                "the prefix {url_prefix:?} of static files must begin and end with a slash"
            )));
        }
        let folder = Folder::open(&root, default_filename)
            .with_context(|| format!("opening the folder {} of static files", root.display()))?;
        Ok(Rc::new(Self {
            folder: Arc::new(folder),
            prefix: url_prefix.into(),
            cache: Rc::new(Cache::new(cache_bytes)),
            precompressed,
        }))
    }

    fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The route of all files, and the one of the folder itself.
    fn routes(self: &Rc<Self>) -> impl Iterator<Item = Route> {
        let here = Location { file: file!(), line: line!() };
        let (all, top) = (self.clone(), self.clone());
        let prefix = &self.prefix;
        let all =
            Route::new(format!("{prefix}{{path...}}"), "static_files", here).handler(move |cx| {
                let site = all.clone();
                async move {
                    match cx.capture(0) {
                        Ok(path) => site.answer(&cx, path.unwrap_or_default()).await,
                        Err(error) => error.respond(&cx),
                    }
                }
            });
        let top = Route::new(prefix.to_string(), "static_files", here).handler(move |cx| {
            let site = top.clone();
            async move { site.answer(&cx, "").await }
        });
        let has_default = self.folder.default_filename().is_some();
        std::iter::once(all).chain(has_default.then_some(top))
    }

    /// The route of one file, at the root of the URLs.
    fn file_route(self: &Rc<Self>, name: &'static str) -> Route {
        let here = Location { file: file!(), line: line!() };
        let site = self.clone();
        Route::new(format!("/{name}"), "static_files", here).handler(move |cx| {
            let site = site.clone();
            async move { site.answer(&cx, name).await }
        })
    }

    async fn answer(&self, cx: &Context, path: &str) -> Response {
        let codings = if self.precompressed { Codings::accepted(cx) } else { Codings::default() };
        if let Some(file) = self.cache.file(path, codings, cx.started()) {
            return answer(cx, file);
        }
        let (folder, wanted) = (self.folder.clone(), path.to_owned());
        match run_in_executor(move || folder.find(&wanted, codings)).await {
            Ok(Ok(found)) => {
                if let Some(small) = found.small() {
                    self.cache.keep(path, codings, cx.started(), small);
                }
                answer(cx, found)
            }
            Ok(Err(Failure::IsFolder)) => {
                Redirect::to(format!("{}/", cx.path())).moved().respond(cx)
            }
            Ok(Err(Failure::Missing)) => HTTPError::new(StatusCode::NOT_FOUND).respond(cx),
            Ok(Err(Failure::Forbidden(why))) => HTTPError::new(StatusCode::FORBIDDEN)
                .with_log_message(format!("the static file {path:?} {why}"))
                .respond(cx),
            Ok(Err(Failure::Broken(error))) => {
                Error::from(error).context(format!("reading the static file {path:?}")).respond(cx)
            }
            Err(error) => Error::from(error).respond(cx),
        }
    }
}
