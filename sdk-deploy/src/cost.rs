//! What the runners that an app always keeps cost an hour, by the prices of its machine types.
//!
//! The prices stand in `machines.toml` and travel with the app's record, so the cost of what is
//! deployed is that at the prices it was deployed with.

use std::fmt;

use machinist_core::figure::PRICE_PER_HOUR;
use machinist_core::parameter::Key;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::machines::{self, CustomMachine};
use crate::parameters::Parameters;

/// A cost per hour: a range, because the machine types of an app may differ in price.
///
/// ```
/// use machinist_deploy::CostPerHour;
///
/// let cost = CostPerHour { least: 19_900, most: 39_800 };
/// assert_eq!(cost.to_string(), "1.99 to 3.98/hour");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CostPerHour {
    /// On the cheapest machine type, in the unit of prices.
    #[serde(serialize_with = "amount")]
    pub least: u32,
    /// On the dearest one.
    #[serde(serialize_with = "amount")]
    pub most: u32,
}

/// What the kept runners of an app cost before a change and after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CostChange {
    /// The cost before; `None` where it is not known or the app is not deployed.
    pub from: Option<CostPerHour>,
    /// The cost afterwards; `None` where it is not known or the app is deleted.
    pub to: Option<CostPerHour>,
}

impl CostPerHour {
    /// The cost of no runner.
    pub const ZERO: Self = Self { least: 0, most: 0 };

    /// The cost of the runners that an app with these parameters keeps. `None` if one of its
    /// machine types has no price.
    pub(crate) fn of_kept_runners(
        code: &Parameters,
        scaling: &Parameters,
        custom: &[CustomMachine],
    ) -> Option<Self> {
        let kept = kept_runners(scaling);
        if kept == 0 {
            return Some(Self::ZERO);
        }
        let machines = machines::named_in(code, custom);
        if machines.len() < code.machine_types().len() {
            return None;
        }
        let gpus = code.number(Key::Gpus).unwrap_or(1);
        let price = |machine: &CustomMachine| PRICE_PER_HOUR.get(&machine.figures.with_gpus(gpus));
        let prices: Vec<u32> = machines.iter().map(price).collect::<Option<_>>()?;
        Some(Self {
            least: prices.iter().min()?.checked_mul(kept)?,
            most: prices.iter().max()?.checked_mul(kept)?,
        })
    }

    pub(crate) fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            least: self.least.checked_add(other.least)?,
            most: self.most.checked_add(other.most)?,
        })
    }
}

/// The runners that are kept without any request: the larger of `min_concurrency` and
/// `concurrency_buffer`, up to `max_concurrency`.
fn kept_runners(scaling: &Parameters) -> u32 {
    let number = |key| scaling.number_or_default(key);
    number(Key::MinConcurrency)
        .max(number(Key::ConcurrencyBuffer))
        .min(number(Key::MaxConcurrency))
}

impl CostChange {
    /// Whether no cost is known, or nothing is kept.
    pub fn is_nothing(&self) -> bool {
        let is_nothing = |cost: Option<CostPerHour>| cost.is_none_or(|cost| cost.most == 0);
        is_nothing(self.from) && is_nothing(self.to)
    }
}

impl fmt::Display for CostPerHour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |amount| PRICE_PER_HOUR.unit.show(amount);
        if self.least != self.most {
            write!(f, "{} to ", show(self.least))?;
        }
        write!(f, "{}/hour", show(self.most))
    }
}

/// Writes an amount as records write prices.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn amount<S: Serializer>(amount: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    // What the unit writes is JSON.
    let json: Value = serde_json::from_str(&PRICE_PER_HOUR.unit.json(*amount)).unwrap_or_default();
    json.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use machinist_core::machines_toml;
    use serde_json::json;

    use super::*;

    const MACHINES: &str = "[GPU-H100]\nprice_per_hour = 1.99\n\
                            [GPU-H200]\nprice_per_hour = 2.5\n\
                            [XL]\nprice_per_hour = 0.05\n";

    fn cost(code: Value, scaling: Value) -> Option<CostPerHour> {
        let parameters = |json| serde_json::from_value::<Parameters>(json).unwrap();
        let custom = machines_toml::read(MACHINES).unwrap();
        CostPerHour::of_kept_runners(&parameters(code), &parameters(scaling), &custom)
    }

    #[test]
    fn the_larger_of_minimum_and_buffer_is_kept_up_to_the_maximum() {
        for (scaling, kept) in [
            (json!({}), 0),
            (json!({"min_concurrency": 1}), 1),
            (json!({"concurrency_buffer": 2}), 2),
            (json!({"min_concurrency": 1, "concurrency_buffer": 2}), 2),
            (json!({"min_concurrency": 2, "concurrency_buffer": 1}), 2),
            // The platform's default of the maximum.
            (json!({"concurrency_buffer": 5}), 2),
            (json!({"concurrency_buffer": 5, "max_concurrency": 4}), 4),
            (
                json!({"concurrency_buffer_perc": 100, "max_concurrency": 4}),
                0,
            ),
        ] {
            let cost = cost(
                json!({"machine_type": ["GPU-H100"], "gpus": 1}),
                scaling.clone(),
            );
            let expected = CostPerHour {
                least: 19_900 * kept,
                most: 19_900 * kept,
            };
            assert_eq!(cost, Some(expected), "{scaling}");
        }
    }

    #[test]
    fn a_runner_costs_what_its_gpus_cost_on_the_cheapest_and_on_the_dearest_machine_type() {
        for (code, expected) in [
            (
                json!({"machine_type": ["GPU-H100"], "gpus": 2}),
                Some("3.98/hour"),
            ),
            // An app that a platform reported may lack the number.
            (json!({"machine_type": ["GPU-H100"]}), Some("1.99/hour")),
            (
                json!({"machine_type": ["GPU-H200", "GPU-H100"], "gpus": 2}),
                Some("3.98 to 5/hour"),
            ),
            (json!({"machine_type": ["XL"]}), Some("0.05/hour")),
            (
                json!({"machine_type": ["GPU-H100", "GPU-B200"], "gpus": 1}),
                None,
            ),
            (
                json!({"machine_type": ["GPU-H100", "GPU-GONE"], "gpus": 1}),
                None,
            ),
            (json!({}), None),
        ] {
            let cost = cost(code.clone(), json!({"min_concurrency": 1}));
            assert_eq!(
                cost.map(|cost| cost.to_string()).as_deref(),
                expected,
                "{code}"
            );
        }
    }

    #[test]
    fn more_than_can_be_counted_is_not_known() {
        let scaling = json!({"min_concurrency": 100_000, "max_concurrency": 100_000});
        let code = |gpus: u32| json!({"machine_type": ["GPU-H100"], "gpus": gpus});
        let most = cost(code(2), scaling.clone()).unwrap();
        assert_eq!(most.to_string(), "398000/hour");
        assert_eq!(cost(code(8), scaling), None);
    }

    #[test]
    fn json_has_prices_as_machines_toml_has_them() {
        let cost = CostPerHour {
            least: 39_800,
            most: 50_000,
        };
        let change = CostChange {
            from: None,
            to: Some(cost),
        };
        let expected = json!({"from": null, "to": {"least": 3.98, "most": 5}});
        assert_eq!(serde_json::to_value(change).unwrap(), expected);
    }
}
