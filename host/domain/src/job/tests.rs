use super::*;

fn paths(check: impl FnOnce(&mut Problems)) -> Vec<String> {
    let mut problems = Problems::default();
    check(&mut problems);
    problems.list().iter().map(|problem| problem.path.clone()).collect()
}

#[test]
fn skills_are_counted_together() {
    for (required, nice, expected) in [
        (0, 0, &[][..]),
        (10, 0, &[]),
        (4, 6, &[]),
        (11, 0, &["job.requiredSkills"]),
        (0, 11, &["job.niceToHaveSkills"]),
        (6, 5, &["job.requiredSkills", "job.niceToHaveSkills"]),
        (usize::MAX, 1, &["job.requiredSkills", "job.niceToHaveSkills"]),
    ] {
        assert_eq!(paths(|problems| check_skills("job", required, nice, problems)), expected);
    }
}

#[test]
fn amounts_are_numbers_from_zero() {
    for fine in [0.0, 0.01, 1e12] {
        assert_eq!(check_amount(fine), Ok(fine));
    }
    for wrong in [-0.01, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(check_amount(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn min_is_at_most_max() {
    for (min, max, is_fine) in [
        (None, None, true),
        (Some(1.0), None, true),
        (None, Some(1.0), true),
        (Some(1.0), Some(1.0), true),
        (Some(1.5), Some(1.25), false),
    ] {
        let salary = Salary { min, max, ..Salary::default() };
        let expected: &[&str] = if is_fine { &[] } else { &["salary.min", "salary.max"] };
        assert_eq!(paths(|problems| check_salary("salary", &salary, problems)), expected);
    }
}

#[test]
fn years_are_written_with_digits() {
    let words: Vec<_> = Experience::ALL.iter().map(|experience| experience.as_str()).collect();
    assert_eq!(
        words.join(" "),
        "UNDEFINED NO_EXPERIENCE LESS_THAN_1_YEAR ONE_TO_3_YEARS THREE_TO_5_YEARS FIVE_TO_10_YEARS \
         MORE_THAN_10_YEARS"
    );
}

#[test]
fn a_word_is_taken_exactly_and_a_wrong_one_is_told_the_list() {
    assert_eq!(JobStatus::parse("CLOSED"), Ok(JobStatus::Closed));
    for wrong in ["closed", "CLOSED ", ""] {
        assert_eq!(JobStatus::parse(wrong), Err(Flaw::invalid("must be one of OPEN, CLOSED")));
    }
    let words: Vec<_> = Education::ALL.iter().map(|education| education.as_str()).collect();
    assert_eq!(
        words.join(" "),
        "UNDEFINED PRIMARY_EDUCATION SECONDARY_SCHOOL_STUDENT SECONDARY_WITHOUT_DIPLOMA \
         SECONDARY_WITH_DIPLOMA POST_SECONDARY_VOCATIONAL UNIVERSITY_STUDENT BACHELOR_LEVEL MASTER_LEVEL \
         POSTGRADUATE"
    );
}

#[test]
fn the_other_words_are_the_contracts() {
    let contracts: Vec<_> = ContractType::ALL.iter().map(|contract| contract.as_str()).collect();
    assert_eq!(contracts.join(" "), "UNDEFINED FULL_TIME PART_TIME CONTRACT TEMPORARY INTERNSHIP FREELANCE");
    let modes: Vec<_> = WorkMode::ALL.iter().map(|mode| mode.as_str()).collect();
    assert_eq!(modes, ["ONSITE", "REMOTE", "HYBRID", "UNDEFINED"]);
    let periods: Vec<_> = SalaryPeriod::ALL.iter().map(|period| period.as_str()).collect();
    assert_eq!(periods, ["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]);
}
