//! The objects that JS makes channels, servers, members and registries with, and
//! what it is told in one.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

/// What a channel is made with; `null` is the default.
#[napi(object, use_nullable = true)]
pub struct ChannelOptions {
    pub target: String,
    pub proxy: Option<String>,
    pub proxy_credentials: Option<String>,
    pub max_receive_bytes: Option<f64>,
    pub max_send_bytes: Option<f64>,
    pub max_metadata_bytes: Option<f64>,
    pub keepalive_ms: Option<f64>,
    pub keepalive_timeout_ms: Option<f64>,
}

/// What can be counted below JS; numbers only ever grow, but for what waits.
#[napi(object)]
pub struct Counts {
    /// Attempts to connect that succeeded, and that failed.
    pub connected: f64,
    pub failed: f64,
    /// Bytes of events that wait for this environment.
    pub waiting: f64,
    /// Bytes that this process holds for its peers, and how many it may.
    pub buffered: f64,
    pub max_buffered: f64,
}

/// One method of a server that has a handler.
#[napi(object, use_nullable = true)]
pub struct ServedMethod {
    pub method: u32,
    pub path: String,
    pub request_stream: bool,
}

/// What a server is made with; `null` is the default.
#[napi(object, use_nullable = true)]
pub struct ServerOptions {
    pub host: String,
    pub port: u32,
    /// Connections are handed to it: it does not listen itself.
    pub handed: bool,
    pub methods: Vec<ServedMethod>,
    pub max_receive_bytes: Option<f64>,
    pub max_send_bytes: Option<f64>,
    pub max_metadata_bytes: Option<f64>,
    pub keepalive_ms: Option<f64>,
    pub keepalive_timeout_ms: Option<f64>,
    pub max_concurrent_streams: Option<u32>,
    pub max_connections: Option<u32>,
    pub first_call_timeout_ms: Option<f64>,
    pub max_connection_idle_ms: Option<f64>,
    pub max_connection_age_ms: Option<f64>,
    pub max_connection_age_grace_ms: Option<f64>,
    pub max_call_ms: Option<f64>,
}

/// What a member of the bus is made with; `null` is the default.
#[napi(object, use_nullable = true)]
pub struct BusOptions {
    pub name: String,
    pub token: String,
    pub cluster: String,
    pub seed: f64,
    /// host:port; not looked at if there is `etcd`.
    pub registry: String,
    pub etcd: Option<EtcdOptions>,
    /// Whom the registry's certificate is for, if not the host of `registry`.
    pub registry_name: Option<String>,
    pub insecure: bool,
    /// Becomes the registry if it is on this machine and there is none.
    pub may_host: bool,
    pub link_idle_ms: u32,
    pub advertise_host: Option<String>,
    pub ports: Option<Ports>,
    /// Addresses of this machine at which another registry would be noticed.
    pub beside: Vec<String>,
    pub max_message_bytes: u32,
    pub secret: Option<Secret>,
    /// The keys of the operator's secret, if there is one.
    pub operator: Option<Vec<Buffer>>,
    /// This member is a person's command.
    pub is_command: bool,
    /// For tests of what another build speaks.
    pub protocol: Option<Protocol>,
}

/// The ports that a member may listen on, and where they are named.
#[napi(object)]
pub struct Ports {
    pub first: u16,
    pub last: u16,
    pub setting: String,
}

/// The cluster's secret, as keys that were derived from it: more than one while it is
/// replaced.
#[napi(object)]
pub struct Secret {
    pub keys: Vec<Buffer>,
    /// What is done about others who do not prove it: offered, accepted, required.
    pub mode: String,
}

/// The versions of the bus's protocol to speak.
#[napi(object)]
pub struct Protocol {
    pub oldest: u32,
    pub newest: u32,
}

/// Where etcd is, if the registry is on it.
#[napi(object, use_nullable = true)]
pub struct EtcdOptions {
    pub endpoints: Vec<String>,
    pub prefix: String,
    pub user: Option<String>,
    pub password: Option<String>,
}

/// What a registry that stands alone is made with.
#[napi(object)]
pub struct RegistryOptions {
    pub host: String,
    pub port: u16,
    pub cluster: String,
    pub insecure: bool,
    pub beside: Vec<String>,
    pub secret: Option<Secret>,
    /// As in `BusOptions`.
    pub protocol: Option<Protocol>,
}
