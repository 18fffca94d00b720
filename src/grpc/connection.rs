//! One HTTP/2 connection of a client: made, watched, explained when it ends.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use h2::client::{Builder, SendRequest};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::budget::{self, Ledger};
use super::io::{Greeting, Io, Transport, without_delay};
use super::keepalive::{self, Keepalive};
use super::life::{Counted, Life};
use super::metadata::hard_limit;
use super::payload::Payload;
use super::proxy::Via;
use super::status::with_causes;
use super::target::Target;
use super::windows::{CONNECTION_WINDOW, SMALL_FRAMES, STREAM_WINDOW, Windows};
use crate::tls::credentials::ClientCredentials;
use crate::tls::handshake;

/// Fewer, larger DATA frames for payloads of 16 KiB and more.
pub const FRAME_SIZE: u32 = 256 << 10;
/// Peers reset streams in good faith (a batch of cancelled calls); more than
/// this many at once that we had no time to look at is an attack.
pub const RESET_STREAMS: usize = 16 << 10;
/// What a peer may take for TCP and the first HTTP/2 frame when no deadline is
/// shorter.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection that took its first breath: the peer has answered in HTTP/2.
#[derive(Clone)]
pub struct Connection {
    /// Starts streams. Cloned for each call.
    pub sender: SendRequest<Payload>,
    ending: Ending,
    life: Arc<Life>,
    ledger: Arc<Ledger>,
    greeting: Greeting,
}

/// Why a connection ended, once it has. Shared with every call on it.
#[derive(Clone)]
pub struct Ending {
    lost: Arc<OnceLock<Lost>>,
    ended: watch::Receiver<bool>,
}

#[derive(Debug)]
struct Lost {
    why: String,
    /// The peer had too many pings.
    too_many_pings: bool,
}

impl Ending {
    /// Waits for the end.
    pub async fn wait(&mut self) {
        // An error means that the connection's task is gone: the same.
        let _ = self.ended.wait_for(|ended| *ended).await;
    }

    /// The reason, once ended.
    pub fn reason(&self) -> Option<&str> {
        self.lost.get().map(|lost| &*lost.why)
    }

    /// Whether the peer ended it for pings that came too often.
    pub fn too_many_pings(&self) -> bool {
        self.lost.get().is_some_and(|lost| lost.too_many_pings)
    }
}

/// Tells one connection from another without holding it open.
pub struct Marker(Arc<OnceLock<Lost>>);

impl Connection {
    /// Why and when this connection ends.
    pub fn ending(&self) -> Ending {
        self.ending.clone()
    }

    /// Counts a call, before it is sent.
    pub fn count(&self) -> Counted<'_> {
        Counted::new(&self.life)
    }

    /// What tells this connection from others.
    pub fn marker(&self) -> Marker {
        Marker(Arc::clone(&self.ending.lost))
    }

    /// Whether this is the marked connection.
    pub fn has(&self, marker: &Marker) -> bool {
        Arc::ptr_eq(&self.ending.lost, &marker.0)
    }

    /// A response on it, which shows when it comes that the connection is of use.
    pub async fn noting<T, E>(&self, response: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let response = response.await?;
        self.life.set_answered();
        Ok(response)
    }

    /// What it makes this process hold.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// The largest header list that the peer accepts, in bytes.
    pub fn max_metadata(&self) -> usize {
        self.greeting.max_metadata()
    }

    /// What the server has shown in TLS, in DER.
    pub fn certificate(&self) -> Option<&[u8]> {
        self.greeting.certificate()
    }

    /// What it has been good for, which does not hold it open.
    pub fn life(&self) -> Arc<Life> {
        Arc::clone(&self.life)
    }
}

/// Why no connection could be made.
#[derive(Debug)]
pub struct ConnectError {
    /// A sentence that names the target.
    pub text: String,
    /// Somebody answers there, and in another protocol.
    pub foreign: bool,
    /// TLS failed: one side does not accept the other.
    pub untrusted: bool,
    /// Nobody has said anything within the time there is.
    pub silent: bool,
}

impl From<String> for ConnectError {
    fn from(text: String) -> Self {
        Self {
            text,
            foreign: false,
            untrusted: false,
            silent: false,
        }
    }
}

/// How to get there: straight or by a proxy, in plaintext or with TLS.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    /// The proxy.
    pub via: Option<&'a Via>,
    /// What TLS is made with.
    pub tls: Option<&'a ClientCredentials>,
}

/// Connects, directly or through a proxy, and waits until the peer has shown that
/// it speaks HTTP/2.
///
/// # Errors
/// The sentence for the status of every call that waited.
pub async fn connect(
    target: &Target,
    way: Way<'_>,
    keepalive: Option<Keepalive>,
    max_metadata: usize,
) -> Result<Connection, ConnectError> {
    let via = way.via;
    let peer = match via {
        None => target.to_string(),
        Some(via) => format!("{target} through the proxy {}", via.proxy),
    };
    let attempt = async {
        let stream = match via {
            None => dial(target, &peer).await?,
            Some(via) => tunnel(target, via).await?,
        };
        let transport = secure(target.name(), &peer, way.tls, without_delay(stream)).await?;
        start(&peer, transport, keepalive, max_metadata).await
    };
    if let Ok(result) = tokio::time::timeout(CONNECT_TIMEOUT, attempt).await {
        return result;
    }
    let silence = via.and_then(|via| via.silence(target, CONNECT_TIMEOUT));
    let text = silence.unwrap_or_else(|| {
        let seconds = CONNECT_TIMEOUT.as_secs();
        format!("No connection established to {peer}: no answer within {seconds} s")
    });
    let silent = true;
    Err(ConnectError {
        silent,
        ..text.into()
    })
}

/// Tries each address in turn. `whom` is what a failure is about.
async fn dial(to: &Target, whom: &str) -> Result<TcpStream, String> {
    let addresses = to
        .resolve()
        .await
        .map_err(|error| format!("Name resolution failed for {whom}: {error}"))?;
    let mut failure = format!("Name resolution failed for {whom}: no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                failure =
                    format!("No connection established to {whom}: connect {address}: {error}");
            }
        }
    }
    Err(failure)
}

/// A stream to the target that begins at its proxy.
async fn tunnel(target: &Target, via: &Via) -> Result<TcpStream, String> {
    let whom = format!("{target}: the proxy {}", via.proxy);
    let opened = async {
        let stream = dial(via.proxy.address(), &whom).await?;
        let tunnel = via.proxy.tunnel(stream, target).await;
        tunnel.map_err(|what| format!("No connection established to {whom} {what}"))
    };
    via.set_answered(false);
    let opened = opened.await;
    via.set_answered(true);
    opened
}

/// TLS, if it is asked for. `name` is who the peer has to be.
async fn secure(
    name: &str,
    peer: &str,
    tls: Option<&ClientCredentials>,
    stream: TcpStream,
) -> Result<Transport, ConnectError> {
    let Some(credentials) = tls else {
        return Ok(Transport::Plain(stream));
    };
    let connected = handshake::connect(credentials.config(), name, stream).await;
    match connected {
        Ok(secured) => Ok(Transport::Tls(Box::new(secured))),
        Err(error) => Err(ConnectError {
            text: format!("No connection established to {peer}: {}", error.text),
            foreign: error.foreign,
            untrusted: true,
            silent: false,
        }),
    }
}

/// Why a connection ended before its peer had shown that it speaks HTTP/2; without
/// an error if the peer just closed it.
fn early_end(
    target: &str,
    secure: bool,
    greeting: &Greeting,
    error: Option<&h2::Error>,
) -> ConnectError {
    let mut failed = ConnectError::from(format!("No connection established to {target}: "));
    // In TLS 1.3 the server judges the client's certificate last.
    if let Some(why) = greeting.refusal() {
        failed.text += why;
        failed.untrusted = true;
        return failed;
    }
    let closes = error.is_none_or(h2::Error::is_io);
    if let Some(asked) = greeting.asked().filter(|_| closes) {
        failed.text += "the peer closed the connection: ";
        failed.text += &asked.why();
        failed.untrusted = true;
        return failed;
    }
    failed.untrusted = greeting.is_tls();
    failed.foreign =
        !failed.untrusted && (greeting.explain().is_some() || greeting.seen() && !closes);
    let said = match (greeting.explain(), error) {
        (Some(what), _) => what.to_owned(),
        (None, None) if secure => "the peer closed it at once: is it a gRPC server?".to_owned(),
        (None, None) => "the peer closed it at once, as one does that expects TLS or is no gRPC \
                         server"
            .to_owned(),
        (None, Some(error)) if closes => {
            format!("the peer closed the connection: {}", with_causes(error))
        }
        (None, Some(error)) => format!(
            "the peer does not speak HTTP/2, check host and port: {}",
            with_causes(error)
        ),
    };
    failed.text += &said;
    failed
}

/// HTTP/2, until the peer has shown that it speaks it.
async fn start(
    target: &str,
    transport: Transport,
    keepalive: Option<Keepalive>,
    max_metadata: usize,
) -> Result<Connection, ConnectError> {
    let secure = matches!(transport, Transport::Tls(_));
    let (io, greeting) = Io::new(transport);
    let early = |error: Option<&h2::Error>| early_end(target, secure, &greeting, error);
    let (sender, mut connection) = Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME_SIZE)
        .max_header_list_size(hard_limit(max_metadata))
        .max_concurrent_reset_streams(RESET_STREAMS)
        .data_frame_budget(SMALL_FRAMES)
        .enable_push(false)
        .handshake::<_, Payload>(io)
        .await
        .map_err(|error| early(Some(&error)))?;

    // A ping that comes back proves the peer; until then nothing is sent to it.
    let mut pings = connection.ping_pong();
    if let Some(pings) = &mut pings {
        tokio::select! {
            pong = pings.ping(h2::Ping::opaque()) => {
                pong.map_err(|error| early(Some(&error)))?;
            }
            end = &mut connection => return Err(early(end.err().as_ref())),
        }
    }

    let (ended, watcher) = watch::channel(false);
    let ending = Ending {
        lost: Arc::new(OnceLock::new()),
        ended: watcher,
    };
    let lost = Arc::clone(&ending.lost);
    let target = target.to_string();
    let life = Arc::new(Life::new());
    let counting = Arc::clone(&life);
    let ledger = budget::PROCESS.open();
    let mut windows = Windows::new();
    let connection = poll_fn(move |cx| {
        windows.fit(counting.calls(), |size| {
            connection.set_initial_window_size(size)
        });
        Pin::new(&mut connection).poll(cx)
    });
    let held = Arc::clone(&ledger);
    let kept = greeting.clone();
    tokio::spawn(async move {
        let mut too_many_pings = false;
        let why = tokio::select! {
            end = connection => match end {
                Ok(()) => format!("Connection dropped: {target} closed the connection"),
                Err(error) => {
                    too_many_pings = error.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM);
                    format!("Connection dropped: {target}: {}", with_causes(&error))
                }
            },
            () = keepalive::watch(pings, keepalive, greeting.heard()) => {
                format!("Connection dropped: {target} did not answer a keepalive ping in time")
            }
            why = held.evicted() => format!("Connection to {target} closed: {why}"),
        };
        let _ = lost.set(Lost {
            why,
            too_many_pings,
        });
        let _ = ended.send(true);
    });
    Ok(Connection {
        sender,
        ending,
        life,
        ledger,
        greeting: kept,
    })
}
