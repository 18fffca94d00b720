//! The network thread: one per process, started by the first environment, tables
//! by all. Everything but draining happens here.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::dispatch::carry_out;
use super::environment::Environment;
use super::handlers::Handlers;
use super::listener;
use super::listening::Listening;
use super::record::level;
use super::tables::Tables;
use super::wakeups;
use crate::bus::node;
use crate::grpc::memory;
use crate::grpc::server::Server;
use crate::grpc::service;
use crate::grpc::source::Accepting;
use crate::registry::host;

/// What the JS threads ask of the network thread.
pub enum Work {
    /// A batch of commands.
    Batch(Arc<Environment>, Bytes),
    /// Bind, if there is where, and serve.
    Listen {
        environment: Arc<Environment>,
        server: u32,
        at: Option<(String, u16)>,
        options: service::Options,
    },
    /// A connection for a server that has not bound.
    HandOver(Arc<Environment>, u32, Accepting),
    /// Become a registry of the bus for others.
    OpenRegistry {
        environment: Arc<Environment>,
        server: u32,
        host: String,
        port: u16,
        options: host::Options,
        insecure: bool,
    },
    /// Stop serving.
    Stop {
        environment: Arc<Environment>,
        server: u32,
        grace: Duration,
    },
    /// Become a member of the bus.
    OpenBus {
        environment: Arc<Environment>,
        bus: u32,
        options: node::Options,
    },
    /// A channel number is given back, after the commands sent before.
    CloseChannel(u32),
    /// The environment is gone.
    Abandon(Arc<Environment>),
}

/// The thread, seen from the others.
pub struct Network {
    work: UnboundedSender<Work>,
    /// What numbers in commands stand for.
    pub tables: Arc<Tables>,
}

static NETWORK: OnceLock<Network> = OnceLock::new();

impl Network {
    /// The network thread, started if it is not running.
    ///
    /// # Errors
    /// The system gave no thread or no poller.
    pub fn get() -> io::Result<&'static Self> {
        static STARTING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = STARTING.lock();
        if let Some(network) = NETWORK.get() {
            return Ok(network);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (work, inbox) = unbounded_channel();
        let tables = Arc::new(Tables::default());
        let network = Self {
            work,
            tables: Arc::clone(&tables),
        };
        std::thread::Builder::new()
            .name("owt-grpc-net".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::spawn(wakeups::keep_waking());
                    tokio::spawn(memory::keep_giving_back());
                    work_off(inbox, tables).await;
                });
            })?;
        Ok(NETWORK.get_or_init(|| network))
    }

    /// Hands work over. The thread lives as long as the process.
    pub fn submit(&self, work: Work) {
        let _ = self.work.send(work);
    }
}

async fn work_off(mut inbox: UnboundedReceiver<Work>, tables: Arc<Tables>) {
    while let Some(work) = inbox.recv().await {
        match work {
            Work::Batch(environment, batch) => {
                // A bug must not cost the thread that all share.
                let carried_out = catch_unwind(AssertUnwindSafe(|| {
                    carry_out(&environment, &tables, batch);
                }));
                if carried_out.is_err() {
                    environment
                        .events
                        .log(level::ERROR, "a batch was cut short: a bug in owt-grpc");
                }
            }
            Work::Listen {
                environment,
                server,
                at,
                options,
            } => {
                tokio::spawn(listen(environment, server, at, options));
            }
            Work::HandOver(environment, server, connection) => {
                environment.listening.hand_over(server, connection);
            }
            Work::OpenRegistry {
                environment,
                server,
                host,
                port,
                options,
                insecure,
            } => {
                tokio::spawn(async move {
                    let opened = host::open(&host, port, options, insecure).await;
                    listens(&environment, server, opened.map(Listening::Registry));
                });
            }
            Work::Stop {
                environment,
                server,
                grace,
            } => {
                tokio::spawn(stop(environment, server, grace));
            }
            Work::OpenBus {
                environment,
                bus,
                options,
            } => {
                environment.members.expect(bus);
                tokio::spawn(listener::open(environment, bus, options));
            }
            Work::CloseChannel(number) => {
                tables.close_channel(number);
            }
            Work::Abandon(environment) => environment.abandon(),
        }
    }
}

async fn listen(
    environment: Arc<Environment>,
    server: u32,
    at: Option<(String, u16)>,
    options: service::Options,
) {
    let handlers = Handlers {
        environment: Arc::clone(&environment),
        server,
    };
    let bound = match at {
        Some((host, port)) => Server::listen(&host, port, options, handlers).await,
        None => Ok(Server::handed(options, handlers)),
    };
    listens(&environment, server, bound.map(Listening::Server));
}

/// Tells JS what became of it.
fn listens(environment: &Arc<Environment>, server: u32, bound: io::Result<Listening>) {
    match bound {
        Ok(listening) => {
            let port = listening.port();
            environment.listening.keep(server, listening);
            environment.events.listening(server, port, "", "");
        }
        Err(error) => {
            let code = match error.kind() {
                io::ErrorKind::AddrInUse => "EADDRINUSE",
                io::ErrorKind::AddrNotAvailable => "EADDRNOTAVAIL",
                io::ErrorKind::PermissionDenied => "EACCES",
                _ => "EINVAL",
            };
            let error = error.to_string();
            environment.events.listening(server, 0, &error, code);
        }
    }
}

async fn stop(environment: Arc<Environment>, server: u32, grace: Duration) {
    let cut_off = match environment.listening.take(server) {
        Some(listening) => listening.stop(grace).await,
        None => 0,
    };
    environment.events.stopped(server, cut_off);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crossing::record::{HEADER, command, event};

    fn record(op: u8, flags: u8, id: u32, body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(HEADER + body.len()).unwrap();
        let mut record = size.to_le_bytes().to_vec();
        record.extend([op, flags, 0, 0]);
        record.extend(id.to_le_bytes());
        record.extend(body);
        record
    }

    fn batch(records: &[Vec<u8>]) -> Bytes {
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let mut batch = Vec::new();
        let mut index = Vec::new();
        for record in records {
            index.extend(size(&batch));
            batch.extend(record);
        }
        batch.extend(index);
        batch.extend(u32::try_from(records.len()).unwrap().to_le_bytes());
        batch.into()
    }

    /// A call that is answered at once, if anybody is there to do so: channel,
    /// method and timeout do not exist, and there is no metadata.
    fn call(id: u32) -> Vec<u8> {
        let mut body = [0xff; 16];
        body[12..].fill(0);
        record(command::CALL, command::COMPLETE, id, &body)
    }

    fn environment() -> (Arc<Environment>, std::sync::mpsc::Receiver<()>) {
        let (wake, woken) = std::sync::mpsc::channel();
        let environment = Environment::new(Box::new(move || wake.send(()).unwrap_or(())));
        environment.events.set_log_level(level::ERROR);
        (environment, woken)
    }

    fn send(environment: &Arc<Environment>, batch: Bytes) {
        let network = Network::get().unwrap();
        network.submit(Work::Batch(Arc::clone(environment), batch));
    }

    /// The ops and ids of the next events.
    fn events(environment: &Environment, woken: &std::sync::mpsc::Receiver<()>) -> Vec<(u8, u32)> {
        woken.recv_timeout(Duration::from_secs(10)).unwrap();
        let mut into = vec![0; 4096];
        let mut events = Vec::new();
        while let Ok(length @ 1..) = usize::try_from(environment.events.drain(&mut into)) {
            let mut at = 0;
            while at < length {
                events.push((into[at + 4], u32::from(into[at + 8])));
                at += u32::from_le_bytes(*into[at..].first_chunk().unwrap()) as usize;
            }
        }
        events
    }

    #[test]
    fn a_panic_costs_its_command_and_neither_those_beside_it_nor_the_thread() {
        let (environment, woken) = environment();
        let panic = record(command::PANIC, 0, 1, &[]);
        send(&environment, batch(&[call(3), panic, call(5)]));
        let ended = [(event::STATUS, 3), (event::LOG, 0), (event::STATUS, 5)];
        assert_eq!(events(&environment, &woken), ended);
        send(&environment, batch(&[call(7)]));
        assert_eq!(events(&environment, &woken), [(event::STATUS, 7)]);
    }

    #[test]
    fn a_command_whose_sizes_do_not_add_up_ends_its_own_call_and_no_other() {
        let mut misfit = call(5);
        misfit[0] += 1;
        let mut inside = call(5);
        inside[HEADER + 12] = 200;
        let unknown_message = record(command::MESSAGE, 0, 5, b"no frame");
        for bad in [misfit, inside, unknown_message] {
            let (environment, woken) = environment();
            send(&environment, batch(&[call(3), bad, call(7)]));
            let ended = [
                (event::STATUS, 3),
                (event::LOG, 0),
                (event::STATUS, 5),
                (event::STATUS, 7),
            ];
            assert_eq!(events(&environment, &woken), ended);
        }
    }

    #[test]
    fn a_batch_without_an_index_is_refused_aloud() {
        let (environment, woken) = environment();
        send(&environment, call(3).into());
        assert_eq!(events(&environment, &woken), [(event::LOG, 0)]);
    }
}
