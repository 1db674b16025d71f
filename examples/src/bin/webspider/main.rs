//! A spider: ten workers follow the links of a site, page by page, and a bar shows how far they are.
//!
//! ```text
//! cargo run -p examples --bin webspider -- http://example.com/
//! ```
//!
//! What is found waits in a [`Queue`](gustnado::queues::Queue); the work is done when every page that was put in has been dealt
//! with, which is what its `join` waits for. Without a URL, the spider crawls a site that the program serves itself.

mod site;
mod spider;
#[cfg(test)]
mod tests;

use gustnado::prelude::*;
use spider::{Spider, Survey};
use std::io::{Write, stdout};
use std::rc::Rc;
use std::time::{Duration, Instant};

const WORKERS: usize = 10;

/// How often the bar is drawn, and how wide.
const FRAME: Duration = Duration::from_millis(50);
const WIDTH: usize = 40;

/// Crawls what can be reached from `start`, and draws the bar meanwhile.
async fn crawl(start: &str) -> Result<Survey> {
    let spider = Rc::new(Spider::new(start, WORKERS));
    let drawing = spawn({
        let spider = spider.clone();
        async move {
            loop {
                draw(&spider);
                sleep(FRAME).await;
            }
        }
    });
    let survey = spider.run().await;
    drawing.cancel();
    draw(&spider);
    println!();
    survey
}

/// Draws the bar over the one before.
fn draw(spider: &Spider) {
    let (done, known) = spider.progress();
    let filled = done * WIDTH / known.max(1);
    let bar = format!("{}{}", "#".repeat(filled), ".".repeat(WIDTH - filled));
    print!("\r[{bar}] {done} of {known} pages");
    // Nobody may look.
    let _ = stdout().flush();
}

#[gustnado::main]
async fn main() -> Result<()> {
    let begin = Instant::now();
    let survey = match std::env::args().nth(1) {
        Some(start) => crawl(&start).await?,
        None => {
            let server = site::site().listen("127.0.0.1:0")?;
            crawl(&format!("http://{}/", server.addresses()[0])).await?
        }
    };
    let seconds = begin.elapsed().as_secs_f64();
    println!("{} pages with {} bytes in {seconds:.1} seconds", survey.pages, survey.bytes);
    for (url, error) in &survey.dead {
        println!("dead: {url}: {error}");
    }
    Ok(())
}
