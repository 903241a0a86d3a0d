//! The smallest program with an app.
//!
//! `cargo run -p quickstart` prints the apps of the running program, and
//! `cargo machinist manifest -p quickstart` reads them from its binary.

use machinist::App as _;

/// Answers prompts with a large language model.
#[machinist::app(machine_type = "GPU-H100", gpus = 2)]
struct LlmServer;

/// The size of a batch, computed at compile time: a sequence takes 5 GB of video memory.
const BATCH: u32 = LlmServer::SPEC.vram_mb() / 5_000;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("manifest") => print!("{}", machinist::manifest()),
        _ => {
            for app in machinist::apps() {
                let machines: Vec<&str> = app
                    .machine_types
                    .iter()
                    .map(|machine| machine.name)
                    .collect();
                println!(
                    "{} runs on {} of {}",
                    app.name,
                    app.gpus,
                    machines.join(" or ")
                );
            }
            println!("batches of {BATCH}");
        }
    }
}
