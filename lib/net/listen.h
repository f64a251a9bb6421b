/*
 * listen: the sockets that clients come to.
 *
 * Owns the listening descriptors and a spare one, with which a client can be turned away when descriptors
 * are short.  Addresses of devices are looked up again at listen_refresh: they come and go on a router.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/base/config.h"
#include "lib/net/net.h"
#include "lib/net/wait.h"

enum {
	LISTEN_MAX = 32,   /* sockets: a device has a few addresses */
	LISTEN_ERROR = 256 /* bytes of an error message */
};

struct listeners {
	struct listener {
		int fd; /* -1: could not be had, and is tried again at listen_refresh */
		struct net_addr addr;
		bool transparent; /* clients don't know that they come here */
	} all[LISTEN_MAX];
	size_t count;
	int spare;   /* an open descriptor of no use but to be closed */
	size_t turn; /* whose turn it is to be accepted from first */
	bool deaf; /* clients can't even be turned away: nobody is asked for until listen_refresh */
};

/*
 * Opens what `c` lists.  Returns 0, or -1 with "file:line: ..." in err if an address can't be had or is not this
 * machine's, or if there is no such device.  A device without addresses, or with one that is not usable yet, is no
 * error: they may come.
 */
int listen_open(struct listeners *l, const struct config *c, char err[LISTEN_ERROR]);

/* Are there all devices, and are all addresses this machine's?  0, or -1 with "file:line: ..." of the first that is not. */
int listen_check_names(const struct config *c, char err[LISTEN_ERROR]);

/* Would listen_open succeed?  Answers the same, and leaves nothing open.  An address is no error that is in use
 * while another process of this program runs: that one has it. */
int listen_check(const struct config *c, char err[LISTEN_ERROR]);

/*
 * Opens what is new and closes what is no longer listed; an address that can't be had (a low port without
 * root) gets one line in the log and is tried again next time, those in use stay.
 */
void listen_refresh(struct listeners *l, const struct config *c);

bool listen_want(const struct listeners *l, struct wait *w);

struct arrival {
	struct net_addr peer; /* the client */
	bool redirected;      /* it came to a socket of `transparent` */
	bool short_of;        /* descriptors are short, and the client was turned away */
};

/* A client's descriptor and the rest about it in *a, or -1: nobody waits, or a->short_of. */
int listen_accept(struct listeners *l, const struct wait *w, struct arrival *a);

/* Do we listen on this port (of some address of this machine)?  For telling a loop. */
bool listen_has_port(const struct listeners *l, uint16_t port);

void listen_close(struct listeners *l);

#endif
