//! The first paragraph of the documentation, whatever is in it.
#![deny(warnings)]

/// Says "hi" \ and
///   goes on, with é and a tab	here.
///
/// Not this.
#[machinist::app(machine_type = "S")]
fn lines() {}

/** Block
 comment. */
#[machinist::app(machine_type = "S")]
fn block() {}

#[doc = concat!("not ", "a literal")]
#[doc = ""]
#[doc = "After an empty line."]
#[machinist::app(machine_type = "S")]
fn attributes() {}

#[machinist::app(machine_type = "S")]
fn none() {}

fn main() {
    (lines(), block(), attributes(), none());
    let manifest = machinist::manifest();
    for expected in [
        r#""description": "Says \"hi\" \\ and goes on, with é and a tab\there.""#,
        r#""description": "Block comment.""#,
        r#""description": "After an empty line.""#,
    ] {
        assert!(manifest.contains(expected), "{manifest}");
    }
    assert_eq!(manifest.matches("description").count(), 3);
}
