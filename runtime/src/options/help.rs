//! What is told to people.

use super::opt::{Entry, normalized};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// The columns of a name, and of what is said of it.
const NAME: usize = 30;
const TEXT: usize = 44;

/// What `--help` prints, as Tornado prints it.
pub(super) fn text(program: &str, entries: &[Arc<dyn Entry>]) -> String {
    let mut text = format!("Usage: {program} [OPTIONS]\n\nOptions:\n\n");
    line(&mut text, "help", "show this help information");
    let mut groups: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for entry in entries {
        groups.entry(entry.group()).or_default().push(entry);
    }
    for (group, mut entries) in groups {
        if !group.is_empty() {
            text.extend(["\n", &group, " options:\n\n"]);
        }
        entries.sort_by_key(|entry| normalized(entry.name()));
        for entry in entries {
            let (name, description) = entry.help();
            line(&mut text, &name, &description);
        }
    }
    text.push('\n');
    text
}

fn line(text: &mut String, name: &str, description: &str) {
    let mut lines = wrapped(description).into_iter();
    let first = if name.len() > NAME { None } else { lines.next() };
    let first = format!("  --{name:NAME$} {}", first.unwrap_or_default());
    // Writing into a text never fails.
    let _ = writeln!(text, "{}", first.trim_end());
    for line in lines {
        let _ = writeln!(text, "{:1$} {line}", "", NAME + 4);
    }
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= TEXT => {
                line.extend([" ", word]);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The option whose name is most like this one, if it is much like it.
pub(super) fn nearest(name: &str, entries: &[Arc<dyn Entry>]) -> Option<String> {
    let names = entries.iter().map(|entry| normalized(entry.name()));
    let near = names.map(|other| (distance(name, &other), other));
    let near = near.filter(|(distance, _)| *distance <= 1 + name.len() / 4);
    near.min().map(|(_, other)| other)
}

/// How many letters have to be changed, added or removed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, d) in other.iter().enumerate() {
            let changed = diagonal + usize::from(c != *d);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
