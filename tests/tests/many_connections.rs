//! Ten thousand connections at once, or as many as the system allows.

use gustnado_tests::{Client, Hold, connections};

#[test]
fn ten_thousand_keep_alive_connections_are_all_answered_twice() {
    let server = Hold::start(env!("CARGO_BIN_EXE_hold"));
    let address = server.address();
    let count = connections(10_000);
    let mut clients = Vec::with_capacity(count);
    while clients.len() < count {
        let mut client = Client::connect(address);
        // The backlog is short: an answer says that the server has caught up.
        if clients.len() % 100 == 99 {
            assert_eq!(client.get("/").text(), "Hello, world");
        }
        clients.push(client);
    }
    for _ in 0..2 {
        for clients in clients.chunks_mut(1000) {
            for client in &mut *clients {
                client.send_get("/");
            }
            for client in clients {
                assert_eq!(client.reply().text(), "Hello, world");
            }
        }
    }
    println!("{count} connections");
}
