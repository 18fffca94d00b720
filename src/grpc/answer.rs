//! The response to one call of a server: headers once, messages, and one end.

use std::future::poll_fn;

use h2::SendStream;
use h2::server::SendResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use tokio::sync::watch;

use super::call::GRPC;
use super::encoding::{ACCEPTED, GRPC_ACCEPT_ENCODING};
use super::payload::Payload;
use super::serve::Closed;
use super::server::Stage;
use super::status::Status;

/// The response. Dropped before its end while its server cuts off what is left, it
/// tells the client so; at any other time the stream is reset.
pub struct Answer<'a> {
    respond: SendResponse<Payload>,
    /// There once the headers are sent.
    sending: Option<SendStream<Payload>>,
    is_over: bool,
    stage: &'a watch::Receiver<Stage>,
}

impl<'a> Answer<'a> {
    /// Nothing is sent yet.
    pub fn new(respond: SendResponse<Payload>, stage: &'a watch::Receiver<Stage>) -> Self {
        Self {
            respond,
            sending: None,
            is_over: false,
            stage,
        }
    }

    /// The stream to send on; sends the headers first if they are not out yet.
    pub fn open(&mut self, headers: Option<HeaderMap>) -> Option<&mut SendStream<Payload>> {
        if self.sending.is_none() {
            let mut response = Response::new(());
            *response.headers_mut() = headers.unwrap_or_default();
            response.headers_mut().insert(CONTENT_TYPE, GRPC);
            response
                .headers_mut()
                .insert(GRPC_ACCEPT_ENCODING, ACCEPTED);
            self.sending = self.respond.send_response(response, false).ok();
        }
        self.sending.as_mut()
    }

    /// Ends the call; without a message before it, in one frame. If the client is
    /// still sending, h2 asks it to stop, after this.
    pub fn end(&mut self, status: Status) {
        self.is_over = true;
        if let Some(sending) = &mut self.sending {
            let _ = sending.send_trailers(status.into_trailers());
            return;
        }
        let mut response = Response::new(());
        *response.headers_mut() = status.into_trailers();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, GRPC);
        headers.insert(GRPC_ACCEPT_ENCODING, ACCEPTED);
        let _ = self.respond.send_response(response, true);
    }

    /// Ends what is no call of gRPC.
    pub fn end_http(&mut self, status: StatusCode) {
        self.is_over = true;
        let mut response = Response::new(());
        *response.status_mut() = status;
        let _ = self.respond.send_response(response, true);
    }

    /// Waits until the client, or its connection, is gone.
    pub async fn closed_by_peer(&mut self) -> Closed {
        let result = match &mut self.sending {
            Some(sending) => poll_fn(|cx| sending.poll_reset(cx)).await,
            None => poll_fn(|cx| self.respond.poll_reset(cx)).await,
        };
        match result {
            Ok(_reason) => Closed::Cancelled,
            Err(error) => Closed::by(&error),
        }
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        if !self.is_over && *self.stage.borrow() == Stage::Aborting {
            self.end(Status::unavailable("The server is stopping"));
        }
    }
}
