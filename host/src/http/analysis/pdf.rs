//! An analysis as a printed report: A4, with the letters of every language that is written in Latin, Greek or
//! Cyrillic, as text that can be searched and copied.
//!
//! Never here: anything that is not in the report that was handed in. The same report gives the same bytes.

mod face;
mod truetype;

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, TextStr};
use switchboard_domain::analysis::{AnalysisDraft, AnalysisStatus};

use crate::app::analysis::Report;
use face::{Faces, Weight};

// In points, from the lower left corner.
const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 56.0;
const TEXT_WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
/// Below it stands the foot.
const LOWEST: f32 = 72.0;
const FOOT: f32 = 40.0;

const BODY: f32 = 10.0;
const SMALL: f32 = 8.0;
const HEADING: f32 = 13.0;
const TITLE: f32 = 22.0;
/// From one baseline to the next, in sizes of the letters.
const LEADING: f32 = 1.4;
const INDENT: f32 = 14.0;

const INK: f32 = 0.13;
const GREY: f32 = 0.45;
const TRACK: f32 = 0.88;

/// The whole file.
pub(super) fn render(report: &Report) -> Vec<u8> {
    let mut sheet = Sheet::new();
    heading(&mut sheet, report);
    facts(&mut sheet, report);
    let body = &report.analysis.body;
    points(&mut sheet, "Strong points", &body.strong_points);
    points(&mut sheet, "Weak points", &body.weak_points);
    evaluation(&mut sheet, body);
    if let Some(specific) = &body.specific {
        further(&mut sheet, specific);
    }
    sheet.finish(report)
}

fn heading(sheet: &mut Sheet, report: &Report) {
    let person = &report.candidate.body;
    sheet.text("Interview analysis", Weight::Regular, SMALL, GREY, 0.0);
    sheet.text(&format!("{} {}", person.first_name, person.last_name), Weight::Bold, TITLE, INK, 0.0);
    let date = report.analysis.created_at.utc().format("%Y-%m-%d");
    let about = match &report.job {
        Some(job) => format!("{} · {} · {date}", job.body.title, report.interview.agent.name),
        None => format!("{} · {date}", report.interview.agent.name),
    };
    sheet.text(&about, Weight::Regular, BODY, GREY, 0.0);
    sheet.gap(10.0);
}

fn facts(sheet: &mut Sheet, report: &Report) {
    let body = &report.analysis.body;
    if body.status == AnalysisStatus::Failed {
        sheet.text("The interview could not be analysed in full.", Weight::Bold, BODY, INK, 0.0);
        sheet.gap(4.0);
    }
    sheet.rating("Overall rating", body.overall_rating, Weight::Bold);
    for (name, word) in [
        ("Fit for the company", body.company_fit.as_str()),
        ("Education", body.education.as_str()),
        ("Experience", body.experience.as_str()),
    ] {
        sheet.pair(name, &in_words(word));
    }
}

fn points(sheet: &mut Sheet, title: &str, points: &[String]) {
    if points.is_empty() {
        return;
    }
    sheet.section(title);
    for point in points {
        sheet.point(point);
    }
}

fn evaluation(sheet: &mut Sheet, body: &AnalysisDraft) {
    if body.evaluation.is_empty() {
        return;
    }
    sheet.section("Evaluation");
    for one in &body.evaluation {
        sheet.keep_together(4.0 * BODY * LEADING);
        sheet.rating(&one.criterion, one.rating, Weight::Regular);
        if !one.comment.is_empty() {
            sheet.text(&one.comment, Weight::Regular, BODY, GREY, 0.0);
        }
        sheet.gap(4.0);
    }
}

/// What only this kind of interview has, name by name; what is nested stays as it was sent.
fn further(sheet: &mut Sheet, specific: &str) {
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(specific) else { return };
    if members.is_empty() {
        return;
    }
    sheet.section("Further results");
    for (name, value) in members {
        let text = match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        sheet.pair(&name, &text);
    }
}

/// `ONE_TO_3_YEARS` → `One to 3 years`
fn in_words(word: &str) -> String {
    let lower = word.to_lowercase().replace('_', " ");
    let mut letters = lower.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Pages that are written from above.
struct Sheet {
    faces: Faces,
    pages: Vec<Content>,
    /// The lower edge of what stands on the last page.
    y: f32,
}

impl Sheet {
    fn new() -> Self {
        let mut sheet = Self { faces: Faces::new(), pages: Vec::new(), y: 0.0 };
        sheet.turn();
        sheet
    }

    fn turn(&mut self) {
        self.pages.push(Content::new());
        self.y = PAGE.1 - MARGIN;
    }

    fn gap(&mut self, height: f32) {
        self.y -= height;
    }

    /// Turns the page where so much would not fit any more.
    fn keep_together(&mut self, height: f32) {
        if self.y - height < LOWEST {
            self.turn();
        }
    }

    fn section(&mut self, title: &str) {
        self.gap(12.0);
        self.keep_together(HEADING * LEADING + 3.0 * BODY * LEADING);
        self.text(title, Weight::Bold, HEADING, INK, 0.0);
        self.gap(2.0);
    }

    /// A paragraph, broken into lines and over pages.
    fn text(&mut self, text: &str, weight: Weight, size: f32, grey: f32, indent: f32) {
        for line in self.faces.get(weight).lines(text, size, TEXT_WIDTH - indent) {
            self.line(&line, weight, size, grey, MARGIN + indent);
        }
    }

    /// One line, the next one below the last.
    fn line(&mut self, line: &str, weight: Weight, size: f32, grey: f32, x: f32) {
        self.keep_together(size * LEADING);
        self.y -= size * LEADING;
        let y = self.y;
        self.put(line, weight, size, grey, (x, y));
    }

    fn put(&mut self, line: &str, weight: Weight, size: f32, grey: f32, (x, y): (f32, f32)) {
        let face = self.faces.get_mut(weight);
        let (name, glyphs) = (face.name(), face.encode(line));
        if let Some(page) = self.pages.last_mut() {
            page.begin_text();
            page.set_fill_gray(grey);
            page.set_font(Name(name), size);
            page.next_line(x, y);
            page.show(pdf_writer::Str(&glyphs));
            page.end_text();
        }
    }

    fn point(&mut self, text: &str) {
        self.keep_together(BODY * LEADING);
        let y = self.y - BODY * LEADING;
        self.put("•", Weight::Regular, BODY, GREY, (MARGIN + 2.0, y));
        self.text(text, Weight::Regular, BODY, INK, INDENT);
        self.gap(2.0);
    }

    /// A name, and a value in a column beside it.
    fn pair(&mut self, name: &str, value: &str) {
        let column = TEXT_WIDTH * 0.38;
        let names = self.faces.get(Weight::Regular).lines(name, BODY, column - INDENT);
        let values = self.faces.get(Weight::Regular).lines(value, BODY, TEXT_WIDTH - column);
        for row in 0..names.len().max(values.len()) {
            self.keep_together(BODY * LEADING);
            self.y -= BODY * LEADING;
            let y = self.y;
            if let Some(name) = names.get(row) {
                self.put(name, Weight::Regular, BODY, GREY, (MARGIN, y));
            }
            if let Some(value) = values.get(row) {
                self.put(value, Weight::Regular, BODY, INK, (MARGIN + column, y));
            }
        }
    }

    /// A name, a number of 100, and a bar as long.
    fn rating(&mut self, name: &str, rating: u8, weight: Weight) {
        const BAR: (f32, f32) = (150.0, 6.0);
        let number = format!("{rating} / 100");
        let names = self.faces.get(weight).lines(name, BODY, TEXT_WIDTH - BAR.0 - 90.0);
        let first = self.y;
        for name in &names {
            self.line(name, weight, BODY, INK, MARGIN);
        }
        // Beside the first line, unless the page was turned for it.
        let y = if self.y < first { first - BODY * LEADING } else { self.y };
        let right = MARGIN + TEXT_WIDTH;
        let width = self.faces.get(weight).width(&number, BODY);
        self.put(&number, weight, BODY, INK, (right - width, y));
        let bar_x = right - 66.0 - BAR.0;
        if let Some(page) = self.pages.last_mut() {
            page.set_fill_gray(TRACK);
            page.rect(bar_x, y + 1.0, BAR.0, BAR.1).fill_nonzero();
            page.set_fill_gray(INK);
            page.rect(bar_x, y + 1.0, BAR.0 * f32::from(rating.min(100)) / 100.0, BAR.1).fill_nonzero();
        }
        self.gap(2.0);
    }

    fn foot(&mut self, report: &Report) {
        let (count, interview) = (self.pages.len(), format!("Interview {}", report.interview.id));
        let face = self.faces.get_mut(Weight::Regular);
        for (index, page) in self.pages.iter_mut().enumerate() {
            let number = format!("{} / {count}", index + 1);
            let right = MARGIN + TEXT_WIDTH - face.width(&number, SMALL);
            for (text, x) in [(&interview, MARGIN), (&number, right)] {
                page.begin_text();
                page.set_fill_gray(GREY);
                page.set_font(Name(face.name()), SMALL);
                page.next_line(x, FOOT);
                page.show(pdf_writer::Str(&face.encode(text)));
                page.end_text();
            }
        }
    }

    fn finish(mut self, report: &Report) -> Vec<u8> {
        self.foot(report);
        let mut refs = Refs(1);
        let (catalog, tree, info) = (refs.next(), refs.next(), refs.next());
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree).lang(TextStr("en"));
        let fonts = self.faces.write(&mut pdf, || refs.next());
        let mut kids = Vec::new();
        for content in self.pages {
            let (page_id, content_id) = (refs.next(), refs.next());
            let mut page = pdf.page(page_id);
            page.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(tree).contents(content_id);
            page.resources().fonts().pairs(fonts.iter().copied());
            page.finish();
            pdf.stream(content_id, &content.finish());
            kids.push(page_id);
        }
        let count = i32::try_from(kids.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(kids).count(count);
        let person = &report.candidate.body;
        let title = format!("Interview analysis: {} {}", person.first_name, person.last_name);
        pdf.document_info(info).title(TextStr(&title)).producer(TextStr("Switchboard"));
        pdf.finish()
    }
}

struct Refs(i32);

impl Refs {
    fn next(&mut self) -> Ref {
        let next = Ref::new(self.0);
        self.0 += 1;
        next
    }
}

#[cfg(test)]
mod tests;
