//! What no single crate can test.
