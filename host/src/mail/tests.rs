use std::path::Path;

use super::*;

const AT: Timestamp = Timestamp::from_unix_millis(1_775_116_800_000);

fn settings(letters: &Letters) -> Settings {
    Settings {
        way: Way::Memory(letters.clone()),
        from: "Hiring <hiring@mail.example>".to_owned(),
        public_url: "https://interviews.example".to_owned(),
        templates: None,
    }
}

fn values(message: Option<&'static str>) -> Values<'static> {
    Values {
        company_name: "Acme <b>& Sons",
        link: "https://interviews.example/invitations/x",
        email: "o@b.example",
        expires_at: "2026-04-09 10:00",
        timezone: "UTC",
        message,
    }
}

async fn sent(settings: Settings, letters: &Letters, locale: &str, to: &str) -> String {
    let mail = Mail::open(settings).expect("opens");
    let letter = Letter {
        id: InvitationId::from_bytes([7; 16]),
        template: "company-invitation",
        locale: &Locale::parse(locale).expect("a tag"),
        to: &EmailAddress::parse(to).expect("an address"),
        at: AT,
        values: values(Some("Welcome.\n<script>")),
    };
    mail.send(&letter).await.expect("is sent");
    mail.send(&letter).await.expect("is sent");
    let all = letters.all();
    assert_eq!(all[0], all[1], "the same bytes each time");
    String::from_utf8(all[0].clone()).expect("ASCII")
}

#[tokio::test]
async fn a_letter_is_the_same_each_time_and_has_two_parts() {
    let letters = Letters::default();
    let text = sent(settings(&letters), &letters, "en", "o+x@b\u{fc}cher.example").await;
    for line in [
        "From: Hiring <hiring@mail.example>",
        "To: o+x@xn--bcher-kva.example",
        "Message-ID: <07070707-0707-0707-0707-070707070707@mail.example>",
        "Date: Thu, 02 Apr 2026 08:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "Subject: You are invited to own Acme <b>& Sons",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(text.is_ascii());
    let (plain, html) = text.split_once("text/html").expect("two parts");
    assert!(plain.contains("multipart/alternative") && plain.contains("Welcome."));
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"), "{html}");
    assert!(html.contains("Acme &lt;b&gt;&amp; Sons"), "{html}");
}

#[tokio::test]
async fn the_nearest_language_is_taken() {
    for (locale, is_slovak) in [("sk", true), ("sk-SK", true), ("SK-sk", true), ("skr", false), ("de", false)]
    {
        let letters = Letters::default();
        let text = sent(settings(&letters), &letters, locale, "o@b.example").await;
        assert_eq!(!text.contains("Subject: You are"), is_slovak, "{locale}");
    }
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("is written");
    }
}

#[tokio::test]
async fn an_operator_replaces_and_adds_templates() {
    let folder = tempfile::tempdir().expect("a folder");
    write(
        folder.path(),
        &[
            ("company-invitation.en.subject", "Own {{ company_name }}"),
            ("company-invitation.de.subject", "Willkommen"),
            ("company-invitation.de.txt", "{{ link }}"),
            ("company-invitation.de.html", "{{ link }}"),
            (".hidden", "{{"),
        ],
    );
    let letters = Letters::default();
    let with = || Settings { templates: Some(folder.path().to_owned()), ..settings(&letters) };
    let text = sent(with(), &letters, "en-GB", "o@b.example").await;
    assert!(text.contains("Subject: Own Acme"), "{text}");
    assert!(text.contains("Accept the invitation"), "the rest is the built-in one: {text}");
    assert_eq!(Mail::open(with()).expect("opens").templates(), ["company-invitation"]);
}

#[test]
fn what_cannot_be_used_is_found_at_the_start() {
    for (files, expected) in [
        (&[("company-invitation.en.txt", "{{ lnk }}")][..], "company-invitation.en.txt cannot be used"),
        (&[("company-invitation.en.txt", "{% if %}")], "company-invitation.en.txt"),
        (&[("company-invitation.de.txt", "x")], "company-invitation.de.subject is missing"),
        (&[("notes.md", "x")], "notes.md is not called NAME.LANGUAGE"),
        (&[("w.de.txt", ""), ("w.de.html", ""), ("w.de.subject", "")], "w.en.* is missing"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), files);
        let settings =
            Settings { templates: Some(folder.path().to_owned()), ..settings(&Letters::default()) };
        let refused = Mail::open(settings).expect_err("is refused").to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    let wrong = |change: &dyn Fn(&mut Settings)| {
        let mut settings = settings(&Letters::default());
        change(&mut settings);
        Mail::open(settings).expect_err("is refused").to_string()
    };
    assert!(wrong(&|settings| settings.from = "nobody".to_owned()).contains("`mail.from`"));
    for url in ["http://a.example", "smtp://a.example?tls=maybe", "smtp://user@a.example", "smtps://"] {
        let told = wrong(&|settings| settings.way = Way::Smtp(url.to_owned()));
        assert!(told.contains("`mail.smtp_url`"), "{told}");
    }
}

#[tokio::test]
async fn a_folder_has_one_file_for_each_letter_however_often_it_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let mail = Mail::open(Settings {
        way: Way::Folder(folder.path().join("mail")),
        ..settings(&Letters::default())
    });
    let mail = mail.expect("opens");
    for id in [1, 1, 2] {
        let letter = Letter {
            id: InvitationId::from_bytes([id; 16]),
            template: "company-invitation",
            locale: &Locale::default(),
            to: &EmailAddress::parse("o@b.example").expect("an address"),
            at: AT,
            values: values(None),
        };
        mail.send(&letter).await.expect("is sent");
    }
    let mut names: Vec<_> = std::fs::read_dir(folder.path().join("mail"))
        .expect("is there")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0], "01010101-0101-0101-0101-010101010101.eml");
}
