//! Which job does an interview belong to, when the request names none?

use crate::export::policy_entry_points;

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit/log", "../../wit/job-resolution"],
        world: "switchboard:job-resolution/job-resolution",
        with: { "switchboard:log/log@0.1.0": crate::log::bindings::switchboard::log::log },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
        // Its default would be the same for all four worlds, and macros share one namespace per crate.
        export_macro_name: "export",
    });

    pub use exports::switchboard::job_resolution::policy::Guest;
}

pub use bindings::exports::switchboard::job_resolution::policy::{
    AgentFocus, AgentType, AssignedJob, Decision, Facts, JobStatus, MetadataEntry, MetadataValue, Refusal,
    SettingsProblem,
};

policy_entry_points!();

impl Facts {
    /// The candidate's open jobs, in the order of assignment.
    pub fn active_jobs(&self) -> impl DoubleEndedIterator<Item = &AssignedJob> {
        self.assigned_jobs.iter().filter(|job| job.status == JobStatus::Open)
    }
}

impl AssignedJob {
    /// The leaf of the job's metadata at an RFC 6901 JSON pointer, such as `/tags/0`.
    #[must_use]
    pub fn metadata_at(&self, pointer: &str) -> Option<&MetadataValue> {
        self.metadata.iter().find(|entry| entry.pointer == pointer).map(|entry| &entry.value)
    }
}

impl MetadataValue {
    /// The number, when it is a whole one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(_) | Self::Decimal(_) | Self::Boolean(_) | Self::Null => None,
        }
    }

    /// The text, when it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Integer(_) | Self::Decimal(_) | Self::Boolean(_) | Self::Null => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_found_by_its_pointer() {
        let entry = |pointer: &str, value| MetadataEntry { pointer: pointer.to_owned(), value };
        let job = AssignedJob {
            id: "j".to_owned(),
            status: JobStatus::Open,
            created_at_ms: 0,
            title: None,
            metadata: vec![
                entry("/priority", MetadataValue::Integer(7)),
                entry("/tags/0", MetadataValue::Text("night".to_owned())),
            ],
        };
        assert_eq!(job.metadata_at("/priority").and_then(MetadataValue::as_integer), Some(7));
        assert_eq!(job.metadata_at("/tags/0").and_then(MetadataValue::as_text), Some("night"));
        assert_eq!(job.metadata_at("/tags/0").and_then(MetadataValue::as_integer), None);
        assert_eq!(job.metadata_at("/tags"), None);
    }
}
