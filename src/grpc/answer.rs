//! The response to one call of a server: headers once, messages, and one end.

use std::future::poll_fn;

use h2::SendStream;
use h2::server::SendResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};

use super::call::GRPC;
use super::encoding::{ACCEPTED, GRPC_ACCEPT_ENCODING};
use super::metadata;
use super::payload::Payload;
use super::peer::Peer;
use super::service::Closed;
use super::status::Status;

/// What is added to the headers of a response, in HTTP/2's count of bytes.
const RESPONSE: usize = 256;

/// The response. Dropped before its end while its connection's calls are cut off, it
/// tells the client so; at any other time the stream is reset.
pub struct Answer<'a> {
    respond: SendResponse<Payload>,
    /// There once the headers are sent.
    sending: Option<SendStream<Payload>>,
    is_over: bool,
    peer: &'a Peer,
    /// What was left out, since it would have been larger.
    cut: Option<String>,
}

impl<'a> Answer<'a> {
    /// Nothing is sent yet.
    pub fn new(respond: SendResponse<Payload>, peer: &'a Peer) -> Self {
        Self {
            respond,
            sending: None,
            is_over: false,
            peer,
            cut: None,
        }
    }

    /// The stream to send on; sends the headers first if they are not out yet.
    pub fn open(&mut self, headers: Option<HeaderMap>) -> Option<&mut SendStream<Payload>> {
        if self.sending.is_none() {
            let mut response = Response::new(());
            *response.headers_mut() = headers.unwrap_or_default();
            self.fit(response.headers_mut(), "metadata", HeaderMap::clear);
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
        let mut trailers = status.into_trailers();
        self.fit(&mut trailers, "trailers", Status::keep_only);
        if let Some(sending) = &mut self.sending {
            let _ = sending.send_trailers(trailers);
            return;
        }
        let mut response = Response::new(());
        *response.headers_mut() = trailers;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, GRPC);
        headers.insert(GRPC_ACCEPT_ENCODING, ACCEPTED);
        let _ = self.respond.send_response(response, true);
    }

    /// Leaves out of a header list what the client would not accept: some end the
    /// connection then, and all its calls.
    fn fit(&mut self, headers: &mut HeaderMap, what: &str, cut: impl FnOnce(&mut HeaderMap)) {
        let most = self.peer.greeting.max_metadata();
        if most == usize::MAX {
            return;
        }
        // What is added to every response.
        let weight = metadata::weight(headers) + RESPONSE;
        if weight > most {
            cut(headers);
            self.cut = Some(format!(
                "the {what} of {weight} bytes were left out, since the client accepts {most} at most"
            ));
        }
    }

    /// What was left out, if anything was.
    pub fn cut(&mut self) -> Option<String> {
        self.cut.take()
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
        if let Some(why) = self.peer.farewell.get().filter(|_| !self.is_over) {
            self.end(Status::unavailable(*why));
        }
    }
}
