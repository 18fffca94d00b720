//! One encoder per message: the object's fields, in the order of their numbers,
//! straight into the writer. Follows protobufjs's `fromObject` in what it
//! accepts, converts and refuses.

use std::fmt::Write as _;

use super::javascript::reference;
use super::model::{Field, File, Kind, Label, Message};

/// `function encodeX(d, w)`.
pub fn function(message: &Message, file: &File) -> String {
    let mut js = String::new();
    let _ = writeln!(js, "function encode{}(d, w) {{", message.ident);
    if message.fields.is_empty() {
        js.push_str("  void d, w;\n");
    } else {
        js.push_str("  let v;\n");
    }
    for field in &message.fields {
        let _ = writeln!(js, "  v = d.{};", field.name);
        let path = format!(".{}.{}", message.full_name, field.name);
        js.push_str(&match field.label {
            Label::Repeated => repeated(field, &path, file),
            Label::Map => map(field, &path, file),
            Label::Plain | Label::Optional(_) => single(field, &path, file),
        });
    }
    js.push_str("}\n");
    js
}

fn single(field: &Field, path: &str, file: &File) -> String {
    let tag = field.tag();
    match &field.kind {
        // A name that the enum does not have is left out, as protobufjs does.
        Kind::Enum(..) => format!(
            "  v = {}.number(v);\n  if (v !== undefined) w.int32({tag}, v);\n",
            reference("enum", &field.kind, file)
        ),
        Kind::Message(_) => format!(
            "  if (v != null) {{\n    if (typeof v !== 'object') throw objectExpected('{path}');\n{}  }}\n",
            nested(field, file, "    ", "v")
        ),
        kind => format!("  if (v != null) w.{}({tag}, v);\n", method(kind)),
    }
}

fn repeated(field: &Field, path: &str, file: &File) -> String {
    let mut js = String::from("  if (v) {\n");
    let _ = writeln!(
        js,
        "    if (!Array.isArray(v)) throw arrayExpected('{path}');"
    );
    if field.packs() {
        let method = method(&field.kind);
        let _ = writeln!(
            js,
            "    if (v.length > 0) {{\n      const at = w.begin({});\n      \
             for (let i = 0; i < v.length; i++) w.{method}(0, v[i]);\n      w.end(at);\n    }}",
            field.packed_tag()
        );
    } else if matches!(field.kind, Kind::Message(_)) {
        js.push_str("    for (let i = 0; i < v.length; i++) {\n      const e = v[i];\n");
        let _ = writeln!(
            js,
            "      if (e === null || typeof e !== 'object') throw objectExpected('{path}');"
        );
        js.push_str(&nested(field, file, "      ", "e"));
        js.push_str("    }\n");
    } else {
        let _ = writeln!(
            js,
            "    for (let i = 0; i < v.length; i++) w.{}({}, v[i]);",
            method(&field.kind),
            field.tag()
        );
    }
    js.push_str("  }\n");
    js
}

/// Entries are messages with a key and a value, in the order of the keys.
fn map(field: &Field, path: &str, file: &File) -> String {
    format!(
        "  if (v) {{\n    if (typeof v !== 'object') throw objectExpected('{path}');\n    \
         for (const key of Object.keys(v)) {{\n      const e = {{ key, value: v[key] }};\n{}    }}\n  }}\n",
        nested(field, file, "      ", "e")
    )
}

fn nested(field: &Field, file: &File, indent: &str, value: &str) -> String {
    format!(
        "{indent}const at = w.begin({});\n{indent}{}({value}, w);\n{indent}w.end(at);\n",
        field.tag(),
        reference("encode", &field.kind, file)
    )
}

/// The writer's method for a scalar.
fn method(kind: &Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Bool => "bool",
        Kind::Int32 => "int32",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Double => "double",
        Kind::Enum(..) | Kind::Message(_) => "message",
    }
}
