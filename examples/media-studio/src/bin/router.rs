//! Sends each request to the service that answers it.

use machinist::App as _;
use media_studio_service::{Parameters, serve};

/// Routes requests; needs no GPU.
#[machinist::app(
    machine_type = "S",
    max_multiplexing = 100,
    port = 8080,
    health_check = "/health",
    scaling(keep_alive = "10m", min_concurrency = 1, max_concurrency = 3)
)]
struct Router;

fn main() -> std::io::Result<()> {
    serve(&Router::SPEC, "/route", |parameters: &Parameters| {
        let service = match parameters.get("want").map(String::as_str) {
            Some("image") => "imagegen",
            Some("video") => "transcoder",
            _ => "storyteller",
        };
        service.into()
    })
}
