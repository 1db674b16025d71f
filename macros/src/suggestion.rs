//! "Did you mean": the known word that a misspelt one is nearest to.

/// The nearest of the known words, if one is near enough to be meant.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.to_lowercase();
    let limit = word.chars().count().max(3) / 3;
    known
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, candidate)| distance <= limit || part_of(&word, candidate))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// The words as a list for a message: `` `a`, `b` and `c` ``.
pub(crate) fn list(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Whether one is a word of the other, as `id` is of `user_id`.
fn part_of(a: &str, b: &str) -> bool {
    let a_in_b = b.split('_').any(|part| part == a);
    a_in_b || a.split('_').any(|part| part == b)
}

/// How many insertions, deletions, replacements and swaps of neighbours lead from one to the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &to) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(from != to);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from == b[j - 1] && a[i - 1] == to {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        assert_eq!(distance("", ""), 0);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("method", "methd"), 1);
        assert_eq!(distance("method", "mehtod"), 1);
        assert_eq!(distance("method", "methods"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn finds_what_was_meant() {
        let known = ["method", "methods", "name", "crate"];
        assert_eq!(nearest("methd", known), Some("method"));
        assert_eq!(nearest("metods", known), Some("methods"));
        assert_eq!(nearest("Name", known), Some("name"));
        assert_eq!(nearest("guard", known), None);
        assert_eq!(nearest("id", ["uid", "db"]), Some("uid"));
        assert_eq!(nearest("id", ["db", "user_id"]), Some("user_id"));
        assert_eq!(nearest("user_id", ["id"]), Some("id"));
        assert_eq!(nearest("id", ["db", "urls"]), None);
    }

    #[test]
    fn lists_words() {
        assert_eq!(list(&[]), "");
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
