//! What can be annotated, compiled and run. Apart from the mistakes, because one program to run
//! makes trybuild build them all.

#[test]
fn everything_that_can_be_an_app_is_one() {
    trybuild::TestCases::new().pass("compile-pass/*.rs");
}
