//! Prometheus' text format.

use std::fmt::{self, Write};
use std::sync::atomic::Ordering;

use super::series::{BUCKETS, Table, lock};

impl Table {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a text never fails.
        let _ = self.write(&mut text);
        self.scrapes.fetch_add(1, Ordering::Relaxed);
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        {
            let routes = lock(&self.routes);
            let mut routes: Vec<_> = routes.iter().collect();
            routes.sort_by_key(|(route, _)| *route);
            head(text, "http_requests_total", "Requests that were answered.", "counter")?;
            for (route, requests) in &routes {
                let route = escaped(route);
                for ((method, status), count) in &requests.answered {
                    let labels =
                        format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
                    writeln!(text, "http_requests_total{{{labels}}} {count}")?;
                }
            }
            let name = "http_request_duration_seconds";
            head(text, name, "How long it took to answer requests.", "histogram")?;
            for (route, requests) in &routes {
                let route = escaped(route);
                let mut count = 0;
                for (number, bucket) in requests.buckets.iter().enumerate() {
                    count += bucket;
                    let end = BUCKETS.get(number).map_or("+Inf".to_owned(), f64::to_string);
                    writeln!(text, "{name}_bucket{{route=\"{route}\",le=\"{end}\"}} {count}")?;
                }
                writeln!(text, "{name}_sum{{route=\"{route}\"}} {}", requests.seconds)?;
                writeln!(text, "{name}_count{{route=\"{route}\"}} {count}")?;
            }
        }
        let (running, cancelled) = (&self.in_progress, &self.cancelled);
        head(text, "http_requests_in_progress", "Requests that are being answered.", "gauge")?;
        writeln!(text, "http_requests_in_progress {}", running.load(Ordering::Relaxed))?;
        head(text, "http_requests_cancelled_total", "Requests without an answer.", "counter")?;
        writeln!(text, "http_requests_cancelled_total {}", cancelled.load(Ordering::Relaxed))?;
        for (name, family) in lock(&self.families).iter() {
            head(text, name, &family.help, family.kind)?;
            for (labels, cell) in &family.cells {
                match labels.is_empty() {
                    true => writeln!(text, "{name} {}", cell.get())?,
                    false => writeln!(text, "{name}{{{labels}}} {}", cell.get())?,
                }
            }
        }
        Ok(())
    }
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) -> fmt::Result {
    let help = help.replace('\\', "\\\\").replace('\n', "\\n");
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

/// The value of a label.
pub(super) fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
