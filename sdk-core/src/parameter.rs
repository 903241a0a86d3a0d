//! The parameters of an app: one table with the key of each parameter, its group, kind, range and
//! default. The table also makes the structs in which a running program has the parameters.
//!
//! What the parameters mean, their defaults and which of them persist is from the platform's
//! documentation and client.

use crate::json;

/// The longest duration, a week in seconds. Anything longer is taken for a typing error.
pub const MAX_SECONDS: u32 = 7 * 24 * 3_600;

/// The highest count. Anything higher is taken for a typing error.
pub const MAX_COUNT: u32 = 100_000;

/// The most GPUs that a runner has on a built-in GPU type.
pub const BUILT_IN_MAX_GPUS: u32 = 8;

/// The most GPUs that a runner can have on a custom GPU type. More are taken for a typing error.
pub const GPU_LIMIT: u32 = 64;

/// The regions that the platform's client accepts.
pub const REGIONS: &[&str] = &["us-west", "us-central", "us-east", "eu-north", "eu-west"];

/// The group of a parameter: whether the code owns it or the running app.
///
/// ```
/// use machinist_core::parameter::{Group, Key};
///
/// assert_eq!(Key::KeepAlive.parameter().group, Group::Scaling);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The code owns it: it is reset on every deploy.
    Code,
    /// The running app owns it: the code gives the value for the first deploy, and values tuned
    /// later are kept.
    Scaling,
}

/// The kind of values that a parameter takes. Ranges include both ends.
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
    /// A whole number of seconds, or a duration.
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
    /// The key in the attribute and in the manifest.
    pub key: Key,
    /// The group, which says who owns the parameter.
    pub group: Group,
    /// The kind of its values.
    pub kind: Kind,
    /// The value that the platform uses if the parameter is not set; `None` if there is none.
    pub platform_default: Option<u32>,
    /// What the parameter means.
    pub doc: &'static str,
}

impl Parameter {
    /// The highest valid number, where `end` is the end of the kind's range. Only `gpus` goes
    /// beyond: custom machine types may take more GPUs than built-in ones.
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
        every_app {
            $($(#[doc = $app_doc:literal])* $AppKey:ident $app_key:ident: $app_kind:expr;)*
        }
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
            $($(#[doc = $app_doc])* $AppKey,)*
            $($($(#[doc = $doc])* $Key,)*)*
        }

        impl Key {
            /// The key as it is written.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$AppKey => stringify!($app_key),)*
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
                key: Key::$AppKey,
                group: Group::Code,
                kind: $app_kind,
                platform_default: None,
                doc: concat!($($app_doc),*).trim_ascii(),
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
            /// No parameter set.
            pub const NONE: Self = Self { $($key: None,)* };

            /// Sets a parameter from its JSON in an app's entry; `None` if the key is not a
            /// parameter of this group or the value is not valid.
            pub(crate) fn set(&mut self, key: &str, value: &'static str) -> Option<()> {
                match key {
                    $(stringify!($key) => self.$key = Some(json::FromJson::from_json(value)?),)*
                    _ => return None,
                }
                Some(())
            }
        })*
    };
}

parameters! {
    every_app {
        /// The machine type, or a list of them that is tried in order; required.
        MachineType machine_type: Kind::MachineTypes;
        /// GPUs per runner; default 1 on GPU types, an error on CPU types.
        Gpus gpus: Kind::Number(1, BUILT_IN_MAX_GPUS);
    }

    /// The code parameters that the attribute sets, without `machine_type` and `gpus`. They are
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

    /// The scaling parameters that the attribute sets: the values for the first deploy. Values
    /// tuned later on the running app are kept.
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
    /// The key with this name.
    pub fn find(key: &str) -> Option<Self> {
        PARAMETERS
            .iter()
            .map(|parameter| parameter.key)
            .find(|candidate| candidate.as_str() == key)
    }

    /// The parameter with this key.
    pub fn parameter(self) -> &'static Parameter {
        // The table and the keys are made from one list, so they have the same order.
        &PARAMETERS[self as usize]
    }

    /// The keys of a group, in the order of the manifest.
    ///
    /// ```
    /// use machinist_core::parameter::{Group, Key};
    ///
    /// assert_eq!(Key::in_group(Group::Scaling).next(), Some(Key::KeepAlive));
    /// ```
    pub fn in_group(group: Group) -> impl Iterator<Item = Self> {
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
    fn a_key_finds_its_parameter() {
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
