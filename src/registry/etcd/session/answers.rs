//! What etcd answers and tells in a session, handed to the replica.

use tokio::time::Instant;

use super::super::explain::refuses;
use super::super::keys::Written;
use super::super::rpc::{self, Stream};
use super::super::wire::{LeaseKeepAliveResponse, WatchResponse};
use super::{Answer, Renewed, Session};
use crate::bus::application::Delivery;
use crate::grpc::status::{Code, Status};

impl Session<'_> {
    pub(super) fn answered(&mut self, answer: Answer) -> Result<(), Status> {
        let now = self.now();
        match answer {
            Answer::Granted(Err(status)) if refuses(&status) => {
                self.refused(&status);
                self.replica.grant_refused(now);
            }
            Answer::Granted(granted) => {
                self.kept_at = Instant::now();
                self.replica.leased(now, granted?.id);
            }
            Answer::Listed(listed) => {
                let (revision, all) = listed?;
                self.replica.listed(now, revision, all);
            }
            Answer::Followed(listed) => {
                let (revision, all) = listed?;
                if !self.replica.follows() {
                    return Ok(());
                }
                self.follow = Some(self.open(self.common.keys.applied(), revision + 1));
                self.replica.followed(now, all);
            }
            Answer::Written(written) => {
                let how = match written {
                    Ok(answer) => self.common.keys.written(&answer),
                    Err(status) if status.code == Code::NOT_FOUND => Written::NoLease,
                    // Whoever has never been let in is told that it is not.
                    Err(status) if self.replica.has_stood() && refuses(&status) => {
                        self.refused(&status);
                        Written::Refused
                    }
                    Err(status) => return Err(status),
                };
                let done = matches!(how, Written::Done(_));
                self.replica.written(now, how);
                if done && self.replica.is_written() {
                    self.taken();
                }
            }
            Answer::Renewed(which, renewed) => {
                renewed?;
                match which {
                    Renewed::Lease => {
                        self.lease = Some(self.endpoint.stream(rpc::KEEP_ALIVE));
                        self.keep_lease();
                    }
                    Renewed::Watch => {
                        let from = self.replica.reached() + 1;
                        self.watch = Some(self.open(self.common.keys.known(), from));
                    }
                }
            }
        }
        Ok(())
    }

    /// etcd does not take what this member has to write. The session goes on: what is
    /// registered is so still, and what others register is seen.
    fn refused(&mut self, status: &Status) {
        if let Some(node) = self.common.node.upgrade() {
            let why = self.common.explain.text(status);
            let text = format!("the registry refuses what this member writes, trying again: {why}");
            self.complaints.say(&*node, text, &why);
        }
    }

    /// It has taken all.
    fn taken(&mut self) {
        if self.complaints.clear()
            && let Some(node) = self.common.node.upgrade()
        {
            node.deliver(Delivery::Note {
                warning: false,
                text: "the registry takes what this member writes again".to_owned(),
            });
        }
    }

    pub(super) fn kept(
        &mut self,
        kept: Result<LeaseKeepAliveResponse, Status>,
    ) -> Result<(), Status> {
        match kept {
            Ok(kept) => {
                self.kept_at = Instant::now();
                if kept.ttl <= 0 && self.replica.lease() == Some(kept.id) {
                    self.replica.lease_lost();
                }
                Ok(())
            }
            Err(status) => {
                let stream = self.lease.take();
                self.renew(Renewed::Lease, stream, status)
            }
        }
    }

    /// Asks for a new token if it was for want of one that a stream has ended.
    fn renew(
        &mut self,
        which: Renewed,
        ended: Option<Stream>,
        status: Status,
    ) -> Result<(), Status> {
        let Some(token) = ended.and_then(|stream| stream.lapsed(&status)) else {
            return Err(status);
        };
        self.call(async move |endpoint| Answer::Renewed(which, endpoint.renew(Some(&token)).await));
        Ok(())
    }

    pub(super) fn watched(&mut self, told: Result<WatchResponse, Status>) -> Result<(), Status> {
        let now = self.now();
        let told = match told {
            Ok(told) => told,
            Err(status) => {
                let stream = self.watch.take();
                return self.renew(Renewed::Watch, stream, status);
            }
        };
        if told.compact_revision != 0 {
            self.replica.compacted();
        } else if told.canceled {
            let why = format!("etcd has ended the watch: {}", told.cancel_reason);
            return Err(Status::unavailable(why));
        } else if told.created {
            self.replica.watching(now);
        } else {
            let (revision, all) = self.common.keys.news(&told);
            self.replica.watched(now, revision, all);
        }
        Ok(())
    }

    /// How far others are: if that ends, the replica asks for it anew.
    pub(super) fn followed(&mut self, told: Result<WatchResponse, Status>) {
        let now = self.now();
        match told {
            Ok(told) if !told.canceled && told.compact_revision == 0 => {
                let (_, all) = self.common.keys.news(&told);
                self.replica.followed(now, all);
            }
            _ => {
                self.follow = None;
                self.replica.unfollowed(now);
            }
        }
    }
}
