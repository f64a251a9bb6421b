/*
 * refused: the number that SO_ERROR gives for a refused connection here.
 *
 * That is ECONNREFUSED, except under qemu-user: it hands SO_ERROR over in the numbers of its host, 111, where Linux on
 * MIPS says 146.  So a MIPS build asks the system itself, without the code under test; others need not.
 */
#ifndef REFUSED_H
#define REFUSED_H

#include <errno.h>

#ifdef __mips__
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int
refused_number(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;
	int nobody = socket(AF_INET, SOCK_STREAM, 0), error = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	/* Bound, so that nobody else gets the port meanwhile, but not listening. */
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(nobody, (struct sockaddr *)&at, len) != 0 ||
		getsockname(nobody, (struct sockaddr *)&at, &len) != 0)
		exit(2);
	if (connect(fd, (struct sockaddr *)&at, len) == 0 || poll(&p, 1, 5000) != 1)
		exit(2);
	len = sizeof error;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	close(fd);
	close(nobody);
	return error;
}
#else
static int
refused_number(void)
{
	return ECONNREFUSED;
}
#endif

#endif
