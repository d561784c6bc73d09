//! Mails as a reader sees them: headers, and the text without its transport encoding.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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

    /// Both parts, without their transport encodings.
    #[must_use]
    pub fn text(&self) -> String {
        let (_, rest) =
            self.raw.split_once("boundary=\"").unwrap_or_else(|| panic!("no parts in {}", self.raw));
        let boundary = format!("--{}", rest.split('"').next().unwrap_or_default());
        let parts = self.raw.split(&boundary).skip(1);
        let parts = parts.filter_map(|part| part.split_once("\r\n\r\n"));
        let decoded = parts.map(|(head, body)| {
            if head.contains("base64") {
                let joined: String = body.split_whitespace().collect();
                String::from_utf8(STANDARD.decode(joined).expect("Base64")).expect("UTF-8")
            } else if head.contains("quoted-printable") {
                unquoted(body)
            } else {
                body.to_owned()
            }
        });
        decoded.collect::<Vec<_>>().join("\n")
    }

    /// The secret of its link.
    #[must_use]
    pub fn token(&self) -> String {
        let text = self.text();
        let (_, rest) = text.split_once("/invitations/").unwrap_or_else(|| panic!("no link in {text}"));
        rest.chars().take_while(char::is_ascii_hexdigit).collect()
    }
}

fn unquoted(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| *first == b'=');
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).expect("UTF-8")
}
