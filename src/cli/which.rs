//! Which sessions a question is about, in the words of the API.

use clap::Args;

use super::ask::Asking;

#[derive(Debug, Args)]
pub(super) struct WhichArgs {
    /// Only sessions for which this holds, as browser:eq:Chrome,Firefox; may be given more than once,
    /// all must hold. Ops: eq ne gt gte lt lte contains null; a comma stands for any of. A site's own
    /// dimensions are custom.<key>
    #[arg(long, value_name = "FIELD:OP:VALUE")]
    filter: Vec<String>,
    /// From this moment on: 2026-11-23T07:30:00Z or epoch ms
    #[arg(long, value_name = "TIME", conflicts_with = "last")]
    from: Option<String>,
    /// Up to this moment, not included; now if it is not given
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Instead of --from: how long before the end, as 30m, 24h, 7d, 2w
    #[arg(long, value_name = "LENGTH")]
    last: Option<String>,
    /// Which time of a session must lie in it: started or ended
    #[arg(long, value_name = "WHICH")]
    time: Option<String>,
}

impl WhichArgs {
    /// Adds the parameters.
    pub(super) fn add(&self, asking: Asking) -> Asking {
        asking
            .one("from", self.from.as_ref())
            .one("to", self.to.as_ref())
            .one("last", self.last.as_ref())
            .one("time", self.time.as_ref())
            .all("filter", &self.filter)
    }

    /// Whether it says when.
    pub(super) fn has_period(&self) -> bool {
        self.from.is_some() || self.to.is_some() || self.last.is_some()
    }
}
