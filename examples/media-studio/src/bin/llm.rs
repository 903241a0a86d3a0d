//! Tells the stories that the studio illustrates.

use machinist::App as _;
use media_studio_service::{Parameters, serve};

/// Tells stories with a large language model on two GPUs.
#[machinist::app(
    machine_type = ["GPU-H100", "GPU-H200"],
    gpus = 2,
    max_multiplexing = 4,
    startup_timeout = "15m",
    port = 8083,
    health_check = "/health",
    termination_grace_period = "20s",
    requires(vram = "120 GB", bandwidth = "3 TB/s"),
    scaling(keep_alive = "5m", min_concurrency = 1, max_concurrency = 10, regions = ["us-west"]),
)]
struct Storyteller;

fn main() -> std::io::Result<()> {
    serve(&Storyteller::SPEC, "/story", |parameters: &Parameters| {
        let hero = parameters.get("hero").map_or("a machinist", String::as_str);
        format!("Once upon a time there was {hero}.\n").into_bytes()
    })
}
