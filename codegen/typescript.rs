//! `owt.d.ts`: types for every message and service, a namespace per proto file,
//! since several files give one name to different messages.

use std::fmt::Write as _;

use super::model::{Contract, Field, File, Kind, Label, Method};

const HEADER: &str = "// Written by build.rs from proto/owt. Do not edit.
//
// Messages are typed as they are received: plain fields always there, message
// fields possibly null, optional fields absent when unset, and for each one
// that is set a key `_field` with its name. What may be sent is wider: Input<T>.

import type { BidiStream, ServerStream, Unary } from './index';

";

/// The whole file.
pub fn declarations(contract: &Contract) -> String {
    let mut ts = String::from(HEADER);
    for file in &contract.files {
        let _ = writeln!(
            ts,
            "/** {} */\nexport namespace {} {{",
            file.proto, file.stem
        );
        for message in &file.messages {
            let _ = writeln!(ts, "  interface {} {{", message.ident);
            for field in &message.fields {
                ts.push_str(&property(field, file));
            }
            ts.push_str("  }\n");
        }
        if let Some(service) = &file.service {
            let _ = writeln!(ts, "  /** {} */\n  interface Service {{", service.full_name);
            for method in &service.methods {
                ts.push_str(&rpc(method, file));
            }
            ts.push_str("  }\n");
        }
        ts.push_str("}\n\n");
    }
    ts.truncate(ts.trim_end().len());
    ts.push('\n');
    ts
}

fn property(field: &Field, file: &File) -> String {
    let kind = type_of(&field.kind, file);
    let name = &field.name;
    match (field.label, &field.kind) {
        (Label::Repeated, _) => format!("    {name}: {kind}[];\n"),
        (Label::Optional, _) => format!("    {name}?: {kind};\n    _{name}?: '{name}';\n"),
        (Label::Plain, Kind::Message { .. }) => format!("    {name}: {kind} | null;\n"),
        (Label::Plain, _) => format!("    {name}: {kind};\n"),
    }
}

fn type_of(kind: &Kind, file: &File) -> String {
    match kind {
        Kind::String | Kind::Uint64 => "string".to_owned(),
        Kind::Bytes => "Buffer".to_owned(),
        Kind::Bool => "boolean".to_owned(),
        Kind::Int32 | Kind::Uint32 | Kind::Double => "number".to_owned(),
        Kind::Message { ident, stem } if *stem == file.stem => ident.clone(),
        Kind::Message { ident, stem } => format!("{stem}.{ident}"),
    }
}

fn rpc(method: &Method, file: &File) -> String {
    let kind = match (method.request_stream, method.reply_stream) {
        (false, false) => "Unary",
        (false, true) => "ServerStream",
        (true, false) => "ClientStream",
        (true, true) => "BidiStream",
    };
    let (request, reply) = (type_of(&method.request, file), type_of(&method.reply, file));
    let line = |name: &str| format!("    {name}: {kind}<{request}, {reply}>;\n");
    let mut lines = line(&method.camel);
    if method.name != method.camel {
        lines.push_str(&line(&method.name));
    }
    lines
}
