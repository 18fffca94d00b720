//! A server, and a client on a connection of its own that sends it frames in any order,
//! whole and broken. Beside it a good client calls.

#![no_main]

use std::cell::RefCell;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use owt_grpc_fuzz::echo::{self, Echo};
use owt_grpc_fuzz::grpc::channel::Channel;
use owt_grpc_fuzz::hostile;
use owt_grpc_fuzz::script::Script;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

struct World {
    runtime: Runtime,
    echo: Echo,
    good: Arc<Channel>,
}

impl World {
    fn new() -> Self {
        // Nobody waits for a deadline: the time jumps there when nothing happens.
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let echo = runtime.block_on(Echo::listen());
        let good = echo::channel(echo.port);
        Self {
            runtime,
            echo,
            good,
        }
    }
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new());
}

fuzz_target!(|input: &[u8]| WORLD.with_borrow_mut(|world| {
    let World {
        runtime,
        echo,
        good,
    } = world;
    runtime.block_on(async {
        let port = echo.port;
        let attack = async {
            let mut script = Script(input);
            let mut stream = TcpStream::connect(("127.0.0.1", port))
                .await
                .expect("a connection");
            if script.byte() % 8 != 0 {
                hostile::begin(&mut stream).await;
            }
            hostile::play(stream, script).await;
        };
        tokio::join!(attack, echo::call_well(good));
        echo::call_well(good).await;
        echo.has_only(1).await;
        echo::nothing_is_held().await;
    });
}));
