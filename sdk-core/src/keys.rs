//! The keys that are not parameters, requirements or figures: those of an app and of its groups.

/// The key that names an app or a machine type.
pub const NAME: &str = "name";

/// The key of the group of scaling parameters.
pub const SCALING: &str = "scaling";

/// The key of the group of requirements.
pub const REQUIRES: &str = "requires";

/// The member of a manifest's entry with the code parameters.
pub const CODE: &str = "code";

/// The member of a manifest's entry with the project's own machine types.
pub const MACHINES: &str = "machines";

/// The member of a health check with its path: on some platforms a health check has more members.
pub const PATH: &str = "path";

/// Whether a key is followed by keys of its own, in parentheses.
///
/// ```
/// use machinist_core::keys::is_group;
///
/// assert!(is_group("scaling") && !is_group("gpus"));
/// ```
pub fn is_group(key: &str) -> bool {
    matches!(key, SCALING | REQUIRES)
}
