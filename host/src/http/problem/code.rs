//! Every code that an answer of failure can carry: one table of code, status, reason and the shape of its
//! details. The answers and the documents are both made from it, so that neither can name what the other does
//! not know.

use hyper::StatusCode;

use super::details;
use crate::http::schema::Named;

macro_rules! codes {
    ($($(#[doc = $when:literal])+ $name:ident = $status:ident $code:literal $details:ident,)+) => {
        /// What went wrong, in a word that programs compare.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $when])+ $name,)+
        }

        impl Code {
            /// The whole table, by status.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// As on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// The one status that it comes with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)+
                }
            }

            /// When it is answered, in sentences for partners.
            #[must_use]
            pub const fn when(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($when),+).trim_ascii(),)+
                }
            }

            /// Its name among the document's responses.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// The shape of its `details`.
            #[must_use]
            pub fn details(self) -> Named {
                match self {
                    $(Self::$name => Named::of::<details::$details>(),)+
                }
            }
        }
    };
}

codes! {
    /// A value in path, query, header or body is wrong. `details.fields` lists every bad field, missing ones
    /// included.
    ValidationError = BAD_REQUEST "VALIDATION_ERROR" FieldErrors,
    /// Nothing but absent fields is wrong; `details.fields` lists every one.
    MissingRequiredField = BAD_REQUEST "MISSING_REQUIRED_FIELD" FieldErrors,
    /// Nothing but unreadable dates is wrong; `details.reason` says what exactly, at which character.
    InvalidDate = BAD_REQUEST "INVALID_DATE" UnreadableDates,
    /// The body is not JSON, or there is none where one is needed. `details` says where it stops being JSON.
    InvalidJson = BAD_REQUEST "INVALID_JSON" JsonPosition,
    /// `after` is not the `nextCursor` of an earlier answer.
    InvalidCursor = BAD_REQUEST "INVALID_CURSOR" NoDetails,
    /// The candidate would be phoned at a time that the company's call window does not allow. Sending
    /// `details.nextAllowedAt` is accepted.
    OutsideCallWindow = BAD_REQUEST "OUTSIDE_CALL_WINDOW" ClosedWindow,
    /// The interview needs a job and the candidate has no active one: send `jobId` or `job`.
    JobRequired = BAD_REQUEST "JOB_REQUIRED" FieldToSend,
    /// The candidate has several active jobs and none is named: send one of `details.jobs` as `jobId`.
    JobAmbiguous = BAD_REQUEST "JOB_AMBIGUOUS" JobChoice,
    /// The status of things does not allow it: `details.status` is what it is, `details.allowed` what it must be.
    InvalidStateTransition = BAD_REQUEST "INVALID_STATE_TRANSITION" StateTransition,
    /// An ONLINE interview calls no phone and has no call attempts.
    UnsupportedForOnline = BAD_REQUEST "UNSUPPORTED_FOR_ONLINE" NoDetails,
    /// The API key is missing, malformed, unknown, revoked, expired, or not allowed from this address.
    InvalidApiKey = UNAUTHORIZED "INVALID_API_KEY" NoDetails,
    /// The API key is suspended; `details.reason` are the operator's words.
    ApiKeySuspended = UNAUTHORIZED "API_KEY_SUSPENDED" KeySuspension,
    /// The operator's token is missing or wrong.
    InvalidToken = UNAUTHORIZED "INVALID_TOKEN" NoDetails,
    /// The company's usage limit of this calendar month (UTC) is reached.
    BillingLimitExceeded = PAYMENT_REQUIRED "BILLING_LIMIT_EXCEEDED" NoDetails,
    /// The API key lacks `details.requiredScope`, or is of a kind that this operation is not open to.
    InsufficientPermissions = FORBIDDEN "INSUFFICIENT_PERMISSIONS" RequiredScope,
    /// The company, or a resource of one, is there but out of the key's reach.
    ResourceAccessDenied = FORBIDDEN "RESOURCE_ACCESS_DENIED" NoDetails,
    /// There is no such resource, or no longer.
    ResourceNotFound = NOT_FOUND "RESOURCE_NOT_FOUND" MissingResource,
    /// There is no such path.
    RouteNotFound = NOT_FOUND "ROUTE_NOT_FOUND" NoDetails,
    /// The path exists, but not with this method; `Allow` lists those that it has.
    MethodNotAllowed = METHOD_NOT_ALLOWED "METHOD_NOT_ALLOWED" NoDetails,
    /// The body did not arrive in time; the connection is closed.
    RequestTimeout = REQUEST_TIMEOUT "REQUEST_TIMEOUT" NoDetails,
    /// What the request stands on kept changing at the same time. Send it again.
    ResourceConflict = CONFLICT "RESOURCE_CONFLICT" NoDetails,
    /// The first request with this `Idempotency-Key` is still running. Send it again later.
    IdempotencyInProgress = CONFLICT "IDEMPOTENCY_IN_PROGRESS" NoDetails,
    /// The lease does not hold: it ran out, the call was ended otherwise, or the token is another one. Drop the call.
    LeaseLost = CONFLICT "LEASE_LOST" NoDetails,
    /// The state of things does not allow it; the message says why and what to do.
    Refused = CONFLICT "REFUSED" NoDetails,
    /// `If-Match` names no ETag that the resource has now. Read it again, decide anew, and send its present ETag.
    PreconditionFailed = PRECONDITION_FAILED "PRECONDITION_FAILED" NoDetails,
    /// The body has more than `details.maxBytes` bytes.
    BodyTooLarge = PAYLOAD_TOO_LARGE "BODY_TOO_LARGE" BodyBound,
    /// The body is not `application/json` in UTF-8. A body without `Content-Type` counts as JSON.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "UNSUPPORTED_MEDIA_TYPE" NoDetails,
    /// The ATS's policy refused the operation; `details.reason` are its words.
    PolicyRejected = UNPROCESSABLE_ENTITY "POLICY_REJECTED" PolicyVerdict,
    /// This `Idempotency-Key` was used with another body. Send a new one.
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY "IDEMPOTENCY_KEY_REUSED" NoDetails,
    /// The component is not admitted; `details.reasons` says everything that must change.
    PluginRefused = UNPROCESSABLE_ENTITY "PLUGIN_REFUSED" AdmissionReasons,
    /// The key has no request left in this minute or hour, or this address asked too much; `Retry-After` says when
    /// to send again.
    RateLimitExceeded = TOO_MANY_REQUESTS "RATE_LIMIT_EXCEEDED" RetryDelay,
    /// Something went wrong on our side. Send the request id with your question.
    InternalError = INTERNAL_SERVER_ERROR "INTERNAL_ERROR" NoDetails,
    /// Overloaded or draining. Send it again after `Retry-After`.
    Unavailable = SERVICE_UNAVAILABLE "UNAVAILABLE" NoDetails,
    /// A policy could not decide, and its release says that the operation is refused then. Send it again after
    /// `Retry-After`.
    PolicyUnavailable = SERVICE_UNAVAILABLE "POLICY_UNAVAILABLE" PolicyFailure,
}
