//! Runs one load after the other, as told by lines on standard input.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::join_all;
use prost::Message as _;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Channel;

use crate::Failure;
use crate::owt::quic_agent_client::QuicAgentClient;
use crate::owt::{ListenRequest, SubscribeRequest, ValidateResult};

/// Answers each line with one.
pub async fn run(port: &str) -> Result<(), Failure> {
    let channel = Channel::from_shared(format!("http://127.0.0.1:{port}"))?
        .tcp_nodelay(true)
        .connect()
        .await?;
    let client = QuicAgentClient::new(channel);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let load: Value = serde_json::from_str(&line)?;
        println!("{}", measure(&client, &load).await?);
    }
    Ok(())
}

async fn measure(client: &QuicAgentClient<Channel>, load: &Value) -> Result<Value, Failure> {
    let length = Duration::from_secs_f64(load["seconds"].as_f64().ok_or("seconds is missing")?);
    let started = Instant::now();
    let mut micros = match load["kind"].as_str() {
        Some("unary") => {
            let bytes: Vec<u8> = serde_json::from_value(load["request"].clone())?;
            let request = SubscribeRequest::decode(&*bytes)?;
            let in_flight = load["inFlight"].as_u64().ok_or("inFlight is missing")?;
            unary(client, &request, in_flight, started + length).await?
        }
        Some("stream") => stream(client, started + length).await?,
        Some("bidi") => bidi(client, started + length).await?,
        other => return Err(format!("no load is called {other:?}").into()),
    };
    let seconds = started.elapsed().as_secs_f64();
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros.get((micros.len() as f64 * share) as usize);
    Ok(json!({
        "count": micros.len(), "seconds": seconds, "p50": at(0.5), "p99": at(0.99),
    }))
}

async fn unary(
    client: &QuicAgentClient<Channel>,
    request: &SubscribeRequest,
    in_flight: u64,
    end: Instant,
) -> Result<Vec<f64>, Failure> {
    let micros = RefCell::new(Vec::new());
    let worker = || async {
        let mut client = client.clone();
        while Instant::now() < end {
            let started = Instant::now();
            client.subscribe(request.clone()).await?;
            micros
                .borrow_mut()
                .push(started.elapsed().as_secs_f64() * 1e6);
        }
        Ok::<_, tonic::Status>(())
    };
    for ended in join_all((0..in_flight).map(|_| worker())).await {
        ended?;
    }
    Ok(micros.into_inner())
}

async fn stream(client: &QuicAgentClient<Channel>, end: Instant) -> Result<Vec<f64>, Failure> {
    let request = ListenRequest::default();
    let mut stream = client
        .clone()
        .listen_to_notifications(request)
        .await?
        .into_inner();
    let mut received = Vec::new();
    while Instant::now() < end {
        stream.message().await?.ok_or("the stream ended")?;
        received.push(0.0);
    }
    Ok(received)
}

/// Messages on their way at once.
const WINDOW: usize = 128;

async fn bidi(client: &QuicAgentClient<Channel>, end: Instant) -> Result<Vec<f64>, Failure> {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let send = || {
        let token_id = "token-1234567890".to_owned();
        sender.send(ValidateResult { token_id, ok: true })
    };
    for _ in 0..WINDOW {
        send()?;
    }
    let requests = UnboundedReceiverStream::new(receiver);
    let reply = client.clone().validate_token_callback(requests).await?;
    let mut tokens = reply.into_inner();
    let mut received = Vec::new();
    while Instant::now() < end {
        tokens.next().await.ok_or("the stream ended")??;
        received.push(0.0);
        send()?;
    }
    Ok(received)
}
