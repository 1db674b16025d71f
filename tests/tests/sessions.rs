//! What is remembered of a user, wherever it is kept; and passwords.

use gustnado::http::{Cookie, SameSite};
use gustnado::prelude::*;
use gustnado::{
    Session, SessionData, SessionStore, Sessions, Xsrf, hash_password, verify_password,
};
use gustnado_tests::{Reply, Server};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[get("/")]
async fn index(session: &Session) -> Result<String> {
    let user: Option<String> = session.value("user")?;
    Ok(user.unwrap_or_else(|| "nobody".into()))
}

#[get("/set/{user}")]
async fn set(user: String, session: &Session) -> Result {
    session.set("user", &user)
}

#[get("/login/{user}")]
async fn login(user: String, session: &Session) -> Result {
    session.renew()?;
    session.set("user", &user)
}

#[get("/logout")]
async fn logout(session: &Session) -> Result {
    session.clear()
}

#[get("/number")]
async fn number(session: &Session) -> Result<String> {
    Ok(session.value::<u64>("user")?.map_or_else(String::new, |number| number.to_string()))
}

#[get("/fail/{user}")]
async fn fail(user: String, session: &Session) -> Result {
    session.set("user", &user)?;
    Err(HTTPError::new(StatusCode::BAD_REQUEST).into())
}

#[get("/other")]
async fn other() -> &'static str {
    "has none"
}

fn application(sessions: Sessions) -> Application {
    Application::new(routes![index, set, login, logout, number, fail, other])
        .cookie_secret("It's a secret to everybody")
        .xsrf(Xsrf::off())
        .sessions(sessions)
}

fn server(sessions: fn() -> Sessions) -> Server {
    Server::application(move || application(sessions()))
}

fn ask(server: &Server, target: &str, cookie: &str) -> Reply {
    let mut client = server.connect();
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n\r\n"));
    client.reply()
}

fn pair(reply: &Reply) -> String {
    let cookie = reply.header("set-cookie").expect("a cookie is set");
    cookie.split("; ").next().unwrap_or_default().to_owned()
}

const ALL: [fn() -> Sessions; 3] =
    [Sessions::in_memory, Sessions::in_cookies, Sessions::in_encrypted_cookies];

#[test]
fn what_is_set_is_there_the_next_time() {
    for sessions in ALL {
        let server = server(sessions);
        let reply = ask(&server, "/", "");
        assert_eq!((reply.text().as_str(), reply.header("set-cookie")), ("nobody", None));
        let reply = ask(&server, "/set/ada", "");
        let header = reply.header("set-cookie").unwrap();
        assert!(header.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"), "{header}");
        let cookie = pair(&reply);
        let again = ask(&server, "/", &cookie);
        assert_eq!((again.text().as_str(), again.header("set-cookie")), ("ada", None));
        let other = pair(&ask(&server, "/set/ben", ""));
        assert_eq!(ask(&server, "/", &other).text(), "ben");
        assert_eq!(ask(&server, "/", &cookie).text(), "ada");
        assert_eq!(ask(&server, "/number", &cookie).status(), 500, "a name is no number");
        assert_eq!(ask(&server, "/other", &cookie).header("set-cookie"), None);
    }
}

#[test]
fn who_logs_out_is_forgotten() {
    for sessions in ALL {
        let server = server(sessions);
        let cookie = pair(&ask(&server, "/set/ada", ""));
        let header = ask(&server, "/logout", &cookie);
        let header = header.header("set-cookie").unwrap();
        assert!(header.starts_with("session=; ") && header.contains("Max-Age=0"), "{header}");
    }
    let server = server(Sessions::in_memory);
    let cookie = pair(&ask(&server, "/set/ada", ""));
    ask(&server, "/logout", &cookie);
    assert_eq!(ask(&server, "/", &cookie).text(), "nobody", "also who still has the cookie");
}

#[test]
fn a_number_that_somebody_else_has_chosen_is_not_taken_up() {
    let server = server(Sessions::in_memory);
    for chosen in ["session=0123456789abcdef0123456789abcdef", "session=", "session=x"] {
        assert_ne!(pair(&ask(&server, "/set/ada", chosen)), chosen);
        assert_eq!(ask(&server, "/", chosen).text(), "nobody");
    }
    let before = pair(&ask(&server, "/set/guest", ""));
    let after = pair(&ask(&server, "/login/ada", &before));
    assert_ne!(before, after);
    assert_eq!(ask(&server, "/", &after).text(), "ada");
    assert_eq!(ask(&server, "/", &before).text(), "nobody", "fixation leads nowhere");
    assert_eq!(pair(&ask(&server, "/set/ben", &after)), after, "without a login it stays");
}

#[test]
fn forged_cookies_are_empty_sessions() {
    for sessions in [Sessions::in_cookies, Sessions::in_encrypted_cookies] {
        let server = server(sessions);
        let cookie = pair(&ask(&server, "/set/ada", ""));
        let cut = &cookie[..cookie.len() - 1];
        for forged in [cut, "session={\"user\":\"ada\"}", "session=2|1:0"] {
            assert_eq!(ask(&server, "/", forged).text(), "nobody");
        }
    }
    let readable = pair(&ask(&server(Sessions::in_cookies), "/set/ada", ""));
    assert!(readable.contains("eyJ1c2VyIjoiYWRhIn0="), "{readable}");
    let hidden = pair(&ask(&server(Sessions::in_encrypted_cookies), "/set/ada", ""));
    assert!(!hidden.contains("eyJ1c2VyIjoiYWRhIn0="), "{hidden}");
}

#[test]
fn a_cookie_has_an_end() {
    let server = server(Sessions::in_cookies);
    let reply = ask(&server, &format!("/set/{}", "x".repeat(4000)), "");
    assert_eq!((reply.status(), reply.header("set-cookie")), (500, None));
}

#[test]
fn the_cookie_is_what_the_application_says() {
    let server = server(|| {
        let cookie = Cookie::new("__Host-id", "").secure().http_only().same_site(SameSite::Strict);
        Sessions::in_memory().cookie(cookie).max_age(Duration::from_secs(60))
    });
    let reply = ask(&server, "/set/ada", "");
    let header = reply.header("set-cookie").unwrap();
    assert!(header.starts_with("__Host-id="), "{header}");
    assert!(
        header.ends_with("; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict"),
        "{header}"
    );
}

/// A store that writes down what it is told.
#[derive(Clone, Default)]
struct Noted {
    sessions: Arc<Mutex<HashMap<String, SessionData>>>,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl SessionStore for Noted {
    async fn load(&self, id: &str) -> Result<Option<SessionData>> {
        self.calls.lock().unwrap().push("load");
        sleep(Duration::from_millis(1)).await;
        if id == "broken" {
            return Err(Error::msg("the database is away"));
        }
        Ok(self.sessions.lock().unwrap().get(id).cloned())
    }

    async fn save(&self, id: &str, data: SessionData, age: Duration) -> Result {
        self.calls.lock().unwrap().push("save");
        assert_eq!(age, Duration::from_secs(30 * 24 * 3600));
        sleep(Duration::from_millis(1)).await;
        self.sessions.lock().unwrap().insert(id.into(), data);
        Ok(())
    }

    async fn remove(&self, id: &str) -> Result {
        self.calls.lock().unwrap().push("remove");
        self.sessions.lock().unwrap().remove(id);
        Ok(())
    }
}

#[test]
fn a_store_hears_what_it_has_to() {
    let store = Noted::default();
    let noted = store.clone();
    let server = Server::application(move || application(Sessions::in_store(noted)));
    let calls = || std::mem::take(&mut *store.calls.lock().unwrap());
    ask(&server, "/", "");
    ask(&server, "/other", "session=x");
    assert_eq!(calls(), [""; 0], "who has no session, and who does not ask");
    let cookie = pair(&ask(&server, "/set/ada", ""));
    assert_eq!(calls(), ["save"]);
    assert_eq!(ask(&server, "/", &cookie).text(), "ada");
    assert_eq!(calls(), ["load"], "what was not changed is not saved");
    ask(&server, "/login/ben", &cookie);
    assert_eq!(calls(), ["load", "remove", "save"]);
    assert_eq!(store.sessions.lock().unwrap().len(), 1);
    let reply = ask(&server, "/", "session=broken");
    assert_eq!((reply.status(), reply.text().as_str()), (500, "500: Internal Server Error\n"));
}

#[test]
fn what_was_set_before_an_error_is_kept_as_its_cookie_is() {
    let server = server(Sessions::in_memory);
    let reply = ask(&server, "/fail/ada", "");
    assert_eq!(reply.status(), 400);
    assert_eq!(ask(&server, "/", &pair(&reply)).text(), "ada");
}

#[test]
fn sessions_need_a_secret() {
    let problems =
        Application::new(routes![index]).sessions(Sessions::in_memory()).build().unwrap_err();
    assert!(problems.to_string().contains("CookieSecret"), "{problems}");
}

#[gustnado::test(timeout = 60)]
async fn a_password_is_known_by_its_hash() -> Result<()> {
    let (one, other) =
        Multi((hash_password("correct horse"), hash_password("correct horse"))).await?;
    assert!(one.starts_with("$argon2id$v=19$") && one != other, "each has its own salt");
    assert!(verify_password("correct horse", one.clone()).await?);
    assert!(!verify_password("battery staple", one).await?);
    // A vector of the reference implementation: the parameters are in it.
    let foreign =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    assert!(verify_password("password", foreign).await?);
    assert!(verify_password("password", "no hash").await.is_err());
    Ok(())
}
