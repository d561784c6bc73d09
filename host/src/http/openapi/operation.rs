//! What a document says of one operation: its words, what it takes, what it answers. A route's own line says
//! only what does not follow from the route table; `partner` and the operators' document add the rest.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::ToSchema;

use super::parameter::{ETAG, Header, Parameter};
use crate::http::problem::Code;
use crate::http::schema::Named;

/// One operation.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    /// The group it stands in.
    pub(crate) tag: &'static str,
    /// A line.
    pub(crate) summary: &'static str,
    /// What the line does not say, in Markdown; may be empty.
    pub(crate) note: String,
    /// Path, query and headers.
    pub(crate) parameters: Vec<Parameter>,
    /// What is sent.
    pub(crate) body: Option<Body>,
    /// What comes back when it goes well.
    pub(crate) answers: Vec<Answer>,
    /// What else can come back.
    pub(crate) failures: BTreeSet<Code>,
    /// Whether a policy decides.
    pub(crate) asks_policy: bool,
    /// Whether people use it too: a browser is answered with a page, and sends a form.
    pub(crate) has_page: bool,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// JSON of this type, with an example; whether it may be left out.
    Json { named: Named, example: Option<Value>, optional: bool },
    /// Bytes of this media type; whether they may be left out.
    Bytes { media_type: &'static str, optional: bool },
}

/// What comes back when it goes well.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// What it means.
    pub(crate) told: &'static str,
    /// The body.
    pub(crate) content: Content,
    /// Beside those of every answer.
    pub(crate) headers: Vec<&'static Header>,
    /// What can be done next with what was made.
    pub(crate) links: Vec<&'static str>,
    /// Members that the example of the type does not have so.
    pub(crate) shown: Value,
}

/// The body of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// None.
    Nothing,
    /// One value of this type, in the document's frame.
    One(Named),
    /// The same with a `message` beside it, which is this text in the example.
    Told(Named, &'static str),
    /// `true`, in the document's frame.
    True,
    /// The frame itself is of this type.
    Whole(Named),
    /// A page of such values.
    Page(Named),
    /// A plain array of such values.
    List(Named),
    /// Any JSON object.
    Object,
    /// Text of this media type.
    Text(&'static str),
}

impl Operation {
    /// One in a group.
    pub(crate) fn new(tag: &'static str, summary: &'static str) -> Self {
        Self {
            tag,
            summary,
            note: String::new(),
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            failures: BTreeSet::new(),
            asks_policy: false,
            has_page: false,
        }
    }

    /// What the summary does not say.
    pub(crate) fn note(self, note: &'static str) -> Self {
        Self { note: note.to_owned(), ..self }
    }

    /// Takes JSON.
    pub(crate) fn takes<T: ToSchema>(self) -> Self {
        self.json::<T>(true, None, false)
    }

    /// Takes JSON, or no body.
    pub(crate) fn may_take<T: ToSchema>(self) -> Self {
        self.json::<T>(true, None, true)
    }

    fn json<T: ToSchema>(self, is_new: bool, example: Option<Value>, optional: bool) -> Self {
        let named = Named::sent::<T>(is_new);
        let example = example.or_else(|| example_of(&named));
        Self { body: Some(Body::Json { named, example, optional }), ..self }
    }

    /// Takes bytes.
    pub(crate) fn takes_bytes(self, media_type: &'static str, optional: bool) -> Self {
        Self { body: Some(Body::Bytes { media_type, optional }), ..self }
    }

    /// 200 with a resource and its tag, or 304.
    pub(crate) fn reads<T: ToSchema>(self, told: &'static str) -> Self {
        self.gives::<T>(told).kept()
    }

    /// The last answer carries an entity tag, and is not sent to whoever has it.
    pub(crate) fn kept(self) -> Self {
        self.tagged()
            .answers(304, "The present state is one that `If-None-Match` names.", Content::Nothing)
            .tagged()
            .with(Parameter::if_none_match())
    }

    /// 201 with a new resource and its tag.
    pub(crate) fn creates<T: ToSchema>(self, told: &'static str) -> Self {
        self.answers(201, told, Content::one::<T>()).tagged()
    }

    /// 200 with a changed resource and its tag; the answer shows what the example changes.
    pub(crate) fn changes<B: ToSchema, T: ToSchema>(self, told: &'static str, example: Value) -> Self {
        self.json::<B>(false, Some(example.clone()), false)
            .gives::<T>(told)
            .tagged()
            .shows(example)
            .with(Parameter::if_match())
            .fails(&[Code::PreconditionFailed])
    }

    /// 204 without a body.
    pub(crate) fn does(self, told: &'static str) -> Self {
        self.answers(204, told, Content::Nothing)
    }

    /// 200 with `true`.
    pub(crate) fn deletes(self) -> Self {
        self.deletes_with(Content::True)
    }

    /// 200 with more than that.
    pub(crate) fn deletes_with(self, content: Content) -> Self {
        self.answers(200, "It is gone, for ever.", content)
            .with(Parameter::if_match())
            .fails(&[Code::PreconditionFailed])
    }

    /// The last answer carries an entity tag.
    fn tagged(mut self) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push(&ETAG);
        }
        self
    }

    /// What the example of the last answer shows otherwise than its type's example.
    pub(crate) fn shows(mut self, members: Value) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.shown = members;
        }
        self
    }

    /// 200 with one value.
    pub(crate) fn gives<T: ToSchema>(self, told: &'static str) -> Self {
        self.answers(200, told, Content::one::<T>())
    }

    /// 201 with what was made.
    pub(crate) fn makes<T: ToSchema>(self, told: &'static str) -> Self {
        self.answers(201, told, Content::one::<T>())
    }

    /// 200 with a page; `page`, `limit` and `after` follow from it.
    pub(crate) fn pages<T: ToSchema>(self, told: &'static str) -> Self {
        self.answers(200, told, Content::Page(Named::of::<T>()))
    }

    /// 200 with a plain array.
    pub(crate) fn lists<T: ToSchema>(self, told: &'static str) -> Self {
        self.answers(200, told, Content::List(Named::of::<T>()))
    }

    /// Any other answer.
    pub(crate) fn answers(mut self, status: u16, told: &'static str, content: Content) -> Self {
        let (headers, links, shown) = (Vec::new(), Vec::new(), Value::Null);
        self.answers.push(Answer { status, told, content, headers, links, shown });
        self
    }

    /// A parameter.
    pub(crate) fn with(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// Codes that do not follow from the rest.
    pub(crate) fn fails(mut self, codes: &[Code]) -> Self {
        self.failures.extend(codes);
        self
    }

    /// A policy decides: it may refuse or fail, and its ladder may answer instead.
    pub(crate) fn asks_policy(mut self) -> Self {
        self.asks_policy = true;
        self.fails(&[Code::ResourceConflict, Code::PolicyRejected, Code::PolicyUnavailable])
    }

    /// A browser is answered with a page, and sends a form.
    pub(crate) fn with_page(self) -> Self {
        Self { has_page: true, ..self }
    }

    /// Whether it answers a page.
    pub(crate) fn is_paged(&self) -> bool {
        self.answers.iter().any(|answer| matches!(answer.content, Content::Page(_)))
    }

    /// Whether a parameter stands in this place.
    pub(crate) fn has_parameter(&self, place: &str) -> bool {
        self.parameters.iter().any(|parameter| parameter.place == place)
    }

    /// Its own parameter of that name, if it has one.
    pub(crate) fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

impl Content {
    /// One value of a type.
    pub(crate) fn one<T: ToSchema>() -> Self {
        Self::One(Named::of::<T>())
    }

    /// One value of a type with a message beside it.
    pub(crate) fn told<T: ToSchema>(message: &'static str) -> Self {
        Self::Told(Named::of::<T>(), message)
    }

    /// A frame that is of a type itself.
    pub(crate) fn whole<T: ToSchema>() -> Self {
        Self::Whole(Named::of::<T>())
    }

    /// The type inside.
    pub(crate) fn named(&self) -> Option<&Named> {
        match self {
            Self::One(named)
            | Self::Told(named, _)
            | Self::Whole(named)
            | Self::Page(named)
            | Self::List(named) => Some(named),
            Self::Nothing | Self::True | Self::Object | Self::Text(_) => None,
        }
    }
}

/// The example that stands on a type's schema.
pub(crate) fn example_of(named: &Named) -> Option<Value> {
    named.schemas.first()?.1.get("example").cloned()
}
