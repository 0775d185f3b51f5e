use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, UdpSocket};

/// How many ports are tried where any will do.
const PORT_ATTEMPTS: u32 = 16;

/// Which ports to listen on; 0 is any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// The REST API.
    pub api: u16,
    /// The AWS APIs and the console.
    pub aws: u16,
    /// The X-Ray daemon, UDP and TCP.
    pub xray: u16,
}

/// The sockets that everything listens on, bound before anything expensive is done.
#[derive(Debug)]
pub struct Sockets {
    pub(super) api: TcpListener,
    pub(super) aws: TcpListener,
    pub(super) xray: UdpSocket,
    pub(super) xray_tcp: TcpListener,
    pub(super) addresses: Addresses,
}

/// Where everything listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) api: SocketAddr,
    pub(super) aws: SocketAddr,
    pub(super) xray: SocketAddr,
}

/// A port that cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on port {port} of 127.0.0.1 for {what}\n\nhint: end what listens there, or say {flag} with another port; 0 is any"
)]
pub struct PortError {
    port: u16,
    what: &'static str,
    flag: &'static str,
    source: io::Error,
}

impl Sockets {
    /// Binds the ports, on the loopback interface alone.
    pub async fn bind(ports: Ports) -> Result<Self, PortError> {
        let (api, api_address) = tcp(ports.api, "the API", "--api-port").await?;
        let (aws, aws_address) = tcp(ports.aws, "the AWS APIs", "--aws-port").await?;
        let (xray, xray_tcp, xray_address) = daemon(ports.xray).await?;
        let addresses = Addresses { api: api_address, aws: aws_address, xray: xray_address };
        Ok(Self { api, aws, xray, xray_tcp, addresses })
    }

    /// The URL of the console page.
    pub fn console(&self) -> String {
        format!("http://{}/", self.addresses.aws)
    }
}

/// Binds one port for both protocols. Any port may be taken in the other one, so several are tried.
async fn daemon(port: u16) -> Result<(UdpSocket, TcpListener, SocketAddr), PortError> {
    let failed = failed(port, "the X-Ray daemon (UDP and TCP)", "--xray-port");
    let mut attempts = if port == 0 { PORT_ATTEMPTS } else { 1 };
    loop {
        attempts -= 1;
        let udp = UdpSocket::bind(("127.0.0.1", port)).await.map_err(failed)?;
        let address = udp.local_addr().map_err(failed)?;
        match TcpListener::bind(address).await {
            Ok(tcp) => return Ok((udp, tcp, address)),
            Err(error) if attempts == 0 => return Err(failed(error)),
            Err(_) => {}
        }
    }
}

async fn tcp(
    port: u16,
    what: &'static str,
    flag: &'static str,
) -> Result<(TcpListener, SocketAddr), PortError> {
    let failed = failed(port, what, flag);
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn failed(
    port: u16,
    what: &'static str,
    flag: &'static str,
) -> impl Fn(io::Error) -> PortError + Copy {
    move |source| PortError { port, what, flag, source }
}
