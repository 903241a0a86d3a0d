//! What is read as text: a manifest, a state, a kept plan, machine types. Each is an error or can be written and
//! read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use machinist_core::machines_toml;
use machinist_deploy::{KeptPlan, Manifest, State};

fuzz_target!(|text: &str| {
    if let Ok(manifest) = Manifest::parse(text) {
        let again = Manifest::parse(&manifest.to_json()).expect("what was written can be read");
        assert_eq!(manifest, again);
    }
    if let Ok(state) = State::parse(text) {
        let again = State::parse(&state.to_json()).expect("what was written can be read");
        assert_eq!(state, again);
    }
    if let Ok(plan) = KeptPlan::parse(text) {
        let again = KeptPlan::parse(&plan.to_json()).expect("what was written can be read");
        let _ = plan.differences(&again);
    }
    let _ = machines_toml::read(text);
});
