//! The contract as the generators see it.

use std::collections::{BTreeSet, HashMap};

/// All files, those that only others import too.
pub struct Contract {
    /// In file name order, `any` last.
    pub files: Vec<File>,
}

/// One proto file.
pub struct File {
    /// How everything made from it is called: the name without `.proto`, and
    /// without a folder; of `grpc/health/v1/health.proto`, `health_v1`.
    pub stem: String,
    /// The name as imports write it.
    pub proto: String,
    /// Stems of what it imports.
    pub imports: Vec<String>,
    pub messages: Vec<Message>,
    pub enums: Vec<Enum>,
    pub service: Option<Service>,
    /// Full names, and of what: `message`, `enum`, `service`, `method`.
    pub symbols: Vec<(String, &'static str)>,
    /// The compiled `FileDescriptorProto`.
    pub descriptor: Vec<u8>,
}

/// One message, nested ones too.
pub struct Message {
    /// As an identifier: `MediaSubOption_AudioSubOption`.
    pub ident: String,
    /// `owt.MediaSubOption.AudioSubOption`
    pub full_name: String,
    /// By number.
    pub fields: Vec<Field>,
    /// An entry of a map: a key and a value.
    pub is_entry: bool,
}

/// One enum, nested ones too.
pub struct Enum {
    /// As an identifier: `HealthCheckResponse_ServingStatus`.
    pub ident: String,
    /// The first is the default.
    pub values: Vec<(String, i32)>,
}

pub struct Field {
    pub name: String,
    pub number: u32,
    pub kind: Kind,
    pub label: Label,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Label {
    /// A scalar is always there, a message may be null.
    Plain,
    /// One of a oneof, whose name this is. proto3's `optional` is alone in its
    /// own, which is named `_field`.
    Optional(String),
    Repeated,
    /// With keys that are strings. The kind is its entry's.
    Map,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Kind {
    String,
    Bytes,
    Bool,
    Int32,
    Uint32,
    Uint64,
    Double,
    Message(Named),
    /// And the names of its values.
    Enum(Named, Vec<String>),
}

/// A message or an enum, by its name.
#[derive(Clone, PartialEq, Eq)]
pub struct Named {
    pub ident: String,
    /// Of its file.
    pub stem: String,
    pub full_name: String,
}

impl Kind {
    /// The wire type of one value.
    pub fn wire_type(&self) -> u32 {
        match self {
            Self::Bool | Self::Int32 | Self::Uint32 | Self::Uint64 | Self::Enum(..) => 0,
            Self::Double => 1,
            Self::String | Self::Bytes | Self::Message(_) => 2,
        }
    }
}

impl Field {
    /// The tag of one value.
    pub fn tag(&self) -> u32 {
        self.number << 3 | self.kind.wire_type()
    }

    /// The tag of a packed list.
    pub fn packed_tag(&self) -> u32 {
        self.number << 3 | 2
    }

    /// Whether a list of this kind is packed.
    pub fn packs(&self) -> bool {
        self.label == Label::Repeated && self.kind.wire_type() != 2
    }
}

pub struct Service {
    pub full_name: String,
    pub methods: Vec<Method>,
}

pub struct Method {
    /// As in the proto.
    pub name: String,
    /// As JavaScript calls it.
    pub camel: String,
    pub request: Kind,
    pub reply: Kind,
    pub request_stream: bool,
    pub reply_stream: bool,
}

/// Messages that travel inside `google.protobuf.Any`: options of requests and
/// the data of notifications. OWT reads them without defaults.
const PACKED: [&str; 8] = [
    "RequestOption",
    "MediaUpdateData",
    "TrackUpdateData",
    "TransportProgressData",
    "AudioActivenessData",
    "SessionProgressData",
    "VideoLayoutChangeData",
    "StreamAddedData",
];

impl Contract {
    /// Every message that [`PACKED`] ones reach, as (stem, ident): those need a
    /// decoder that leaves unset fields out.
    pub fn bare(&self) -> BTreeSet<(&str, &str)> {
        let by_name: HashMap<(&str, &str), &Message> = self
            .files
            .iter()
            .flat_map(|file| {
                let stem = file.stem.as_str();
                file.messages
                    .iter()
                    .map(move |m| ((stem, m.ident.as_str()), m))
            })
            .collect();
        let mut open: Vec<(&str, &str)> = by_name
            .keys()
            .filter(|(_, ident)| PACKED.contains(ident))
            .copied()
            .collect();
        let mut found = BTreeSet::new();
        while let Some(key) = open.pop() {
            if !found.insert(key) {
                continue;
            }
            for field in by_name.get(&key).map_or(&[][..], |m| &m.fields) {
                if let Kind::Message(named) = &field.kind {
                    open.push((&named.stem, &named.ident));
                }
            }
        }
        found
    }
}
