//! The messages of `proto/etcd`, as Rust structs.

// Generated: written for all cases, read by nobody.
#[allow(clippy::pedantic)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/etcdserverpb.rs"));
}

#[cfg(test)]
pub use generated::ResponseOp;
pub use generated::compare::CompareTarget;
pub use generated::event::Type as EventType;
pub use generated::request_op::Request;
pub use generated::response_op::Response;
pub use generated::watch_request::RequestUnion;
pub use generated::{
    AuthenticateRequest, AuthenticateResponse, Compare, Event, KeyValue, LeaseGrantRequest,
    LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseRevokeRequest,
    LeaseRevokeResponse, PutRequest, RangeRequest, RangeResponse, RequestOp, ResponseHeader,
    TxnRequest, TxnResponse, WatchCreateRequest, WatchRequest, WatchResponse,
};
