//! The native class that `lib/crossing/bridge.js` holds: one per environment,
//! used on its JS thread only.

// napi hands arguments over by value.
#![allow(clippy::needless_pass_by_value)]

mod body;
mod certificates;
mod credentials;
mod handed;
mod limits;
mod options;
mod registries;
mod rules;
mod terms;

use std::sync::Arc;

use bytes::Bytes;
use napi::JsString;
use napi::bindgen_prelude::{BufferSlice, Env, Function, Result};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::bus::node;
use crate::bus::trust::operator::OperatorSecret;
use crate::crossing::environment::Environment;
use crate::crossing::network::{Network, Work};
use crate::crossing::record::level;
use crate::grpc::budget;
use crate::grpc::channel;
use crate::grpc::proxy::Proxy;
use crate::grpc::service;
use crate::grpc::target::BadTarget;
use crate::grpc::tenure;
use crate::registry::host;
use crate::tls::credentials::Mutual;
use credentials::Credentials;
use limits::{MAX_RECEIVE, keepalive, limit, max_metadata, millis};
use options::{BusOptions, ChannelOptions, Counts, RegistryOptions, ServerOptions};
use registries::way_to_registry;
use rules::Rules;
use terms::{keys_of, terms};

/// One JS thread's way to the network thread.
#[napi]
pub struct Bridge {
    environment: Arc<Environment>,
    network: &'static Network,
}

#[napi]
impl Bridge {
    /// Attaches this environment. `wake` is called when events wait.
    #[napi(constructor)]
    pub fn new(env: Env, wake: Function<'_, (), ()>) -> Result<Self> {
        let wake = wake
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .callee_handled::<false>()
            .max_queue_size::<0>()
            .build()?;
        let environment = Environment::new(Box::new(move || {
            // A status other than ok means that JS is going away.
            let _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }));
        let network = Network::get()?;
        env.add_env_cleanup_hook(Arc::clone(&environment), move |environment| {
            environment.events.close();
            network.submit(Work::Abandon(environment));
        })?;
        Ok(Self {
            environment,
            network,
        })
    }

    /// Takes a batch of commands.
    #[napi]
    pub fn send(&self, batch: BufferSlice<'_>, length: u32) {
        let length = batch.len().min(length as usize);
        let batch = Bytes::copy_from_slice(&batch[..length]);
        self.network
            .submit(Work::Batch(Arc::clone(&self.environment), batch));
    }

    /// Fills a buffer with events.
    #[napi]
    #[allow(clippy::cast_precision_loss)] // sizes are far below 2^53
    pub fn drain(&self, mut into: BufferSlice<'_>) -> f64 {
        self.environment.events.drain(&mut into) as f64
    }

    /// The body of the next record with the flag `OUTSIDE`.
    #[napi]
    pub fn outside<'env>(&self, env: &'env Env) -> Result<Option<Vec<JsString<'env>>>> {
        let body = self.environment.events.outside();
        body.map(|body| body::texts(env, &body)).transpose()
    }

    /// The number of a method path.
    #[napi]
    pub fn method(&self, path: String) -> Result<u32> {
        let number = self.network.tables.method(&path);
        number.ok_or_else(|| invalid(format!("{path:?} is not a method path")))
    }

    /// A channel to a target, with TLS if there are credentials.
    #[napi]
    pub fn open_channel(
        &self,
        options: ChannelOptions,
        credentials: Option<&Credentials>,
    ) -> Result<u32> {
        let target = options
            .target
            .parse()
            .map_err(|e| invalid(format!("{e}")))?;
        let tls = credentials.map(Credentials::client).transpose()?;
        let proxy = options.proxy.map(|address| address.parse());
        let proxy = proxy.transpose();
        let proxy = proxy.map_err(|bad: BadTarget| invalid(bad.of("proxy").to_string()))?;
        let password = options.proxy_credentials.as_deref();
        Ok(self.network.tables.open_channel(channel::Options {
            target,
            proxy: proxy.map(|address| Proxy::new(address, password)),
            tls: tls.map(channel::Tls),
            keepalive: keepalive(options.keepalive_ms, options.keepalive_timeout_ms),
            max_receive: limit(options.max_receive_bytes, Some(MAX_RECEIVE)),
            max_send: limit(options.max_send_bytes, None),
            max_metadata: max_metadata(options.max_metadata_bytes),
        }))
    }

    /// Gives a channel back.
    #[napi]
    pub fn close_channel(&self, channel: u32) {
        self.network.submit(Work::CloseChannel(channel));
    }

    /// What a channel is doing.
    #[napi]
    pub fn channel_state(&self, channel: u32) -> &'static str {
        let channel = self.network.tables.channel(channel);
        channel.map_or("closed", |channel| channel.state())
    }

    /// What a channel has done, or all of the process where none is named.
    #[napi]
    #[allow(clippy::cast_precision_loss)] // counts are far below 2^53
    pub fn counts(&self, channel: Option<u32>) -> Counts {
        let (connected, failed) = match channel {
            None => channel::ATTEMPTS.counts(),
            Some(number) => {
                let channel = self.network.tables.channel(number);
                channel.map_or((0, 0), |channel| channel.attempts())
            }
        };
        Counts {
            connected: connected as f64,
            failed: failed as f64,
            waiting: self.environment.events.waiting() as f64,
            buffered: budget::PROCESS.total() as f64,
            max_buffered: budget::PROCESS.limit() as f64,
        }
    }

    /// How much this process may hold for its peers, in bytes, and who says so.
    #[napi]
    #[allow(clippy::unused_self)] // JS has everything native from here
    pub fn limit_buffered(&self, bytes: f64, by: String) -> Result<()> {
        let by = match by.as_str() {
            "default" => budget::By::Default,
            "environment" => budget::By::Environment,
            "program" => budget::By::Program,
            other => return Err(invalid(format!("{other:?} limits nothing"))),
        };
        if let Some(bytes) = limit(Some(bytes), None) {
            budget::PROCESS.set_limit(bytes, by);
        }
        Ok(())
    }

    /// Binds and serves, with TLS if there are credentials; answered by LISTENING.
    #[napi]
    pub fn listen(
        &self,
        server: u32,
        options: ServerOptions,
        credentials: Option<&Credentials>,
    ) -> Result<()> {
        let tls = credentials.map(Credentials::server).transpose()?;
        let port = u16::try_from(options.port)
            .map_err(|_| invalid(format!("port {} is not from 0 to 65535", options.port)))?;
        let methods = options.methods.into_iter().map(|method| {
            let route = service::Method {
                number: method.method,
                request_stream: method.request_stream,
            };
            (method.path, route)
        });
        self.network.submit(Work::Listen {
            environment: Arc::clone(&self.environment),
            server,
            at: (!options.handed).then_some((options.host, port)),
            options: service::Options {
                methods: methods.collect(),
                tls,
                keepalive: keepalive(options.keepalive_ms, options.keepalive_timeout_ms),
                max_receive: limit(options.max_receive_bytes, Some(MAX_RECEIVE)),
                max_send: limit(options.max_send_bytes, None),
                max_metadata: max_metadata(options.max_metadata_bytes),
                max_streams: options.max_concurrent_streams,
                max_connections: options.max_connections.map(|most| most as usize),
                terms: tenure::Terms {
                    first_call: options.first_call_timeout_ms.map(millis),
                    idle: options.max_connection_idle_ms.map(millis),
                    age: options.max_connection_age_ms.map(millis),
                    age_grace: options.max_connection_age_grace_ms.map(millis),
                },
                max_call: options.max_call_ms.map(millis),
            },
        });
        Ok(())
    }

    /// Hands a connection to a server that listens with `handed`. The descriptor stays
    /// the caller's, to be closed; what is handed over is a duplicate.
    #[napi]
    pub fn hand_over(&self, server: u32, descriptor: i32) -> Result<()> {
        let connection = handed::duplicate(descriptor)
            .map_err(|error| invalid(format!("descriptor {descriptor}: {error}")))?;
        let environment = Arc::clone(&self.environment);
        self.network
            .submit(Work::HandOver(environment, server, connection));
        Ok(())
    }

    /// Serves a registry of the bus, with TLS if there are credentials; answered
    /// by LISTENING, and stopped as a server is.
    #[napi]
    pub fn open_registry(
        &self,
        server: u32,
        options: RegistryOptions,
        credentials: Option<&Credentials>,
        rules: Option<&Rules>,
    ) -> Result<()> {
        let tls = credentials.map(Credentials::server).transpose()?;
        let mut terms = terms(
            &options.cluster,
            options.protocol.as_ref(),
            options.secret.as_ref(),
        )?;
        terms.rules = Rules::or_none(rules);
        let environment = Arc::clone(&self.environment);
        let warn = move || {
            let environment = Arc::clone(&environment);
            Box::new(move |text: String| environment.events.log(level::WARN, &text))
        };
        self.network.submit(Work::OpenRegistry {
            environment: Arc::clone(&self.environment),
            server,
            host: options.host,
            port: options.port,
            options: host::Options {
                terms,
                tls,
                warn: warn(),
                note: warn(),
                beside: options.beside,
            },
            insecure: options.insecure,
        });
        Ok(())
    }

    /// Stops a server; answered by STOPPED.
    #[napi]
    pub fn stop_server(&self, server: u32, grace_ms: f64) {
        self.network.submit(Work::Stop {
            environment: Arc::clone(&self.environment),
            server,
            grace: millis(grace_ms),
        });
    }

    /// Becomes a member of the bus, with mutual TLS if there are credentials for
    /// serving and for dialing; answered by `BUS_STATE`. TLS to etcd has credentials
    /// of its own.
    #[napi]
    pub fn open_bus(
        &self,
        bus: u32,
        options: BusOptions,
        serving: Option<&Credentials>,
        dialing: Option<&Credentials>,
        etcd: Option<&Credentials>,
        rules: Option<&Rules>,
    ) -> Result<()> {
        let tls = match (serving, dialing) {
            (Some(serving), Some(dialing)) => Some(Mutual {
                server: serving.server()?,
                client: dialing.client()?,
            }),
            (None, None) => None,
            _ => return Err(invalid("TLS of a member needs both credentials".to_owned())),
        };
        let mut terms = terms(
            &options.cluster,
            options.protocol.as_ref(),
            options.secret.as_ref(),
        )?;
        terms.rules = Rules::or_none(rules);
        let registry = way_to_registry(&options, &terms, tls.clone(), etcd)?;
        // The registry has nothing that an operator's secret would keep.
        if let Some(keys) = &options.operator {
            terms.operator = OperatorSecret::by(keys_of(keys)?);
        }
        terms.is_command = options.is_command;
        self.network.submit(Work::OpenBus {
            environment: Arc::clone(&self.environment),
            bus,
            options: node::Options {
                name: options.name,
                token: options.token,
                terms,
                seed: options.seed.to_bits(),
                max_message: options.max_message_bytes as usize,
                idle: options.link_idle_ms.into(),
                registry,
                tls,
                advertise: options.advertise_host,
                ports: options.ports.map(|ports| node::Ports {
                    first: ports.first,
                    last: ports.last,
                    setting: ports.setting,
                }),
            },
        });
        Ok(())
    }

    /// Records of LOG up to this level are wanted; 0 for none.
    #[napi]
    pub fn log_level(&self, level: u8) {
        self.environment.events.set_log_level(level);
    }
}

fn invalid(text: String) -> napi::Error {
    napi::Error::new(napi::Status::InvalidArg, text)
}
