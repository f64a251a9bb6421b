/*
 * pair: two legs and the buffers that they borrow.  See pair.h.
 */
#include "lib/tls/pair.h"

#include <string.h>
#include "lib/base/pool.h"

void
pair_init(struct pair *p)
{
	memset(p, 0, sizeof *p);
	leg_init(&p->client);
	leg_init(&p->origin);
}

/* Drops the rest of an earlier connection: one origin must not answer for the next. */
static void
pair_open(struct leg *l, int fd, struct leg_buf *in, struct leg_buf *out)
{
	in->start = in->end = out->start = out->end = 0;
	leg_open(l, fd, in, out);
}

void
pair_open_client(struct pair *p, int fd)
{
	pair_open(&p->client, fd, &p->client_in, &p->client_out);
}

void
pair_open_origin(struct pair *p, int fd)
{
	pair_open(&p->origin, fd, &p->origin_in, &p->origin_out);
}

void
pair_secure_origin(
	struct pair *p, const struct engine_client *how, const unsigned char seed[ENGINE_SEED])
{
	engine_start_client(
		&p->origin_tls, how, seed, p->buffers->origin_in, p->buffers->origin_out);
	leg_secure(&p->origin, &p->origin_tls);
}

void
pair_secure_client(
	struct pair *p, const struct engine_server *how, const unsigned char seed[ENGINE_SEED])
{
	engine_start_server(
		&p->client_tls, how, seed, p->buffers->client_in, p->buffers->client_out);
	leg_secure(&p->client, &p->client_tls);
}

void
pair_lend(struct pair *p, struct pair_buffers *b)
{
	p->buffers = b;
	p->client_in = (struct leg_buf){ .data = b->client_in, .cap = ENGINE_IN };
	p->client_out = (struct leg_buf){ .data = b->client_out, .cap = ENGINE_OUT };
	p->origin_in = (struct leg_buf){ .data = b->origin_in, .cap = ENGINE_IN };
	p->origin_out = (struct leg_buf){ .data = b->origin_out, .cap = ENGINE_OUT };
	p->scratch_used = 0;
	/* Of engines that are closed too: what they had written was in other buffers. */
	p->client_tls.in_high = p->client_tls.out_high = 0;
	p->origin_tls.in_high = p->origin_tls.out_high = 0;
	if (p->client.tls != NULL)
		engine_unpark(p->client.tls, b->client_in, b->client_out);
	if (p->origin.tls != NULL)
		engine_unpark(p->origin.tls, b->origin_in, b->origin_out);
}

bool
pair_may_park(const struct pair *p)
{
	return leg_may_park(&p->client) && (p->origin.fd < 0 || leg_may_park(&p->origin));
}

static struct pair_buffers *
pair_take_buffers(struct pair *p)
{
	struct pair_buffers *b = p->buffers;

	engine_strip(&p->client_tls);
	engine_strip(&p->origin_tls);
	p->client_in = p->client_out = p->origin_in = p->origin_out = (struct leg_buf){ 0 };
	p->buffers = NULL;
	return b;
}

static size_t
most(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* As far as they were written: all of them are several times a router's data cache. */
static void
pair_wipe(struct pair *p)
{
	struct pair_buffers *b = p->buffers;

	pool_wipe(b->client_in, most(p->client_in.high, p->client_tls.in_high));
	pool_wipe(b->client_out, most(p->client_out.high, p->client_tls.out_high));
	pool_wipe(b->origin_in, most(p->origin_in.high, p->origin_tls.in_high));
	pool_wipe(b->origin_out, most(p->origin_out.high, p->origin_tls.out_high));
	pool_wipe(b->scratch, p->scratch_used);
}

struct pair_buffers *
pair_park(struct pair *p)
{
	pair_wipe(p);
	return pair_take_buffers(p);
}

struct pair_buffers *
pair_strip(struct pair *p)
{
	/* Nobody notes the bytes that an engine was given and has not made a record of, or not sent. */
	p->client_tls.out_high = p->origin_tls.out_high = ENGINE_OUT;
	if (p->buffers != NULL)
		pair_wipe(p);
	return pair_take_buffers(p);
}

bool
pair_has_news(const struct pair *p)
{
	return p->buffers != NULL || p->client.readable || p->origin.readable;
}

bool
pair_share(struct pair *p)
{
	if (p->shared)
		return true;
	leg_pump(&p->client, false, false);
	if (!leg_is_drained(&p->client))
		return false;
	p->client.out = &p->origin_in;
	p->origin.out = &p->client_in;
	p->shared = true;
	return true;
}

bool
pair_splice(struct pair *p)
{
	bool moved = leg_pump(&p->client, true, true) == LEG_MOVED;

	moved |= leg_pump(&p->origin, true, true) == LEG_MOVED;
	if (!p->shared) {
		moved |= leg_splice(&p->client, &p->origin) > 0;
		moved |= leg_splice(&p->origin, &p->client) > 0;
		leg_flush(&p->client);
		leg_flush(&p->origin);
		moved |= leg_pump(&p->client, false, false) == LEG_MOVED;
		moved |= leg_pump(&p->origin, false, false) == LEG_MOVED;
	}
	return moved;
}

/* Nothing goes from one to the other any more: one is cut off, what it had said has left, or never can. */
static bool
pair_is_cut(struct leg *from, const struct leg *to)
{
	return leg_is_failed(from) && leg_is_dry(from) && leg_is_drained(to);
}

bool
pair_is_over(struct pair *p)
{
	bool client_ended = leg_is_ended(&p->client), origin_ended = leg_is_ended(&p->origin);

	if (pair_is_cut(&p->client, &p->origin) || pair_is_cut(&p->origin, &p->client))
		return true;
	if (client_ended)
		leg_end(&p->origin);
	if (origin_ended)
		leg_end(&p->client);
	/* Under TLS one close_notify is the end of both directions: always in 1.2, and what an engine is told to close
	 * reads no more. */
	if ((client_ended || origin_ended) && (p->client.tls != NULL || p->origin.tls != NULL))
		return leg_is_drained(&p->client) && leg_is_drained(&p->origin);
	return client_ended && origin_ended && p->client.shut && p->origin.shut;
}

void
pair_end(struct pair *p)
{
	leg_end(&p->client);
	leg_end(&p->origin);
}
