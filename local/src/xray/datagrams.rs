use std::{
    fs, io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use tokio::{net::UdpSocket, runtime::Builder, sync::mpsc};
use tokio_util::sync::CancellationToken;

/// The largest datagram that the daemon reads.
const MAX_DATAGRAM: usize = 65_536;
/// What the socket's buffer should hold, in bytes: tens of thousands of ordinary segments. Linux gives at most
/// `net.core.rmem_max` to a process without privileges.
const RECEIVE_BUFFER: usize = 32 * 1024 * 1024;
/// How many datagrams wait for the store, and how many bytes they may have in all.
const MAX_WAITING: usize = 65_536;
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;

/// A datagram, or why one could not be read.
pub(super) type Received = io::Result<Box<[u8]>>;

/// The datagrams that came in. A thread reads them from the socket and does nothing else: whoever is slower than those
/// who send finds them waiting here, and not in the kernel, whose buffer is small.
#[derive(Debug)]
pub(super) struct Datagrams {
    waiting: mpsc::Receiver<Received>,
    counts: Arc<Counts>,
    address: SocketAddr,
    /// The size of the socket's buffer, in bytes.
    pub(super) buffer: usize,
}

#[derive(Debug, Default)]
struct Counts {
    /// The bytes of what waits.
    bytes: AtomicUsize,
    /// How many datagrams came while too many were waiting.
    refused: AtomicU64,
}

impl Datagrams {
    /// Starts to read `socket`, until `stop`.
    pub(super) fn read(socket: UdpSocket, stop: CancellationToken) -> io::Result<Self> {
        let address = socket.local_addr()?;
        // What the kernel does not allow it makes smaller, or ignores; what it gave is asked for below.
        #[cfg(target_os = "linux")]
        let _forced =
            rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER)
                .or_else(|_| {
                    rustix::net::sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER)
                });
        #[cfg(not(target_os = "linux"))]
        let _set = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER);
        let buffer = rustix::net::sockopt::socket_recv_buffer_size(&socket).unwrap_or_default();
        // A reactor of its own: no other work keeps the thread from reading.
        let socket = socket.into_std()?;
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let socket = {
            let _entered = runtime.enter();
            UdpSocket::from_std(socket)?
        };
        let (sender, waiting) = mpsc::channel(MAX_WAITING);
        let counts = Arc::<Counts>::default();
        let queue = Queue { sender, counts: Arc::clone(&counts) };
        let reading = async move {
            tokio::select! {
                () = read_all(socket, queue) => {}
                () = stop.cancelled() => {}
            }
        };
        let name = "x-ray datagrams".to_owned();
        thread::Builder::new().name(name).spawn(move || runtime.block_on(reading))?;
        Ok(Self { waiting, counts, address, buffer })
    }

    /// The next one, once there is one; nothing after the end.
    pub(super) async fn next(&mut self) -> Option<Received> {
        let received = self.waiting.recv().await?;
        if let Ok(datagram) = &received {
            self.counts.bytes.fetch_sub(datagram.len(), Ordering::Relaxed);
        }
        Some(received)
    }

    /// How many were lost so far, in the kernel and here. Only Linux counts those that the kernel drops.
    pub(super) fn lost(&self) -> u64 {
        let table = fs::read_to_string("/proc/self/net/udp").unwrap_or_default();
        let dropped = dropped(&table, self.address).unwrap_or_default();
        dropped + self.counts.refused.load(Ordering::Relaxed)
    }
}

/// Where datagrams wait.
struct Queue {
    sender: mpsc::Sender<Received>,
    counts: Arc<Counts>,
}

impl Queue {
    /// Adds one, unless too many are waiting. Never waits.
    fn add(&self, datagram: &[u8]) {
        let Counts { bytes, refused } = &*self.counts;
        let fits = bytes.load(Ordering::Relaxed) + datagram.len() <= MAX_WAITING_BYTES;
        bytes.fetch_add(datagram.len(), Ordering::Relaxed);
        if !fits || self.sender.try_send(Ok(datagram.into())).is_err() {
            bytes.fetch_sub(datagram.len(), Ordering::Relaxed);
            refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn read_all(socket: UdpSocket, queue: Queue) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    while !queue.sender.is_closed() {
        match socket.recv(&mut buffer).await {
            Ok(length) => queue.add(&buffer[..length]),
            // An earlier send that bounced affects only itself.
            Err(error) => drop(queue.sender.try_send(Err(error))),
        }
    }
}

/// How many datagrams the kernel dropped because the buffer of the socket at `address` was full, by its table
/// of sockets (<https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html> has the columns; `drops` is the last).
fn dropped(table: &str, address: SocketAddr) -> Option<u64> {
    let SocketAddr::V4(address) = address else { return None };
    let ip = u32::from_ne_bytes(address.ip().octets());
    let local = format!("{ip:08X}:{:04X}", address.port());
    let mut lines = table.lines().map(str::split_ascii_whitespace);
    let mut line = lines.find(|line| line.clone().nth(1) == Some(&local))?;
    line.next_back()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_how_many_it_dropped() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1250: 00000000:9E7E 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1123519 2 0000 7
 2124: 0100007F:07D0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1124528 2 0000 9021
";
        for (address, expected) in
            [("127.0.0.1:2000", Some(9021)), ("127.0.0.1:2001", None), ("[::1]:2000", None)]
        {
            #[cfg(target_endian = "little")]
            assert_eq!(dropped(table, address.parse().unwrap()), expected, "{address}");
        }
    }

    #[tokio::test]
    async fn what_nobody_fetches_waits_and_then_is_lost_and_counted() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let stop = CancellationToken::new();
        let mut datagrams = Datagrams::read(socket, stop.clone()).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let large = vec![b'x'; 60_000];
        let fits = MAX_WAITING_BYTES / large.len();
        for sent in 1..=fits + 50 {
            sender.send_to(&large, address).await.unwrap();
            // The reader keeps up, so that the kernel drops none.
            while sent.min(fits) * large.len() > datagrams.counts.bytes.load(Ordering::Relaxed) {
                tokio::task::yield_now().await;
            }
        }
        while datagrams.lost() < 50 {
            tokio::task::yield_now().await;
        }
        for _ in 0..fits {
            assert_eq!(datagrams.next().await.unwrap().unwrap().len(), large.len());
        }
        sender.send_to(b"small", address).await.unwrap();
        assert_eq!(*datagrams.next().await.unwrap().unwrap(), *b"small");
        assert_eq!(datagrams.lost(), 50);
        stop.cancel();
        assert!(datagrams.next().await.is_none());
    }
}
