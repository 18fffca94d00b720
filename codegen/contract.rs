//! Reads the proto files. Several of them define the same name differently, so
//! each is compiled on its own, with what it imports.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label as ProtoLabel, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use super::Failure;
use super::model::{Contract, Field, File, Kind, Label, Message, Method, Service};

/// Compiles every proto file of a folder.
pub fn read(folder: &Path) -> Result<Contract, Failure> {
    let mut files = BTreeMap::new();
    let mut descriptors = Vec::new();
    for name in proto_files(folder)? {
        let describe = |error: protox::Error| format!("{name}: {error}");
        let mut compiler = protox::Compiler::new([folder]).map_err(describe)?;
        compiler
            .include_imports(true)
            .open_file(&name)
            .map_err(describe)?;
        let set = compiler.file_descriptor_set();
        let owners = owners(&set.file);
        for file in &set.file {
            files.insert(file.name().to_owned(), convert(file, &owners)?);
        }
        descriptors.push((stem(&name), set.encode_to_vec()));
    }
    Ok(Contract {
        files: files.into_values().collect(),
        descriptors,
    })
}

fn proto_files(folder: &Path) -> Result<Vec<String>, Failure> {
    let describe = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(describe)? {
        let name = entry.map_err(describe)?.file_name();
        let name = name.to_string_lossy().into_owned();
        if Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn stem(proto: &str) -> String {
    let name = proto.rsplit('/').next().unwrap_or(proto);
    name.trim_end_matches(".proto").to_owned()
}

/// Full message name -> (identifier, stem of its file), within one closure.
type Owners = HashMap<String, (String, String)>;

fn owners(files: &[FileDescriptorProto]) -> Owners {
    let mut owners = Owners::new();
    for file in files {
        visit(file, &mut |full_name, ident, _| {
            owners.insert(
                format!(".{full_name}"),
                (ident.to_owned(), stem(file.name())),
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

fn convert(file: &FileDescriptorProto, owners: &Owners) -> Result<File, Failure> {
    let mut messages = Vec::new();
    let mut failure = None;
    visit(file, &mut |full_name, ident, message| {
        let mut fields = Vec::new();
        for field in &message.field {
            match convert_field(field, owners) {
                Ok(field) => fields.push(field),
                Err(what) => failure = Some(format!("{}: {full_name}: {what}", file.name())),
            }
        }
        fields.sort_by_key(|field| field.number);
        messages.push(Message {
            ident: ident.to_owned(),
            full_name: full_name.to_owned(),
            fields,
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
        service: convert_service(file, owners)?,
    })
}

fn convert_field(field: &FieldDescriptorProto, owners: &Owners) -> Result<Field, Failure> {
    let kind = match field.r#type() {
        Type::String => Kind::String,
        Type::Bytes => Kind::Bytes,
        Type::Bool => Kind::Bool,
        Type::Int32 => Kind::Int32,
        Type::Uint32 => Kind::Uint32,
        Type::Uint64 => Kind::Uint64,
        Type::Double => Kind::Double,
        Type::Message => message(field.type_name(), owners)?,
        other => {
            return Err(format!(
                "field {} is {}, which the codec generator does not know yet",
                field.name(),
                other.as_str_name()
            ));
        }
    };
    let label = if field.label() == ProtoLabel::Repeated {
        Label::Repeated
    } else if field.proto3_optional() {
        Label::Optional
    } else if field.oneof_index.is_some() {
        return Err(format!(
            "field {} is in a oneof, which is not supported",
            field.name()
        ));
    } else {
        Label::Plain
    };
    Ok(Field {
        name: field.name().to_owned(),
        number: field.number().unsigned_abs(),
        kind,
        label,
    })
}

fn message(type_name: &str, owners: &Owners) -> Result<Kind, Failure> {
    let (ident, stem) = owners
        .get(type_name)
        .ok_or_else(|| format!("{type_name} is not known"))?;
    Ok(Kind::Message {
        ident: ident.clone(),
        stem: stem.clone(),
    })
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
            request: message(method.input_type(), owners)?,
            reply: message(method.output_type(), owners)?,
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
