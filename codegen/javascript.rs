//! The modules of `lib/codec`: one per proto file, and the table of types.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::decoder::{self, Shape};
use super::encoder;
use super::model::{Contract, Enum, File, Kind, Label, Message, Named, Service};

const GENERATED: &str =
    "// Written by build.rs from proto. Do not edit.\n// @ts-nocheck\n\n'use strict';\n\n";

/// OWT's names of its services, and the proto file of each.
const TYPES: [(&str, &str); 13] = [
    ("webrtc", "webrtc_agent"),
    ("audio", "audio_agent"),
    ("video", "video_agent"),
    ("streaming", "streaming_agent"),
    ("recording", "streaming_agent"),
    ("analytics", "analytics_agent"),
    ("quic", "quic_agent"),
    ("conference", "conference_agent"),
    ("nodeManager", "node_manager"),
    ("clusterManager", "cluster_manager"),
    ("internal", "internal"),
    ("sipPortal", "sip_portal"),
    ("sip", "sip_agent"),
];

/// How a file names the function of a message, or an enum's table, which may be
/// another file's.
pub fn reference(prefix: &str, kind: &Kind, file: &File) -> String {
    match named(kind) {
        Some(Named { ident, stem, .. }) if *stem != file.stem => {
            format!("{stem}.{prefix}{ident}")
        }
        Some(Named { ident, .. }) => format!("{prefix}{ident}"),
        None => String::new(),
    }
}

fn named(kind: &Kind) -> Option<&Named> {
    match kind {
        Kind::Message(named) | Kind::Enum(named, _) => Some(named),
        _ => None,
    }
}

/// One proto file as a module.
pub fn module(file: &File, contract: &Contract) -> String {
    let bare = contract.bare();
    let is_bare = |ident: &str| bare.contains(&(file.stem.as_str(), ident));
    let mut js = String::from(GENERATED);
    js.push_str(
        "const {\n  EMPTY, afterVarint, arrayExpected, codec, copy, enumeration, objectExpected, packedDoubles, packedInt32s,\n  \
         packedUint32s, put, skip, string, truncated, uint64, varint,\n} = require('../codec-runtime');\n",
    );
    for stem in used_files(file) {
        let _ = writeln!(js, "const {stem} = require('./{stem}').functions;");
    }
    for Enum { ident, values } in &file.enums {
        let values: Vec<String> = values
            .iter()
            .map(|(name, number)| format!("{name}: {number}"))
            .collect();
        let _ = writeln!(
            js,
            "\nconst enum{ident} = enumeration({{ {} }});",
            values.join(", ")
        );
    }
    for message in &file.messages {
        let _ = write!(js, "\n{}", encoder::function(message, file));
        let _ = write!(js, "\n{}", decoder::function(message, file, Shape::Full));
        if is_bare(&message.ident) {
            let _ = write!(js, "\n{}", decoder::function(message, file, Shape::Bare));
        }
    }
    js.push_str("\nconst functions = {\n");
    for Enum { ident, .. } in &file.enums {
        let _ = writeln!(js, "  enum{ident},");
    }
    for message in &file.messages {
        let _ = write!(js, "  encode{0}, decode{0},", message.ident);
        if is_bare(&message.ident) {
            let _ = write!(js, " bare{},", message.ident);
        }
        js.push('\n');
    }
    js.push_str("};\n\nconst messages = {\n");
    for message in &file.messages {
        let (ident, name) = (&message.ident, &message.full_name);
        let known = known_fields(message, file);
        let bare = if is_bare(ident) {
            format!(", bare{ident}")
        } else {
            String::new()
        };
        let _ = writeln!(
            js,
            "  '{name}': codec('{name}', {known}, encode{ident}, decode{ident}{bare}),"
        );
    }
    js.push_str("};\n\n");
    let _ = writeln!(
        js,
        "module.exports = {{\n  file: '{}',\n  imports: [{}],\n  functions,\n  messages,\n  service: {},\n}};",
        file.proto,
        file.imports
            .iter()
            .map(|stem| format!("require('./{stem}')"))
            .collect::<Vec<_>>()
            .join(", "),
        file.service
            .as_ref()
            .map_or_else(|| "null".to_owned(), |service| table(service, file)),
    );
    js
}

/// A function that gives what an object of a message may have: by each field
/// null, or the codec of what is in it; by the name of a oneof, which decoders
/// give, undefined. Maps are not looked into.
fn known_fields(message: &Message, file: &File) -> String {
    let mut known = Vec::new();
    let mut oneofs = BTreeSet::new();
    for field in &message.fields {
        let inner = match &field.kind {
            kind @ Kind::Message(_) if field.label != Label::Map => codec_of(kind, file),
            _ => "null".to_owned(),
        };
        known.push(format!("{}: {inner}", field.name));
        if let Label::Optional(oneof) = &field.label {
            oneofs.insert(format!("{oneof}: undefined"));
        }
    }
    known.extend(oneofs);
    if known.is_empty() {
        return "() => ({})".to_owned();
    }
    format!("() => ({{ {} }})", known.join(", "))
}

/// How a file names the codec of a message, which may be another file's.
fn codec_of(kind: &Kind, file: &File) -> String {
    match named(kind) {
        Some(Named {
            stem, full_name, ..
        }) if *stem != file.stem => {
            format!("require('./{stem}').messages['{full_name}']")
        }
        Some(Named { full_name, .. }) => format!("messages['{full_name}']"),
        None => String::new(),
    }
}

/// The files whose functions a file calls.
fn used_files(file: &File) -> BTreeSet<&str> {
    let kinds = file
        .messages
        .iter()
        .flat_map(|m| m.fields.iter().map(|f| &f.kind));
    kinds
        .filter_map(|kind| named(kind).map(|named| named.stem.as_str()))
        .filter(|stem| *stem != file.stem)
        .collect()
}

fn table(service: &Service, file: &File) -> String {
    let mut js = format!("{{\n    name: '{}',\n    methods: [\n", service.full_name);
    for method in &service.methods {
        let _ = writeln!(
            js,
            "      {{\n        name: '{name}',\n        originalName: '{camel}',\n        path: '/{service}/{name}',\n        \
             requestStream: {request_stream},\n        responseStream: {reply_stream},\n        request: {request},\n        \
             response: {reply},\n      }},",
            name = method.name,
            camel = method.camel,
            service = service.full_name,
            request_stream = method.request_stream,
            reply_stream = method.reply_stream,
            request = codec_of(&method.request, file),
            reply = codec_of(&method.reply, file),
        );
    }
    js.push_str("    ],\n  }");
    js
}

/// The table of OWT's types.
pub fn owt_index(contract: &Contract) -> String {
    index(
        TYPES
            .into_iter()
            .filter(|(_, stem)| contract.files.iter().any(|file| file.stem == *stem)),
    )
}

/// The table of services that go by their full names.
pub fn standard_index(contract: &Contract) -> String {
    index(contract.files.iter().filter_map(|file| {
        let service = file.service.as_ref()?;
        Some((service.full_name.as_str(), file.stem.as_str()))
    }))
}

/// A type's file is loaded when it is first asked for, and its descriptor apart
/// from it.
fn index<'a>(types: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut js = String::from(GENERATED);
    js.push_str("const { world } = require('../codec-runtime');\n\nmodule.exports = {\n");
    for (name, stem) in types {
        let _ = writeln!(
            js,
            "  '{name}': world('{name}', () => require('./{stem}'), () => require('./descriptors/{stem}')),"
        );
    }
    js.push_str("};\n");
    js
}

/// What reflection tells of one proto file, beside the bytes of its descriptor.
pub fn descriptor(file: &File) -> String {
    let mut js = String::from(GENERATED);
    js.push_str(
        "const { readFileSync } = require('node:fs');\nconst { join } = require('node:path');\n\n",
    );
    let imports: Vec<String> = file
        .imports
        .iter()
        .map(|stem| format!("require('./{stem}')"))
        .collect();
    let _ = writeln!(
        js,
        "module.exports = {{\n  file: '{}',\n  imports: [{}],\n  symbols: {{",
        file.proto,
        imports.join(", ")
    );
    for (name, what) in &file.symbols {
        let _ = writeln!(js, "    '{name}': '{what}',");
    }
    let _ = writeln!(
        js,
        "  }},\n  bytes: readFileSync(join(__dirname, '{}.binpb')),\n}};",
        file.stem
    );
    js
}
