//! How long decisions are kept: whole time ranges go, the oldest first, a bounded number in one commit, so that no
//! partner waits long behind it.

use std::time::Duration;

use crate::app::{App, Error};
use crate::policy;
use crate::store::{self, Abort, Txn};

/// So many go with one commit: with their places in lists some thousand rows.
const AT_ONCE: usize = 500;

/// The bounds; the tighter one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// From the moment of the decision.
    pub kept_for: Duration,
    /// So many, the newest.
    pub kept_max: usize,
    /// After so long, what a release was granted to see goes, and what its plugin logged.
    pub redacted_after: Duration,
}

/// Deletes what is too old or too much, and redacts what is old enough.
///
/// # Errors
/// The store cannot be read or written.
pub async fn retain(app: &App, bounds: Retention) -> Result<(), Error> {
    let now = app.now();
    let too_old = now.minus(bounds.kept_for);
    repeat(app, usize::MAX, move |txn, most| store::decision::delete_oldest(txn, Some(too_old), most))
        .await?;
    let count = usize::try_from(store::decision::count(&app.snapshot()?)?).unwrap_or(usize::MAX);
    let too_many = count.saturating_sub(bounds.kept_max);
    repeat(app, too_many, |txn, most| store::decision::delete_oldest(txn, None, most)).await?;
    let old = now.minus(bounds.redacted_after);
    repeat(app, usize::MAX, move |txn, most| store::decision::redact(txn, old, most, policy::redacted)).await
}

/// One bounded commit after another, until there is nothing more to do, or enough is done.
async fn repeat(
    app: &App,
    mut left: usize,
    work: impl Fn(&mut Txn, usize) -> Result<usize, store::Error> + Copy + Send + 'static,
) -> Result<(), Error> {
    while 0 < left {
        let most = left.min(AT_ONCE);
        let done = app.store().commit(move |txn: &mut Txn| Ok::<_, Abort<Error>>(work(txn, most)?)).await?;
        left -= done.min(left);
        if done < most {
            break;
        }
    }
    Ok(())
}
