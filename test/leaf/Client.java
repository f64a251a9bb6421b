// Client.java HOST PORT CA.pem: one handshake with 127.0.0.1:PORT as if it were HOST; exit 0 if the leaf is good.
import java.io.FileInputStream;
import java.net.Socket;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.*;

public class Client {
	public static void main(String[] args) throws Exception {
		KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
		store.load(null);
		store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509")
			.generateCertificate(new FileInputStream(args[2])));
		TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
		trust.init(store);
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(null, trust.getTrustManagers(), null);
		Socket plain = new Socket("127.0.0.1", Integer.parseInt(args[1]));
		SSLSocket tls = (SSLSocket) context.getSocketFactory()
			.createSocket(plain, args[0], plain.getPort(), true);
		SSLParameters parameters = tls.getSSLParameters();
		parameters.setEndpointIdentificationAlgorithm("HTTPS");
		tls.setSSLParameters(parameters);
		tls.startHandshake();
		tls.close();
	}
}
