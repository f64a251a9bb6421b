/*
 * leg: a socket in clear or under TLS.  See leg.h.
 *
 * Sends are tried at once and wait for select only after the socket took less than offered; receives are
 * tried only after select said so, and again until one comes back short.  A failure to send says nothing of
 * what has come: an origin that refuses an upload answers, closes, and resets what is still being sent.
 */
#include "lib/tls/leg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
leg_init(struct leg *l)
{
	*l = (struct leg){ .fd = -1 };
}

void
leg_open(struct leg *l, int fd, struct leg_buf *in, struct leg_buf *out)
{
	*l = (struct leg){ .fd = fd, .in = in, .out = out };
}

void
leg_secure(struct leg *l, struct engine *tls)
{
	l->tls = tls;
	l->in = l->out = NULL;
}

static void
leg_buf_add(struct leg_buf *b, size_t len)
{
	b->end += len;
	if (b->end > b->high)
		b->high = b->end;
}

static bool
leg_has_output(const struct leg *l)
{
	size_t len;

	if (l->tls != NULL)
		return engine_send_buf(l->tls, &len) != NULL;
	return l->out != NULL && l->out->start < l->out->end;
}

bool
leg_want(const struct leg *l, struct wait *w, bool reading)
{
	if (l->fd < 0)
		return true;
	if (l->blocked && leg_has_output(l) && !wait_write(w, l->fd))
		return false;
	if (reading && !l->readable && !l->eof)
		return wait_read(w, l->fd);
	return true;
}

void
leg_ready(struct leg *l, const struct wait *w)
{
	if (l->fd < 0)
		return;
	if (wait_can_read(w, l->fd))
		l->readable = true;
	if (wait_can_write(w, l->fd))
		l->blocked = false;
}

static void
leg_fail(struct leg *l, int error)
{
	if (l->error == 0)
		l->error = error;
}

/* Sends len bytes as far as the socket takes them; returns how many it took. */
static size_t
leg_send(struct leg *l, const unsigned char *data, size_t len)
{
	ssize_t n = send(l->fd, data, len, MSG_NOSIGNAL);

	if (n < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
			l->blocked = true;
		else
			leg_fail(l, errno);
		return 0;
	}
	if ((size_t)n < len)
		l->blocked = true;
	l->sent += (size_t)n;
	return (size_t)n;
}

static size_t
leg_recv(struct leg *l, unsigned char *data, size_t len)
{
	ssize_t n = recv(l->fd, data, len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		l->readable = false;
		return 0;
	}
	if (n < 0)
		leg_fail(l, errno);
	if (n <= 0) {
		l->eof = true;
		l->readable = false; /* there is no news in it any more */
		return 0;
	}
	if ((size_t)n < len)
		l->readable = false;
	l->received += (size_t)n;
	return (size_t)n;
}

/* After the last byte: our FIN. */
static void
leg_shut(struct leg *l)
{
	if (l->ending && !l->shut && l->error == 0 && !leg_has_output(l)) {
		shutdown(l->fd, SHUT_WR);
		l->shut = true;
	}
}

static bool
leg_pump_out(struct leg *l)
{
	bool moved = false;

	while (!l->blocked && l->error == 0 && leg_has_output(l)) {
		size_t len, n;

		if (l->tls != NULL) {
			const unsigned char *data = engine_send_buf(l->tls, &len);

			n = leg_send(l, data, len);
			if (n > 0)
				engine_send_ack(l->tls, n);
		} else {
			len = l->out->end - l->out->start;
			n = leg_send(l, l->out->data + l->out->start, len);
			l->out->start += n;
			if (l->out->start == l->out->end)
				l->out->start = l->out->end = 0;
		}
		moved |= n > 0;
	}
	leg_shut(l);
	return moved;
}

/* Bytes after the end of a TLS session mean nothing.  They are taken only so that closing the descriptor
 * ends in a FIN: with bytes unread it would be a reset, which eats what the peer has not read of ours. */
static size_t
leg_discard(struct leg *l)
{
	unsigned char rest[512];

	if (!l->ending || (!engine_is_ended(l->tls) && !engine_is_closed(l->tls)))
		return 0;
	return leg_recv(l, rest, sizeof rest);
}

/* Makes room at the end.  Never moves more than was taken, so that a byte is moved once at most on average. */
static void
leg_buf_compact(struct leg_buf *b)
{
	size_t have = b->end - b->start;

	if (have > 0 && (b->end < b->cap || have > b->start))
		return;
	if (have > 0)
		memmove(b->data, b->data + b->start, have);
	b->start = 0;
	b->end = have;
}

static enum leg_pumped
leg_pump_in(struct leg *l)
{
	unsigned char *buf;
	size_t len, n;

	if (!l->readable || l->eof)
		return LEG_STILL;
	if (l->tls != NULL) {
		buf = engine_recv_buf(l->tls, &len);
		n = buf != NULL ? leg_recv(l, buf, len) : leg_discard(l);
		if (buf != NULL && n > 0)
			engine_recv_ack(l->tls, n);
	} else {
		leg_buf_compact(l->in);
		if (l->in->data == NULL || l->in->end == l->in->cap)
			return LEG_STILL;
		n = leg_recv(l, l->in->data + l->in->end, l->in->cap - l->in->end);
		leg_buf_add(l->in, n);
	}
	return n > 0 || l->eof ? LEG_MOVED : LEG_STILL;
}

/* The operation that the engine waits for is done here; its result leaves in the next round. */
static enum leg_pumped
leg_work(struct leg *l, bool heavy)
{
	if (!heavy)
		return LEG_HEAVY;
	engine_work(l->tls);
	return LEG_MOVED;
}

enum leg_pumped
leg_pump(struct leg *l, bool reading, bool heavy)
{
	enum leg_pumped in = LEG_STILL;
	bool out;

	if (l->fd < 0)
		return LEG_STILL;
	out = leg_pump_out(l);
	if (l->tls != NULL && engine_waits(l->tls) != ENGINE_IDLE)
		in = leg_work(l, heavy);
	else if (reading)
		in = leg_pump_in(l);
	return in == LEG_STILL && out ? LEG_MOVED : in;
}

size_t
leg_replay(struct leg *l, const unsigned char *data, size_t len)
{
	size_t room;
	unsigned char *buf = engine_recv_buf(l->tls, &room);

	if (buf == NULL)
		return 0;
	if (len > room)
		len = room;
	memcpy(buf, data, len);
	engine_recv_ack(l->tls, len);
	return len;
}

const unsigned char *
leg_peek(struct leg *l, size_t *len)
{
	*len = 0;
	if (l->tls != NULL)
		return engine_peek(l->tls, len);
	if (l->in == NULL || l->in->start == l->in->end)
		return NULL;
	*len = l->in->end - l->in->start;
	return l->in->data + l->in->start;
}

void
leg_take(struct leg *l, size_t len)
{
	if (l->tls != NULL)
		engine_take(l->tls, len);
	else
		l->in->start += len;
}

unsigned char *
leg_room(struct leg *l, size_t *len)
{
	*len = 0;
	if (l->fd < 0 || l->ending || l->error != 0)
		return NULL;
	if (l->tls != NULL)
		return engine_room(l->tls, len);
	if (l->out == NULL || l->out->data == NULL || l->out->end == l->out->cap)
		return NULL;
	*len = l->out->cap - l->out->end;
	return l->out->data + l->out->end;
}

void
leg_put(struct leg *l, size_t len)
{
	if (l->tls != NULL)
		engine_put(l->tls, len);
	else
		leg_buf_add(l->out, len);
}

void
leg_flush(struct leg *l)
{
	if (l->tls != NULL)
		engine_flush(l->tls);
}

void
leg_send_bare(struct leg *l, const void *data, size_t len)
{
	unsigned char rest[512];

	if (l->fd < 0 || l->error != 0)
		return;
	(void)leg_send(l, data, len);
	/* With bytes unread, closing would be a reset, which eats what was just sent. */
	for (int i = 0; i < 64 && recv(l->fd, rest, sizeof rest, MSG_DONTWAIT) > 0; i++)
		continue;
	shutdown(l->fd, SHUT_WR);
}

void
leg_end(struct leg *l)
{
	if (l->ending || l->fd < 0)
		return;
	l->ending = true;
	if (l->tls != NULL)
		engine_close(l->tls);
	leg_pump_out(l);
}

bool
leg_is_drained(const struct leg *l)
{
	return l->fd < 0 || l->error != 0 || !leg_has_output(l);
}

bool
leg_is_ended(struct leg *l)
{
	size_t len;

	if (leg_peek(l, &len) != NULL)
		return false;
	return l->tls != NULL ? engine_is_ended(l->tls) : l->eof && l->error == 0;
}

bool
leg_ends_both(const struct leg *l)
{
	return l->tls != NULL && engine_version(l->tls) != ENGINE_TLS13;
}

bool
leg_is_failed(const struct leg *l)
{
	if (l->error != 0)
		return true;
	if (l->tls == NULL)
		return false;
	return engine_error(l->tls) != 0 || (l->eof && !engine_is_ended(l->tls));
}

bool
leg_is_dry(struct leg *l)
{
	size_t len;

	if (leg_peek(l, &len) != NULL)
		return false;
	return l->eof || (l->tls != NULL && (engine_is_ended(l->tls) || engine_is_closed(l->tls)));
}

bool
leg_may_park(const struct leg *l)
{
	if (l->tls != NULL)
		return engine_may_park(l->tls);
	return (l->in == NULL || l->in->start == l->in->end) &&
	       (l->out == NULL || l->out->start == l->out->end);
}

const char *
leg_failure_text(const struct leg *l)
{
	if (l->error != 0)
		return strerror(l->error);
	if (l->tls != NULL && engine_error(l->tls) != 0)
		return engine_error_text(engine_error(l->tls));
	return "it closed the connection without ending it properly";
}

void
leg_close(struct leg *l, bool abort)
{
	if (l->fd >= 0) {
		if (abort) {
			struct linger now = { .l_onoff = 1, .l_linger = 0 };

			(void)setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
		}
		close(l->fd);
	}
	if (l->tls != NULL)
		engine_reset(l->tls);
	leg_init(l);
}

size_t
leg_splice(struct leg *from, struct leg *to)
{
	size_t moved = 0;

	for (;;) {
		size_t have, room;
		const unsigned char *data = leg_peek(from, &have);
		unsigned char *space = leg_room(to, &room);

		if (data == NULL || space == NULL)
			return moved;
		if (have > room)
			have = room;
		memcpy(space, data, have);
		leg_put(to, have);
		leg_take(from, have);
		moved += have;
	}
}
