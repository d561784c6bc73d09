use super::*;

fn paths(problems: &Problems) -> Vec<(&str, &FlawKind)> {
    problems.list().iter().map(|problem| (problem.path.as_str(), &problem.flaw.kind)).collect()
}

#[test]
fn a_rule_over_two_fields_names_both() {
    let mut problems = Problems::default();
    problems.at_least_one("", [("agentId", false), ("agent", false)]);
    assert_eq!(paths(&problems), [("agentId", &FlawKind::Missing), ("agent", &FlawKind::Missing)]);
    assert_eq!(problems.list()[0].flaw.message, "is required, or `agent` instead");

    let mut problems = Problems::default();
    problems.at_most_one("", [("agentId", true), ("agent", true)]);
    assert_eq!(paths(&problems), [("agentId", &FlawKind::Invalid), ("agent", &FlawKind::Invalid)]);

    let mut problems = Problems::default();
    problems.at_most_one("", [("job", false), ("jobId", false)]);
    problems.at_least_one("candidate", [("email", true), ("phoneNumber", true)]);
    assert!(problems.is_empty());

    problems.at_least_one("candidate", [("email", false), ("phoneNumber", false)]);
    assert_eq!(
        paths(&problems),
        [("candidate.email", &FlawKind::Missing), ("candidate.phoneNumber", &FlawKind::Missing)]
    );
    assert_eq!(problems.list()[1].flaw.message, "is required, or `candidate.email` instead");
}

#[test]
fn the_first_flaw_at_a_path_stays() {
    let mut problems = Problems::default();
    problems.add("name", Flaw::missing());
    problems.add("name", Flaw::invalid("must be a text"));
    assert_eq!(paths(&problems), [("name", &FlawKind::Missing)]);
    assert!(problems.has("name") && !problems.has("nam"));
}
