//! Where an attribute is, and in which build.

use std::path::Path;

use proc_macro2::Span;

/// The place of an attribute, and what cargo says of the build.
pub(crate) struct CallSite {
    pub(crate) span: Span,
    /// The package's folder.
    pub(crate) folder: String,
    pub(crate) package: String,
    pub(crate) version: String,
    /// The name of the binary, if the crate is one.
    pub(crate) binary: Option<String>,
    /// The source file, relative to the package's folder; empty if the compiler does not say.
    pub(crate) file: String,
    /// The attribute's line, counted from 1; 0 if the compiler does not say.
    pub(crate) line: usize,
}

impl CallSite {
    /// Asks the compiler and cargo. Cargo rebuilds when one of these variables changes.
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo's variables of the package"
    )]
    pub(crate) fn here(span: Span) -> Self {
        let cargo = |name| std::env::var(name).ok();
        let line = span.start().line;
        // Compilers before Rust 1.88 give no line, and a file that is not the source file.
        let file = if line == 0 {
            String::new()
        } else {
            span.file()
        };
        let folder = cargo("CARGO_MANIFEST_DIR").unwrap_or_default();
        Self {
            span,
            package: cargo("CARGO_PKG_NAME").unwrap_or_default(),
            version: cargo("CARGO_PKG_VERSION").unwrap_or_default(),
            binary: cargo("CARGO_BIN_NAME"),
            file: relative_to_package(&file, &folder),
            line,
            folder,
        }
    }
}

/// The path of a source file relative to its package's folder, with `/` as separator. The compiler
/// gives an absolute path, or one relative to the folder that it runs in, which is the workspace's.
#[expect(clippy::disallowed_methods, reason = "to make paths of files relative")]
pub(crate) fn relative_to_package(file: &str, package: &str) -> String {
    let cwd = std::env::current_dir().unwrap_or_default();
    let path = cwd.join(file);
    let relative = match path.strip_prefix(package) {
        // If the package's folder is empty, because there is no cargo, the path stays absolute.
        Ok(relative) if relative.is_relative() => relative,
        // A generated file: its folder differs from machine to machine.
        _ if path.is_absolute() && file.starts_with(['/', '\\']) => {
            Path::new(path.file_name().unwrap_or_default())
        }
        _ => Path::new(file),
    };
    relative.to_string_lossy().replace('\\', "/")
}
