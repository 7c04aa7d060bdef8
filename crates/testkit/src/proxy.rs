//! Owns a small TCP proxy that cuts, stalls and counts connections, so that tests can take the network away at a known byte.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

#[derive(Default)]
struct State {
    open: Mutex<Vec<TcpStream>>,
    stalled: Mutex<bool>,
    released: Condvar,
    refusing: AtomicBool,
    stopped: AtomicBool,
    /// Bytes still let through towards the server before everything is cut; `u64::MAX` means no limit.
    budget: AtomicU64,
    sent: AtomicU64,
}

impl State {
    fn cut(&self) {
        for stream in self.open.lock().expect("no holder panics").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn wait_while_stalled(&self) {
        let mut stalled = self.stalled.lock().expect("no holder panics");
        while *stalled && !self.stopped.load(Ordering::Relaxed) {
            stalled = self.released.wait(stalled).expect("no holder panics");
        }
    }

    /// Takes from the budget; false once it is used up.
    fn spend(&self, bytes: u64) -> bool {
        self.budget
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
                u64::MAX => Some(u64::MAX),
                left => left.checked_sub(bytes),
            })
            .is_ok()
    }
}

/// The proxy; it stops when dropped.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

impl Proxy {
    /// Listens on a free port of this machine and passes every connection on to `upstream`.
    pub fn start(upstream: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let state = Arc::new(State { budget: AtomicU64::new(u64::MAX), ..State::default() });
        let shared = Arc::clone(&state);
        std::thread::Builder::new().name("proxy".to_owned()).spawn(move || accept(&listener, upstream, &shared))?;
        Ok(Self { address, state })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bytes passed towards the server since the start.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }

    /// Cuts every open connection now; new ones are accepted.
    pub fn cut(&self) {
        self.state.cut();
    }

    /// Cuts everything and refuses new connections once `bytes` more have passed towards the server.
    pub fn cut_after(&self, bytes: u64) {
        self.state.budget.store(bytes, Ordering::SeqCst);
    }

    /// Holds or lets go all bytes in both directions; connections stay open.
    pub fn set_stalled(&self, stalled: bool) {
        *self.state.stalled.lock().expect("no holder panics") = stalled;
        self.state.released.notify_all();
    }

    /// Closes new connections at once, as a dead network does; letting them in again also lifts `cut_after`.
    pub fn set_refusing(&self, refusing: bool) {
        self.state.refusing.store(refusing, Ordering::SeqCst);
        if refusing {
            self.state.cut();
        } else {
            self.state.budget.store(u64::MAX, Ordering::SeqCst);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        self.state.released.notify_all();
        self.state.cut();
        // The listener only looks at `stopped` after it has accepted.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, upstream: SocketAddr, state: &Arc<State>) {
    for client in listener.incoming() {
        if state.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        if state.refusing.load(Ordering::SeqCst) {
            continue;
        }
        let Ok(server) = TcpStream::connect(upstream) else { continue };
        let (Ok(client_again), Ok(server_again)) = (client.try_clone(), server.try_clone()) else { continue };
        {
            let mut open = state.open.lock().expect("no holder panics");
            open.extend([&client, &server].into_iter().filter_map(|stream| stream.try_clone().ok()));
        }
        for (from, to, counted) in [(client, server, true), (server_again, client_again, false)] {
            let state = Arc::clone(state);
            let _ = std::thread::Builder::new().name("proxy pump".to_owned()).spawn(move || pump(from, to, counted, &state));
        }
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, counted: bool, state: &State) {
    let mut buffer = [0u8; 16 * 1024];
    while let Ok(read) = from.read(&mut buffer) {
        if read == 0 {
            break;
        }
        state.wait_while_stalled();
        if counted {
            if !state.spend(read as u64) {
                state.refusing.store(true, Ordering::SeqCst);
                state.cut();
                break;
            }
            state.sent.fetch_add(read as u64, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
