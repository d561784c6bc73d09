use super::*;

const TOKEN: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_millis(1_775_116_800_000).plus(Duration::from_secs(seconds))
}

fn lease() -> Lease {
    Lease {
        of: Leased::Call(CallAttemptId::from_bytes([1; 16])),
        interview_id: InterviewId::from_bytes([2; 16]),
        company_id: CompanyId::from_bytes([3; 16]),
        ats_id: AtsId::from_bytes([4; 16]),
        revision: 1,
        token_hash: TOKEN,
        length_seconds: 60,
        began_at: at(0),
        expires_at: at(60),
        scheduled_at: at(0),
        retry_number: 0,
        agent_focus: AgentFocus::Generic,
        agent_duration_minutes: 15,
        billing_system: crate::ats::BillingSystem::Minutes,
        ended: None,
    }
}

fn completion(digest: u8) -> Completion {
    Completion { outcome: Outcome::Completed, duration_seconds: 30, digest: [digest; 32] }
}

#[test]
fn an_outcome_is_completed_or_one_of_the_first_seven_reason_codes() {
    let words: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    let reasons = ReasonCode::ALL[..7].iter().map(|reason| reason.as_str());
    assert_eq!(words, ["COMPLETED"].into_iter().chain(reasons).collect::<Vec<_>>());
    for outcome in Outcome::ALL {
        let failure = outcome.failure().map(ReasonCode::as_str);
        assert_eq!(failure.unwrap_or("COMPLETED"), outcome.as_str());
    }
}

#[test]
fn a_heartbeat_reaches_as_far_as_it_says_and_never_beyond_four_hours() {
    let mut lease = lease();
    lease.beat(&TOKEN, None, at(59)).unwrap();
    assert_eq!(lease.expires_at, at(119));
    lease.beat(&TOKEN, Some(900), at(100)).unwrap();
    assert_eq!(lease.expires_at, at(1_000));
    lease.beat(&TOKEN, Some(10), at(500)).unwrap();
    assert_eq!(lease.expires_at, at(510));
    lease.expires_at = at(14_399);
    lease.beat(&TOKEN, Some(900), at(14_398)).unwrap();
    assert_eq!(lease.expires_at, at(14_400));
    assert_eq!(lease.beat(&TOKEN, Some(900), at(14_400)), Err(Rejection::LeaseLost));
}

#[test]
fn whoever_comes_late_or_with_another_token_has_lost_it() {
    let fresh = lease();
    assert_eq!(fresh.check_end(&TOKEN, &completion(1), at(59)), Ok(Ends::Now));
    assert_eq!(fresh.check_end(&TOKEN, &completion(1), at(60)), Err(Rejection::LeaseLost));
    assert_eq!(fresh.check_end(&OTHER, &completion(1), at(59)), Err(Rejection::LeaseLost));
    assert_eq!(lease().beat(&OTHER, None, at(1)), Err(Rejection::LeaseLost));
}

#[test]
fn the_same_completion_holds_for_ever_and_another_never() {
    let mut over = lease();
    over.end(at(30), Some(completion(1)));
    assert_eq!(over.check_end(&TOKEN, &completion(1), at(90_000)), Ok(Ends::Again));
    assert_eq!(over.check_end(&TOKEN, &completion(2), at(31)), Err(Rejection::LeaseLost));
    assert_eq!(over.check_end(&OTHER, &completion(1), at(31)), Err(Rejection::LeaseLost));
    assert_eq!(over.beat(&TOKEN, None, at(31)), Err(Rejection::LeaseLost));
    let mut lost = lease();
    lost.end(at(60), None);
    assert_eq!(lost.check_end(&TOKEN, &completion(1), at(61)), Err(Rejection::LeaseLost));
}

#[test]
fn each_moves_on_by_itself() {
    let mut lease = lease();
    assert_eq!(lease.deadline(), at(60));
    lease.end(at(30), Some(completion(1)));
    assert_eq!(lease.deadline(), at(30 + 7 * 86_400));
}
