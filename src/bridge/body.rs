//! Large bodies become JS texts without a way through JS's buffer. What is in
//! them, `lib/bus/body.js` says.

use bytes::Bytes;
use napi::JsString;
use napi::bindgen_prelude::{Env, Result};

/// The first byte of a body with texts beside its JSON, which ends the line.
const MARK: u8 = 1;
const LINE_END: u8 = b'\n';

/// A body as one text; as two if there are texts beside its JSON.
pub fn texts<'env>(env: &'env Env, body: &Bytes) -> Result<Vec<JsString<'env>>> {
    let (head, beside) = split(body);
    let head = if head.is_ascii() {
        env.create_string_latin1(head)?
    } else {
        env.create_string(String::from_utf8_lossy(head))?
    };
    let mut texts = vec![head];
    if let Some(beside) = beside {
        texts.push(env.create_string_latin1(beside)?);
    }
    Ok(texts)
}

fn split(body: &[u8]) -> (&[u8], Option<&[u8]>) {
    if body.first() != Some(&MARK) {
        return (body, None);
    }
    match body.iter().position(|byte| *byte == LINE_END) {
        Some(line) => (&body[..=line], Some(&body[line + 1..])),
        None => (body, None),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn only_what_is_marked_and_has_a_line_is_two_texts() {
        for one in ["", "[1]", "[1]\n", "\x01", "\x01[1]"] {
            assert_eq!(split(one.as_bytes()), (one.as_bytes(), None));
        }
        assert_eq!(split(b"\x01[1]\n"), (&b"\x01[1]\n"[..], Some(&b""[..])));
        assert_eq!(split(b"\x01\na\nb"), (&b"\x01\n"[..], Some(&b"a\nb"[..])));
    }
}
