use super::*;

fn problems_of(check: impl FnOnce(&mut Problems)) -> Vec<(String, Flaw)> {
    let mut problems = Problems::default();
    check(&mut problems);
    problems.list().iter().map(|problem| (problem.path.clone(), problem.flaw.clone())).collect()
}

#[test]
fn a_level_belongs_to_language_tests() {
    for focus in AgentFocus::ALL.iter().copied() {
        for is_sent in [false, true] {
            let found = problems_of(|problems| check_cefr_level("", Some(focus), is_sent, problems));
            let path = "cefrLevel".to_owned();
            let expected = match (focus, is_sent) {
                (AgentFocus::LanguageTest, false) => vec![(path, Flaw::missing())],
                (AgentFocus::LanguageTest, true) | (_, false) => vec![],
                (_, true) => {
                    let refusal =
                        "is for the focus LANGUAGE_TEST only; leave it out, or send null to remove it";
                    vec![(path, Flaw::invalid(refusal))]
                }
            };
            assert_eq!(found, expected, "{focus} {is_sent}");
        }
    }
    assert!(problems_of(|problems| check_cefr_level("", None, true, problems)).is_empty());
}

#[test]
fn a_number_belongs_to_phone_agents() {
    let path = || "agent.companyPhoneNumberId".to_owned();
    let refusal = "is for the type PHONE only; leave it out, or send null to remove it";
    for (agent_type, is_sent, expected) in [
        (Some(AgentType::Phone), true, vec![]),
        (Some(AgentType::Phone), false, vec![(path(), Flaw::missing())]),
        (Some(AgentType::Online), false, vec![]),
        (Some(AgentType::Online), true, vec![(path(), Flaw::invalid(refusal))]),
        (None, false, vec![]),
        (None, true, vec![]),
    ] {
        let found = problems_of(|problems| check_phone_number("agent", agent_type, is_sent, problems));
        assert_eq!(found, expected, "{agent_type:?} {is_sent}");
    }
}

#[test]
fn the_voices_and_focuses_are_the_contracts() {
    let voices: Vec<_> = Voice::ALL.iter().map(|voice| voice.as_str()).collect();
    assert_eq!(voices.join(" "), "ALEX PETER MIRIAM SUE VIERA CASANDRA SILVIA MICHAEL LUKE EMMA SARAH EVA");
    let focuses: Vec<_> = AgentFocus::ALL.iter().map(|focus| focus.as_str()).collect();
    assert_eq!(focuses, ["GENERIC", "SCREENING", "OUTREACH", "LANGUAGE_TEST"]);
}
