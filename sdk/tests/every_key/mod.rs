//! One app with every key of the attribute, except those that its machine types cannot meet, and
//! what its record has of them.

/// What the app's record has of its keys.
pub const RECORD: &str = r#"{
    "code": {
        "machine_type": ["GPU-RTX5090", "GPU-L40"], "gpus": 2, "max_multiplexing": 4,
        "startup_timeout": 900, "port": 8080, "health_check": {"path": "/health"},
        "termination_grace_period": 20
    },
    "scaling": {
        "keep_alive": 300, "min_concurrency": 1, "max_concurrency": 10,
        "concurrency_buffer": 2, "concurrency_buffer_perc": 20, "scaling_delay": 5,
        "request_timeout": 120, "request_start_timeout": 30,
        "regions": ["us-west", "eu-north"]
    },
    "requires": {
        "vram": 64000, "vram_per_gpu": 32000, "ram": 20000, "cpus": 4.5, "bandwidth": 800,
        "encoders": 1, "decoders": 1, "av1_encode": true, "precision": ["fp8"],
        "env": ["HF_TOKEN", "MODEL"]
    }
}"#;

/// Sets every key.
///
/// This is not the first paragraph.
#[machinist::app(
    name = "every-key",
    machine_type = ["GPU-RTX5090", "GPU-L40"],
    gpus = 2,
    max_multiplexing = 4,
    startup_timeout = "15m",
    port = 8080,
    health_check = "/health",
    termination_grace_period = "20s",
    requires(
        vram = "64 GB",
        vram_per_gpu = "32 GB",
        ram = "20 GB",
        cpus = 4.5,
        bandwidth = "800 GB/s",
        encoders = 1,
        decoders = 1,
        av1_encode = true,
        precision = "fp8",
        env = ["HF_TOKEN", "MODEL"],
    ),
    scaling(
        keep_alive = "5m",
        min_concurrency = 1,
        max_concurrency = 10,
        concurrency_buffer = 2,
        concurrency_buffer_perc = 20,
        scaling_delay = 5,
        request_timeout = "2m",
        request_start_timeout = "30s",
        regions = ["us-west", "eu-north"],
    ),
)]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EveryKey;
