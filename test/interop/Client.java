// Client.java: what `make interop` asks of Java's HttpClient: HTTP/2 is offered, then a WebSocket.
import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.*;
import java.security.MessageDigest;
import java.util.*;
import java.util.concurrent.*;

public class Client {
	static HttpClient client;

	static byte[] get(String url) throws Exception {
		HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
		return client.send(request, HttpResponse.BodyHandlers.ofByteArray()).body();
	}

	public static void main(String[] args) {
		try {
			run();
		} catch (Exception e) {
			System.out.println(e.getMessage());
			System.exit(1);
		}
	}

	static void run() throws Exception {
		String url = System.getenv("URL"), proxy = System.getenv("PROXY_HOST");
		HttpClient.Builder builder = HttpClient.newBuilder();
		if (proxy != null && !proxy.isEmpty())
			builder.proxy(ProxySelector.of(new InetSocketAddress(proxy, Integer.parseInt(System.getenv("PROXY_PORT")))));
		client = builder.build();
		byte[] big = get(url + "/files/big.bin");
		String sum = new String(get(url + "/files/big.sum")).trim();
		String mine = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(big));
		HttpRequest post = HttpRequest.newBuilder(URI.create(url + "/echo"))
				.POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(big, 0, 500000))).build();
		byte[] echo = client.send(post, HttpResponse.BodyHandlers.ofByteArray()).body();
		if (!new String(get(url + "/hello")).equals("hello\n") || !sum.equals(mine) ||
				!Arrays.equals(echo, Arrays.copyOf(big, 500000)) ||
				!new String(get(System.getenv("PLAIN") + "/hello")).equals("hello\n"))
			throw new Exception("not what was sent");
		CompletableFuture<String> message = new CompletableFuture<>();
		WebSocket socket = client.newWebSocketBuilder().buildAsync(URI.create(url.replace("https", "wss") + "/ws"), new WebSocket.Listener() {
			public CompletionStage<?> onText(WebSocket w, CharSequence data, boolean last) {
				message.complete(data.toString());
				return null;
			}
		}).get(20, TimeUnit.SECONDS);
		socket.sendText("hello", true);
		if (!message.get(20, TimeUnit.SECONDS).equals("hello"))
			throw new Exception("another message");
		System.out.println("ok");
		System.exit(0); // the client's threads would go on
	}
}
