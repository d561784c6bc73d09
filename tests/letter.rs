//! Mails as a reader sees them: headers, and the text without its transport encoding.

/// A mail that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// As it came.
    pub raw: String,
}

impl Letter {
    /// From its bytes, which are ASCII save for addresses.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self { raw: String::from_utf8_lossy(bytes).into_owned() }
    }

    /// A header's text, as it came; continued lines are one.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let value = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        value.unwrap_or_else(|| panic!("no {name} in {}", self.raw)).to_owned()
    }

    /// Both parts, without quoted-printable.
    #[must_use]
    pub fn text(&self) -> String {
        let joined = self.raw.replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = joined.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let decoded = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
            let decoded =
                decoded.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| *first == b'=');
            bytes.push(decoded.unwrap_or(*first));
            rest = if decoded.is_some() { &after[2..] } else { after };
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The secret of its link.
    #[must_use]
    pub fn token(&self) -> String {
        let text = self.text();
        let (_, rest) = text.split_once("/invitations/").unwrap_or_else(|| panic!("no link in {text}"));
        rest.chars().take_while(char::is_ascii_hexdigit).collect()
    }
}
