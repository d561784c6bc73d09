//! The two faces of the report's letters: measured, broken into lines, and embedded as far as they are used.

use std::collections::BTreeMap;
use std::io::Write;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str};

use super::truetype;

const REGULAR: &[u8] = include_bytes!("../../../../fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../../../../fonts/DejaVuSans-Bold.ttf");

/// How letters are addressed: by the number of their glyph.
const SYSTEM: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

pub(super) struct Faces {
    regular: Face,
    bold: Face,
}

impl Faces {
    pub(super) fn new() -> Self {
        Self {
            regular: Face::new(b"F1", b"REPORT+DejaVuSans", REGULAR),
            bold: Face::new(b"F2", b"REPORT+DejaVuSans-Bold", BOLD),
        }
    }

    pub(super) fn get(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    pub(super) fn get_mut(&mut self, weight: Weight) -> &mut Face {
        match weight {
            Weight::Regular => &mut self.regular,
            Weight::Bold => &mut self.bold,
        }
    }

    /// Embeds what was used; the fonts by their names on the pages.
    pub(super) fn write(&self, pdf: &mut Pdf, mut next: impl FnMut() -> Ref) -> Vec<(Name<'static>, Ref)> {
        [&self.regular, &self.bold].map(|face| (Name(face.name), face.write(pdf, &mut next))).to_vec()
    }
}

/// One weight.
pub(super) struct Face {
    name: &'static [u8],
    full_name: &'static [u8],
    /// Absent only if the font in the program were broken; a test sees to it.
    font: Option<ttf_parser::Face<'static>>,
    /// The glyphs that were used, and what they say.
    used: BTreeMap<u16, char>,
}

impl Face {
    fn new(name: &'static [u8], full_name: &'static [u8], data: &'static [u8]) -> Self {
        let font = ttf_parser::Face::parse(data, 0).ok();
        Self { name, full_name, font, used: BTreeMap::new() }
    }

    pub(super) fn name(&self) -> &'static [u8] {
        self.name
    }

    /// A letter that the face does not have is drawn as a box.
    fn glyph(&self, letter: char) -> u16 {
        let font = self.font.as_ref();
        font.and_then(|font| font.glyph_index(letter)).map_or(0, |glyph| glyph.0)
    }

    /// In thousandths of the size.
    fn advance(&self, glyph: u16) -> f32 {
        let Some(font) = &self.font else { return 0.0 };
        let units = font.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or(0);
        f32::from(units) * 1_000.0 / f32::from(font.units_per_em())
    }

    /// Of a line, in points.
    pub(super) fn width(&self, line: &str, size: f32) -> f32 {
        line.chars().map(|letter| self.advance(self.glyph(letter))).sum::<f32>() * size / 1_000.0
    }

    /// The line as the page addresses its glyphs, which are noted as used.
    pub(super) fn encode(&mut self, line: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(2 * line.len());
        for letter in line.chars() {
            let glyph = self.glyph(letter);
            self.used.entry(glyph).or_insert(letter);
            bytes.extend(glyph.to_be_bytes());
        }
        bytes
    }

    /// Breaks a text at its line ends and between words; a word that is wider than a line is broken inside.
    pub(super) fn lines(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let wider = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(&wider, size) <= width {
                    line = wider;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line = self.rest_of_long(word, size, width, &mut lines);
            }
            lines.push(line);
        }
        lines
    }

    /// Puts away what of a word fills whole lines.
    fn rest_of_long(&self, word: &str, size: f32, width: f32, lines: &mut Vec<String>) -> String {
        let mut rest = String::new();
        for letter in word.chars() {
            rest.push(letter);
            if width < self.width(&rest, size) && 1 < rest.chars().count() {
                rest.pop();
                lines.push(std::mem::replace(&mut rest, letter.to_string()));
            }
        }
        rest
    }

    fn write(&self, pdf: &mut Pdf, next: &mut impl FnMut() -> Ref) -> Ref {
        let [font_id, cid_id, descriptor_id, cmap_id, data_id] = [(); 5].map(|()| next());
        let name = Name(self.full_name);
        pdf.type0_font(font_id)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid_id)
            .to_unicode(cmap_id);
        let mut cid = pdf.cid_font(cid_id);
        cid.subtype(CidFontType::Type2).base_font(name).system_info(SYSTEM).font_descriptor(descriptor_id);
        cid.cid_to_gid_map_predefined(Name(b"Identity"));
        let mut widths = cid.widths();
        for glyph in self.used.keys() {
            widths.consecutive(*glyph, [self.advance(*glyph)]);
        }
        widths.finish();
        cid.finish();
        self.write_descriptor(pdf, descriptor_id, data_id);
        let mut cmap = UnicodeCmap::new(Name(b"Custom"), SYSTEM);
        for (glyph, letter) in &self.used {
            cmap.pair(*glyph, *letter);
        }
        pdf.cmap(cmap_id, &cmap.finish());
        let glyphs = self.used.keys().copied();
        let data = self.font.as_ref().map_or_else(Vec::new, |font| truetype::used_part(font, glyphs));
        let length = i32::try_from(data.len()).unwrap_or(i32::MAX);
        let packed = deflated(&data);
        pdf.stream(data_id, &packed).filter(Filter::FlateDecode).pair(Name(b"Length1"), length);
        font_id
    }

    fn write_descriptor(&self, pdf: &mut Pdf, id: Ref, data_id: Ref) {
        let mut descriptor = pdf.font_descriptor(id);
        descriptor.name(Name(self.full_name)).flags(FontFlags::SYMBOLIC).italic_angle(0.0).stem_v(80.0);
        if let Some(font) = &self.font {
            let scale = |units: i16| f32::from(units) * 1_000.0 / f32::from(font.units_per_em());
            let bounds = font.global_bounding_box();
            descriptor.bbox(Rect::new(
                scale(bounds.x_min),
                scale(bounds.y_min),
                scale(bounds.x_max),
                scale(bounds.y_max),
            ));
            descriptor.ascent(scale(font.ascender())).descent(scale(font.descender()));
            descriptor.cap_height(scale(font.capital_height().unwrap_or(font.ascender())));
        }
        descriptor.font_file2(data_id);
    }
}

/// As PDF wants it: with zlib's head.
pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    // A Vec takes everything.
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faces_have_the_letters_of_the_languages_that_interviews_are_held_in() {
        for weight in [Weight::Regular, Weight::Bold] {
            let faces = Faces::new();
            let face = faces.get(weight);
            assert!(face.font.is_some());
            for letter in
                "ÁČĎÉÍĽĹŇÓÔŔŠŤÚÝŽáčďéíľĺňóôŕšťúýž ŁĄĘĆŃŚŹŻłąęćńśźż ĚŘŮěřů ÄÖÜßäöü ÅÆØåæø ĂÂÎȘȚăâîșț \
                           ŐŰőű ĞİŞğış ÀÈÇÑàèçñ ĐƠƯđơưẤế АБВГЖЩЫЄІЇабвгжщыєії ΑΩΆάώ •·–—„“”‚‘’…€"
                    .chars()
                    .filter(|letter| *letter != ' ')
            {
                assert_ne!(face.glyph(letter), 0, "{letter}");
            }
        }
    }

    #[test]
    fn lines_are_broken_between_words_and_no_letter_is_lost() {
        let faces = Faces::new();
        let face = faces.get(Weight::Regular);
        let text =
            "Příliš žluťoučký kůň úpěl ďábelské ódy\n\nund ein Wort: Donaudampfschifffahrtsgesellschaft";
        let lines = face.lines(text, 10.0, 80.0);
        assert!(lines.iter().all(|line| face.width(line, 10.0) <= 80.0), "{lines:?}");
        let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
        assert_eq!(letters(&lines.concat()), letters(text));
        assert!(lines.contains(&String::new()), "an empty line stays one");
        assert_eq!(face.lines("short", 10.0, 80.0), ["short"]);
    }
}
