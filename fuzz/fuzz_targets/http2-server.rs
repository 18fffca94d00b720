//! A server, and a client on a connection of its own that sends it frames in any order,
//! whole and broken. Beside it a good client calls.

#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use owt_grpc_fuzz::echo::{self, World};
use owt_grpc_fuzz::hostile;
use owt_grpc_fuzz::script::Script;
use tokio::net::TcpStream;

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
