#[machinist::app(
    machine_type = ["GPU-H10O", "GPU-H100"],
    gpus = "2",
    num_gpus = 2,
    keep_alive = "5m",
    port = 0,
    requires(vram = "80 GiB"),
    scaling(min_concurrency = 3, max_concurrency = 2, regions = ["us-wst"]),
)]
fn app() {}

fn main() {
    app();
}
