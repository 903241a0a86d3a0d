//! What the kept runners of all apps of a plan cost an hour.

use crate::app_plan::{Action, AppPlan};
use crate::cost::CostPerHour;

/// What the kept runners of several apps cost before a change and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TotalCost {
    /// The cost before; `None` if it is not known for one of the apps counted.
    pub from: Option<CostPerHour>,
    /// The cost afterwards.
    pub to: CostPerHour,
    /// How many apps are not counted, because the price of the runners they keep is not known.
    pub apps_not_known: usize,
}

impl TotalCost {
    /// The total of these apps; `None` if nothing is kept whose price is known.
    pub fn of(apps: &[AppPlan]) -> Option<Self> {
        let mut total = Self {
            from: Some(CostPerHour::ZERO),
            to: CostPerHour::ZERO,
            apps_not_known: 0,
        };
        for app in apps {
            let cost = app.cost_per_hour;
            let (from, to) = match app.action {
                Action::Create => (Some(CostPerHour::ZERO), cost.to),
                Action::Delete => (cost.from, Some(CostPerHour::ZERO)),
                Action::Adopt | Action::Update | Action::Unchanged | Action::Orphaned => {
                    (cost.from, cost.to)
                }
            };
            let Some(to) = to else {
                total.apps_not_known += 1;
                continue;
            };
            total.from = total
                .from
                .zip(from)
                .and_then(|(all, from)| all.checked_add(from));
            total.to = total.to.checked_add(to)?;
        }
        let is_something = |cost: CostPerHour| cost != CostPerHour::ZERO;
        (is_something(total.to) || total.from.is_some_and(is_something)).then_some(total)
    }
}

#[cfg(test)]
mod tests {
    use machinist_core::machines_toml;
    use machinist_core::parameter::Key;
    use machinist_core::setting::Setting;

    use super::*;
    use crate::deployed::Deployed;
    use crate::history::DeployStamp;
    use crate::manifest::Manifest;
    use crate::plan::{Options, plan};

    /// Apps of these names, which each keep one runner of this machine type.
    fn manifest(apps: &[(&str, &str)], machines: &str) -> Manifest {
        let text = r#"{"manifest_version": 1, "apps": [{
            "name": "a", "package": "p", "version": "0.1.0",
            "source": {"file": "src/main.rs", "line": 1, "item": "A"},
            "code": {"machine_type": ["S"]}, "scaling": {"min_concurrency": 1}
        }]}"#;
        let mut manifest = Manifest::parse(text).unwrap();
        let app = manifest.apps.remove(0);
        let named = |(name, machine): &(&str, &str)| {
            let mut app = app.clone();
            app.name = (*name).into();
            let machine_types = Setting::List(vec![(*machine).into()]);
            app.code.insert(Key::MachineType, machine_types);
            app.machines = machines_toml::read(machines).unwrap();
            app
        };
        manifest.apps = apps.iter().map(named).collect();
        manifest
    }

    fn after(before: &Deployed, manifest: &Manifest) -> Deployed {
        before.after(
            &plan(manifest, before, &Options::default()),
            &DeployStamp::default(),
        )
    }

    fn total(manifest: &Manifest, before: &Deployed, prune: bool) -> Option<TotalCost> {
        let options = Options {
            prune,
            ..Options::default()
        };
        TotalCost::of(&plan(manifest, before, &options).apps)
    }

    fn cost(amount: u32) -> CostPerHour {
        CostPerHour {
            least: amount,
            most: amount,
        }
    }

    const PRICES: &str = "[L]\nprice_per_hour = 0.2\n[XL]\nprice_per_hour = 0.4\n";

    #[test]
    fn costs_add_up_and_what_is_not_known_is_counted() {
        let apps = manifest(&[("a", "L"), ("b", "XL"), ("c", "S")], PRICES);
        let nothing = Deployed::default();
        let first = TotalCost {
            from: Some(cost(0)),
            to: cost(6_000),
            apps_not_known: 1,
        };
        assert_eq!(total(&apps, &nothing, false), Some(first));

        let before = after(&nothing, &apps);
        let fewer = manifest(&[("a", "XL")], PRICES);
        let kept = TotalCost {
            from: Some(cost(6_000)),
            to: cost(8_000),
            apps_not_known: 1,
        };
        assert_eq!(total(&fewer, &before, false), Some(kept));
        // What one of the deleted apps cost is not known.
        let deleted = TotalCost {
            from: None,
            to: cost(4_000),
            apps_not_known: 0,
        };
        assert_eq!(total(&fewer, &before, true), Some(deleted));
    }

    #[test]
    fn without_prices_there_is_no_total() {
        let apps = manifest(&[("a", "L"), ("b", "XL")], "");
        assert_eq!(total(&apps, &Deployed::default(), false), None);
    }

    #[test]
    fn what_is_deployed_costs_what_it_did_and_another_price_changes_nothing() {
        let apps = |prices: &str| manifest(&[("a", "L")], prices);
        let before = after(&Deployed::default(), &apps(PRICES));
        let dearer = apps("[L]\nprice_per_hour = 0.3\n");
        let plan = plan(&dearer, &before, &Options::default());
        assert!(!plan.changes_something());
        let total = TotalCost::of(&plan.apps).unwrap();
        assert_eq!((total.from, total.to), (Some(cost(2_000)), cost(3_000)));
        // Prices that were not written before.
        let before = after(&Deployed::default(), &apps(""));
        let total = self::total(&dearer, &before, false).unwrap();
        assert_eq!((total.from, total.to), (None, cost(3_000)));
    }
}
