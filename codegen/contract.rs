//! Reads the proto files. Several of them define the same name differently, so
//! each is compiled on its own, with what it imports.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label as ProtoLabel, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions,
};

use super::Failure;
use super::model::{Contract, Enum, Field, File, Kind, Label, Message, Method, Named, Service};

/// Compiles every proto file in or below `folder`. Imports, and the names of
/// files, begin at `root`.
pub fn read(root: &Path, folder: &Path) -> Result<Contract, Failure> {
    let mut names = Vec::new();
    find_protos(root, folder, &mut names)?;
    names.sort();
    let mut files = BTreeMap::new();
    for name in names {
        let describe = |error: protox::Error| format!("{name}: {error}");
        let mut compiler = protox::Compiler::new([root]).map_err(describe)?;
        compiler
            .include_imports(true)
            .open_file(&name)
            .map_err(describe)?;
        let set = compiler.file_descriptor_set();
        let owners = owners(&set.file);
        for file in &set.file {
            files.insert(file.name().to_owned(), convert(file, &owners)?);
        }
    }
    Ok(Contract {
        files: files.into_values().collect(),
    })
}

fn find_protos(root: &Path, folder: &Path, names: &mut Vec<String>) -> Result<(), Failure> {
    let describe = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(describe)? {
        let path = entry.map_err(describe)?.path();
        if path.is_dir() {
            find_protos(root, &path, names)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            let name = path.strip_prefix(root).unwrap_or(&path);
            // Imports have slashes on every system.
            names.push(name.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

fn stem(proto: &str) -> String {
    let name = proto.trim_end_matches(".proto");
    match name.split('/').collect::<Vec<_>>()[..] {
        ["grpc", what, version, _] => format!("{what}_{version}"),
        [.., name] => name.to_owned(),
        [] => String::new(),
    }
}

/// What a field's type may name, within one closure.
enum Owner<'a> {
    Message(Named, &'a DescriptorProto),
    Enum(Named, &'a EnumDescriptorProto),
}

/// By full name, with a dot in front.
type Owners<'a> = HashMap<String, Owner<'a>>;

fn owners(files: &[FileDescriptorProto]) -> Owners<'_> {
    let mut owners = Owners::new();
    for file in files {
        let named = |full_name: &str, ident: &str| Named {
            ident: ident.to_owned(),
            stem: stem(file.name()),
            full_name: full_name.to_owned(),
        };
        visit(file, &mut |full_name, ident, message| {
            owners.insert(
                format!(".{full_name}"),
                Owner::Message(named(full_name, ident), message),
            );
        });
        visit_enums(file, &mut |full_name, ident, of| {
            owners.insert(
                format!(".{full_name}"),
                Owner::Enum(named(full_name, ident), of),
            );
        });
    }
    owners
}

/// Every message of a file, outer before inner: full name, identifier, itself.
fn visit<'a>(
    file: &'a FileDescriptorProto,
    each: &mut impl FnMut(&str, &str, &'a DescriptorProto),
) {
    fn inner<'a>(
        package: &str,
        outer: &str,
        message: &'a DescriptorProto,
        each: &mut impl FnMut(&str, &str, &'a DescriptorProto),
    ) {
        let path = match outer {
            "" => message.name().to_owned(),
            outer => format!("{outer}.{}", message.name()),
        };
        each(
            &format!("{package}.{path}"),
            &path.replace('.', "_"),
            message,
        );
        for nested in &message.nested_type {
            inner(package, &path, nested, each);
        }
    }
    for message in &file.message_type {
        inner(file.package(), "", message, each);
    }
}

/// Every enum of a file, as [`visit`] has its messages.
fn visit_enums<'a>(
    file: &'a FileDescriptorProto,
    each: &mut impl FnMut(&str, &str, &'a EnumDescriptorProto),
) {
    for of in &file.enum_type {
        each(&format!("{}.{}", file.package(), of.name()), of.name(), of);
    }
    visit(file, &mut |full_name, ident, message| {
        for of in &message.enum_type {
            let name = of.name();
            each(
                &format!("{full_name}.{name}"),
                &format!("{ident}_{name}"),
                of,
            );
        }
    });
}

/// What reflection finds a file by.
fn symbols(file: &FileDescriptorProto) -> Vec<(String, &'static str)> {
    let mut symbols = Vec::new();
    for service in &file.service {
        let full_name = format!("{}.{}", file.package(), service.name());
        for method in &service.method {
            symbols.push((format!("{full_name}.{}", method.name()), "method"));
        }
        symbols.push((full_name, "service"));
    }
    visit(file, &mut |full_name, _, _| {
        symbols.push((full_name.to_owned(), "message"));
    });
    visit_enums(file, &mut |full_name, _, _| {
        symbols.push((full_name.to_owned(), "enum"));
    });
    symbols
}

fn convert(file: &FileDescriptorProto, owners: &Owners) -> Result<File, Failure> {
    let mut enums = Vec::new();
    visit_enums(file, &mut |_, ident, of| {
        let values = of.value.iter();
        enums.push(Enum {
            ident: ident.to_owned(),
            values: values
                .map(|value| (value.name().to_owned(), value.number()))
                .collect(),
        });
    });
    let mut messages = Vec::new();
    let mut failure = None;
    visit(file, &mut |full_name, ident, message| {
        let mut fields = Vec::new();
        for field in &message.field {
            match convert_field(field, message, owners) {
                Ok(field) => fields.push(field),
                Err(what) => failure = Some(format!("{}: {full_name}: {what}", file.name())),
            }
        }
        fields.sort_by_key(|field| field.number);
        messages.push(Message {
            ident: ident.to_owned(),
            full_name: full_name.to_owned(),
            fields,
            is_entry: is_entry(message),
        });
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    Ok(File {
        stem: stem(file.name()),
        proto: file.name().to_owned(),
        imports: file.dependency.iter().map(|import| stem(import)).collect(),
        messages,
        enums,
        service: convert_service(file, owners)?,
        symbols: symbols(file),
        descriptor: file.encode_to_vec(),
    })
}

fn is_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(MessageOptions::map_entry)
}

fn convert_field(
    field: &FieldDescriptorProto,
    message: &DescriptorProto,
    owners: &Owners,
) -> Result<Field, Failure> {
    let kind = match field.r#type() {
        Type::String => Kind::String,
        Type::Bytes => Kind::Bytes,
        Type::Bool => Kind::Bool,
        Type::Int32 => Kind::Int32,
        Type::Uint32 => Kind::Uint32,
        Type::Uint64 => Kind::Uint64,
        Type::Double => Kind::Double,
        Type::Message => message_kind(field.type_name(), owners)?,
        Type::Enum => enum_kind(field.type_name(), owners)?,
        other => {
            return Err(format!(
                "field {} is {}, which the codec generator does not know yet",
                field.name(),
                other.as_str_name()
            ));
        }
    };
    let oneof = field
        .oneof_index
        .and_then(|at| message.oneof_decl.get(usize::try_from(at).ok()?));
    let label = match (field.label(), oneof) {
        (ProtoLabel::Repeated, _) if is_map(field, owners)? => Label::Map,
        (ProtoLabel::Repeated, _) if matches!(kind, Kind::Enum(..)) => {
            return Err(format!(
                "field {} is a list of an enum, which the codec generator does not know yet",
                field.name()
            ));
        }
        (ProtoLabel::Repeated, _) => Label::Repeated,
        (_, Some(oneof)) => Label::Optional(oneof.name().to_owned()),
        (_, None) => Label::Plain,
    };
    Ok(Field {
        name: field.name().to_owned(),
        number: field.number().unsigned_abs(),
        kind,
        label,
    })
}

/// Whether it is a map. Keys other than strings would need conversions.
fn is_map(field: &FieldDescriptorProto, owners: &Owners) -> Result<bool, Failure> {
    let Some(Owner::Message(_, entry)) = owners.get(field.type_name()) else {
        return Ok(false);
    };
    let has_text_keys = entry
        .field
        .iter()
        .any(|part| part.number() == 1 && part.r#type() == Type::String);
    match is_entry(entry) {
        true if !has_text_keys => Err(format!(
            "field {} is a map whose keys are no strings, which the codec generator does not know yet",
            field.name()
        )),
        is_map => Ok(is_map),
    }
}

fn message_kind(type_name: &str, owners: &Owners) -> Result<Kind, Failure> {
    match owners.get(type_name) {
        Some(Owner::Message(named, _)) => Ok(Kind::Message(named.clone())),
        _ => Err(format!("{type_name} is not known")),
    }
}

fn enum_kind(type_name: &str, owners: &Owners) -> Result<Kind, Failure> {
    match owners.get(type_name) {
        Some(Owner::Enum(named, of)) => {
            let values = of.value.iter().map(|value| value.name().to_owned());
            Ok(Kind::Enum(named.clone(), values.collect()))
        }
        _ => Err(format!("{type_name} is not known")),
    }
}

fn convert_service(
    file: &FileDescriptorProto,
    owners: &Owners,
) -> Result<Option<Service>, Failure> {
    let service = match file.service.as_slice() {
        [] => return Ok(None),
        [service] => service,
        _ => return Err(format!("{}: more than one service", file.name())),
    };
    let methods = service.method.iter().map(|method| {
        Ok(Method {
            name: method.name().to_owned(),
            camel: camel_case(method.name()),
            request: message_kind(method.input_type(), owners)?,
            reply: message_kind(method.output_type(), owners)?,
            request_stream: method.client_streaming(),
            reply_stream: method.server_streaming(),
        })
    });
    Ok(Some(Service {
        full_name: format!("{}.{}", file.package(), service.name()),
        methods: methods.collect::<Result<_, Failure>>()?,
    }))
}

/// The name by which JavaScript calls a method, as other gRPC libraries make
/// it: words begin at capitals, a run of capitals is one word (`EnableVAD` is
/// `enableVad`).
fn camel_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut camel = String::new();
    for (at, char) in chars.iter().enumerate() {
        let after_lower = at > 0 && chars[at - 1].is_lowercase();
        let before_lower = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        let starts_word = char.is_uppercase() && at > 0 && (after_lower || before_lower);
        if starts_word {
            camel.push(*char);
        } else {
            camel.extend(char.to_lowercase());
        }
    }
    camel
}
