//! Transcoding.

use std::fmt::Write as _;
use std::io;

use machinist::{App as _, Spec};
use media_studio_service::{Parameters, serve};

/// Encodes a video in several sizes, with the encoders of the GPU.
#[machinist::app(
    name = "transcoder",
    machine_type = ["GPU-L40", "GPU-RTX5090"],
    port = 8082,
    health_check = "/health",
    requires(encoders = 3, av1_encode = true),
    scaling(keep_alive = "30s", max_concurrency = 8, request_timeout = "30m"),
)]
pub struct Transcoder;

const HEIGHTS: [u32; 5] = [2160, 1440, 1080, 720, 480];

impl Transcoder {
    /// Serves `/plan?height=1080`.
    ///
    /// # Errors
    ///
    /// When the port cannot be had.
    pub fn serve() -> io::Result<()> {
        serve(&Self::SPEC, "/plan", |parameters: &Parameters| {
            let height = parameters
                .get("height")
                .and_then(|height| height.parse().ok());
            plan(height.unwrap_or(HEIGHTS[0]), encoders(&Self::SPEC)).into_bytes()
        })
    }
}

/// The encoders that every machine of the app has.
fn encoders(app: &Spec) -> u32 {
    app.machine_types
        .iter()
        .map(|machine| machine.figures.encoders)
        .min()
        .unwrap_or_default()
}

/// Which encoder makes which size, up to the source's.
pub fn plan(source_height: u32, encoders: u32) -> String {
    let mut plan = String::new();
    let sizes = HEIGHTS
        .into_iter()
        .filter(|&height| height <= source_height);
    for (encoder, height) in (0..encoders).cycle().zip(sizes) {
        // Writing to a String cannot fail.
        let _ = writeln!(plan, "encoder {encoder}: {height}p av1");
    }
    plan
}
