use switchboard_domain::analysis::{Analysis, CompanyFit, Evaluation};
use switchboard_domain::id::{AnalysisId, CandidateId, CompanyId, InterviewId};
use switchboard_domain::job::{Education, Experience};
use switchboard_domain::time::Timestamp;

use super::*;
use crate::http::candidate;
use crate::http::interview;

const NOW: Timestamp = Timestamp::from_unix_millis(1_775_116_800_000);

fn report(points: usize) -> Report {
    let person = serde_json::json!({
        "firstName": "Żaneta", "lastName": "Čierna-Łukasiewicz", "email": "z@post.example",
        "gdprExpiryDate": "2099-01-01",
    });
    let input = candidate::read(&person, NOW).expect("a candidate");
    let agent = serde_json::json!({
        "name": "Úvodný pohovor", "type": "ONLINE", "focus": "SCREENING", "language": "SK", "duration": 15,
    });
    let candidate_id = CandidateId::from_bytes([2; 16]);
    let interview =
        interview::read(&serde_json::json!({ "candidateId": candidate_id.to_string(), "agent": agent }), NOW);
    let switchboard_domain::interview::Named::New(agent) = interview.expect("an interview").agent else {
        panic!("it is described")
    };
    let (company_id, interview_id) = (CompanyId::from_bytes([1; 16]), InterviewId::from_bytes([3; 16]));
    let point = |text: &str| vec![text.to_owned(); points];
    let evaluation = |index: usize| Evaluation {
        criterion: format!("Kritérium {index}: motivace a zájem o práci v týmu"),
        rating: u8::try_from(index * 7 % 101).expect("at most 100"),
        comment: "Zna firmę i jej produkty; pytała o grafik zmian. ".repeat(3),
    };
    Report {
        analysis: Analysis {
            id: AnalysisId::from_bytes([4; 16]),
            interview_id,
            company_id,
            candidate_id,
            revision: 1,
            body: AnalysisDraft {
                overall_rating: 82,
                company_fit: CompanyFit::High,
                education: Education::BachelorLevel,
                experience: Experience::ThreeTo5Years,
                strong_points: point("Opowiada jasno o wcześniejszej pracy w magazynie."),
                weak_points: point("Ještě nepracovala na směny; dojíždí z Žiliny."),
                evaluation: (0..points).map(evaluation).collect(),
                status: AnalysisStatus::Completed,
                specific: Some(r#"{"availableFrom":"2026-05-01","languages":["SK","PL"]}"#.to_owned()),
            },
            created_at: NOW,
            updated_at: NOW,
        },
        interview: switchboard_domain::interview::Interview {
            id: interview_id,
            company_id,
            candidate_id,
            agent_id: switchboard_domain::id::AgentId::from_bytes([5; 16]),
            revision: 1,
            job_id: None,
            status: switchboard_domain::interview::InterviewStatus::Completed,
            scheduled_at: NOW,
            duration_minutes: Some(12),
            finished_at: Some(NOW),
            metadata: None,
            is_test: false,
            agent: *agent,
            decisions: Vec::new(),
            undecided: None,
            created_at: NOW,
            updated_at: NOW,
        },
        candidate: switchboard_domain::candidate::Candidate {
            id: candidate_id,
            company_id,
            revision: 1,
            body: input.draft,
            job_ids: Vec::new(),
            status: switchboard_domain::candidate::CandidateStatus::Applied,
            overall_rating: Some(82),
            created_at: NOW,
            updated_at: NOW,
        },
        job: None,
    }
}

/// How often these bytes stand in a file.
fn count(file: &[u8], wanted: &str) -> usize {
    file.windows(wanted.len()).filter(|bytes| *bytes == wanted.as_bytes()).count()
}

#[test]
fn a_report_is_a_file_of_pages_with_its_letters_inside() {
    let file = render(&report(3));
    assert!(file.starts_with(b"%PDF-1.7"));
    assert!(file.trim_ascii_end().ends_with(b"%%EOF"));
    assert_eq!(count(&file, "/FontFile2"), 2);
    // Both fonts whole would be a megabyte and a half.
    assert!(file.len() < 150_000, "{} bytes", file.len());
    assert_eq!(render(&report(3)), file, "the same report gives the same bytes");
}

#[test]
fn a_long_report_turns_the_page() {
    let pages = |points| {
        let file = render(&report(points));
        (1..40).rev().find(|count| self::count(&file, &format!("/Count {count}")) == 1).expect("pages")
    };
    assert_eq!(pages(1), 1);
    assert!(5 < pages(50), "{}", pages(50));
    assert_eq!(pages(0), 1);
}

#[test]
fn words_are_written_for_people() {
    assert_eq!(in_words("ONE_TO_3_YEARS"), "One to 3 years");
    assert_eq!(in_words("HIGH"), "High");
}
