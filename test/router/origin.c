/*
 * origin: an HTTPS origin small enough to run beside the proxy in a 64 MB machine that reaches nothing else.
 *
 *     origin ADDRESS PORT CERTIFICATE.der KEY.der
 *
 * One P-256 certificate, one connection at a time, the same answer to every request, closed after it.
 */
#include <arpa/inet.h>
#include <bearssl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n"
			     "Connection: close\r\n\r\nhello\n";

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static size_t
read_file(const char *path, unsigned char *out, size_t cap)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, out, cap);

	if (n <= 0)
		die(path);
	close(fd);
	return (size_t)n;
}

static int
sock_read(void *fd, unsigned char *buf, size_t len)
{
	ssize_t n = read(*(int *)fd, buf, len);

	return n > 0 ? (int)n : -1;
}

static int
sock_write(void *fd, const unsigned char *buf, size_t len)
{
	ssize_t n = write(*(int *)fd, buf, len);

	return n > 0 ? (int)n : -1;
}

static int
listen_on(const char *address, const char *port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (fd < 0 || inet_pton(AF_INET, address, &sa.sin_addr) != 1 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
		bind(fd, (struct sockaddr *)&sa, sizeof sa) != 0 || listen(fd, 8) != 0)
		die(address);
	return fd;
}

/* Reads a request head to its empty line, then answers. */
static void
serve(br_sslio_context *io)
{
	unsigned char c;
	int line = 0;

	for (;;) {
		if (br_sslio_read(io, &c, 1) < 0)
			return;
		if (c == '\n' && line++ == 0) {
			continue;
		} else if (c == '\n') {
			break;
		} else if (c != '\r') {
			line = 0;
		}
	}
	br_sslio_write_all(io, answer, sizeof answer - 1);
	br_sslio_close(io);
}

int
main(int argc, char **argv)
{
	static unsigned char der[4096], key_der[512], buffer[BR_SSL_BUFSIZE_BIDI];
	static br_ssl_server_context sc;
	br_x509_certificate chain = { der, 0 };
	br_skey_decoder_context dc;
	br_sslio_context io;
	int listener, fd;

	if (argc != 5)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	chain.data_len = read_file(argv[3], der, sizeof der);
	br_skey_decoder_init(&dc);
	br_skey_decoder_push(&dc, key_der, read_file(argv[4], key_der, sizeof key_der));
	if (br_skey_decoder_get_ec(&dc) == NULL)
		return 2;
	listener = listen_on(argv[1], argv[2]);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		br_ssl_server_init_full_ec(
			&sc, &chain, 1, BR_KEYTYPE_EC, br_skey_decoder_get_ec(&dc));
		br_ssl_engine_set_buffer(&sc.eng, buffer, sizeof buffer, 1);
		br_ssl_server_reset(&sc);
		br_sslio_init(&io, &sc.eng, sock_read, &fd, sock_write, &fd);
		serve(&io);
		close(fd);
	}
	return 1;
}
