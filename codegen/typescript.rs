//! `owt.d.ts` and `grpc.d.ts`: types for every message and service, a namespace
//! per proto file, since several files give one name to different messages.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::model::{Contract, Field, File, Kind, Label, Method};

const HEADER: &str = "// Written by build.rs from proto. Do not edit.
//
// Messages are typed as they are received: plain fields always there, message
// fields possibly null, optional fields absent when unset, and for each one
// that is set a key with its name: `_field`, or that of its oneof. What may be
// sent is wider: Input<T>.

import type { KINDS } from './index';

";

/// The whole file.
pub fn declarations(contract: &Contract) -> String {
    let services = || {
        contract
            .files
            .iter()
            .filter_map(|file| file.service.as_ref())
    };
    let kinds: BTreeSet<&str> = services()
        .flat_map(|service| service.methods.iter().map(kind))
        .collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let mut ts = HEADER.replace("KINDS", &kinds.join(", "));
    for file in &contract.files {
        let _ = writeln!(
            ts,
            "/** {} */\nexport namespace {} {{",
            file.proto, file.stem
        );
        for message in file.messages.iter().filter(|message| !message.is_entry) {
            let _ = writeln!(ts, "  interface {} {{", message.ident);
            for field in &message.fields {
                ts.push_str(&property(field, file));
                ts.push_str(&choice(field, &message.fields));
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

/// Behind the last field of a oneof: the key that says which one is set.
fn choice(field: &Field, fields: &[Field]) -> String {
    let Label::Optional(oneof) = &field.label else {
        return String::new();
    };
    let members: Vec<&Field> = fields
        .iter()
        .filter(|other| other.label == field.label)
        .collect();
    if members
        .last()
        .is_some_and(|last| last.number != field.number)
    {
        return String::new();
    }
    let names: Vec<String> = members
        .iter()
        .map(|member| format!("'{}'", member.name))
        .collect();
    format!("    {oneof}?: {};\n", names.join(" | "))
}

/// What a map's keys lead to.
fn entry_value(field: &Field, file: &File) -> String {
    let is_entry =
        |ident: &str| matches!(&field.kind, Kind::Message(named) if named.ident == ident);
    let entry = file
        .messages
        .iter()
        .find(|message| is_entry(&message.ident));
    let value = entry.and_then(|entry| entry.fields.last());
    value.map_or_else(|| "unknown".to_owned(), |value| type_of(&value.kind, file))
}

fn property(field: &Field, file: &File) -> String {
    let kind = type_of(&field.kind, file);
    let name = &field.name;
    match (&field.label, &field.kind) {
        (Label::Repeated, _) => format!("    {name}: {kind}[];\n"),
        (Label::Map, _) => format!(
            "    {name}: {{ [key: string]: {} }};\n",
            entry_value(field, file)
        ),
        (Label::Optional(_), _) => format!("    {name}?: {kind};\n"),
        (Label::Plain, Kind::Message(_)) => format!("    {name}: {kind} | null;\n"),
        (Label::Plain, _) => format!("    {name}: {kind};\n"),
    }
}

fn type_of(kind: &Kind, file: &File) -> String {
    match kind {
        Kind::String | Kind::Uint64 => "string".to_owned(),
        Kind::Bytes => "Buffer".to_owned(),
        Kind::Bool => "boolean".to_owned(),
        Kind::Int32 | Kind::Uint32 | Kind::Double => "number".to_owned(),
        Kind::Message(named) if named.stem == file.stem => named.ident.clone(),
        Kind::Message(named) => format!("{}.{}", named.stem, named.ident),
        // A number is a value that this version does not know.
        Kind::Enum(_, names) => format!("'{}' | number", names.join("' | '")),
    }
}

fn kind(method: &Method) -> &'static str {
    match (method.request_stream, method.reply_stream) {
        (false, false) => "Unary",
        (false, true) => "ServerStream",
        (true, false) => "ClientStream",
        (true, true) => "BidiStream",
    }
}

fn rpc(method: &Method, file: &File) -> String {
    let kind = kind(method);
    let (request, reply) = (type_of(&method.request, file), type_of(&method.reply, file));
    let line = |name: &str| format!("    {name}: {kind}<{request}, {reply}>;\n");
    let mut lines = line(&method.camel);
    if method.name != method.camel {
        lines.push_str(&line(&method.name));
    }
    lines
}
