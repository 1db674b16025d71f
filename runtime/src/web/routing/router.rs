//! From a method and a path to a route.

use std::borrow::Cow;
use std::collections::HashMap;

use ::http::Method;
use gustnado_grammar::{Pattern, Segment};
use percent_encoding::percent_decode_str;

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

/// What there is at one path: the route of each method.
#[derive(Default)]
struct Resource(Vec<(Method, usize)>);

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

impl Router {
    /// Builds the tables. What is wrong with the routes is added to `problems`; if something is, the router must
    /// not be used.
    pub(crate) fn new(mut routes: Vec<Route>, problems: &mut Vec<String>) -> Self {
        let mut tree = Tree::default();
        let mut statics = HashMap::new();
        for (index, route) in routes.iter_mut().enumerate() {
            if route.handler.is_none() {
                problems.push(format!("the route {route} has no handler"));
            }
            if route.methods.is_empty() {
                route.methods.push(Method::GET);
            }
            let pattern = match Pattern::parse(&route.path) {
                Ok(pattern) => pattern,
                Err(error) => {
                    problems.push(format!("the route {route} has a bad path: {error}"));
                    continue;
                }
            };
            route.captures = Route::find_captures(&pattern);
            let resource = tree.insert(&pattern);
            for method in &route.methods {
                // A method that has a route already is reported below, with both.
                if tree.resources[resource].exact(method).is_none() {
                    tree.resources[resource].0.push((method.clone(), index));
                }
            }
            if route.captures.is_empty() {
                statics.insert((0, route.path.as_bytes().into()), resource);
            }
        }
        overlaps(&routes, problems);
        let captures = routes.iter().any(|route| !route.captures.is_empty());
        let Tree { nodes, resources, literals } = tree;
        let (statics, literals) =
            (Table::new(statics.into_iter()), Table::new(literals.into_iter()));
        Self { routes, resources, statics, nodes, literals, captures }
    }

    /// Adds a route that no path leads to; its place.
    pub(crate) fn add_unlisted(&mut self, route: Route) -> usize {
        self.routes.push(route);
        self.routes.len() - 1
    }

    pub(crate) fn routes_mut(&mut self) -> &mut [Route] {
        &mut self.routes
    }

    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The route that answers the method at the path, if there is one.
    #[inline]
    pub(crate) fn find(&self, method: &Method, path: &[u8]) -> Option<usize> {
        if let Some(resource) = self.statics.find(0, path)
            && let Some(route) = self.resources[resource].route(method)
        {
            return Some(route);
        }
        if !self.captures && memchr::memchr(b'%', path).is_none() {
            return None;
        }
        let path = std::str::from_utf8(path).ok()?.strip_prefix('/')?;
        self.search(0, path, &mut |resource| resource.route(method))
    }

    /// The methods that the path answers, as the value of an `Allow` header: with HEAD where there is a GET, and
    /// OPTIONS. `None` if the path has no route. The path `*` stands for all.
    #[cold]
    pub(crate) fn allowed(&self, path: &str) -> Option<String> {
        let mut methods: Vec<Method> = Vec::new();
        let mut collect = |resource: &Resource| methods.extend(resource.methods().cloned());
        if path == "*" {
            self.resources.iter().for_each(collect);
        } else {
            // Nothing is accepted, so every resource that matches is seen.
            self.search(0, path.strip_prefix('/')?, &mut |resource| {
                collect(resource);
                None
            });
            if methods.is_empty() {
                return None;
            }
        }
        if methods.contains(&Method::GET) {
            methods.push(Method::HEAD);
        }
        methods.push(Method::OPTIONS);
        let mut names: Vec<_> = methods.iter().map(Method::as_str).collect();
        names.sort_unstable();
        names.dedup();
        Some(names.join(", "))
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
    fn route(&self, method: &Method) -> Option<usize> {
        match self.exact(method) {
            None if *method == Method::HEAD => self.exact(&Method::GET),
            route => route,
        }
    }

    #[inline]
    fn exact(&self, method: &Method) -> Option<usize> {
        self.0.iter().find(|(known, _)| known == method).map(|&(_, route)| route)
    }

    fn methods(&self) -> impl Iterator<Item = &Method> {
        self.0.iter().map(|(method, _)| method)
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
            if earlier.compare(pattern).is_ambiguous() {
                problems.push(format!(
                    "two routes answer the same {method} requests: {first} and {second}"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests;
