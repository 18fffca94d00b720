//! What etcd's errors mean, for a person who can do something about them.

use super::rpc::Login;
use crate::grpc::status::{Code, Status};
use crate::grpc::target::Target;

/// etcd has understood what was asked and does not do it; nor would it at once, but
/// it may when somebody has mended something there.
pub fn refuses(status: &Status) -> bool {
    let by_code = matches!(
        status.code,
        Code::PERMISSION_DENIED
            | Code::RESOURCE_EXHAUSTED
            | Code::INVALID_ARGUMENT
            | Code::FAILED_PRECONDITION
    );
    by_code || denies(status)
}

/// Some versions say so without the code.
fn denies(status: &Status) -> bool {
    status.code == Code::PERMISSION_DENIED || status.details.contains("permission denied")
}

/// Whom etcd has told, and where.
#[derive(Clone, Copy)]
pub struct Explain<'a> {
    /// The endpoint of etcd that the error came from.
    pub endpoint: &'a Target,
    /// Who the member is for etcd, if anybody.
    pub login: Option<&'a Login>,
    /// What all of the bus's keys begin with.
    pub prefix: &'a str,
}

impl Explain<'_> {
    /// What waiting would not mend.
    pub fn hopeless(&self, status: &Status) -> Option<String> {
        let endpoint = self.endpoint;
        let says = |text| status.details.contains(text);
        if status.code == Code::UNIMPLEMENTED {
            return Some(format!("{endpoint} is a gRPC server, but no etcd"));
        }
        if says("authentication failed") {
            return Some(format!(
                "etcd at {endpoint} does not accept user or password"
            ));
        }
        if says("user name is empty") {
            return Some(format!(
                "etcd at {endpoint} asks for a user and password, and there are none in the settings"
            ));
        }
        denies(status).then(|| {
            let user = self.login.map_or("this member", |login| &login.user);
            let prefix = self.prefix;
            format!(
                "etcd does not let {user} read and write keys below {prefix}/: grant that to a role \
                 of the user"
            )
        })
    }

    /// Any of them. What is so on all of etcd names none of it, so that it is one
    /// reason wherever it was met.
    pub fn text(&self, status: &Status) -> String {
        let says = |text| status.details.contains(text);
        if says("database space exceeded") {
            return "etcd's database is full, and it takes no writes: compact and defragment it \
                    (etcdctl compact, etcdctl defrag), then etcdctl alarm disarm"
                .to_owned();
        }
        if says("request is too large") {
            return "the record of this member, which has all its ids and subscriptions, is larger \
                    than etcd takes: raise its --max-request-bytes"
                .to_owned();
        }
        let other = || format!("etcd at {}: {}", self.endpoint, status.details);
        self.hopeless(status).unwrap_or_else(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_says_what_to_do_and_where() {
        let endpoint: Target = "127.0.0.1:2379".parse().unwrap();
        let explain = Explain {
            endpoint: &endpoint,
            login: None,
            prefix: "/p",
        };
        for (code, details, expected) in [
            (
                Code::RESOURCE_EXHAUSTED,
                "etcdserver: mvcc: database space exceeded",
                "alarm disarm",
            ),
            (
                Code::INVALID_ARGUMENT,
                "etcdserver: request is too large",
                "--max-request-bytes",
            ),
            (
                Code::UNKNOWN,
                "auth: permission denied",
                "read and write keys below /p/",
            ),
            (
                Code::INVALID_ARGUMENT,
                "etcdserver: user name is empty",
                "asks for a user and password",
            ),
            (
                Code::UNAVAILABLE,
                "etcdserver: no leader",
                "etcd at 127.0.0.1:2379: etcdserver: no leader",
            ),
        ] {
            let status = Status::new(code, details);
            let text = explain.text(&status);
            assert!(text.contains(expected), "{text}");
            assert_eq!(refuses(&status), code != Code::UNAVAILABLE, "{text}");
        }
    }
}
