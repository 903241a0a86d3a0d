//! From a checked app to code: the record, the typed entry and the errors.

use machinist_core::MachineType;
use machinist_core::app::App;
use machinist_core::attribute::{Arg, ArgValue, Attribute, Place, Value};
use machinist_core::check;
use machinist_core::entry::Origin;
use machinist_core::figure::FIGURES;
use machinist_core::keys::{NAME, SCALING};
use machinist_core::parameter::{Group, Key};
use machinist_core::problem::{Finding, Problem};
use machinist_core::record;
use machinist_core::setting::Setting;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::item::{self, Item};
use crate::machines_file;
use crate::parse::{self, ATTRIBUTE, Places, Range, one};

/// Where the attribute stands, and in which build.
pub(crate) struct CallSite {
    pub(crate) span: Span,
    /// The package's folder.
    pub(crate) folder: String,
    pub(crate) package: String,
    pub(crate) version: String,
    /// The binary that is built, if one is.
    pub(crate) binary: Option<String>,
    /// The source file relative to the package's folder; empty where the compiler does not say.
    pub(crate) file: String,
    /// The attribute's line from 1; 0 where the compiler does not say.
    pub(crate) line: usize,
}

impl CallSite {
    /// What the compiler and cargo say. Cargo builds anew when one of its variables changes.
    #[expect(clippy::disallowed_methods, reason = "what cargo says of the package")]
    pub(crate) fn here(span: Span) -> Self {
        let cargo = |name| std::env::var(name).ok();
        let line = span.start().line;
        // Before Rust 1.88 no line is known, and what is given as the file is none.
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
            file: in_package(&file, &folder),
            line,
            folder,
        }
    }
}

/// A source file relative to its package's folder, with `/`. The compiler gives it relative to
/// the folder it runs in (the workspace's), or absolute.
#[expect(clippy::disallowed_methods, reason = "for the places of files alone")]
pub(crate) fn in_package(file: &str, package: &str) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = here.join(file);
    let inside = match path.strip_prefix(package) {
        // Without cargo the package's folder is not known.
        Ok(inside) if inside.is_relative() => inside,
        // A generated file: its folder is another one on every machine.
        _ if path.is_absolute() && file.starts_with(['/', '\\']) => {
            std::path::Path::new(path.file_name().unwrap_or_default())
        }
        _ => std::path::Path::new(file),
    };
    inside.to_string_lossy().replace('\\', "/")
}

/// `#[app(args)] item`.
pub(crate) fn app(args: TokenStream, item: TokenStream, call: &CallSite) -> TokenStream {
    let generated = match item::split(item.clone()) {
        Ok(split) => generate(args, &split, call),
        Err((at, problem)) => compile_error(at, &problem),
    };
    // The item comes out as it went in, with errors too: nothing else breaks, in an IDE either.
    let mut out = item;
    out.extend(generated);
    out
}

fn generate(args: TokenStream, item: &Item, call: &CallSite) -> TokenStream {
    let mut arguments = parse::arguments(args, call.span);
    let krate = arguments
        .krate
        .take()
        .unwrap_or_else(|| quote!(::machinist));
    match checked(arguments, item, call, &krate) {
        Ok(app) => app,
        Err(errors) => {
            let stand_in = stand_in(item, &krate);
            quote!(#errors #stand_in)
        }
    }
}

/// So that code which asks the type for its machine gives no errors of its own.
fn stand_in(item: &Item, krate: &TokenStream) -> Option<TokenStream> {
    let item::Generics {
        params,
        args,
        bounds,
    } = item.generics.as_ref()?;
    let name = &item.name;
    Some(quote! {
        #[allow(dead_code, deprecated)]
        impl<#params> #krate::App for #name<#args> #bounds {
            const SPEC: #krate::Spec = #krate::Spec::EMPTY;
        }
    })
}

fn checked(
    mut arguments: parse::Arguments,
    item: &Item,
    call: &CallSite,
    krate: &TokenStream,
) -> Result<TokenStream, TokenStream> {
    let item_name_at = arguments.places.add(one(item.name.span()));
    let name_at = name_place(&arguments.args).unwrap_or(item_name_at);
    let attribute = Attribute {
        at: ATTRIBUTE,
        item_name: default_name(item, call),
        item_name_at,
        args: std::mem::take(&mut arguments.args),
        unreadable: arguments.unreadable,
    };
    let machines = match machines_file::machines(&call.folder) {
        Ok(machines) => machines,
        Err(problem) => return Err(compile_error(one(call.span), &problem)),
    };
    let checked = check::check(&attribute, &machines.catalogue);
    let places = &arguments.places;
    let written = Written::of(&attribute.args, places);
    let error = |at, problem: &Problem| compile_error(places.range(at), problem);
    let mut errors: Vec<_> = arguments
        .errors
        .iter()
        .map(|(at, what)| (at.0, error(*at, what)))
        .collect();
    errors.extend(
        checked
            .errors
            .iter()
            .map(|f| (f.at.0, error(f.at, &f.problem))),
    );
    errors.sort_by_key(|(place, _)| *place);
    match checked.app {
        Some(app) if errors.is_empty() => {
            let warnings = checked
                .warnings
                .iter()
                .map(|finding| warning(finding, places, item));
            let name_span = places.range(name_at).0;
            let register = register(&app, item, call, krate, name_span, &written);
            let tracked = machines.file.as_deref().map(tracked);
            Ok(quote!(#(#warnings)* #tracked #register))
        }
        _ => Err(errors.into_iter().map(|(_, error)| error).collect()),
    }
}

/// So that cargo builds anew when the file changes: what a macro reads by itself is not seen.
fn tracked(file: &str) -> TokenStream {
    quote! {
        const _: &[::core::primitive::u8] = ::core::include_bytes!(#file);
    }
}

/// Where machine types and keys are written. What they come out as stands there too, so that an
/// IDE leads from the one to the other, and to its documentation.
#[derive(Default)]
struct Written<'a> {
    machines: Vec<Span>,
    /// Keys that become fields: those of `requires` become none.
    keys: Vec<(Group, &'a str, Span)>,
}

impl<'a> Written<'a> {
    fn of(args: &'a [Arg], places: &Places) -> Self {
        let mut written = Self::default();
        written.add(Group::Code, args, places);
        written
    }

    fn add(&mut self, group: Group, args: &'a [Arg], places: &Places) {
        let span = |at| places.range(at).0;
        for arg in args {
            match &arg.value {
                ArgValue::Group(args) if arg.key == SCALING => {
                    self.add(Group::Scaling, args, places);
                    continue;
                }
                ArgValue::Group(_) => continue,
                ArgValue::Value(Value::List(names), _) if arg.key == Key::MachineType.as_str() => {
                    self.machines.extend(names.iter().map(|(_, at)| span(*at)));
                }
                ArgValue::Value(_, at) if arg.key == Key::MachineType.as_str() => {
                    self.machines.push(span(*at))
                }
                _ => {}
            }
            self.keys.push((group, &arg.key, span(arg.key_at)));
        }
    }

    /// Where a machine type is written, to the compiler still a part of the expansion.
    fn machine(&self, i: usize) -> Span {
        let here = Span::call_site();
        self.machines
            .get(i)
            .map_or(here, |span| here.located_at(*span))
    }

    fn key(&self, key: &str) -> Span {
        let here = Span::call_site();
        let written = self.keys.iter().find(|(_, known, _)| *known == key);
        written.map_or(here, |(.., span)| here.located_at(*span))
    }
}

/// What the app is called where the attribute does not say: a program's `main` by the program.
fn default_name(item: &Item, call: &CallSite) -> String {
    let name = item.name.to_string();
    match name.strip_prefix("r#").unwrap_or(&name) {
        "main" if item.generics.is_none() => {
            call.binary.clone().unwrap_or_else(|| call.package.clone())
        }
        name => name.into(),
    }
}

/// Where the attribute names the app.
fn name_place(args: &[Arg]) -> Option<Place> {
    args.iter().find_map(|arg| match arg.value {
        ArgValue::Value(_, at) if arg.key == NAME => Some(at),
        _ => None,
    })
}

fn register(
    app: &App,
    item: &Item,
    call: &CallSite,
    krate: &TokenStream,
    name_span: Span,
    written: &Written<'_>,
) -> TokenStream {
    let item_name = item.name.to_string();
    let entry = app.entry(&Origin {
        description: &item.description,
        package: &call.package,
        version: &call.version,
        file: &call.file,
        line: call.line,
        item: &item_name,
    });
    let record = match record::encode(&entry) {
        Ok(record) => record,
        Err(_) => return compile_error(one(item.name.span()), &too_long()),
    };
    let guard = guard(&app.name, name_span);
    let length = Literal::usize_unsuffixed(record.len());
    let record = Literal::byte_string(&record);
    let (documented, implement) = match &item.generics {
        None => (Some(documented(app, written)), None),
        Some(generics) => (None, Some(implement(app, item, generics, krate, written))),
    };
    quote! {
        #krate::__register! { #length #record {#guard} #documented }
        #implement
    }
}

/// The keys that every app has, and the fields that they become.
const FIELDS: [(&str, &str); 3] = [
    (NAME, "name"),
    (Key::MachineType.as_str(), "machine_types"),
    (Key::Gpus.as_str(), "gpus"),
];

/// What stands where something with documentation is written.
fn documented(app: &App, written: &Written<'_>) -> TokenStream {
    let machines = app
        .machine_types
        .iter()
        .enumerate()
        .filter(|(_, machine)| !is_custom(app, machine))
        .map(|(i, machine)| constant(machine, written.machine(i)));
    let here = Span::call_site();
    let (mut fields, mut code, mut scaling) = (Vec::new(), Vec::new(), Vec::new());
    for (group, key, span) in &written.keys {
        let field = FIELDS.iter().find(|(known, _)| known == key);
        let (list, name) = match (group, field) {
            (Group::Scaling, _) => (&mut scaling, *key),
            (Group::Code, None) => (&mut code, *key),
            (Group::Code, Some((_, field))) => (&mut fields, *field),
        };
        list.push(Ident::new(name, here.located_at(*span)));
    }
    quote!({[#(#machines)*] [#(#fields)*] [#(#code)*] [#(#scaling)*]})
}

fn is_custom(app: &App, machine: &MachineType) -> bool {
    app.custom.iter().any(|custom| custom.name == machine.name)
}

/// The catalogue's constant of a machine type.
fn constant(machine: &MachineType, at: Span) -> Ident {
    Ident::new(&machine.name.replace('-', "_"), at)
}

/// `impl App`, of a type.
fn implement(
    app: &App,
    item: &Item,
    generics: &item::Generics,
    krate: &TokenStream,
    written: &Written<'_>,
) -> TokenStream {
    let name = &app.name;
    let machines = app.machine_types.iter().enumerate().map(|(i, machine)| {
        if is_custom(app, machine) {
            custom_machine(machine, krate)
        } else {
            let name = constant(machine, written.machine(i));
            quote!(#krate::catalogue::#name)
        }
    });
    let gpus = Literal::u32_unsuffixed(app.gpus);
    let [name_key, machine_types, gpus_key] =
        FIELDS.map(|(key, field)| Ident::new(field, written.key(key)));
    let code = fields(app, Group::Code, written);
    let scaling = fields(app, Group::Scaling, written);
    let item::Generics {
        params,
        args,
        bounds,
    } = generics;
    let item = &item.name;
    quote! {
        #krate::__implement! {
            (#params) (#item<#args>) (#bounds)
            #name_key #name #machine_types [#(#machines),*] #gpus_key #gpus {#code} {#scaling}
        }
    }
}

/// A machine type of the project's own.
fn custom_machine(machine: &MachineType, krate: &TokenStream) -> TokenStream {
    let name = machine.name;
    let fields = FIGURES.iter().map(|figure| {
        let field = Ident::new(figure.field, Span::call_site());
        // Numbers and paths: the text is always Rust.
        let code: TokenStream = figure.code(&machine.figures).parse().unwrap_or_default();
        quote!(#field: #code)
    });
    quote! {
        #krate::MachineType {
            name: #name,
            figures: #krate::Figures { #(#fields),* },
            suits: "",
        }
    }
}

/// A macro whose only use is to be defined twice where two apps of one crate have one name: then
/// the compiler shows both names.
fn guard(app: &str, name: Span) -> TokenStream {
    let guard = Ident::new(&format!("machinist_app_{}", app.replace('-', "_")), name);
    quote_spanned! {name=>
        #[doc(hidden)]
        #[macro_export]
        #[allow(non_local_definitions)]
        macro_rules! #guard {
            () => {};
        }
    }
}

fn too_long() -> Problem {
    Problem::new("the app's documentation is too long for its record").help(format!(
        "shorten its first paragraph to less than {} bytes",
        record::MAX_PAYLOAD / 2
    ))
}

/// `key value`, for every parameter of a group that is set.
fn fields(app: &App, group: Group, written: &Written<'_>) -> TokenStream {
    let settings = app.settings.iter();
    let of_group = settings.filter(|(key, _)| key.parameter().group == group);
    of_group
        .map(|(key, setting)| {
            let key = Ident::new(key.as_str(), written.key(key.as_str()));
            match setting {
                Setting::Number(number) => {
                    let number = Literal::u32_unsuffixed(*number);
                    quote!(#key #number)
                }
                Setting::Path(path) => quote!(#key #path),
                Setting::List(texts) => quote!(#key {&[#(#texts),*]}),
            }
        })
        .collect()
}

fn compile_error((start, end): Range, problem: &Problem) -> TokenStream {
    let text = problem.to_string();
    let path = quote_spanned!(start=> ::core::compile_error!);
    let message = quote_spanned!(end=> {#text});
    quote!(#path #message)
}

/// A warning, which stable Rust gives a macro only as the use of something deprecated.
fn warning(finding: &Finding, places: &Places, item: &Item) -> TokenStream {
    let (span, _) = places.range(finding.at);
    let lints = &item.lints;
    let note = finding.problem.to_string();
    let used = Ident::new("larger_than_required", span);
    quote! {
        const _: () = {
            #[deprecated(note = #note)]
            #[allow(non_upper_case_globals)]
            const larger_than_required: () = ();
            #lints
            const _: () = #used;
        };
    }
}
