#![deny(warnings, dead_code)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use gustnado::http::Request;
use gustnado::{Context, Form, Method, Query, Result, route, routes};

struct Db {
    names: RefCell<Vec<String>>,
}

type Names = HashMap<String, String>;

#[route("/user/{id}", method = POST)]
async fn user(
    mut id: u64,
    db: &Db,
    Query(query): Query<Names>,
    Form(form): Form<Names>,
    _: &Rc<Db>,
    cx: &Context,
    request: &Request,
) -> Result<String> {
    id += 1;
    db.names.borrow_mut().extend(query.into_values());
    db.names.borrow_mut().extend(form.into_values());
    Ok(format!("{id} {} {}", cx.path(), request.path()))
}

#[route("/method")]
fn method(method: Method, body: Option<String>) -> String {
    format!("{method} {}", body.unwrap_or_default())
}

fn main() {
    assert_eq!(routes![user, method].len(), 2);
}
