//! The Rust code of the README and of the book, compiled and run as documentation tests.

macro_rules! pages {
    ($($name:ident = $path:literal;)*) => {
        $(#[doc = include_str!(concat!("../../", $path))] struct $name;)*
    };
}

pages! {
    Readme = "README.md";
    Start = "docs/src/start.md";
    Attribute = "docs/src/attribute.md";
    Environments = "docs/src/environments.md";
}
