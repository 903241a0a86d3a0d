//! Pictures of a terminal, made of what commands print there.

use anstyle::RgbColor;
use anstyle_svg::{Palette, Term};

use crate::session;

/// A picture: its file, and what makes it.
type Picture = (&'static str, fn() -> String);

/// Every picture.
pub(crate) const PICTURES: &[Picture] = &[
    ("docs/src/compile-error.svg", || {
        svg(&session::compile_error())
    }),
    ("docs/src/plan.svg", || svg(&session::plan())),
];

/// Colors that can be read, and a background that stands out, on a light page and on a dark one.
const BACKGROUND: RgbColor = RgbColor(0x1c, 0x23, 0x2d);
const TEXT: RgbColor = RgbColor(0xd8, 0xde, 0xe6);
/// Red, green, yellow, blue, magenta and cyan.
const HUES: [RgbColor; 6] = [
    RgbColor(0xff, 0x7b, 0x72),
    RgbColor(0x56, 0xd3, 0x64),
    RgbColor(0xe3, 0xb3, 0x41),
    RgbColor(0x79, 0xc0, 0xff),
    RgbColor(0xd2, 0xa8, 0xff),
    RgbColor(0x56, 0xd4, 0xdd),
];
/// The sixteen colors of a terminal: eight, and eight brighter ones. The hues are bright already.
const COLORS: [RgbColor; 16] = {
    let [red, green, yellow, blue, magenta, cyan] = HUES;
    let gray = RgbColor(0x8b, 0x94, 0x9e);
    let white = RgbColor(0xff, 0xff, 0xff);
    [
        BACKGROUND, red, green, yellow, blue, magenta, cyan, TEXT, // usual
        gray, red, green, yellow, blue, magenta, cyan, white, // bright
    ]
};
/// As wide as the widest of them, so that they look alike on one page.
const WIDTH: usize = 840;

/// What a terminal shows, with its colors.
fn svg(ansi: &str) -> String {
    let term = Term::new()
        .palette(Palette::from(COLORS))
        .min_width_px(WIDTH);
    let term = term.fg_color(TEXT.into()).bg_color(BACKGROUND.into());
    let svg = term.render_svg(ansi.trim_end());
    // So that a page that is narrower than the picture shrinks it instead of cutting it off.
    let size = |name: &str| {
        let (_, rest) = svg.split_once(&format!("{name}=\"")).unwrap();
        rest.split_once("px\"").unwrap().0.to_owned()
    };
    let view_box = format!("<svg viewBox=\"0 0 {} {}\" ", size("width"), size("height"));
    svg.replacen("<svg ", &view_box, 1)
}
