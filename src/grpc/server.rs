//! A listening server: its port, its connections, its end.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use h2::server::{Builder, Connection};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection::{FRAME_SIZE, RESET_STREAMS};
use super::context::{Context, Stage, next_stage};
use super::door::Door;
use super::drive::drive;
use super::io::{Greeting, Io, Transport, without_delay};
use super::metadata::hard_limit;
use super::payload::Payload;
use super::service::{Application, Options};
use super::source::{Accepting, Source};
use super::status::with_causes;
use super::windows::{CONNECTION_WINDOW, SMALL_FRAMES, STREAM_WINDOW};
use crate::tls::handshake::{self, HandshakeError};

/// Numbers for the connections of the whole process.
static NEXT_CONNECTION: AtomicU32 = AtomicU32::new(1);

/// A server that listens.
pub struct Server {
    stage: watch::Sender<Stage>,
    accepting: tokio::task::JoinHandle<u32>,
    handed: Option<UnboundedSender<Accepting>>,
    /// The port, chosen by the system if 0 was asked for; 0 if connections are handed
    /// to it.
    pub port: u16,
}

impl Server {
    /// Binds and serves until stopped.
    ///
    /// # Errors
    /// What the system said to binding the address.
    pub async fn listen<A: Application>(
        host: &str,
        port: u16,
        options: Options,
        application: A,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((host, port)).await?;
        let port = listener.local_addr()?.port();
        let mut server = Self::begin(Source::Port(listener), options, application);
        server.port = port;
        Ok(server)
    }

    /// Serves, until stopped, connections that somebody else accepts.
    pub fn handed<A: Application>(options: Options, application: A) -> Self {
        let (sender, inbox) = unbounded_channel();
        let mut server = Self::begin(Source::Handed(inbox), options, application);
        server.handed = Some(sender);
        server
    }

    /// Takes such a connection.
    pub fn hand(&self, connection: Accepting) {
        if let Some(handed) = &self.handed {
            let _ = handed.send(connection);
        }
    }

    fn begin<A: Application>(source: Source, options: Options, application: A) -> Self {
        let stage = watch::Sender::new(Stage::Serving);
        let context = Context {
            options: Arc::new(options),
            application: Arc::new(application),
            stage: stage.subscribe(),
        };
        Self {
            stage,
            accepting: tokio::spawn(accept(source, context)),
            handed: None,
            port: 0,
        }
    }

    /// Stops listening, tells every client to leave, waits up to `grace` for
    /// calls to end and cuts off the rest. Returns how many connections had to
    /// be cut off with calls on them.
    pub async fn stop(mut self, grace: Duration) -> u32 {
        self.stage.send_replace(Stage::Draining);
        if let Ok(joined) = tokio::time::timeout(grace, &mut self.accepting).await {
            return joined.unwrap_or(0);
        }
        self.stage.send_replace(Stage::Aborting);
        self.accepting.await.unwrap_or(0)
    }
}

async fn accept<A: Application>(mut source: Source, context: Context<A>) -> u32 {
    let mut stage = context.stage.clone();
    let mut connections = JoinSet::new();
    let mut door = Door::default();
    loop {
        tokio::select! {
            accepted = source.next() => {
                let full = context.options.max_connections.filter(|most| connections.len() >= *most);
                if let Some(text) = door.saw(&accepted, full, Instant::now()) {
                    context.application.warn(text);
                }
                match accepted {
                    Ok((stream, peer)) if full.is_none() => {
                        connections.spawn(attend(stream, peer, context.clone()));
                    }
                    Ok(_one_too_many) => {}
                    // Out of descriptors, mostly: serving on beats spinning.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
            Some(_) = connections.join_next() => {}
            _ = next_stage(&mut stage, Stage::Serving) => break,
        }
    }
    drop(source);
    let mut cut_off = 0;
    while let Some(ended) = connections.join_next().await {
        cut_off += u32::from(ended.unwrap_or(false));
    }
    cut_off
}

/// One connection, from its handshake to its end. True if it was cut off with
/// calls on it.
async fn attend<A: Application>(stream: TcpStream, peer: SocketAddr, context: Context<A>) -> bool {
    let number = NEXT_CONNECTION.fetch_add(1, Ordering::Relaxed);
    let port = stream.local_addr().map_or(0, |local| local.port());
    let ends = Ends { peer, port };
    let warn = |text: String| context.application.warn(text);
    let mut stage = context.stage.clone();
    let beginning = begin(without_delay(stream), &context.options);
    let beginning = tokio::time::timeout(HANDSHAKE_TIMEOUT, beginning);
    let connection = tokio::select! {
        result = beginning => match result {
            Ok(Ok(connection)) => connection,
            Ok(Err(failure)) => {
                failure.describe(&ends).map(warn);
                return false;
            }
            Err(_elapsed) => {
                let seconds = HANDSHAKE_TIMEOUT.as_secs();
                warn(format!("{ends} did not begin to speak HTTP/2 within {seconds} s and was closed"));
                return false;
            }
        },
        _ = next_stage(&mut stage, Stage::Serving) => return false,
    };
    let (connection, greeting) = connection;
    context.application.connected(number, peer);
    let (result, cut_off) = drive(connection, number, &greeting, &context).await;
    if let Err(error) = result {
        describe(&ends, &error, &greeting).map(warn);
    }
    context.application.disconnected(number);
    cut_off
}

/// Why a connection did not begin.
enum Failure {
    Tls(HandshakeError),
    Http(h2::Error, Greeting),
}

impl Failure {
    fn describe(&self, ends: &Ends) -> Option<String> {
        match self {
            Self::Tls(error) if error.silent => None,
            Self::Tls(error) => Some(format!("{ends}: {}", error.text)),
            Self::Http(error, greeting) => describe(ends, error, greeting),
        }
    }
}

/// TLS, if the server has it, and HTTP/2.
async fn begin(
    stream: TcpStream,
    options: &Options,
) -> Result<(Connection<Io, Payload>, Greeting), Failure> {
    let transport = match &options.tls {
        Some(credentials) => {
            let accepted = handshake::accept(credentials.config(), stream).await;
            Transport::Tls(Box::new(accepted.map_err(Failure::Tls)?))
        }
        None => Transport::Plain(stream),
    };
    let (io, greeting) = Io::new(transport);
    let mut builder = Builder::new();
    if let Some(most) = options.max_streams {
        builder.max_concurrent_streams(most);
    }
    let handshake = builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME_SIZE)
        .max_header_list_size(hard_limit(options.max_metadata))
        .data_frame_budget(SMALL_FRAMES)
        .max_concurrent_reset_streams(RESET_STREAMS)
        .max_pending_accept_reset_streams(RESET_STREAMS)
        .handshake::<_, Payload>(io)
        .await;
    match handshake {
        Ok(connection) => Ok((connection, greeting)),
        Err(error) => Err(Failure::Http(error, greeting)),
    }
}

/// What a peer may take to say that it speaks HTTP/2, TLS before it included.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(20);

/// Whose connection, for the log.
struct Ends {
    peer: SocketAddr,
    port: u16,
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection from {} to port {}", self.peer, self.port)
    }
}

/// What went wrong with a connection. `None` if the peer came and went without a
/// word, as port checks do, or is gone: its calls say so.
fn describe(ends: &Ends, error: &h2::Error, greeting: &Greeting) -> Option<String> {
    if !greeting.seen() || error.is_io() && greeting.explain().is_none() {
        return None;
    }
    Some(match greeting.explain() {
        Some(what) => format!("{ends}: {what}"),
        None => format!("{ends} does not keep to HTTP/2: {}", with_causes(error)),
    })
}
