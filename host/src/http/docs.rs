//! The page that shows a document and tries its operations, on either listener. Everything that it needs is in
//! the binary; its policy lets the browser load nothing from elsewhere.

use std::io::Read;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::read::GzDecoder;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HeaderMap, REFERRER_POLICY};
use sha2::{Digest, Sha256};

use super::condition;
use super::reply::Reply;

/// Scripts, styles and answers from this server alone; pictures also from within the style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page.
#[derive(Debug)]
struct File {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    /// Whether `bytes` are compressed.
    is_gzip: bool,
    told: OnceLock<Told>,
}

/// What is worked out once.
#[derive(Debug)]
struct Told {
    plain: Bytes,
    entity_tag: String,
}

macro_rules! file {
    ($name:literal, $content_type:literal, $path:literal, $is_gzip:literal) => {
        File {
            name: $name,
            content_type: $content_type,
            bytes: include_bytes!(concat!("../../assets/docs/", $path)),
            is_gzip: $is_gzip,
            told: OnceLock::new(),
        }
    };
}

static PAGE: File = file!("", "text/html; charset=utf-8", "page.html", false);

static FILES: [File; 5] = [
    file!("page.js", "text/javascript; charset=utf-8", "page.js", false),
    file!("page.css", "text/css; charset=utf-8", "page.css", false),
    file!("icon.svg", "image/svg+xml", "icon.svg", false),
    file!(
        "swagger-ui-bundle.js",
        "text/javascript; charset=utf-8",
        "swagger-ui/swagger-ui-bundle.js.gz",
        true
    ),
    file!("swagger-ui.css", "text/css; charset=utf-8", "swagger-ui/swagger-ui.css.gz", true),
];

/// The page.
#[must_use]
pub fn page(asked: &HeaderMap) -> Reply {
    PAGE.reply(asked).with(CONTENT_SECURITY_POLICY, POLICY).with(REFERRER_POLICY, "no-referrer")
}

/// A file that the page names, if there is one.
#[must_use]
pub fn file(name: &str, asked: &HeaderMap) -> Option<Reply> {
    FILES.iter().find(|file| file.name == name).map(|file| file.reply(asked))
}

impl File {
    fn told(&self) -> &Told {
        self.told.get_or_init(|| {
            let plain = if self.is_gzip {
                let mut plain = Vec::new();
                // The binary's own bytes, which a test has unpacked.
                GzDecoder::new(self.bytes).read_to_end(&mut plain).unwrap_or_default();
                Bytes::from(plain)
            } else {
                Bytes::from_static(self.bytes)
            };
            let digest = Sha256::digest(&plain);
            let hex: String = digest[..12].iter().map(|byte| format!("{byte:02x}")).collect();
            Told { plain, entity_tag: format!("\"{hex}\"") }
        })
    }

    fn reply(&self, asked: &HeaderMap) -> Reply {
        let Told { plain, entity_tag } = self.told();
        let reply = if condition::has_already(asked, entity_tag) {
            Reply::not_modified(entity_tag)
        } else {
            let packed = self.is_gzip.then_some(Bytes::from_static(self.bytes));
            let whole = Reply::text(StatusCode::OK, self.content_type, plain.clone()).with(ETAG, entity_tag);
            Reply { packed, ..whole }
        };
        // Kept by the browser, and asked for again each time: a new server has new files.
        reply.with(CACHE_CONTROL, "no-cache")
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::IF_NONE_MATCH;

    use super::*;

    #[test]
    fn what_is_embedded_is_what_was_published() {
        let sums = include_str!("../../assets/docs/swagger-ui/SHA256SUMS");
        for line in sums.lines() {
            let (sum, name) = line.split_once("  ").unwrap();
            let file = FILES.iter().find(|file| file.name == name).unwrap();
            let digest: String =
                Sha256::digest(&file.told().plain).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digest, sum, "{name}");
        }
        assert_eq!(sums.lines().count(), FILES.iter().filter(|file| file.is_gzip).count());
    }

    #[test]
    fn every_file_that_the_page_names_is_there() {
        let page = std::str::from_utf8(PAGE.bytes).unwrap();
        let named: Vec<&str> =
            page.split("\"docs/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(named.len(), FILES.len());
        for name in named {
            assert!(file(name, &HeaderMap::new()).is_some(), "{name}");
        }
        assert!(file("../page.html", &HeaderMap::new()).is_none());
    }

    #[test]
    fn a_file_is_not_sent_twice() {
        let plain = file("swagger-ui.css", &HeaderMap::new()).unwrap();
        assert!(plain.packed.unwrap().len() * 5 < plain.body.len());
        let mut again = HeaderMap::new();
        again.insert(IF_NONE_MATCH, plain.headers[ETAG].clone());
        let kept = file("swagger-ui.css", &again).unwrap();
        assert_eq!(
            (kept.status.as_u16(), kept.body.len(), &kept.headers[ETAG]),
            (304, 0, &plain.headers[ETAG])
        );
    }
}
