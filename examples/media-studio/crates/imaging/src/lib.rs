//! Image generation.

use std::io;

use machinist::App as _;
use media_studio_service::{Parameters, serve};

/// Draws images from a seed.
#[machinist::app(
    machine_type = ["GPU-RTX4090", "GPU-RTX5090"],
    max_multiplexing = 2,
    startup_timeout = "5m",
    port = 8081,
    health_check = "/health",
    requires(vram = "24 GB"),
    scaling(keep_alive = "2m", max_concurrency = 20, concurrency_buffer_perc = 20),
)]
pub struct Imagegen;

const SIDE: u32 = 256;

impl Imagegen {
    /// Serves `/image?seed=7`.
    ///
    /// # Errors
    ///
    /// If the port cannot be opened.
    pub fn serve() -> io::Result<()> {
        serve(&Self::SPEC, "/image", |parameters: &Parameters| {
            draw(
                parameters
                    .get("seed")
                    .and_then(|seed| seed.parse().ok())
                    .unwrap_or_default(),
            )
        })
    }
}

/// Draws an image in the PPM format, always the same for the same seed.
pub fn draw(seed: u32) -> Vec<u8> {
    let mut image = format!("P6 {SIDE} {SIDE} 255\n").into_bytes();
    for y in 0..SIDE {
        for x in 0..SIDE {
            let wave = (x ^ y).wrapping_mul(seed | 1);
            image.extend([
                x.to_le_bytes()[0],
                y.to_le_bytes()[0],
                wave.to_le_bytes()[0],
            ]);
        }
    }
    image
}
