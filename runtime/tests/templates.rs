//! Pages from templates.
#![cfg(feature = "templates")]

use gustnado::http::HTTPRequest;
use gustnado::locale::Locales;
use gustnado::prelude::*;
use gustnado::template::{
    Page, Resources, Serde, Template, TemplateError, Templates, UIModule, Value, context, from_args,
};
use gustnado::testing::ExpectLog;
use std::path::PathBuf;

/// What an application answers to a GET of this path.
async fn get(application: Application, path: &str) -> Result<gustnado::http::HTTPResponse> {
    let server = application.listen("127.0.0.1:0")?;
    let url = format!("http://{}{path}", server.addresses()[0]);
    let serving = spawn(async move { server.run_until(std::future::pending::<()>()).await });
    let request = HTTPRequest::get(&url).header("Accept-Language", "fr;q=0.9").raise_error(false);
    let answer = AsyncHTTPClient::new().fetch(request).await;
    serving.cancel();
    Ok(answer?)
}

#[route("/")]
async fn index() -> Template {
    Template::new("index.html", context! { hostile => HOSTILE, name => "Ada" })
}

/// What somebody might write into a field.
const HOSTILE: &str =
    "<script>'\"& {{ 7 * 7 }} {% include 'secret' %} {# gone #} ${7} <%= 7 %> #{7}";

/// The page of a template that is called `index.html`.
async fn page(source: &'static str, with: impl FnOnce(Templates) -> Templates) -> Result<String> {
    let templates = with(Templates::from_sources([("index.html", source), ("secret", "secret")])?);
    let answer = get(Application::new(routes![index]).provide(templates), "/").await?;
    assert_eq!(answer.code(), 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    Ok(answer.text().into_owned())
}

/// What the log says of it, when it fails.
async fn failure(
    source: &'static str,
    with: impl FnOnce(Templates) -> Templates,
) -> Result<String> {
    let templates =
        with(Templates::from_sources([("index.html", source), ("inner.html", "\n{{ nothing }}")])?);
    let log = gustnado::testing::Log::capture_of("gustnado.application");
    let answer = get(Application::new(routes![index]).provide(templates), "/").await?;
    assert_eq!(answer.code(), 500);
    // A client learns nothing of it.
    assert!(!answer.text().contains("index.html"), "{}", answer.text());
    Ok(log.take().concat())
}

#[gustnado::test]
async fn what_is_put_into_a_page_is_escaped_and_never_read_as_a_template() -> Result<()> {
    let body = page("<p>{{ hostile }}</p>", |templates| templates).await?;
    assert!(
        !body.contains("<script>") && !body.contains("49") && !body.contains("secret</p>"),
        "{body}"
    );
    assert!(body.contains("{{ 7 * 7 }}") && body.contains("{# gone #}"), "{body}");
    let body = page("<p title='{{ hostile }}'>", |templates| templates).await?;
    assert_eq!((body.matches('\'').count(), body.matches('>').count()), (2, 1), "{body}");
    let safe = page("{{ hostile|safe }}", |templates| templates).await?;
    assert_eq!(safe, HOSTILE);
    Ok(())
}

#[gustnado::test]
async fn templates_extend_and_include_each_other() -> Result<()> {
    let templates = Templates::from_sources([
        ("base.html", "<b>{% block body %}{% endblock %}</b>"),
        ("part.html", "[{{ name }}]"),
        (
            "index.html",
            "{% extends 'base.html' %}{% block body %}{% include 'part.html' %}{% endblock %}",
        ),
    ])?;
    let answer = get(Application::new(routes![index]).provide(templates), "/").await?;
    assert_eq!(answer.text(), "<b>[Ada]</b>");
    Ok(())
}

#[gustnado::test]
async fn tornados_functions_are_there_and_their_html_is_not_escaped_again() -> Result<()> {
    for (source, expected) in [
        ("{{ escape('<a>') }}{{ '<a>'|xhtml_escape }}", "&lt;a&gt;&lt;a&gt;"),
        ("{{ url_escape('a b') }} {{ 'a/b'|url_escape }}", "a+b a%2Fb"),
        ("{{ squeeze('a   b') }}", "a b"),
        (
            "<script>{{ json_encode(['</script>', 1]) }}</script>",
            r#"<script>["<\/script>",1]</script>"#,
        ),
        ("{{ linkify('<www.a.b>') }}", r#"&lt;<a href="http://www.a.b">www.a.b</a>&gt;"#),
        ("{{ 'www.a.b'|linkify(require_protocol=true) }}", "www.a.b"),
        ("{{ request.method }} {{ request.path }}", "GET /"),
        ("{% if user %}in{% else %}out{% endif %}", "out"),
        (
            "{% for n in [1, 2, 3] %}{% if n == 2 %}{% continue %}{% endif %}{{ n }}{% endfor %}",
            "13",
        ),
    ] {
        assert_eq!(page(source, |templates| templates).await?, expected, "{source}");
    }
    Ok(())
}

#[route("/user/{id}/file/{path...}")]
async fn file(id: u64, path: String) -> String {
    format!("{id} {path}")
}

#[gustnado::test]
async fn urls_are_made_of_the_names_of_routes() -> Result<()> {
    let source = "{{ reverse_url('file', 7, 'a b/c?.txt')|safe }} {{ reverse_url('index') }}";
    let templates = Templates::from_sources([("index.html", source)])?;
    let answer = get(Application::new(routes![index, file]).provide(templates), "/").await?;
    assert_eq!(answer.text(), "/user/7/file/a%20b/c%3F.txt /");
    for (source, reason) in [
        ("{{ reverse_url('nowhere') }}", "there is no route nowhere"),
        ("{{ reverse_url('index', 1) }}", "takes other captures"),
        ("{{ reverse_url() }}", "takes the name of a route"),
    ] {
        let log = failure(source, |templates| templates).await?;
        assert!(log.contains(reason) && log.contains("index.html:1"), "{log}");
    }
    Ok(())
}

#[gustnado::test]
async fn functions_know_the_request_and_values_are_only_made_where_they_are_used() -> Result<()> {
    let with = |templates: Templates| {
        templates
            .function("static_url", |page, arguments| {
                let (path,): (&str,) = from_args(arguments)?;
                Ok(Value::from(format!("//{}/static/{path}", page.context().host().len())))
            })
            .value("current_user", |cx| {
                Ok(Value::from(format!("{} of {}", cx.method(), cx.path())))
            })
            .value("name", |_| Err(Error::msg("the page has one of its own")))
            .value("unused", |_| Err(Error::msg("nobody asks")))
    };
    let body =
        page("{{ static_url('a.png')|safe }} {{ current_user|safe }} {{ name }}", with).await?;
    assert!(body.ends_with("/static/a.png GET of / Ada"), "{body}");
    let log = failure("{{ unused }}", with).await?;
    assert!(log.contains("nobody asks"), "{log}");
    Ok(())
}

struct Entry;

impl UIModule for Entry {
    fn render(&self, page: &Page, arguments: &[Value]) -> Result<String> {
        let (entry,): (Value,) = from_args(arguments)?;
        page.render("entry.html", context! { entry })
    }

    fn resources(&self) -> Resources {
        Resources::new()
            .css_file("entry.css")
            .css_file("https://cdn.test/reset.css")
            .embedded_css(".entry { margin: 0 }")
            .javascript_file("entry.js?a=1&b=2")
            .embedded_javascript("entry()")
            .html_head("<meta name='entry'>")
            .html_body("<!-- entry -->")
    }
}

#[gustnado::test]
async fn ui_modules_are_rendered_and_what_they_need_is_on_the_page_once() -> Result<()> {
    let templates = Templates::from_sources([
        (
            "index.html",
            "<head><title></title></head><body>{{ modules.Entry('<one>') }}{{ modules.Entry('two') }}\
             {{ modules.Template('part.html', x=3) }}<pre>&lt;/body></pre></body>",
        ),
        ("entry.html", "<p>{{ entry }}</p>"),
        ("part.html", "{{ set_resources(embedded_css='.part {}', css_files=['part.css', 'entry.css']) }}({{ x }})"),
    ])?
    .function("static_url", |_, arguments| {
        let (path,): (&str,) = from_args(arguments)?;
        Ok(Value::from(format!("/static/{path}")))
    })
    .module("Entry", Entry);
    let answer = get(Application::new(routes![index]).provide(templates), "/").await?;
    let expected = "<head><title></title>\
        <link href=\"/static/entry.css\" rel=\"stylesheet\"/>\n\
        <link href=\"https://cdn.test/reset.css\" rel=\"stylesheet\"/>\n\
        <link href=\"/static/part.css\" rel=\"stylesheet\"/>\n\
        <style>\n.entry { margin: 0 }\n.part {}\n</style>\n\
        <meta name='entry'>\n\
        </head><body><p>&lt;one&gt;</p><p>two</p>(3)<pre>&lt;/body></pre>\
        <script src=\"/static/entry.js?a=1&amp;b=2\"></script>\n\
        <script>\nentry()\n</script>\n\
        <!-- entry -->\n\
        </body>";
    assert_eq!(answer.text(), expected);
    Ok(())
}

#[gustnado::test]
async fn a_module_that_there_is_not_and_a_page_without_a_head_are_errors() -> Result<()> {
    let log = failure("{{ modules.Nothing() }}", |templates| templates).await?;
    assert!(log.contains("there is no UI module Nothing"), "{log}");
    let css = |templates: Templates| templates.module("Css", Css);
    let log = failure("{{ modules.Css() }}", css).await?;
    assert!(log.contains("the page has no </head>"), "{log}");
    Ok(())
}

struct Css;

impl UIModule for Css {
    fn render(&self, _: &Page, _: &[Value]) -> Result<String> {
        Ok(String::new())
    }

    fn resources(&self) -> Resources {
        Resources::new().embedded_css("p {}")
    }
}

#[gustnado::test]
async fn pages_are_in_the_language_that_the_browser_asks_for() -> Result<()> {
    let mut locales = Locales::new("en_US");
    let csv = "Sign out,D\u{e9}connexion\n%(n)d file,%(n)d fichier,singular\n%(n)d files,%(n)d fichiers,plural\n\
               hello %(name)s,salut %(name)s";
    locales.add_csv("fr", csv)?;
    let source = "{{ _('Sign out') }}, {{ _('%(n)d file', '%(n)d files', 3, n=3) }}, \
                  {{ _('hello %(name)s', name='<b>') }}, {{ pgettext('law', 'right') }}";
    let templates = || Templates::from_sources([("index.html", source)]);
    let french = Application::new(routes![index]).provide(templates()?).provide(locales);
    let expected = "D\u{e9}connexion, 3 fichiers, salut &lt;b&gt;, right";
    assert_eq!(get(french, "/").await?.text(), expected);
    // Without locales, and with one that the application has chosen.
    let expected = "Sign out, 3 files, hello &lt;b&gt;, right";
    assert_eq!(
        get(Application::new(routes![index]).provide(templates()?), "/").await?.text(),
        expected
    );
    let chosen = templates()?.locale(|_| Locales::new("de").closest(["de"]));
    assert_eq!(get(Application::new(routes![index]).provide(chosen), "/").await?.text(), expected);
    Ok(())
}

#[gustnado::test]
async fn an_error_has_the_template_the_line_and_its_text_also_of_an_inner_one() -> Result<()> {
    let log = failure("<p>\n  {{ missing }}\n</p>", |templates| templates).await?;
    assert!(log.contains("in index.html:2: {{ missing }}"), "{log}");
    let log = failure("{% include 'inner.html' %}", |templates| templates).await?;
    assert!(log.contains("in inner.html:2: {{ nothing }}"), "{log}");
    let log = failure("\n{% include 'absent.html' %}", |templates| templates).await?;
    assert!(log.contains("absent.html"), "{log}");
    let _expected = ExpectLog::new("gustnado.application", "provided with no Templates");
    assert_eq!(get(Application::new(routes![index]), "/").await?.code(), 500);
    Ok(())
}

/// A folder with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("templates").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn mistakes_in_a_folder_are_found_when_it_is_read_all_at_once() {
    let files = [
        ("good.html", "{{ a }}"),
        ("deep/bad.html", "a\n{% if %}\n"),
        ("worse.html", "{% block a %}"),
        (".hidden", "{% if %}"),
    ];
    let error = Templates::new(folder("wrong", &files)).unwrap_err().to_string();
    assert!(error.contains("in deep/bad.html:2: {% if %}"), "{error}");
    assert!(error.contains("in worse.html:1"), "{error}");
    assert!(!error.contains("good.html") && !error.contains("hidden"), "{error}");
    assert!(Templates::new("/nonexistent").is_err());
    for wrong in [
        "{{ }}",
        "{% %}",
        "{% else %}",
        "{% endif %}",
        "{% break %}",
        "{% nonsense %}",
        "{{ 1 +* 2 }}",
        "{{",
    ] {
        let error = Templates::from_sources([("a.html", wrong)]).unwrap_err();
        let error = error.downcast_ref::<TemplateError>().unwrap();
        assert_eq!((error.name(), error.line()), (Some("a.html"), Some(1)), "{wrong}");
    }
}

#[gustnado::test]
async fn a_file_that_changes_is_read_again_if_that_is_wanted() -> Result<()> {
    for (reload, expected) in [(true, "after it"), (false, "before")] {
        let folder = folder("reload", &[("index.html", "before")]);
        let templates = Templates::new(&folder)?.reload(reload);
        // Of another length, so that it is another file even within one tick of the disk's clock.
        std::fs::write(folder.join("index.html"), "after it")?;
        let answer = get(Application::new(routes![index]).provide(templates), "/").await?;
        assert_eq!(answer.text(), expected);
    }
    Ok(())
}

#[route("/{name}")]
async fn by_name(name: String) -> Template {
    Template::new(name, ())
}

#[gustnado::test]
async fn no_name_leads_out_of_the_folder() -> Result<()> {
    let folder = folder("inside/templates", &[("a.html", "a"), ("../secret.html", "secret")]);
    for name in [
        "..%2Fsecret.html",
        "%2Fetc%2Fpasswd",
        "a.html%2F..%2F..%2Fsecret.html",
        "..%5Csecret.html",
        "a%00",
    ] {
        let _expected = ExpectLog::new("gustnado.application", "").optional();
        let templates = Templates::new(&folder)?;
        let answer =
            get(Application::new(routes![by_name]).provide(templates), &format!("/{name}")).await?;
        assert!(
            answer.code() >= 400 && !answer.text().contains("secret"),
            "{name}: {}",
            answer.text()
        );
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct Post {
    title: &'static str,
    tags: Vec<u8>,
}

#[route("/")]
async fn post() -> (StatusCode, Template) {
    let post = Post { title: "<t>", tags: vec![1, 2] };
    (StatusCode::CREATED, Template::new("index.txt", Serde(post)))
}

#[gustnado::test]
async fn what_can_be_serialised_fills_a_template_and_text_is_not_escaped() -> Result<()> {
    let templates = Templates::from_sources([("index.txt", "{{ title }} {{ tags|join('+') }}")])?;
    let answer = get(Application::new(routes![post]).provide(templates), "/").await?;
    assert_eq!((answer.code(), &*answer.text()), (201, "<t> 1+2"));
    Ok(())
}

#[cfg(feature = "signed-cookies")]
#[gustnado::test]
async fn a_form_has_its_token_and_the_cookie_is_set_only_where_there_is_a_form() -> Result<()> {
    for (source, is_set) in [("{{ xsrf_form_html() }}", true), ("no form", false)] {
        let templates = Templates::from_sources([("index.html", source)])?;
        let application =
            Application::new(routes![index]).provide(templates).cookie_secret("s".repeat(32));
        let answer = get(application, "/").await?;
        let field = "<input type=\"hidden\" name=\"_xsrf\" value=\"2|";
        assert_eq!(answer.text().starts_with(field), is_set, "{}", answer.text());
        assert_eq!(
            answer.header("set-cookie").is_some_and(|cookie| cookie.starts_with("_xsrf=2|")),
            is_set
        );
    }
    Ok(())
}

#[gustnado::test]
async fn static_files_have_their_urls_and_pages_without_any_are_errors() -> Result<()> {
    let source = "<head></head><link href='{{ static_url('a b.css') }}'>{{ modules.File() }}";
    let templates = || Templates::from_sources([("index.html", source)]);
    let files = gustnado::StaticFiles::new(folder("static", &[("a b.css", "p {}")]));
    let application = Application::new(routes![index]).static_files(files);
    let answer = get(application.provide(templates()?.module("File", File)), "/").await?;
    let urls: Vec<_> = answer
        .text()
        .split(['"', '\''])
        .filter(|text| text.starts_with("/static"))
        .map(str::to_owned)
        .collect();
    assert_eq!(urls.len(), 2, "{}", answer.text());
    assert!(urls[0].starts_with("/static/a%20b.css?v=") && urls[0] == urls[1], "{urls:?}");
    let log = failure("{{ static_url('a.css') }}", |templates| templates).await?;
    assert!(log.contains("the application has no static_files"), "{log}");
    Ok(())
}

struct File;

impl UIModule for File {
    fn render(&self, _: &Page, _: &[Value]) -> Result<String> {
        Ok(String::new())
    }

    fn resources(&self) -> Resources {
        Resources::new().css_file("a b.css")
    }
}
