//! What becomes of viewers' ids: they are stored as sent, hashed with a secret, or dropped.
//!
//! The policy is applied once, at the edge, to an event's text before anything else reads it: what is
//! stored, folded, quarantined and read back for a replay is the text that it leaves, so nothing hashes
//! twice. It knows the member `viewerId` of the event itself, however its name is spelled and however
//! often it stands there. What a site puts elsewhere (its own dimensions, page addresses) is the
//! site's to answer for.
//!
//! A hashed id is HMAC-SHA-256 over project and id, 128 bits of it in hex. With a rotation the key is
//! itself derived from the secret and the number of the period, so that ids of different periods
//! cannot be linked. The period is that of the session's start, as both our players' clients write it
//! at the end of the session's id; where none can be read there, or one that is far off, it is that of
//! the server's clock. A session that goes on over midnight so keeps one id. By the time of each event
//! it would carry two, and be the very link between them.

mod rewrite;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use rewrite::rewrite;

/// The least bytes of a secret.
pub const MIN_SECRET_BYTES: usize = 16;
/// The shortest period of a rotation: every period that events are kept from is looked for when a
/// viewer is erased.
pub const MIN_ROTATION: Duration = Duration::from_secs(86_400);
/// HMAC's block.
const BLOCK_BYTES: usize = 64;
/// Bytes of a hash that are an id.
const ID_BYTES: usize = 16;
/// What a session's start may be off the server's clock to be believed: events are sent again for
/// days.
const BELIEVED_MS: i64 = 7 * 86_400_000;

/// What becomes of viewers' ids.
#[derive(Debug, Clone, Default)]
pub enum ViewerIds {
    /// They are stored as sent.
    #[default]
    Store,
    /// They are hashed.
    Hash(Hasher),
    /// They are dropped.
    Drop,
}

/// What a policy leaves of an event.
#[derive(Debug, PartialEq, Eq)]
pub enum Left {
    /// The event as it was sent.
    AsSent,
    /// This one.
    Rewritten(String),
    /// It is no object: nobody can tell what in it is a viewer's id.
    Unreadable,
}

impl ViewerIds {
    /// Applies the policy to an event as sent, which is a well-formed JSON value.
    pub fn apply(&self, project: &str, event: &str, now_ms: i64) -> Left {
        match self {
            Self::Store => Left::AsSent,
            Self::Hash(hasher) => rewrite(event, |session_id, viewer_id| {
                let at_ms = session_id.and_then(|id| start_of(id, now_ms));
                Some(hasher.id(project, viewer_id, at_ms.unwrap_or(now_ms)))
            }),
            Self::Drop => rewrite(event, |_, _| None),
        }
    }

    /// Whether bytes that cannot be read may be kept.
    pub fn keeps_unreadable(&self) -> bool {
        matches!(self, Self::Store)
    }

    /// As which ids a viewer may be stored since `from_ms`: as sent, from before the policy or by
    /// another server, and as this policy makes them.
    pub fn forms(&self, project: &str, viewer_id: &str, from_ms: i64, now_ms: i64) -> Vec<String> {
        let mut forms = vec![viewer_id.to_owned()];
        if let Self::Hash(hasher) = self {
            let first = hasher.period(from_ms.min(now_ms) - BELIEVED_MS);
            let last = hasher.period(now_ms + BELIEVED_MS);
            forms.extend((first..=last).map(|period| hasher.id_in(project, viewer_id, period)));
        }
        forms
    }
}

/// Hashes with a secret.
#[derive(Clone)]
pub struct Hasher {
    key: Arc<[u8; BLOCK_BYTES]>,
    rotate_ms: Option<i64>,
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rotate_ms = self.rotate_ms;
        f.debug_struct("Hasher")
            .field("rotate_ms", &rotate_ms)
            .finish_non_exhaustive()
    }
}

/// Why viewers' ids cannot be hashed like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HasherError {
    /// Anybody could try all secrets.
    #[error("the secret for viewers' ids has {0} bytes, it must have at least {MIN_SECRET_BYTES}")]
    ShortSecret(usize),
    /// Less than a day.
    #[error("the rotation of viewers' ids must be a day (1d) or longer")]
    ShortRotation,
}

impl Hasher {
    /// With a secret, and a key that changes every `rotate`.
    pub fn new(secret: &[u8], rotate: Option<Duration>) -> Result<Self, HasherError> {
        if secret.len() < MIN_SECRET_BYTES {
            return Err(HasherError::ShortSecret(secret.len()));
        }
        if rotate.is_some_and(|rotate| rotate < MIN_ROTATION) {
            return Err(HasherError::ShortRotation);
        }
        let rotate_ms = rotate.map(|it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX));
        Ok(Self {
            key: Arc::new(block(secret)),
            rotate_ms,
        })
    }

    fn id(&self, project: &str, viewer_id: &str, at_ms: i64) -> String {
        self.id_in(project, viewer_id, self.period(at_ms))
    }

    /// The number of the period; without a rotation there is one.
    fn period(&self, at_ms: i64) -> i64 {
        self.rotate_ms.map_or(0, |length| at_ms.div_euclid(length))
    }

    fn id_in(&self, project: &str, viewer_id: &str, period: i64) -> String {
        let key = match self.rotate_ms {
            Some(_) => block(&mac(&self.key, &[b"period", &period.to_be_bytes()])),
            None => *self.key,
        };
        let hash = mac(&key, &[project.as_bytes(), &[0], viewer_id.as_bytes()]);
        let bytes = hash.iter().take(ID_BYTES);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A key as HMAC takes it: one that is too long is hashed, a short one is followed by zeros.
fn block(secret: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    let hashed;
    let key: &[u8] = if secret.len() > BLOCK_BYTES {
        hashed = Sha256::digest(secret);
        &hashed
    } else {
        secret
    };
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    block
}

fn mac(key: &[u8; BLOCK_BYTES], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new(key.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// When a session began, from an id like `uuid-epochMs`, unless it is far off.
fn start_of(session_id: &str, now_ms: i64) -> Option<i64> {
    let (_, digits) = session_id.rsplit_once('-')?;
    if digits.len() != 13 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let start_ms: i64 = digits.parse().ok()?;
    (start_ms.abs_diff(now_ms) <= BELIEVED_MS.unsigned_abs()).then_some(start_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef";
    const DAY_MS: i64 = 86_400_000;
    const NOON_MS: i64 = 20_780 * DAY_MS + DAY_MS / 2;

    fn hasher(rotate: Option<Duration>) -> Hasher {
        Hasher::new(SECRET, rotate).unwrap()
    }

    #[test]
    fn an_id_is_the_first_half_of_an_hmac_over_project_and_id() {
        // printf 'site\0ann' | openssl dgst -sha256 -hmac 0123456789abcdef
        assert_eq!(
            hasher(None).id("site", "ann", NOON_MS),
            "02cd1b6ba64f691d6dbfa2dc77c00309"
        );
        let long = Hasher::new(&[b'k'; 100], None).unwrap();
        assert_eq!(
            long.id("site", "ann", NOON_MS),
            "658c8af83d6ec35bb1235df88519caad"
        );
    }

    #[test]
    fn ids_of_other_projects_secrets_and_periods_cannot_be_linked() {
        let daily = hasher(Some(MIN_ROTATION));
        let id = daily.id("site", "ann", NOON_MS);
        assert_eq!(id, daily.id("site", "ann", NOON_MS + DAY_MS / 2 - 1));
        let others = [
            daily.id("site", "ann", NOON_MS + DAY_MS / 2),
            daily.id("other", "ann", NOON_MS),
            daily.id("site", "bob", NOON_MS),
            hasher(None).id("site", "ann", NOON_MS),
            Hasher::new(b"another secret of ours", Some(MIN_ROTATION))
                .unwrap()
                .id("site", "ann", NOON_MS),
        ];
        assert!(!others.contains(&id), "{id} among {others:?}");
    }

    #[test]
    fn a_session_keeps_its_id_over_midnight() {
        let policy = ViewerIds::Hash(hasher(Some(MIN_ROTATION)));
        let event = format!(r#"{{"sessionId":"a-b-{NOON_MS}","viewerId":"ann"}}"#);
        let today = policy.apply("site", &event, NOON_MS);
        assert_eq!(policy.apply("site", &event, NOON_MS + DAY_MS), today);
        // Nobody believes a start that is a month away.
        assert_ne!(policy.apply("site", &event, NOON_MS + 30 * DAY_MS), today);
    }

    #[test]
    fn every_form_of_an_id_that_may_be_stored_is_told() {
        let policy = ViewerIds::Hash(hasher(Some(MIN_ROTATION)));
        let forms = policy.forms("site", "ann", NOON_MS - 30 * DAY_MS, NOON_MS);
        assert_eq!(forms.len(), 1 + 7 + 30 + 1 + 7);
        for ago in [0, 1, 30] {
            let id = hasher(Some(MIN_ROTATION)).id("site", "ann", NOON_MS - ago * DAY_MS);
            assert!(forms.contains(&id));
        }
        assert!(forms.contains(&"ann".to_owned()));
        assert_eq!(ViewerIds::Drop.forms("site", "ann", 0, NOON_MS), ["ann"]);
    }

    #[test]
    fn weak_secrets_and_short_rotations_are_refused() {
        let short = Hasher::new(b"0123456789abcde", None).unwrap_err();
        assert_eq!(short, HasherError::ShortSecret(15));
        let hour = Some(Duration::from_secs(3600));
        let error = Hasher::new(SECRET, hour).unwrap_err();
        assert_eq!(error, HasherError::ShortRotation);
        assert!(!format!("{:?}", hasher(None)).contains("key"));
    }
}
