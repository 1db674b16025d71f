//! Server-sent events, over hours that take no time.

use gustnado::coroutine::Multi;
use gustnado::http::HTTPServer;
use gustnado::locks::Event as Flag;
use gustnado::prelude::*;
use gustnado::{Event, EventSource, EventStream};
use std::rc::Rc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

#[route("/hours")]
async fn hours(source: EventSource) -> EventStream {
    let last = source.last_event_id().map_or(0, |id| id.parse().unwrap_or(0));
    source.keep_alive(HOUR / 2 + Duration::from_secs(1)).stream(async move |events| {
        for hour in last + 1..=3 {
            sleep(HOUR).await;
            events.send(Event::json(&[hour])?.id(hour.to_string()).name("hour")).await;
        }
        Ok(())
    })
}

#[gustnado::test(simulated)]
async fn events_arrive_with_their_ids_and_silence_is_filled_with_comments() -> Result {
    let site = Application::new(routes![hours]).build()?;
    let settings = site.settings().clone();
    let server = HTTPServer::new(site, settings);
    server.listen(([10, 0, 0, 1], 80).into())?;
    let client = AsyncHTTPClient::new();
    let ask = |request: HTTPRequest| client.fetch(request.request_timeout(10 * HOUR));
    let response = ask(HTTPRequest::get("http://10.0.0.1/hours")).await?;
    assert_eq!(response.header("content-type"), Some("text/event-stream"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let hour = |hour: u8| format!(":\n\nevent: hour\nid: {hour}\ndata: [{hour}]\n\n");
    assert_eq!(response.text(), [1, 2, 3].map(hour).concat());
    let again = HTTPRequest::get("http://10.0.0.1/hours").header("Last-Event-ID", "2");
    assert_eq!(ask(again).await?.text(), hour(3));
    Ok(())
}

#[route("/until-the-end")]
async fn until_the_end(source: EventSource, begun: &Rc<Flag>) -> EventStream {
    let begun = begun.clone();
    source.stream(async move |events| {
        assert!(!events.is_draining());
        events.send(Event::data("hello")).await;
        begun.set();
        events.draining().await;
        assert!(events.is_draining());
        events.send(Event::data("bye").retry(Duration::from_secs(1))).await;
        Ok(())
    })
}

#[gustnado::test]
async fn a_stream_is_told_when_the_server_ends() -> Result {
    let begun = Rc::new(Flag::new());
    let server =
        Application::new(routes![until_the_end]).provide(begun.clone()).listen("127.0.0.1:0")?;
    let url = format!("http://{}/until-the-end", server.addresses()[0]);
    let client = AsyncHTTPClient::new();
    let end = async move { begun.wait().await };
    let fetch = async { Ok::<_, Error>(client.fetch(&*url).await?.text().into_owned()) };
    let (text, ()) = Multi((fetch, async { server.run_until(end).await })).await?;
    assert_eq!(text, "data: hello\n\nretry: 1000\ndata: bye\n\n");
    Ok(())
}
