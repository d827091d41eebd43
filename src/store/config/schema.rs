//! The schema of the configuration, and checking a document against it.
//!
//! Only what the types use is understood; a test fails when the schema grows a keyword that
//! [`check`] would pass over.

use std::sync::OnceLock;

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

use super::Config;
use crate::error::{Code, Error, Result};

/// The JSON Schema (draft 2020-12) of a configuration document.
pub fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        // `format` would say Rust's number types, which no other reader knows.
        let plain = RecursiveTransform(|schema: &mut Schema| drop(schema.remove("format")));
        let settings = SchemaSettings::draft2020_12().with_transform(plain);
        let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<Config>();
        schema.insert("title".into(), "Configuration of an lgstore store".into());
        schema.to_value()
    })
}

/// One place of the schema.
#[derive(Clone, Copy)]
pub(super) struct Node(&'static Value);

impl Node {
    pub(super) fn root() -> Self {
        Self(schema())
    }

    /// The node itself, or what it refers to.
    fn resolved(self) -> Self {
        let target =
            self.0["$ref"].as_str().and_then(|reference| schema().pointer(reference.trim_start_matches('#')));
        target.map_or(self, Self)
    }

    /// Whether the place may hold this type of JSON value.
    pub(super) fn allows(self, name: &str) -> bool {
        match &self.resolved().0["type"] {
            Value::String(only) => only == name,
            Value::Array(several) => several.iter().any(|one| one == name),
            _ => name == "string",
        }
    }

    /// Members of an object; `None` when the place holds something else.
    pub(super) fn members(self) -> Option<impl Iterator<Item = (&'static str, Node)>> {
        let members = self.resolved().0["properties"].as_object()?;
        Some(members.iter().map(|(name, node)| (name.as_str(), Node(node))))
    }

    fn member(self, name: &str) -> Option<Node> {
        self.resolved().0["properties"].get(name).map(Node).or_else(|| self.named())
    }

    /// What stands behind any name, in an object whose names are the user's; `None` = no such object.
    pub(super) fn named(self) -> Option<Node> {
        self.resolved().0.get("additionalProperties").filter(|node| node.is_object()).map(Node)
    }

    /// The strings that are allowed, where only some are.
    fn choices(self) -> Option<Vec<&'static str>> {
        let node = self.resolved().0;
        if let Some(choices) = node["enum"].as_array() {
            return Some(choices.iter().filter_map(Value::as_str).collect());
        }
        let variants = node["oneOf"].as_array()?;
        Some(variants.iter().filter_map(|variant| variant["const"].as_str()).collect())
    }

    fn bound(self, name: &str) -> Option<&'static Value> {
        self.resolved().0.get(name)
    }
}

/// Every place that holds a plain value, as `limits.value_bytes`.
pub(super) fn leaves() -> &'static [(String, Node)] {
    static LEAVES: OnceLock<Vec<(String, Node)>> = OnceLock::new();
    LEAVES.get_or_init(|| {
        let mut found = Vec::new();
        collect(Node::root(), "", &mut found);
        found
    })
}

fn collect(node: Node, path: &str, found: &mut Vec<(String, Node)>) {
    match node.members() {
        None => found.push((path.to_owned(), node)),
        Some(members) => members.for_each(|(name, node)| collect(node, &join(path, name), found)),
    }
}

/// The place of a plain value by its path.
pub(super) fn leaf(path: &str) -> Result<Node> {
    let (mut node, mut at) = (Node::root(), String::new());
    for name in path.split('.') {
        let Some(next) = node.member(name) else { return Err(unknown(node, &at, name)) };
        (node, at) = (next, join(&at, name));
    }
    match node.members() {
        None => Ok(node),
        Some(mut members) => {
            let first = members.next().map_or("", |(name, _)| name);
            Err(Error::invalid(
                path,
                format!("is a group of fields; name one, such as {:?}", join(&at, first)),
            ))
        }
    }
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Checks a value: names, types, limits.
///
/// Errors: `InvalidArg` with the field's path, what it must be and what it is.
pub(super) fn check(node: Node, value: &Value, path: &str) -> Result<()> {
    let fits = match value {
        Value::Null => node.allows("null"),
        Value::Bool(_) => node.allows("boolean"),
        Value::Number(number) => {
            let integer = number.is_u64() || number.is_i64();
            (node.allows("number") || integer && node.allows("integer")) && within(node, number)
        }
        Value::String(text) => node.allows("string") && fits_text(node, text),
        Value::Array(items) => node.allows("array") && fits_items(node, items),
        Value::Object(members) => match node.named() {
            Some(_) => fits_names(node, members),
            None => node.members().is_some(),
        },
    };
    if !fits {
        return Err(wrong(node, value, path));
    }
    match value {
        Value::Object(members) => members.iter().try_for_each(|(name, value)| match node.member(name) {
            Some(member) => check(member, value, &join(path, name)),
            None => Err(unknown(node, path, name)),
        }),
        Value::Array(items) => {
            let Some(item) = node.bound("items").map(Node) else { return Ok(()) };
            items
                .iter()
                .enumerate()
                .try_for_each(|(index, value)| check(item, value, &format!("{path}[{index}]")))
        }
        _ => Ok(()),
    }
}

fn within(node: Node, number: &serde_json::Number) -> bool {
    // Every bound and every integer that is not far out of its bounds is exact as a double.
    let value = number.as_f64().unwrap_or(f64::NAN);
    let bound = |name| node.bound(name).and_then(Value::as_f64);
    bound("minimum").is_none_or(|least| value >= least)
        && bound("exclusiveMinimum").is_none_or(|below| value > below)
        && bound("maximum").is_none_or(|greatest| value <= greatest)
}

fn fits_text(node: Node, text: &str) -> bool {
    if let Some(choices) = node.choices() {
        return choices.contains(&text);
    }
    let chars = text.chars().count() as u64;
    let bound = |name| node.bound(name).and_then(Value::as_u64);
    bound("minLength").is_none_or(|least| chars >= least)
        && bound("maxLength").is_none_or(|most| chars <= most)
}

fn fits_items(node: Node, items: &[Value]) -> bool {
    let most = node.bound("maxItems").and_then(Value::as_u64);
    let unique = node.bound("uniqueItems") == Some(&Value::Bool(true));
    most.is_none_or(|most| items.len() as u64 <= most)
        && !(unique && items.iter().enumerate().any(|(index, item)| items[..index].contains(item)))
}

fn fits_names(node: Node, members: &serde_json::Map<String, Value>) -> bool {
    let most = node.bound("maxProperties").and_then(Value::as_u64);
    most.is_none_or(|most| members.len() as u64 <= most) && !members.contains_key("")
}

fn wrong(node: Node, value: &Value, path: &str) -> Error {
    let shown = match value {
        _ if node.bound("writeOnly") == Some(&Value::Bool(true)) => "what it is (which is not shown)".into(),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(_) => "an object".into(),
        plain => plain.to_string().chars().take(80).collect(),
    };
    let mut message = format!("must be {}, not {shown}", phrase(node));
    let near =
        node.choices().zip(value.as_str()).and_then(|(choices, text)| nearest(text, choices.into_iter()));
    if let Some(near) = near {
        message.push_str(&format!("; did you mean {near:?}?"));
    }
    if path.is_empty() { Error::new(Code::InvalidArg, message) } else { Error::invalid(path, message) }
}

/// What a leaf may be, in words: `an integer from 1 to 64`. The documentation's table is checked
/// against it.
///
/// Errors: as for an unknown field.
pub fn describe(path: &str) -> Result<String> {
    leaf(path).map(phrase)
}

fn phrase(node: Node) -> String {
    let bound = |name| node.bound(name).map(Value::to_string);
    let mut words = if let Some(choices) = node.choices() {
        let quoted: Vec<_> = choices.iter().map(|choice| format!("{choice:?}")).collect();
        quoted.join(" or ")
    } else if node.allows("array") {
        format!("an array of at most {} different strings", bound("maxItems").unwrap_or_default())
    } else if node.allows("string") {
        match bound("maxLength") {
            Some(most) => format!("a string of 1 to {most} characters"),
            None => "a string".into(),
        }
    } else if node.allows("boolean") {
        "true or false".into()
    } else if let Some(inner) = node.named() {
        format!(
            "an object of at most {} named {}",
            bound("maxProperties").unwrap_or_default(),
            several(inner)
        )
    } else if node.members().is_some() {
        "an object".into()
    } else {
        let kind = if node.allows("integer") { "an integer" } else { "a number" };
        match (bound("minimum"), bound("exclusiveMinimum"), bound("maximum")) {
            (Some(least), _, Some(most)) => format!("{kind} from {} to {}", plain(&least), plain(&most)),
            (Some(least), _, None) => format!("{kind} from {}", plain(&least)),
            (None, Some(below), Some(most)) => {
                format!("{kind} above {} up to {}", plain(&below), plain(&most))
            }
            _ => kind.into(),
        }
    };
    if node.allows("null") {
        words.push_str(" or null");
    }
    words
}

/// What the members of an object with free names are, in the plural.
fn several(node: Node) -> &'static str {
    match () {
        () if node.members().is_some() => "objects",
        () if node.allows("string") => "strings",
        () => "numbers",
    }
}

/// A bound without the point that a double brings along, and not as a power of ten.
fn plain(bound: &str) -> String {
    match bound.parse::<f64>() {
        Ok(number) => format!("{number}"),
        Err(_) => bound.to_owned(),
    }
}

fn unknown(node: Node, path: &str, name: &str) -> Error {
    let names: Vec<_> = node.members().into_iter().flatten().map(|(name, _)| name).collect();
    // Else the name may stand at another place: `value_bytes` for `limits.value_bytes`.
    let elsewhere = || {
        let last = |leaf: &'static (String, Node)| leaf.0.rsplit('.').next().unwrap_or_default();
        let near = nearest(name, leaves().iter().map(last))?;
        leaves().iter().find(|leaf| last(leaf) == near).map(|leaf| leaf.0.clone())
    };
    let near = nearest(name, names.iter().copied()).map(|near| join(path, near)).or_else(elsewhere);
    let message = match near {
        Some(near) => {
            let shown = near.strip_prefix(&format!("{path}.")).unwrap_or(&near);
            format!("unknown field {name:?}; did you mean {shown:?}?")
        }
        None => format!("unknown field {name:?}; known are {}", names.join(", ")),
    };
    Error::invalid(join(path, name), message)
}

/// The known name that was probably meant, if one is near: a third of the letters may be wrong.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // A very long name is near to nothing, and comparing costs its length times the other's.
    let short: String = name.chars().take(64).collect::<String>().to_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&short, &known.to_lowercase());
    let allowed = (short.chars().count() / 3).max(1);
    known
        .map(|known| (distance(known), known))
        .filter(|(far, _)| *far <= allowed)
        .min_by_key(|(far, _)| *far)
        .map(|(_, known)| known)
}
