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
    /// OpenTelemetry's spans, which the port of the AWS APIs takes too.
    pub otlp: Option<u16>,
}

/// The sockets that everything listens on, bound before anything expensive is done.
#[derive(Debug)]
pub struct Sockets {
    pub(super) api: TcpListener,
    pub(super) aws: TcpListener,
    pub(super) aws_ipv6: Option<TcpListener>,
    pub(super) xray: UdpSocket,
    pub(super) xray_tcp: TcpListener,
    pub(super) otlp: Option<TcpListener>,
    pub(super) addresses: Addresses,
}

/// Where everything listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) api: SocketAddr,
    pub(super) aws: SocketAddr,
    pub(super) xray: SocketAddr,
    pub(super) otlp: Option<SocketAddr>,
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
        // `cargo lambda invoke` asks this address. A machine without IPv6 does without it.
        let aws_ipv6 = TcpListener::bind(("::1", aws_address.port())).await.ok();
        let (xray, xray_tcp, xray_address) = daemon(ports.xray).await?;
        let (otlp, otlp_address) = match ports.otlp {
            Some(port) => Some(tcp(port, "OpenTelemetry", "--otlp-port").await?).unzip(),
            None => (None, None),
        };
        let addresses = Addresses {
            api: api_address,
            aws: aws_address,
            xray: xray_address,
            otlp: otlp_address,
        };
        Ok(Self { api, aws, aws_ipv6, xray, xray_tcp, otlp, addresses })
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
