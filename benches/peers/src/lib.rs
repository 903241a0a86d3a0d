//! What the generated crates of the benches depend on.
