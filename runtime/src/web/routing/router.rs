//! From a method and a path to a route.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

use ::http::Method;
use gustnado_grammar::{HostPattern, Pattern, Relation, Segment};
use percent_encoding::percent_decode_str;

use super::conditions::Asked;
use super::table::Table;
use super::{Cut, Route};

/// Finds the route of a request.
///
/// The paths without captures are looked up in one table. All paths are in a tree of segments, which is asked for
/// the rest. It is searched literal first, then capture, then tail, and backs up where a branch ends in nothing;
/// each node of the tree is visited at most once, so the worst search is bounded by the routes, not by the path.
///
/// The path is matched as it came: a `%2F` is no slash. Only to compare it with a literal, a segment with a `%` is
/// decoded, so `/%75ser` is `/user`.
pub(crate) struct Router {
    routes: Vec<Route>,
    /// The paths of each host that has some of its own, the one that says most first.
    hosts: Vec<(Box<str>, Paths)>,
    /// The paths that are the same for every host.
    paths: Paths,
    default_host: Option<String>,
    /// The numbers that the routes have among those of all routers of the thread begin here, and so many have one: none, if more
    /// than the method and the path decide about some of them.
    numbers: (u32, u32),
}

/// The paths of one host, or of all.
struct Paths {
    resources: Vec<Resource>,
    /// The resource of each path without captures, all in scope 0.
    statics: Table,
    /// The tree; the root first.
    nodes: Vec<Node>,
    /// The child that a decoded segment leads to; the scope is the node.
    literals: Table,
    /// Whether some path has a capture: otherwise the table is all that must be asked.
    captures: bool,
}

thread_local! {
    /// The first number that no route has.
    static NUMBERS: Cell<u32> = const { Cell::new(1) };
}

/// What there is at one path: the routes of each method, those with conditions first.
#[derive(Default)]
struct Resource(Vec<Answer>);

struct Answer {
    method: Method,
    route: usize,
    conditional: bool,
}

/// The segments so far, and what may come next.
#[derive(Default)]
struct Node {
    /// Whether it has children in the table of literals.
    has_literals: bool,
    capture: Option<usize>,
    tail: Option<usize>,
    /// The resource of the path that ends here.
    resource: Option<usize>,
}

/// Says how well a route fits: 0 is not at all.
type Fit<'f> = dyn Fn(usize) -> u16 + 'f;

impl Router {
    /// Builds the tables. What is wrong with the routes is added to `problems`; if something is, the router must
    /// not be used.
    pub(crate) fn new(mut routes: Vec<Route>, problems: &mut Vec<String>) -> Self {
        for route in &mut routes {
            route.check(problems);
            if route.methods.is_empty() {
                route.methods.push(Method::GET);
            }
            match Pattern::parse(&route.path) {
                Ok(pattern) => route.captures = Route::find_captures(&pattern),
                Err(error) => {
                    problems.push(format!("the route {route} has a bad path: {error}"));
                }
            }
        }
        overlaps(&routes, problems);
        let mut patterns: Vec<HostPattern<'_>> = Vec::new();
        for pattern in routes.iter().filter_map(Route::host_pattern) {
            if !patterns.iter().any(|other| other.is_same(&pattern)) {
                patterns.push(pattern);
            }
        }
        patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.rank()));
        let of_host = |pattern: HostPattern<'_>| {
            let same =
                |route: &Route| route.host_pattern().is_some_and(|own| own.is_same(&pattern));
            let first = routes.iter().find(|route| same(route))?;
            Some((first.host.as_deref()?.into(), Paths::new(&routes, same)))
        };
        let hosts = patterns.into_iter().filter_map(of_host).collect();
        let paths = Paths::new(&routes, |route| route.host.is_none());
        let is_plain = |route: &Route| route.host.is_none() && route.conditions.is_empty();
        let count = if routes.iter().all(is_plain) { routes.len() as u32 } else { 0 };
        let numbers = (NUMBERS.get(), count);
        NUMBERS.set(NUMBERS.get().wrapping_add(count));
        Self { routes, hosts, paths, default_host: None, numbers }
    }

    /// Lets requests for hosts that no route names be for this one: Tornado's `default_host`.
    pub(crate) fn set_default_host(&mut self, host: Option<String>) {
        self.default_host = host;
    }

    pub(crate) fn routes_mut(&mut self) -> &mut [Route] {
        &mut self.routes
    }

    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Adds a route that no path leads to; where it is.
    pub(crate) fn add_unlisted(&mut self, route: Route) -> usize {
        self.routes.push(route);
        self.routes.len() - 1
    }

    /// The number of a route, which no other router of the thread has; 0 if it has none.
    pub(crate) fn number(&self, route: usize) -> u32 {
        let (first, count) = self.numbers;
        if (route as u32) < count { first.wrapping_add(route as u32) } else { 0 }
    }

    /// The route of this number, if it is one of these.
    #[inline]
    pub(crate) fn numbered(&self, number: u32) -> Option<usize> {
        let (first, count) = self.numbers;
        let route = number.wrapping_sub(first);
        (route < count && number > 0).then_some(route as usize)
    }

    /// The route that answers the method at the path, if there is one.
    #[inline]
    pub(crate) fn find(&self, method: &Method, path: &[u8], asked: &impl Asked) -> Option<usize> {
        let fit = |route: usize| asked.fits(&self.routes[route], true);
        if !self.hosts.is_empty()
            && let Some(route) = self.find_at_host(method, path, asked, &fit)
        {
            return Some(route);
        }
        self.paths.find(method, path, &fit)
    }

    #[cold]
    fn find_at_host(
        &self,
        method: &Method,
        path: &[u8],
        asked: &impl Asked,
        fit: &Fit<'_>,
    ) -> Option<usize> {
        self.of_host(asked).find_map(|paths| paths.find(method, path, fit))
    }

    /// The paths that are for the host of a request only, the host that says most first.
    fn of_host<'r, A: Asked>(&'r self, asked: &'r A) -> impl Iterator<Item = &'r Paths> {
        let matches = |host: &str, name: &str| {
            HostPattern::parse(host).is_ok_and(|pattern| pattern.matches(name))
        };
        let asked_host = asked.host();
        let known = self.hosts.iter().any(|(host, _)| matches(host, asked_host));
        let name = match &self.default_host {
            Some(default) if !known && !asked.is_forwarded() => default,
            _ => asked_host,
        };
        self.hosts.iter().filter(move |(host, _)| matches(host, name)).map(|(_, paths)| paths)
    }

    /// The methods that the path answers. `None` if the path has no route. The path `*` stands for all.
    #[cold]
    pub(crate) fn allowed(&self, path: &str, asked: &impl Asked) -> Option<Allowed> {
        let fit = |route: usize| asked.fits(&self.routes[route], false);
        let mut methods = Vec::new();
        for paths in self.of_host(asked).chain([&self.paths]) {
            paths.collect_methods(path, &fit, &mut methods);
        }
        (path == "*" || !methods.is_empty()).then(|| Allowed::new(methods))
    }
}

/// The methods that a path answers.
pub(crate) struct Allowed(Vec<Method>);

impl Allowed {
    /// With HEAD where there is a GET.
    fn new(mut methods: Vec<Method>) -> Self {
        if methods.contains(&Method::GET) {
            methods.push(Method::HEAD);
        }
        Self(methods)
    }

    /// Whether it is one of them, so that something else must be wrong.
    pub(crate) fn includes(&self, method: &Method) -> bool {
        self.0.contains(method)
    }

    /// The value of an `Allow` header, with OPTIONS.
    pub(crate) fn header(&self) -> String {
        let mut names: Vec<_> = self.0.iter().map(Method::as_str).chain(["OPTIONS"]).collect();
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    }
}

impl Paths {
    fn new(routes: &[Route], belongs: impl Fn(&Route) -> bool) -> Self {
        let mut tree = Tree::default();
        let mut statics = HashMap::new();
        let mut has_captures = false;
        for (index, route) in routes.iter().enumerate().filter(|(_, route)| belongs(route)) {
            let Ok(pattern) = Pattern::parse(&route.path) else { continue };
            let resource = tree.insert(&pattern);
            let conditional = !route.conditions.is_empty();
            let answers = &mut tree.resources[resource].0;
            for method in &route.methods {
                answers.push(Answer { method: method.clone(), route: index, conditional });
            }
            // Stable: otherwise they stay in the order in which they were written.
            answers.sort_by_key(|answer| !answer.conditional);
            if route.captures.is_empty() {
                statics.insert((0, route.path.as_bytes().into()), resource);
            }
            has_captures |= !route.captures.is_empty();
        }
        let Tree { nodes, resources, literals } = tree;
        let (statics, literals) =
            (Table::new(statics.into_iter()), Table::new(literals.into_iter()));
        Self { resources, statics, nodes, literals, captures: has_captures }
    }

    #[inline]
    fn find(&self, method: &Method, path: &[u8], fit: &Fit<'_>) -> Option<usize> {
        if let Some(resource) = self.statics.find(0, path)
            && let Some(route) = self.resources[resource].route(method, fit)
        {
            return Some(route);
        }
        if !self.captures && memchr::memchr(b'%', path).is_none() {
            return None;
        }
        let path = std::str::from_utf8(path).ok()?.strip_prefix('/')?;
        self.search(0, path, &mut |resource| resource.route(method, fit))
    }

    fn collect_methods(&self, path: &str, fit: &Fit<'_>, methods: &mut Vec<Method>) {
        let mut collect = |resource: &Resource| {
            let fitting = |answer: &&Answer| !answer.conditional || fit(answer.route) > 0;
            methods.extend(resource.0.iter().filter(fitting).map(|answer| answer.method.clone()));
        };
        if path == "*" {
            self.resources.iter().for_each(collect);
        } else if let Some(path) = path.strip_prefix('/') {
            // Nothing is accepted, so every resource that matches is seen.
            self.search(0, path, &mut |resource| {
                collect(resource);
                None
            });
        }
    }

    /// Asks `accept` about every resource that the rest of a path leads to, the most specific first, until it finds
    /// a route.
    fn search(
        &self,
        scope: usize,
        rest: &str,
        accept: &mut impl FnMut(&Resource) -> Option<usize>,
    ) -> Option<usize> {
        let node = &self.nodes[scope];
        let cut = Cut::of(rest);
        let mut descend = |child: usize| match cut.after {
            Some(after) => self.search(child, after, accept),
            None => accept(&self.resources[self.nodes[child].resource?]),
        };
        if node.has_literals
            && let Some(child) = self.literal(scope, &cut)
            && let Some(route) = descend(child)
        {
            return Some(route);
        }
        if let Some(child) = node.capture
            && !cut.segment.is_empty()
            && let Some(route) = descend(child)
        {
            return Some(route);
        }
        match node.tail {
            Some(tail) if !rest.is_empty() => accept(&self.resources[self.nodes[tail].resource?]),
            _ => None,
        }
    }

    #[inline]
    fn literal(&self, scope: usize, cut: &Cut<'_>) -> Option<usize> {
        if !cut.escaped {
            return self.literals.find(scope, cut.segment.as_bytes());
        }
        self.literals.find(scope, &Cow::from(percent_decode_str(cut.segment)))
    }
}

impl Resource {
    /// The method's route, or for a HEAD the one of GET.
    #[inline]
    fn route(&self, method: &Method, fit: &Fit<'_>) -> Option<usize> {
        match self.exact(method, fit) {
            None if *method == Method::HEAD => self.exact(&Method::GET, fit),
            route => route,
        }
    }

    #[inline]
    fn exact(&self, method: &Method, fit: &Fit<'_>) -> Option<usize> {
        let first = self.0.iter().find(|answer| answer.method == *method)?;
        if first.conditional { self.best(method, fit) } else { Some(first.route) }
    }

    /// The route that fits best of those with conditions, or the one without.
    #[cold]
    fn best(&self, method: &Method, fit: &Fit<'_>) -> Option<usize> {
        let mut best = None;
        for answer in self.0.iter().filter(|answer| answer.method == *method) {
            if !answer.conditional {
                return best.map(|(_, route)| route).or(Some(answer.route));
            }
            let fitness = fit(answer.route);
            if fitness > best.map_or(0, |(fitness, _)| fitness) {
                best = Some((fitness, answer.route));
            }
        }
        best.map(|(_, route)| route)
    }
}

/// The tree while it grows.
struct Tree {
    nodes: Vec<Node>,
    resources: Vec<Resource>,
    literals: HashMap<(usize, Box<[u8]>), usize>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], resources: Vec::new(), literals: HashMap::new() }
    }
}

impl Tree {
    /// Adds the pattern's path; the resource at its end.
    fn insert(&mut self, pattern: &Pattern<'_>) -> usize {
        let mut at = 0;
        for segment in pattern.segments() {
            let new = self.nodes.len();
            let node = &mut self.nodes[at];
            at = match segment {
                Segment::Literal(text) => {
                    node.has_literals = true;
                    let text = percent_decode_str(text).collect();
                    *self.literals.entry((at, text)).or_insert(new)
                }
                Segment::Capture(_) => *node.capture.get_or_insert(new),
                Segment::Tail(_) => *node.tail.get_or_insert(new),
            };
            if at == new {
                self.nodes.push(Node::default());
            }
        }
        *self.nodes[at].resource.get_or_insert_with(|| {
            self.resources.push(Resource::default());
            self.resources.len() - 1
        })
    }
}

/// Reports each pair of routes that leaves some request with two answers.
fn overlaps(routes: &[Route], problems: &mut Vec<String>) {
    let parsed: Vec<_> = routes
        .iter()
        .filter_map(|route| Some((route, Pattern::parse(&route.path).ok()?)))
        .collect();
    for (index, (second, pattern)) in parsed.iter().enumerate() {
        for (first, earlier) in &parsed[..index] {
            let shared = first.methods.iter().find(|method| second.methods.contains(method));
            let Some(method) = shared else { continue };
            let relation = earlier.compare(pattern);
            // The one without conditions is for what the other one leaves; and guards are asked in their order.
            let told_apart = relation == Relation::Same
                && !(first.conditions.is_empty() && second.conditions.is_empty())
                && !first.conditions.is_same(&second.conditions);
            let same_host = match (first.host_pattern(), second.host_pattern()) {
                (Some(one), Some(other)) => one.is_same(&other),
                (one, other) => one.is_none() && other.is_none(),
            };
            if same_host && relation.is_ambiguous() && !told_apart {
                problems.push(format!(
                    "two routes answer the same {method} requests: {first} and {second}"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests;
