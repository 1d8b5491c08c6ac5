//! Bodies that are large, deep, packed, or no text at all.

use serde_json::json;

use super::{Target, among_good_ones, reason};
use crate::answers::{GZIP, JSON, gzip, least_event};
use crate::bad_events::with;

const BODY: usize = 512 * 1024;

/// `"k0":0,"k1":0,…` of at most this length.
fn keys(bytes: usize) -> String {
    let mut keys = String::with_capacity(bytes);
    for n in 0.. {
        let key = format!(",\"k{n}\":0");
        if keys.len() + key.len() > bytes {
            break;
        }
        keys.push_str(&key);
    }
    keys[1..].to_owned()
}

#[actix_web::test]
async fn as_many_unknown_keys_as_fit_are_kept_and_more_cost_their_event_only() {
    let target = Target::new().await;
    let many = keys(32_000);
    let event = with("sessionId", "\"keys\"").replacen('{', &format!("{{{many},"), 1);
    target
        .send(among_good_ones("s", &event))
        .await
        .took(3, 0, 0);
    let kept = "SELECT jsonb_object_keys(raw_json) FROM telemetry_events WHERE session_id = 'keys'";
    let sent = i64::try_from(many.matches(':').count()).unwrap() + 4;
    assert_eq!(target.server.database.count(kept).await, sent);
    // As many as a body holds, in one event.
    let event = format!("{{{}}}", keys(BODY - 1000));
    assert!(event.matches(':').count() > 40_000);
    let reply = target
        .send(among_good_ones("t", &event))
        .await
        .took(2, 0, 1);
    assert_eq!(reason(&reply), "event_too_large");
    // The same key again and again.
    let same = format!("{{{}\"k\":1}}", "\"k\":0,".repeat(80_000));
    let reply = target.send(among_good_ones("u", &same)).await.took(2, 0, 1);
    assert_eq!(reason(&reply), "event_too_large");
    // A million do not fit, and the answer comes before they are read.
    target
        .send(format!("{{{}}}", keys(9_000_000)))
        .await
        .is_problem(413, "body_too_large");
    target.ends_unharmed().await;
}

#[actix_web::test]
async fn nesting_as_deep_as_a_body_allows_ends_no_stack() {
    let target = Target::new().await;
    for depth in [33, 127, 128, 129, 10_000, 16_000, 250_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            if depth * (open.len() + close.len()) > BODY - 1000 {
                continue;
            }
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            // Alone, as the events of an envelope, and in an event among others.
            for body in [deep.clone(), format!("{{\"events\":{deep}}}")] {
                assert_eq!(target.send(body).await.status, 400, "{depth}");
            }
            let answer = target
                .send(among_good_ones(
                    &format!("{depth}{}", open.len()),
                    &with("deep", &deep),
                ))
                .await;
            let told = (answer.status, reason(&answer.json()));
            // The reader of the whole body may give up first, and then nothing of it is known.
            let refused =
                told.1 == "nesting_too_deep" || told.1 == "event_too_large" || told.0 == 400;
            assert!(refused, "{depth}: {told:?}");
        }
        // Only opened.
        assert_eq!(target.send("[".repeat(depth)).await.status, 400);
    }
    target.ends_unharmed().await;
}

#[actix_web::test]
async fn what_is_no_utf8_is_refused_whatever_it_stands_in() {
    let target = Target::new().await;
    let bad: [&[u8]; 9] = [
        b"\xff",
        b"\xc3",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\x80",
        b"\xf8\x88\x80\x80\x80",
    ];
    let event = least_event("s", "e").to_string();
    for bytes in bad {
        let (before, after) = event.split_at(event.len() / 2);
        for body in [
            [before.as_bytes(), bytes, after.as_bytes()].concat(),
            [bytes, event.as_bytes()].concat(),
            [event.as_bytes(), bytes].concat(),
            bytes.to_vec(),
        ] {
            target.send(body).await.is_problem(400, "invalid_json");
        }
    }
    // Text of other encodings.
    let utf16: Vec<u8> = event.encode_utf16().flat_map(u16::to_le_bytes).collect();
    target.send(utf16).await.is_problem(400, "invalid_json");
    target
        .send(b"\x00".to_vec())
        .await
        .is_problem(400, "invalid_json");
    assert_eq!(
        target
            .server
            .database
            .count("SELECT FROM telemetry_events")
            .await,
        0
    );
    target.ends_unharmed().await;
}

#[actix_web::test]
async fn a_gzip_bomb_is_unpacked_no_further_than_a_body_may_be() {
    let target = Target::new().await;
    let packed = [JSON, GZIP];
    let mib = gzip(&vec![b' '; 1024 * 1024]);
    let status = target.send_as(&packed, mib.clone()).await;
    status.is_problem(413, "body_too_large");
    // Many members, 400 MiB together; and a bomb inside a gzip.
    let many = mib.repeat(400);
    assert!(many.len() < BODY);
    let status = target.send_as(&packed, many).await;
    status.is_problem(413, "body_too_large");
    let status = target.send_as(&packed, gzip(&mib)).await;
    status.is_problem(400, "invalid_json");
    // Just as much as may be is taken.
    let event = least_event("s", "e").to_string();
    let padded = format!("{event}{}", " ".repeat(BODY - event.len()));
    target
        .send_as(&packed, gzip(padded.as_bytes()))
        .await
        .took(1, 0, 0);
    let over = format!("{padded} ");
    target
        .send_as(&packed, gzip(over.as_bytes()))
        .await
        .is_problem(413, "body_too_large");
    target.ends_unharmed().await;
}

#[actix_web::test]
async fn gzip_that_is_broken_anywhere_is_refused() {
    let target = Target::new().await;
    let whole = gzip(least_event("s", "e").to_string().as_bytes());
    let packed = [JSON, GZIP];
    for length in 0..whole.len() {
        assert_eq!(
            target.send_as(&packed, &whole[..length]).await.status,
            400,
            "{length}"
        );
    }
    for at in (0..whole.len()).step_by(3) {
        let mut broken = whole.clone();
        broken[at] ^= 0x10;
        // A header's time and system mean nothing.
        let status = target.send_as(&packed, broken).await.status;
        assert!(
            status == 400 || (status == 200 && (4..10).contains(&at)),
            "{at}: {status}"
        );
    }
    let trailing = [whole.as_slice(), b"more"].concat();
    assert_eq!(target.send_as(&packed, trailing).await.status, 400);
    target.ends_unharmed().await;
}

#[actix_web::test]
async fn odd_shapes_of_bodies_get_an_answer_that_says_what_is_wrong() {
    let target = Target::new().await;
    for body in [
        "",
        " ",
        "\u{feff}",
        "\u{feff}\u{feff}{}",
        "{",
        "}",
        "[",
        "]",
        "[[",
        "nul",
        "NaN",
        "Infinity",
        "-",
        "01",
        "1.",
        ".5",
        "+1",
        "'a'",
        "{a:1}",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{\"a\" 1}",
        "// x\n{}",
        "\"\\x\"",
        "\"\t\"",
        "{}{}",
        "[]\0",
        "\0[]",
        "{\"events\":[}",
        "{\"events\":[1}",
    ] {
        let answer = target.send(body).await;
        assert_eq!(answer.status, 400, "{body:?}: {}", answer.text);
        assert!(answer.json()["detail"].is_string(), "{}", answer.text);
    }
    for (body, rejected) in [
        ("[null]", 1),
        ("[[]]", 1),
        ("[{}]", 1),
        ("[0,\"\",[],{}]", 4),
        ("{}", 1),
        ("0", 1),
    ] {
        let problem = target.send(body).await.is_problem(400, "all_rejected");
        assert_eq!(
            problem["rejected"].as_array().unwrap().len(),
            rejected,
            "{body}"
        );
    }
    assert_eq!(target.send("[]").await.json()["accepted"], json!(0));
    target.ends_unharmed().await;
}
