//! Requests about resources, in the steps that are the same for every noun: contract §1, "Order of checks", from
//! the values in path, query and head on. What a noun is made of and looks like stands in its own file.

use std::str::FromStr;

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use switchboard_domain::id::CompanyId;
use switchboard_domain::problem::Problems;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use super::condition::{self, IfMatch};
use super::dispatch::{Turn, page_request, page_view, rendered};
use super::page::Listing;
use super::problem::Failure;
use super::query::Query;
use super::{Call, Reply};
use crate::app::resource::{Aim, Made, Resource};
use crate::app::{self, App, Page, PageRequest};

/// A noun whose single resources are read, changed and deleted.
pub(crate) trait Noun: Resource<Id: FromStr> {
    /// What leaves.
    type View<'a>: Serialize;

    /// Whether it belongs to a company, which an ATS key must name.
    const OF_COMPANY: bool = true;

    /// A resource as partners see it.
    fn view(shown: &Self::Shown) -> Self::View<'_>;

    /// The revision of its record, for the tag.
    fn revision(shown: &Self::Shown) -> u64;

    /// Reads a partial update over the record that it changes.
    ///
    /// # Errors
    /// Every problem of the body, and of the result of the merge.
    fn read_change(&self, body: &Value, now: Timestamp) -> Result<Self::Change, Problems>;
}

/// A noun that is made by itself, in a company.
pub(crate) trait Posted: Noun + Made {
    /// Reads the body of a new one.
    ///
    /// # Errors
    /// Every problem of it.
    fn read_new(body: &Value, now: Timestamp) -> Result<Self::Input, Problems>;
}

/// A noun that a company has a list of.
pub(crate) trait Listed: Noun {
    /// What the list may be narrowed by.
    type Filter: Send + Sync;

    /// Reads it; what is wrong is noted.
    fn filter(query: &Query, problems: &mut Problems) -> Self::Filter;

    /// A part of the list.
    fn page(
        app: &App,
        company_id: CompanyId,
        filter: &Self::Filter,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<Self::Shown>, app::Error>> + Send;
}

/// A client may keep the answer, but asks every time whether it is still the present one.
const KEPT_BY_TAG: HeaderValue = HeaderValue::from_static("private, no-cache");

/// `POST` of a noun of a company.
pub(crate) async fn create<N: Posted>(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    let company_id = call.company_only(app)?;
    call.receive().await?;
    let write = match call.turn(app)? {
        Turn::Run(write) => write,
        Turn::Replay(kept) => return Ok(kept),
    };
    let now = write.now;
    let input = N::read_new(&call.request.json()?, now).map_err(Rejection::Invalid)?;
    let render = move |shown: &N::Shown| rendered(&answer::<N>(StatusCode::CREATED, shown, now));
    Ok(app::resource::create::<N>(app, company_id, input, write, render).await?.into())
}

/// `GET` of the list of a noun of a company.
pub(crate) async fn list<N: Listed>(app: &App, call: &Call) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let query = &call.request.query;
    let named = call.named_company(&mut problems);
    let filter = N::filter(query, &mut problems);
    let listing = Listing::read(query, &mut problems);
    let company_id = call.company(app, named, problems)?;
    listed::<N>(app, call, company_id, &filter, &listing).await
}

/// A list of a company in reach.
pub(crate) async fn listed<N: Listed>(
    app: &App,
    call: &Call,
    company_id: CompanyId,
    filter: &N::Filter,
    listing: &Listing,
) -> Result<Reply, Failure> {
    let page = N::page(app, company_id, filter, &page_request(listing)).await?;
    Ok(Reply::ok(&page_view(listing, &page, N::view), call.request.now))
}

/// `GET` of one resource.
pub(crate) fn get<N: Noun>(app: &App, call: &Call) -> Result<Reply, Failure> {
    let aim = aim::<N>(call, Problems::default())?;
    let shown = app::resource::get::<N>(app, &aim)?;
    let whole = answer::<N>(StatusCode::OK, &shown, call.request.now);
    let known = whole.etag().filter(|etag| condition::has_already(&call.request.headers, etag));
    let mut reply = known.map(Reply::not_modified).unwrap_or(whole);
    reply.headers.insert(CACHE_CONTROL, KEPT_BY_TAG);
    Ok(reply)
}

/// `PATCH` of one resource.
pub(crate) async fn update<N: Noun>(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    let aim = aim::<N>(call, Problems::default())?;
    let looked = app::resource::look::<N>(app, &aim)?;
    call.receive().await?;
    let (body, now) = (call.request.json()?, call.request.now);
    // The commit reads it again over what it finds; most of what is wrong need not wait for that.
    looked.read_change(&body, now).map_err(Rejection::Invalid)?;
    let is_expected = expectation::<N>(call);
    let wish = move |record: &N| record.read_change(&body, now);
    let shown = app::resource::update(app, aim, now, is_expected, wish).await?;
    Ok(answer::<N>(StatusCode::OK, &shown, now))
}

/// `DELETE` of one resource.
pub(crate) async fn delete<N: Noun>(app: &App, call: &Call) -> Result<Reply, Failure> {
    let aim = aim::<N>(call, Problems::default())?;
    app::resource::look::<N>(app, &aim)?;
    let now = call.request.now;
    app::resource::delete::<N>(app, aim, now, expectation::<N>(call)).await?;
    Ok(Reply::ok(&true, now))
}

/// What a call says of its one resource; what else is wrong with path, query and head comes along.
pub(crate) fn aim<N: Noun>(call: &Call, mut problems: Problems) -> Result<Aim<N::Id>, Failure> {
    let named = if N::OF_COMPANY { call.named_company(&mut problems) } else { None };
    let id = call.path_id();
    if let Err(flaw) = &id {
        problems.add("id", flaw.clone());
    }
    call.refuse(problems)?;
    let id = id.map_err(|flaw| Failure::field("id", flaw))?;
    Ok(Aim { caller: call.caller.clone(), named, id })
}

/// What `If-Match` says of the resource that a commit finds.
pub(crate) fn expectation<N: Noun>(call: &Call) -> impl Fn(&N::Shown) -> bool + Send + 'static {
    let if_match = IfMatch::of(&call.request.headers);
    move |shown| {
        if_match.allows(|| {
            let data = serde_json::to_vec(&N::view(shown)).unwrap_or_default();
            condition::etag(N::revision(shown), &data)
        })
    }
}

/// A resource in its envelope, with its tag.
pub(crate) fn answer<N: Noun>(status: StatusCode, shown: &N::Shown, now: Timestamp) -> Reply {
    Reply::resource(status, N::revision(shown), &N::view(shown), now)
}
