//! The parameters on the platform: which it has, and what it calls them.

use machinist_core::parameter::Key;

/// A parameter on the platform.
pub(super) struct PlatformParameter {
    /// Its key in `pyproject.toml`.
    pub(super) written: &'static str,
    /// Its key in the list of apps; `None` if the platform never reports it.
    pub(super) reported: Option<&'static str>,
}

/// The parameter with this key; `None` if the platform does not have it.
pub(super) fn parameter(key: Key) -> Option<PlatformParameter> {
    let ours = key.as_str();
    let (written, reported) = match key {
        Key::MachineType => (ours, Some("machine_types")),
        Key::Gpus => ("num_gpus", None),
        Key::Port => ("exposed_port", None),
        Key::HealthCheck => (ours, None),
        Key::TerminationGracePeriod => ("termination_grace_period_seconds", None),
        Key::Regions => (ours, Some("valid_regions")),
        Key::MaxMultiplexing
        | Key::StartupTimeout
        | Key::KeepAlive
        | Key::MinConcurrency
        | Key::MaxConcurrency
        | Key::ConcurrencyBuffer
        | Key::ConcurrencyBufferPerc
        | Key::ScalingDelay
        | Key::RequestTimeout
        | Key::RequestStartTimeout => (ours, Some(ours)),
    };
    Some(PlatformParameter { written, reported })
}
