//! The parameters of an app: one table with every key, its group, kind, range and default. The
//! typed structs of the running program are made from it too.
//!
//! Source of meanings, defaults and of which parameters persist: the platform's documentation
//! and client.

use crate::json;

/// The longest duration, a week in seconds: more is a typing error.
pub const MAX_SECONDS: u32 = 7 * 24 * 3_600;

/// The highest count: more is a typing error.
pub const MAX_COUNT: u32 = 100_000;

/// The most GPUs of a runner on a built-in GPU type.
pub const BUILT_IN_MAX_GPUS: u32 = 8;

/// The most GPUs that a project can give to its own machine types: more is a typing error.
pub const GPU_LIMIT: u32 = 64;

/// The regions that the platform's client accepts.
pub const REGIONS: &[&str] = &["us-west", "us-central", "us-east", "eu-north", "eu-west"];

/// Who owns a parameter once the app is deployed.
///
/// ```
/// use machinist_core::parameter::{Group, Key};
///
/// assert_eq!(Key::KeepAlive.parameter().group, Group::Scaling);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The code: reset on every deploy.
    Code,
    /// The running app: the code gives the first deploy's values, and tuned values persist.
    Scaling,
}

/// What values a parameter takes. Ranges include both ends.
///
/// ```
/// use machinist_core::parameter::{Key, Kind};
///
/// assert_eq!(Key::Port.parameter().kind, Kind::Number(1, 65_535));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// The name of a machine type, or a list of them.
    MachineTypes,
    /// A whole number.
    Number(u32, u32),
    /// Seconds as a whole number, or a duration.
    Seconds(u32, u32),
    /// The path of a URL.
    Path,
    /// A region, or a list of them.
    Regions,
}

/// One parameter.
///
/// ```
/// use machinist_core::parameter::Key;
///
/// assert!(Key::MinConcurrency.parameter().doc.contains("always kept"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its key in the attribute and in the manifest.
    pub key: Key,
    /// Who owns it.
    pub group: Group,
    /// What it takes.
    pub kind: Kind,
    /// What the platform uses where nobody sets it; `None` where that is nothing.
    pub platform_default: Option<u32>,
    /// What it means.
    pub doc: &'static str,
}

impl Parameter {
    /// The highest number that it takes, where its range ends at `end`: machine types that a
    /// project adds may take more GPUs than the built-in ones.
    ///
    /// ```
    /// use machinist_core::parameter::Key;
    ///
    /// assert_eq!(Key::Gpus.parameter().highest(8), 64);
    /// assert_eq!(Key::Port.parameter().highest(65_535), 65_535);
    /// ```
    pub const fn highest(&self, end: u32) -> u32 {
        match self.key {
            Key::Gpus => GPU_LIMIT,
            _ => end,
        }
    }
}

/// Makes the keys, the table and the structs of the parameters from one list.
macro_rules! parameters {
    (
        always { $($(#[doc = $head_doc:literal])* $HeadKey:ident $head:ident: $head_kind:expr;)* }
        $($(#[doc = $group_doc:literal])* $struct:ident $group:ident {
            $(
                $(#[doc = $doc:literal])*
                $Key:ident $key:ident: $type:ty, $kind:expr, $default:expr;
            )*
        })*
    ) => {
        /// The key of a parameter, in the order of the manifest.
        ///
        /// ```
        /// use machinist_core::parameter::Key;
        ///
        /// assert_eq!(Key::find("keep_alive"), Some(Key::KeepAlive));
        /// assert_eq!(Key::KeepAlive.as_str(), "keep_alive");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Key {
            $($(#[doc = $head_doc])* $HeadKey,)*
            $($($(#[doc = $doc])* $Key,)*)*
        }

        impl Key {
            /// The key as it is written.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$HeadKey => stringify!($head),)*
                    $($(Self::$Key => stringify!($key),)*)*
                }
            }
        }

        /// Every parameter, in the order of the manifest.
        ///
        /// ```
        /// use machinist_core::parameter::{Group, Key, PARAMETERS};
        ///
        /// assert_eq!(PARAMETERS[0].key, Key::MachineType);
        /// assert!(PARAMETERS.iter().any(|parameter| parameter.group == Group::Scaling));
        /// ```
        pub static PARAMETERS: &[Parameter] = &[
            $(Parameter {
                key: Key::$HeadKey,
                group: Group::Code,
                kind: $head_kind,
                platform_default: None,
                doc: concat!($($head_doc),*).trim_ascii(),
            },)*
            $($(Parameter {
                key: Key::$Key,
                group: Group::$group,
                kind: $kind,
                platform_default: $default,
                doc: concat!($($doc),*).trim_ascii(),
            },)*)*
        ];

        $($(#[doc = $group_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $struct {
            $($(#[doc = $doc])* pub $key: Option<$type>,)*
        }

        impl $struct {
            /// Nothing set.
            pub const NONE: Self = Self { $($key: None,)* };

            /// Sets a parameter to its value in an entry; `None` where it is none of these.
            pub(crate) fn set(&mut self, key: &str, value: &'static str) -> Option<()> {
                match key {
                    $(stringify!($key) => self.$key = Some(json::Read::read(value)?),)*
                    _ => return None,
                }
                Some(())
            }
        })*
    };
}

parameters! {
    always {
        /// The machine type, or a list of them that is tried in order; required.
        MachineType machine_type: Kind::MachineTypes;
        /// GPUs per runner; default 1 on GPU types, an error on CPU types.
        Gpus gpus: Kind::Number(1, BUILT_IN_MAX_GPUS);
    }

    /// The code parameters beside `machine_type` and `gpus`, where the code sets them: they are
    /// reset on every deploy.
    CodeParameters Code {
        /// Requests that one runner handles at a time; the code must be written for it.
        MaxMultiplexing max_multiplexing: u32, Kind::Number(1, MAX_COUNT), Some(1);
        /// Seconds allowed for start-up.
        StartupTimeout startup_timeout: u32, Kind::Seconds(1, MAX_SECONDS), Some(600);
        /// The TCP port that the app serves on.
        Port port: u16, Kind::Number(1, 65_535), None;
        /// The path that answers when a runner is healthy.
        HealthCheck health_check: &'static str, Kind::Path, None;
        /// Seconds a runner has to finish its requests before it is stopped.
        TerminationGracePeriod termination_grace_period: u32, Kind::Seconds(0, MAX_SECONDS), None;
    }

    /// The scaling parameters, where the code sets them: the first deploy's values. Values tuned
    /// on the running app persist.
    ScalingParameters Scaling {
        /// Seconds that an idle runner stays after its last request.
        KeepAlive keep_alive: u32, Kind::Seconds(0, MAX_SECONDS), Some(10);
        /// Runners that are always kept.
        MinConcurrency min_concurrency: u32, Kind::Number(0, MAX_COUNT), Some(0);
        /// The most runners.
        MaxConcurrency max_concurrency: u32, Kind::Number(1, MAX_COUNT), Some(2);
        /// Runners kept beyond demand; takes precedence over `min_concurrency` when higher.
        ConcurrencyBuffer concurrency_buffer: u32, Kind::Number(0, MAX_COUNT), Some(0);
        /// Runners kept beyond demand, in percent of the current volume; the larger of the two
        /// buffers applies.
        ConcurrencyBufferPerc concurrency_buffer_perc: u32, Kind::Number(0, 1_000), Some(0);
        /// Seconds to wait before a runner is added.
        ScalingDelay scaling_delay: u32, Kind::Seconds(0, MAX_SECONDS), Some(0);
        /// Seconds for one request.
        RequestTimeout request_timeout: u32, Kind::Seconds(1, MAX_SECONDS), Some(3_600);
        /// Seconds that a request waits for a runner to start on it.
        RequestStartTimeout request_start_timeout: u32, Kind::Seconds(1, MAX_SECONDS), None;
        /// The regions it may run in.
        Regions regions: &'static [&'static str], Kind::Regions, None;
    }
}

impl Key {
    /// The key that is written like this.
    pub fn find(key: &str) -> Option<Self> {
        PARAMETERS
            .iter()
            .map(|parameter| parameter.key)
            .find(|known| known.as_str() == key)
    }

    /// Everything about the key's parameter.
    pub fn parameter(self) -> &'static Parameter {
        // The table and the keys are made from one list, in one order.
        &PARAMETERS[self as usize]
    }

    /// The keys of a group, in the order of the manifest.
    ///
    /// ```
    /// use machinist_core::parameter::{Group, Key};
    ///
    /// assert_eq!(Key::of(Group::Scaling).next(), Some(Key::KeepAlive));
    /// ```
    pub fn of(group: Group) -> impl Iterator<Item = Self> {
        PARAMETERS
            .iter()
            .filter(move |parameter| parameter.group == group)
            .map(|parameter| parameter.key)
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, PARAMETERS};
    use alloc::format;

    #[test]
    fn a_key_finds_its_own_row() {
        for parameter in PARAMETERS {
            assert_eq!(parameter.key.parameter(), parameter);
            assert_eq!(Key::find(parameter.key.as_str()), Some(parameter.key));
        }
    }

    #[test]
    fn a_variant_is_named_like_its_key() {
        for parameter in PARAMETERS {
            let joined = parameter.key.as_str().replace('_', "");
            assert_eq!(format!("{:?}", parameter.key).to_lowercase(), joined);
        }
    }
}
