/*
 * fake_ends: the ends of a connection, without sockets: descriptors in memory, a TLS engine without secrets, names that
 * resolve and addresses that answer when the test says so, certificates that are good or bad at a word.
 *
 * The legs and pairs above are the real ones: the linker leads their system calls here (units.mk).  What a peer says
 * waits in its struct end; what it is sent is kept there, with how the descriptor ended.  The fake TLS is records of
 * the usual form, in clear: a handshake of "C", "S", "F" with one public-key operation on either side, alerts, data.
 */
#ifndef FAKE_ENDS_H
#define FAKE_ENDS_H

#include "check.h"
#include "conn/machine.h"
#include "conn/steps.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/socket.h>
#include "lib/base/seed.h"
#include "lib/x509/chain.h"

enum {
	END_FIRST =
		200, /* the first fake descriptor: below FD_SETSIZE, above what a test has open */
	ENDS = 96,
	END_TO = 8192,   /* bytes that a peer may say at once */
	END_GOT = 160000 /* ... and be sent */
};

/* One descriptor's far end. */
struct end {
	unsigned char to[END_TO], got[END_GOT];
	size_t to_len, to_at, got_len;
	size_t takes; /* bytes that the socket still takes */
	bool fin;     /* the peer's FIN */
	bool broken;  /* its reset */
	bool shut;    /* our FIN */
	bool reset;   /* ... or reset: asked for, or since bytes were left unread */
	bool closed, linger_off;
};

static struct end ends[ENDS];
static int end_count;

/* What the test has the world do. */
static struct fake {
	bool name_waits, name_fails;  /* no answer yet; there is none */
	bool dial_waits, dial_fails;  /* likewise of an address */
	bool check_waits, chain_bad;  /* the verdict on a chain */
	bool seed_fails;              /* no random bytes */
	bool has_session, resumes;    /* one with the origin is known; and it takes it */
	const struct answer *answers; /* of our own, in the place of a refusal; NULL: none */
	struct net_addr original;     /* where a redirected client wanted to go */
	struct end *origin;           /* the last one that was reached */
	int queries, dials, chains, pages, leaves, saved, dropped; /* under way, or done */
} fake;

static struct end *
end_of(int fd)
{
	return fd >= END_FIRST && fd < END_FIRST + end_count ? &ends[fd - END_FIRST] : NULL;
}

static int
end_new(void)
{
	struct end *e;

	if (end_count == ENDS)
		exit(2);
	e = &ends[end_count];
	/* What was got is as long as got_len says. */
	e->to_len = e->to_at = e->got_len = 0;
	e->takes = SIZE_MAX;
	e->fin = e->broken = e->shut = e->reset = e->closed = e->linger_off = false;
	return END_FIRST + end_count++;
}

static void
end_says(struct end *e, const void *data, size_t len)
{
	if (e->to_at == e->to_len)
		e->to_at = e->to_len = 0;
	if (e->to_len + len > sizeof e->to)
		exit(2);
	memcpy(e->to + e->to_len, data, len);
	e->to_len += len;
}

static bool
end_has_news(const struct end *e)
{
	return e->to_at < e->to_len || e->fin || e->broken;
}

/* --- system calls ---------------------------------------------------------------------- */

ssize_t __wrap_send(int fd, const void *data, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t len, int flags);
int __wrap_shutdown(int fd, int how);
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_net_original_dst(int fd, struct net_addr *a);
bool __wrap_net_is_own(const struct net_addr *a);
bool __wrap_net_is_on_link(const struct net_addr *a);
enum conn_state __real_conn_refuse(struct conn *c, enum door_answer answer);
enum conn_state __wrap_conn_refuse(struct conn *c, enum door_answer answer);

ssize_t
__wrap_send(int fd, const void *data, size_t len, int flags)
{
	struct end *e = end_of(fd);

	(void)flags;
	CHECK(e != NULL && !e->closed && !e->shut);
	if (e->broken) {
		errno = ECONNRESET;
		return -1;
	}
	if (len > e->takes)
		len = e->takes;
	if (len > sizeof e->got - e->got_len)
		exit(2);
	if (len == 0) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(e->got + e->got_len, data, len);
	e->got_len += len;
	e->takes -= len;
	return (ssize_t)len;
}

ssize_t
__wrap_recv(int fd, void *data, size_t len, int flags)
{
	struct end *e = end_of(fd);

	(void)flags;
	CHECK(e != NULL && !e->closed);
	if (e->broken || (e->to_at == e->to_len && !e->fin)) {
		errno = e->broken ? ECONNRESET : EAGAIN;
		return -1;
	}
	if (len > e->to_len - e->to_at)
		len = e->to_len - e->to_at;
	memcpy(data, e->to + e->to_at, len);
	e->to_at += len;
	return (ssize_t)len;
}

int
__wrap_shutdown(int fd, int how)
{
	struct end *e = end_of(fd);

	CHECK(e != NULL && !e->closed && how == SHUT_WR);
	e->shut = true;
	return 0;
}

int
__wrap_close(int fd)
{
	struct end *e = end_of(fd);

	if (e == NULL)
		return __real_close(fd);
	CHECK(!e->closed);
	e->closed = true;
	/* With bytes unread the kernel resets. */
	e->reset = e->linger_off || e->to_at < e->to_len;
	return 0;
}

int
__wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	const struct linger *l = value;

	CHECK(level == SOL_SOCKET && name == SO_LINGER && len == sizeof *l && l->l_linger == 0);
	end_of(fd)->linger_off = l->l_onoff == 1;
	return 0;
}

int
__wrap_net_original_dst(int fd, struct net_addr *a)
{
	CHECK(end_of(fd) != NULL);
	*a = fake.original;
	return a->family != 0 ? 0 : -1;
}

/* 192.0.2.1 is this machine. */
bool
__wrap_net_is_own(const struct net_addr *a)
{
	return a->family == 4 && memcmp(a->ip, (unsigned char[]){ 192, 0, 2, 1 }, 4) == 0;
}

bool
__wrap_net_is_on_link(const struct net_addr *a)
{
	(void)a;
	return false;
}

bool
listen_has_port(const struct listeners *l, uint16_t port)
{
	(void)l;
	return port == 3128;
}

int
seed_read(void *out, size_t len)
{
	memset(out, 7, len);
	return fake.seed_fails ? -1 : 0;
}

/* --- an answer of our own, where the product has none yet ----------------------------------- */

enum conn_state
__wrap_conn_refuse(struct conn *c, enum door_answer answer)
{
	return fake.answers != NULL && answer == DOOR_BLOCKED ? answer_give(c, fake.answers)
							      : __real_conn_refuse(c, answer);
}

/* --- names and addresses -------------------------------------------------------------------- */

void
resolve_init(struct resolve_query *q)
{
	*q = (struct resolve_query){ .count = 0 };
}

void
resolve_start(
	struct resolver *r, struct resolve_query *q, const char *host, uint16_t port, int64_t now)
{
	(void)host;
	(void)now;
	CHECK(q->job == NULL);
	resolve_init(q);
	fake.queries++;
	q->job = (struct resolve_job *)r; /* under way */
	q->done = !fake.name_waits;
	q->count = 1;
	q->addrs[0] = (struct net_addr){ .family = 4, .ip = { 93, 184, 1, 5 }, .port = port };
}

int
resolve_step(const struct resolve_query *q)
{
	if (fake.name_fails)
		return -1;
	return q->done ? 1 : 0;
}

void
resolve_reset(struct resolve_query *q)
{
	fake.queries -= q->job != NULL;
	resolve_init(q);
}

const char *
resolve_error_text(enum resolve_error e)
{
	(void)e;
	return "no such name";
}

void
dial_init(struct dial *d)
{
	*d = (struct dial){ .fd = -1 };
}

/* A dial that is under way has a count. */
void
dial_start(struct dial *d, const struct net_addr *addrs, size_t count, int64_t now)
{
	CHECK(d->count == 0);
	dial_init(d);
	d->addrs[0] = addrs[0];
	d->count = (uint8_t)count;
	d->next_ms = fake.dial_waits ? INT64_MAX : now;
	fake.dials++;
}

void
dial_want(const struct dial *d, struct wait *w)
{
	wait_until(w, d->next_ms);
}

int
dial_step(struct dial *d, const struct wait *w, int64_t now)
{
	(void)w;
	if (fake.dial_fails) {
		d->error = ECONNREFUSED;
		return -1;
	}
	if (d->next_ms > now)
		return 0;
	d->peer = d->addrs[0];
	d->fd = end_new();
	fake.origin = end_of(d->fd);
	return 1;
}

int
dial_take(struct dial *d)
{
	int fd = d->fd;

	d->fd = -1;
	fake.dials -= d->count > 0;
	d->count = 0;
	return fd;
}

void
dial_reset(struct dial *d)
{
	fake.dials -= d->count > 0;
	dial_init(d);
}

/* --- certificates ---------------------------------------------------------------------------- */

static struct chain fake_chain;
static const unsigned char fake_leaf[] = { 'l', 'e', 'a', 'f' };

struct chain *
cert_chain_get(struct cert *ct)
{
	(void)ct;
	fake.chains++;
	return &fake_chain;
}

void
cert_chain_put(struct cert *ct, struct chain *chain)
{
	(void)ct;
	CHECK(chain == &fake_chain);
	fake.chains--;
}

void
cert_check_start(struct cert *ct, struct chain *chain, const char *host, int64_t now)
{
	(void)ct;
	(void)now;
	CHECK(chain == &fake_chain && *host != '\0');
}

uint32_t
cert_generation(const struct cert *ct)
{
	(void)ct;
	return 1;
}

static size_t
make_fake_leaf(unsigned char *out)
{
	memcpy(out, fake_leaf, sizeof fake_leaf);
	return sizeof fake_leaf;
}

size_t
cert_leaf(struct cert *ct, const unsigned char *origin, size_t origin_len, enum cert_signer signer,
	int64_t now, unsigned char *out, size_t cap, char err[CERT_ERROR])
{
	(void)ct;
	(void)signer;
	(void)now;
	(void)cap;
	(void)err;
	CHECK(origin == fake_leaf && origin_len == sizeof fake_leaf && fake.chains > 0);
	fake.leaves++;
	return make_fake_leaf(out);
}

size_t
cert_leaf_again(struct cert *ct, const unsigned char origin_hash[ORIGINS_HASH], int64_t now,
	unsigned char *out, size_t cap)
{
	(void)ct;
	(void)origin_hash;
	(void)now;
	(void)cap;
	return make_fake_leaf(out);
}

size_t
cert_page_leaf(struct cert *ct, const char *host, int64_t now, unsigned char *out, size_t cap,
	char err[CERT_ERROR])
{
	(void)ct;
	(void)now;
	(void)cap;
	(void)err;
	CHECK(*host != '\0');
	fake.pages++;
	return make_fake_leaf(out);
}

const unsigned char *
cert_leaf_key(const struct cert *ct)
{
	(void)ct;
	return fake_leaf;
}

struct tickets *
cert_sessions(struct cert *ct)
{
	return (struct tickets *)ct;
}

struct origins *
cert_origins(struct cert *ct)
{
	return (struct origins *)ct;
}

const unsigned char *
chain_leaf(const struct chain *c, size_t *len)
{
	(void)c;
	*len = sizeof fake_leaf;
	return fake_leaf;
}

int
chain_check_step(struct chain *c)
{
	(void)c;
	return !fake.check_waits;
}

enum chain_error
chain_check_error(const struct chain *c)
{
	(void)c;
	return fake.chain_bad ? CHAIN_EXPIRED : CHAIN_OK;
}

const char *
chain_check_text(const struct chain *c, char out[CHAIN_TEXT])
{
	(void)c;
	snprintf(out, CHAIN_TEXT, "The certificate expired.");
	return out;
}

int64_t
chain_check_until(const struct chain *c)
{
	(void)c;
	return INT64_MAX;
}

const char *
chain_error_code(enum chain_error e)
{
	return e == CHAIN_EXPIRED ? "expired" : "?";
}

const char *
chain_error_proxy_status(enum chain_error e)
{
	(void)e;
	return "tls_certificate_error";
}

/* --- sessions with origins --------------------------------------------------------------------- */

const struct origin_session *
origins_find(struct origins *o, const unsigned char key[ORIGINS_HASH], int64_t now)
{
	static const struct origin_session session = { .verdict = { .until = INT64_MAX },
		.len = 1 };

	(void)o;
	(void)key;
	(void)now;
	return fake.has_session ? &session : NULL;
}

void
origins_spend(struct origins *o, const struct origin_session *s)
{
	(void)o;
	CHECK(s != NULL);
}

void
origins_save(struct origins *o, const unsigned char key[ORIGINS_HASH], const unsigned char *session,
	size_t len, const struct origin_verdict *verdict, int64_t now, int64_t now_ms)
{
	(void)o;
	(void)key;
	(void)session;
	(void)now;
	(void)now_ms;
	CHECK(len > 0 && verdict->until != 0);
	fake.saved++;
}

void
origins_drop(struct origins *o, const unsigned char key[ORIGINS_HASH])
{
	(void)o;
	(void)key;
	fake.dropped++;
	fake.has_session = false;
}

/* --- the engine ------------------------------------------------------------------------------- */

enum { REC_ALERT = 21, REC_SHAKE = 22, REC_DATA = 23, REC_HEAD = 5 };

static void
engine_note_high(struct engine *e)
{
	if (e->out_end + e->fill > e->out_high)
		e->out_high = (uint16_t)(e->out_end + e->fill + REC_HEAD);
	if (e->record_have > e->in_high)
		e->in_high = e->record_have;
}

/* The head of the record whose `len` bytes of content are there already, behind room for it. */
static void
engine_end_record(struct engine *e, uint8_t type, size_t len)
{
	unsigned char *head = e->out + e->out_end;

	head[0] = type;
	head[1] = head[2] = 3;
	head[3] = (unsigned char)(len >> 8);
	head[4] = (unsigned char)len;
	e->out_end += (uint16_t)(REC_HEAD + len);
	engine_note_high(e);
}

static void
engine_say(struct engine *e, uint8_t type, const char *data, size_t len)
{
	memcpy(e->out + e->out_end + REC_HEAD, data, len);
	engine_end_record(e, type, len);
}

static void
engine_start(struct engine *e, unsigned char *in, unsigned char *out)
{
	CHECK(in != NULL && out != NULL);
	*e = (struct engine){
		.in = in, .out = out, .in_high = e->in_high, .out_high = e->out_high
	};
}

void
engine_start_client(struct engine *e, const struct engine_client *how,
	const unsigned char seed[ENGINE_SEED], unsigned char *in, unsigned char *out)
{
	CHECK(seed[0] == 7);
	engine_start(e, in, out);
	e->save = how->save;
	e->save_arg = how->save_arg;
	e->is_resumed = how->session != NULL && fake.resumes;
	engine_say(e, REC_SHAKE, "C", 1);
}

void
engine_start_server(struct engine *e, const struct engine_server *how,
	const unsigned char seed[ENGINE_SEED], unsigned char *in, unsigned char *out)
{
	CHECK(seed[0] == 7 && how->leaf_len == sizeof fake_leaf);
	CHECK(memcmp(how->leaf, fake_leaf, sizeof fake_leaf) == 0);
	engine_start(e, in, out);
	e->is_server = true;
}

void
engine_collect(struct engine *e, struct chain *chain)
{
	CHECK(e->in != NULL && chain == &fake_chain);
}

enum engine_work
engine_waits(const struct engine *e)
{
	return e->waits;
}

void
engine_work(struct engine *e)
{
	CHECK(e->waits != ENGINE_IDLE);
	e->waits = ENGINE_IDLE;
	engine_say(e, REC_SHAKE, e->is_server ? "S" : "F", 1);
	if (e->is_server)
		return;
	e->is_open = true;
	e->save(e->save_arg, fake_leaf, sizeof fake_leaf);
}

static void
engine_take_record(struct engine *e)
{
	size_t len = (size_t)e->in[3] << 8 | e->in[4];

	e->record_have = 0;
	switch (e->in[0]) {
	case REC_ALERT:
		if (e->in[REC_HEAD + 1] == 0)
			e->is_ended = true;
		else
			e->error = (uint16_t)(ENGINE_ALERT + e->in[REC_HEAD + 1]);
		return;
	case REC_SHAKE:
		if (e->is_server && e->state++ > 0)
			e->is_open = true;
		else
			e->waits = e->is_server ? ENGINE_SIGN : ENGINE_VERIFY;
		return;
	case REC_DATA:
		if (e->is_closing)
			return;
		e->data_start = REC_HEAD;
		e->data_end = (uint16_t)(REC_HEAD + len);
		return;
	default: e->error = ENGINE_NOT_TLS;
	}
}

unsigned char *
engine_recv_buf(struct engine *e, size_t *len)
{
	*len = 0;
	if (e->error != 0 || e->is_ended || e->waits || e->data_start < e->data_end)
		return NULL;
	CHECK(e->in != NULL);
	*len = REC_HEAD;
	if (e->record_have >= REC_HEAD)
		*len += (size_t)e->in[3] << 8 | e->in[4];
	CHECK(*len <= ENGINE_IN);
	*len -= e->record_have;
	return e->in + e->record_have;
}

void
engine_recv_ack(struct engine *e, size_t len)
{
	e->record_have += (uint16_t)len;
	engine_note_high(e);
	if (e->record_have >= REC_HEAD &&
		e->record_have == REC_HEAD + ((size_t)e->in[3] << 8 | e->in[4]))
		engine_take_record(e);
}

unsigned char *
engine_send_buf(struct engine *e, size_t *len)
{
	*len = (size_t)(e->out_end - e->out_start);
	return *len > 0 ? e->out + e->out_start : NULL;
}

void
engine_send_ack(struct engine *e, size_t len)
{
	e->out_start += (uint16_t)len;
	if (e->out_start == e->out_end && e->fill == 0)
		e->out_start = e->out_end = 0;
}

unsigned char *
engine_peek(struct engine *e, size_t *len)
{
	*len = (size_t)(e->data_end - e->data_start);
	return *len > 0 ? e->in + e->data_start : NULL;
}

void
engine_take(struct engine *e, size_t len)
{
	e->data_start += (uint16_t)len;
}

/* One record at a time. */
unsigned char *
engine_room(struct engine *e, size_t *len)
{
	*len = 0;
	if (!e->is_open || e->error != 0 || e->is_closing || e->out_end > 0)
		return NULL;
	CHECK(e->out != NULL);
	*len = (size_t)(ENGINE_DATA - e->fill);
	return *len > 0 ? e->out + REC_HEAD + e->fill : NULL;
}

void
engine_put(struct engine *e, size_t len)
{
	e->fill += (uint16_t)len;
	engine_note_high(e);
	if (e->fill == ENGINE_DATA)
		engine_flush(e);
}

void
engine_flush(struct engine *e)
{
	if (e->fill > 0)
		engine_end_record(e, REC_DATA, e->fill);
	e->fill = 0;
}

void
engine_close(struct engine *e)
{
	if (e->is_closing || !e->is_open)
		return;
	engine_flush(e);
	e->is_closing = true;
	engine_say(e, REC_ALERT, "\1\0", 2);
}

bool
engine_is_open(const struct engine *e)
{
	return e->is_open;
}

bool
engine_is_ended(const struct engine *e)
{
	return e->is_ended;
}

bool
engine_is_closed(const struct engine *e)
{
	return e->error != 0 || (e->is_ended && e->is_closing && e->out_end == 0);
}

bool
engine_is_resumed(const struct engine *e)
{
	return e->is_resumed;
}

unsigned
engine_version(const struct engine *e)
{
	(void)e;
	return ENGINE_TLS13;
}

const char *
engine_version_text(const struct engine *e)
{
	(void)e;
	return "TLS 1.3";
}

const char *
engine_suite_text(const struct engine *e)
{
	(void)e;
	return "none";
}

const char *
engine_group_text(const struct engine *e)
{
	(void)e;
	return "none";
}

int
engine_error(const struct engine *e)
{
	return e->error;
}

const char *
engine_error_text(int error)
{
	return error >= ENGINE_ALERT ? "it sent an alert" : "it broke the rules";
}

/* As in the engine: handshake_failure, certificate_required. */
bool
engine_error_is_uninspectable(int error)
{
	return error == ENGINE_ALERT + 40 || error == ENGINE_ALERT + 116;
}

bool
engine_may_park(const struct engine *e)
{
	return e->is_open && e->error == 0 && !e->is_closing && !e->is_ended && !e->waits &&
	       e->record_have == 0 && e->data_start == e->data_end && e->out_end == 0 &&
	       e->fill == 0;
}

void
engine_unpark(struct engine *e, unsigned char *in, unsigned char *out)
{
	e->in = in;
	e->out = out;
}

void
engine_strip(struct engine *e)
{
	e->in = e->out = NULL;
	e->out_start = e->out_end = e->data_start = e->data_end = e->fill = e->record_have = 0;
}

void
engine_reset(struct engine *e)
{
	*e = (struct engine){ .in_high = e->in_high, .out_high = e->out_high };
}

#endif
