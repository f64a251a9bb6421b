/*
 * machine: every state of a connection, and in each: its time passes, the client leaves, the origin fails, the
 * connection has to give way.  Who gets a page, who an alert, who a reset, who nothing; what the log says; and that
 * everything that was borrowed comes back, wiped.
 *
 * fake_ends.h has the far ends.  The loop is that of proxy.c: what is waited for is asked first, and only what was
 * asked for is ready; when nothing is, the time of the first deadline comes.
 */
#include "fake_ends.h"

#include "lib/base/log.h"

enum {
	SLOTS = 40,
	BUFFERS = 40,
	CHAINS = 20,
	TURNS_MOST = 1000, /* no quiet after so many: a loop that turns for nothing */
	LOG_TEXT = 4096
};

static struct proxy p;
static char dir[] = "/tmp/sluice-machine-XXXXXX";
static struct end *client;
static const char *now_testing = "";
static char log_info[LOG_TEXT], log_warn[LOG_TEXT];
static char trace[1024];        /* "request>hello>..." of all that happened */
static char state_of[ENDS][16]; /* by the client's port: the state that enter told last */

/* --- the log -------------------------------------------------------------------------------- */

bool
log_wants(enum log_level level)
{
	(void)level;
	return true;
}

static void
add_text(char *to, size_t cap, const char *text, const char *end)
{
	size_t have = strlen(to);

	snprintf(to + have, cap - have, "%s%s", text, end);
}

/* "192.168.1.1:7 host: old -> new": each change begins where the last one ended, since only enter makes them. */
static void
note_change(char *line)
{
	char *arrow = strstr(line, " -> "), *colon = strchr(line, ':');
	long port = strtol(colon + 1, NULL, 10);

	*arrow = '\0';
	CHECK(port >= 0 && port < ENDS);
	CHECK_STR(strrchr(line, ' ') + 1, state_of[port]);
	snprintf(state_of[port], sizeof state_of[port], "%s", arrow + 4);
	add_text(trace, sizeof trace, ">", arrow + 4);
}

void
log_line(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (level == LOG_LEVEL_DEBUG && strstr(line, " -> ") != NULL)
		note_change(line);
	else if (level == LOG_LEVEL_INFO)
		add_text(log_info, sizeof log_info, line, "\n");
	else if (level == LOG_LEVEL_WARN)
		add_text(log_warn, sizeof log_warn, line, "\n");
}

/* --- the house ------------------------------------------------------------------------------- */

static void
write_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
		perror(path);
		exit(2);
	}
}

static void
write_config(const char *options)
{
	char text[1024];

	snprintf(text, sizeof text,
		"config sluice 'main'\n\toption answer_timeout '30'\n\toption tunnel_timeout "
		"'40'\n%s"
		"config list 'ads'\n\toption action 'block'\n\toption file '%s/ads'\n"
		"config list 'quiet'\n\toption action 'tunnel'\n\toption file '%s/quiet'\n",
		options, dir, dir);
	write_file("conf", text);
}

static void
load(const char *options)
{
	char path[128], err[CONFIG_ERROR];

	write_config(options);
	snprintf(path, sizeof path, "%s/conf", dir);
	policy_free(p.policy);
	p.policy = NULL;
	if (config_read(&p.config, path, err) == 0)
		p.policy = policy_load(&p.config, err, sizeof err);
	if (p.policy == NULL) {
		fprintf(stderr, "%s\n", err);
		exit(2);
	}
}

/* A fresh machine, under the rules of before. */
static void
begin(const char *name, size_t slots, size_t buffers, size_t chains)
{
	now_testing = name;
	end_count = 0;
	memset(&fake, 0, sizeof fake);
	memset(&p.learned, 0, sizeof p.learned);
	p.resolver = (struct resolver *)&fake;
	p.cert = (struct cert *)&fake;
	p.now = 1000000;
	p.wall = 1795000000;
	p.clock_is_trusted = true;
	p.stopping = false;
	p.refused = p.gave_way = 0; /* so that the first of many is told of */
	log_info[0] = log_warn[0] = trace[0] = '\0';
	if (machine_init(&p, slots, buffers, chains) != 0)
		exit(2);
}

static bool
is_zero(const unsigned char *data, size_t len)
{
	return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

/* All came back, and no byte of what was said lies in it. */
static void
end(void)
{
	unsigned before = check_failed;

	CHECK_INT(fair_count(&p.fair), 0);
	for (enum fair_thing thing = 0; thing < FAIR_THINGS; thing++) {
		CHECK_INT(p.fair.free[thing], p.fair.most[thing]);
		CHECK_INT(p.fair.lacking[thing] + p.fair.giving[thing], 0);
	}
	CHECK_INT(p.conns.free, p.conns.count);
	CHECK_INT(p.buffers.free, p.buffers.count);
	CHECK(is_zero(p.buffers.blocks, p.buffers.size * p.buffers.count));
	CHECK(is_zero(p.conns.blocks, p.conns.size * p.conns.count));
	CHECK_INT(fake.queries + fake.dials + fake.chains, 0);
	for (int i = 0; i < end_count; i++)
		CHECK(ends[i].closed);
	if (check_failed > before)
		fprintf(stderr, "  in: %s\n", now_testing);
	machine_free(&p);
}

/* --- the loop --------------------------------------------------------------------------------- */

/* Nobody but enter wrote a state. */
static void
check_states(void)
{
	for (struct fair_share *s = p.fair.first; s != NULL; s = s->next) {
		struct conn *c = (struct conn *)s;

		CHECK_STR(conn_state_name(c->state), state_of[c->peer.port]);
	}
}

/* What select would say: of what was asked, what is so. */
static bool
look(struct wait *w)
{
	bool any = false;

	for (int i = 0; i < end_count; i++) {
		int fd = END_FIRST + i;

		if (ends[i].closed || !end_has_news(&ends[i]))
			FD_CLR(fd, &w->readable);
		if (ends[i].closed || (ends[i].takes == 0 && !ends[i].broken))
			FD_CLR(fd, &w->writable);
		any |= wait_can_read(w, fd) || wait_can_write(w, fd);
	}
	return any;
}

/* One turn, if there is a reason for one, or it is `due`.  Else it says when there will be. */
static bool
turn(bool due, int64_t *until)
{
	struct wait w;

	wait_init(&w);
	machine_want(&p, &w);
	*until = w.until;
	if (!look(&w) && w.until > p.now && !due)
		return false;
	p.ready = &w;
	machine_turn(&p);
	p.ready = NULL;
	check_states();
	return true;
}

/* From a turn on that is due, until nothing moves; when will something? */
static int64_t
settle(void)
{
	int64_t until = p.now;

	for (int i = 0; i < TURNS_MOST; i++) {
		if (!turn(i == 0, &until))
			return until;
		/* A chain that is judged for ever keeps the loop awake, as it should. */
		if (fake.check_waits && i > 2)
			return p.now + 1000;
	}
	fprintf(stderr, "%s: no quiet\n", now_testing);
	CHECK(false);
	return until;
}

static void
wait_ms(int64_t ms)
{
	int64_t end_at = p.now + ms, until = settle();

	while (until <= end_at) {
		p.now = until;
		until = settle();
	}
	p.now = end_at;
	(void)settle();
}

/* --- what is said -------------------------------------------------------------------------------- */

static struct end *
come(unsigned host, bool redirected)
{
	struct arrival a = { .redirected = redirected,
		.peer = { .family = 4, .ip = { 192, 168, 1, (uint8_t)host } } };
	int fd = end_new();

	a.peer.port = (uint16_t)(fd - END_FIRST);
	snprintf(state_of[a.peer.port], sizeof state_of[0], "free");
	client = end_of(fd);
	machine_open(&p, fd, &a);
	return client;
}

static struct conn *
conn_of(const struct end *e)
{
	for (struct fair_share *s = p.fair.first; s != NULL; s = s->next)
		if (((struct conn *)s)->pair.client.fd == END_FIRST + (int)(e - ends))
			return (struct conn *)s;
	return NULL;
}

static void
say(struct end *e, const char *text)
{
	end_says(e, text, strlen(text));
}

static void
say_record(struct end *e, unsigned char type, const char *data, size_t len)
{
	const unsigned char head[REC_HEAD] = { type, 3, 3, (unsigned char)(len >> 8),
		(unsigned char)len };

	end_says(e, head, sizeof head);
	end_says(e, data, len);
}

static void
say_data(struct end *e, const char *text)
{
	say_record(e, REC_DATA, text, strlen(text));
}

/* A ClientHello that we can serve, as far as `most` bytes of it. */
static void
say_hello(struct end *e, const char *sni, size_t most)
{
	static const unsigned char middle[] = { 0, 0, 2, 0xc0, 0x2b, 1, 0 };
	static const unsigned char fixed[] = { 0, 10, 0, 6, 0, 4, 0, 0x1d, 0, 0x17, 0, 13, 0, 4, 0,
		2, 4, 3 };
	size_t name = strlen(sni), exts = sizeof fixed + 9 + name;
	size_t body = 2 + 32 + sizeof middle + 2 + exts;
	unsigned char out[512] = { 22, 3, 1, (unsigned char)((body + 4) >> 8),
		(unsigned char)(body + 4), 1, 0, (unsigned char)(body >> 8), (unsigned char)body, 3,
		3 };
	unsigned char *at = out + 11 + 32;
	const unsigned char server_name[] = { (unsigned char)(exts >> 8), (unsigned char)exts, 0, 0,
		0, (unsigned char)(name + 5), 0, (unsigned char)(name + 3), 0, 0,
		(unsigned char)name };

	memcpy(at, middle, sizeof middle);
	at += sizeof middle;
	memcpy(at, server_name, sizeof server_name);
	at += sizeof server_name;
	memcpy(at, sni, name);
	memcpy(at + name, fixed, sizeof fixed);
	at += name + sizeof fixed;
	end_says(e, out, (size_t)(at - out) < most ? (size_t)(at - out) : most);
}

static void
say_get(struct end *e, const char *url)
{
	const char *host = strstr(url, "//") + 2;
	char text[256];

	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %.*s\r\n\r\n", url,
		(int)strcspn(host, "/"), host);
	say(e, text);
}

static void
say_connect(struct end *e, const char *host)
{
	char text[256];

	snprintf(text, sizeof text, "CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n", host, host);
	say(e, text);
}

/* --- what was heard ------------------------------------------------------------------------------- */

struct heard {
	char text[256];
	char plain[END_GOT]; /* what records of data held */
	size_t plain_len;
};

static void note(struct heard *h, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
note(struct heard *h, const char *format, ...)
{
	size_t have = strlen(h->text);
	va_list args;

	if (have > 0 && have + 1 < sizeof h->text)
		h->text[have++] = ' ';
	va_start(args, format);
	vsnprintf(h->text + have, sizeof h->text - have, format, args);
	va_end(args);
}

/* Answers: "200", "200 cut" where the body is shorter than it says.  Returns the bytes read. */
static size_t
hear_http(struct heard *h, const char *in, const char *data, size_t len)
{
	const char *end_of_head = memmem(data, len, "\r\n\r\n", 4), *said;
	size_t head, body;

	if (len < 12 || memcmp(data, "HTTP/1.1 ", 9) != 0 || end_of_head == NULL) {
		note(h, "%sraw", in);
		return len;
	}
	head = (size_t)(end_of_head - data) + 4;
	note(h, "%s%.3s", in, data + 9);
	said = memmem(data, head, "Content-Length: ", 16);
	if (said == NULL) /* nothing, or all that comes */
		return memmem(data, head, "established", 11) != NULL || data[9] == '1' ? head : len;
	body = strtoul(said + 16, NULL, 10);
	if (body > len - head) {
		note(h, "cut");
		return len;
	}
	return head + body;
}

static void
hear_plain(struct heard *h)
{
	for (size_t at = 0; at < h->plain_len;)
		at += hear_http(h, "tls:", h->plain + at, h->plain_len - at);
	h->plain_len = 0;
}

static size_t
hear_record(struct heard *h, const unsigned char *data, size_t len)
{
	size_t size = len >= REC_HEAD ? REC_HEAD + ((size_t)data[3] << 8 | data[4]) : SIZE_MAX;

	if (size > len) {
		note(h, "half a record");
		return len;
	}
	if (data[0] == REC_DATA) {
		memcpy(h->plain + h->plain_len, data + REC_HEAD, size - REC_HEAD);
		h->plain_len += size - REC_HEAD;
		return size;
	}
	hear_plain(h);
	if (data[0] == REC_SHAKE)
		note(h, "shake");
	else if (data[REC_HEAD + 1] == 0)
		note(h, "notify");
	else
		note(h, "alert %u", data[REC_HEAD + 1]);
	return size;
}

/* "200 shake tls:504 notify fin": all that an end was sent, and how it ended. */
static const char *
heard_by(const struct end *e)
{
	static struct heard h;
	size_t at = 0;

	h.text[0] = '\0';
	h.plain_len = 0;
	while (at < e->got_len)
		at += e->got[at] >= REC_ALERT && e->got[at] <= REC_DATA
			      ? hear_record(&h, e->got + at, e->got_len - at)
			      : hear_http(&h, "", (const char *)e->got + at, e->got_len - at);
	hear_plain(&h);
	if (e->reset)
		note(&h, "reset");
	else if (e->shut)
		note(&h, "fin");
	else
		note(&h, "%s", e->closed ? "closed" : "open");
	return h.text;
}

/* --- the way to each state --------------------------------------------------------------------------- */

static void
at_request(void)
{
	(void)come(1, false);
	(void)settle();
}

static void
at_half_request(void)
{
	at_request();
	say(client, "GET http://plain.exam");
	(void)settle();
}

/* Between two requests. */
static void
at_kept(void)
{
	at_request();
	say_get(client, "http://plain.example/");
	(void)settle();
	say(fake.origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	(void)settle();
}

static void
at_half_next(void)
{
	at_kept();
	say(client, "GET http://plain.exam");
	(void)settle();
}

static void
at_redirected(void)
{
	fake.original = (struct net_addr){ .family = 4, .ip = { 93, 184, 1, 5 }, .port = 443 };
	(void)come(1, true);
	(void)settle();
}

static void
at_hello(void)
{
	at_request();
	say_connect(client, "look.example");
	(void)settle();
}

static void
at_half_hello(void)
{
	at_hello();
	say_hello(client, "look.example", 20);
	(void)settle();
}

static void
at_whole_hello(void)
{
	at_hello();
	say_hello(client, "look.example", SIZE_MAX);
	(void)settle();
}

static void
at_resolve(void)
{
	fake.name_waits = true;
	at_whole_hello();
}

static void
at_resolve_tunnel(void)
{
	fake.name_waits = true;
	at_request();
	say_connect(client, "quiet.example");
	(void)settle();
}

static void
at_resolve_request(void)
{
	fake.name_waits = true;
	at_request();
	say_get(client, "http://plain.example/");
	(void)settle();
}

static void
at_connect(void)
{
	fake.dial_waits = true;
	at_whole_hello();
}

static void
at_connect_tunnel(void)
{
	fake.dial_waits = true;
	at_request();
	say_connect(client, "quiet.example");
	(void)settle();
}

static void
at_connect_request(void)
{
	fake.dial_waits = true;
	at_request();
	say_get(client, "http://plain.example/");
	(void)settle();
}

/* The origin has said something, so that a chain is held. */
static void
at_origin(void)
{
	at_whole_hello();
	end_says(fake.origin, "\26\3\3", 3);
	(void)settle();
}

static void
at_verify(void)
{
	fake.check_waits = true;
	at_whole_hello();
	say_record(fake.origin, REC_SHAKE, "S", 1);
	(void)settle();
}

/* The greeting can't leave. */
static void
at_mint(void)
{
	at_request();
	client->takes = 0;
	say_connect(client, "look.example");
	say_hello(client, "look.example", SIZE_MAX);
	(void)settle();
	say_record(fake.origin, REC_SHAKE, "S", 1);
	(void)settle();
}

static void
at_client(void)
{
	at_whole_hello();
	say_record(fake.origin, REC_SHAKE, "S", 1);
	(void)settle();
}

static void
at_joined(void)
{
	at_client();
	say_record(client, REC_SHAKE, "F", 1);
	(void)settle();
}

static void
at_asked(void)
{
	at_joined();
	say_data(client, "GET /a HTTP/1.1\r\nHost: look.example\r\n\r\n");
	(void)settle();
}

/* The second request on the same connections. */
static void
at_asked_again(void)
{
	at_asked();
	say_data(fake.origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	(void)settle();
	say_data(client, "GET /b HTTP/1.1\r\nHost: look.example\r\n\r\n");
	(void)settle();
}

static void
at_upload(void)
{
	at_joined();
	say_data(client, "POST /a HTTP/1.1\r\nHost: look.example\r\nContent-Length: 9\r\n\r\nhalf");
	(void)settle();
}

static void
at_answer_cut(void)
{
	at_asked();
	say_data(fake.origin, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
	(void)settle();
}

/* In clear, with an answer whose end is the connection's. */
static void
at_answer_clear(void)
{
	at_request();
	say_get(client, "http://plain.example/");
	(void)settle();
	say(fake.origin, "HTTP/1.0 200 OK\r\n\r\nhalf");
	(void)settle();
}

static void
at_unheard(void)
{
	at_request();
	say_connect(client, "quiet.example");
	(void)settle();
}

static void
at_half_heard(void)
{
	at_unheard();
	say_hello(client, "quiet.example", 20);
	(void)settle();
}

static void
at_tunnel(void)
{
	at_unheard();
	say_hello(client, "quiet.example", SIZE_MAX);
	(void)settle();
	say(fake.origin, "any bytes");
	(void)settle();
}

static void
at_switched(void)
{
	at_request();
	say(client,
		"GET http://plain.example/ HTTP/1.1\r\nHost: plain.example\r\n"
		"Connection: upgrade\r\nUpgrade: websocket\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
	(void)settle();
	say(fake.origin, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
			 "Upgrade: websocket\r\n\r\nframe");
	(void)settle();
}

/* An answer of our own that the client reads too slowly. */
enum { BIG = 100000 };

static size_t
read_big(const void *source, size_t at, char *out, size_t cap)
{
	size_t n = 0;

	CHECK(source == &fake);
	while (n < cap && at + n < BIG) {
		out[n] = (char)('a' + (at + n) % 23);
		n++;
	}
	return n;
}

static const struct answer big_answer = { .status = 200,
	.type = "text/plain",
	.fields = "X-Test: yes\r\n",
	.read = read_big,
	.source = &fake,
	.len = BIG };

static void
at_answer(void)
{
	at_request();
	client->takes = 1000;
	fake.answers = &big_answer;
	say_get(client, "http://blocked.example/");
	(void)settle();
}

/* The answer waits for the socket alone. */
static void
at_undrained(void)
{
	at_request();
	client->takes = 1000;
	say_get(client, "http://blocked.example/");
	(void)settle();
}

static void
at_linger(void)
{
	at_request();
	say_get(client, "http://blocked.example/");
	(void)settle();
}

/* --- the table ------------------------------------------------------------------------------------------ */

enum event { EXPIRES, LEAVES, FAILS, GIVES_SLOT, GIVES_BUFFERS, GIVES_CHAIN, EVENTS };

struct outcome {
	const char *client; /* what heard_by says in the end; NULL: the event can't be */
	const char *log;    /* in the one line at info; "": there is none */
};

static const struct place {
	const char *name;
	void (*go)(void);
	enum conn_state state;
	int secs; /* that it may last */
	struct outcome outcomes[EVENTS];
} places[] = {
	{ "request", at_request, C_REQUEST, 10,
		{
			[EXPIRES] = { "closed", "" },
			[LEAVES] = { "closed", "" },
			[GIVES_SLOT] = { "503 fin",
				"?  503 plain*in request: *short of connections*" },
			[GIVES_BUFFERS] = { "503 fin",
				"?  503 plain*in request: *short of buffers*" },
		} },
	{ "half a request", at_half_request, C_REQUEST, 10,
		{
			[EXPIRES] = { "closed", "" },
			[LEAVES] = { "closed", "" },
			[GIVES_SLOT] = { "503 fin",
				"?  503 plain*in request: *short of connections*" },
			[GIVES_BUFFERS] = { "503 fin",
				"?  503 plain*in request: *short of buffers*" },
		} },
	{ "between two requests", at_kept, C_REQUEST, 120,
		{
			[EXPIRES] = { "200 closed", "" },
			[LEAVES] = { "200 closed", "" },
			[FAILS] = { "200 closed", "" },
			[GIVES_SLOT] = { "200 closed", "" },
			[GIVES_BUFFERS] = { "200 closed", "" },
		} },
	{ "half the next request", at_half_next, C_REQUEST, 20,
		{
			[EXPIRES] = { "200 closed", "" },
			[LEAVES] = { "200 closed", "" },
			[FAILS] = { "200 closed", "" },
			[GIVES_SLOT] = { "200 closed",
				"? plain.example 0 plain*in request: *short of connections*" },
			[GIVES_BUFFERS] = { "200 closed",
				"? plain.example 0 plain*in request: *short of buffers*" },
		} },
	{ "redirected", at_redirected, C_REDIRECTED, 10,
		{
			[EXPIRES] = { "closed", "" },
			[LEAVES] = { "closed", "TLS 93.184.1.5:443 0 refused*in hello: The client "
					       "left before its TLS handshake." },
			[GIVES_SLOT] = { "503 fin",
				"?  503 plain*in redirected: *short of connections*" },
			[GIVES_BUFFERS] = { "503 fin",
				"?  503 plain*in redirected: *short of buffers*" },
		} },
	{ "hello", at_hello, C_HELLO, 10,
		{
			[EXPIRES] = { "200 alert 50 fin",
				"CONNECT look.example:443 200 refused*in hello: What the client "
				"speaks to look.example is no TLS, and can't be inspected." },
			[LEAVES] = { "200 closed", "CONNECT look.example:443 200 refused*in hello: "
						   "The client left before its TLS handshake." },
			[GIVES_SLOT] = { "200 alert 80 fin",
				"CONNECT look.example:443 200 refused*in hello: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 alert 80 fin",
				"CONNECT look.example:443 200 refused*in hello: *short of "
				"buffers*" },
		} },
	{ "half a hello", at_half_hello, C_HELLO, 10,
		{
			[EXPIRES] = { "200 closed",
				"CONNECT look.example:443 200 refused*in hello: The client did not "
				"finish its TLS handshake in time." },
			[LEAVES] = { "200 closed", "CONNECT look.example:443 200 refused*in hello: "
						   "The client left before its TLS handshake." },
			[GIVES_SLOT] = { "200 alert 80 fin",
				"CONNECT look.example:443 200 refused*in hello: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 alert 80 fin",
				"CONNECT look.example:443 200 refused*in hello: *short of "
				"buffers*" },
		} },
	{ "resolve", at_resolve, C_RESOLVE, 10,
		{
			[EXPIRES] = { "200 shake tls:504 notify fin",
				"GET https://look.example/ 504 inspected*in resolve: No name "
				"server answered in time for look.example." },
			[LEAVES] = { "200 shake closed",
				"CONNECT look.example:443 200 inspected*in resolve: No name server "
				"answered in time for look.example." },
			[FAILS] = { "200 shake tls:502 notify fin",
				"GET https://look.example/ 502 inspected*in resolve: The name "
				"look.example has no address: no such name." },
			[GIVES_SLOT] = { "200 alert 80 fin",
				"CONNECT look.example:443 200 inspected*in resolve: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 alert 80 fin",
				"CONNECT look.example:443 200 inspected*in resolve: *short of "
				"buffers*" },
		} },
	{ "resolve, for a tunnel", at_resolve_tunnel, C_RESOLVE, 10,
		{
			[EXPIRES] = { "504 fin",
				"CONNECT quiet.example:443 504 tunnelled*in resolve: No name "
				"server answered in time for quiet.example." },
			[LEAVES] = { "504 fin",
				"CONNECT quiet.example:443 504 tunnelled*in resolve: No name "
				"server answered in time for quiet.example." },
			[FAILS] = { "502 fin",
				"CONNECT quiet.example:443 502 tunnelled*in resolve: The name "
				"quiet.example has no address: no such name." },
			[GIVES_SLOT] = { "503 fin", "CONNECT quiet.example:443 503 tunnelled*in "
						    "resolve: *short of connections*" },
			[GIVES_BUFFERS] = { "503 fin", "CONNECT quiet.example:443 503 tunnelled*in "
						       "resolve: *short of buffers*" },
		} },
	{ "resolve, for a request", at_resolve_request, C_RESOLVE, 10,
		{
			[EXPIRES] = { "504 fin",
				"GET http://plain.example/ 504 plain*in resolve: No name server "
				"answered in time for plain.example." },
			[LEAVES] = { "504 fin",
				"GET http://plain.example/ 504 plain*in resolve: No name server "
				"answered in time for plain.example." },
			[FAILS] = { "502 fin",
				"GET http://plain.example/ 502 plain*in resolve: The name "
				"plain.example has no address: no such name." },
			[GIVES_SLOT] = { "503 fin", "GET http://plain.example/ 503 plain*in "
						    "resolve: *short of connections*" },
			[GIVES_BUFFERS] = { "503 fin", "GET http://plain.example/ 503 plain*in "
						       "resolve: *short of buffers*" },
		} },
	{ "connect", at_connect, C_CONNECT, 20,
		{
			[EXPIRES] = { "200 shake tls:504 notify fin",
				"GET https://look.example/ 504 inspected*in connect: look.example "
				"did not answer in time." },
			[LEAVES] = { "200 shake closed",
				"CONNECT look.example:443 200 inspected*in connect: look.example "
				"did not answer in time." },
			[FAILS] = { "200 shake tls:502 notify fin",
				"GET https://look.example/ 502 inspected*in connect: look.example "
				"could not be reached: Connection refused." },
			[GIVES_SLOT] = { "200 alert 80 fin",
				"CONNECT look.example:443 200 inspected*in connect: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 alert 80 fin",
				"CONNECT look.example:443 200 inspected*in connect: *short of "
				"buffers*" },
		} },
	{ "connect, for a tunnel", at_connect_tunnel, C_CONNECT, 20,
		{
			[EXPIRES] = { "504 fin", "CONNECT quiet.example:443 504 tunnelled*in "
						 "connect: quiet.example did not answer in time." },
			[LEAVES] = { "504 fin", "CONNECT quiet.example:443 504 tunnelled*in "
						"connect: quiet.example did not answer in time." },
			[FAILS] = { "502 fin",
				"CONNECT quiet.example:443 502 tunnelled*in connect: quiet.example "
				"could not be reached: Connection refused." },
			[GIVES_SLOT] = { "503 fin", "CONNECT quiet.example:443 503 tunnelled*in "
						    "connect: *short of connections*" },
			[GIVES_BUFFERS] = { "503 fin", "CONNECT quiet.example:443 503 tunnelled*in "
						       "connect: *short of buffers*" },
		} },
	{ "connect, for a request", at_connect_request, C_CONNECT, 20,
		{
			[EXPIRES] = { "504 fin", "GET http://plain.example/ 504 plain*in connect: "
						 "plain.example did not answer in time." },
			[LEAVES] = { "504 fin", "GET http://plain.example/ 504 plain*in connect: "
						"plain.example did not answer in time." },
			[FAILS] = { "502 fin",
				"GET http://plain.example/ 502 plain*in connect: plain.example "
				"could not be reached: Connection refused." },
			[GIVES_SLOT] = { "503 fin", "GET http://plain.example/ 503 plain*in "
						    "connect: *short of connections*" },
			[GIVES_BUFFERS] = { "503 fin", "GET http://plain.example/ 503 plain*in "
						       "connect: *short of buffers*" },
		} },
	{ "origin", at_origin, C_ORIGIN, 20,
		{
			[EXPIRES] = { "200 shake tls:504 notify fin",
				"GET https://look.example/ 504 inspected*in origin: look.example "
				"did not finish its TLS handshake in time." },
			[LEAVES] = { "200 shake closed",
				"CONNECT look.example:443 200 inspected*in origin: look.example "
				"did not finish its TLS handshake in time." },
			[FAILS] = { "200 shake tls:502 notify fin",
				"GET https://look.example/ 502 inspected*in origin: look.example "
				"ended the connection during the TLS handshake." },
			[GIVES_SLOT] = { "200 alert 80 fin",
				"CONNECT look.example:443 200 inspected*in origin: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 alert 80 fin",
				"CONNECT look.example:443 200 inspected*in origin: *short of "
				"buffers*" },
			[GIVES_CHAIN] = { "200 shake tls:503 notify fin",
				"GET https://look.example/ 503 inspected*in origin: *short of "
				"places for handshakes*" },
		} },
	{ "verify", at_verify, C_VERIFY, 20,
		{
			[EXPIRES] = { "200 shake tls:504 notify fin",
				"GET https://look.example/ 504 inspected*in verify: look.example "
				"did not finish its TLS handshake in time." },
			[LEAVES] = { "200 shake closed",
				"CONNECT look.example:443 200 inspected*in verify: look.example "
				"did not finish its TLS handshake in time." },
			[FAILS] = { "200 shake tls:502 notify fin",
				"GET https://look.example/ 502 inspected*in verify: The "
				"certificate expired. (expired)" },
			[GIVES_SLOT] = { "200 alert 80 fin",
				"CONNECT look.example:443 200 inspected*in verify: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 alert 80 fin",
				"CONNECT look.example:443 200 inspected*in verify: *short of "
				"buffers*" },
			[GIVES_CHAIN] = { "200 shake tls:503 notify fin",
				"GET https://look.example/ 503 inspected*in verify: *short of "
				"places for handshakes*" },
		} },
	{ "mint", at_mint, C_MINT, 20,
		{
			[EXPIRES] = { "closed",
				"CONNECT look.example:443 200 refused*in mint: The client did not "
				"finish its TLS handshake in time." },
			[LEAVES] = { "closed", "CONNECT look.example:443 200 refused*in mint: The "
					       "client did not finish its TLS handshake in time." },
			[FAILS] = { "closed", "CONNECT look.example:443 200 refused*in mint: The "
					      "client did not finish its TLS handshake in time." },
			[GIVES_SLOT] = { "closed", "CONNECT look.example:443 200 inspected*in "
						   "mint: *short of connections*" },
			[GIVES_BUFFERS] = { "closed", "CONNECT look.example:443 200 inspected*in "
						      "mint: *short of buffers*" },
			[GIVES_CHAIN] = { "200 shake tls:503 notify fin",
				"GET https://look.example/ 503 inspected*in mint: *short of places "
				"for handshakes*" },
		} },
	{ "client", at_client, C_CLIENT, 20,
		{
			[EXPIRES] = { "200 shake closed",
				"CONNECT look.example:443 200 refused*in client: The client did "
				"not finish its TLS handshake in time." },
			[LEAVES] = { "200 shake closed",
				"CONNECT look.example:443 200 inspected*in client: The client did "
				"not accept our certificate for look.example: it closed the "
				"connection without ending it properly." },
			[FAILS] = { "200 shake notify fin",
				"CONNECT look.example:443 200 inspected* 0/0 bytes *" },
			[GIVES_SLOT] = { "200 shake closed",
				"CONNECT look.example:443 200 inspected*in client: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 shake closed",
				"CONNECT look.example:443 200 inspected*in client: *short of "
				"buffers*" },
		} },
	{ "joined", at_joined, C_EXCHANGE, 30,
		{
			[EXPIRES] = { "200 shake notify fin",
				"CONNECT look.example:443 200 inspected* 0/0 bytes *" },
			[LEAVES] = { "200 shake closed",
				"CONNECT look.example:443 200 inspected*in exchange: The client "
				"left after the handshake*" },
			[FAILS] = { "200 shake notify fin",
				"CONNECT look.example:443 200 inspected* 0/0 bytes *" },
			[GIVES_SLOT] = { "200 shake closed",
				"CONNECT look.example:443 200 inspected*in exchange: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 shake closed",
				"CONNECT look.example:443 200 inspected*in exchange: *short of "
				"buffers*" },
		} },
	{ "asked", at_asked, C_EXCHANGE, 30,
		{
			[EXPIRES] = { "200 shake tls:504 notify fin",
				"GET https://look.example/a 504 inspected*in exchange: "
				"look.example did not answer the request in 30 seconds." },
			[LEAVES] = { "200 shake closed",
				"GET https://look.example/a 0 inspected* 0/0 bytes *" },
			[FAILS] = { "200 shake tls:502 notify fin",
				"GET https://look.example/a 502 inspected*in exchange: "
				"look.example closed the connection without an answer." },
			[GIVES_SLOT] = { "200 shake closed",
				"GET https://look.example/a 0 inspected*in exchange: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 shake closed",
				"GET https://look.example/a 0 inspected*in exchange: *short of "
				"buffers*" },
		} },
	{ "asked again", at_asked_again, C_EXCHANGE, 30,
		{
			[EXPIRES] = { "200 shake tls:200 tls:504 notify fin",
				"GET https://look.example/b 504 inspected*in exchange: "
				"look.example did not answer the request in 30 seconds." },
			[LEAVES] = { "200 shake tls:200 closed",
				"GET https://look.example/b 0 inspected* 0/0 bytes *" },
			[FAILS] = { "200 shake tls:200 notify fin",
				"GET https://look.example/b 0 inspected*in exchange: look.example "
				"closed the kept connection; the client sends again." },
			[GIVES_SLOT] = { "200 shake tls:200 closed",
				"GET https://look.example/b 0 inspected*in exchange: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 shake tls:200 closed",
				"GET https://look.example/b 0 inspected*in exchange: *short of "
				"buffers*" },
		} },
	{ "upload", at_upload, C_EXCHANGE, 120,
		{
			[EXPIRES] = { "200 shake tls:408 notify fin",
				"POST https://look.example/a 408 refused*in exchange: The "
				"request's body did not come in time." },
			[LEAVES] = { "200 shake closed",
				"POST https://look.example/a 0 inspected* 4/0 bytes *" },
			[FAILS] = { "200 shake tls:502 notify fin",
				"POST https://look.example/a 502 inspected*in exchange: "
				"look.example closed the connection without an answer." },
			[GIVES_SLOT] = { "200 shake closed",
				"POST https://look.example/a 0 inspected*in exchange: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 shake closed",
				"POST https://look.example/a 0 inspected*in exchange: *short of "
				"buffers*" },
		} },
	{ "half an answer", at_answer_cut, C_EXCHANGE, 30,
		{
			[EXPIRES] = { "200 shake tls:200 cut closed",
				"GET https://look.example/a 200 inspected*in exchange: "
				"look.example did not answer the request in 30 seconds." },
			[LEAVES] = { "200 shake tls:200 cut closed",
				"GET https://look.example/a 200 inspected* 0/4 bytes *" },
			[FAILS] = { "200 shake tls:200 cut closed",
				"GET https://look.example/a 200 inspected*in exchange: "
				"look.example ended the connection in the middle of its answer." },
			[GIVES_SLOT] = { "200 shake tls:200 cut closed",
				"GET https://look.example/a 200 inspected*in exchange: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 shake tls:200 cut closed",
				"GET https://look.example/a 200 inspected*in exchange: *short of "
				"buffers*" },
		} },
	{ "half an answer in clear", at_answer_clear, C_EXCHANGE, 30,
		{
			[EXPIRES] = { "200 reset",
				"GET http://plain.example/ 200 plain*in exchange: plain.example "
				"did not answer the request in 30 seconds." },
			[LEAVES] = { "200 reset",
				"GET http://plain.example/ 200 plain*in exchange: plain.example "
				"did not answer the request in 30 seconds." },
			[FAILS] = { "200 fin", "GET http://plain.example/ 200 plain* 0/4 bytes *" },
			[GIVES_SLOT] = { "200 reset", "GET http://plain.example/ 200 plain*in "
						      "exchange: *short of connections*" },
			[GIVES_BUFFERS] = { "200 reset", "GET http://plain.example/ 200 plain*in "
							 "exchange: *short of buffers*" },
		} },
	{ "unheard", at_unheard, C_TUNNEL, 40,
		{
			[EXPIRES] = { "200 closed", "CONNECT quiet.example:443 200 tunnelled*in "
						    "tunnel: no byte came for 40 seconds" },
			[LEAVES] = { "200 closed", "CONNECT quiet.example:443 200 tunnelled*in "
						   "tunnel: no byte came for 40 seconds" },
			[FAILS] = { "200 fin",
				"CONNECT quiet.example:443 200 tunnelled* 0/0 bytes *" },
			[GIVES_SLOT] = { "200 alert 80 fin",
				"CONNECT quiet.example:443 200 tunnelled*in tunnel: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 alert 80 fin",
				"CONNECT quiet.example:443 200 tunnelled*in tunnel: *short of "
				"buffers*" },
		} },
	{ "half heard", at_half_heard, C_TUNNEL, 10,
		{
			[EXPIRES] = { "200 closed",
				"CONNECT quiet.example:443 200 refused*in tunnel: The client did "
				"not finish its ClientHello in time." },
			[LEAVES] = { "200 alert 50 fin",
				"CONNECT quiet.example:443 200 tunnelled*in tunnel: The client "
				"left before its TLS handshake." },
			[FAILS] = { "200 closed",
				"CONNECT quiet.example:443 200 refused*in tunnel: The client did "
				"not finish its ClientHello in time." },
			[GIVES_SLOT] = { "200 alert 80 fin",
				"CONNECT quiet.example:443 200 tunnelled*in tunnel: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 alert 80 fin",
				"CONNECT quiet.example:443 200 tunnelled*in tunnel: *short of "
				"buffers*" },
		} },
	{ "tunnel", at_tunnel, C_TUNNEL, 40,
		{
			[EXPIRES] = { "200 raw closed",
				"CONNECT quiet.example:443 200 tunnelled*in tunnel: no byte came "
				"for 40 seconds" },
			[LEAVES] = { "200 raw closed", "CONNECT quiet.example:443 200 tunnelled*in "
						       "tunnel: no byte came for 40 seconds" },
			[FAILS] = { "200 raw fin",
				"CONNECT quiet.example:443 200 tunnelled* 92/9 bytes *" },
			[GIVES_SLOT] = { "200 raw closed",
				"CONNECT quiet.example:443 200 tunnelled*in tunnel: *short of "
				"connections*" },
			[GIVES_BUFFERS] = { "200 raw closed",
				"CONNECT quiet.example:443 200 tunnelled*in tunnel: *short of "
				"buffers*" },
		} },
	{ "switched", at_switched, C_SWITCHED, 40,
		{
			[EXPIRES] = { "101 raw closed", "GET http://plain.example/ 101 plain*in "
							"switched: no byte came for 40 seconds" },
			[LEAVES] = { "101 raw closed", "GET http://plain.example/ 101 plain*in "
						       "switched: no byte came for 40 seconds" },
			[FAILS] = { "101 raw fin",
				"GET http://plain.example/ 101 plain* 0/99 bytes *" },
			[GIVES_SLOT] = { "101 raw closed", "GET http://plain.example/ 101 plain*in "
							   "switched: *short of connections*" },
			[GIVES_BUFFERS] = { "101 raw closed",
				"GET http://plain.example/ 101 plain*in switched: *short of "
				"buffers*" },
		} },
	{ "answer", at_answer, C_ANSWER, 120,
		{
			[EXPIRES] = { "200 cut closed",
				"GET http://blocked.example/ 200 blocked* 0/5344 bytes *" },
			[LEAVES] = { "200 cut closed",
				"GET http://blocked.example/ 200 blocked* 0/5344 bytes *" },
			[GIVES_SLOT] = { "200 cut closed",
				"GET http://blocked.example/ 200 blocked* 0/5344 bytes *" },
			[GIVES_BUFFERS] = { "200 cut closed",
				"GET http://blocked.example/ 200 blocked* 0/5344 bytes *" },
		} },
	{ "undrained", at_undrained, C_LINGER, 120,
		{
			[EXPIRES] = { "403 cut closed", "" },
			[LEAVES] = { "403 cut closed", "" },
			[GIVES_SLOT] = { "403 cut closed",
				"? blocked.example 0 blocked* 0/0 bytes *" },
			[GIVES_BUFFERS] = { "403 cut closed",
				"? blocked.example 0 blocked* 0/0 bytes *" },
		} },
	{ "linger", at_linger, C_LINGER, 2,
		{
			[EXPIRES] = { "403 fin", "" },
			[LEAVES] = { "403 fin", "" },
			[GIVES_SLOT] = { "403 fin", "" },
			[GIVES_BUFFERS] = { "403 fin", "" },
		} },
};

static void
origin_fails(const struct conn *c)
{
	if (c->state == C_RESOLVE)
		fake.name_fails = true;
	else if (c->state == C_CONNECT)
		fake.dial_fails = true;
	else if (c->state == C_VERIFY)
		fake.chain_bad = true;
	else if (fake.origin != NULL)
		fake.origin->fin = true;
	fake.check_waits = false;
	p.fair.again = true; /* the resolver has run */
}

/* As fair.c marks it, for a newcomer of another client.  Just then its socket would take something: not ours. */
static void
gives(struct conn *c, enum fair_thing thing)
{
	client->takes = SIZE_MAX;
	c->share.gives = thing;
	p.fair.giving[thing]++;
	p.fair.again = true;
}

/* A client that goes on as one does: shakes hands, asks, and leaves when it is told that this is the end. */
static void
goes_on(struct end *e)
{
	bool shook = false;

	for (int i = 0; i < 100 && conn_of(e) != NULL; i++) {
		const struct conn *c = conn_of(e);

		if (c->state == C_CLIENT && !shook && !e->fin) {
			say_record(e, REC_SHAKE, "F", 1);
			say_data(e, "GET / HTTP/1.1\r\nHost: look.example\r\n\r\n");
			shook = true;
		}
		if (e->shut)
			e->fin = true;
		wait_ms(5000);
	}
}

static void
happens(const struct place *at, enum event event)
{
	struct conn *c = conn_of(client);

	switch (event) {
	case EXPIRES:
		wait_ms((int64_t)at->secs * 1000 - 1);
		CHECK(conn_of(client) == c && c->state == at->state);
		wait_ms(1);
		CHECK(conn_of(client) == NULL || c->state != at->state);
		break;
	case LEAVES: client->fin = true; break;
	case FAILS: origin_fails(c); break;
	case GIVES_SLOT: gives(c, FAIR_SLOT); break;
	case GIVES_BUFFERS: gives(c, FAIR_BUFFERS); break;
	default: gives(c, FAIR_CHAIN); break;
	}
	(void)settle();
	goes_on(client);
}

static unsigned
lines(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* "*" stands for anything. */
static bool
matches(const char *pattern, const char *text)
{
	if (*pattern == '*')
		return matches(pattern + 1, text) || (*text != '\0' && matches(pattern, text + 1));
	return *pattern == *text && (*pattern == '\0' || matches(pattern + 1, text + 1));
}

/* Of one line, or of none. */
static void
check_log(const char *want)
{
	char pattern[512];

	snprintf(pattern, sizeof pattern, "192.168.1.1 %s\n", want);
	if (*want == '\0' || lines(log_info) != 1 || !matches(pattern, log_info))
		CHECK_STR(log_info, want);
	else
		CHECK(true);
}

static void
test_place(const struct place *at, enum event event)
{
	static const char *const words[EVENTS] = { "its time passes", "the client leaves",
		"the origin fails", "gives a slot", "gives buffers", "gives a chain" };
	const struct outcome *want = &at->outcomes[event];
	unsigned before = check_failed;
	char name[128];

	if (want->client == NULL)
		return;
	snprintf(name, sizeof name, "%s: %s", at->name, words[event]);
	begin(name, SLOTS, BUFFERS, CHAINS);
	at->go();
	CHECK(conn_of(client) != NULL);
	if (conn_of(client) == NULL)
		return;
	CHECK_STR(conn_state_name(conn_of(client)->state), conn_state_name(at->state));
	log_info[0] = '\0';
	happens(at, event);
	CHECK_STR(heard_by(client), want->client);
	check_log(want->log);
	/* Who is ended for another is told of at warn, unless nothing was lost. */
	CHECK_INT(lines(log_warn), event >= GIVES_SLOT && *want->log != '\0');
	if (check_failed > before)
		fprintf(stderr, "  in: %s: %s\n", name, trace);
	end();
}

static void
test_places(void)
{
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		for (enum event event = 0; event < EVENTS; event++)
			test_place(&places[i], event);
}

/* Dropped in any state, alone and all together. */
static void
test_dropped(void)
{
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		begin(places[i].name, SLOTS, BUFFERS, CHAINS);
		places[i].go();
		machine_drop_all(&p);
		end();
	}
	begin("all dropped", SLOTS, BUFFERS, CHAINS);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		fake.name_waits = fake.dial_waits = fake.check_waits = false;
		fake.answers = NULL;
		places[i].go();
	}
	CHECK_INT(fair_count(&p.fair), sizeof places / sizeof places[0]);
	machine_drop_all(&p);
	end();
}

/* --- answers of our own ------------------------------------------------------------------------------------- */

static bool
is_big(const char *body)
{
	for (size_t i = 0; i < BIG; i++)
		if (body[i] != (char)('a' + i % 23))
			return false;
	return true;
}

/* Longer than any buffer, to a client that reads it in sips; the connection serves another request afterwards. */
static void
test_big_answer(void)
{
	begin("a big answer", SLOTS, BUFFERS, CHAINS);
	at_answer();
	for (int sips = 0; sips < 200 && conn_of(client)->state == C_ANSWER; sips++) {
		client->takes = 997;
		wait_ms(9000); /* the time is that of a byte */
		if (conn_of(client) == NULL)
			break;
	}
	client->takes = SIZE_MAX;
	(void)settle();
	CHECK_STR(heard_by(client), "200 open");
	CHECK(is_big(strstr((const char *)client->got, "\r\n\r\n") + 4));
	CHECK(strstr((const char *)client->got, "\r\nX-Test: yes\r\n") != NULL);
	say_get(client, "http://plain.example/");
	(void)settle();
	CHECK(fake.origin != NULL);
	if (fake.origin != NULL)
		say(fake.origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	(void)settle();
	CHECK_STR(heard_by(client), "200 200 open");
	/* The head alone; after a body that nobody read, the end. */
	say(client, "HEAD http://blocked.example/ HTTP/1.1\r\nHost: blocked.example\r\n\r\n");
	(void)settle();
	CHECK_STR(heard_by(client), "200 200 200 cut open");
	client->got_len = 0;
	say(client, "POST http://blocked.example/ HTTP/1.1\r\nHost: blocked.example\r\n"
		    "Content-Length: 4\r\n\r\nbody");
	(void)settle();
	CHECK_STR(heard_by(client), "200 fin");
	goes_on(client);
	CHECK_STR(heard_by(client), "200 fin");
	end();
}

static void
test_big_answer_in_tls(void)
{
	begin("a big answer in TLS", SLOTS, BUFFERS, CHAINS);
	fake.answers = &big_answer;
	at_joined();
	say_data(client, "GET /page HTTP/1.1\r\nHost: look.example\r\n\r\n");
	(void)settle();
	CHECK_STR(heard_by(client), "200 shake tls:200 open");
	say_data(client, "GET /a HTTP/1.1\r\nHost: look.example\r\n\r\n");
	(void)settle();
	say_data(fake.origin, "HTTP/1.1 204 No Content\r\n\r\n");
	(void)settle();
	CHECK_STR(heard_by(client), "200 shake tls:200 tls:204 open");
	CHECK_STR(conn_state_name(conn_of(client)->state), "exchange");
	machine_drop_all(&p);
	end();
}

/* --- when something is short ----------------------------------------------------------------------------------- */

static void
test_turned_away(void)
{
	struct end *first, *second;

	begin("turned away", 2, 4, 2);
	at_half_request();
	first = client;
	at_half_request();
	second = client;
	at_request();
	say_get(client, "http://plain.example/");
	goes_on(client);
	CHECK_STR(heard_by(client), "503 fin");
	check_log("GET http://plain.example/ 503 plain*in request: All connections*");
	log_info[0] = '\0';
	first->takes = second->takes = SIZE_MAX;
	machine_drop_all(&p);
	at_half_request();
	at_half_request();
	at_request();
	say_connect(client, "look.example");
	goes_on(client);
	CHECK_STR(heard_by(client), "503 fin");
	machine_drop_all(&p);
	at_half_request();
	at_half_request();
	at_redirected();
	say_hello(client, "look.example", SIZE_MAX);
	goes_on(client);
	CHECK_STR(heard_by(client), "alert 80 fin");
	machine_drop_all(&p);
	end();
}

/* Another client gets the greedy one's place; of those that wait to be told that there is none, the oldest goes. */
static void
test_slots(void)
{
	struct end *first, *third;

	begin("slots", 2, 4, 2);
	at_half_request();
	first = client;
	wait_ms(10);
	at_half_request();
	wait_ms(10);
	at_request();
	third = client;
	for (int i = 0; i < MACHINE_RESERVE; i++) {
		wait_ms(10);
		at_request();
	}
	CHECK_STR(heard_by(third), "closed");
	CHECK_INT(fair_count(&p.fair), 2 + MACHINE_RESERVE);
	(void)come(2, false);
	CHECK(fair_is_welcome(&conn_of(client)->share));
	(void)settle();
	CHECK_STR(heard_by(first), "503 fin");
	CHECK_STR(heard_by(client), "open");
	machine_drop_all(&p);
	end();
}

static void
test_not_allowed(void)
{
	struct arrival a = { .peer = { .family = 4, .ip = { 8, 8, 8, 8 }, .port = 1 } };

	begin("not allowed", SLOTS, BUFFERS, CHAINS);
	machine_open(&p, end_new(), &a);
	CHECK(ends[0].closed);
	CHECK_INT(fair_count(&p.fair), 0);
	CHECK_INT(p.refused, 1);
	end();
}

/* Without buffers until the time is up: an alert to who waits for TLS, a 503 to who does not. */
static void
test_starved(void)
{
	begin("starved", SLOTS, 1, CHAINS);
	at_half_next();
	at_request();
	log_info[0] = '\0';
	say_get(client, "http://plain.example/");
	goes_on(client);
	CHECK_STR(heard_by(client), "503 fin");
	check_log("?  503 plain*bytes 0 ms failed in request: *too much to do*");
	machine_drop_all(&p);
	at_half_next();
	at_redirected();
	log_info[0] = '\0';
	say_hello(client, "look.example", SIZE_MAX);
	goes_on(client);
	CHECK_STR(heard_by(client), "alert 80 fin");
	check_log("TLS 93.184.1.5:443 0 refused*10000 ms failed in hello: *too much to do*");
	machine_drop_all(&p);
	end();
}

/* Of one client's two handshakes the one that stands still gives its chain to the other, and gets its page. */
static void
test_chains(void)
{
	struct end *first, *second;

	begin("chains", SLOTS, BUFFERS, 1);
	at_origin();
	first = client;
	wait_ms(4000);
	at_origin();
	second = client;
	say_record(fake.origin, 0, "", 0);
	CHECK_STR(conn_state_name(conn_of(second)->state), "origin");
	wait_ms(1500);
	goes_on(first);
	CHECK_STR(heard_by(first), "200 shake tls:503 notify fin");
	machine_drop_all(&p);
	end();
}

/* --- new rules ---------------------------------------------------------------------------------------------------- */

static void
write_lists(const char *ads, const char *quiet)
{
	write_file("ads", ads);
	write_file("quiet", quiet);
}

static void
test_judge_again(void)
{
	struct end *tunnel, *half, *switched, *joined, *asking;

	begin("judged again", SLOTS, BUFFERS, CHAINS);
	at_tunnel();
	tunnel = client;
	at_half_heard();
	half = client;
	at_switched();
	switched = client;
	at_joined();
	joined = client;
	at_resolve_tunnel();
	asking = client;
	log_info[0] = '\0';
	machine_judge_again(&p);
	(void)settle();
	CHECK_INT(fair_count(&p.fair), 5); /* nothing has changed */
	CHECK_INT(lines(log_info), 0);
	write_lists("quiet.example\nplain.example\nlook.example\n", "\n");
	load("");
	log_info[0] = '\0'; /* the lists' own lines */
	machine_judge_again(&p);
	check_states();
	(void)settle();
	CHECK_STR(heard_by(tunnel), "200 raw closed");
	CHECK_STR(heard_by(half), "200 closed");
	CHECK_STR(heard_by(switched), "101 raw closed");
	CHECK_STR(heard_by(asking), "403 fin");
	CHECK_STR(heard_by(joined), "200 shake open"); /* judged at its next request */
	CHECK_INT(lines(log_info), 4);
	CHECK(strstr(log_info, " 403 blocked (list 'ads'") != NULL);
	say_data(joined, "GET /a HTTP/1.1\r\nHost: look.example\r\n\r\n");
	goes_on(joined);
	CHECK_STR(heard_by(joined), "200 shake tls:403 notify fin");
	at_request();
	load("\tlist client '10.0.0.0/8'\n");
	machine_judge_again(&p);
	CHECK_STR(heard_by(client), "closed");
	write_lists("blocked.example\nlook.example/page*\n", "quiet.example\n");
	load("");
	end();
}

static void
test_stopping(void)
{
	struct end *idle, *asked;

	begin("stopping", SLOTS, BUFFERS, CHAINS);
	at_kept();
	idle = client;
	at_asked();
	asked = client;
	p.stopping = true;
	(void)settle();
	CHECK_STR(heard_by(idle), "200 closed");
	CHECK_STR(heard_by(asked), "200 shake open");
	say_data(fake.origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	goes_on(asked);
	CHECK_STR(heard_by(asked), "200 shake tls:200 notify fin");
	end();
}

/* --- the turns that the way may take ------------------------------------------------------------------------------- */

static void
check_way(const char *way, const char *heard)
{
	unsigned before = check_failed;

	CHECK_STR(trace, way);
	CHECK_STR(heard_by(client), heard);
	if (check_failed > before)
		fprintf(stderr, "  in: %s\n", now_testing);
	machine_drop_all(&p);
	end();
}

static void
begin_with(const char *name, const char *options)
{
	load(options);
	begin(name, SLOTS, BUFFERS, CHAINS);
}

#define TO_VERIFY ">request>hello>resolve>connect>origin>verify"

static void
test_chain_refused(void)
{
	begin_with("allowed", "\toption invalid_upstream 'allow'\n");
	fake.chain_bad = true;
	at_joined();
	CHECK_INT(fake.saved, 0); /* no session of such an origin */
	check_way(TO_VERIFY ">mint>client>exchange", "200 shake open");
	begin_with("untrusted", "\toption invalid_upstream 'untrusted'\n");
	fake.chain_bad = true;
	at_joined();
	CHECK_INT(conn_of(client)->origin.signer, SIGNER_UNTRUSTED);
	CHECK_INT(fake.saved, 0);
	check_way(TO_VERIFY ">mint>client>exchange", "200 shake open");
	begin_with("tunnelled", "\toption invalid_upstream 'tunnel'\n");
	fake.chain_bad = true;
	at_client();
	CHECK(memmem(fake.origin->got, fake.origin->got_len, "look.example", 12) != NULL);
	check_way(TO_VERIFY ">connect>tunnel", "200 open");
	load("");
}

static void
test_origin_alerts(void)
{
	begin_with("uninspectable", "");
	at_whole_hello();
	say_record(fake.origin, REC_ALERT, "\2\50", 2); /* handshake_failure */
	(void)settle();
	CHECK(learned_has(&p.learned, "look.example", 443, p.now));
	check_way(">request>hello>resolve>connect>origin>connect>tunnel", "200 open");
	begin_with("uninspectable, blocked", "\toption uninspectable 'block'\n");
	at_whole_hello();
	say_record(fake.origin, REC_ALERT, "\2\50", 2);
	goes_on(client);
	check_way(">request>hello>resolve>connect>origin>mint>client>exchange>answer>linger>free",
		"200 shake tls:502 notify fin");
	begin_with("it wants a certificate", "");
	at_asked();
	say_record(fake.origin, REC_ALERT, "\2\164", 2); /* certificate_required */
	goes_on(client);
	CHECK(learned_has(&p.learned, "look.example", 443, p.now));
	check_way(TO_VERIFY ">mint>client>exchange>answer>linger>free",
		"200 shake tls:502 notify fin");
	begin_with("it wants a certificate before it was asked for anything", "");
	at_joined();
	say_record(fake.origin, REC_ALERT, "\2\164", 2);
	fake.origin->fin = true;
	(void)settle();
	CHECK_STR(heard_by(client), "200 shake open");
	say_data(client, "GET /a HTTP/1.1\r\nHost: look.example\r\n\r\n");
	goes_on(client);
	check_way(TO_VERIFY ">mint>client>exchange>answer>linger>free",
		"200 shake tls:502 notify fin");
	begin_with("the client refuses our certificate", "");
	at_joined();
	say_record(client, REC_ALERT, "\2\60", 2); /* unknown_ca */
	goes_on(client);
	check_log(
		"CONNECT look.example:443 200 *in exchange: The client left after the handshake*");
	check_way(TO_VERIFY ">mint>client>exchange>free", "200 shake closed");
}

static void
test_sessions(void)
{
	begin_with("resumed", "");
	fake.has_session = fake.resumes = true;
	at_joined();
	CHECK_INT(p.with_origins.resumed, 1);
	CHECK_INT(fake.leaves + fake.dropped, 0);
	check_way(">request>hello>resolve>connect>origin>mint>client>exchange", "200 shake open");
	p.with_origins.resumed = 0;
	begin_with("offered, not taken", "");
	fake.has_session = true;
	at_joined();
	CHECK_INT(fake.leaves, 1);
	check_way(TO_VERIFY ">mint>client>exchange", "200 shake open");
	begin_with("offered, and failed", "");
	fake.has_session = true;
	at_whole_hello();
	say_record(fake.origin, REC_ALERT, "\2\50", 2);
	(void)settle();
	CHECK_INT(fake.dropped, 1);
	check_way(">request>hello>resolve>connect>origin>connect>origin", "200 open");
}

static void
test_odd_starts(void)
{
	begin_with("silence", "");
	at_request();
	say_connect(client, "other.example");
	wait_ms(10000);
	say(fake.origin, "220 I speak first");
	(void)settle();
	check_way(">request>hello>resolve>connect>tunnel", "200 raw open");
	begin_with("no seed", "");
	fake.seed_fails = true;
	at_whole_hello();
	check_log("CONNECT look.example:443 200 inspected*in origin: This proxy has no random*");
	check_way(">request>hello>resolve>connect>origin>mint>free", "200 closed");
	begin_with("no clock", "");
	p.clock_is_trusted = false;
	at_hello();
	goes_on(client);
	check_way(">request>answer>linger>free", "503 fin");
	begin_with("a loop", "");
	at_request();
	say_connect(client, "192.0.2.1");
	say_hello(client, "look.example", SIZE_MAX);
	goes_on(client);
	check_way(">request>hello>mint>client>exchange>answer>linger>free",
		"200 shake tls:403 notify fin");
	begin_with("another name", "");
	at_unheard();
	say_hello(client, "other.example", SIZE_MAX);
	goes_on(client);
	check_way(">request>resolve>connect>tunnel>linger>free", "200 alert 112 fin");
	begin_with("a broken hello", "");
	at_unheard();
	say_record(client, REC_ALERT, "\2\50", 2);
	goes_on(client);
	CHECK(strstr(log_info, "name in the TLS handshake") == NULL);
	check_way(">request>resolve>connect>tunnel>linger>free", "200 alert 50 fin");
}

/* --- what is refused ------------------------------------------------------------------------------------------ */

static void
at_redirected_plain(void)
{
	fake.original = (struct net_addr){ .family = 4, .ip = { 93, 184, 1, 5 }, .port = 80 };
	(void)come(1, true);
	(void)settle();
}

static void
at_redirected_mail(void)
{
	fake.original = (struct net_addr){ .family = 4, .ip = { 93, 184, 1, 5 }, .port = 25 };
	(void)come(1, true);
	(void)settle();
}

static void
at_hello_other(void)
{
	at_request();
	say_connect(client, "other.example");
	(void)settle();
}

static void
at_plain_connect(void)
{
	at_request();
	say(client, "CONNECT plain.example:80 HTTP/1.1\r\nHost: plain.example:80\r\n\r\n");
	(void)settle();
}

enum speaks { IN_CLEAR, IN_TLS };

static const struct said {
	void (*go)(void);
	enum speaks how;
	const char *text, *heard, *log;
} said[] = {
	{ at_request, IN_CLEAR, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "400 fin",
		"GET * 400 refused*This is a proxy*" },
	{ at_request, IN_CLEAR, "GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
		"400 fin", "GET * 400 refused*An https URL*" },
	{ at_request, IN_CLEAR,
		"OPTIONS http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"
		"Max-Forwards: 0\r\n\r\n",
		"405 fin", "OPTIONS http://a.example/ 405 refused*" },
	{ at_request, IN_CLEAR, "GET http://a.example:81/ HTTP/1.1\r\nHost: a.example:81\r\n\r\n",
		"403 fin", "GET http://a.example:81/ 403 refused*to port 81.*" },
	{ at_request, IN_CLEAR, "GET http://192.168.1.1/ HTTP/1.1\r\nHost: 192.168.1.1\r\n\r\n",
		"403 fin", "GET http://192.168.1.1/ 403 refused*private*" },
	{ at_request, IN_CLEAR, "CONNECT a.example:25 HTTP/1.1\r\nHost: a.example:25\r\n\r\n",
		"403 fin", "CONNECT a.example:25 403 refused*to port 25.*" },
	{ at_request, IN_CLEAR,
		"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n"
		"Content-Length: 3\r\n\r\nabc",
		"400 fin", "? * 400 refused*takes no content*" },
	{ at_request, IN_CLEAR, "\26\3\1", "400 fin", "? * 400 refused*" },
	{ at_kept, IN_CLEAR, "GET x\r\n\r\n", "200 400 fin", "? * 400 refused*" },
	{ at_plain_connect, IN_CLEAR, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n",
		"200 405 fin", "CONNECT * 405 refused*inside a CONNECT*" },
	{ at_plain_connect, IN_CLEAR, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "200 400 fin",
		"GET * 400 *another host*" },
	/* HTTP/1.0 says no host: the CONNECT did. */
	{ at_plain_connect, IN_CLEAR, "GET /a HTTP/1.0\r\n\r\n", "200 502 fin",
		"GET http://plain.example/a 502 plain*without an answer*" },
	{ at_redirected_plain, IN_CLEAR, "GET /a HTTP/1.1\r\nHost: plain.example\r\n\r\n",
		"502 fin", "GET http://plain.example/a 502 plain*without an answer*" },
	{ at_redirected_plain, IN_CLEAR, "GET /a HTTP/1.0\r\n\r\n", "502 fin",
		"GET http://93.184.1.5/a 502 plain*without an answer*" },
	{ at_redirected_mail, IN_CLEAR, "EHLO\r\n", "reset",
		"TLS 93.184.1.5:25 0 refused*to port 25.*" },
	{ at_hello, IN_CLEAR, "SSH-2.0-x\r\n", "200 alert 50 fin",
		"CONNECT look.example:443 200 refused*is no TLS*" },
	{ at_hello, IN_CLEAR, "\26\3\1\1", "200 closed",
		"CONNECT look.example:443 200 refused*did not finish*" },
	{ at_hello, IN_CLEAR, "\25\3\3", "200 alert 50 fin", "CONNECT look.example:443 200 *" },
	{ at_joined, IN_TLS, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
		"200 shake tls:400 notify fin",
		"GET https://look.example/ 400 *is for a.example,*" },
	{ at_joined, IN_TLS, "GET / HTTP/1.1\r\nHost: look.example:81\r\n\r\n",
		"200 shake tls:400 notify fin", "GET * 400 *is for look.example:81,*" },
	{ at_joined, IN_TLS, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
		"200 shake tls:405 notify fin", "CONNECT * 405 *no CONNECT inside TLS.*" },
	{ at_joined, IN_TLS, "OPTIONS / HTTP/1.1\r\nHost: look.example\r\nMax-Forwards: 0\r\n\r\n",
		"200 shake tls:405 notify fin", "OPTIONS * 405 *" },
	{ at_joined, IN_TLS, "GET x\r\n\r\n", "200 shake tls:400 notify fin", "*400 refused*" },
	{ at_joined, IN_TLS, "GET /page HTTP/1.1\r\nHost: look.example\r\n\r\n",
		"200 shake tls:403 notify fin", "GET https://look.example/page 403 blocked*" },
	/* Half a head, and half a record, have 20 seconds. */
	{ at_joined, IN_TLS, "GET / HT", "200 shake notify fin", "*20000 ms*" },
	{ at_joined, IN_CLEAR, "\27\3\3", "200 shake notify fin", "*20000 ms*" },
};

/* The client says one thing; an origin that is reached says nothing and goes. */
static void
test_said(const struct said *s)
{
	unsigned before = check_failed;

	begin(s->text, SLOTS, BUFFERS, CHAINS);
	s->go();
	log_info[0] = '\0';
	if (s->how == IN_TLS)
		say_data(client, s->text);
	else
		say(client, s->text);
	(void)settle();
	if (conn_of(client) != NULL && conn_of(client)->relay.up == UP_DONE)
		fake.origin->fin = true;
	goes_on(client);
	CHECK_STR(heard_by(client), s->heard);
	check_log(s->log);
	if (check_failed > before)
		fprintf(stderr, "  in: %s: %s\n", s->text, trace);
	end();
}

/* What an origin must not say; what it may, and how it may end. */
static void
test_origin_says(void)
{
	begin("not HTTP", SLOTS, BUFFERS, CHAINS);
	at_asked();
	say_data(fake.origin, "220 mail.example ESMTP\r\n\r\n");
	goes_on(client);
	CHECK_STR(heard_by(client), "200 shake tls:502 notify fin");
	check_log("GET https://look.example/a 502 inspected*can't be passed on*");
	end();
	begin("cut: at once", SLOTS, BUFFERS, CHAINS);
	at_answer_cut();
	fake.origin->fin = true;
	(void)settle();
	CHECK_STR(heard_by(client), "200 shake tls:200 cut closed");
	end();
	begin("a name is let go of once its address is reached", SLOTS, BUFFERS, CHAINS);
	at_origin();
	CHECK_INT(fake.queries + fake.dials, 0);
	machine_drop_all(&p);
	end();
	begin("no TLS behind the CONNECT", SLOTS, BUFFERS, CHAINS);
	at_hello_other();
	say(client, "SSH-2.0-x\r\n");
	(void)settle();
	CHECK(memmem(fake.origin->got, fake.origin->got_len, "SSH-2.0-x", 9) != NULL);
	CHECK_STR(conn_state_name(conn_of(client)->state), "tunnel");
	machine_drop_all(&p);
	end();
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 2;
	write_lists("blocked.example\nlook.example/page*\n", "quiet.example\n");
	load("");
	test_places();
	test_dropped();
	test_big_answer();
	test_big_answer_in_tls();
	test_turned_away();
	test_slots();
	test_not_allowed();
	test_starved();
	test_chains();
	test_judge_again();
	test_stopping();
	test_chain_refused();
	test_origin_alerts();
	test_sessions();
	test_odd_starts();
	for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
		test_said(&said[i]);
	test_origin_says();
	policy_free(p.policy);
	for (int i = 0; i < 3; i++) {
		char path[128];

		snprintf(path, sizeof path, "%s/%s", dir,
			(const char *const[]){ "conf", "ads", "quiet" }[i]);
		(void)unlink(path);
	}
	CHECK_INT(rmdir(dir), 0);
	return check_done("machine");
}
