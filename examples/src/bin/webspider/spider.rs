//! The workers and their queue.

use gustnado::coroutine::scope;
use gustnado::http::HTTPClientError;
use gustnado::prelude::*;
use gustnado::queues::Queue;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The largest page that is looked at.
const LARGEST: u64 = 1024 * 1024;

/// Crawls one site.
pub(super) struct Spider {
    client: AsyncHTTPClient,
    /// Scheme, host and port; what is elsewhere is left alone.
    origin: String,
    workers: usize,
    queue: Queue<String>,
    /// Every path that was ever put into the queue.
    known: RefCell<BTreeSet<String>>,
    survey: RefCell<Survey>,
}

/// What was found.
#[derive(Clone, Default)]
pub(super) struct Survey {
    /// How many pages there are.
    pub(super) pages: usize,
    /// How long they are together.
    pub(super) bytes: usize,
    /// Links that lead nowhere, and why.
    pub(super) dead: Vec<(String, String)>,
}

impl Spider {
    /// A spider that begins at the URL `start`.
    pub(super) fn new(start: &str, workers: usize) -> Self {
        let authority = start.find("://").map_or(0, |at| at + 3);
        let path = start[authority..].find('/').map_or(start.len(), |at| authority + at);
        let (origin, path) = start.split_at(path);
        let spider = Self {
            client: AsyncHTTPClient::builder().max_clients_per_origin(workers).build(),
            origin: origin.to_owned(),
            workers,
            queue: Queue::new(0),
            known: RefCell::default(),
            survey: RefCell::default(),
        };
        spider.discover(if path.is_empty() { "/" } else { path });
        spider
    }

    /// How many pages were dealt with, and how many are known.
    pub(super) fn progress(&self) -> (usize, usize) {
        let survey = self.survey.borrow();
        (survey.pages + survey.dead.len(), self.known.borrow().len())
    }

    /// Crawls until no link is left that was not followed.
    pub(super) async fn run(&self) -> Result<Survey> {
        scope(async |workers| {
            for _ in 0..self.workers {
                workers.spawn(self.work());
            }
            self.queue.join().await;
            // Workers find it closed, and go home.
            self.queue.close();
            Ok::<(), Error>(())
        })
        .await?;
        Ok(self.survey.borrow().clone())
    }

    async fn work(&self) -> Result<()> {
        while let Ok(path) = self.queue.get().await {
            let fetched = self.visit(&path).await;
            let mut survey = self.survey.borrow_mut();
            match fetched {
                Ok(length) => {
                    survey.pages += 1;
                    survey.bytes += length;
                }
                Err(error) => {
                    survey.dead.push((format!("{}{path}", self.origin), error.to_string()));
                }
            }
            drop(survey);
            self.queue.task_done()?;
        }
        Ok(())
    }

    /// Fetches a page, and puts its links into the queue; returns how long it is.
    async fn visit(&self, path: &str) -> Result<usize, HTTPClientError> {
        let url = format!("{}{path}", self.origin);
        let response = self.client.fetch(HTTPRequest::new(url).max_body_size(LARGEST)).await?;
        let is_page = response.header("content-type").is_some_and(|of| of.starts_with("text/html"));
        // A redirect may have led elsewhere.
        if is_page && response.effective_url().starts_with(&format!("{}/", self.origin)) {
            let text = response.text();
            links(&text).for_each(|link| self.discover(link));
        }
        Ok(response.body().len())
    }

    /// Puts a path into the queue, if it is new.
    fn discover(&self, path: &str) {
        let path = path.split('#').next().unwrap_or_default();
        if self.known.borrow_mut().insert(path.to_owned()) {
            // It has no limit, and is closed only when nobody looks for links any more.
            let _ = self.queue.put_nowait(path.to_owned());
        }
    }
}

/// The links of a page that lead to the same site, as far as they are written as absolute paths.
fn links(page: &str) -> impl Iterator<Item = &str> {
    page.split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|link| link.starts_with('/') && !link.starts_with("//"))
}
