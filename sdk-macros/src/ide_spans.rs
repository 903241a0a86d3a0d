//! Spans that lead an IDE from a key or a machine type in an attribute to its documentation.

use machinist_core::attribute::{Arg, ArgValue, Value};
use machinist_core::keys::SCALING;
use machinist_core::parameter::{Group, Key};
use proc_macro2::Span;

use crate::parse::Places;

/// The spans of the machine types and the keys of an attribute. The fields and constants that they
/// become in the expansion get the same spans, so that an IDE finds the documentation of the one at
/// the other.
#[derive(Default)]
pub(crate) struct IdeSpans<'a> {
    machines: Vec<Span>,
    /// The keys that become fields; those of `requires` do not.
    keys: Vec<(Group, &'a str, Span)>,
}

impl<'a> IdeSpans<'a> {
    pub(crate) fn new(args: &'a [Arg], places: &Places) -> Self {
        let mut spans = Self::default();
        spans.add(Group::Code, args, places);
        spans
    }

    fn add(&mut self, group: Group, args: &'a [Arg], places: &Places) {
        let span = |place| in_expansion(places.range(place).0);
        for arg in args {
            match &arg.value {
                ArgValue::Group(args) if arg.key == SCALING => {
                    self.add(Group::Scaling, args, places);
                    continue;
                }
                ArgValue::Group(_) => continue,
                ArgValue::Value(value, place) if arg.key == Key::MachineType.as_str() => {
                    match value {
                        Value::List(names) => {
                            self.machines
                                .extend(names.iter().map(|(_, place)| span(*place)));
                        }
                        _ => self.machines.push(span(*place)),
                    }
                }
                _ => {}
            }
            self.keys.push((group, &arg.key, span(arg.key_place)));
        }
    }

    /// The span for the machine type with this index.
    pub(crate) fn machine(&self, index: usize) -> Span {
        let span = self.machines.get(index);
        span.copied().unwrap_or_else(Span::call_site)
    }

    /// The span for the field of a key.
    pub(crate) fn key(&self, key: &str) -> Span {
        let mut keys = self.keys.iter();
        let found = keys.find(|(_, candidate, _)| *candidate == key);
        found.map_or_else(Span::call_site, |(.., span)| *span)
    }

    /// The group, the name and the span of each key that becomes a field.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (Group, &'a str, Span)> + '_ {
        self.keys.iter().copied()
    }
}

/// The same place in the source. To the compiler it is a part of the expansion: names with this
/// span are looked up as the macro's, not as the user's.
fn in_expansion(span: Span) -> Span {
    Span::call_site().located_at(span)
}
