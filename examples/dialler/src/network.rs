//! The simulated telephone network: what a call comes to, from a seed and the attempt's id.

use serde_json::{Value, json};

/// What happens when somebody is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// A conversation of so many seconds.
    Answered {
        /// How long it lasts.
        seconds: u32,
    },
    /// It rings, and that is all.
    NoAnswer,
    /// The line is busy.
    Busy,
    /// A machine answers.
    Voicemail,
    /// The person does not want to talk.
    Declined,
    /// Nobody has this number.
    InvalidNumber,
    /// The network fails.
    NetworkError,
    /// The agent fails.
    AgentError,
    /// The dialler itself is lost: nobody ever hears of the call again.
    Lost,
}

/// Of a hundred calls, so many go so. The rest is answered.
const PER_HUNDRED: [(u64, Course); 8] = [
    (15, Course::NoAnswer),
    (8, Course::Busy),
    (7, Course::Voicemail),
    (3, Course::Declined),
    (1, Course::InvalidNumber),
    (2, Course::NetworkError),
    (1, Course::AgentError),
    (3, Course::Lost),
];

/// What the network is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Another seed, another day.
    pub seed: u64,
    /// Every call goes so, where it is said.
    pub always: Option<Course>,
}

impl Network {
    /// An ordinary day.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, always: None }
    }

    /// What calling for this attempt comes to.
    #[must_use]
    pub fn course(&self, attempt_id: &str) -> Course {
        if let Some(course) = self.always {
            return course;
        }
        let drawn = self.draw(attempt_id, "course");
        let mut place = drawn % 100;
        for (share, course) in PER_HUNDRED {
            match place.checked_sub(share) {
                Some(rest) => place = rest,
                None => return course,
            }
        }
        // A minute to twenty.
        let seconds = u32::try_from(self.draw(attempt_id, "seconds") % 1_140).unwrap_or_default();
        Course::Answered { seconds: 60 + seconds }
    }

    /// A number that is always the same for the same words (FNV-1a, then mixed as SplitMix64 does).
    fn draw(&self, attempt_id: &str, what: &str) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ self.seed;
        for byte in attempt_id.bytes().chain([0]).chain(what.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }
}

impl Course {
    /// `outcome` of the completion.
    #[must_use]
    pub const fn outcome(self) -> &'static str {
        match self {
            Self::Answered { .. } => "COMPLETED",
            Self::NoAnswer => "NO_ANSWER",
            Self::Busy => "BUSY",
            Self::Voicemail => "VOICEMAIL",
            Self::Declined => "DECLINED",
            Self::InvalidNumber => "INVALID_NUMBER",
            Self::NetworkError | Self::Lost => "NETWORK_ERROR",
            Self::AgentError => "AGENT_ERROR",
        }
    }

    /// The course that is called so: an outcome, or `LOST`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = PER_HUNDRED.map(|(_, course)| course);
        match word {
            "COMPLETED" => Some(Self::Answered { seconds: 300 }),
            "LOST" => Some(Self::Lost),
            word => all.into_iter().find(|course| *course != Self::Lost && course.outcome() == word),
        }
    }

    /// How long people talk.
    #[must_use]
    pub const fn conversation_seconds(self) -> u32 {
        match self {
            Self::Answered { seconds } => seconds,
            _ => 0,
        }
    }

    /// How long the line is used, ringing included.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Answered { seconds } => 8 + seconds,
            Self::NoAnswer => 45,
            Self::Voicemail => 25,
            Self::Declined => 12,
            Self::Busy | Self::InvalidNumber | Self::NetworkError | Self::AgentError | Self::Lost => 3,
        }
    }
}

/// What the conversation of an attempt has told.
#[must_use]
pub fn analysis(network: &Network, attempt_id: &str) -> Value {
    let rating = |what: &str| 30 + network.draw(attempt_id, what) % 71;
    let overall = rating("overall");
    let fit = match overall {
        0..50 => "LOW",
        50..75 => "MEDIUM",
        _ => "HIGH",
    };
    json!({
        "general": {
            "overallRating": overall,
            "companyFitRating": fit,
            "education": "SECONDARY_WITH_DIPLOMA",
            "experience": "ONE_TO_3_YEARS",
            "strongPoints": ["Answers to the point.", "Can begin at once."],
            "weakPoints": ["Has not worked in shifts yet."],
            "evaluation": [
                { "criterion": "Motivation", "rating": rating("motivation"), "comment": "Knows what the job is." },
                { "criterion": "Language", "rating": rating("language"), "comment": "Speaks freely." },
            ],
            "status": "COMPLETED",
        },
        "specific": { "simulated": true },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_same_each_time_and_every_course_is_in_it() {
        let network = Network::new(7);
        let courses: Vec<Course> = (0..2_000).map(|n| network.course(&format!("attempt-{n}"))).collect();
        let again: Vec<Course> = (0..2_000).map(|n| network.course(&format!("attempt-{n}"))).collect();
        assert_eq!(courses, again);
        let count = |wanted: Course| courses.iter().filter(|course| **course == wanted).count() as u64;
        for (share, course) in PER_HUNDRED {
            let (least, most) = (share * 20 / 3, share * 20 * 3);
            assert!((least..=most).contains(&count(course)), "{course:?}: {}", count(course));
        }
        let answered = courses.iter().filter(|course| matches!(course, Course::Answered { .. })).count();
        assert!((1_000..1_400).contains(&answered), "{answered}");
        let other: Vec<Course> =
            (0..2_000).map(|n| Network::new(8).course(&format!("attempt-{n}"))).collect();
        assert_ne!(courses, other);
    }

    #[test]
    fn every_course_has_its_word() {
        for (_, course) in PER_HUNDRED {
            let word = if course == Course::Lost { "LOST" } else { course.outcome() };
            assert_eq!(Course::parse(word), Some(course));
        }
        assert_eq!(Course::parse("NOTHING"), None);
    }
}
