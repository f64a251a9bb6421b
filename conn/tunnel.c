/*
 * tunnel: bytes both ways: unseen (the state tunnel), or through both legs after a 101 (switched).
 */
#include "conn/steps.h"
#include "lib/tls/hello.h"
#include "lib/tls/leg.h"

enum { HELLO_SECS = 10 /* from the first byte of a tunnel's ClientHello to its last */ };

/*
 * The ClientHello of a tunnel that was asked for by name and is not read yet: the name in it must be the same, or
 * an exempted name would open the way to a blocked one on the same server.  Another protocol than TLS, and one whose
 * server speaks first, goes through.  1: the tunnel may begin, 0: not yet, -1: refused.
 */
static int
hear_hello(struct conn *c)
{
	struct hello hello;
	const unsigned char *wire;
	size_t len;
	int n;

	while (c->hello.heard == HELLO_UNHEARD &&
		leg_pump(&c->pair.client, true, true) == LEG_MOVED)
		continue;
	wire = leg_peek(&c->pair.client, &len);
	if (wire == NULL && (c->pair.origin.readable || c->pair.client.eof))
		c->hello.heard = HELLO_HEARD;
	if (c->hello.heard == HELLO_HEARD)
		return 1;
	if (wire == NULL)
		return 0;
	n = hello_parse(&hello, wire, len);
	if (n == 0 && len < HELLO_WIRE_MAX) {
		if (!c->head_timed)
			conn_arm(c, HELLO_SECS);
		c->head_timed = true;
		return c->pair.client.eof ? -1 : 0;
	}
	c->hello.heard = HELLO_HEARD;
	if (n < 0 && hello.error == HELLO_NOT_TLS)
		return 1;
	return n > 0 && door_tunnel_hello(&c->door, hello.sni) == DOOR_OPEN ? 1 : -1;
}

/* A tunnel begins: what was answered to CONNECT goes out first, then nothing is copied any more.  Returns as
 * hear_hello. */
static int
begin_tunnel(struct conn *c)
{
	size_t len;
	int heard;

	if (!c->greeted && !answer_greet(c))
		return -1;
	leg_pump(&c->pair.client, false, false);
	heard = hear_hello(c);
	if (heard <= 0)
		return heard;
	if (!pair_share(&c->pair))
		return 0;
	(void)leg_peek(&c->pair.client, &len); /* a hello counts as the tunnel's */
	record_begin_tunnel(c, len);
	conn_rearm(c);
	return 1;
}

/* The hello names another host: an alert, since no leaf is forged here. */
static enum conn_state
refuse_hello(struct conn *c)
{
	const struct door_words *w = door_words(DOOR_NAME_DIFFERS);

	(void)conn_fail(c, PAGE_TLS, w->status, w->error_type, "%s", w->text);
	return answer_alert(c, w->alert);
}

enum conn_state
step_tunnel(struct conn *c)
{
	bool moved = true;

	if (!pair_has_news(&c->pair))
		return c->state;
	if (!conn_lend(c))
		return c->state;
	if (c->state == C_TUNNEL && !c->pair.shared) {
		int heard = begin_tunnel(c);

		if (heard < 0)
			return refuse_hello(c);
		if (heard == 0) {
			conn_park(c);
			return c->state;
		}
	}
	for (int rounds = 0; moved; rounds++) {
		if (rounds == EXCHANGE_ROUNDS) {
			conn_again(c);
			break;
		}
		moved = pair_splice(&c->pair);
		if (moved) {
			conn_moved(c);
			conn_rearm(c);
		}
	}
	if (pair_is_over(&c->pair))
		return C_FREE;
	conn_park(c);
	return c->state;
}
