//! The path of a place in JSON text: worked out only when there is an error to report.

use super::scan::{space, string_stop};
use super::string::RawString;
use super::text::push_string;

enum Frame<'a> {
    Object(Option<&'a str>),
    Array(usize),
}

/// The path of the member or element that the byte at `target` belongs to, as `ops[3].value.a`.
///
/// Empty for the outermost value. The text before `target` must be valid as far as it goes; what
/// follows is not looked at, so the text may be cut off or wrong from there on.
pub fn locate(text: &str, target: usize) -> String {
    let bytes = text.as_bytes();
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut at = space(bytes, 0);
    while at < target.min(bytes.len()) {
        match bytes[at] {
            b'{' => frames.push(Frame::Object(None)),
            b'[' => frames.push(Frame::Array(0)),
            b'}' | b']' => _ = frames.pop(),
            b',' => match frames.last_mut() {
                Some(Frame::Array(index)) => *index += 1,
                Some(Frame::Object(name)) => *name = None,
                None => {}
            },
            b'"' => {
                let end = string_end(bytes, at + 1);
                if end >= target {
                    break;
                }
                if let Some(Frame::Object(name @ None)) = frames.last_mut() {
                    *name = text.get(at + 1..end);
                }
                at = end;
            }
            _ => {}
        }
        at = space(bytes, at + 1);
    }
    render(&frames)
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = string_stop(bytes, at);
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') | None => return at.min(bytes.len()),
            Some(_) => at += 1,
        }
    }
}

fn render(frames: &[Frame<'_>]) -> String {
    let mut path = String::new();
    for frame in frames {
        match frame {
            Frame::Array(index) => path.push_str(&format!("[{index}]")),
            Frame::Object(Some(name)) => push_member(&mut path, &RawString::from_body(name).to_cow()),
            Frame::Object(None) => {}
        }
    }
    path
}

/// Appends a member to a path: `.name`, or `["na.me"]` where the plain form could be misread.
pub fn push_member(path: &mut String, name: &str) {
    let plain =
        !name.is_empty() && !name.contains(|c: char| matches!(c, '.' | '[' | ']' | '"') || c.is_control());
    if plain {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
    } else {
        path.push('[');
        push_string(path, name);
        path.push(']');
    }
}
