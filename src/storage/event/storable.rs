//! What PostgreSQL's jsonb refuses, or takes and then chokes on at read time, found before it is
//! sent: `\u0000`, lone surrogates, numbers outside f64, and nesting that later readers cannot follow.

use super::Reason;

/// Objects and arrays inside each other, the event itself included.
const MAX_DEPTH: usize = 32;
/// jsonb keeps at most 16 383 digits after the point; nobody means a number this long. Nor a zero
/// with an exponent like this: jsonb writes out all its digits when the row is read back.
const MAX_NUMBER_BYTES: usize = 1000;
const MAX_ZERO_EXPONENT: u32 = 1000;

/// Checks the text of one JSON value. The text is known to be well-formed JSON.
pub(super) fn check(json: &str) -> Result<(), (Reason, String)> {
    let bytes = json.as_bytes();
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let detail = format!("at most {MAX_DEPTH} levels of nesting are allowed");
                    return Err((Reason::NestingTooDeep, detail));
                }
                1
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                1
            }
            b'"' => check_string(bytes.get(at + 1..).unwrap_or_default())? + 1,
            b'-' | b'0'..=b'9' => check_number(json.get(at..).unwrap_or_default())?,
            _ => 1,
        };
    }
    Ok(())
}

/// `rest` starts behind the opening quote. Returns the bytes up to and with the closing one.
fn check_string(rest: &[u8]) -> Result<usize, (Reason, String)> {
    let refuse = |what: &str| {
        let detail = format!("a string contains {what}, which cannot be stored");
        Err((Reason::UnstorableString, detail))
    };
    let mut at = 0;
    loop {
        match rest.get(at) {
            None => return Ok(at),
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') if rest.get(at + 1) == Some(&b'u') => match escaped_unit(rest, at) {
                Some(0) => return refuse("a NUL character (\\u0000)"),
                Some(0xD800..=0xDBFF) => match escaped_unit(rest, at + 6) {
                    Some(0xDC00..=0xDFFF) => at += 12,
                    _ => return refuse("half a surrogate pair"),
                },
                Some(0xDC00..=0xDFFF) => return refuse("half a surrogate pair"),
                _ => at += 6,
            },
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

/// The UTF-16 unit of a `\uXXXX` at `at`.
fn escaped_unit(rest: &[u8], at: usize) -> Option<u16> {
    let digits = rest.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// `rest` starts with the number. Returns its length.
fn check_number(rest: &str) -> Result<usize, (Reason, String)> {
    let is_part = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
    let length = rest.bytes().take_while(|byte| is_part(byte)).count();
    let number = rest.get(..length).unwrap_or_default();
    if length > MAX_NUMBER_BYTES || !fits_f64(number) {
        let shown = number.get(..32).unwrap_or(number);
        let detail = format!("the number {shown} is outside the range of a double");
        return Err((Reason::NumberOutOfRange, detail));
    }
    Ok(length)
}

/// Neither infinite nor so small that it becomes zero: PostgreSQL refuses to cast either.
fn fits_f64(number: &str) -> bool {
    if number.len() < 16 && !number.contains(['e', 'E']) {
        return true;
    }
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    if !mantissa.contains(|c: char| ('1'..='9').contains(&c)) {
        let digits = exponent.parse::<i32>().map(i32::unsigned_abs);
        return digits.is_ok_and(|digits| digits <= MAX_ZERO_EXPONENT);
    }
    number
        .parse::<f64>()
        .is_ok_and(|value| value.is_finite() && value.abs() > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(json: &str) -> Option<Reason> {
        check(json).err().map(|(reason, _)| reason)
    }

    #[test]
    fn ordinary_json_is_storable() {
        for json in [
            r#"{"a":"\u00e9 \ud83d\ude00 \\u0000 \" é","b":[1,-2.5e3,0,0.0,1e308,0e-999]}"#,
            r#""\\""#,
            "[]",
        ] {
            assert_eq!(verdict(json), None, "{json}");
        }
    }

    #[test]
    fn what_jsonb_refuses_is_named() {
        for (json, reason) in [
            (r#""\u0000""#, Reason::UnstorableString),
            (r#"{"\u0000":1}"#, Reason::UnstorableString),
            (r#""\ud800""#, Reason::UnstorableString),
            (r#""\ud800x\udc00""#, Reason::UnstorableString),
            (r#""\udc00\ud800""#, Reason::UnstorableString),
            ("1e400", Reason::NumberOutOfRange),
            ("-1e400", Reason::NumberOutOfRange),
            ("1e131072", Reason::NumberOutOfRange),
            ("1e-400", Reason::NumberOutOfRange),
            ("0e-1001", Reason::NumberOutOfRange),
            ("-0.0E-99999999999", Reason::NumberOutOfRange),
        ] {
            assert_eq!(verdict(json), Some(reason), "{json}");
        }
        let long = format!("0.{}", "1".repeat(20_000));
        assert_eq!(verdict(&long), Some(Reason::NumberOutOfRange));
    }

    #[test]
    fn nesting_is_counted_with_the_event_itself() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(verdict(&nested(32)), None);
        assert_eq!(verdict(&nested(33)), Some(Reason::NestingTooDeep));
        assert_eq!(verdict(&nested(10_000)), Some(Reason::NestingTooDeep));
    }
}
