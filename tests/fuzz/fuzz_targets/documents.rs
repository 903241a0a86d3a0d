//! What is read as text: a manifest, a state, machine types. Each is an error or can be written and
//! read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use machinist_core::machines_toml;
use machinist_deploy::{Manifest, State};

fuzz_target!(|text: &str| {
    if let Ok(manifest) = Manifest::parse(text) {
        let again = Manifest::parse(&manifest.to_json()).expect("what was written can be read");
        assert_eq!(manifest, again);
    }
    if let Ok(state) = State::parse(text) {
        let again = State::parse(&state.to_json()).expect("what was written can be read");
        assert_eq!(state, again);
    }
    let _ = machines_toml::read(text);
});
