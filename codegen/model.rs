//! The contract as the generators see it.

use std::collections::{BTreeSet, HashMap};

/// All files, and the closure of imports of each.
pub struct Contract {
    /// In file name order, `any` last.
    pub files: Vec<File>,
    /// Proto file stem and its compiled descriptor set.
    pub descriptors: Vec<(String, Vec<u8>)>,
}

/// One proto file.
pub struct File {
    /// The name without `.proto`, and without a folder.
    pub stem: String,
    /// The name as imports write it.
    pub proto: String,
    /// Stems of what it imports.
    pub imports: Vec<String>,
    pub messages: Vec<Message>,
    pub service: Option<Service>,
}

/// One message, nested ones too.
pub struct Message {
    /// As an identifier: `MediaSubOption_AudioSubOption`.
    pub ident: String,
    /// `owt.MediaSubOption.AudioSubOption`
    pub full_name: String,
    /// By number.
    pub fields: Vec<Field>,
}

pub struct Field {
    pub name: String,
    pub number: u32,
    pub kind: Kind,
    pub label: Label,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// A scalar is always there, a message may be null.
    Plain,
    /// proto3 `optional`.
    Optional,
    Repeated,
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
    /// The message's identifier and the stem of its file.
    Message {
        ident: String,
        stem: String,
    },
}

impl Kind {
    /// The wire type of one value.
    pub fn wire_type(&self) -> u32 {
        match self {
            Self::Bool | Self::Int32 | Self::Uint32 | Self::Uint64 => 0,
            Self::Double => 1,
            Self::String | Self::Bytes | Self::Message { .. } => 2,
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
                if let Kind::Message { ident, stem } = &field.kind {
                    open.push((stem, ident));
                }
            }
        }
        found
    }
}
