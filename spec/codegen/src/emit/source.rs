/// The text of a file while it is written; `rustfmt` does the layout.
#[derive(Debug)]
pub(crate) struct Source {
    text: String,
}

impl Source {
    /// Begins a file with its documentation.
    pub(crate) fn new(doc: &str) -> Self {
        let mut source = Self { text: String::new() };
        source.wrapped("//! ", doc);
        source.line("//!");
        source.line("//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.");
        source.blank();
        source
    }

    pub(crate) fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    pub(crate) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A paragraph of documentation for what follows.
    pub(crate) fn doc(&mut self, text: &str) {
        self.wrapped("/// ", text);
    }

    /// Another paragraph.
    pub(crate) fn doc_more(&mut self, text: &str) {
        self.line("///");
        self.doc(text);
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    fn wrapped(&mut self, prefix: &str, text: &str) {
        for line in wrap(text, WIDTH) {
            self.text.push_str(prefix);
            self.line(line);
        }
    }
}

/// Leaves room for the prefix and the indentation within 100 columns.
const WIDTH: usize = 90;

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_wraps_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 3), ["unbreakable"]);
        assert!(wrap("", 3).is_empty());
    }
}
