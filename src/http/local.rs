//! Whether a question comes from this machine, as far as its head tells.
//!
//! A loopback address is also reached by pages of other sites, under names of theirs that lead here (DNS
//! rebinding), and through a proxy by the whole world. A browser says under which name it asks, and most
//! proxies say that they are there.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::HttpRequest;
use actix_web::http::header::HOST;

/// What proxies add, each of them at least one.
const FORWARDED: [&str; 5] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
];

/// Whether this machine is asked by a name that only it has, and by no proxy.
pub(super) fn is_local(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let mut hosts = headers.get_all(HOST).peekable();
    hosts.peek().is_some()
        && hosts.all(|host| host.to_str().is_ok_and(is_local_name))
        && request.uri().host().is_none_or(is_local_name)
        && !FORWARDED.iter().any(|name| headers.contains_key(*name))
}

/// `localhost`, or an address of the loopback, with or without a port.
fn is_local_name(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let address = rest.split_once(']').map(|(address, _port)| address);
        let address = address.and_then(|address| address.parse::<Ipv6Addr>().ok());
        return address.is_some_and(|address| IpAddr::V6(address).to_canonical().is_loopback());
    }
    let name = host.split_once(':').map_or(host, |(name, _port)| name);
    let name = name.to_ascii_lowercase();
    let address = name.parse::<IpAddr>();
    name == "localhost"
        || name.ends_with(".localhost")
        || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_own_names_are_local() {
        for local in [
            "localhost",
            "LOCALHOST:3000",
            "qoe.localhost:1",
            "127.0.0.1:3000",
            "127.8.9.1",
            "[::1]:3000",
            "[::1]",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(is_local_name(local), "{local}");
        }
        for foreign in [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "notlocalhost",
            "10.0.0.1:3000",
            "[2001:db8::1]:3000",
            "[::1",
            "0.0.0.0:3000",
        ] {
            assert!(!is_local_name(foreign), "{foreign}");
        }
    }
}
