/*
 * http: what is refused (each attack by its name), what passes, and what a head looks like when it goes on.
 * Every text ends at a guard page and is fed at every length.
 */
#include "check.h"
#include "lib/http/http.h"

#define BYTES(text) text, sizeof(text) - 1
#define GET         "GET / HTTP/1.1\r\nHost: h\r\n"
#define POST        "POST / HTTP/1.1\r\nHost: h\r\n"
#define OK          "HTTP/1.1 200 OK\r\n"

static struct http_head head;
static struct http_field field;
static const struct http_asked asked_get,
	asked_head = { .is_head = true }, asked_connect = { .is_connect = true },
	asked_websocket = { .upgrade = HTTP_WEBSOCKET }, asked_tcp = { .upgrade = HTTP_TCP };

static void
failed(const char *name, const char *what)
{
	check_failed++;
	fprintf(stderr, "%s: %s (%s)\n", name, what, head.error != NULL ? head.error : "no error");
}

/* --- heads: parsing at every length ------------------------------------------------------------ */

static int
parse_guarded(const char *text, size_t len, bool response, const struct http_asked *asked)
{
	char *data = check_guard(text, len);
	int rc = response ? http_parse_response(&head, data, len, asked)
			  : http_parse_request(&head, data, len);

	check_unguard(data, len);
	return rc;
}

/* The verdict on the whole; what a part gets must be no verdict, or the same refusal. */
static int
parse(const char *name, const char *text, size_t len, bool response, const struct http_asked *asked)
{
	int whole = parse_guarded(text, len, response, asked);
	const char *error = head.error;

	for (size_t part = 0; part < len; part++) {
		int rc = parse_guarded(text, part, response, asked);

		if (rc > 0 ? rc != whole : rc < 0 && (whole >= 0 || head.error != error))
			failed(name, "a part is judged otherwise than the whole");
		if (rc == 0 && whole > 0 && part >= (size_t)whole)
			failed(name, "a complete head is not seen");
	}
	return parse_guarded(text, len, response, asked);
}

static const char *last; /* what was parsed last */

/* Its field of that number is not to go on. */
static bool
dropped(unsigned number)
{
	for (field = (struct http_field){ .next = 0 }; http_next_field(&head, last, &field);)
		if (field.number == number)
			return field.drop;
	failed(last, "it has no such field");
	return false;
}

static int
request(const char *text)
{
	last = text;
	return parse(text, text, strlen(text), false, NULL);
}

static int
response(const char *text, const struct http_asked *asked)
{
	last = text;
	return parse(text, text, strlen(text), true, asked);
}

struct refused {
	const char *name, *text;
	size_t len;
	int status;
};

static void
check_refused(const struct refused *list, size_t count, bool is_response)
{
	for (size_t i = 0; i < count; i++) {
		int rc = parse(list[i].name, list[i].text, list[i].len, is_response, &asked_get);

		if (rc != -1 || head.error == NULL || head.len != 0)
			failed(list[i].name, "not refused");
		else if (!is_response && head.error_status != list[i].status)
			failed(list[i].name, "refused with another status");
		else
			check_passed++;
	}
}

static void
requests_refused(void)
{
	static const struct refused list[] = {
		/* two lengths */
		{ "CL.TE", BYTES(POST "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"),
			400 },
		{ "TE.CL", BYTES(POST "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n"),
			400 },
		{ "TE.CL, length 0",
			BYTES(POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"),
			400 },
		{ "CL.CL", BYTES(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), 400 },
		{ "CL list, same", BYTES(POST "Content-Length: 5, 5\r\n\r\n"), 400 },
		{ "CL list, other", BYTES(POST "Content-Length: 5, 6\r\n\r\n"), 400 },
		{ "CL empty", BYTES(POST "Content-Length:\r\n\r\n"), 400 },
		{ "CL blank", BYTES(POST "Content-Length: \t \r\n\r\n"), 400 },
		{ "CL plus", BYTES(POST "Content-Length: +5\r\n\r\n"), 400 },
		{ "CL minus", BYTES(POST "Content-Length: -5\r\n\r\n"), 400 },
		{ "CL hex", BYTES(POST "Content-Length: 0x5\r\n\r\n"), 400 },
		{ "CL octal", BYTES(POST "Content-Length: 010\r\n\r\n"), 400 },
		{ "CL 00", BYTES(POST "Content-Length: 00\r\n\r\n"), 400 },
		{ "CL inner space", BYTES(POST "Content-Length: 1 3\r\n\r\n"), 400 },
		{ "CL underscore digits", BYTES(POST "Content-Length: 1_3\r\n\r\n"), 400 },
		{ "CL fraction", BYTES(POST "Content-Length: 5.0\r\n\r\n"), 400 },
		{ "CL quoted", BYTES(POST "Content-Length: \"5\"\r\n\r\n"), 400 },
		{ "CL obs-text", BYTES(POST "Content-Length: 5\xa0\r\n\r\n"), 400 },
		{ "CL 2^64", BYTES(POST "Content-Length: 18446744073709551616\r\n\r\n"), 400 },
		{ "CL 2^64-1", BYTES(POST "Content-Length: 18446744073709551615\r\n\r\n"), 400 },
		{ "CL by another name", BYTES(POST "Content_Length: 5\r\n\r\n"), 400 },
		{ "CL with a space before the colon", BYTES(POST "Content-Length : 5\r\n\r\n"),
			400 },
		/* TE.TE: a Transfer-Encoding that one of two readers overlooks */
		{ "TE x", BYTES(POST "Transfer-Encoding: xchunked\r\n\r\n"), 501 },
		{ "TE identity", BYTES(POST "Transfer-Encoding: identity\r\n\r\n"), 501 },
		{ "TE chunked, identity",
			BYTES(POST "Transfer-Encoding: chunked, identity\r\n\r\n"), 501 },
		{ "TE identity, chunked",
			BYTES(POST "Transfer-Encoding: identity, chunked\r\n\r\n"), 501 },
		{ "TE gzip, chunked", BYTES(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501 },
		{ "TE chunked, chunked", BYTES(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"),
			501 },
		{ "TE leading comma", BYTES(POST "Transfer-Encoding: ,chunked\r\n\r\n"), 501 },
		{ "TE trailing comma", BYTES(POST "Transfer-Encoding: chunked,\r\n\r\n"), 501 },
		{ "TE with a parameter", BYTES(POST "Transfer-Encoding: chunked;q=1\r\n\r\n"),
			501 },
		{ "TE quoted", BYTES(POST "Transfer-Encoding: \"chunked\"\r\n\r\n"), 501 },
		{ "TE empty", BYTES(POST "Transfer-Encoding:\r\n\r\n"), 501 },
		{ "TE cow", BYTES(POST "Transfer-Encoding: cow\r\n\r\n"), 501 },
		{ "TE chunk", BYTES(POST "Transfer-Encoding: chunk\r\n\r\n"), 501 },
		{ "TE obs-text",
			BYTES(POST "Transfer-Encoding: \xff"
				   "chunked\r\n\r\n"),
			501 },
		{ "TE no-break space", BYTES(POST "Transfer-Encoding: chunked\xa0\r\n\r\n"), 501 },
		{ "TE twice",
			BYTES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n"),
			400 },
		{ "TE twice, same",
			BYTES(POST
				"Transfer-Encoding: chunked\r\nTransfer-encoding: chunked\r\n\r\n"),
			400 },
		{ "TE vertical tab", BYTES(POST "Transfer-Encoding:\vchunked\r\n\r\n"), 400 },
		{ "TE form feed", BYTES(POST "Transfer-Encoding: chunked\f\r\n\r\n"), 400 },
		{ "TE NUL", BYTES(POST "Transfer-Encoding: chunked\0\r\n\r\n"), 400 },
		{ "TE backspace", BYTES(POST "Transfer-Encoding: chunked\b\r\n\r\n"), 400 },
		{ "TE folded", BYTES(POST "Transfer-Encoding:\r\n chunked\r\n\r\n"), 400 },
		{ "TE folded behind another",
			BYTES(POST "Foo: bar\r\n Transfer-Encoding: chunked\r\n\r\n"), 400 },
		{ "TE folded by tab",
			BYTES(POST "Foo: bar\r\n\tTransfer-Encoding: chunked\r\n\r\n"), 400 },
		{ "TE space before colon", BYTES(POST "Transfer-Encoding : chunked\r\n\r\n"), 400 },
		{ "TE tab before colon", BYTES(POST "Transfer-Encoding\t: chunked\r\n\r\n"), 400 },
		{ "TE NUL before colon", BYTES(POST "Transfer-Encoding\0: chunked\r\n\r\n"), 400 },
		{ "TE behind bare CR", BYTES(POST "X: x\rTransfer-Encoding: chunked\r\n\r\n"),
			400 },
		{ "TE behind bare LF", BYTES(POST "X: x\nTransfer-Encoding: chunked\r\n\r\n"),
			400 },
		{ "TE behind LF CR", BYTES(POST "X: x\n\rTransfer-Encoding: chunked\r\n\r\n"),
			400 },
		{ "TE with underscore", BYTES(POST "Transfer_Encoding: chunked\r\n\r\n"), 400 },
		{ "TE in quotes", BYTES(POST "\"Transfer-Encoding\": chunked\r\n\r\n"), 400 },
		{ "TE in HTTP/1.0",
			BYTES("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"),
			400 },
		/* lines */
		{ "bare LF", BYTES("GET / HTTP/1.1\nHost: h\n\n"), 400 },
		{ "bare LF at the end", BYTES(GET "\n"), 400 },
		{ "bare LF in the first line", BYTES("GET / HTTP/1.1\nHost: h\r\n\r\n"), 400 },
		{ "bare CR", BYTES(GET "A: b\rc\r\n\r\n"), 400 },
		{ "bare CR in the first line", BYTES("GET /\r HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "bare CR before CR LF", BYTES(GET "A: b\r\r\n\r\n"), 400 },
		{ "bare CR before the end", BYTES(GET "\r\r\n\r\n"), 400 },
		{ "bare CR in a name", BYTES(GET "A\rB: c\r\n\r\n"), 400 },
		{ "obs-fold first", BYTES("GET / HTTP/1.1\r\n Host: h\r\n\r\n"), 400 },
		{ "NUL in a value", BYTES(GET "A: b\0c\r\n\r\n"), 400 },
		{ "NUL in a name", BYTES(GET "A\0: b\r\n\r\n"), 400 },
		{ "DEL in a value", BYTES(GET "A: b\x7f\r\n\r\n"), 400 },
		{ "no name", BYTES(GET ": b\r\n\r\n"), 400 },
		{ "no colon", BYTES(GET "Foo\r\n\r\n"), 400 },
		{ "obs-text in a name", BYTES(GET "F\xc3\xb6: b\r\n\r\n"), 400 },
		{ "a bracket in a name", BYTES(GET "[a]: b\r\n\r\n"), 400 },
		/* hosts */
		{ "no Host", BYTES("GET / HTTP/1.1\r\n\r\n"), 400 },
		{ "two Hosts", BYTES(GET "Host: other\r\n\r\n"), 400 },
		{ "two Hosts, same", BYTES(GET "host: h\r\n\r\n"), 400 },
		{ "Host empty", BYTES("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400 },
		{ "Host list", BYTES("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), 400 },
		{ "Host with a path", BYTES("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400 },
		{ "Host with a user", BYTES("GET / HTTP/1.1\r\nHost: u@h\r\n\r\n"), 400 },
		{ "Host with a space", BYTES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400 },
		{ "Host with a space before the colon", BYTES("GET / HTTP/1.1\r\nHost : h\r\n\r\n"),
			400 },
		{ "Host with obs-text", BYTES("GET / HTTP/1.1\r\nHost: h\xff\r\n\r\n"), 400 },
		/* targets */
		{ "CONNECT without a port", BYTES("CONNECT h HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "CONNECT with a path", BYTES("CONNECT h:443/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "CONNECT with a scheme",
			BYTES("CONNECT http://h:443 HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "CONNECT with a user", BYTES("CONNECT u@h:443 HTTP/1.1\r\nHost: h\r\n\r\n"),
			400 },
		{ "CONNECT with a body",
			BYTES("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nContent-Length: 5\r\n\r\n"),
			400 },
		{ "CONNECT with chunks",
			BYTES("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nTransfer-Encoding: "
			      "chunked\r\n\r\n"),
			400 },
		{ "TRACE with a body",
			BYTES("TRACE / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"), 400 },
		{ "user in the target", BYTES("GET http://u:p@h/ HTTP/1.1\r\nHost: h\r\n\r\n"),
			400 },
		{ "no host in the target", BYTES("GET http:///x HTTP/1.1\r\nHost: h\r\n\r\n"),
			400 },
		{ "query without path", BYTES("GET http://h?x HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "another scheme", BYTES("GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "a file", BYTES("GET file:///etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "a bare name", BYTES("GET index.html HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "a backslash", BYTES("GET \\x HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "@ first", BYTES("GET @evil/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "a fragment", BYTES("GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "* for GET", BYTES("GET * HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "NEL in the target", BYTES("GET /\x85 HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "UTF-8 in the target", BYTES("GET /\xc3\xa0 HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "NUL in the target", BYTES("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "DEL in the target", BYTES("GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "tab in the target", BYTES("GET /\t HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		/* the first line */
		{ "two spaces", BYTES("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "two spaces behind", BYTES("GET /  HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "a tab", BYTES("GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "a space at the end", BYTES("GET / HTTP/1.1 \r\nHost: h\r\n\r\n"), 400 },
		{ "a space in the target", BYTES("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "a request in the target", BYTES("GET / HTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n"),
			400 },
		{ "HTTP/0.9", BYTES("GET /\r\n\r\n"), 400 },
		{ "HTTP/0.9 spelt out", BYTES("GET / HTTP/0.9\r\nHost: h\r\n\r\n"), 505 },
		{ "HTTP/2.0", BYTES("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505 },
		{ "the HTTP/2 preface", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505 },
		{ "HTTP/1", BYTES("GET / HTTP/1\r\nHost: h\r\n\r\n"), 400 },
		{ "HTTP/1.10", BYTES("GET / HTTP/1.10\r\nHost: h\r\n\r\n"), 400 },
		{ "HTTP/01.1", BYTES("GET / HTTP/01.1\r\nHost: h\r\n\r\n"), 400 },
		{ "http/1.1", BYTES("GET / http/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "HTTP/1.x", BYTES("GET / HTTP/1.x\r\nHost: h\r\n\r\n"), 400 },
		{ "head", BYTES("head / HTTP/1.1\r\nHost: h\r\n\r\n"), 501 },
		{ "Connect", BYTES("Connect h:443 HTTP/1.1\r\nHost: h\r\n\r\n"), 501 },
		{ "a long method",
			BYTES("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\nHost: h\r\n\r\n"),
			501 },
		{ "a method with a colon", BYTES("GET: / HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "no method", BYTES(" / HTTP/1.1\r\nHost: h\r\n\r\n"), 400 },
		{ "a TLS hello", BYTES("\x16\x03\x01\x02\x00\x01\x00"), 400 },
		{ "three empty lines", BYTES("\r\n\r\n\r\n" GET "\r\n"), 400 },
		{ "an empty line with LF", BYTES("\n" GET "\r\n"), 400 },
		/* fields that steer */
		{ "Expect behind a word",
			BYTES(POST "Content-Length: 1\r\nExpect: y 100-continue\r\n\r\n"), 417 },
		{ "Expect twice",
			BYTES(POST "Content-Length: 1\r\nExpect: 100-continue\r\nExpect: "
				   "100-continue\r\n\r\n"),
			417 },
		{ "Expect list", BYTES(POST "Content-Length: 1\r\nExpect: 100-continue, x\r\n\r\n"),
			417 },
		{ "Expect something else", BYTES(GET "Expect: tea\r\n\r\n"), 417 },
		{ "Connection no list", BYTES(GET "Connection: a b\r\n\r\n"), 400 },
		{ "Connection quoted", BYTES(GET "Connection: \"close\"\r\n\r\n"), 400 },
		{ "Connection with obs-text", BYTES(GET "Connection: \x80\r\n\r\n"), 400 },
		{ "33 connection options",
			BYTES(GET "Connection: "
				  "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,"
				  "a\r\n\r\n"),
			400 },
		{ "Max-Forwards twice",
			BYTES("TRACE / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\nMax-Forwards: "
			      "5\r\n\r\n"),
			400 },
		{ "Max-Forwards no number",
			BYTES("OPTIONS / HTTP/1.1\r\nHost: h\r\nMax-Forwards: -1\r\n\r\n"), 400 },
	};

	check_refused(list, sizeof list / sizeof list[0], false);
}

static void
responses_refused(void)
{
	static const struct refused list[] = {
		{ "differing lengths", BYTES(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
			0 },
		{ "a list of lengths that differ", BYTES(OK "Content-Length: 5, 6\r\n\r\n"), 0 },
		{ "lengths spelt otherwise", BYTES(OK "Content-Length: 5, 05\r\n\r\n"), 0 },
		{ "a length and none", BYTES(OK "Content-Length: 5,\r\n\r\n"), 0 },
		{ "a length and a word", BYTES(OK "Content-Length: x\r\nContent-Length: 5\r\n\r\n"),
			0 },
		{ "differing, one with a blank",
			BYTES(OK "Content-Length : 5\r\nContent-Length: 6\r\n\r\n"), 0 },
		{ "differing, in a 304", BYTES("HTTP/1.1 304 Same\r\nContent-Length: 5, 6\r\n\r\n"),
			0 },
		{ "101 unasked",
			BYTES("HTTP/1.1 101 Up\r\nConnection: upgrade\r\nUpgrade: "
			      "websocket\r\n\r\n"),
			0 },
		{ "two places", BYTES(OK "Location: a\r\nLocation: b\r\n\r\n"), 0 },
		{ "five bytes before it", BYTES("12345HTTP/1.1 200 OK\r\n\r\n"), 0 },
		{ "status 0", BYTES("HTTP/1.1 000 OK\r\n\r\n"), 0 },
		{ "status 99", BYTES("HTTP/1.1 099 OK\r\n\r\n"), 0 },
		{ "status 1000", BYTES("HTTP/1.1 1000 OK\r\n\r\n"), 0 },
		{ "status 2^32 + 200", BYTES("HTTP/1.1 4294967496 OK\r\n\r\n"), 0 },
		{ "status 20", BYTES("HTTP/1.1 20 OK\r\n\r\n"), 0 },
		{ "ICY", BYTES("ICY 200 OK\r\n\r\n"), 0 },
		{ "SSH", BYTES("SSH-2.0-OpenSSH\r\n"), 0 },
		{ "HTML", BYTES("<html>HTTP/1.1 200 OK"), 0 },
	};

	check_refused(list, sizeof list / sizeof list[0], true);
}

/* --- requests that pass ------------------------------------------------------------------------ */

static void
requests_pass(void)
{
	const char *text = "GET /a?b=c HTTP/1.1\r\nhost: Example.COM.:8080\r\nX:  y \t\r\n\r\nrest";

	CHECK_INT(request(text), strlen(text) - 4);
	CHECK(head.form == HTTP_ORIGIN && head.has_host && head.keep && head.idempotent);
	CHECK_STR(head.host.host, "example.com");
	CHECK_INT(head.host.port, 8080);
	CHECK(memcmp(text + head.path.off, "/a?b=c", head.path.len) == 0 && head.path.len == 6);
	CHECK(head.framing == BODY_NONE && head.count == 2 && !head.asked.is_head);
	CHECK(http_find(&head, text, "x", &field) && field.value.len == 1);
	CHECK(!http_find(&head, text, "y", &field));

	text = "GET http://h HTTP/1.1\r\nHost: h:80\r\n\r\n";
	CHECK(request(text) > 0);
	CHECK(head.form == HTTP_ABSOLUTE && head.target.port == 80 && !head.is_https);
	CHECK(head.path.len == 1 && text[head.path.off] == '/');
	CHECK(request("GET HTTPS://H/x HTTP/1.1\r\nHost: h\r\n\r\n") > 0);
	CHECK(head.is_https && head.target.port == 443);

	CHECK(request("CONNECT [2001:DB8:0::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n") >
		0);
	CHECK(head.form == HTTP_AUTHORITY && head.asked.is_connect && head.target.is_ip);
	CHECK_STR(head.target.host, "2001:db8::1");
	CHECK(request("CONNECT h:443 HTTP/1.0\r\nContent-Length: 0\r\n\r\n") > 0);
	CHECK(!head.keep && !head.has_host && head.target.port == 443);

	CHECK(request("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n") > 0);
	CHECK(head.form == HTTP_ASTERISK && !head.last_hop);
	CHECK(request("OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n") > 0);
	CHECK(head.last_hop);
	CHECK(request(GET "Max-Forwards: 0\r\n\r\n") > 0);
	CHECK(!head.last_hop);

	CHECK(request("\r\n\r\n" GET "\r\n") > 0);
	CHECK(request("GET / HTTP/1.9\r\nHost: h\r\n\r\n") > 0 && head.minor == 1);
	CHECK(request("GET //x HTTP/1.1\r\nHost: h\r\n\r\n") > 0 && head.form == HTTP_ORIGIN);
	CHECK(request(GET "A:\r\nB: \xc3\xa4\r\nC-_~!: \t\r\n\r\n") > 0);
}

static void
requests_framing(void)
{
	CHECK(request(POST "Content-Length: 12\r\n\r\n") > 0);
	CHECK(head.framing == BODY_LENGTH && head.length == 12 && !head.idempotent);
	CHECK(request(POST "Content-Length: 5\r\ncontent-length: 5\r\n\r\n") > 0);
	CHECK(!dropped(1) && dropped(2));
	CHECK(request(POST "Content-Length: 999999999999999999\r\n\r\n") > 0);
	CHECK(head.length == 999999999999999999);
	CHECK(request(POST "Transfer-Encoding: \tCHUNKED \r\n\r\n") > 0);
	CHECK(head.framing == BODY_CHUNKED);
	CHECK(request(POST "\r\n") > 0 && head.framing == BODY_NONE);

	CHECK(request(GET "Connection: Close\r\n\r\n") > 0 && !head.keep);
	CHECK(request(GET "Connection: keep-alive, close\r\n\r\n") > 0 && !head.keep);
	CHECK(request(GET "Connection: ,, keep-alive ,\r\n\r\n") > 0 && head.keep);
	CHECK(request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") > 0 && !head.keep);

	CHECK(request(POST "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\n") > 0);
	CHECK(head.expect_continue && !dropped(2));
	CHECK(request(POST "Content-Length: 0\r\nExpect: 100-continue\r\n\r\n") > 0);
	CHECK(!head.expect_continue && dropped(2));
	CHECK(request(GET "Expect: 100-continue\r\n\r\n") > 0);
	CHECK(!head.expect_continue && dropped(1));
	CHECK(request("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n") > 0);
	CHECK(!head.expect_continue);
}

static bool
wants_websocket(const char *text)
{
	if (request(text) <= 0)
		failed(text, "refused");
	return head.asked.upgrade == HTTP_WEBSOCKET;
}

/* Upgrade: what is not plainly a WebSocket goes on without it, above all h2c. */
static void
requests_upgrade(void)
{
	CHECK(wants_websocket(GET "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n"));
	CHECK(!wants_websocket(GET "Upgrade: websocket\r\n\r\n"));
	CHECK(!wants_websocket(GET "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"));
	CHECK(!wants_websocket(GET "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: "
				   "h2c\r\nHTTP2-Settings: AA\r\n\r\n"));
	CHECK(!wants_websocket(GET "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n"));
	CHECK(!wants_websocket(
		GET "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n\r\n"));
	CHECK(!wants_websocket(
		GET "Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n\r\n"));
	CHECK(!wants_websocket(POST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
	CHECK(!wants_websocket(
		"GET / HTTP/1.0\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
	CHECK(!wants_websocket(
		GET "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\n"));
	CHECK(!wants_websocket(GET
		"Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n"));
	CHECK(wants_websocket(
		GET "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n"));
}

/* docker exec and kubectl exec: a POST, with a body or without. */
static void
requests_upgrade_others(void)
{
	const char *up = "Connection: Upgrade\r\nUpgrade: ";
	static const struct {
		const char *start, *protocol, *rest;
		int upgrade;
	} list[] = {
		{ POST, "tcp", "Content-Length: 5\r\n", HTTP_TCP },
		{ POST, "tcp", "Transfer-Encoding: chunked\r\n", HTTP_TCP },
		{ POST, "SPDY/3.1", "Content-Length: 0\r\n", HTTP_SPDY },
		{ GET, "SPDY/3.1", "", HTTP_SPDY },
		{ POST, "SPDY/3", "", HTTP_STAYS },
		{ POST, "tcp, h2c", "", HTTP_STAYS },
		{ POST, "h2c", "", HTTP_STAYS },
		{ POST, "TLS/1.0", "", HTTP_STAYS },
		{ "PUT / HTTP/1.1\r\nHost: h\r\n", "tcp", "", HTTP_STAYS },
		{ "POST / HTTP/1.0\r\nHost: h\r\n", "tcp", "", HTTP_STAYS },
	};

	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
		char text[256];

		snprintf(text, sizeof text, "%s%s%s\r\n%s\r\n", list[i].start, up, list[i].protocol,
			list[i].rest);
		CHECK(request(text) > 0);
		if (head.asked.upgrade != list[i].upgrade ||
			dropped(2) != (list[i].upgrade == HTTP_STAYS))
			failed(text, "another upgrade");
	}
}

/* The target decides: Host is replaced, and a CONNECT's not looked at. */
static void
requests_target(void)
{
	static const struct {
		const char *text, *host;
		int port;
		bool anew;
	} list[] = {
		{ "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", "a", 80, true },
		{ "GET http://a/ HTTP/1.1\r\nHost: a:81\r\n\r\n", "a", 80, true },
		{ "GET http://a:8080/ HTTP/1.1\r\nHost: a\r\n\r\n", "a", 8080, true },
		{ "GET http://a:80/ HTTP/1.1\r\nHost: A\r\n\r\n", "a", 80, false },
		{ "GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n", "a", 80, true },
		{ "GET http://a/ HTTP/1.1\r\nHost: x y\r\n\r\n", "a", 80, true },
		{ "GET http://a/ HTTP/1.1\r\n\r\n", "a", 80, false },
		{ "GET https://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n", "a", 443, true },
	};
	static const char *const connects[] = { "CONNECT a:443 HTTP/1.1\r\nHost: b:443\r\n\r\n",
		"CONNECT a:443 HTTP/1.1\r\nHost: a:80\r\n\r\n",
		("CONNECT a:443 HTTP/1.1\r\nHost: proxy:3128\r\nPragma: no-cache\r\n"
		 "Proxy-Connection: Keep-Alive\r\nContent-Length: 0\r\n\r\n"),
		"CONNECT a:443 HTTP/1.1\r\nHost:\r\n\r\n", "CONNECT a:443 HTTP/1.1\r\n\r\n",
		"CONNECT a:443 HTTP/1.0\r\n\r\n" };

	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
		CHECK(request(list[i].text) > 0);
		if (!head.has_host || strcmp(head.host.host, list[i].host) != 0 ||
			head.host.port != list[i].port || head.new_host != list[i].anew)
			failed(list[i].text, "another host");
	}
	for (size_t i = 0; i < sizeof connects / sizeof connects[0]; i++) {
		CHECK(request(connects[i]) > 0);
		CHECK(head.framing == BODY_NONE && head.target.port == 443);
		CHECK_STR(head.target.host, "a");
	}
}

static void
encode(const char *text, size_t cap, const char *want)
{
	size_t len = strlen(text);
	char *data = memcpy(malloc(cap), text, len);
	size_t made = http_encode_target(data, len, cap);

	if (made != strlen(want) || memcmp(data, want, made) != 0)
		failed(text, "encoded otherwise");
	free(data);
	check_passed++;
}

static void
targets_encoded(void)
{
	encode("GET /a HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", 40,
		"GET /a HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n");
	encode("\r\nGET /\xc3\xa4?\x80/\xff HTTP/1.1\r\nA: \xff\r\n\r\n", 60,
		"\r\nGET /%C3%A4?%80/%FF HTTP/1.1\r\nA: \xff\r\n\r\n");
	encode("G\xff /\xff H\xff", 64, "G\xff /%FF H\xff");
	encode("GET /\xff H", 11, "GET /%FF H");
	encode("GET /\xff H", 9, "");
	encode("\xff", 4, "\xff");
	encode("", 1, "");
	CHECK(request("GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n") < 0);
}

/* A head of `fields` lines of `width` bytes around GET. */
static int
request_of(size_t fields, size_t width)
{
	size_t len = 0, room = 64 + fields * width;
	char *text = malloc(room), *guarded;
	int rc;

	len += (size_t)snprintf(text, room, "%s", GET);
	for (size_t i = 0; i < fields; i++) {
		memset(text + len, 'a', width);
		memcpy(text + len, "x:", 2);
		memcpy(text + len + width - 2, "\r\n", 2);
		len += width;
	}
	memcpy(text + len, "\r\n", 2);
	guarded = check_guard(text, len + 2);
	rc = http_parse_request(&head, guarded, len + 2);
	CHECK(rc <= 0 || rc == (int)len + 2);
	check_unguard(guarded, len + 2);
	free(text);
	return rc;
}

static void
requests_bounds(void)
{
	size_t most = HTTP_HEAD_MAX - strlen(GET) - 2;
	static char line[HTTP_HEAD_MAX];

	CHECK(request_of(HTTP_FIELDS_MAX - 1, 8) > 0 && head.count == HTTP_FIELDS_MAX);
	CHECK(request_of(HTTP_FIELDS_MAX, 8) < 0 && head.error_status == 431);
	CHECK_INT(request_of(1, most), HTTP_HEAD_MAX);
	CHECK(request_of(1, most + 1) < 0 && head.error_status == 431);
	memset(line, 'a', sizeof line);
	CHECK_INT(http_parse_request(&head, line, sizeof line - 1), 0);
	CHECK(http_parse_request(&head, line, sizeof line) < 0 && head.error_status == 414);
	CHECK_INT(http_parse_request(&head, NULL, 0), 0);
	CHECK_INT(http_parse_response(&head, NULL, 0, NULL), 0);
}

/* --- responses that pass ----------------------------------------------------------------------- */

static void
responses_framing(void)
{
	CHECK(response(OK "Content-Length: 5\r\n\r\n", NULL) > 0);
	CHECK(head.status == 200 && head.framing == BODY_LENGTH && head.length == 5 && head.keep);
	CHECK(response(OK "Transfer-Encoding: chunked\r\n\r\n", NULL) > 0);
	CHECK(head.framing == BODY_CHUNKED && head.keep);
	CHECK(response(OK "\r\n", NULL) > 0);
	CHECK(head.framing == BODY_CLOSE && !head.keep);
	CHECK(response("HTTP/1.1 200\r\n\r\n", NULL) > 0 && head.status == 200);
	CHECK(response("HTTP/1.1 404 \r\n\r\n", NULL) > 0 && head.status == 404);
	CHECK(response("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", NULL) > 0 && !head.keep);
	CHECK(response("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n",
		      NULL) > 0 &&
		head.keep);

	/* HEAD: the length is another's. */
	CHECK(response(OK "Content-Length: 5\r\n\r\n", &asked_head) > 0);
	CHECK(head.framing == BODY_NONE && head.keep && head.tells_length && head.told == 5);
	CHECK(response(OK "\r\n", &asked_head) > 0 && head.framing == BODY_NONE && head.keep);
	CHECK(response(OK "Transfer-Encoding: chunked\r\n\r\n", &asked_head) > 0);
	CHECK(head.framing == BODY_NONE && head.keep && head.tells_chunked);
	CHECK(response("HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n", NULL) > 0);
	CHECK(head.framing == BODY_NONE && head.keep && head.tells_length && head.told == 5);

	/* 204 and a tunnel have no body whatever they say. */
	CHECK(response("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", NULL) > 0);
	CHECK(head.framing == BODY_NONE && head.keep && !head.tells_length);
	CHECK(response("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", NULL) > 0);
	CHECK(head.framing == BODY_NONE && !head.keep && !head.tells_length);
	CHECK(response("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", NULL) > 0);
	CHECK(head.framing == BODY_NONE && !head.keep && !head.tells_length);
	CHECK(response(OK "Content-Length: 5\r\n\r\n", &asked_connect) > 0);
	CHECK(head.framing == BODY_NONE && !head.tells_length && !head.tells_chunked);
	CHECK(response("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\n", &asked_connect) > 0);
	CHECK(head.framing == BODY_LENGTH);
	CHECK(response("HTTP/1.1 100 Continue\r\n\r\n", NULL) > 0);
	CHECK(head.framing == BODY_NONE && head.keep);
	CHECK(response("HTTP/1.1 103 Early\r\nContent-Length: 0\r\n\r\n", NULL) > 0);
	CHECK(head.framing == BODY_NONE && head.keep && !head.tells_length);
	CHECK(response("HTTP/1.1 103 Early\r\nContent-Length: 5\r\n\r\n", NULL) > 0);
	CHECK(head.framing == BODY_NONE && !head.keep && !head.tells_length);
	CHECK(response("HTTP/1.1 205 Reset\r\nContent-Length: 5\r\n\r\n", NULL) > 0);
	CHECK(head.framing == BODY_NONE && !head.keep && head.tells_length && head.told == 0);
	CHECK(response("HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n", NULL) > 0 && head.keep);
	CHECK(response("HTTP/1.1 205 Reset\r\n\r\n", NULL) > 0 && !head.keep);
}

/* What is read of an odd head: its framing (None, Length of 5, Chunked, until the Close), whether another response may
 * follow, whether it goes on without a length; and that it comes out as `fields`. */
static void
responses_odd(void)
{
	static const struct odd {
		const char *text;
		size_t len;
		char framing;
		bool keep, by_close;
		const char *status, *fields;
	} list[] = {
#define C5 "Content-Length: 5\r\n"
#define TE "Transfer-Encoding: chunked\r\n"
		/* status lines */
		{ BYTES("HTTP/1.1 999 No\r\n" C5 "\r\n"), 'L', true, false, "999 No", C5 },
		{ BYTES("HTTP/1.1  200   Fine \r\n" C5 "\r\n"), 'L', true, false, "200 Fine", C5 },
		{ BYTES("HTTP/1.1 200\r\n" C5 "\r\n"), 'L', true, false, "200 ", C5 },
		{ BYTES("http/1.1 200 OK\r\n" C5 "\r\n"), 'L', true, false, "200 OK", C5 },
		{ BYTES("HTTP/2 200\r\n" C5 "\r\n"), 'L', false, false, "200 ", C5 },
		{ BYTES("HTTP/2 200\r\n" TE "\r\n"), 'X', false, true, "200 ", "" },
		{ BYTES("HTTP/2.0 200\r\n" TE "\r\n"), 'C', false, false, "200 ", TE },
		{ BYTES("HTTP 200\r\n" C5 "\r\n"), 'L', false, false, "200 ", C5 },
		{ BYTES("HTTP/1.1 200OK\r\n" C5 "\r\n"), 'L', false, true, "200 OK", "" },
		{ BYTES("HTTP/1.1 0200 OK\r\n" C5 "\r\n"), 'L', false, true, "200 OK", "" },
		{ BYTES("HTTP/1.1\r\n" C5 "\r\n"), 'L', false, true, "200 ", "" },
		{ BYTES("HTTP/1.1 Fine\r\n" TE "\r\n"), 'C', false, true, "200 Fine", "" },
		{ BYTES("HTTP/1.1 200 O\001K\x7f\r\n" C5 "\r\n"), 'L', true, false, "200 OK", C5 },
		{ BYTES("HTTP/1.1 200 O\0K\r\n" C5 "\r\n"), 'L', false, true, "200 OK", "" },
		{ BYTES("\r\n\r\nHTTP/1.1 200 OK\r\n" C5 "\r\n"), 'L', false, false, "200 OK", C5 },
		{ BYTES("HTTPHTTP/1.1 200 OK\r\n" C5 "\r\n"), 'L', false, false, "200 OK", C5 },
		/* lines */
		{ BYTES("HTTP/1.1 200 OK\nA:b\nContent-Length: 5\n\n"), 'L', true, false, "200 OK",
			"A:b\r\n" C5 },
		{ BYTES(OK C5 "A: b\r\n \t c\n d\r\n\r\n"), 'L', true, false, "200 OK",
			C5 "A: b c d\r\n" },
		{ BYTES(OK " A: b\r\njunk\r\n c: d\r\n: e\r\nF G: h\r\n I: j\r\nK[0]: l\r\n" C5
			   "\r\n"),
			'L', true, false, "200 OK", C5 },
		{ BYTES(OK "A\t : b\r\n" C5 "\r\n"), 'L', true, false, "200 OK", "A: b\r\n" C5 },
		{ BYTES(OK "A: \001b\x7f\xff \2\r\nSet-Cookie: a=\1\r\nSet-Cookie: b=c\r\n" C5
			   "\r\n"),
			'L', true, false, "200 OK", "A: b\xff\r\nSet-Cookie: b=c\r\n" C5 },
		{ BYTES(OK "A: b\0\r\nC: d\r\n" C5 "\r\n"), 'L', false, true, "200 OK",
			"C: d\r\n" },
		{ BYTES(OK "A: b\rC: d\r\n" TE "\r\n"), 'C', false, true, "200 OK",
			"A: b\r\nC: d\r\n" },
		/* lengths */
		{ BYTES(OK "Content-Length: 5, 5,5\r\ncontent-length:005, 005\r\n\r\n"), '!', false,
			false, NULL, NULL },
		{ BYTES(OK "Content-length:005 , 005\r\nA: b\r\nContent-Length: 005\r\n\r\n"), 'L',
			false, false, "200 OK", "Content-length:5\r\nA: b\r\n" },
		{ BYTES(OK "Content-Length:\r\n\r\n"), 'X', false, false, "200 OK", "" },
		{ BYTES(OK "Content-Length: -5\r\n\r\n"), 'X', false, false, "200 OK", "" },
		{ BYTES(OK "Content-Length: +5\r\n\r\n"), 'X', false, false, "200 OK", "" },
		{ BYTES(OK "Content-Length: 5;\r\n\r\n"), 'X', false, false, "200 OK", "" },
		{ BYTES(OK "Content-Length: 5\1\r\n\r\n"), 'X', false, false, "200 OK", "" },
		{ BYTES(OK "Content-Length: 5\r\n 5\r\n\r\n"), 'X', false, false, "200 OK", "" },
		{ BYTES(OK "Content-Length: 99999999999999999999\r\n\r\n"), 'X', false, false,
			"200 OK", "" },
		/* codings */
		{ BYTES(OK "Transfer-Encoding: gzip,\r\n CHUNKED, cow\r\n\r\n"), 'C', false, false,
			"200 OK", TE },
		{ BYTES(OK TE "A: b\r\ntransfer-encoding: identity\r\n\r\n"), 'C', false, false,
			"200 OK", TE "A: b\r\n" },
		{ BYTES(OK TE C5 "Content-Length: 6\r\n\r\n"), 'C', false, false, "200 OK", TE },
		{ BYTES(OK "Transfer-Encoding: identity\r\n" C5 "\r\n"), 'L', false, false,
			"200 OK", C5 },
		{ BYTES(OK "Transfer-Encoding:\r\n" C5 "\r\n"), 'L', false, false, "200 OK", C5 },
		{ BYTES(OK "Transfer-Encoding: xchunked\r\n" C5 "\r\n"), 'L', false, true, "200 OK",
			"" },
		{ BYTES(OK "Transfer-Encoding: chunked;\r\n\r\n"), 'X', false, true, "200 OK", "" },
		{ BYTES(OK "Transfer-Encoding: \"a, chunked\"\r\n\r\n"), 'X', false, true, "200 OK",
			"" },
		{ BYTES(OK "Transfer-Encoding: \vchunked\r\n\r\n"), 'X', false, true, "200 OK",
			"" },
		{ BYTES("HTTP/1.0 200 OK\r\n" TE "\r\n"), 'X', false, true, "200 OK", "" },
		{ BYTES("HTTP/1.0 200 OK\r\n" C5 TE "\r\n"), 'L', false, true, "200 OK", "" },
		/* what poses as framing */
		{ BYTES(OK "Content-Length : 5\r\n\r\n"), 'L', false, true, "200 OK", "" },
		{ BYTES(OK "Transfer-Encoding\t: chunked\r\n\r\n"), 'C', false, true, "200 OK",
			"" },
		{ BYTES(OK "Content_Length: 7\r\n" C5 "\r\n"), 'L', false, true, "200 OK", "" },
		{ BYTES(OK "Content-Length\v: 7\r\n" C5 "\r\n"), 'L', false, true, "200 OK", "" },
		{ BYTES(OK "\tTransfer-Encoding: chunked\r\n\r\n"), 'X', false, true, "200 OK",
			"" },
		{ BYTES(OK "A: b\r\n\tTransfer-Encoding: chunked\r\n" C5 "\r\n"), 'L', false, true,
			"200 OK", "A: b Transfer-Encoding: chunked\r\n" },
		{ BYTES(OK "transferencoding: x\r\n" C5 "\r\n"), 'L', false, true, "200 OK", "" },
		{ BYTES(OK "Expose: Content-Length: 7\r\nX-Content-Length: 7\r\n" C5 "\r\n"), 'L',
			true, false, "200 OK",
			"Expose: Content-Length: 7\r\nX-Content-Length: 7\r\n" C5 },
		/* connection options */
		{ BYTES(OK "Connection: close;\r\n" C5 "\r\n"), 'L', false, false, "200 OK", C5 },
		{ BYTES(OK "Connection: keep-alive, timeout=60, A\r\nA: b\r\n" C5 "\r\n"), 'L',
			false, false, "200 OK", C5 },
		{ BYTES(OK "Connection:\r\n" C5 "\r\n"), 'L', true, false, "200 OK", C5 },
	};

	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
		const struct odd *o = &list[i];
		static const char framings[] = { 'N', 'L', 'C', 'X' };
		char want[512], data[512 + HTTP_HEAD_ROOM];
		size_t made;
		int rc = parse(o->text, o->text, o->len, true, &asked_get);

		if (o->framing == '!' ? rc != -1 : rc != (int)o->len)
			failed(o->text, "refused, or not");
		if (rc < 0)
			continue;
		if (framings[head.framing] != o->framing || head.keep != o->keep ||
			head.by_close != o->by_close || (o->framing == 'L' && head.length != 5))
			failed(o->text, "read otherwise");
		snprintf(want, sizeof want, "HTTP/1.1 %s\r\n%sVia: 1.%u sluice\r\n\r\n", o->status,
			o->fields, head.minor);
		memcpy(data, o->text, o->len);
		made = http_rewrite_response(&head, data, sizeof data, false, false);
		if (made != strlen(want) || memcmp(data, want, made) != 0) {
			fprintf(stderr, "got \"%.*s\"\nwant \"%s\"\n", (int)made, data, want);
			failed(o->text, "rewritten otherwise");
		}
		check_passed++;
	}
}

/* As many fields as there is room for, by the shortest lines: they come out longer, where there is room for that. */
static void
responses_bounds(void)
{
	static char text[HTTP_HEAD_MAX * 2], *guarded;
	size_t len = (size_t)snprintf(text, sizeof text, "HTTP/1.1 200 OK\n");

	while (len + 4 <= HTTP_HEAD_MAX) {
		memcpy(text + len, "a:\n", 3);
		len += 3;
	}
	text[len++] = '\n';
	guarded = check_guard(text, len);
	CHECK_INT(http_parse_response(&head, guarded, len, NULL), len);
	CHECK(head.count > 10900 && head.count <= HTTP_FIELDS_EVER);
	CHECK(http_rewrite_response(&head, guarded, len, false, false) == 0);
	check_unguard(guarded, len);
	CHECK_INT(http_parse_response(&head, text, len, NULL), len);
	len = http_rewrite_response(&head, text, sizeof text, false, false);
	CHECK(len > HTTP_HEAD_MAX && len <= sizeof text);
	memset(text, 'a', HTTP_HEAD_MAX);
	memcpy(text, OK, strlen(OK));
	CHECK_INT(http_parse_response(&head, text, HTTP_HEAD_MAX - 1, NULL), 0);
	CHECK_INT(http_parse_response(&head, text, HTTP_HEAD_MAX, NULL), -1);
}

static void
responses_upgrade(void)
{
	const char *up = "HTTP/1.1 101 Up\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

	CHECK(response(up, &asked_websocket) > 0 && head.asked.upgrade == HTTP_WEBSOCKET);
	CHECK_INT(response(up, &asked_get), -1);
	CHECK_INT(response("HTTP/1.1 101 Up\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
			  &asked_websocket),
		-1);
	CHECK_INT(response("HTTP/1.1 101 Up\r\nUpgrade: websocket\r\n\r\n", &asked_websocket), -1);
	CHECK_INT(response("HTTP/1.0 101 Up\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
			  &asked_websocket),
		-1);
	CHECK(response("HTTP/1.1 101 Up\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: "
		       "5\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n",
		      &asked_tcp) > 0);
	CHECK(head.asked.upgrade == HTTP_TCP && head.framing == BODY_NONE && !head.tells_chunked);
	CHECK_INT(response(up, &asked_tcp), -1);
	CHECK(response(OK "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", &asked_websocket) >
		0);
	CHECK(head.asked.upgrade == HTTP_STAYS && dropped(1));
}

/* --- rewriting --------------------------------------------------------------------------------- */

static void
rewrite(const char *text, const struct http_asked *asked, bool close, bool plain, const char *want)
{
	size_t len = strlen(text), need = strlen(want), cap;
	bool is_response = strncmp(text, "HTTP/", 5) == 0;

	/* Every capacity, in a buffer that ends at a guard page. */
	for (cap = len; cap < len + HTTP_HEAD_ROOM; cap++) {
		char *data = check_guard(NULL, 0), *room;
		size_t made;

		check_unguard(data, 0);
		room = memset(malloc(cap + 1), '#', cap + 1);
		memcpy(room, text, len);
		data = check_guard(room, cap);
		free(room);
		if ((is_response ? http_parse_response(&head, data, len, asked)
				 : http_parse_request(&head, data, len)) <= 0)
			failed(text, "refused");
		made = is_response ? http_rewrite_response(&head, data, cap, close, plain)
				   : http_rewrite_request(&head, data, cap, close);
		if (made != (need <= cap ? need : 0) ||
			(made > 0 && memcmp(data, want, need) != 0)) {
			fprintf(stderr, "got \"%.*s\"\nwant \"%s\"\n", (int)made, data, want);
			failed(text, "rewritten otherwise");
		}
		check_unguard(data, cap);
		if (cap > need + 2 && cap > len + 2)
			break;
	}
	check_passed++;
}

static void
rewrite_requests(void)
{
	rewrite(GET "\r\n", NULL, false, false, GET "\r\n");
	rewrite(GET "\r\n", NULL, true, false, GET "Connection: close\r\n\r\n");
	rewrite("\r\n\r\nGET http://h:81/x?y HTTP/1.1\r\nHost: h:81\r\n\r\n", NULL, false, false,
		"GET /x?y HTTP/1.1\r\nHost: h:81\r\n\r\n");
	rewrite("GET http://h HTTP/1.0\r\n\r\n", NULL, false, false,
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	rewrite("GET http://[::1]:81 HTTP/1.0\r\n\r\n", NULL, false, false,
		"GET / HTTP/1.1\r\nHost: [::1]:81\r\n\r\n");
	rewrite("OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n", NULL, false, false,
		"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
	rewrite("OPTIONS http://h/ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 10\r\n\r\n", NULL, false,
		false, "OPTIONS / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 09\r\n\r\n");
	rewrite("GET http://h:8080/x HTTP/1.1\r\nA: b\r\nHost:h\r\nC: d\r\n\r\n", NULL, false,
		false, "GET /x HTTP/1.1\r\nA: b\r\nHost: h:8080\r\nC: d\r\n\r\n");
	rewrite("GET http://[1::2:3:4:5:6:7]/ HTTP/1.1\r\nHost:\r\n\r\n", NULL, false, false,
		"GET / HTTP/1.1\r\nHost: [1:0:2:3:4:5:6:7]\r\n\r\n");
	/* What is for this hop only, and what only the proxy is told. */
	rewrite(GET "Proxy-Authorization: Basic eA==\r\nProxy-Connection: keep-alive\r\n"
		    "Keep-Alive: 5\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nx-mine: 2\r\n"
		    "TE: gzip\r\nAccept: */*\r\n\r\n",
		NULL, false, false, GET "Accept: */*\r\n\r\n");
	rewrite(GET "Via: 1.1 a\r\nTE: trailers\r\n\r\n", NULL, true, false,
		GET "Via: 1.1 a\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n");
	/* Hop-by-hop abuse: Connection names what must stay. */
	rewrite(POST "Connection: close, Host, Content-Length, Cookie, Authorization\r\n"
		     "Content-Length: 5\r\nCookie: a\r\nAuthorization: b\r\n\r\n",
		NULL, false, false,
		POST "Content-Length: 5\r\nCookie: a\r\nAuthorization: b\r\n\r\n");
	rewrite(POST "Connection: Transfer-Encoding\r\nTransfer-Encoding:\tchunked\r\n\r\n", NULL,
		false, false, POST "Transfer-Encoding: chunked\r\n\r\n");
	rewrite(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", NULL, false, false,
		POST "Content-Length: 5\r\n\r\n");
	/* h2c smuggling ends as plain HTTP/1.1; a WebSocket goes through. */
	rewrite(GET
		"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
		NULL, false, false, GET "\r\n");
	rewrite(GET "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", NULL, true, false,
		GET "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
	rewrite(GET "Expect: 100-continue\r\nA:b\r\nC: \t d \r\nE:\r\n\r\n", NULL, false, false,
		GET "A:b\r\nC: d\r\nE:\r\n\r\n");
}

static void
rewrite_responses(void)
{
	rewrite(OK "Alt-Svc: h3\r\nProxy-Authenticate: Basic\r\nKeep-Alive: timeout=5\r\n"
		   "Connection: keep-alive\r\nContent-Length: 5\r\n\r\n",
		NULL, false, false, OK "Content-Length: 5\r\nVia: 1.1 sluice\r\n\r\n");
	rewrite("HTTP/1.0 200 Fine\r\nA: b\r\n\r\n", NULL, true, false,
		"HTTP/1.1 200 Fine\r\nA: b\r\nConnection: close\r\nVia: 1.0 sluice\r\n\r\n");
	rewrite(OK
		"Transfer-Encoding: chunked\r\nTrailer: X\r\nConnection: Transfer-Encoding\r\n\r\n",
		NULL, false, false,
		OK "Transfer-Encoding: chunked\r\nTrailer: X\r\nVia: 1.1 sluice\r\n\r\n");
	rewrite(OK "Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n", NULL, true, true,
		OK "Connection: close\r\nVia: 1.1 sluice\r\n\r\n");
	rewrite("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", NULL, false, false,
		"HTTP/1.1 204 No\r\nVia: 1.1 sluice\r\n\r\n");
	rewrite("HTTP/1.1 101 Up\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
		&asked_websocket, false, false,
		"HTTP/1.1 101 Up\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nVia: 1.1 "
		"sluice\r\n\r\n");
	rewrite(OK "Upgrade: h2,h2c\r\nConnection: Upgrade\r\n\r\n", NULL, false, false,
		OK "Via: 1.1 sluice\r\n\r\n");
}

/* The longest names that fit: what is added stays below HTTP_HEAD_ROOM. */
static void
rewrite_room(void)
{
	char text[512], name[256];
	size_t len;

	memset(name, 'a', 253);
	for (size_t i = 50; i < 253; i += 50)
		name[i] = '.';
	name[253] = '\0';
	len = (size_t)snprintf(
		text, sizeof text, "GET http://%s:65535 HTTP/1.0\r\nTE: trailers\r\n\r\n", name);
	CHECK(http_parse_request(&head, text, len) > 0);
	CHECK(http_rewrite_request(&head, text, sizeof text, true) <= len + HTTP_HEAD_ROOM);
}

/* tchar against its definition, through the only place where it shows. */
static void
token_characters(void)
{
	static const char tchar[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (int c = 1; c < 256; c++) {
		char text[64];
		int len = snprintf(text, sizeof text, "%sA%cB: c\r\n\r\n", GET, c);
		bool token = strchr(tchar, c) != NULL;

		/* A colon ends the name. */
		CHECK((http_parse_request(&head, text, (size_t)len) > 0) == (token || c == ':'));
	}
}

int
main(void)
{
	requests_refused();
	responses_refused();
	requests_pass();
	requests_framing();
	requests_upgrade();
	requests_upgrade_others();
	requests_target();
	targets_encoded();
	requests_bounds();
	responses_framing();
	responses_upgrade();
	responses_odd();
	responses_bounds();
	rewrite_requests();
	rewrite_responses();
	rewrite_room();
	token_characters();
	return check_done("http");
}
