/*
 * hosts: the names of /etc/hosts, as every program on the machine knows them, and "localhost".
 *
 * Owns what it remembers of the file: not its lines but one bit for each hash of a name, a quarter of the file's
 * size at most, so that a name that is not there costs no read, and a blocklist of megabytes costs little memory.
 * A name that may be there is looked for in the file.  Never asks anybody.
 */
#ifndef HOSTS_H
#define HOSTS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "lib/net/net.h"

enum {
	HOSTS_CHECK_MS = 2000, /* how often the file is looked at for changes */
	HOSTS_FILE_MOST =
		4
		<< 20, /* bytes of it that are read, for each name that is in it: the loop waits */
	HOSTS_LINE = 1024 /* bytes of a line; the rest of a longer one is not read */
};

struct hosts {
	const char *path; /* the caller's */
	/* the file as it was read: 0 everywhere when there was none */
	dev_t dev;
	ino_t ino;
	off_t size;
	int64_t mtime, ctime;
	long mtime_ns, ctime_ns;
	uint8_t *bits; /* of hashes; NULL: no name */
	uint32_t mask; /* number of bits less one */
	int64_t check_at;
};

void hosts_init(struct hosts *h, const char *path);
void hosts_free(struct hosts *h);

/*
 * The addresses of a normal lower-case name, IPv6 first, at most max / 2 of each family, without ports.  Those of
 * "localhost" and of all below it are loopback's, whatever the file says (RFC 6761 section 6.3).  Returns how many, 0:
 * the name is not there.  `now`: wait_clock's.
 */
size_t hosts_find(struct hosts *h, const char *name, int64_t now, struct net_addr *out, size_t max);

#endif
