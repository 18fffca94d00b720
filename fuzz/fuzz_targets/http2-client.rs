//! Calls of a client to a server that answers with frames in any order, whole and broken.
//! Each ends. Beside them the same process calls a good server.

#![no_main]

use std::cell::RefCell;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use owt_grpc_fuzz::echo::{self, How, World};
use owt_grpc_fuzz::grpc::channel::Channel;
use owt_grpc_fuzz::grpc::status::Code;
use owt_grpc_fuzz::hostile;
use owt_grpc_fuzz::script::Script;
use tokio::net::TcpListener;

/// Until all calls have ended, in the client's time.
const LONGEST: Duration = Duration::from_secs(300);

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new());
}

/// The first connection is answered by the script, others are closed.
async fn serve(listener: &TcpListener, input: &[u8]) -> Infallible {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut script = Script(input);
    if script.byte() % 8 != 0 {
        hostile::answer(&mut stream).await;
    }
    hostile::play(stream, script).await;
    loop {
        let _ = listener.accept().await;
    }
}

/// A call to the hostile server, which ends somehow.
async fn call(channel: &Arc<Channel>, how: How) {
    let ended = echo::call(channel, how).await;
    let is_success = ended.status.code == Code::OK;
    assert!(!is_success || how.unary == ended.reply.is_some());
}

fuzz_target!(|input: &[u8]| WORLD.with_borrow_mut(|world| {
    let World { runtime, good, .. } = world;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let channel = echo::channel(listener.local_addr().expect("a port").port());
        let how = |unary, timeout, wait_for_ready| How {
            unary,
            timeout,
            wait_for_ready,
        };
        let calls = async {
            tokio::join!(
                call(&channel, how(true, None, false)),
                call(&channel, how(false, None, false)),
                call(&channel, how(true, Some(200), true)),
                call(&channel, how(false, Some(200), true)),
                echo::call_well(good),
            )
        };
        tokio::select! {
            biased;
            never = serve(&listener, input) => match never {},
            ended = tokio::time::timeout(LONGEST, calls) => {
                assert!(ended.is_ok(), "a call does not end");
            }
        }
        drop(channel);
        echo::call_well(good).await;
        echo::nothing_is_held().await;
    });
}));
