//! How a target carries parameters, and the warnings for those that it does not carry as they are.

use machinist_core::parameter::Key;
use machinist_core::problem::Problem;

use crate::app_plan::AppPlan;
use crate::artifact::Artifact;
use crate::change::ArtifactPart;
use crate::parameters::Parameters;

/// How a target carries a parameter. Whatever is not carried as it is becomes a warning, and with
/// `--strict` an error.
pub enum Carries<'t> {
    /// As it is.
    Exactly,
    /// In another form that means nearly the same: how.
    Approximately(&'static str),
    /// Not at all: why, or an empty text.
    Not(&'static str),
    /// It depends on the values of the app: the rule in words, and as a function.
    Depends(&'static str, Rule<'t>),
}

/// The warnings for an app of this name with these parameters, all of which are in effect.
pub type Rule<'t> = Box<dyn Fn(&str, &Parameters) -> Vec<Problem> + 't>;

impl Carries<'_> {
    /// The answer in words, for a reader of the documentation.
    ///
    /// ```
    /// use machinist_deploy::Carries;
    ///
    /// assert_eq!(Carries::Exactly.words(), "yes");
    /// assert_eq!(Carries::Not("").words(), "no");
    /// ```
    pub fn words(&self) -> String {
        match self {
            Self::Exactly => "yes".into(),
            Self::Approximately(how) => format!("approximately: {how}"),
            Self::Not("") => "no".into(),
            Self::Not(why) => format!("no: {why}"),
            Self::Depends(rule, _) => (*rule).into(),
        }
    }
}

/// The warnings for all parameters of an app.
pub(super) fn warnings<'t>(
    platform: &str,
    app: &AppPlan,
    carries: impl Fn(Key) -> Carries<'t>,
) -> Vec<Problem> {
    let all = app.all_parameters();
    let known = all.iter().filter(|(key, _)| all.is_set(*key));
    let known = known.flat_map(|(key, _)| match carries(key) {
        Carries::Exactly => Vec::new(),
        Carries::Approximately(how) => vec![approximated(platform, &app.name, key, how)],
        Carries::Not(why) => vec![not_carried(platform, &app.name, key, why)],
        Carries::Depends(_, rule) => rule(&app.name, &all),
    });
    let later = all.later_keys().map(|key| {
        not_supported(platform, &app.name, key)
            .help("upgrade this command with `cargo install cargo-machinist`")
            .note("the parameter is of a later version of machinist")
    });
    known.chain(later).collect()
}

/// A key that a platform does not support.
fn not_supported(platform: &str, app: &str, key: &str) -> Problem {
    Problem::new(format!(
        "`{key}` of `{app}` is not supported by {platform} and is left out"
    ))
}

/// The warning for an app that not everybody may call, on a platform where everybody may.
pub(super) fn auth_not_supported(
    platform: &str,
    app: &str,
    artifact: &Artifact,
) -> Option<Problem> {
    let is_restricted = artifact.auth.as_ref().is_some_and(|auth| auth != "public");
    is_restricted.then(|| not_supported(platform, app, "auth"))
}

/// The warning for a part of an app's settings that a platform does not have.
pub(super) fn part_not_supported(
    platform: &str,
    app: &str,
    part: ArtifactPart,
    why: &'static str,
) -> Problem {
    not_supported(platform, app, part.as_str()).note(why)
}

fn not_carried(platform: &str, app: &str, key: Key, why: &str) -> Problem {
    let problem = not_supported(platform, app, key.as_str());
    match why {
        "" => problem,
        why => problem.note(why),
    }
}

/// A key that a platform has in another form.
pub(super) fn approximated(platform: &str, app: &str, key: Key, how: &str) -> Problem {
    let key = key.as_str();
    Problem::new(format!("{platform} approximates `{key}` of `{app}`: {how}"))
}

/// The rule of a key that platforms use only where the number of replicas may change.
pub(super) fn only_if_scaled<'t>(platform: &'static str, key: Key) -> Carries<'t> {
    let rule = move |app: &str, all: &Parameters| match fixed_replicas(all) {
        Some(count) => vec![no_effect(platform, app, key, count)],
        None => Vec::new(),
    };
    Carries::Depends(
        "yes, if `min_concurrency` and `max_concurrency` differ",
        Box::new(rule),
    )
}

/// The rule of `max_multiplexing` on platforms that scale by requests per second.
pub(super) fn requests_per_second<'t>(platform: &'static str) -> Carries<'t> {
    const HOW: &str = "it is the number of requests per second and replica at which the platform \
                       scales, and does not limit concurrent requests";
    let key = Key::MaxMultiplexing;
    let rule = move |app: &str, all: &Parameters| match fixed_replicas(all) {
        Some(count) => vec![no_effect(platform, app, key, count)],
        None => vec![approximated(platform, app, key, HOW)],
    };
    Carries::Depends(
        "approximately, if `min_concurrency` and `max_concurrency` differ: as requests per second \
         and replica at which the platform scales",
        Box::new(rule),
    )
}

/// The number of replicas, if it cannot change.
pub(super) fn fixed_replicas(all: &Parameters) -> Option<u32> {
    let (min, max) = all.replicas();
    (min == max).then_some(min)
}

fn no_effect(platform: &str, app: &str, key: Key, replicas: u32) -> Problem {
    let key = key.as_str();
    Problem::new(format!(
        "`{key}` of `{app}` has no effect on {platform}: the number of replicas is always \
         {replicas}"
    ))
}
