//! Files of options: the assignments of Tornado's, without the language around them.

/// An assignment.
pub(super) struct Setting {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) value: Value,
}

#[derive(Debug, PartialEq)]
pub(super) enum Value {
    /// A text, with or without quotes.
    One(String),
    /// What is in square brackets.
    Many(Vec<String>),
    /// `__file__`: the path of the file.
    File,
}

/// A line, and what is wrong there.
type Error = (usize, String);

pub(super) fn parse(text: &str) -> Result<Vec<Setting>, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { rest: text, line: 1 };
    let mut settings = Vec::new();
    loop {
        reader.skip_blank(true);
        if reader.rest.is_empty() {
            return Ok(settings);
        }
        let line = reader.line;
        let name = reader.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).to_owned();
        reader.skip_blank(false);
        if name.is_empty() || !reader.eat('=') {
            return Err((line, "a line is an assignment: name = value".to_owned()));
        }
        reader.skip_blank(false);
        let value = reader.value()?;
        reader.skip_blank(false);
        if !reader.rest.is_empty() && !reader.rest.starts_with('\n') {
            return Err(reader.error("something stands behind the value"));
        }
        settings.push(Setting { line, name, value });
    }
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, reason: &str) -> Error {
        (self.line, reason.to_owned())
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.rest.starts_with(wanted) && self.next().is_some()
    }

    fn take_while(&mut self, kind: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !kind(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// White space and remarks, also over the ends of lines.
    fn skip_blank(&mut self, lines: bool) {
        loop {
            self.take_while(|c| c.is_whitespace() && c != '\n');
            if self.rest.starts_with('#') {
                self.take_while(|c| c != '\n');
            }
            if !lines || !self.eat('\n') {
                return;
            }
        }
    }

    fn value(&mut self) -> Result<Value, Error> {
        if self.eat('[') {
            return self.list();
        }
        if self.rest.starts_with(['\'', '"']) {
            return self.quoted().map(Value::One);
        }
        match self.take_while(|c| !matches!(c, '#' | '\n')).trim() {
            "" => Err(self.error("there is no value")),
            "__file__" => Ok(Value::File),
            bare => Ok(Value::One(bare.to_owned())),
        }
    }

    fn list(&mut self) -> Result<Value, Error> {
        let mut items = Vec::new();
        loop {
            self.skip_blank(true);
            if self.eat(']') {
                return Ok(Value::Many(items));
            }
            items.push(match self.rest.chars().next() {
                Some('\'' | '"') => self.quoted()?,
                _ => self.take_while(|c| !matches!(c, ',' | ']' | '#' | '\n')).trim().to_owned(),
            });
            self.skip_blank(true);
            if !self.eat(',') && !self.rest.starts_with(']') {
                return Err(self.error("a list does not end"));
            }
        }
    }

    fn quoted(&mut self) -> Result<String, Error> {
        let quote = self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                end if end == quote => return Ok(text),
                None | Some('\n') => return Err(self.error("a text does not end")),
                Some('\\') => text.push(match self.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some(c @ ('\\' | '\'' | '"')) => c,
                    _ => return Err(self.error(r#"there are \n, \t, \r, \\, \' and \""#)),
                }),
                Some(c) => text.push(c),
            }
        }
    }
}
