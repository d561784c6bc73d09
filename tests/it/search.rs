//! `search` (contract §1, §3, §4): which words find which records, and that this stays right whatever is changed,
//! deleted and inserted meanwhile.

use serde_json::{Value, json};
use switchboard::store;
use switchboard_tests::{Client, TestHost};

use crate::table::assert_refused;

async fn make(company: &mut Client, path: &str, body: Value) -> String {
    company.post(path, &body).await.expect(201)["id"].as_str().expect("an id").to_owned()
}

fn person(first: &str, last: &str, email: &str) -> Value {
    json!({ "firstName": first, "lastName": last, "email": email, "gdprExpiryDate": "2027-01-01" })
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["data"].as_array().expect("a list").iter();
    items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Ids that a search gives, newest first; their number is the total.
async fn found(company: &mut Client, path: &str, search: &str) -> Vec<String> {
    let list = company.get(&format!("{path}search={}&limit=100", encoded(search))).await.expect(200);
    let found = ids(&list);
    assert_eq!(list["total"], json!(found.len()), "{search}");
    found
}

async fn delete(company: &mut Client, candidate: &str) {
    assert_eq!(company.delete(&format!("/candidates/{candidate}")).await.expect(200), json!(true));
}

fn assert_sound(host: &TestHost) {
    let snapshot = host.running().app().store().snapshot().expect("reads");
    assert_eq!(store::check(&snapshot).expect("walks"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_given_begins_some_word_however_it_is_written() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let mut people = Vec::new();
    for (first, last, email) in [
        ("Jana", "Nováková", "jana.novakova83@post.example"),
        ("JAN", "O’Brien-Groß", "j_obrien+jobs@firm.example"),
        // An accent as a letter of its own.
        ("Zoe\u{308}", "Nova\u{301}k", "zoe@post.example"),
        ("Ὀδυσσεύς", "Λαερτιάδης", "odysseus@ithaca.example"),
        ("太郎", "山田", "taro.yamada@post.example"),
        ("Anna Maria", "von der Lippe", "amvdl@firm.example"),
        ("Donaudampfschifffahrtsgesellschaft", "Kapitän", "kapitan@donau.example"),
        ("Donaudampfschiffer", "Kapitän", "schiffer@donau.example"),
    ] {
        people.push(make(&mut company, "/candidates", person(first, last, email)).await);
    }
    for (search, expected) in [
        ("jana", vec![0]),
        ("JAN", vec![1, 0]),
        ("nov", vec![2, 0]),
        ("novák", vec![2, 0]),
        ("novak", vec![0]),
        ("NOVÁKOVÁ jana", vec![0]),
        ("Nova\u{301}k", vec![2, 0]),
        ("zoë", vec![2]),
        ("gross", vec![1]),
        ("GROß o'brien", vec![1]),
        ("brien", vec![1]),
        ("ὈΔΥΣΣΕΎΣ", vec![3]),
        ("ὀδυσ", vec![3]),
        ("山", vec![4]),
        ("田", vec![]),
        ("maria anna", vec![5]),
        ("lippe von an", vec![5]),
        ("ana", vec![]),
        ("jana@post", vec![0]),
        ("jana.novakova83@post.example", vec![0]),
        ("@firm.example", vec![5, 1]),
        ("j_obrien+jobs@firm.example", vec![1]),
        ("novakova8", vec![0]),
        ("83", vec![]),
        ("example", vec![7, 6, 5, 4, 3, 2, 1, 0]),
        ("j example post", vec![0]),
        ("jana petra", vec![]),
        ("donaudampfschif", vec![7, 6]),
        ("donaudampfschiff", vec![7, 6]),
        ("Donaudampfschifff", vec![6]),
        ("donaudampfschiffe kapit", vec![7]),
        ("donaudampfschifffahrtsgesellschaften", vec![]),
        (" -- ", vec![7, 6, 5, 4, 3, 2, 1, 0]),
    ] {
        let expected: Vec<String> = expected.iter().map(|place: &usize| people[*place].clone()).collect();
        assert_eq!(found(&mut company, "/candidates?", search).await, expected, "{search}");
    }
    // Nobody is found from outside of the company.
    let other = host.furnish_company(here.ats_id.clone()).await;
    assert_eq!(found(&mut host.partner(&other.company_key), "/candidates?", "jana").await, [""; 0]);

    let job = |title: &str, description: &str| json!({ "title": title, "description": description });
    let driver = make(&mut company, "/jobs", job("Fahrer:in (m/w/d)", "Für große LKW in Köln")).await;
    let guard = make(&mut company, "/jobs", job("Night guard", "Guards a große Halle")).await;
    for (search, expected) in [
        ("fahrer köln", vec![&driver]),
        ("GROSSE", vec![&guard, &driver]),
        ("in lkw", vec![&driver]),
        ("guard n", vec![&guard]),
        ("koln", vec![]),
    ] {
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(found(&mut company, "/jobs?", search).await, expected, "{search}");
    }
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_of_too_many_words_is_refused_and_a_long_title_is_not_one() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    // As many words as a title can have.
    let title = ('\u{4e00}'..).take(100).map(|letter| format!("{letter} ")).collect::<String>();
    let title = title.trim_end();
    let job = make(&mut company, "/jobs", json!({ "title": title, "description": "Long enough." })).await;
    assert_eq!(found(&mut company, "/jobs?", title).await, [job]);
    let path = format!("/jobs?search={}", encoded(&format!("{title} more")));
    assert_refused(&company.get(&path).await, "VALIDATION_ERROR", &["search"], &json!(path));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_is_found_anew_and_whoever_is_deleted_not_at_all() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let ada = make(&mut company, "/candidates", person("Ada", "Byron", "ada@byron.example")).await;
    let eve = make(&mut company, "/candidates", person("Eve", "Byron", "eve@byron.example")).await;
    assert_eq!(found(&mut company, "/candidates?", "byr").await, [eve.clone(), ada.clone()]);

    let path = format!("/candidates/{ada}");
    let married = json!({ "lastName": "Lovelace", "email": "countess@post.example" });
    company.patch(&path, &married).await.expect(200);
    // What says nothing new of the words moves nothing.
    company.patch(&path, &json!({ "status": "ACCEPTED" })).await.expect(200);
    for (search, expected) in
        [("byron", vec![&eve]), ("lovelace ada", vec![&ada]), ("countess", vec![&ada]), ("a byron", vec![])]
    {
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(found(&mut company, "/candidates?", search).await, expected, "{search}");
    }
    delete(&mut company, &ada).await;
    for search in ["lovelace", "countess", "ada", "l"] {
        assert_eq!(found(&mut company, "/candidates?", search).await, [""; 0], "{search}");
    }
    assert_eq!(found(&mut company, "/candidates?", "e").await, [eve]);
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_goes_on_where_it_was_whatever_comes_and_goes() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    for (search, every) in [("jan", 1), ("jan nov", 3), ("post nov example", 3)] {
        let there = host.furnish_company(here.ats_id.clone()).await;
        let mut company = host.partner(&there.company_key);
        let mut newest_first = Vec::new();
        for index in 0..60 {
            let last = if index % 3 == 0 { "Novák" } else { "Malý" };
            let body = person("Jan", last, &format!("jan{index}@post.example"));
            let id = make(&mut company, "/candidates", body).await;
            if index % every == 0 {
                newest_first.insert(0, id);
            }
        }
        let mut walked = Vec::new();
        let mut path = format!("/candidates?limit=7&search={}", encoded(search));
        loop {
            let page = company.get(&path).await.expect(200);
            walked.extend(ids(&page));
            // One that is found comes, and the very one that the cursor names goes.
            make(&mut company, "/candidates", person("Jan", "Novák", "late@post.example")).await;
            let Some(cursor) = page["nextCursor"].as_str() else { break };
            delete(&mut company, walked.last().expect("some")).await;
            path = format!("/candidates?limit=7&search={}&after={cursor}", encoded(search));
        }
        assert_eq!(walked, newest_first, "{search}");
        assert_sound(&host);
    }
}
