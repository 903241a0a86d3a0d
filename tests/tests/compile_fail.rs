//! What the compiler says of a mistake, word for word. One mistake a file, named by it.
//!
//! `TRYBUILD=overwrite` writes the words anew; a person reads them before they are accepted.

#[test]
fn every_mistake_has_its_error() {
    trybuild::TestCases::new().compile_fail("compile-fail/*.rs");
}
