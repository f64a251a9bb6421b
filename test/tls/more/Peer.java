// Peer.java: Java's JSSE beside the engine.
//
//   java Peer.java client PORT VERSION COUNT STORE  connects COUNT times in one context, which resumes; trusts STORE
//   java Peer.java server PORT VERSION STORE        serves under the key in STORE (PKCS #12, password "secret")
import java.io.*;
import java.net.*;
import java.security.KeyStore;
import javax.net.ssl.*;

public class Peer {
	static KeyStore load(String file) throws Exception {
		KeyStore store = KeyStore.getInstance("PKCS12");
		try (InputStream in = new FileInputStream(file)) {
			store.load(in, "secret".toCharArray());
		}
		return store;
	}

	static void client(SSLContext context, int port, String version, int count) throws Exception {
		for (int i = 0; i < count; i++) {
			long began = System.currentTimeMillis();
			Socket plain = new Socket("127.0.0.1", port);
			SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, "origin.test", port, true);
			SSLParameters how = socket.getSSLParameters();
			how.setProtocols(new String[] { version });
			how.setApplicationProtocols(new String[] { "h2", "http/1.1" });
			how.setEndpointIdentificationAlgorithm("HTTPS");
			socket.setSSLParameters(how);
			socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes());
			String body = new String(socket.getInputStream().readAllBytes());
			SSLSession s = socket.getSession();
			System.out.println(s.getProtocol() + " " + s.getCipherSuite() + " " + socket.getApplicationProtocol() + " resumed=" +
					(s.getCreationTime() < began) + " " + body.substring(0, 15));
			socket.close();
			Thread.sleep(20); // so that "created before" can be told
		}
	}

	static void serve(SSLContext context, int port, String version) throws Exception {
		SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory()
				.createServerSocket(port, 16, InetAddress.getByName("127.0.0.1"));
		listener.setEnabledProtocols(new String[] { version });
		for (;;) {
			try (SSLSocket socket = (SSLSocket) listener.accept()) {
				socket.getInputStream().read(new byte[1000]);
				OutputStream out = socket.getOutputStream();
				out.write("HTTP/1.0 200 OK\r\n\r\n".getBytes());
				out.write(new byte[100000]);
				out.flush();
			} catch (IOException e) {
				System.out.println(e.getMessage());
			}
		}
	}

	public static void main(String[] args) throws Exception {
		boolean asks = args[0].equals("client");
		KeyStore store = load(args[asks ? 4 : 3]);
		KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
		keys.init(store, "secret".toCharArray());
		TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
		trust.init(store);
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(asks ? null : keys.getKeyManagers(), trust.getTrustManagers(), null);
		if (asks)
			client(context, Integer.parseInt(args[1]), args[2], Integer.parseInt(args[3]));
		else
			serve(context, Integer.parseInt(args[1]), args[2]);
	}
}
