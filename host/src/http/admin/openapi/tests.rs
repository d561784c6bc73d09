use super::*;

#[test]
fn every_route_that_is_no_part_of_a_page_has_its_operation() {
    for (route, verb, template) in ROUTES {
        let operation = &document()["paths"][template][verb.to_ascii_lowercase()];
        assert_eq!(operation.is_null(), *route == Route::DocsFile, "{template}");
        if operation.is_object() {
            assert_eq!(operation["security"] == json!([]), route.is_open(), "{template}");
            assert!(TAGS.iter().any(|(tag, _)| operation["tags"][0] == *tag), "{template}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let text = document().to_string();
    for pointer in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document().pointer(pointer).is_some(), "{pointer}");
    }
}
