//! The half of a stream that a peer sends: messages under the application's flow
//! control, and what comes before they are wanted under the budget of the process.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use tokio::sync::SemaphorePermit;

use super::budget::{Full, Holding, SMALL};
use super::framing::{Decoder, Framed};
use super::gate::Gate;
use super::status::Status;
use super::stream::{CallEvents, cost};

/// A large message whose bytes do not come for so long gives its turn to the next.
const TURN_TIMEOUT: Duration = Duration::from_secs(1);

/// Why receiving stopped.
#[derive(Debug)]
pub enum ReceiveError {
    /// What arrived cannot be accepted.
    Status(Status),
    /// The stream ended in the middle of a message, as when a server is stopped; a
    /// status may follow.
    Truncated,
    /// The stream or its connection broke.
    Transport(h2::Error),
}

impl From<Status> for ReceiveError {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<Full> for ReceiveError {
    fn from(full: Full) -> Self {
        Self::Status(full.into())
    }
}

/// For a stream that was cut short by nobody who said so.
pub fn truncated() -> Status {
    Status::internal("The stream ended in the middle of a message")
}

/// What the peer of one call sends.
pub struct Receiving<'a> {
    body: RecvStream,
    decoder: Decoder,
    holding: Holding<'a>,
    /// What is held beside the bytes of messages.
    beside: usize,
    /// A message that waits for something.
    aside: Option<Framed>,
    /// Bytes that were taken from the stream and for which the peer may not send
    /// others yet.
    unreleased: usize,
    /// Nothing more comes. The error is told behind the messages before it.
    end: Option<Result<(), h2::Error>>,
    /// Held while a large message comes, if they come in turn.
    turn: Option<SemaphorePermit<'a>>,
}

impl<'a> Receiving<'a> {
    /// `beside` is what the call holds before any message has come.
    pub fn new(body: RecvStream, decoder: Decoder, holding: Holding<'a>, beside: usize) -> Self {
        Self {
            body,
            decoder,
            holding,
            beside,
            aside: None,
            unreleased: 0,
            end: None,
            turn: None,
        }
    }

    /// A message waits for something. True if there is none already.
    pub fn set_aside(&mut self, message: Framed) -> bool {
        self.aside.replace(message).is_none()
    }

    /// The message that waits, once `ready`, as [`Self::open`] gives it.
    ///
    /// # Errors
    /// Why it cannot be read, or there is no room for what came meanwhile.
    pub async fn aside_when(
        &mut self,
        ready: impl Future<Output = ()>,
    ) -> Result<Option<Bytes>, Status> {
        self.meanwhile(ready).await?;
        let aside = self.aside.take();
        aside.map(|message| self.open(message)).transpose()
    }

    /// The application has what was held beside what is still to be read.
    pub fn hand_over(&mut self) {
        self.beside = 0;
        // Less than before: never refused.
        let _ = self.count();
    }

    /// The body, whose messages have all come.
    pub fn body(&mut self) -> &mut RecvStream {
        &mut self.body
    }

    /// The next message, as it came. None at the end.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn next(&mut self) -> Result<Option<Framed>, ReceiveError> {
        self.next_for(None).await
    }

    /// As [`Self::next`], for the application behind a gate.
    async fn next_for(&mut self, gate: Option<&Gate>) -> Result<Option<Framed>, ReceiveError> {
        loop {
            if let Some(message) = self.decoder.next_message()? {
                self.turn = None;
                return Ok(Some(message));
            }
            match self.end.take() {
                None => self.more(gate).await?,
                Some(Err(error)) => return Err(ReceiveError::Transport(error)),
                Some(Ok(())) if self.decoder.is_empty() => return Ok(None),
                Some(Ok(())) => return Err(ReceiveError::Truncated),
            }
        }
    }

    /// See [`Decoder::open`]. The message counts no more: it is for the application.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn open(&mut self, message: Framed) -> Result<Bytes, Status> {
        let opened = self.decoder.open(message);
        let _ = self.count();
        opened
    }

    /// Waits for `ready`. What comes meanwhile is taken and counted, while the peer's
    /// window stays shut behind it.
    ///
    /// # Errors
    /// There is no room for what came.
    pub async fn meanwhile<T>(&mut self, ready: impl Future<Output = T>) -> Result<T, Full> {
        let mut ready = pin!(ready);
        // Mostly it is so at once, which costs no counting.
        if let Poll::Ready(result) = poll_fn(|cx| Poll::Ready(ready.as_mut().poll(cx))).await {
            return Ok(result);
        }
        self.keep()?;
        loop {
            tokio::select! {
                biased;
                result = &mut ready => return Ok(result),
                chunk = self.body.data(), if self.end.is_none() => {
                    self.take(chunk);
                    self.keep()?;
                }
            }
        }
    }

    /// Delivers messages until they end.
    ///
    /// # Errors
    /// Why they do not come to their end.
    pub async fn deliver(
        &mut self,
        gate: &Gate,
        events: &impl CallEvents,
    ) -> Result<(), ReceiveError> {
        while let Some(message) = self.next_for(Some(gate)).await? {
            let message = if gate.is_open() && !events.is_behind() {
                Some(self.open(message)?)
            } else {
                self.set_aside(message);
                let wanted = async {
                    gate.open().await;
                    events.room().await;
                };
                self.aside_when(wanted).await?
            };
            if let Some(message) = message {
                gate.deliver(cost(message.len()))?;
                events.message(message);
            }
        }
        Ok(())
    }

    /// Takes what comes next, and lets the peer send as much again.
    async fn more(&mut self, gate: Option<&Gate>) -> Result<(), ReceiveError> {
        if self.turn.is_none() && self.decoder.awaited() > SMALL {
            // While room is short, who has not read the last message gets no large one more.
            if let Some(gate) = gate.filter(|gate| gate.is_pressed()) {
                self.meanwhile(gate.open()).await?;
            }
            let turn = self.holding.turn();
            self.turn = self.meanwhile(turn).await?;
            if self.decoder.awaited() == 0 || self.end.is_some() {
                return Ok(());
            }
        }
        self.release();
        if self.turn.is_none() {
            return Ok(self.receive().await?);
        }
        match tokio::time::timeout(TURN_TIMEOUT, self.receive()).await {
            Ok(received) => received?,
            Err(_elapsed) => self.turn = None,
        }
        Ok(())
    }

    /// What is here already costs no counting, which most messages are.
    async fn receive(&mut self) -> Result<(), Full> {
        let chunk = match poll_fn(|cx| Poll::Ready(self.body.poll_data(cx))).await {
            Poll::Ready(chunk) => chunk,
            Poll::Pending => {
                self.keep()?;
                self.body.data().await
            }
        };
        self.take(chunk);
        self.release();
        Ok(())
    }

    fn take(&mut self, chunk: Option<Result<Bytes, h2::Error>>) {
        match chunk {
            Some(Ok(chunk)) => {
                self.unreleased += chunk.len();
                self.decoder.push(chunk);
            }
            Some(Err(error)) => self.end = Some(Err(error)),
            None => self.end = Some(Ok(())),
        }
    }

    fn release(&mut self) {
        if self.unreleased > 0 {
            let flow = self.body.flow_control();
            let _ = flow.release_capacity(std::mem::take(&mut self.unreleased));
        }
    }

    /// What is here waits: it counts, and holds nothing but its own bytes.
    fn keep(&mut self) -> Result<(), Full> {
        self.decoder.keep();
        if let Some(aside) = &mut self.aside {
            aside.keep();
        }
        self.count()
    }

    fn count(&mut self) -> Result<(), Full> {
        let aside = self.aside.as_ref().map_or(0, Framed::len);
        self.holding.set(self.beside + self.decoder.held() + aside)
    }
}
