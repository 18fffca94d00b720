//! Two decoders per message. `decodeX` gives the object that proto-loader gives
//! with OWT's options; `bareX` leaves unset fields out.

use std::fmt::Write as _;

use super::javascript::reference;
use super::model::{Field, File, Kind, Label, Message};

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Defaults filled in, and for each oneof that is set a key that says which.
    Full,
    /// Only what was on the wire.
    Bare,
}

impl Shape {
    fn prefix(self) -> &'static str {
        match self {
            Self::Full => "decode",
            Self::Bare => "bare",
        }
    }
}

/// `function decodeX(buf, pos, end, text, base)`. `text` is the message as
/// latin1 from offset `base` on, or null for one too large to be worth it.
pub fn function(message: &Message, file: &File, shape: Shape) -> String {
    let mut js = String::new();
    let _ = writeln!(
        js,
        "function {}{}(buf, pos, end, text, base) {{",
        shape.prefix(),
        message.ident
    );
    if message.fields.is_empty() {
        js.push_str("  void text, base;\n");
    }
    for field in &message.fields {
        let _ = writeln!(js, "  let v{}{};", field.number, initial(field, shape));
    }
    js.push_str("  while (pos < end) {\n    let tag = buf[pos++];\n");
    js.push_str("    if (tag > 127) {\n      tag = varint(buf, --pos, end);\n      pos = afterVarint(buf, pos);\n    }\n");
    js.push_str("    switch (tag) {\n");
    for field in &message.fields {
        js.push_str(&cases(field, message, file, shape));
    }
    js.push_str("      default:\n        pos = skip(buf, pos, end, tag);\n    }\n  }\n");
    let _ = writeln!(
        js,
        "  if (pos !== end) throw truncated('{}');",
        message.full_name
    );
    js.push_str(&result(message, shape));
    js.push_str("}\n");
    js
}

fn initial(field: &Field, shape: Shape) -> String {
    let value = match (shape, &field.label, &field.kind) {
        (Shape::Bare, ..) | (_, Label::Optional(_), _) => "",
        (_, Label::Repeated, _) => " = []",
        (_, Label::Map, _) => " = {}",
        (_, _, Kind::String) => " = ''",
        (_, _, Kind::Bytes) => " = EMPTY",
        (_, _, Kind::Bool) => " = false",
        (_, _, Kind::Int32 | Kind::Uint32 | Kind::Double) => " = 0",
        (_, _, Kind::Uint64) => " = '0'",
        (_, _, Kind::Message(_)) => " = null",
        (_, _, Kind::Enum(_, names)) => return format!(" = '{}'", names[0]),
    };
    value.to_owned()
}

/// Reads a length and where the value behind it ends.
fn length(message: &Message) -> String {
    format!(
        "{}        const to = pos + n;\n        if (to > end) throw truncated('{}');\n",
        number(message),
        message.full_name
    )
}

/// Reads the low 32 bits of a varint. One byte is the usual case.
fn number(message: &Message) -> String {
    format!(
        "        if (pos === end) throw truncated('{}');
        let n = buf[pos++];
        if (n > 127) {{
          n = varint(buf, --pos, end);
          pos = afterVarint(buf, pos);
        }}
",
        message.full_name
    )
}

fn cases(field: &Field, message: &Message, file: &File, shape: Shape) -> String {
    let mut js = String::new();
    let target = format!("v{}", field.number);
    let create = match (shape, &field.label) {
        (Shape::Bare, Label::Repeated) => {
            format!("        if ({target} === undefined) {target} = [];\n")
        }
        (Shape::Bare, Label::Map) => {
            format!("        if ({target} === undefined) {target} = {{}};\n")
        }
        _ => String::new(),
    };
    let store = |value: &str| match field.label {
        Label::Repeated => format!("{create}        {target}.push({value});\n"),
        Label::Map => format!("{create}        put({target}, {value});\n"),
        _ => format!("        {target} = {value};\n"),
    };
    let _ = writeln!(js, "      case {}: {{", field.tag());
    if field.kind.wire_type() == 2 {
        let value = match &field.kind {
            Kind::String => "string(buf, pos, to, text, base)".to_owned(),
            Kind::Bytes => "copy(buf, pos, to)".to_owned(),
            kind => {
                let decode = reference(shape.prefix(), kind, file);
                format!("{decode}(buf, pos, to, text, base)")
            }
        };
        js.push_str(&length(message));
        js.push_str(&store(&value));
        js.push_str("        pos = to;\n");
    } else {
        js.push_str(&scalar(&field.kind, message, file, &store));
    }
    js.push_str("        break;\n      }\n");
    if field.packs() {
        let _ = writeln!(js, "      case {}: {{", field.packed_tag());
        js.push_str(&length(message));
        js.push_str(&create);
        let method = match field.kind {
            Kind::Double => "packedDoubles",
            Kind::Uint32 => "packedUint32s",
            _ => "packedInt32s",
        };
        let _ = writeln!(
            js,
            "        {method}(buf, pos, to, {target});\n        pos = to;"
        );
        js.push_str("        break;\n      }\n");
    }
    js
}

fn scalar(kind: &Kind, message: &Message, file: &File, store: &impl Fn(&str) -> String) -> String {
    match kind {
        Kind::Double => format!(
            "        if (pos + 8 > end) throw truncated('{}');\n{}        pos += 8;\n",
            message.full_name,
            store("buf.readDoubleLE(pos)")
        ),
        Kind::Uint64 => format!(
            "{}        pos = afterVarint(buf, pos);\n",
            store("uint64(buf, pos, end)")
        ),
        kind => {
            let value = match kind {
                Kind::Bool => "n !== 0".to_owned(),
                Kind::Int32 => "n | 0".to_owned(),
                Kind::Enum(..) => format!("{}.name(n | 0)", reference("enum", kind, file)),
                _ => "n".to_owned(),
            };
            format!("{}{}", number(message), store(&value))
        }
    }
}

/// Keys in proto-loader's order: lists, maps, plain fields, then those of oneofs.
fn result(message: &Message, shape: Shape) -> String {
    let mut js = String::new();
    if shape == Shape::Bare {
        js.push_str("  const d = {};\n");
        for field in &message.fields {
            let _ = writeln!(
                js,
                "  if (v{0} !== undefined{2}) d.{1} = v{0};",
                field.number,
                field.name,
                if field.label == Label::Repeated {
                    format!(" && v{}.length > 0", field.number)
                } else {
                    String::new()
                }
            );
        }
        js.push_str("  return d;\n");
        return js;
    }
    let with = |label: Label| {
        let fields = message.fields.iter();
        fields.filter(move |field| field.label == label)
    };
    let literal: Vec<String> = with(Label::Repeated)
        .chain(with(Label::Map))
        .chain(with(Label::Plain))
        .map(|field| format!("{}: v{}", field.name, field.number))
        .collect();
    if literal.len() == message.fields.len() {
        let _ = writeln!(js, "  return {{ {} }};", literal.join(", "));
        return js;
    }
    let _ = writeln!(js, "  const d = {{ {} }};", literal.join(", "));
    for field in &message.fields {
        let Label::Optional(oneof) = &field.label else {
            continue;
        };
        let (name, number) = (&field.name, field.number);
        let _ = writeln!(
            js,
            "  if (v{number} !== undefined) {{\n    d.{name} = v{number};\n    d.{oneof} = '{name}';\n  }}"
        );
    }
    js.push_str("  return d;\n");
    js
}
