use super::*;

mod oracle;
mod transitions;
mod when;

fn at(text: &str) -> NaiveDateTime {
    text.parse().expect(text)
}

#[test]
fn a_window_is_open_from_its_start_until_before_its_end() {
    let window = CallWindow::new("09:30", "17:00", &["MON", "FRI"]).unwrap();
    // 2026-04-03 is a Friday.
    for (local, open) in [
        ("2026-04-03T09:29:59.999", false),
        ("2026-04-03T09:30:00", true),
        ("2026-04-03T16:59:59.999", true),
        ("2026-04-03T17:00:00", false),
        ("2026-04-04T12:00:00", false),
        ("2026-04-05T12:00:00", false),
        ("2026-04-06T12:00:00", true),
    ] {
        assert_eq!(window.is_open(at(local)), open, "{local}");
    }
}

#[test]
fn over_midnight_it_belongs_to_the_day_it_starts_on() {
    let window = CallWindow::new("22:00", "06:00", &["FRI"]).unwrap();
    for (local, open) in [
        ("2026-04-03T05:00:00", false),
        ("2026-04-03T21:59:59", false),
        ("2026-04-03T22:00:00", true),
        ("2026-04-04T00:00:00", true),
        ("2026-04-04T05:59:59", true),
        ("2026-04-04T06:00:00", false),
        ("2026-04-04T22:00:00", false),
    ] {
        assert_eq!(window.is_open(at(local)), open, "{local}");
    }
}

#[test]
fn the_end_may_be_midnight_in_both_writings() {
    for end in ["24:00", "00:00"] {
        let window = CallWindow::new("20:00", end, &["FRI"]).unwrap();
        assert!(window.is_open(at("2026-04-03T23:59:59.999")), "{end}");
        assert!(!window.is_open(at("2026-04-04T00:00:00")), "{end}");
        assert_eq!(window.end(), end);
    }
    let whole_day = CallWindow::new("00:00", "24:00", &["FRI"]).unwrap();
    assert!(whole_day.is_open(at("2026-04-03T00:00:00")));
    assert!(!whole_day.is_open(at("2026-04-02T23:59:59")));
}

#[test]
fn it_is_told_as_it_was_sent_and_has_defaults() {
    let window = CallWindow::new("07:05", "24:00", &["SUN", "MON", "SUN"]).unwrap();
    assert_eq!((window.start().as_str(), window.end().as_str()), ("07:05", "24:00"));
    assert_eq!(window.days(), ["MON", "SUN"]);
    let every_day = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
    assert_eq!(CallWindow::new("08:00", "20:00", &every_day).unwrap(), CallWindow::default());
}

#[test]
fn every_flaw_is_told_at_its_place() {
    let paths = |start: &str, end: &str, days: &[&str]| -> Vec<String> {
        let problems = CallWindow::new(start, end, days).expect_err("must be refused");
        problems.list().iter().map(|problem| problem.path.clone()).collect()
    };
    assert_eq!(paths("08:00", "08:00", &["MON"]), ["end"]);
    assert_eq!(paths("08:00", "20:00", &[]), ["days"]);
    assert_eq!(paths("24:00", "20:00", &["MON"]), ["start"]);
    assert_eq!(paths("8:00", "25:00", &["MON", "mon", "Monday"]), ["start", "end", "days[1]", "days[2]"]);
    for wrong in ["", "08:60", "24:01", "0800", "08:00:00", "-1:00", "+8:00", "08.00", "0８:00"] {
        assert_eq!(paths("07:00", wrong, &["MON"]), ["end"], "{wrong}");
    }
}
