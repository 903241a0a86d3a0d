//! Packages of the workspace whose settings lead to one place.

use std::collections::BTreeSet;

/// Packages of the workspace whose settings lead to one place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packages {
    /// Those with settings of their own.
    pub(crate) named: BTreeSet<String>,
    /// The packages that have settings of their own, if all packages without lead there too.
    pub(crate) others_but: Option<BTreeSet<String>>,
}

impl Packages {
    /// Whether apps of this package go there.
    pub(crate) fn includes(&self, package: &str) -> bool {
        let is_other = |own: &BTreeSet<String>| !own.contains(package);
        self.named.contains(package) || self.others_but.as_ref().is_some_and(is_other)
    }
}
