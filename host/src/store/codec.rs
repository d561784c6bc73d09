//! Bytes: keys whose byte order is the order meant, and values that carry their version.

use serde::Serialize;
use serde::de::DeserializeOwned;
use switchboard_domain::time::Timestamp;

use super::Error;

/// Bytes that most values fit into, so that they are allocated once.
const TYPICAL_VALUE_BYTES: usize = 512;

/// A value as it is stored: one byte of version, then postcard.
pub(crate) fn encode<T: Serialize>(table: &'static str, version: u8, value: &T) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(TYPICAL_VALUE_BYTES);
    bytes.push(version);
    postcard::to_extend(value, bytes)
        .map_err(|error| Error::Corrupt { table, what: format!("a value cannot be encoded: {error}") })
}

/// Reads what [`encode`] wrote in the present version.
pub(crate) fn decode<T: DeserializeOwned>(
    table: &'static str,
    version: u8,
    bytes: &[u8],
) -> Result<T, Error> {
    let corrupt = |what: String| Error::Corrupt { table, what };
    match bytes.split_first() {
        Some((found, rest)) if *found == version => {
            postcard::from_bytes(rest).map_err(|error| corrupt(error.to_string()))
        }
        Some((found, _)) => Err(corrupt(format!("its version is {found}, not {version}"))),
        None => Err(corrupt("it is empty".to_owned())),
    }
}

/// Appends a text so that the result sorts as its bytes do and none is the beginning of another.
pub(crate) fn push_text(key: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        key.push(byte);
        if byte == 0 {
            key.push(0xFF);
        }
    }
    key.extend([0, 0]);
}

/// A moment in eight bytes that sort by time, moments before 1970 included.
pub(crate) fn moment(at: Timestamp) -> [u8; 8] {
    (at.unix_millis() ^ i64::MIN).to_be_bytes()
}

/// The moment that [`moment`] wrote.
pub(crate) fn moment_of(bytes: [u8; 8]) -> Timestamp {
    Timestamp::from_unix_millis(i64::from_be_bytes(bytes) ^ i64::MIN)
}

/// A number in eight bytes, as counts are kept.
pub(crate) fn number(table: &'static str, bytes: &[u8]) -> Result<u64, Error> {
    let bytes = bytes
        .try_into()
        .map_err(|_| Error::Corrupt { table, what: "a number does not have eight bytes".to_owned() })?;
    Ok(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_key(text: &str) -> Vec<u8> {
        let mut key = Vec::new();
        push_text(&mut key, text);
        key
    }

    proptest! {
        #[test]
        fn texts_sort_by_their_bytes_and_none_begins_another(left in ".{0,8}", right in "[\0ab]{0,8}") {
            prop_assert_eq!(left.as_bytes().cmp(right.as_bytes()), text_key(&left).cmp(&text_key(&right)));
            prop_assert!(left == right || !text_key(&left).starts_with(&text_key(&right)));
        }

        #[test]
        fn moments_sort_by_time(left: i64, right: i64) {
            let key = |millis| moment(Timestamp::from_unix_millis(millis));
            prop_assert_eq!(left.cmp(&right), key(left).cmp(&key(right)));
            prop_assert_eq!(moment_of(key(left)).unix_millis(), left);
        }
    }

    #[test]
    fn a_value_of_another_version_is_refused_not_misread() {
        let bytes = encode("t", 2, &7_u32).expect("encodes");
        assert_eq!(decode::<u32>("t", 2, &bytes).expect("decodes"), 7);
        assert!(decode::<u32>("t", 1, &bytes).is_err());
        assert!(decode::<u32>("t", 2, &[]).is_err());
    }
}
