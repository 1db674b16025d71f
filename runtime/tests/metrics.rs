//! Figures for Prometheus.

use gustnado::http::HTTPRequest;
use gustnado::ioloop::CancelOnDrop;
use gustnado::prelude::*;
use gustnado::testing::ExpectLog;
use gustnado::{Metrics, locks::Event};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

#[route("/user/{id}")]
async fn user(id: u64) -> Result<String> {
    match id {
        7 => Ok("seven".to_owned()),
        _ => Err(HTTPError::new(StatusCode::NOT_FOUND).into()),
    }
}

#[post("/wait")]
async fn wait(gate: &Gate) -> &'static str {
    gate.reached.set();
    gate.open.wait().await;
    "done"
}

#[route("/panic")]
async fn panics() -> &'static str {
    panic!("on purpose")
}

#[route("/metrics")]
async fn figures(metrics: &Metrics) -> impl Respond {
    metrics.page()
}

#[derive(Clone, Default)]
struct Gate {
    reached: Rc<Event>,
    open: Rc<Event>,
}

/// The application at work, until this is dropped.
struct Served {
    url: String,
    client: AsyncHTTPClient,
    _serving: CancelOnDrop<Result>,
}

impl Served {
    fn new(metrics: &Metrics, gate: &Gate) -> Result<Self> {
        let counted = routes![user, wait, panics].layer(metrics.clone());
        let application = Application::new(routes![..counted, figures]);
        let application = application.provide(metrics.clone()).provide(gate.clone());
        let server = application.listen("127.0.0.1:0")?;
        let url = format!("http://{}", server.addresses()[0]);
        let serving = spawn(async move { server.run_until(std::future::pending::<()>()).await });
        Ok(Self { url, client: AsyncHTTPClient::new(), _serving: serving.cancel_on_drop() })
    }

    async fn get(&self, path: &str) -> Result<gustnado::http::HTTPResponse> {
        let request = HTTPRequest::get(format!("{}{path}", self.url)).raise_error(false);
        Ok(self.client.fetch(request).await?)
    }
}

/// The value of a line.
fn value(text: &str, name: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    rest.parse().ok()
}

#[gustnado::test]
async fn requests_are_counted_by_their_routes_and_not_by_what_clients_make_up() -> Result<()> {
    let metrics = Metrics::new();
    let served = Served::new(&metrics, &Gate::default())?;
    for path in ["/user/7", "/user/7?a=b", "/user/8", "/user/x", "/nowhere"] {
        served.get(path).await?;
    }
    let page = served.get("/metrics").await?;
    assert_eq!(page.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = page.text();
    let count = |status| {
        let name = format!(
            "http_requests_total{{method=\"GET\",route=\"/user/{{id}}\",status=\"{status}\"}}"
        );
        value(&text, &name)
    };
    let counts = [200, 404, 400].map(count);
    assert_eq!(counts, [Some(2.0), Some(1.0), Some(1.0)], "{text}");
    assert!(
        !text.contains("nowhere") && !text.contains("/user/7") && !text.contains("/metrics"),
        "{text}"
    );
    Ok(())
}

#[gustnado::test]
async fn the_histogram_is_cumulative_and_has_all_requests() -> Result<()> {
    let metrics = Metrics::new();
    let served = Served::new(&metrics, &Gate::default())?;
    for _ in 0..3 {
        served.get("/user/7").await?;
    }
    let text = metrics.text();
    let name = "http_request_duration_seconds_bucket{route=\"/user/{id}\",le=";
    let buckets: Vec<f64> = text
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.split(' ').nth(1)?.parse().ok())
        .collect();
    assert_eq!((buckets.len(), buckets.last()), (12, Some(&3.0)), "{text}");
    assert!(buckets.is_sorted(), "{buckets:?}");
    assert!(text.contains("le=\"0.005\"") && text.contains("le=\"+Inf\""), "{text}");
    assert_eq!(
        value(&text, "http_request_duration_seconds_count{route=\"/user/{id}\"}"),
        Some(3.0)
    );
    assert!(value(&text, "http_request_duration_seconds_sum{route=\"/user/{id}\"}").is_some());
    Ok(())
}

#[gustnado::test]
async fn requests_in_progress_are_told_and_those_without_an_answer() -> Result<()> {
    let (metrics, gate) = (Metrics::new(), Gate::default());
    let served = Served::new(&metrics, &gate)?;
    let progress = || value(&metrics.text(), "http_requests_in_progress");
    let cancelled = || value(&metrics.text(), "http_requests_cancelled_total");
    let answer = served.client.fetch(HTTPRequest::post(format!("{}/wait", served.url)).body(""));
    let waited = async {
        gate.reached.wait().await;
        let seen = progress();
        gate.open.set();
        Ok::<_, Error>(seen)
    };
    let (answer, seen) = Multi((async { Ok::<_, Error>(answer.await?) }, waited)).await?;
    assert_eq!((answer.code(), seen), (200, Some(1.0)));
    assert_eq!((progress(), cancelled()), (Some(0.0), Some(0.0)));
    let _expected = ExpectLog::new("gustnado.application", "on purpose");
    assert_eq!(served.get("/panic").await?.code(), 500);
    assert_eq!((progress(), cancelled()), (Some(0.0), Some(1.0)));
    Ok(())
}

#[test]
fn what_an_application_counts_is_written_with_its_help_and_labels() {
    let metrics = Metrics::new();
    let mails =
        metrics.counter("mails_total", "Mails\nthat were \\ sent.", &[("to", "a\"b\\c\nd")]);
    mails.add(2);
    // The same name and labels are the same counter, also on another thread.
    let other = metrics.clone();
    let more = move || other.counter("mails_total", "", &[("to", "a\"b\\c\nd")]).add(3);
    std::thread::spawn(more).join().unwrap();
    metrics.counter("mails_total", "", &[("to", "x")]).add(1);
    let depth = metrics.gauge("depth", "A depth.", &[]);
    depth.set(1.5);
    depth.add(-2.0);
    let expected = "# HELP depth A depth.\n# TYPE depth gauge\ndepth -0.5\n\
        # HELP mails_total Mails\\nthat were \\\\ sent.\n# TYPE mails_total counter\n\
        mails_total{to=\"a\\\"b\\\\c\\nd\"} 5\nmails_total{to=\"x\"} 1\n";
    assert!(metrics.text().ends_with(expected), "{}", metrics.text());
}

#[test]
fn a_name_that_prometheus_does_not_know_panics() {
    let panics = |name: &str, label: &str| {
        let metrics = Metrics::new();
        let _kept = metrics.gauge("known", "", &[]);
        std::panic::catch_unwind(|| metrics.counter(name, "", &[(label, "")])).is_err()
    };
    assert!(!panics("a_1", "b"));
    for (name, label) in
        [("", "b"), ("1a", "b"), ("a-b", "b"), ("a", "b c"), ("a", "\"}"), ("known", "b")]
    {
        assert!(panics(name, label), "{name:?} {label:?}");
    }
}

#[gustnado::test(simulated)]
async fn what_nobody_tells_of_is_looked_at_once_a_second() -> Result<()> {
    let metrics = Metrics::new();
    let depth = Rc::new(Cell::new(1.0));
    let looked = depth.clone();
    metrics.sample("depth", "", &[("queue", "a")], move || looked.get());
    assert_eq!(value(&metrics.text(), "depth{queue=\"a\"}"), Some(1.0));
    depth.set(4.0);
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(value(&metrics.text(), "depth{queue=\"a\"}"), Some(4.0));
    // It ends with the figures.
    drop(metrics);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(Rc::strong_count(&depth), 1);
    Ok(())
}

#[gustnado::test]
async fn a_loop_that_was_held_is_told() -> Result<()> {
    let metrics = Metrics::new();
    metrics.watch_loop();
    gustnado::coroutine::moment().await;
    // Longer than the pause between two looks, so that the one in between is late.
    std::thread::sleep(Duration::from_millis(1200));
    let name = "ioloop_lag_seconds{loop=\"1\"}";
    let mut lag = 0.0;
    while lag == 0.0 {
        sleep(Duration::from_millis(10)).await;
        lag = value(&metrics.text(), name).unwrap_or_default();
    }
    assert!(lag > 0.1, "{lag}");
    Ok(())
}
