//! The part of a TrueType font that a file needs: every glyph keeps its number, those that are not used are empty.

use std::collections::BTreeSet;

use ttf_parser::{Face, Tag};

/// What a viewer needs, in the order of a font's directory.
const TABLES: [&[u8; 4]; 9] =
    [b"cvt ", b"fpgm", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"prep"];

/// In `head`: whether the offsets in `loca` have four bytes.
const LONG_OFFSETS: usize = 50;
/// In `head`: a checksum over the whole file, which viewers do not look at in a part of one.
const WHOLE_CHECKSUM: std::ops::Range<usize> = 8..12;

/// The font with these glyphs and those that they are put together from.
pub(super) fn used_part(font: &Face<'_>, glyphs: impl Iterator<Item = u16>) -> Vec<u8> {
    let table = |name: &[u8; 4]| font.raw_face().table(Tag::from_bytes(name)).unwrap_or_default();
    let outlines = Outlines { loca: table(b"loca"), glyf: table(b"glyf"), has_long: is_long(table(b"head")) };
    let (glyf, loca) = outlines.of(&outlines.with_parts(glyphs), font.number_of_glyphs());
    let mut head = table(b"head").to_vec();
    if let Some(long) = head.get_mut(LONG_OFFSETS..LONG_OFFSETS + 2) {
        long.copy_from_slice(&[0, 1]);
    }
    if let Some(sum) = head.get_mut(WHOLE_CHECKSUM) {
        sum.fill(0);
    }
    let tables = TABLES.map(|name| match name {
        b"glyf" => (name, glyf.as_slice()),
        b"loca" => (name, loca.as_slice()),
        b"head" => (name, head.as_slice()),
        other => (other, table(other)),
    });
    assembled(&tables)
}

fn is_long(head: &[u8]) -> bool {
    head.get(LONG_OFFSETS + 1).is_some_and(|byte| *byte == 1)
}

struct Outlines<'a> {
    loca: &'a [u8],
    glyf: &'a [u8],
    has_long: bool,
}

impl Outlines<'_> {
    fn offset(&self, glyph: usize) -> usize {
        if self.has_long {
            let bytes = self.loca.get(4 * glyph..).and_then(|rest| rest.first_chunk::<4>());
            bytes.map_or(0, |bytes| usize::try_from(u32::from_be_bytes(*bytes)).unwrap_or(usize::MAX))
        } else {
            let bytes = self.loca.get(2 * glyph..).and_then(|rest| rest.first_chunk::<2>());
            bytes.map_or(0, |bytes| 2 * usize::from(u16::from_be_bytes(*bytes)))
        }
    }

    fn outline(&self, glyph: u16) -> &[u8] {
        let (from, to) = (self.offset(glyph.into()), self.offset(usize::from(glyph) + 1));
        self.glyf.get(from..to).unwrap_or_default()
    }

    /// A letter with an accent may be a letter and an accent. The box for what is missing is always there.
    fn with_parts(&self, glyphs: impl Iterator<Item = u16>) -> BTreeSet<u16> {
        let mut all = BTreeSet::new();
        let mut new: Vec<u16> = glyphs.chain([0]).collect();
        while let Some(glyph) = new.pop() {
            if all.insert(glyph) {
                new.extend(parts(self.outline(glyph)));
            }
        }
        all
    }

    /// `glyf` and `loca` with these outlines.
    fn of(&self, glyphs: &BTreeSet<u16>, count: u16) -> (Vec<u8>, Vec<u8>) {
        let (mut glyf, mut loca) = (Vec::new(), Vec::new());
        for glyph in 0..count {
            loca.extend(u32::try_from(glyf.len()).unwrap_or(u32::MAX).to_be_bytes());
            if glyphs.contains(&glyph) {
                glyf.extend(self.outline(glyph));
                pad(&mut glyf);
            }
        }
        loca.extend(u32::try_from(glyf.len()).unwrap_or(u32::MAX).to_be_bytes());
        (glyf, loca)
    }
}

/// The glyphs that an outline is put together from (OpenType, `glyf`, "Composite glyph description").
fn parts(outline: &[u8]) -> Vec<u16> {
    const WORDS: u16 = 0x0001;
    const ONE_SCALE: u16 = 0x0008;
    const MORE: u16 = 0x0020;
    const TWO_SCALES: u16 = 0x0040;
    const MATRIX: u16 = 0x0080;
    let word = |at: usize| outline.get(at..)?.first_chunk::<2>().map(|bytes| u16::from_be_bytes(*bytes));
    let mut parts = Vec::new();
    // A count of contours below zero, then the box around it.
    if word(0).is_none_or(|contours| contours < 0x8000) {
        return parts;
    }
    let mut at = 10;
    while let (Some(flags), Some(part)) = (word(at), word(at + 2)) {
        parts.push(part);
        at += if flags & WORDS == 0 { 6 } else { 8 };
        at += match flags {
            flags if flags & ONE_SCALE != 0 => 2,
            flags if flags & TWO_SCALES != 0 => 4,
            flags if flags & MATRIX != 0 => 8,
            _ => 0,
        };
        if flags & MORE == 0 {
            break;
        }
    }
    parts
}

/// A font file of these tables, without those that are empty.
fn assembled(tables: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let there: Vec<_> = tables.iter().filter(|(_, bytes)| !bytes.is_empty()).collect();
    let count = u16::try_from(there.len()).unwrap_or_default();
    let largest = if count == 0 { 0 } else { count.ilog2() };
    let range = 16_u16 << largest;
    let mut file = vec![0, 1, 0, 0];
    for number in [count, range, u16::try_from(largest).unwrap_or_default(), 16 * count - range] {
        file.extend(number.to_be_bytes());
    }
    let mut body = Vec::new();
    let body_at = file.len() + 16 * there.len();
    for (name, bytes) in there {
        let numbers = [checksum(bytes), length(body_at + body.len()), length(bytes.len())];
        file.extend(*name);
        numbers.iter().for_each(|number| file.extend(number.to_be_bytes()));
        body.extend(*bytes);
        pad(&mut body);
    }
    file.extend(body);
    file
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn checksum(bytes: &[u8]) -> u32 {
    bytes.chunks(4).fold(0_u32, |sum, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        sum.wrapping_add(u32::from_be_bytes(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[u8] = include_bytes!("../../../../fonts/DejaVuSans.ttf");

    #[derive(Debug, Default, PartialEq)]
    struct Drawn(Vec<[f32; 6]>);

    impl ttf_parser::OutlineBuilder for Drawn {
        fn move_to(&mut self, x: f32, y: f32) {
            self.0.push([x, y, 0.0, 0.0, 0.0, 0.0]);
        }
        fn line_to(&mut self, x: f32, y: f32) {
            self.0.push([x, y, 1.0, 0.0, 0.0, 0.0]);
        }
        fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
            self.0.push([x1, y1, x, y, 2.0, 0.0]);
        }
        fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
            self.0.push([x1, y1, x2, y2, x, y]);
        }
        fn close(&mut self) {
            self.0.push([9.0; 6]);
        }
    }

    fn drawn(font: &Face<'_>, glyph: u16) -> Drawn {
        let mut drawn = Drawn::default();
        font.outline_glyph(ttf_parser::GlyphId(glyph), &mut drawn);
        drawn
    }

    #[test]
    fn every_used_glyph_is_drawn_as_before_and_no_other_one() {
        let whole = Face::parse(WHOLE, 0).expect("a font");
        let glyph = |letter| whole.glyph_index(letter).expect("it has it").0;
        let used: Vec<u16> = "ŽčŁ€Ωщệ".chars().map(glyph).collect();
        let bytes = used_part(&whole, used.iter().copied());
        assert!(bytes.len() < 90_000, "{}", bytes.len());
        let part = Face::parse(&bytes, 0).expect("a font");
        assert_eq!(part.number_of_glyphs(), whole.number_of_glyphs());
        for glyph in used {
            assert!(!drawn(&whole, glyph).0.is_empty());
            assert_eq!(drawn(&part, glyph), drawn(&whole, glyph));
            let advance = |font: &Face<'_>| font.glyph_hor_advance(ttf_parser::GlyphId(glyph));
            assert_eq!(advance(&part), advance(&whole));
        }
        assert_eq!(drawn(&part, glyph('Q')), Drawn::default());
        assert!(!drawn(&part, 0).0.is_empty(), "the box");
    }
}
