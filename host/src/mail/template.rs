//! Templates of letters: built in, and replaced or added to by an operator's folder.
//!
//! A template is three files for each of its languages, `NAME.LANGUAGE.subject`, `.txt` and `.html`, in the syntax of
//! Jinja. All of them are tried when they are read, so that a mistake is found at the start and not when somebody
//! waits for a mail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use minijinja::{Environment, UndefinedBehavior, context};
use switchboard_domain::owner_onboarding::TEMPLATE;
use switchboard_domain::text::Locale;

use super::MailRefused;

/// The language that every template has.
const FALLBACK: &str = "en";

/// The three files of a template in one language.
const PARTS: [&str; 3] = ["subject", "txt", "html"];

macro_rules! built_in {
    ($($name:literal),*) => {
        [$(($name, include_str!(concat!("../../assets/mail/", $name)))),*]
    };
}

const BUILT_IN: [(&str, &str); 6] = built_in![
    "company-invitation.en.subject",
    "company-invitation.en.txt",
    "company-invitation.en.html",
    "company-invitation.sk.subject",
    "company-invitation.sk.txt",
    "company-invitation.sk.html"
];

/// What stands in a template's places.
#[derive(Debug, Clone)]
pub struct Values<'a> {
    /// What the reader is invited to.
    pub company_name: &'a str,
    /// Where it is accepted.
    pub link: &'a str,
    /// The reader's own address.
    pub email: &'a str,
    /// The wall clock at its end: `2026-04-09 10:00`.
    pub expires_at: &'a str,
    /// Where that clock hangs: `Europe/Bratislava`.
    pub timezone: &'a str,
    /// The policy's own words.
    pub message: Option<&'a str>,
}

/// A letter's texts.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// All templates.
#[derive(Debug)]
pub(super) struct Templates {
    environment: Environment<'static>,
    names: Vec<String>,
    /// Name → languages.
    languages: BTreeMap<String, BTreeSet<String>>,
}

impl Templates {
    pub(super) fn load(folder: Option<&Path>) -> Result<Self, MailRefused> {
        let mut files: BTreeMap<String, String> =
            BUILT_IN.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        if let Some(folder) = folder {
            files.extend(read(folder)?);
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut parts: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for (file, text) in files {
            let Some([name, language, part]) = places(&file) else {
                return Err(refused(&file, "is not called NAME.LANGUAGE.subject, .txt or .html"));
            };
            parts.entry((name.to_owned(), language.to_owned())).or_default().insert(part.to_owned());
            let added = environment.add_template_owned(file.clone(), text);
            added.map_err(|error| refused(&file, &error.to_string()))?;
        }
        let mut languages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for ((name, language), found) in parts {
            if let Some(missing) = PARTS.iter().find(|part| !found.contains(**part)) {
                return Err(refused(&format!("{name}.{language}.{missing}"), "is missing"));
            }
            languages.entry(name).or_default().insert(language);
        }
        if let Some((name, _)) = languages.iter().find(|(_, languages)| !languages.contains(FALLBACK)) {
            return Err(refused(&format!("{name}.{FALLBACK}.*"), "is missing: every template has English"));
        }
        let names = languages.keys().cloned().collect();
        let templates = Self { environment, names, languages };
        templates.try_all()?;
        Ok(templates)
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The letter in the nearest language: `sk-SK` is `sk`, and whatever there is not is English.
    pub(super) fn render(
        &self,
        name: &str,
        locale: &Locale,
        values: &Values<'_>,
    ) -> Result<Rendered, String> {
        // An operator took a template away between the decision and the mail.
        let name = if self.languages.contains_key(name) { name } else { TEMPLATE };
        let languages = self.languages.get(name);
        let wished = locale.as_str().to_ascii_lowercase();
        let nearest = languages.into_iter().flatten().filter(|language| {
            let rest = wished.strip_prefix(&language.to_ascii_lowercase());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        });
        let language = nearest.max_by_key(|language| language.len()).map_or(FALLBACK, String::as_str);
        let [subject, text, html] = PARTS.map(|part| self.part(&format!("{name}.{language}.{part}"), values));
        // A line break would begin another header.
        let subject = subject?.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Rendered { subject, text: text?, html: html? })
    }

    fn part(&self, file: &str, values: &Values<'_>) -> Result<String, String> {
        let told = |error: minijinja::Error| format!("the template {file} cannot be used: {error}");
        let Values { company_name, link, email, expires_at, timezone, message } = *values;
        let places = context! { company_name, link, email, expires_at, timezone, message };
        self.environment.get_template(file).map_err(told)?.render(places).map_err(told)
    }

    /// Renders everything once, with and without what may be absent.
    fn try_all(&self) -> Result<(), MailRefused> {
        for (name, languages) in &self.languages {
            for language in languages {
                for message in [None, Some("m")] {
                    let values = Values {
                        company_name: "c",
                        link: "https://example.com",
                        email: "e@example.com",
                        expires_at: "2026-04-09 10:00",
                        timezone: "UTC",
                        message,
                    };
                    for part in PARTS {
                        self.part(&format!("{name}.{language}.{part}"), &values).map_err(MailRefused)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// `company-invitation.en.txt`
fn places(file: &str) -> Option<[&str; 3]> {
    let (rest, part) = file.rsplit_once('.')?;
    let (name, language) = rest.rsplit_once('.')?;
    let is_whole = !name.is_empty() && Locale::parse(language).is_ok() && PARTS.contains(&part);
    is_whole.then_some([name, language, part])
}

fn refused(file: &str, what: &str) -> MailRefused {
    MailRefused(format!("the mail template {file} {what}"))
}

fn read(folder: &Path) -> Result<BTreeMap<String, String>, MailRefused> {
    let told = |error: std::io::Error| {
        MailRefused(format!("`mail.templates` {} cannot be read: {error}", folder.display()))
    };
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(told)? {
        let entry = entry.map_err(told)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // What editors and mounted volumes leave.
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        files.insert(name, std::fs::read_to_string(entry.path()).map_err(told)?);
    }
    Ok(files)
}
