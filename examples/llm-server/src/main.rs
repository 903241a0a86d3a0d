//! A server whose port, health check and batch size come from the attribute on one type.
//!
//! `cargo run -p llm-server` starts it. It answers `/health`, `/machine`, and `/generate` with a
//! prompt as JSON. The variable `PORT` sets another port, for a second server on the same machine.

mod batch;
mod machine;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use machinist::{App as _, Spec};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// Generates text with a large language model on two GPUs.
#[machinist::app(
    machine_type = ["GPU-H100", "GPU-H200"],
    gpus = 2,
    max_multiplexing = 16,
    startup_timeout = "15m",
    port = 8080,
    health_check = "/health",
    termination_grace_period = "20s",
    requires(vram = "140 GB", bandwidth = "3 TB/s"),
    scaling(keep_alive = "5m", min_concurrency = 1, max_concurrency = 4, regions = ["us-west"]),
)]
struct LlmServer;

const SPEC: Spec = LlmServer::SPEC;
const WEIGHTS_MB: u32 = 140_000;
const SEQUENCE_MB: u32 = 1_250;
/// How many sequences fit into memory beside the weights, on the smallest machine type of the app.
const BATCH: usize = ((SPEC.vram_mb() - WEIGHTS_MB) / SEQUENCE_MB) as usize;

#[derive(Deserialize)]
struct Prompt {
    prompt: String,
}

#[derive(Serialize)]
struct Completion {
    text: String,
    /// The size of the batch that the prompt was answered in.
    batch: usize,
}

async fn generate(
    State(queue): State<batch::Queue>,
    Json(request): Json<Prompt>,
) -> Json<Completion> {
    let (text, batch) = queue.complete(request.prompt).await;
    Json(Completion { text, batch })
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("manifest") {
        print!("{}", machinist::manifest());
        return Ok(());
    }
    let server = Router::new()
        .route(
            SPEC.code.health_check.unwrap_or("/health"),
            get(|| async { "ok" }),
        )
        .route(
            "/machine",
            get(|| async { Json(machine::describe(&SPEC, BATCH)) }),
        )
        .route("/generate", post(generate))
        .with_state(batch::start(BATCH));
    let listener = TcpListener::bind(("0.0.0.0", port()?)).await?;
    println!("{} listens on http://{}", SPEC.name, listener.local_addr()?);
    axum::serve(listener, server)
        .with_graceful_shutdown(stop_signal())
        .await
}

fn port() -> std::io::Result<u16> {
    match std::env::var("PORT") {
        Ok(port) => port.parse().map_err(|_| {
            let text = format!("PORT is not a port: `{port}`");
            std::io::Error::new(std::io::ErrorKind::InvalidInput, text)
        }),
        Err(_) => Ok(SPEC.code.port.unwrap_or(8080)),
    }
}

/// Waits for the signal with which the platform begins the grace period.
async fn stop_signal() {
    #[cfg(unix)]
    if let Ok(mut term) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        tokio::select! {
            _ = term.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
