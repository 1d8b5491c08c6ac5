//! Lets callers in, each into its project.
//!
//! While there are no keys, everything is open to this machine and belongs to the project `default`.
//! From the first key on every request needs one, and its project is the key's.

use std::sync::Arc;

use actix_web::HttpRequest;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::allowance::{Allowance, KeyLimits};
use super::caller::{Analyst, Eraser, Head, Writer, sent_key};
use super::keyring::{Keyring, SentKey};
use super::local::is_local;
use super::refusal::Refusal;
use super::{DEFAULT_PROJECT, Problem};
use crate::storage::keys::KeyKind;
use crate::storage::{Storage, StorageError};

/// What is asked of callers.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The address that the server listens on is only this machine's.
    pub is_loopback: bool,
    /// Whoever has no key may write, wherever from.
    pub anonymous_ingest: bool,
    /// What every key may.
    pub limits: KeyLimits,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

/// Lets callers in.
pub struct Door {
    keyring: Keyring,
    rules: Rules,
    project: Arc<str>,
    /// What all callers without a key share.
    anonymous: Arc<Allowance>,
    refusals: Family<CodeLabel, Counter>,
}

impl Door {
    /// Reads all keys, and then lets callers in.
    pub async fn open(
        storage: Storage,
        rules: Rules,
        prometheus: &mut Registry,
    ) -> Result<Self, StorageError> {
        let refusals = Family::default();
        prometheus.register(
            "refusals",
            "Requests refused for their key, by code",
            Family::clone(&refusals),
        );
        Ok(Self {
            keyring: Keyring::load(storage, rules.limits).await?,
            rules,
            project: DEFAULT_PROJECT.into(),
            anonymous: Arc::new(Allowance::new(rules.limits)),
            refusals,
        })
    }

    /// Whether no key was ever created.
    pub fn has_no_keys(&self) -> bool {
        self.keyring.is_empty()
    }

    /// Reads all keys again.
    pub async fn refresh(&self) -> Result<(), StorageError> {
        self.keyring.refresh().await
    }

    /// Refuses a writer whose head has a key that is not good, before its body is read.
    pub(super) async fn head(&self, request: &HttpRequest) -> Result<Head, Problem> {
        self.count(async {
            let sent = sent_key(request.headers())?;
            let writer = match sent {
                Some(sent) => Some(self.find_writer(Some(sent)).await?),
                None => None,
            };
            Ok(Head { sent, writer })
        })
        .await
    }

    /// The writer, with the key of the body's envelope.
    pub(super) async fn writer(&self, head: Head, key: Option<&str>) -> Result<Writer, Problem> {
        self.count(async {
            let enveloped = key.and_then(SentKey::new);
            match (head.sent, head.writer, enveloped) {
                (Some(sent), _, Some(enveloped)) if sent != enveloped => {
                    Err(Refusal::ConflictingKeys.into())
                }
                (_, Some(writer), _) => Ok(writer),
                (_, None, enveloped) => self.find_writer(enveloped).await,
            }
        })
        .await
    }

    /// Takes a batch's events off what the writer may send.
    pub(super) fn take_events(&self, writer: &Writer, events: usize) -> Result<(), Problem> {
        let taken = writer.allowance.take_events(events);
        taken.map_err(|refusal| self.counted(refusal.into()))
    }

    async fn find_writer(&self, sent: Option<SentKey>) -> Result<Writer, Problem> {
        if let Some(sent) = sent
            && let Some(key) = self.keyring.find(sent).await?
        {
            key.must_be(KeyKind::Write)?;
            return Ok(Writer {
                project: Arc::clone(&key.project),
                allowance: Arc::clone(&key.allowance),
            });
        }
        let no_keys = self.keyring.is_empty();
        let is_open = no_keys && (self.rules.is_loopback || self.rules.anonymous_ingest);
        match sent {
            Some(_) if !is_open => Err(Refusal::UnknownKey.into()),
            None if !is_open && !self.rules.anonymous_ingest => {
                Err(Refusal::MissingKey(KeyKind::Write).into())
            }
            _ => Ok(Writer {
                project: Arc::clone(&self.project),
                allowance: Arc::clone(&self.anonymous),
            }),
        }
    }

    /// Who asks a question, if that is allowed.
    pub(super) async fn analyst(&self, request: &HttpRequest) -> Result<Analyst, Problem> {
        let analyst = self.prober(request).await?;
        let allowance = match &analyst.key {
            Some(key) => &key.allowance,
            None => &self.anonymous,
        };
        let taken = allowance.take_question();
        taken.map_err(|refusal| self.counted(refusal.into()))?;
        Ok(analyst)
    }

    /// The same, of whoever must not be held up by questions: those who watch the server.
    pub(super) async fn prober(&self, request: &HttpRequest) -> Result<Analyst, Problem> {
        self.holder(request, KeyKind::Read).await
    }

    /// Who erases, if that is allowed.
    pub(super) async fn eraser(&self, request: &HttpRequest) -> Result<Eraser, Problem> {
        let holder = self.holder(request, KeyKind::Erase).await?;
        let project = holder.project;
        Ok(Eraser { project })
    }

    /// Who has a key of this kind, or needs none.
    async fn holder(&self, request: &HttpRequest, kind: KeyKind) -> Result<Analyst, Problem> {
        self.count(async {
            let sent = sent_key(request.headers())?;
            let key = match sent {
                Some(sent) => self.keyring.find(sent).await?,
                None => None,
            };
            let Some(key) = key else {
                return self.local_holder(sent, request, kind);
            };
            key.must_be(kind)?;
            Ok(Analyst {
                project: Arc::clone(&key.project),
                key: Some(key),
            })
        })
        .await
    }

    fn local_holder(
        &self,
        sent: Option<SentKey>,
        request: &HttpRequest,
        kind: KeyKind,
    ) -> Result<Analyst, Problem> {
        let is_open = self.keyring.is_empty() && self.rules.is_loopback;
        match sent {
            _ if is_open && is_local(request) => Ok(Analyst {
                project: Arc::clone(&self.project),
                key: None,
            }),
            Some(_) => Err(Refusal::UnknownKey.into()),
            None if is_open => Err(Refusal::NotLocal.into()),
            None => Err(Refusal::MissingKey(kind).into()),
        }
    }

    /// Whether an answer that goes on may go on.
    pub(super) fn still_admits(&self, analyst: &Analyst) -> bool {
        match &analyst.key {
            Some(key) => self.keyring.is_good(key, KeyKind::Read),
            None => self.keyring.is_empty(),
        }
    }

    async fn count<T>(
        &self,
        asked: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        asked.await.map_err(|problem| self.counted(problem))
    }

    fn counted(&self, problem: Problem) -> Problem {
        if let Problem::Refused(refusal) = &problem {
            let code = refusal.code();
            self.refusals.get_or_create(&CodeLabel { code }).inc();
        }
        problem
    }
}
