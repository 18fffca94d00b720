//! Replies at once; streams the notification it was started with.

use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use prost_types::Any;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, Streaming};

use crate::Failure;
use crate::owt::quic_agent_server::{QuicAgent, QuicAgentServer};
use crate::owt::*;

struct Handlers;

type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn unused<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not part of the bench"))
}

#[tonic::async_trait]
impl QuicAgent for Handlers {
    type ListenToNotificationsStream = Messages<ProgressNotification>;
    type validateTokenCallbackStream = Messages<Token>;

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<SubscribeReply>, Status> {
        let id = request.into_inner().id.unwrap_or_default();
        Ok(Response::new(SubscribeReply { id }))
    }

    async fn listen_to_notifications(
        &self,
        _: Request<ListenRequest>,
    ) -> Result<Response<Self::ListenToNotificationsStream>, Status> {
        let notification = ProgressNotification {
            r#type: "quic".to_owned(),
            name: "onSessionProgress".to_owned(),
            data: Some(Any {
                type_url: "owt.SessionProgressData".to_owned(),
                value: vec![7; 80],
            }),
        };
        let messages = futures::stream::repeat_with(move || Ok(notification.clone()));
        Ok(Response::new(messages.boxed()))
    }

    async fn validate_token_callback(
        &self,
        request: Request<Streaming<ValidateResult>>,
    ) -> Result<Response<Self::validateTokenCallbackStream>, Status> {
        let tokens = request.into_inner().map(|result| {
            result.map(|result| Token {
                token_id: result.token_id,
                ..Token::default()
            })
        });
        Ok(Response::new(tokens.boxed()))
    }

    async fn publish(&self, _: Request<PublishRequest>) -> Result<Response<PublishReply>, Status> {
        unused()
    }

    async fn unpublish(
        &self,
        _: Request<UnpublishRequest>,
    ) -> Result<Response<SimpleReply>, Status> {
        unused()
    }

    async fn unsubscribe(
        &self,
        _: Request<UnsubscribeRequest>,
    ) -> Result<Response<SimpleReply>, Status> {
        unused()
    }

    async fn linkup(&self, _: Request<LinkupRequest>) -> Result<Response<SimpleReply>, Status> {
        unused()
    }

    async fn cutoff(&self, _: Request<CutoffRequest>) -> Result<Response<SimpleReply>, Status> {
        unused()
    }

    async fn get_internal_address(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<AddressReply>, Status> {
        unused()
    }
}

/// Prints the port and serves until standard input ends.
pub async fn run() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let incoming = TcpListenerStream::new(listener).map(|stream| {
        stream.inspect(|stream| {
            let _ = stream.set_nodelay(true);
        })
    });
    let ended = async {
        let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    };
    tonic::transport::Server::builder()
        .add_service(QuicAgentServer::new(Handlers))
        .serve_with_incoming_shutdown(incoming, ended)
        .await?;
    Ok(())
}
