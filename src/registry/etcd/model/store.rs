//! Enough of etcd to try replicas on.

use std::collections::{BTreeMap, BTreeSet};

use crate::registry::etcd::wire::{
    Event, EventType, KeyValue, RangeResponse, Request, Response, ResponseHeader, ResponseOp,
    TxnRequest, TxnResponse,
};

/// Enough of etcd.
#[derive(Default)]
pub struct Store {
    pub revision: i64,
    pub keys: BTreeMap<Vec<u8>, KeyValue>,
    pub history: Vec<Event>,
    /// Up to here it is not known any more.
    pub compacted: i64,
    pub leases: BTreeSet<i64>,
    pub next_lease: i64,
}

impl Store {
    /// `None` if a lease is gone.
    pub fn txn(&mut self, txn: &TxnRequest) -> Option<TxnResponse> {
        let seen = |key: &[u8]| self.keys.get(key).map_or(0, |key| key.mod_revision);
        let succeeded = txn.compare.iter().all(|c| seen(&c.key) == c.mod_revision);
        let ops = if succeeded {
            &txn.success
        } else {
            &txn.failure
        };
        let puts = ops.iter().filter_map(|op| match &op.request {
            Some(Request::RequestPut(put)) => Some(put),
            _ => None,
        });
        let puts: Vec<_> = puts.collect();
        if puts.iter().any(|put| !self.leases.contains(&put.lease)) {
            return None;
        }
        let mut responses = Vec::new();
        for op in ops {
            if let Some(Request::RequestRange(range)) = &op.request {
                let kvs = self.keys.get(&*range.key).cloned().into_iter().collect();
                let range = RangeResponse {
                    kvs,
                    ..RangeResponse::default()
                };
                responses.push(ResponseOp {
                    response: Some(Response::ResponseRange(range)),
                });
            }
        }
        self.revision += i64::from(!puts.is_empty());
        for put in puts {
            let present = self.keys.get(&*put.key);
            let kv = KeyValue {
                key: put.key.clone(),
                create_revision: present.map_or(self.revision, |key| key.create_revision),
                mod_revision: self.revision,
                value: put.value.clone(),
                lease: put.lease,
                ..KeyValue::default()
            };
            self.keys.insert(put.key.to_vec(), kv.clone());
            self.history.push(Event {
                r#type: EventType::Put.into(),
                kv: Some(kv),
            });
        }
        let header = Some(ResponseHeader {
            revision: self.revision,
            ..ResponseHeader::default()
        });
        Some(TxnResponse {
            header,
            succeeded,
            responses,
        })
    }

    /// And all keys with it.
    pub fn end_lease(&mut self, lease: i64) {
        if !self.leases.remove(&lease) {
            return;
        }
        let gone: Vec<_> = self
            .keys
            .values()
            .filter(|key| key.lease == lease)
            .map(|key| key.key.clone())
            .collect();
        self.revision += i64::from(!gone.is_empty());
        for key in gone {
            self.keys.remove(&*key);
            let kv = KeyValue {
                key,
                mod_revision: self.revision,
                ..KeyValue::default()
            };
            self.history.push(Event {
                r#type: EventType::Delete.into(),
                kv: Some(kv),
            });
        }
    }
}
