//! Writing JSON text.

use super::scan::string_stop;

/// Appends `text` as a JSON string: quotes, backslashes and control characters escaped, the rest as it is.
pub fn push_string(out: &mut String, text: &str) {
    let (bytes, mut start) = (text.as_bytes(), 0);
    out.push('"');
    loop {
        let stop = string_stop(bytes, start);
        out.push_str(&text[start..stop]);
        let Some(byte) = bytes.get(stop) else { break };
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            _ => "",
        };
        if escape.is_empty() {
            out.push_str("\\u00");
            out.push(char::from(b"0123456789abcdef"[usize::from(byte >> 4)]));
            out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        } else {
            out.push_str(escape);
        }
        start = stop + 1;
    }
    out.push('"');
}

/// Appends a number with at least `width` (at most 20) digits, zeros in front.
pub fn push_u64(out: &mut String, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while number > 0 || digits.len() - at < width.max(1) {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    for digit in &digits[at..] {
        out.push(char::from(*digit));
    }
}
