//! A pattern of a `.dockerignore`.

/// What a path must be for a rule to match it.
#[derive(Debug)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Debug, PartialEq)]
enum Part {
    /// This character.
    Character(char),
    /// `?`: a character other than `/`.
    AnyCharacter,
    /// `[a-z]`: a character in one of these ranges, or with `^` in none of them.
    OneOf {
        ranges: Vec<(char, char)>,
        is_negated: bool,
    },
    /// `*`: any characters other than `/`.
    WithinName,
    /// `**` before something else: any number of folders.
    Folders,
    /// `**` at the end: anything.
    Anything,
}

impl Pattern {
    /// Reads a pattern; `None` if it is malformed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let (part, after) = match next {
                '*' => stars(rest),
                '?' => (Part::AnyCharacter, &rest[1..]),
                '[' => one_of(&rest[1..])?,
                '\\' => escaped(&rest[1..])?,
                plain => (Part::Character(plain), &rest[plain.len_utf8()..]),
            };
            parts.push(part);
            rest = after;
        }
        // Docker takes `**name` for everything that ends with the name.
        let special = text.trim_start_matches("**");
        let is_plain = !special.contains(['*', '?', '[', ']', '\\']);
        if text.starts_with("**") && !special.starts_with('/') && is_plain {
            parts[0] = Part::Anything;
        }
        Some(Self { parts })
    }

    /// Whether a path, with `/` between its names, matches.
    pub(super) fn matches(&self, path: &str) -> bool {
        let path: Vec<char> = path.chars().collect();
        // Up to which places the parts so far match: linear, also for `a*a*a*a*b`.
        let mut reached = vec![false; path.len() + 1];
        reached[0] = true;
        for part in &self.parts {
            if !reached.contains(&true) {
                return false;
            }
            reached = part.advance(&reached, &path);
        }
        reached[path.len()]
    }
}

impl Part {
    /// The places up to which the path matches after this part.
    fn advance(&self, before: &[bool], path: &[char]) -> Vec<bool> {
        let mut after = vec![false; before.len()];
        let mut has_begun = false;
        for place in 0..before.len() {
            let last = place.checked_sub(1).map(|last| path[last]);
            after[place] = match self {
                Self::WithinName => {
                    has_begun = before[place] || (has_begun && last != Some('/'));
                    has_begun
                }
                Self::Anything => {
                    has_begun |= before[place];
                    has_begun
                }
                Self::Folders => {
                    let is_after_folder = has_begun && last == Some('/');
                    has_begun |= before[place];
                    before[place] || is_after_folder
                }
                one => last.is_some_and(|last| before[place - 1] && one.is(last)),
            };
        }
        after
    }

    /// Whether a character is the one that this part stands for.
    fn is(&self, character: char) -> bool {
        match self {
            Self::Character(one) => *one == character,
            Self::AnyCharacter => character != '/',
            Self::OneOf { ranges, is_negated } => {
                let mut ranges = ranges.iter();
                ranges.any(|(first, last)| (*first..=*last).contains(&character)) != *is_negated
            }
            Self::WithinName | Self::Folders | Self::Anything => false,
        }
    }
}

fn stars(rest: &str) -> (Part, &str) {
    let Some(after) = rest.strip_prefix("**") else {
        return (Part::WithinName, &rest[1..]);
    };
    match after.strip_prefix('/').unwrap_or(after) {
        "" => (Part::Anything, ""),
        after => (Part::Folders, after),
    }
}

fn escaped(rest: &str) -> Option<(Part, &str)> {
    let character = rest.chars().next()?;
    Some((Part::Character(character), &rest[character.len_utf8()..]))
}

/// What follows a `[`.
fn one_of(rest: &str) -> Option<(Part, &str)> {
    let (is_negated, mut rest) = match rest.strip_prefix('^') {
        Some(after) => (true, after),
        None => (false, rest),
    };
    let mut ranges = Vec::new();
    loop {
        if let (Some(after), false) = (rest.strip_prefix(']'), ranges.is_empty()) {
            return Some((Part::OneOf { ranges, is_negated }, after));
        }
        let (first, after) = bound(rest)?;
        let (last, after) = match after.strip_prefix('-') {
            Some(after) => bound(after)?,
            None => (first, after),
        };
        ranges.push((first, last));
        rest = after;
    }
}

/// The first or last character of a range.
fn bound(rest: &str) -> Option<(char, &str)> {
    let (is_escaped, rest) = match rest.strip_prefix('\\') {
        Some(after) => (true, after),
        None => (false, rest),
    };
    let character = rest.chars().next()?;
    let is_bound = is_escaped || !matches!(character, '-' | ']');
    is_bound.then(|| (character, &rest[character.len_utf8()..]))
}
