//! `keys`: who may write, who may read, who may erase, and in which project.
//!
//! A key is 256 random bits, shown once, when it is created. Its SHA-256 is all that is kept, and keys
//! are looked up by it. That leaks nothing by the time it takes: whoever tries keys does not choose
//! their digests, so how far a digest agrees with a stored one tells nothing of the key behind it. With
//! so many bits there is nothing to guess, so the digest needs neither salt nor slowness.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use rand::distr::{Alphanumeric, SampleString};
use sha2::{Digest as _, Sha256};

use super::StorageError;
use super::schema::keys as k;

/// Keys that a server knows: those that are not revoked come first, then the latest revoked ones.
pub const MAX_KEYS: usize = 10_000;
/// Bytes of a project's name.
const MAX_PROJECT_BYTES: usize = 64;
/// Letters and digits of a key: 62^43 is more than 2^256.
const SECRET_CHARS: usize = 43;
/// What of it is kept, to tell keys apart.
const SHOWN_CHARS: usize = 6;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Players send events with it. It is public by nature: it is in the site's pages.
    Write,
    /// Analysts ask with it.
    Read,
    /// Sessions and viewers are erased with it, and nothing else: a key that dashboards hold must not
    /// be able to delete.
    Erase,
}

impl KeyKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Write, Self::Read, Self::Erase];

    /// As in the table and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Erase => "erase",
        }
    }

    /// How such keys begin.
    fn begins(self) -> &'static str {
        match self {
            Self::Write => "vtw_",
            Self::Read => "vtr_",
            Self::Erase => "vte_",
        }
    }
}

/// The SHA-256 of a key: what is compared, kept, and all that is left of a key that was sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest([u8; 32]);

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest")
    }
}

impl KeyDigest {
    /// Of what was sent as a key.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key).into())
    }
}

/// Whether this may be a key at all. What is none need not be looked for.
pub fn is_well_formed(key: &str) -> bool {
    let secrets = KeyKind::ALL.map(|kind| key.strip_prefix(kind.begins()));
    secrets
        .into_iter()
        .flatten()
        .any(|secret| secret.len() == SECRET_CHARS && secret.bytes().all(is_secret_char))
}

fn is_secret_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// The text with every key in it made unreadable, for what is kept of requests. Its length stays.
pub fn redacted(bytes: &[u8]) -> Vec<u8> {
    let mut kept = bytes.to_vec();
    for kind in KeyKind::ALL {
        let begins = kind.begins().as_bytes();
        let mut from = 0;
        while let Some(found) = find(kept.get(from..).unwrap_or_default(), begins) {
            let secret = from + found + begins.len();
            let rest = kept.get_mut(secret..).unwrap_or_default();
            for byte in rest.iter_mut().take_while(|byte| is_secret_char(**byte)) {
                *byte = b'*';
            }
            from = secret;
        }
    }
    kept
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|it| it == wanted)
}

/// The name of a project: a site, an app, an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectName(String);

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for ProjectName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if (1..=MAX_PROJECT_BYTES).contains(&name.len()) && name.bytes().all(is_plain) {
            Ok(Self(name.to_owned()))
        } else {
            Err(format!(
                "it must be 1 to {MAX_PROJECT_BYTES} letters, digits, dots, hyphens and underscores"
            ))
        }
    }
}

/// A key that was just created: the only place where the key itself is.
pub struct NewKey {
    /// Names it to operators.
    pub id: i64,
    /// The key.
    pub key: String,
}

/// A key as it is kept.
#[derive(Debug, Clone)]
pub struct StoredKey {
    /// Names it to operators.
    pub id: i64,
    /// What it is for.
    pub kind: KeyKind,
    /// Whose events.
    pub project: Arc<str>,
    /// Whose it is.
    pub label: Option<String>,
    /// How it begins.
    pub prefix: String,
    /// What it is found by.
    pub digest: KeyDigest,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Since when it is refused.
    pub revoked_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = k)]
struct Row {
    id: i64,
    kind: String,
    project: String,
    label: Option<String>,
    prefix: String,
    digest: Vec<u8>,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

impl Row {
    /// A row that no key can be is none: the table's checks let none in.
    fn key(self) -> Option<StoredKey> {
        Some(StoredKey {
            id: self.id,
            kind: KeyKind::ALL.into_iter().find(|it| it.name() == self.kind)?,
            project: self.project.into(),
            label: self.label,
            prefix: self.prefix,
            digest: KeyDigest(self.digest.try_into().ok()?),
            created_at: self.created_at,
            revoked_at: self.revoked_at,
        })
    }
}

/// Creates a key. When this returns it is committed.
pub async fn create(
    connection: &mut AsyncPgConnection,
    kind: KeyKind,
    project: &ProjectName,
    label: Option<&str>,
) -> Result<NewKey, StorageError> {
    let good = k::table.filter(k::revoked_at.is_null()).count();
    let good: i64 = good.get_result(connection).await?;
    if usize::try_from(good).is_ok_and(|good| good >= MAX_KEYS) {
        return Err(StorageError::TooManyKeys(MAX_KEYS));
    }
    let secret = Alphanumeric.sample_string(&mut rand::rng(), SECRET_CHARS);
    let shown: String = secret.chars().take(SHOWN_CHARS).collect();
    let key = format!("{}{secret}", kind.begins());
    let row = (
        k::kind.eq(kind.name()),
        k::project.eq(&project.0),
        k::label.eq(label),
        k::prefix.eq(format!("{}{shown}", kind.begins())),
        k::digest.eq(KeyDigest::of(&key).0.to_vec()),
    );
    let insert = diesel::insert_into(k::table).values(row);
    let id = insert.returning(k::id).get_result(connection).await?;
    Ok(NewKey { id, key })
}

/// What revoking a key found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// It is revoked from now on.
    Now,
    /// It was revoked before.
    Before,
    /// There is no such key.
    Unknown,
}

/// Revokes a key. A second time changes nothing.
pub async fn revoke(
    connection: &mut AsyncPgConnection,
    id: i64,
    now: DateTime<Utc>,
) -> Result<Revoked, StorageError> {
    let work = async |connection: &mut AsyncPgConnection| {
        let good = k::table.filter(k::id.eq(id).and(k::revoked_at.is_null()));
        let update = diesel::update(good).set(k::revoked_at.eq(now));
        if update.execute(connection).await? > 0 {
            return Ok(Revoked::Now);
        }
        let found: i64 = k::table.find(id).count().get_result(connection).await?;
        Ok(if found > 0 {
            Revoked::Before
        } else {
            Revoked::Unknown
        })
    };
    connection.transaction(work).await
}

/// The keys with a greater id than this, revoked ones too.
pub async fn created_after(
    connection: &mut AsyncPgConnection,
    id: i64,
) -> Result<Vec<StoredKey>, StorageError> {
    let limit = i64::try_from(MAX_KEYS).unwrap_or(i64::MAX);
    let rows = k::table
        .filter(k::id.gt(id))
        .order((k::revoked_at.desc().nulls_first(), k::id))
        .limit(limit)
        .select(Row::as_select())
        .load(connection)
        .await?;
    Ok(rows.into_iter().filter_map(Row::key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_key_is_told_by_its_form() {
        let secret = "a1B2".repeat(11);
        let secret = &secret[..SECRET_CHARS];
        assert!(is_well_formed(&format!("vtw_{secret}")));
        assert!(is_well_formed(&format!("vtr_{secret}")));
        for wrong in [
            String::new(),
            "vtw_".to_owned(),
            secret.to_owned(),
            format!("vtx_{secret}"),
            format!("vtw_{secret}0"),
            format!("vtw_{}", secret.replace('B', "-")),
            format!(" vtw_{secret}"),
        ] {
            assert!(!is_well_formed(&wrong), "{wrong}");
        }
    }

    #[test]
    fn keys_in_what_is_kept_are_unreadable() {
        let sent = br#"{"key":"vtw_abc","x":["vtr_1Z","vtw_"]}"#;
        let kept = br#"{"key":"vtw_***","x":["vtr_**","vtw_"]}"#;
        assert_eq!(redacted(sent), kept);
        assert_eq!(redacted(b"vt"), b"vt");
    }

    #[test]
    fn a_projects_name_is_plain_text() {
        for right in ["default", "shop.example-2", "A_b", &"x".repeat(64)] {
            assert!(right.parse::<ProjectName>().is_ok(), "{right}");
        }
        for wrong in ["", "a b", "ü", "a/b", "a\0", &"x".repeat(65)] {
            assert!(wrong.parse::<ProjectName>().is_err(), "{wrong}");
        }
    }
}
