use super::super::{JSON, failure};
use super::*;

fn pointers(document: &Value) -> Vec<String> {
    let text = document.to_string();
    let found = text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next());
    found.map(str::to_owned).collect()
}

#[test]
fn every_route_that_is_no_part_of_a_page_has_its_operation() {
    for entry in Route::ALL {
        let operation = &document()["paths"][entry.template][entry.verb.as_str().to_ascii_lowercase()];
        if entry.route == Route::DocsFile {
            assert!(operation.is_null());
            continue;
        }
        assert_eq!(operation["operationId"], entry.operation);
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()));
        let scopes: Vec<&str> = entry.scopes.iter().map(|scope| scope.as_str()).collect();
        let security = if entry.access == Access::Public { json!([]) } else { json!([{ "apiKey": scopes }]) };
        assert_eq!(operation["security"], security, "{}", entry.operation);
        assert!(TAGS.iter().any(|(tag, _)| operation["tags"][0] == *tag));
    }
}

#[test]
fn every_reference_leads_somewhere_and_nothing_stands_unused() {
    let used = pointers(document());
    for pointer in &used {
        assert!(document().pointer(pointer).is_some(), "{pointer}");
    }
    for kind in ["schemas", "responses", "parameters", "headers"] {
        for name in document()["components"][kind].as_object().unwrap().keys() {
            // What answers an unknown path or method belongs to no operation.
            let is_of_none = ["RouteNotFound", "MethodNotAllowed"].contains(&name.as_str());
            assert!(is_of_none || used.contains(&format!("/components/{kind}/{name}")), "{kind}/{name}");
        }
    }
}

#[test]
fn every_body_and_every_answer_shows_an_example() {
    for (path, operations) in document()["paths"].as_object().unwrap() {
        for (verb, operation) in operations.as_object().unwrap() {
            let body = &operation["requestBody"];
            if body.is_object() {
                assert!(body["content"][JSON]["example"].is_object(), "{verb} {path}");
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                let content = &response["content"][JSON];
                let is_shown = content["example"].is_object() || content["examples"].is_object();
                let is_document = content["schema"] == json!({ "type": "object" });
                let is_elsewhere = response["$ref"].is_string() || content.is_null();
                assert!(is_shown || is_document || is_elsewhere, "{status} of {verb} {path}");
            }
        }
    }
}

#[test]
fn each_code_that_only_operators_meet_stays_with_them() {
    let schemas = document()["components"]["schemas"].as_object().unwrap();
    for code in [Code::InvalidToken, Code::Refused, Code::PluginRefused] {
        assert!(!schemas.contains_key(&failure::schema_name(code)), "{}", code.as_str());
    }
}
