/*
 * tunnel: bytes both ways: unseen (the state tunnel), or through both legs after a 101 (switched).
 */
#include "conn/steps.h"
#include "lib/tls/hello.h"
#include "lib/tls/leg.h"

enum {
	HELLO_SECS = 10,        /* from the first byte of a tunnel's ClientHello to its last */
	ALERT_DECODE_ERROR = 50 /* RFC 8446 section 6.2 */
};

/* Notes why; returns the alert that says so, below 0. */
static int
refuse_hello(struct conn *c, const char *why, int alert)
{
	(void)conn_fail(c, PAGE_TLS, 400, "tls_protocol_error", "%s", why);
	return -alert;
}

/* Is the hello that was read, or can't be, the one that was asked for?  Returns as hear_hello. */
static int
judge_hello(struct conn *c, const struct hello *h, int parsed)
{
	const struct door_words *w = door_words(DOOR_NAME_DIFFERS);

	c->hello.heard = HELLO_HEARD;
	if (parsed < 0 && h->error == HELLO_NOT_TLS)
		return 1;
	if (parsed <= 0)
		return refuse_hello(c, hello_error_text(parsed < 0 ? h->error : HELLO_TOO_LARGE),
			ALERT_DECODE_ERROR);
	return door_tunnel_hello(&c->door, h->sni) == DOOR_OPEN
		       ? 1
		       : refuse_hello(c, w->text, w->alert);
}

/*
 * The ClientHello of a tunnel that was asked for by name and is not read yet: the name in it must be the same, or
 * an exempted name would open the way to a blocked one on the same server.  Another protocol than TLS, and one whose
 * server speaks first, goes through.  1: the tunnel may begin, 0: not yet, below 0: refused, by that alert.
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
	if (n != 0 || len >= HELLO_WIRE_MAX)
		return judge_hello(c, &hello, n);
	if (c->pair.client.eof)
		return refuse_hello(
			c, "The client left before its TLS handshake.", ALERT_DECODE_ERROR);
	if (!c->head_timed)
		conn_arm(c, HELLO_SECS);
	c->head_timed = true;
	return 0;
}

/* A tunnel begins: what was answered to CONNECT goes out first, then nothing is copied any more.  Returns as
 * hear_hello. */
static int
begin_tunnel(struct conn *c)
{
	size_t len;
	int heard;

	if (!c->greeted && !answer_greet(c))
		return refuse_hello(
			c, "The client left before the tunnel began.", ALERT_DECODE_ERROR);
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
			return answer_alert(c, (unsigned char)-heard); /* no leaf is forged here */
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
