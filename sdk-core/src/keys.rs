//! The keys of an app that are not in the tables of parameters, requirements and figures.

/// The key of the name of an app or a machine type.
pub const NAME: &str = "name";

/// The key of the group of scaling parameters.
pub const SCALING: &str = "scaling";

/// The key of the group of requirements.
pub const REQUIRES: &str = "requires";

/// The key of the required environment variables, in the group of requirements.
pub const ENV: &str = "env";

/// The key of the code parameters in an app's entry.
pub const CODE: &str = "code";

/// The key of the custom machine types in an app's entry.
pub const MACHINES: &str = "machines";

/// The key of the path in a health check, which has more members on some platforms.
pub const PATH: &str = "path";

/// Whether a key is that of a group, with other keys in parentheses.
///
/// ```
/// use machinist_core::keys::is_group;
///
/// assert!(is_group("scaling") && !is_group("gpus"));
/// ```
pub fn is_group(key: &str) -> bool {
    matches!(key, SCALING | REQUIRES)
}
