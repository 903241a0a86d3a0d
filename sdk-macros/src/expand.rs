//! Writes the code of an expansion: the record, the typed constant, the errors and the warnings.

use machinist_core::MachineType;
use machinist_core::app::App;
use machinist_core::attribute::{Arg, ArgValue, Attribute, Place};
use machinist_core::check;
use machinist_core::entry::Origin;
use machinist_core::figure::FIGURES;
use machinist_core::keys::NAME;
use machinist_core::parameter::{Group, Key};
use machinist_core::problem::{Finding, Problem};
use machinist_core::record;
use machinist_core::setting::Setting;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::call_site::CallSite;
use crate::ide_spans::IdeSpans;
use crate::item::{self, Item};
use crate::machines_file;
use crate::parse::{self, ATTRIBUTE, Places, Range, range_of};

/// Expands `#[app(args)] item`.
pub(crate) fn app(args: TokenStream, item: TokenStream, call: &CallSite) -> TokenStream {
    let generated = match item::parse(item.clone()) {
        Ok(parsed) => generate(args, &parsed, call),
        Err((range, problem)) => compile_error(range, &problem),
    };
    // The item stays as it is even if there are errors, so that code which uses it has none.
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
    match check_and_register(arguments, item, call, &krate) {
        Ok(code) => code,
        Err(errors) => {
            let placeholder = placeholder_impl(item, &krate);
            quote!(#errors #placeholder)
        }
    }
}

/// An `impl App` for a type whose attribute has errors, so that code which uses its `SPEC` has
/// none.
fn placeholder_impl(item: &Item, krate: &TokenStream) -> Option<TokenStream> {
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

/// The code that registers the app, or all errors.
fn check_and_register(
    mut arguments: parse::Arguments,
    item: &Item,
    call: &CallSite,
    krate: &TokenStream,
) -> Result<TokenStream, TokenStream> {
    let item_name_place = arguments.places.add(range_of(item.name.span()));
    let name_place = name_place(&arguments.args).unwrap_or(item_name_place);
    let attribute = Attribute {
        place: ATTRIBUTE,
        item_name: default_name(item, call),
        item_name_place,
        args: std::mem::take(&mut arguments.args),
        unreadable: arguments.unreadable,
    };
    let package = match machines_file::catalogue_of(&call.folder) {
        Ok(package) => package,
        Err(problem) => return Err(compile_error(range_of(call.span), &problem)),
    };
    let checked = check::check(&attribute, &package.catalogue);
    let places = &arguments.places;
    let ide_spans = IdeSpans::new(&attribute.args, places);
    let mut errors = arguments.errors;
    errors.extend(checked.errors);
    errors.sort_by_key(|error| error.place.0);
    match checked.app {
        Some(app) if errors.is_empty() => {
            let warnings = checked
                .warnings
                .iter()
                .map(|finding| warning(finding, places, item));
            let name_span = places.range(name_place).0;
            let register = register(&app, item, call, krate, name_span, &ide_spans);
            let track_file = package.file.as_deref().map(track_file);
            Ok(quote!(#(#warnings)* #track_file #register))
        }
        _ => Err(errors
            .iter()
            .map(|error| compile_error(places.range(error.place), &error.problem))
            .collect()),
    }
}

/// Code that makes cargo rebuild when the file changes. Cargo does not know of files that a macro
/// reads itself.
fn track_file(file: &str) -> TokenStream {
    quote! {
        const _: &[::core::primitive::u8] = ::core::include_bytes!(#file);
    }
}

/// The name from which the app's name is made if the attribute gives none: the item's, or for
/// `main` that of the program.
fn default_name(item: &Item, call: &CallSite) -> String {
    let name = item.name.to_string();
    match name.strip_prefix("r#").unwrap_or(&name) {
        "main" if item.generics.is_none() => {
            call.binary.clone().unwrap_or_else(|| call.package.clone())
        }
        name => name.into(),
    }
}

/// The place of the app's name in the arguments.
fn name_place(args: &[Arg]) -> Option<Place> {
    args.iter().find_map(|arg| match arg.value {
        ArgValue::Value(_, place) if arg.key == NAME => Some(place),
        _ => None,
    })
}

/// The code of a valid app: its record and, for a type, `impl App`.
fn register(
    app: &App,
    item: &Item,
    call: &CallSite,
    krate: &TokenStream,
    name_span: Span,
    ide_spans: &IdeSpans<'_>,
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
        Err(_) => return compile_error(range_of(item.name.span()), &too_long()),
    };
    let guard = guard(&app.name, name_span);
    let length = Literal::usize_unsuffixed(record.len());
    let record = Literal::byte_string(&record);
    // The fields and constants in `impl App` have spans for an IDE already.
    let (ide_references, implement) = match &item.generics {
        None => (Some(ide_references(app, ide_spans)), None),
        Some(generics) => (None, Some(implement(app, item, generics, krate, ide_spans))),
    };
    quote! {
        #krate::__register! { #length #record {#guard} #ide_references }
        #implement
    }
}

/// The keys that become fields of [`Spec`](machinist_core::Spec) itself, and the fields' names.
const FIELDS: [(&str, &str); 3] = [
    (NAME, "name"),
    (Key::MachineType.as_str(), "machine_types"),
    (Key::Gpus.as_str(), "gpus"),
];

/// The constants and fields that the machine types and keys of an attribute refer to.
fn ide_references(app: &App, ide_spans: &IdeSpans<'_>) -> TokenStream {
    let machines = app
        .machine_types
        .iter()
        .enumerate()
        .filter(|(_, machine)| !is_custom(app, machine))
        .map(|(i, machine)| constant(machine, ide_spans.machine(i)));
    let (mut fields, mut code, mut scaling) = (Vec::new(), Vec::new(), Vec::new());
    for (group, key, span) in ide_spans.keys() {
        let field = FIELDS.iter().find(|(candidate, _)| *candidate == key);
        let (list, name) = match (group, field) {
            (Group::Scaling, _) => (&mut scaling, key),
            (Group::Code, None) => (&mut code, key),
            (Group::Code, Some((_, field))) => (&mut fields, *field),
        };
        list.push(Ident::new(name, span));
    }
    quote!({[#(#machines)*] [#(#fields)*] [#(#code)*] [#(#scaling)*]})
}

fn is_custom(app: &App, machine: &MachineType) -> bool {
    app.custom.iter().any(|custom| custom.name == machine.name)
}

/// The name of a built-in machine type's constant.
fn constant(machine: &MachineType, span: Span) -> Ident {
    Ident::new(&machine.name.replace('-', "_"), span)
}

/// `impl App` for a type.
fn implement(
    app: &App,
    item: &Item,
    generics: &item::Generics,
    krate: &TokenStream,
    ide_spans: &IdeSpans<'_>,
) -> TokenStream {
    let name = &app.name;
    let machines = app.machine_types.iter().enumerate().map(|(i, machine)| {
        if is_custom(app, machine) {
            custom_machine(machine, krate)
        } else {
            let name = constant(machine, ide_spans.machine(i));
            quote!(#krate::catalogue::#name)
        }
    });
    let gpus = Literal::u32_unsuffixed(app.gpus);
    let [name_key, machine_types, gpus_key] =
        FIELDS.map(|(key, field)| Ident::new(field, ide_spans.key(key)));
    let code = fields(app, Group::Code, ide_spans);
    let scaling = fields(app, Group::Scaling, ide_spans);
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

/// A custom machine type as a constant expression.
fn custom_machine(machine: &MachineType, krate: &TokenStream) -> TokenStream {
    let name = machine.name;
    let fields = FIGURES.iter().map(|figure| {
        let field = Ident::new(figure.field, Span::call_site());
        // The text has only numbers and paths, so it is always valid.
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

/// A macro that is named after the app and never used. If two apps of a crate have the same name,
/// the compiler reports that it is defined twice, and shows both places.
fn guard(app: &str, name_span: Span) -> TokenStream {
    let guard = Ident::new(
        &format!("machinist_app_{}", app.replace('-', "_")),
        name_span,
    );
    quote_spanned! {name_span=>
        #[doc(hidden)]
        #[macro_export]
        #[allow(non_local_definitions)]
        macro_rules! #guard {
            () => {};
        }
    }
}

/// A record that is longer than records can be.
fn too_long() -> Problem {
    Problem::new("the app's documentation is too long for its record").help(format!(
        "shorten its first paragraph to less than {} bytes",
        record::MAX_PAYLOAD / 2
    ))
}

/// `key value` for every parameter of a group that the attribute sets.
fn fields(app: &App, group: Group, ide_spans: &IdeSpans<'_>) -> TokenStream {
    let settings = app.settings.iter();
    let of_group = settings.filter(|(key, _)| key.parameter().group == group);
    of_group
        .map(|(key, setting)| {
            let key = Ident::new(key.as_str(), ide_spans.key(key.as_str()));
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

/// A warning. On stable Rust a macro can only warn by the use of something deprecated.
fn warning(finding: &Finding, places: &Places, item: &Item) -> TokenStream {
    let (span, _) = places.range(finding.place);
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
