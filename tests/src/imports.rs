//! Which files of a crate import from which, and the circles among them.
//!
//! Files are read as tokens, so that macro bodies count as code, and comments and strings do not.
//! Code under `#[cfg(test)]` is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::read;

/// The path of a module or of an item, such as `["targets", "fal"]`; the crate's root is empty.
type ModulePath = Vec<String>;

/// The circles among the files of a crate: in each line two files and the names that tie them.
///
/// `root_file` is the crate's `lib.rs` or `main.rs`.
pub fn circles(root_file: &Path) -> Vec<String> {
    let mut files = BTreeMap::new();
    read_file(root_file, Vec::new(), &mut files);
    let ties = ties(&files);
    let reached: BTreeMap<_, _> = ties
        .keys()
        .map(|file| (file, reachable(file, &ties)))
        .collect();
    let mut lines = Vec::new();
    for (from, imported) in &ties {
        for (to, names) in imported {
            if reached[to].contains(from) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let (from, to) = (display(from), display(to));
                lines.push(format!("{from} -> {to}: {}", names.join(", ")));
            }
        }
    }
    lines
}

fn display(path: &[String]) -> String {
    match path {
        [] => "crate".into(),
        path => path.join("::"),
    }
}

/// For each file, the files that it imports from, and the imported names.
type Ties = BTreeMap<ModulePath, BTreeMap<ModulePath, BTreeSet<String>>>;

fn ties(files: &BTreeMap<ModulePath, File>) -> Ties {
    let ties_of = |(module, file): (&ModulePath, &File)| {
        let mut ties: BTreeMap<ModulePath, BTreeSet<String>> = BTreeMap::new();
        for path in &file.imports {
            let (target, name) = resolve(path.clone(), files);
            if target != *module {
                ties.entry(target).or_default().insert(name);
            }
        }
        (module.clone(), ties)
    };
    files.iter().map(ties_of).collect()
}

/// The file that defines what a path names, and the name in that file. Follows re-exports.
fn resolve(mut path: ModulePath, files: &BTreeMap<ModulePath, File>) -> (ModulePath, String) {
    // Every re-export is followed once: a longer way is a circle of re-exports.
    for _ in 0..=files.len() {
        let is_file = |length: &usize| files.contains_key(&path[..*length]);
        let length = (0..=path.len()).rev().find(is_file).unwrap_or(0);
        let (module, name) = path.split_at(length);
        match name
            .first()
            .and_then(|first| files[module].reexports.get(first))
        {
            Some(target) => path = [target, &name[1..]].concat(),
            None => {
                let name = display(if name.is_empty() { module } else { name });
                return (module.to_vec(), name);
            }
        }
    }
    panic!("a circle of re-exports: {path:?}");
}

/// The files that a file imports from, directly or through others.
fn reachable<'a>(file: &ModulePath, ties: &'a Ties) -> BTreeSet<&'a ModulePath> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&ModulePath> = ties[file].keys().collect();
    while let Some(next) = waiting.pop() {
        if reached.insert(next) {
            waiting.extend(ties[next].keys());
        }
    }
    reached
}

/// What a file says of other files.
#[derive(Default)]
struct File {
    /// The modules that it declares and that are files too.
    children: BTreeSet<ModulePath>,
    /// The paths that its code names, from the crate's root.
    imports: Vec<ModulePath>,
    /// The names that it re-exports from its children, and their paths.
    reexports: BTreeMap<String, ModulePath>,
}

/// Reads a file and all files of the modules that it declares.
fn read_file(path: &Path, module: ModulePath, files: &mut BTreeMap<ModulePath, File>) {
    let text = read(path);
    let tokens: TokenStream = text
        .parse()
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut scanner = Scanner::default();
    scanner.find_children(tokens.clone(), &module);
    scanner.scan(tokens, &module);
    let folder = match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib" | "main" | "mod") => path.with_file_name(""),
        _ => path.with_extension(""),
    };
    for child in scanner.file.children.clone() {
        let below: PathBuf = child[module.len()..].iter().collect();
        let file = folder.join(&below).with_extension("rs");
        let nested = folder.join(&below).join("mod.rs");
        let file = if file.is_file() { file } else { nested };
        read_file(&file, child, files);
    }
    files.insert(module, scanner.file);
}

#[derive(Default)]
struct Scanner {
    file: File,
}

impl Scanner {
    /// Finds the modules that are declared here and are files.
    fn find_children(&mut self, tokens: TokenStream, module: &ModulePath) {
        let tokens = without_tests(tokens);
        for (i, token) in tokens.iter().enumerate() {
            match &tokens[i..] {
                [keyword, TokenTree::Ident(name), end, ..] if is_ident(keyword, "mod") => {
                    let child = join(module, &name.to_string());
                    match end {
                        TokenTree::Group(body) => self.find_children(body.stream(), &child),
                        end if is_punct(end, ';') => {
                            self.file.children.insert(child);
                        }
                        _ => {}
                    }
                }
                _ => {
                    // A macro may declare modules too.
                    if let TokenTree::Group(group) = token {
                        let is_body = i > 1 && is_ident(&tokens[i - 2], "mod");
                        if !is_body {
                            self.find_children(group.stream(), module);
                        }
                    }
                }
            }
        }
    }

    /// Finds the paths in the code of a module: this file, or a module in braces in it.
    fn scan(&mut self, tokens: TokenStream, module: &ModulePath) {
        let tokens = without_tests(tokens);
        let mut rest = &*tokens;
        let mut is_public = false;
        while let [first, after @ ..] = rest {
            let (next, stays_public) = match (first, after) {
                (keyword, [TokenTree::Ident(name), TokenTree::Group(body), after @ ..])
                    if is_ident(keyword, "mod") =>
                {
                    self.scan(body.stream(), &join(module, &name.to_string()));
                    (after, false)
                }
                (keyword, after) if is_ident(keyword, "use") => {
                    let is_end = |token: &TokenTree| is_punct(token, ';');
                    let length = after.iter().position(is_end).unwrap_or(after.len());
                    self.use_tree(&after[..length], &[], module, is_public);
                    (&after[length..], false)
                }
                (keyword, [TokenTree::Group(scope), after @ ..])
                    if is_ident(keyword, "pub") && is_parenthesized(scope) =>
                {
                    (after, true)
                }
                (keyword, after) if is_ident(keyword, "pub") => (after, true),
                (TokenTree::Ident(_), _) => {
                    let (path, after) = leading_path(rest);
                    if path.len() > 1 {
                        self.import(&path, module);
                    }
                    (after, false)
                }
                (TokenTree::Group(group), after) => {
                    self.scan(group.stream(), module);
                    (after, false)
                }
                // `::std` and `<T as Trait>::NAME` begin with no module.
                (first, [second, TokenTree::Ident(_), after @ ..])
                    if is_punct(first, ':') && is_punct(second, ':') =>
                {
                    (after, false)
                }
                (_, after) => (after, false),
            };
            rest = next;
            is_public = stays_public;
        }
    }

    /// Reads what stands between `use` and `;`.
    fn use_tree(
        &mut self,
        tokens: &[TokenTree],
        before: &[String],
        module: &ModulePath,
        is_public: bool,
    ) {
        let (path, rest) = leading_path(tokens);
        let path = [before, &*path].concat();
        match rest {
            [TokenTree::Group(group), ..] => {
                let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                for tree in tokens.split(|token| is_punct(token, ',')) {
                    if !tree.is_empty() {
                        self.use_tree(tree, &path, module, is_public);
                    }
                }
            }
            rest => {
                let alias = match rest {
                    [keyword, TokenTree::Ident(alias), ..] if is_ident(keyword, "as") => {
                        Some(alias.to_string())
                    }
                    _ => None,
                };
                self.used(path, alias, module, is_public);
            }
        }
    }

    /// One path of a `use`.
    fn used(
        &mut self,
        mut path: ModulePath,
        alias: Option<String>,
        module: &ModulePath,
        is_public: bool,
    ) {
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let is_from_child = path
            .first()
            .is_some_and(|first| first != "crate" && first != "super");
        if is_public && is_from_child {
            if let (Some(target), Some(name)) =
                (self.absolute(&path, module), alias.or(path.last().cloned()))
            {
                self.file.reexports.insert(name, target);
            }
        } else {
            self.import(&path, module);
        }
    }

    fn import(&mut self, path: &[String], module: &ModulePath) {
        self.file.imports.extend(self.absolute(path, module));
    }

    /// A path that a module's code names, from the crate's root; `None` for another crate's.
    fn absolute(&self, path: &[String], module: &ModulePath) -> Option<ModulePath> {
        let (first, rest) = path.split_first()?;
        match &**first {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "super" => {
                let supers = path.iter().take_while(|part| *part == "super").count();
                let above = &module[..module.len().saturating_sub(supers)];
                Some([above, &path[supers..]].concat())
            }
            child => {
                let child = join(module, child);
                let is_declared = self.file.children.contains(&child);
                is_declared.then(|| [child, rest.to_vec()].concat())
            }
        }
    }
}

/// The path that tokens begin with, and the tokens after it.
fn leading_path(mut tokens: &[TokenTree]) -> (ModulePath, &[TokenTree]) {
    let mut path = Vec::new();
    while let [TokenTree::Ident(name), rest @ ..] = tokens {
        path.push(name.to_string().trim_start_matches("r#").to_owned());
        match rest {
            [first, second, rest @ ..] if is_punct(first, ':') && is_punct(second, ':') => {
                tokens = rest;
            }
            rest => return (path, rest),
        }
    }
    (path, tokens)
}

/// Tokens without the items under `#[cfg(test)]`.
fn without_tests(tokens: TokenStream) -> Vec<TokenTree> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out = Vec::new();
    let mut rest = &*tokens;
    while let [first, after @ ..] = rest {
        match after {
            [TokenTree::Group(attribute), item @ ..]
                if is_punct(first, '#') && is_cfg_test(attribute) =>
            {
                let is_end = |token: &TokenTree| match token {
                    TokenTree::Group(body) => body.delimiter() == Delimiter::Brace,
                    token => is_punct(token, ';'),
                };
                let length = item
                    .iter()
                    .position(is_end)
                    .map_or(item.len(), |end| end + 1);
                rest = &item[length..];
            }
            after => {
                out.push(first.clone());
                rest = after;
            }
        }
    }
    out
}

fn is_cfg_test(attribute: &Group) -> bool {
    attribute.stream().to_string().replace(' ', "") == "cfg(test)"
}

fn is_parenthesized(group: &Group) -> bool {
    group.delimiter() == Delimiter::Parenthesis
}

fn is_ident(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}

fn join(module: &[String], name: &str) -> ModulePath {
    module.iter().cloned().chain([name.to_owned()]).collect()
}
