//! The one place that prints: a table on a terminal, JSON otherwise; complaints on stderr.

use std::io::{ErrorKind, IsTerminal, Write};

use serde_json::Value;

use super::failure::Failure;

/// Longer cells of a list are cut: the whole value is in `show` and in JSON.
const CELL_CHARS_MAX: usize = 60;

/// How answers are printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    /// `--json` was given.
    pub(super) json_wanted: bool,
    table: bool,
}

impl Output {
    pub(super) fn new(json_wanted: bool) -> Self {
        Self { json_wanted, table: !json_wanted && std::io::stdout().is_terminal() }
    }

    /// Whether a person reads it.
    pub(super) fn is_table(&self) -> bool {
        self.table
    }

    /// Prints an answer; nothing for an answer without content.
    pub(super) fn print(&self, value: &Value) -> Result<(), Failure> {
        match value {
            Value::Null => Ok(()),
            value if self.table => print_text(&table(value)),
            value => print_text(&format!("{value:#}\n")),
        }
    }
}

/// Prints text as it is.
pub(super) fn print_text(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        // Who reads only the head of a list has not been failed.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Refused(format!("the answer cannot be printed: {error}")))
        }
        _ => Ok(()),
    }
}

/// Says on stderr what went wrong.
pub(super) fn complain(sentence: &str) {
    let sentence: String =
        sentence.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(std::io::stderr(), "switchboard: {sentence}");
}

/// A list as columns, an object as one line for each field.
pub(super) fn table(value: &Value) -> String {
    match value {
        Value::Array(rows) if rows.iter().all(Value::is_object) => list_table(rows),
        Value::Array(items) => items.iter().map(|item| printable(item) + "\n").collect(),
        Value::Object(fields) => {
            let rows = fields.iter().map(|(name, value)| vec![name.clone(), printable(value)]).collect();
            aligned(rows)
        }
        value => printable(value) + "\n",
    }
}

/// Columns in the order in which fields appear first; what is nested is left to `show`.
fn list_table(rows: &[Value]) -> String {
    if rows.is_empty() {
        return "(none)\n".to_owned();
    }
    let mut columns: Vec<&str> = Vec::new();
    for (name, value) in rows.iter().filter_map(Value::as_object).flatten() {
        let flat = match value {
            Value::Object(_) => false,
            Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
            _ => true,
        };
        if flat && !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    let header = columns.iter().map(|name| name.to_uppercase()).collect();
    let cells = rows.iter().map(|row| columns.iter().map(|name| cut(printable(&row[*name]))).collect());
    aligned(std::iter::once(header).chain(cells).collect())
}

fn aligned(rows: Vec<Vec<String>>) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default())
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A value on one line. Control characters are replaced: what a partner stored must not steer the operator's
/// terminal.
fn printable(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(printable).collect::<Vec<_>>().join(", ")
        }
        value => value.to_string(),
    };
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn cut(text: String) -> String {
    if text.chars().count() <= CELL_CHARS_MAX {
        return text;
    }
    text.chars().take(CELL_CHARS_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_columns() {
        let rows = json!([
            {"id": "1", "name": "Añejo", "scopes": ["read:jobs", "write:jobs"], "nested": {"a": 1}},
            {"id": "22", "name": "B", "usageLimit": 5},
        ]);
        let expected = "ID  NAME   SCOPES                 USAGELIMIT\n\
                        1   Añejo  read:jobs, write:jobs\n\
                        22  B                             5\n";
        assert_eq!(table(&rows), expected);
        assert_eq!(table(&json!([])), "(none)\n");
    }

    #[test]
    fn an_object_is_lines() {
        let object = json!({"id": "1", "mode": null, "limits": {"fuel": 5}, "on": true});
        assert_eq!(table(&object), "id      1\nmode\nlimits  {\"fuel\":5}\non      true\n");
    }

    #[test]
    fn stored_text_cannot_steer_the_terminal() {
        let text = table(&json!([{"name": "\u{1b}[2Jgone\nnext"}]));
        assert_eq!(text, "NAME\n\u{fffd}[2Jgone\u{fffd}next\n");
    }

    #[test]
    fn long_cells_of_a_list_are_cut() {
        let text = table(&json!([{"comment": "x".repeat(100)}]));
        assert_eq!(text.lines().nth(1).map(|line| line.chars().count()), Some(CELL_CHARS_MAX));
        assert!(table(&json!({"comment": "x".repeat(100)})).contains(&"x".repeat(100)));
    }
}
