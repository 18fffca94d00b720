//! The modules of `lib/codec`: one per proto file, and the table of types.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::decoder::{self, Shape};
use super::encoder;
use super::model::{Contract, File, Kind, Service};

const GENERATED: &str =
    "// Written by build.rs from proto/owt. Do not edit.\n// @ts-nocheck\n\n'use strict';\n\n";

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

/// How a file names the function of a message, which may be another file's.
pub fn reference(prefix: &str, kind: &Kind, file: &File) -> String {
    match kind {
        Kind::Message { ident, stem } if *stem != file.stem => {
            format!("{stem}.{prefix}{ident}")
        }
        Kind::Message { ident, .. } => format!("{prefix}{ident}"),
        _ => String::new(),
    }
}

/// One proto file as a module.
pub fn module(file: &File, contract: &Contract) -> String {
    let bare = contract.bare();
    let is_bare = |ident: &str| bare.contains(&(file.stem.as_str(), ident));
    let mut js = String::from(GENERATED);
    js.push_str(
        "const {\n  EMPTY, afterVarint, arrayExpected, codec, copy, objectExpected, packedDoubles, packedInt32s,\n  \
         packedUint32s, skip, string, truncated, uint64, varint,\n} = require('../codec-runtime');\n",
    );
    for stem in used_files(file) {
        let _ = writeln!(js, "const {stem} = require('./{stem}').functions;");
    }
    for message in &file.messages {
        let _ = write!(js, "\n{}", encoder::function(message, file));
        let _ = write!(js, "\n{}", decoder::function(message, file, Shape::Full));
        if is_bare(&message.ident) {
            let _ = write!(js, "\n{}", decoder::function(message, file, Shape::Bare));
        }
    }
    js.push_str("\nconst functions = {\n");
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
        let bare = if is_bare(ident) {
            format!(", bare{ident}")
        } else {
            String::new()
        };
        let _ = writeln!(
            js,
            "  '{name}': codec('{name}', encode{ident}, decode{ident}{bare}),"
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

/// The files whose functions a file calls.
fn used_files(file: &File) -> BTreeSet<&str> {
    let kinds = file
        .messages
        .iter()
        .flat_map(|m| m.fields.iter().map(|f| &f.kind));
    kinds
        .filter_map(|kind| match kind {
            Kind::Message { stem, .. } if *stem != file.stem => Some(stem.as_str()),
            _ => None,
        })
        .collect()
}

fn table(service: &Service, file: &File) -> String {
    let mut js = format!("{{\n    name: '{}',\n    methods: [\n", service.full_name);
    for method in &service.methods {
        let codec = |kind: &Kind| match kind {
            Kind::Message { ident, stem } => {
                let name = ident.replace('_', ".");
                if *stem == file.stem {
                    format!("messages['owt.{name}']")
                } else {
                    format!("require('./{stem}').messages['owt.{name}']")
                }
            }
            _ => String::new(),
        };
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
            request = codec(&method.request),
            reply = codec(&method.reply),
        );
    }
    js.push_str("    ],\n  }");
    js
}

/// The table of types. A type's file is loaded when it is first asked for.
pub fn index(contract: &Contract) -> String {
    let mut js = String::from(GENERATED);
    js.push_str("const { world } = require('../codec-runtime');\n\nmodule.exports = {\n");
    for (name, stem) in TYPES {
        if contract.files.iter().any(|file| file.stem == stem) {
            let _ = writeln!(js, "  {name}: world('{name}', () => require('./{stem}')),");
        }
    }
    js.push_str("};\n");
    js
}
