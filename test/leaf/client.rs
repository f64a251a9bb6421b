// client HOST PORT CA.pem: one handshake with 127.0.0.1:PORT as if it were HOST; exit 0 if the leaf is good.
use std::{convert::TryFrom, env, fs::File, io::BufReader, net::TcpStream, sync::Arc};

fn main() {
	let args: Vec<String> = env::args().collect();
	let mut roots = rustls::RootCertStore::empty();
	let pem = rustls_pemfile::certs(&mut BufReader::new(File::open(&args[3]).unwrap())).unwrap();
	roots.add(&rustls::Certificate(pem[0].clone())).unwrap();
	let config = rustls::ClientConfig::builder()
		.with_safe_defaults()
		.with_root_certificates(roots)
		.with_no_client_auth();
	let name = rustls::ServerName::try_from(args[1].as_str()).unwrap();
	let mut tls = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
	let mut plain = TcpStream::connect(("127.0.0.1", args[2].parse().unwrap())).unwrap();
	while tls.is_handshaking() {
		tls.complete_io(&mut plain).unwrap();
	}
}
