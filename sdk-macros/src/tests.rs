//! The macro as a function from tokens to tokens, called outside of the compiler.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use proptest::prelude::*;
use quote::quote;

use crate::call_site::{CallSite, relative_to_package};
use crate::expand;

fn call() -> CallSite {
    CallSite {
        span: Span::call_site(),
        folder: String::new(),
        package: "studio".into(),
        version: "1.2.3".into(),
        binary: Some("llm_server".into()),
        file: "src/main.rs".into(),
        line: 7,
    }
}

fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::app(args, item, &call())
}

/// The code after the item, which must come out unchanged.
fn generated(args: TokenStream, item: TokenStream) -> String {
    let count = item.clone().into_iter().count();
    let out: Vec<TokenTree> = expand(args, item.clone()).into_iter().collect();
    let same: TokenStream = out[..count].iter().cloned().collect();
    assert_eq!(same.to_string(), item.to_string());
    out[count..]
        .iter()
        .cloned()
        .collect::<TokenStream>()
        .to_string()
}

/// The payload of the record in an expansion.
fn entry(generated: TokenStream) -> String {
    fn record(tokens: TokenStream) -> Option<Vec<u8>> {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Literal(literal) => match syn::Lit::new(literal) {
                syn::Lit::ByteStr(bytes) => Some(bytes.value()),
                _ => None,
            },
            TokenTree::Group(group) => record(group.stream()),
            _ => None,
        })
    }
    let record = record(generated).unwrap();
    let payloads: Result<Vec<&str>, _> = machinist_core::record::decode(&record).collect();
    payloads.unwrap().concat()
}

#[test]
fn an_item_comes_out_unchanged_even_with_errors() {
    let item = quote! {
        #[derive(Debug)]
        pub(crate) struct App<'a, T: Fn() -> u8>(&'a T) where T: Copy;
    };
    let good = generated(quote!(machine_type = "GPU-H100"), item.clone());
    assert!(good.contains("__register !"), "{good}");
    let bad = generated(quote!(machine_type = "H100", gpus = "2"), item);
    assert_eq!(bad.matches("compile_error !").count(), 2, "{bad}");
    assert!(!bad.contains("__register"), "{bad}");
}

#[test]
fn the_impl_of_a_type_repeats_its_generics() {
    let item = quote! {
        struct App<'a, T: Fn(u8) -> Vec<Vec<u8>> = fn(u8), const N: usize = { 1 + 2 }>(&'a T)
        where
            T: Copy;
    };
    let struct_ = generated(quote!(machine_type = "S"), item);
    let expected = quote! {
        ('a, T: Fn(u8) -> Vec<Vec<u8>>, const N: usize,) (App<'a, T, N,>) (where T: Copy)
    };
    assert!(struct_.contains(&expected.to_string()), "{struct_}");
    let function = generated(
        quote!(machine_type = "S"),
        quote!(
            fn app<T: Copy>(x: T) {}
        ),
    );
    assert!(!function.contains("Copy"), "{function}");
}

#[test]
fn an_entry_has_the_parameters_and_the_place_of_the_app() {
    let item = quote! {
        /// Answers prompts.
        fn main() {}
    };
    let args = quote! {
        machine_type = ["GPU-H100", "GPU-H200"], gpus = 2, startup_timeout = "15m",
        requires(cpus = 1.5, vram = "1.5 TB", bandwidth = "900 GB/s"), scaling(keep_alive = "1h"),
    };
    assert!(
        generated(args.clone(), item.clone()).contains("compile_error"),
        "1.5 TB is too much"
    );

    let args: TokenStream = args
        .to_string()
        .replace("1.5 TB", "150 GB")
        .parse()
        .unwrap();
    assert_eq!(
        entry(expand(args, item)),
        r#"{"name":"llm-server","description":"Answers prompts.","package":"studio","version":"1.2.3","source":{"file":"src/main.rs","line":7,"item":"main"},"code":{"machine_type":["GPU-H100","GPU-H200"],"gpus":2,"startup_timeout":900},"scaling":{"keep_alive":3600},"requires":{"cpus":1.5,"vram":150000,"bandwidth":900}}"#
    );
}

#[test]
fn a_source_file_is_relative_to_its_package() {
    let here = std::env::current_dir().unwrap();
    let package = here.join("examples/studio");
    let package = package.to_str().unwrap();
    let relative = |file: &str| relative_to_package(file, package);
    assert_eq!(relative("examples/studio/src/main.rs"), "src/main.rs");
    assert_eq!(relative(&format!("{package}/src/lib.rs")), "src/lib.rs");
    assert_eq!(
        relative("/somewhere/target/out/generated.rs"),
        "generated.rs"
    );
    assert_eq!(relative("elsewhere/src/lib.rs"), "elsewhere/src/lib.rs");
    assert_eq!(relative(""), "");
}

#[test]
fn no_message_has_a_control_character() {
    let evil = "\u{1b}[31m\u{202e}\u{7}";
    let regions = quote!(machine_type = "S", scaling(regions = [#evil, #evil], keep_alive = #evil));
    for args in [
        quote!(machine_type = #evil),
        quote!(machine_type = [#evil, #evil]),
        quote!(machine_type = "S", name = #evil),
        quote!(machine_type = "S", port = #evil),
        quote!(machine_type = "S", health_check = #evil),
        quote!(machine_type = "S", requires(vram = #evil)),
        regions,
    ] {
        let out = generated(
            args,
            quote!(
                fn app() {}
            ),
        );
        assert!(out.contains("compile_error"), "{out}");
        for control in ["\\u{1b}[31m\\u{202e}", "\u{1b}", "\u{202e}"] {
            // An escape in a message is escaped again in the literal that has the message.
            let bare = out.replace("\\\\u{", "");
            assert!(!bare.contains(control), "{out}");
        }
    }
}

fn token() -> impl Strategy<Value = TokenTree> {
    let leaf = prop_oneof![
        3 => prop::sample::select(vec![
            "machine_type", "gpus", "name", "port", "requires", "scaling", "keep_alive", "vram",
            "regions", "min_concurrency", "crate", "fn", "struct", "enum", "pub", "async", "unsafe",
            "extern", "const", "where", "self", "Self", "impl", "true", "main", "r#type", "x",
        ])
        .prop_map(|word| match word.strip_prefix("r#") {
            Some(raw) => TokenTree::Ident(Ident::new_raw(raw, Span::call_site())),
            None => TokenTree::Ident(Ident::new(word, Span::call_site())),
        }),
        3 => prop::sample::select(vec!['=', ',', '#', '<', '>', '-', '\'', ':', ';', '!', '+', '&'])
            .prop_map(|c| TokenTree::Punct(Punct::new(c, Spacing::Alone))),
        1 => prop::sample::select(vec!["GPU-H100", "S", "80 GB", "5m", "", "/health", "us-west"])
            .prop_map(|text| TokenTree::Literal(Literal::string(text))),
        1 => ".*".prop_map(|text| TokenTree::Literal(Literal::string(&text))),
        1 => any::<u64>().prop_map(|number| TokenTree::Literal(Literal::u64_unsuffixed(number))),
        1 => any::<i8>().prop_map(|number| TokenTree::Literal(Literal::u8_suffixed(number.unsigned_abs()))),
        1 => (0.0..1e9).prop_map(|number| TokenTree::Literal(Literal::f64_unsuffixed(number))),
        1 => any::<char>().prop_map(|c| TokenTree::Literal(Literal::character(c))),
        1 => prop::collection::vec(any::<u8>(), 0..4)
            .prop_map(|bytes| TokenTree::Literal(Literal::byte_string(&bytes))),
    ];
    leaf.prop_recursive(4, 32, 8, |inner| {
        let delimiters = vec![
            Delimiter::Parenthesis,
            Delimiter::Brace,
            Delimiter::Bracket,
            Delimiter::None,
        ];
        (
            prop::sample::select(delimiters),
            prop::collection::vec(inner, 0..8),
        )
            .prop_map(|(delimiter, tokens)| {
                TokenTree::Group(Group::new(delimiter, tokens.into_iter().collect()))
            })
    })
}

fn tokens() -> impl Strategy<Value = TokenStream> {
    prop::collection::vec(token(), 0..12).prop_map(|tokens| tokens.into_iter().collect())
}

/// A valid attribute with tokens left out, doubled and swapped.
fn nearly_valid() -> impl Strategy<Value = TokenStream> {
    let valid = quote! {
        name = "llm-server", machine_type = ["GPU-H100", "GPU-H200"], gpus = 2, port = 8080,
        startup_timeout = "15m", requires(vram = "120 GB", cpus = 0.5),
        scaling(keep_alive = "5m", min_concurrency = 1, regions = ["us-west"]), crate = machinist
    };
    let valid: Vec<TokenTree> = valid.into_iter().collect();
    let index = any::<prop::sample::Index>();
    prop::collection::vec((index.clone(), index, 0..4), 0..4).prop_map(move |changes| {
        let mut tokens = valid.clone();
        for (at, other, change) in changes {
            let (at, other) = (at.index(tokens.len()), other.index(tokens.len()));
            match change {
                0 => drop(tokens.remove(at)),
                1 => tokens.insert(at, tokens[at].clone()),
                2 => tokens.swap(at, other),
                _ => tokens.insert(at, tokens[other].clone()),
            }
        }
        tokens.into_iter().collect()
    })
}

/// The number of cases; the variable `MACHINIST_CASES` sets another one.
fn cases() -> u32 {
    let wanted = std::env::var("MACHINIST_CASES").ok();
    wanted.map_or(4_000, |wanted| wanted.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn random_arguments_give_an_error_or_an_app(args in tokens()) {
        let out = generated(args, quote!(fn app() {}));
        prop_assert!(out.contains("compile_error !") ^ out.contains("__register !"), "{}", out);
    }

    #[test]
    fn nearly_valid_arguments_give_an_error_or_an_app(args in nearly_valid()) {
        let out = generated(args.clone(), quote!(struct App;));
        prop_assert_eq!(&out, &generated(args, quote!(struct App;)));
        prop_assert!(out.contains("compile_error !") ^ out.contains("__register !"), "{}", out);
    }

    #[test]
    fn random_items_give_an_error_or_an_app(item in tokens()) {
        let out = generated(quote!(machine_type = "S"), item);
        prop_assert!(out.contains("compile_error !") ^ out.contains("__register !"), "{}", out);
    }

    #[test]
    fn an_entry_does_not_depend_on_the_order_of_keys(order in Just([0, 1, 2, 3, 4, 5]).prop_shuffle()) {
        let args = [
            quote!(machine_type = "GPU-H100"),
            quote!(gpus = 4),
            quote!(port = 80),
            quote!(max_multiplexing = 3),
            quote!(scaling(max_concurrency = 9, keep_alive = 7)),
            quote!(requires(vram = "300 GB")),
        ];
        let shuffled = order.iter().map(|&i| &args[i]);
        let item = quote!(fn app() {});
        let expected = entry(expand(quote!(#(#args),*), item.clone()));
        prop_assert_eq!(entry(expand(quote!(#(#shuffled),*), item)), expected);
    }
}

/// The column of each identifier of an expansion.
fn places(tokens: TokenStream, places: &mut Vec<(String, usize)>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => self::places(group.stream(), places),
            TokenTree::Ident(ident) => {
                let start = ident.span().start();
                places.push((ident.to_string(), start.column));
            }
            _ => {}
        }
    }
}

#[test]
fn the_spans_of_keys_and_machine_types_lead_to_their_documentation() {
    let text =
        r#"name = "a", machine_type = ["GPU-H100", "GPU-L40"], gpus = 2, scaling(keep_alive = 1)"#;
    let args: TokenStream = text.parse().unwrap();
    let mut found = Vec::new();
    places(
        expand(
            args,
            quote!(
                struct A;
            ),
        ),
        &mut found,
    );
    for (written, documented) in [
        ("name", "name"),
        ("machine_type", "machine_types"),
        ("\"GPU-H100\"", "GPU_H100"),
        ("\"GPU-L40\"", "GPU_L40"),
        ("gpus", "gpus"),
        ("keep_alive", "keep_alive"),
    ] {
        let place = (documented.to_owned(), text.find(written).unwrap());
        assert!(found.contains(&place), "{place:?} in {found:?}");
    }
}
