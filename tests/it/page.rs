//! Lists (contract §1): pages, cursors, filters.

use serde_json::{Value, json};
use switchboard_tests::{Client, TestHost};

use crate::table::{assert_names, assert_refused, with};

async fn make(company: &mut Client, path: &str, body: Value) -> String {
    company.post(path, &body).await.expect(201)["id"].as_str().expect("an id").to_owned()
}

fn job(index: usize) -> Value {
    json!({ "title": format!("Driver {index}"), "description": "Drives a forklift." })
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["data"].as_array().expect("a list").iter();
    items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_cursors() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let frame =
        ["data", "total", "page", "limit", "totalPages", "hasNextPage", "hasPreviousPage", "nextCursor"];
    let empty = company.get("/jobs?page=2").await.expect(200);
    assert_names(&empty, &frame);
    let wanted = json!({ "data": [], "total": 0, "page": 2, "limit": 20, "totalPages": 0, "hasNextPage": false, "hasPreviousPage": false, "nextCursor": null });
    assert_eq!(empty, wanted);

    let mut newest_first = Vec::new();
    for index in 0..23 {
        newest_first.insert(0, make(&mut company, "/jobs", job(index)).await);
    }
    let first = company.get("/jobs").await.expect(200);
    assert_eq!(ids(&first), newest_first[..20]);
    assert_eq!((&first["total"], &first["totalPages"]), (&json!(23), &json!(2)));
    assert_eq!((&first["hasNextPage"], &first["hasPreviousPage"]), (&json!(true), &json!(false)));
    let second = company.get("/jobs?page=2").await.expect(200);
    assert_eq!((ids(&second), &second["nextCursor"]), (newest_first[20..].to_vec(), &Value::Null));
    assert_eq!((&second["hasNextPage"], &second["hasPreviousPage"]), (&json!(false), &json!(true)));
    for path in ["/jobs?page=3", "/jobs?page=10000&limit=100"] {
        let beyond = company.get(path).await.expect(200);
        assert_eq!(
            (ids(&beyond).len(), &beyond["hasPreviousPage"], &beyond["hasNextPage"]),
            (0, &json!(true), &json!(false))
        );
    }
    // A cursor goes on where it was, whatever is inserted meanwhile.
    let mut walked = Vec::new();
    let mut path = "/jobs?limit=4".to_owned();
    loop {
        let page = company.get(&path).await.expect(200);
        walked.extend(ids(&page));
        let _ = make(&mut company, "/jobs", job(99)).await;
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("/jobs?limit=4&after={cursor}"),
            None => break,
        }
    }
    assert_eq!(walked, newest_first);
    let cursor = first["nextCursor"].as_str().expect("a cursor");
    let page = company.get(&format!("/jobs?after={cursor}")).await.expect(200);
    assert_eq!((&page["hasPreviousPage"], ids(&page)), (&json!(true), newest_first[20..].to_vec()));

    let none = json!({});
    for bad in ["0", "10001", "-1", "x", "", "1.0", "2&page=2"] {
        assert_refused(
            &company.get(&format!("/jobs?page={bad}")).await,
            "VALIDATION_ERROR",
            &["page"],
            &none,
        );
    }
    for bad in ["0", "101", "ten"] {
        assert_refused(
            &company.get(&format!("/jobs?limit={bad}")).await,
            "VALIDATION_ERROR",
            &["limit"],
            &none,
        );
    }
    for bad in ["x", "", &cursor[1..], &cursor.to_uppercase()] {
        let _ = company.get(&format!("/jobs?after={bad}")).await.refused(400, "INVALID_CURSOR");
    }
    assert_refused(
        &company.get("/jobs?page=0&limit=0&status=open").await,
        "VALIDATION_ERROR",
        &["page", "limit", "status"],
        &none,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_single_and_combined() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let open = make(&mut company, "/jobs", job(1)).await;
    let closed =
        make(&mut company, "/jobs", with(&job(2), &json!({ "status": "CLOSED", "title": "Night guard" })))
            .await;
    let candidate = |first: &str, last: &str, email: &str, jobs: Value| json!({ "firstName": first, "lastName": last, "email": email, "gdprExpiryDate": "2027-01-01", "jobIds": jobs });
    let jana =
        make(&mut company, "/candidates", candidate("Jana", "Nováková", "jn@post.example", json!([open])))
            .await;
    let jan = make(
        &mut company,
        "/candidates",
        candidate("Jan", "Malý", "maly@firm.example", json!([open, closed])),
    )
    .await;
    let eva =
        make(&mut company, "/candidates", candidate("Eva", "Novotná", "eva@post.example", Value::Null)).await;
    let agent = |agent_type: &str, focus: &str| {
        let number = (agent_type == "PHONE").then_some(&here.phone_number_id);
        json!({ "name": "Check", "type": agent_type, "focus": focus, "language": "EN", "duration": 15, "companyPhoneNumberId": number })
    };
    let generic = make(&mut company, "/agents", agent("ONLINE", "GENERIC")).await;
    let screening = make(&mut company, "/agents", agent("ONLINE", "SCREENING")).await;
    let phone = make(&mut company, "/agents", agent("PHONE", "GENERIC")).await;
    let interview = |candidate: &str, agent: &str, test: bool| json!({ "candidateId": candidate, "agentId": agent, "isTest": test });
    let first = make(&mut company, "/interviews", interview(&jana, &generic, false)).await;
    let second = make(&mut company, "/interviews", interview(&jana, &screening, true)).await;
    let third = make(&mut company, "/interviews", interview(&jan, &screening, false)).await;

    let tables: Vec<(String, Vec<&String>)> = vec![
        ("/jobs?status=OPEN".into(), vec![&open]),
        ("/jobs?status=CLOSED".into(), vec![&closed]),
        ("/jobs?search=driver".into(), vec![&open]),
        ("/jobs?search=guard%20NIGHT".into(), vec![&closed]),
        ("/jobs?search=forklift".into(), vec![&closed, &open]),
        ("/jobs?search=forklift&status=OPEN".into(), vec![&open]),
        ("/jobs?search=rive".into(), vec![]),
        (format!("/candidates?jobId={open}"), vec![&jan, &jana]),
        (format!("/candidates?jobId={closed}&status=APPLIED"), vec![&jan]),
        ("/candidates?status=REJECTED".into(), vec![]),
        ("/candidates?search=jan".into(), vec![&jan, &jana]),
        ("/candidates?search=nov".into(), vec![&eva, &jana]),
        ("/candidates?search=NOV%C3%81+jana".into(), vec![&jana]),
        ("/candidates?search=post".into(), vec![&eva, &jana]),
        ("/candidates?search=eva@post.example".into(), vec![&eva]),
        (format!("/candidates?search=jan&jobId={closed}"), vec![&jan]),
        ("/candidates?search=".into(), vec![&eva, &jan, &jana]),
        ("/agents?type=ONLINE".into(), vec![&screening, &generic]),
        ("/agents?focus=GENERIC".into(), vec![&phone, &generic]),
        ("/agents?focus=GENERIC&type=PHONE".into(), vec![&phone]),
        ("/agents?focus=OUTREACH".into(), vec![]),
        (format!("/interviews?candidateId={jana}"), vec![&second, &first]),
        (format!("/interviews?agentId={screening}"), vec![&third, &second]),
        (format!("/interviews?jobId={open}"), vec![&third, &second]),
        ("/interviews?status=COMPLETED".into(), vec![&second]),
        (format!("/interviews?candidateId={jana}&status=SCHEDULED"), vec![&first]),
        (
            format!("/interviews?candidateId={jana}&agentId={screening}&jobId={open}&status=COMPLETED"),
            vec![&second],
        ),
        (format!("/interviews?candidateId={eva}"), vec![]),
        (format!("/interviews?candidateId={open}"), vec![]),
        (format!("/candidates/{jana}/interviews"), vec![&second, &first]),
    ];
    for (path, wanted) in &tables {
        let list = company.get(path).await.expect(200);
        let wanted: Vec<String> = wanted.iter().map(|id| (*id).clone()).collect();
        assert_eq!((ids(&list), &list["total"]), (wanted.clone(), &json!(wanted.len())), "{path}");
        // The same by pages of one.
        let one = company
            .get(&format!("{path}{}limit=1", if path.contains('?') { '&' } else { '?' }))
            .await
            .expect(200);
        assert_eq!(
            (ids(&one).len(), &one["hasNextPage"]),
            (wanted.len().min(1), &json!(wanted.len() > 1)),
            "{path}"
        );
        if let Some(cursor) = one["nextCursor"].as_str() {
            let join = if path.contains('?') { '&' } else { '?' };
            let rest = company.get(&format!("{path}{join}after={cursor}")).await.expect(200);
            assert_eq!(ids(&rest), wanted[1..], "{path}");
        }
    }
    for (path, bad) in [
        ("/jobs?status=open", "status"),
        ("/candidates?status=NEW", "status"),
        ("/candidates?jobId=x", "jobId"),
        ("/agents?type=FAX", "type"),
        ("/agents?focus=", "focus"),
        ("/interviews?candidateId=1", "candidateId"),
        ("/interviews?agentId=1", "agentId"),
        ("/interviews?jobId=1", "jobId"),
        ("/interviews?status=DONE", "status"),
    ] {
        assert_refused(&company.get(path).await, "VALIDATION_ERROR", &[bad], &json!(path));
    }
    let path = format!("/candidates/{}/interviews?page=0", "x");
    assert_refused(&company.get(&path).await, "VALIDATION_ERROR", &["id", "page"], &json!(path));
}
