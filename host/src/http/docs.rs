//! The page that shows a document and tries its operations, on either listener. Everything that it needs is in
//! the binary; its policy lets the browser load nothing from elsewhere.

use std::io::Read;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::read::GzDecoder;
use hyper::StatusCode;
use hyper::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderMap,
    IF_NONE_MATCH, REFERRER_POLICY, VARY,
};
use sha2::{Digest, Sha256};

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
            let entity_tag = digest[..12].iter().map(|byte| format!("{byte:02x}")).collect();
            Told { plain, entity_tag }
        })
    }

    fn reply(&self, asked: &HeaderMap) -> Reply {
        let told = self.told();
        let packed = self.is_gzip && accepts_gzip(asked);
        let entity_tag = format!("\"{}{}\"", told.entity_tag, if packed { "-gzip" } else { "" });
        let body = if packed { Bytes::from_static(self.bytes) } else { told.plain.clone() };
        let mut reply = Reply::text(StatusCode::OK, self.content_type, body);
        if asked.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == entity_tag.as_bytes()) {
            reply = Reply { status: StatusCode::NOT_MODIFIED, headers: HeaderMap::new(), body: Bytes::new() };
        } else if packed {
            reply = reply.with(CONTENT_ENCODING, "gzip");
        }
        // Kept by the browser, and asked for again each time: a new server has new files.
        reply.with(ETAG, &entity_tag).with(CACHE_CONTROL, "no-cache").with(VARY, "Accept-Encoding")
    }
}

/// Whether the browser names gzip and does not exclude it.
fn accepts_gzip(asked: &HeaderMap) -> bool {
    let lines = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        name.eq_ignore_ascii_case("gzip")
            && parts.all(|part| !matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use hyper::header::{CONTENT_TYPE, HeaderValue};

    use super::*;

    fn asking(name: &'static str, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

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
    fn files_leave_packed_for_those_who_unpack_and_are_not_sent_twice() {
        let plain = file("swagger-ui.css", &asking("accept-encoding", "br, gzip;q=0")).unwrap();
        let packed = file("swagger-ui.css", &asking("accept-encoding", "br, GZIP;q=0.5")).unwrap();
        assert!(packed.body.len() * 5 < plain.body.len());
        assert_eq!(
            (packed.headers[CONTENT_ENCODING].to_str().unwrap(), plain.headers.get(CONTENT_ENCODING)),
            ("gzip", None)
        );
        assert_eq!(packed.headers[CONTENT_TYPE], plain.headers[CONTENT_TYPE]);
        assert_ne!(packed.headers[ETAG], plain.headers[ETAG]);
        let mut again = HeaderMap::new();
        again.insert(IF_NONE_MATCH, plain.headers[ETAG].clone());
        let kept = file("swagger-ui.css", &again).unwrap();
        assert_eq!(
            (kept.status.as_u16(), kept.body.len(), &kept.headers[ETAG]),
            (304, 0, &plain.headers[ETAG])
        );
    }
}
