//! `cargo machinist init`.

mod cargo_toml;
mod edits;
mod first_app;
mod gitignore;
mod package;

use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Package};
use clap::ValueHint;
use clap::builder::PossibleValuesParser;
use machinist_core::machine_types::unknown_machine_type;
use machinist_core::name::is_dns_label;
use machinist_deploy::{
    FILE, PackageSettings, Project, Settings, TARGETS, check_image_name, shell_word, target,
};
use serde_json::json;

use crate::args::globals::Format;
use crate::args::selection::CARGO_TOML_AND_LOCK;
use crate::context::Context;
use crate::destination::DEFAULT_STATE_FILE;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::git::Repository;
use crate::machines_file;
use crate::output::Output;
use crate::paths::relative_to_cwd;
use crate::workspace::Workspace;
use cargo_toml::CargoToml;
use edits::Edits;
use first_app::Found;
use package::Sources;

/// Add machinist to a package: the dependency, a first app and the settings
///
/// What is there already stays as it is. If one of the files cannot be changed, none is.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The package [default: that of the current folder]
    #[arg(short, long, value_name = "NAME")]
    package: Option<String>,
    /// The binary whose `main` is the app, if the package has several
    #[arg(long, value_name = "NAME", conflicts_with = "item")]
    bin: Option<String>,
    /// The function, struct or enum that is the app [default: `main` of the binary]
    #[arg(long, value_name = "ITEM")]
    item: Option<String>,
    /// The app's name [default: made from the item's or the binary's name]
    #[arg(long, value_name = "NAME", value_parser = app_name)]
    app: Option<String>,
    /// The machine type; may be given several times, the best first
    #[arg(long, value_name = "NAME", default_value = "GPU-L40")]
    machine_type: Vec<String>,
    /// Where to deploy; without it, it is asked on a terminal [default: file]
    #[arg(long, value_name = "TARGET", value_parser = PossibleValuesParser::new(TARGETS))]
    target: Option<String>,
    /// The container image that the platform runs
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// Show the changes, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The Cargo.toml of the package
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = CARGO_TOML_AND_LOCK)]
    manifest_path: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  cargo machinist init --machine-type GPU-H100 --target fal";

/// The port of a first app.
const PORT: u16 = 8080;

/// What a new program says until its code is written.
const NEW_MAIN: &str = "fn main() {\n    println!(\"serve requests on port 8080 here\");\n}\n";

fn app_name(text: &str) -> Result<String, String> {
    match is_dns_label(text) {
        true => Ok(text.to_owned()),
        false => Err("a name is 1 to 63 of `a-z`, `0-9` and `-`, with no `-` at either end".into()),
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let output = &context.output;
    let metadata = package::metadata(args.manifest_path.as_deref())?;
    let package = package::choose(
        &metadata,
        args.package.as_deref(),
        args.manifest_path.as_deref(),
    )?;
    let folder = package.manifest_path.with_file_name("");
    check_machine_types(&args.machine_type, folder.as_std_path())?;
    let workspace = Workspace::new(&metadata);
    let environment = context.globals.environment();
    let settings = Settings::read(&workspace.cargo_tomls, environment.as_deref())?;
    let own = settings.of_package(Some(&package.name));
    let mut edits = Edits::default();
    let library = add_dependency(package, &metadata, &mut edits)?;
    add_app(args, package, &library, &mut edits)?;
    let image = settings.for_app("", Some(&package.name)).image;
    let present = (own.target(), image.as_deref());
    let target = add_settings(args, &workspace, present, output, &mut edits)?;
    add_ignored(&workspace, &own, &mut edits)?;
    if !args.dry_run {
        edits.write()?;
    }
    let has_image = args.image.is_some() || image.is_some();
    let environment = context.globals.env.as_deref();
    let next = next(args, (&target, has_image), package, environment);
    report(args, &edits, &next, output)
}

fn check_machine_types(names: &[String], folder: &Path) -> Result<(), Failure> {
    let catalogue = machines_file::catalogue_of(folder)?;
    for name in names {
        if catalogue.find(name).is_none() && catalogue.custom(name).is_none() {
            return Err(unknown_machine_type(&catalogue, name).into());
        }
    }
    Ok(())
}

/// The text of a file that cargo has read.
fn text_of(path: &Path, edits: &Edits) -> Result<String, Failure> {
    edits.text(path)?.ok_or_else(|| {
        let path = relative_to_cwd(path);
        Failure::new(format!("`{}` is missing", path.display()))
    })
}

fn parse(path: &Path, edits: &Edits) -> Result<CargoToml, Failure> {
    let name = relative_to_cwd(path).display().to_string();
    CargoToml::parse(&text_of(path, edits)?, &name)
}

/// Adds the dependency, and gives the name by which code finds the library.
fn add_dependency(
    package: &Package,
    metadata: &Metadata,
    edits: &mut Edits,
) -> Result<String, Failure> {
    let path = package.manifest_path.as_std_path();
    let mut file = parse(path, edits)?;
    if let Some(name) = file.library_name() {
        return Ok(name);
    }
    let root = metadata.workspace_root.join("Cargo.toml");
    let inherited = parse(root.as_std_path(), edits)?.has_workspace_dependency();
    let line = file.add_library(inherited)?;
    edits.set(path, &file.text(), format!("`{line}`"))?;
    Ok("machinist".into())
}

/// The line of the first app.
fn attribute(args: &Args, library: &str) -> String {
    let quoted = |name: &String| format!("\"{name}\"");
    let machines: Vec<String> = args.machine_type.iter().map(quoted).collect();
    let machines = match &*machines {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    let name = args
        .app
        .as_ref()
        .map(|name| format!("name = {}, ", quoted(name)));
    let renamed = match library {
        "machinist" => String::new(),
        other => format!(", crate = {other}"),
    };
    format!(
        "#[{library}::app({}machine_type = {machines}, port = {PORT}{renamed})]",
        name.unwrap_or_default()
    )
}

/// Adds the first app, unless the package has one.
fn add_app(
    args: &Args,
    package: &Package,
    library: &str,
    edits: &mut Edits,
) -> Result<(), Failure> {
    let sources = Sources::of(package);
    let files = sources.files();
    if let Some(item) = &args.item {
        add_app_above(item, &files, args, library, edits)?;
        return match sources.binaries.is_empty() && !sources.is_cdylib {
            true => add_program(&sources, package, None, edits),
            false => Ok(()),
        };
    }
    let chosen = sources.binary(args.bin.as_deref(), package);
    if args.bin.is_none() {
        for file in &files {
            let text = edits.text(file)?.unwrap_or_default();
            if first_app::has_app(&text, library) {
                return Ok(());
            }
        }
    }
    match chosen? {
        Some(binary) => {
            let file = binary.src_path.clone().into_std_path_buf();
            add_app_above("main", &[file], args, library, edits)
        }
        None => add_program(&sources, package, Some(&attribute(args, library)), edits),
    }
}

/// Adds the attribute to the item of this name in the first of these files that has it.
fn add_app_above(
    item: &str,
    files: &[PathBuf],
    args: &Args,
    library: &str,
    edits: &mut Edits,
) -> Result<(), Failure> {
    let attribute = attribute(args, library);
    let by_hand = format!("write `{attribute}` above the one that serves the app");
    for file in files {
        let name = relative_to_cwd(file).display().to_string();
        let text = text_of(file, edits)?;
        let found = first_app::find(&text, item, library).map_err(|(reason, line)| {
            Failure::new(format!("cannot read `{name}:{line}`: {reason}"))
                .help("mend it, so that it compiles, and try again")
        })?;
        match *found {
            [] => {}
            _ if found.contains(&Found::App) => return Ok(()),
            [Found::Item(place)] => {
                let text = first_app::with_attribute(&text, place, &attribute);
                return edits.set(file, &text, format!("`{attribute}` above `{item}`"));
            }
            _ => {
                let count = found.len();
                return Err(
                    Failure::new(format!("`{name}` has {count} items named `{item}`"))
                        .help(by_hand),
                );
            }
        }
    }
    let places: Vec<String> = files
        .iter()
        .take(3)
        .map(|file| format!("`{}`", relative_to_cwd(file).display()))
        .collect();
    Err(Failure::new(format!(
        "there is no function, struct or enum `{item}` in {}{}",
        places.join(", "),
        if files.len() > 3 {
            " and the files beside it"
        } else {
            ""
        }
    ))
    .help("name the one that serves the app with `--item NAME`")
    .note("items inside functions and macros are not found"))
}

/// Adds a program to a package that has none: a library alone is not run by any platform.
fn add_program(
    sources: &Sources<'_>,
    package: &Package,
    attribute: Option<&str>,
    edits: &mut Edits,
) -> Result<(), Failure> {
    let folder = package.manifest_path.with_file_name("");
    let file = folder.join("src").join("main.rs").into_std_path_buf();
    if edits.text(&file)?.is_some() {
        let name = relative_to_cwd(&file).display().to_string();
        return Err(Failure::new(format!(
            "the package `{}` has no binary, and `{name}` exists",
            package.name
        ))
        .help("add a `[[bin]]` with its `path` to Cargo.toml")
        .note("with `autobins = false` cargo does not find it by itself"));
    }
    let text = match (attribute, sources.library) {
        (Some(attribute), _) => format!("{attribute}\n{NEW_MAIN}"),
        // Without a name of it in the program, the library would not be linked.
        (None, Some(library)) => {
            let krate = library.name.replace('-', "_");
            format!("use {krate} as _;\n\n{NEW_MAIN}")
        }
        (None, None) => NEW_MAIN.to_owned(),
    };
    edits.set(&file, &text, "a program that is deployed".into())
}

/// Adds the target, and the image if one is given, where the package has none. Gives the target's
/// name.
fn add_settings(
    args: &Args,
    workspace: &Workspace,
    (present_target, present_image): (Option<&str>, Option<&str>),
    output: &Output,
    edits: &mut Edits,
) -> Result<String, Failure> {
    let mut added: Vec<(&str, &str)> = Vec::new();
    let target = match (present_target, &args.target) {
        (Some(present), Some(flag)) if present != flag => {
            return Err(Failure::new(format!(
                "the settings name the target `{present}` already, not `{flag}`"
            ))
            .help("change `target` in Cargo.toml, or deploy with `--target`")
            .note("nothing was changed"));
        }
        (Some(present), _) => present.to_owned(),
        (None, Some(flag)) => flag.clone(),
        (None, None) => ask_target(output)?,
    };
    if present_target.is_none() {
        added.push(("target", &target));
    }
    if let Some(image) = &args.image {
        check_image_name(image)?;
        match present_image {
            Some(present) if present != image => {
                return Err(Failure::new(format!(
                    "the settings name the image `{present}` already"
                ))
                .help("change `image` in Cargo.toml")
                .note("nothing was changed"));
            }
            Some(_) => {}
            None => added.push(("image", image)),
        }
    }
    if !added.is_empty() {
        let path = workspace.root.join("Cargo.toml");
        let mut file = parse(&path, edits)?;
        let lines = file.add_settings(&added)?;
        edits.set(&path, &file.text(), format!("`{lines}`"))?;
    }
    Ok(target)
}

/// Asks where to deploy. Without a terminal it is the target that needs no platform.
fn ask_target(output: &Output) -> Result<String, Failure> {
    let question = format!("Deploy to which of {}? [{FILE}]", TARGETS.join(", "));
    let answer = output.ask_for(&question);
    match answer.as_deref().map(str::trim) {
        None | Some("") => Ok(FILE.to_owned()),
        Some(name) => Ok(target(name, Project::default())?.name().to_owned()),
    }
}

/// Adds the line of `.gitignore` where git is used.
fn add_ignored(
    workspace: &Workspace,
    own: &PackageSettings<'_>,
    edits: &mut Edits,
) -> Result<(), Failure> {
    let path = workspace.root.join(gitignore::FILE);
    let text = edits.text(&path)?;
    if text.is_none() && Repository::around(&workspace.root).is_none() {
        return Ok(());
    }
    let line = gitignore::line(&own.state(Path::new(DEFAULT_STATE_FILE)));
    match gitignore::with_line(&text.unwrap_or_default(), &line) {
        Some(text) => edits.set(&path, &text, format!("`{line}`")),
        None => Ok(()),
    }
}

/// What to do next.
fn next(
    args: &Args,
    (target_name, has_image): (&str, bool),
    package: &Package,
    environment: Option<&str>,
) -> Vec<String> {
    let mut next = Vec::new();
    let needs_image =
        target(target_name, Project::default()).is_ok_and(|target| target.needs_image());
    if needs_image && !has_image {
        next.push(format!(
            "write `image = \"REGISTRY/NAME:TAG\"` below `target` in Cargo.toml: {target_name} runs an image"
        ));
    }
    let mut flags = String::new();
    if args.package.is_some() {
        flags += &format!(" -p {}", package.name);
    }
    if let Some(path) = &args.manifest_path {
        flags += &format!(
            " --manifest-path {}",
            shell_word(&path.display().to_string())
        );
    }
    if let Some(name) = environment {
        flags += &format!(" --env {}", shell_word(name));
    }
    next.push(format!(
        "see what a deploy does: `cargo machinist plan{flags}`"
    ));
    next.push(format!("deploy: `cargo machinist deploy{flags}`"));
    next
}

fn report(args: &Args, edits: &Edits, next: &[String], output: &Output) -> Result<Exit, Failure> {
    let changes = edits.changes();
    let files = changes
        .iter()
        .map(|change| json!({"file": change.file, "added": change.added, "diff": change.diff}));
    let files: Vec<_> = files.collect();
    output.document(&json!({"dry_run": args.dry_run, "files": files, "next": next}))?;
    for change in &changes {
        if args.dry_run && output.format == Format::Text {
            output.diff(&change.diff)?;
        }
        let verb = if args.dry_run { "Would add" } else { "Added" };
        for added in &change.added {
            output.status(verb, &format!("{added} to {}", change.file));
        }
    }
    if changes.is_empty() {
        output.status("Unchanged", "everything is there already");
    }
    for step in next {
        output.status("Next", step);
    }
    Ok(Exit::Success)
}
