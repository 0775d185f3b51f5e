use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses: `10.0.0.0/24`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Network {
    /// The lowest address.
    base: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads a range as EventBridge does, with its words for what it refuses.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        // Slashes at the end do not count.
        let mut parts = text.trim_end_matches('/').split('/');
        let (Some(address), Some(bits), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err("Malformed CIDR, one '/' required".to_owned());
        };
        let bits = integer(bits).ok_or("Malformed CIDR, mask bits must be an integer")?;
        let bits = u32::try_from(bits)
            .map_err(|_| "Malformed CIDR, mask bits must not be negative".to_owned())?;
        if !is_address_like(address) {
            return Err(format!("Nonstandard IP address: {address}"));
        }
        let base =
            parse_address(address).ok_or_else(|| format!("Invalid IP address: {address}"))?;
        match base {
            IpAddr::V4(_) if bits > 31 => Err("IPv4 mask bits must be < 32".to_owned()),
            IpAddr::V6(_) if bits > 127 => Err("IPv6 mask bits must be < 128".to_owned()),
            _ => Ok(Self { base: lowest(base, bits), bits }),
        }
    }

    /// Whether `address` is in the range. Addresses of the other version are not.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        lowest(address, self.bits) == self.base && address.is_ipv4() == self.base.is_ipv4()
    }
}

/// Reads an address literal; `None` for any other text.
///
/// Octets are decimal, leading zeros or not, and an IPv6 address that stands for an IPv4 one is that one
/// (as in Java's `InetAddress`, which EventBridge's engine uses).
pub(super) fn parse_address(text: &str) -> Option<IpAddr> {
    if !is_address_like(text) {
        return None;
    }
    if !text.contains(':') {
        let mut octets = [0; 4];
        let mut parts = text.split('.');
        for octet in &mut octets {
            *octet = parts.next()?.parse().ok()?;
        }
        return Some(Ipv4Addr::from(octets).into()).filter(|_| text.len() <= 15);
    }
    let address: Ipv6Addr = text.parse().ok()?;
    Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
}

/// Four decimal numbers, or hexadecimal digits and at least one colon.
fn is_address_like(text: &str) -> bool {
    let is_octet = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_v6 = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
    let is_v4 = || text.split('.').count() == 4 && text.split('.').all(is_octet);
    if text.contains(':') { text.bytes().all(is_v6) } else { is_v4() }
}

fn lowest(address: IpAddr, bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

/// A 32-bit number with an optional sign. The digits of every script count, as they do for Java.
fn integer(text: &str) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let add = |number: i64, character| {
        let digit = decimal_digit(character)?;
        number.checked_mul(10)?.checked_add(sign * i64::from(digit)).filter(|n| n.abs() <= 1 << 31)
    };
    if digits.is_empty() {
        return None;
    }
    digits.chars().try_fold(0, add).and_then(|number| i32::try_from(number).ok())
}

/// The value of a decimal digit (Unicode's category Nd): its digits stand in runs of ten from zero to
/// nine, so the zeros are all there is to know.
fn decimal_digit(character: char) -> Option<u32> {
    let code = u32::from(character);
    ZEROS.iter().map(|zero| code.wrapping_sub(*zero)).find(|digit| *digit < 10)
}

/// The zeros of the scripts in the basic plane; beyond it Java's `parseInt` sees no digits.
const ZEROS: [u32; 37] = [
    0x0030, 0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6,
    0x0d66, 0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80,
    0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
    0xff10,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_and_out_of_a_network() {
        for (network, address, contains) in [
            ("10.0.0.0/16", "10.0.1.7", true),
            ("10.0.0.0/24", "10.0.1.7", false),
            ("10.0.0.5/24", "10.0.0.1", true),
            ("0.0.0.0/0", "10.0.1.7", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "10.0.1.7", false),
            ("::/0", "2001:db8::1", true),
            ("2001:DB8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/127", "2001:db8::2", false),
            ("010.0.0.0/8", "10.200.0.1", true),
            ("10.0.0.0/8", "010.000.000.001", true),
            ("0.0.0.0/4/", "1.2.3.4", true),
            ("10.0.0.0/+8", "10.1.1.1", true),
            ("10.0.0.0/٨", "10.1.1.1", true),
            ("::ffff:a00:0/8", "10.1.1.1", true),
            ("10.0.0.0/8", "hello", false),
            ("10.0.0.0/8", "10.0.0", false),
            ("10.0.0.0/8", "10.0.0.0000000001", false),
            ("10.0.0.0/8", "١٠.0.0.1", false),
        ] {
            let network = Network::parse(network).unwrap();
            let found = parse_address(address).is_some_and(|address| network.contains(address));
            assert_eq!(found, contains, "{network:?} {address}");
        }
    }

    #[test]
    fn networks_that_are_refused() {
        for (text, reason) in [
            ("10.0.0.0", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/8/8", "Malformed CIDR, one '/' required"),
            ("10.0.0.0//8", "Malformed CIDR, one '/' required"),
            ("", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/a", "Malformed CIDR, mask bits must be an integer"),
            ("10.0.0.0/4294967296", "Malformed CIDR, mask bits must be an integer"),
            ("10.0.0.0/-1", "Malformed CIDR, mask bits must not be negative"),
            ("xx.11.xx/8", "Nonstandard IP address: xx.11.xx"),
            ("xxxx:db8:1234:1a00::/8", "Nonstandard IP address: xxxx:db8:1234:1a00::"),
            ("::ffff:192.0.2.0/120", "Nonstandard IP address: ::ffff:192.0.2.0"),
            ("/8", "Nonstandard IP address: "),
            ("10.0.0.256/8", "Invalid IP address: 10.0.0.256"),
            (":::/8", "Invalid IP address: :::"),
            ("10.0.0.1/32", "IPv4 mask bits must be < 32"),
            ("2001:db8::1/128", "IPv6 mask bits must be < 128"),
        ] {
            assert_eq!(Network::parse(text), Err(reason.to_owned()), "{text}");
        }
    }
}
