//! What a client holds that waits for its answer: less than a KiB.
//!
//! A test binary of its own, because its allocator counts what each thread holds.

#![allow(unsafe_code, reason = "an allocator cannot be written without it")]

use gustnado::locks::Condition;
use gustnado::{Application, routes};
use gustnado_tests::{Client, Server};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

struct Counting;

thread_local! {
    /// What this thread has taken and not given back, in bytes.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// What the usual allocators make of a size: one word more, in steps of 16 bytes.
fn real(size: usize) -> usize {
    (size + 8).next_multiple_of(16)
}

fn change(more: usize, less: usize) {
    // At the thread's end there is nothing to count any more. What another thread has taken may make it negative.
    let _ = HELD.try_with(|held| held.set(held.get().wrapping_add(more).wrapping_sub(less)));
}

// SAFETY: everything is left to the system's allocator, and counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        change(real(layout.size()), 0);
        // SAFETY: by this function's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        change(real(size), real(layout.size()));
        // SAFETY: by this function's contract.
        unsafe { System.realloc(ptr, layout, size) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        change(0, real(layout.size()));
        // SAFETY: by this function's contract.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Who waits, and how many they are.
#[derive(Default)]
struct Room {
    arrival: Condition,
    waiting: Cell<usize>,
}

#[gustnado::route("/wait")]
async fn wait(room: &Rc<Room>) -> &'static str {
    room.waiting.set(room.waiting.get() + 1);
    room.arrival.wait_until(Duration::from_secs(3600)).await;
    room.waiting.set(room.waiting.get() - 1);
    "news"
}

#[gustnado::route("/waiting")]
async fn waiting(room: &Rc<Room>) -> String {
    room.waiting.get().to_string()
}

#[gustnado::route("/notify")]
async fn notify(room: &Rc<Room>) -> &'static str {
    room.arrival.notify_all();
    "done"
}

#[gustnado::route("/held")]
async fn held() -> String {
    HELD.get().to_string()
}

/// Tables grow by doubling, so a little less than a power of two counts them as they are meant.
const CLIENTS: usize = 250;

fn number(client: &mut Client, path: &str) -> usize {
    client.get(path).text().parse().unwrap()
}

#[test]
fn a_client_that_waits_holds_less_than_a_kibibyte_the_second_time_too() {
    let server = Server::without_log(|| {
        Application::new(routes![wait, waiting, notify, held]).provide(Rc::new(Room::default()))
    });
    let mut control = server.connect();
    let before = number(&mut control, "/held");
    let mut clients = Vec::with_capacity(CLIENTS);
    while clients.len() < CLIENTS {
        clients.push(server.connect());
        // The backlog is short: an answer says that the server has caught up.
        assert_eq!(control.get("/waiting").text(), "0");
    }
    for _ in 0..3 {
        for client in &mut clients {
            client.send_get("/wait");
        }
        while number(&mut control, "/waiting") < CLIENTS {}
        let each = (number(&mut control, "/held") - before) / CLIENTS;
        assert!(each < 1024, "{each} bytes");
        assert_eq!(control.get("/notify").text(), "done");
        for client in &mut clients {
            assert_eq!(client.reply().text(), "news");
        }
    }
}
