/*
 * resolve: names to addresses through c-ares.  See resolve.h.
 *
 * One table of jobs.  A job is a name: asked for now (pending > 0, c-ares holds pointers to its halves, so it
 * stays where it is), or remembered (the cache), or free (no name).  There are `most` more jobs than the cache
 * needs, and no more than `most` are pending, so there is always one to take.  Queries that wait hang on their
 * job, and a job never points to a query that was answered or reset: late answers reach the job alone.
 * c-ares calls back into this file only, where nothing but jobs and waiting queries is touched.
 */
#include "lib/net/resolve.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/net/hosts.h"

enum {
	NAME_SIZE = 254, /* the longest host name, 253 characters, and a NUL */
	FAMILY_ADDRS = RESOLVE_ADDRS /
		       2, /* a host with many of one still gets in some of the other */
	SOCKETS = 32,     /* of c-ares: one UDP and one TCP for each of up to 16 servers */
	/* The first try; the next has twice that: one server has then had RESOLVE_MS.  From 1.32 on a try lasts as
	 * long as the server's past answers suggest, 250 ms at least, so that slow names need more of them. */
	TRY_MS = 1600,
	TRIES = ARES_VERSION < 0x012000 ? 2 : 4,
	CLASS_IN = 1,
	TYPE_A = 1,
	TYPE_AAAA = 28
};

/* One question of a job: what c-ares is given as argument. */
struct half {
	struct resolve_job *job;
	bool is_six;
};

struct resolve_job {
	struct resolver *resolver;
	char name[NAME_SIZE];  /* "": free */
	struct half halves[2]; /* AAAA, A */
	uint8_t pending;       /* halves without an answer */
	bool known;            /* the rest may be handed out, though a half may still be pending */
	enum resolve_error error;
	uint8_t six_count, four_count;
	uint8_t six[FAMILY_ADDRS][16], four[FAMILY_ADDRS][4];
	int ttl;                       /* seconds, the least of all records */
	int64_t expires;               /* when known */
	int64_t give_up;               /* when not known: when to go on with what is there */
	uint64_t used;                 /* resolver's tick when it was last asked for */
	struct resolve_query *waiting; /* none if known */
};

struct resolver {
	ares_channel channel;
	struct hosts hosts;
	struct resolve_job *jobs;
	size_t job_count, most, asking; /* asking: jobs that are pending; at most `most` */
	uint64_t tick;
	int64_t now;    /* of the present call */
	bool replacing; /* the channel is being destroyed: its callbacks are no answers */
	bool refused;   /* a socket was refused in the present call */
	struct socket {
		ares_socket_t fd;
		bool read, write;
	} sockets[SOCKETS];
	size_t socket_count;
};

/* --- jobs ----------------------------------------------------------------------------------------- */

static void
query_finish(struct resolve_query *q, const struct resolve_job *job)
{
	struct net_addr *a = q->addrs;

	for (size_t i = 0; i < job->six_count; i++, a++) {
		*a = (struct net_addr){ .family = 6, .port = q->port };
		memcpy(a->ip, job->six[i], sizeof job->six[i]);
	}
	for (size_t i = 0; i < job->four_count; i++, a++) {
		*a = (struct net_addr){ .family = 4, .port = q->port };
		memcpy(a->ip, job->four[i], sizeof job->four[i]);
	}
	q->count = (size_t)(a - q->addrs);
	q->error = job->error;
	q->done = true;
	q->job = NULL;
	q->next = NULL;
}

/* Gives what has come as the answer, to the queries that wait and to the cache.  May be called
 * again when more has come. */
static void
job_conclude(struct resolve_job *job, enum resolve_error error)
{
	bool found = job->six_count + job->four_count > 0;
	int ttl = found ? job->ttl : RESOLVE_TTL_FAILED;

	if (ttl < RESOLVE_TTL_MIN) /* RFC 2181 section 8: a TTL with the top bit set is 0 */
		ttl = RESOLVE_TTL_MIN;
	job->known = true;
	job->error = found ? RESOLVE_OK : error;
	/* A query that failed here may work with the next descriptor that comes free. */
	job->expires = job->resolver->now + (job->error == RESOLVE_LOCAL ? 0 : ttl * (int64_t)1000);
	while (job->waiting != NULL) {
		struct resolve_query *q = job->waiting;

		job->waiting = q->next;
		query_finish(q, job);
	}
}

static struct resolve_job *
job_find(struct resolver *r, const char *name)
{
	for (size_t i = 0; i < r->job_count; i++)
		if (strcmp(r->jobs[i].name, name) == 0)
			return &r->jobs[i];
	return NULL;
}

/* A free job, else the least recently used one that is not pending: see the top for why there is one. */
static struct resolve_job *
job_take(struct resolver *r)
{
	struct resolve_job *oldest = NULL;

	for (size_t i = 0; i < r->job_count; i++) {
		struct resolve_job *job = &r->jobs[i];

		if (job->name[0] == '\0')
			return job;
		if (job->pending == 0 && (oldest == NULL || job->used < oldest->used))
			oldest = job;
	}
	return oldest;
}

/* --- answers -------------------------------------------------------------------------------------- */

static enum resolve_error
error_from(const struct resolver *r, int status)
{
	switch (status) {
	case ARES_SUCCESS:
	case ARES_ENODATA:
	case ARES_ENOTFOUND:
	case ARES_EBADNAME: return RESOLVE_NO_NAME;
	case ARES_ETIMEOUT: return RESOLVE_TIMEOUT;
	case ARES_ENOMEM: return RESOLVE_LOCAL;
	/* c-ares says this for lack of sockets as well. */
	case ARES_ECONNREFUSED:
		return r->refused || errno == EMFILE || errno == ENFILE ? RESOLVE_LOCAL
									: RESOLVE_REFUSED;
	default: return RESOLVE_REFUSED;
	}
}

static void
note_ttl(struct resolve_job *job, int ttl)
{
	if (ttl < job->ttl)
		job->ttl = ttl;
}

/* Takes the addresses of an answer into the job.  Returns c-ares's verdict on it. */
static int
read_a(struct resolve_job *job, const unsigned char *answer, int len)
{
	struct ares_addrttl found[FAMILY_ADDRS];
	int count = FAMILY_ADDRS, status = ares_parse_a_reply(answer, len, NULL, found, &count);

	for (int i = 0; status == ARES_SUCCESS && i < count; i++) {
		memcpy(job->four[job->four_count++], &found[i].ipaddr, sizeof job->four[0]);
		note_ttl(job, found[i].ttl);
	}
	return status;
}

static int
read_aaaa(struct resolve_job *job, const unsigned char *answer, int len)
{
	struct ares_addr6ttl found[FAMILY_ADDRS];
	int count = FAMILY_ADDRS, status = ares_parse_aaaa_reply(answer, len, NULL, found, &count);

	for (int i = 0; status == ARES_SUCCESS && i < count; i++) {
		struct in6_addr in6;

		memcpy(&in6, &found[i].ip6addr, sizeof in6);
		/* A second form of an IPv4 address, which no server has reason to give. */
		if (IN6_IS_ADDR_V4MAPPED(&in6))
			continue;
		memcpy(job->six[job->six_count++], &in6, sizeof job->six[0]);
		note_ttl(job, found[i].ttl);
	}
	return status;
}

/* Of the failures of both questions the graver one is told: "no address" for one says nothing of the other. */
static enum resolve_error
graver(enum resolve_error a, enum resolve_error b)
{
	return a > b ? a : b;
}

static void
on_answer(void *arg, int status, int timeouts, unsigned char *answer, int len)
{
	struct half *half = arg;
	struct resolve_job *job = half->job;
	struct resolver *r = job->resolver;
	int64_t patience = half->is_six ? RESOLVE_WAIT_A_MS : RESOLVE_WAIT_AAAA_MS;

	(void)timeouts;
	if (--job->pending == 0)
		r->asking--;
	if (r->replacing)
		return;
	if (status == ARES_SUCCESS)
		status = half->is_six ? read_aaaa(job, answer, len) : read_a(job, answer, len);
	job->error = graver(job->error, error_from(r, status));
	if (job->pending == 0 || job->known)
		job_conclude(job, job->error);
	else if (job->six_count + job->four_count > 0 && r->now + patience < job->give_up)
		job->give_up = r->now + patience;
}

/* Asks both questions; with luck (no socket to be had, say) both have their answer on return. */
static void
job_ask(struct resolve_job *job)
{
	struct resolver *r = job->resolver;

	job->known = false;
	job->error = RESOLVE_NO_NAME;
	job->six_count = job->four_count = 0;
	job->ttl = RESOLVE_TTL_MAX;
	job->give_up = r->now + RESOLVE_MS;
	job->pending = 2;
	r->asking++;
	r->refused = false;
	errno = 0; /* see error_from */
	for (int i = 0; i < 2; i++) {
		struct half *half = &job->halves[i];

		*half = (struct half){ .job = job, .is_six = i == 0 };
		/* Not ares_search: names are absolute, the router's search domain is not the client's. */
		ares_query(r->channel, job->name, CLASS_IN, half->is_six ? TYPE_AAAA : TYPE_A,
			on_answer, half);
	}
}

/* --- c-ares --------------------------------------------------------------------------------------- */

/* Before c-ares connects a socket: select can't hold it, or we can't remember it.  Refusing costs this question. */
static int
on_socket(ares_socket_t fd, int type, void *arg)
{
	struct resolver *r = arg;

	(void)type;
	if (wait_fits(fd) && r->socket_count < SOCKETS)
		return 0;
	r->refused = true;
	return -1;
}

static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = arg;
	size_t i = 0;

	while (i < r->socket_count && r->sockets[i].fd != fd)
		i++;
	if (!readable && !writable) {
		if (i < r->socket_count)
			r->sockets[i] = r->sockets[--r->socket_count];
	} else if (i < SOCKETS) {
		r->sockets[i] = (struct socket){ fd, readable != 0, writable != 0 };
		if (i == r->socket_count)
			r->socket_count++;
	}
}

static int
channel_new(struct resolver *r, ares_channel *channel, const char *servers)
{
	struct ares_options options = { .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.timeout = TRY_MS,
		.tries = TRIES,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = r };
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB,
	    status;

#ifdef ARES_OPT_QUERY_CACHE
	mask |= ARES_OPT_QUERY_CACHE; /* c-ares 1.23 on has a cache, of an hour; options say 0: none */
#endif
	status = ares_init_options(channel, &options, mask);
	if (status != ARES_SUCCESS)
		return status;
	ares_set_socket_configure_callback(*channel, on_socket, r);
	if (servers != NULL) {
		status = servers[0] == '\0' ? ARES_EBADSTR
					    : ares_set_servers_ports_csv(*channel, servers);
		if (status != ARES_SUCCESS)
			ares_destroy(*channel);
	}
	return status;
}

/* --- the resolver --------------------------------------------------------------------------------- */

struct resolver *
resolver_new(const char *servers, size_t most, char *err, size_t errcap)
{
	struct resolver *r = calloc(1, sizeof *r);
	int status = ARES_ENOMEM;

	if (r != NULL) {
		hosts_init(&r->hosts, RESOLVE_HOSTS);
		r->most = most;
		r->job_count = RESOLVE_CACHE + most;
		r->jobs = calloc(r->job_count, sizeof *r->jobs);
	}
	if (r != NULL && r->jobs != NULL) {
		for (size_t i = 0; i < r->job_count; i++)
			r->jobs[i].resolver = r;
		status = ares_library_init(ARES_LIB_INIT_ALL);
		if (status == ARES_SUCCESS) {
			status = channel_new(r, &r->channel, servers);
			if (status == ARES_SUCCESS)
				return r;
			ares_library_cleanup();
		}
	}
	snprintf(err, errcap, "name servers %s: %s",
		servers != NULL ? servers : "of /etc/resolv.conf", ares_strerror(status));
	if (r != NULL)
		free(r->jobs);
	free(r);
	return NULL;
}

void
resolver_set_hosts(struct resolver *r, const char *path)
{
	hosts_free(&r->hosts);
	hosts_init(&r->hosts, path);
}

/* Destroys the channel without taking its last callbacks for answers. */
static void
channel_end(struct resolver *r)
{
	r->replacing = true;
	ares_destroy(r->channel);
	r->replacing = false;
	r->socket_count = 0;
}

int
resolver_reload(struct resolver *r, const char *servers)
{
	ares_channel channel;

	if (channel_new(r, &channel, servers) != ARES_SUCCESS)
		return -1;
	channel_end(r);
	r->channel = channel;
	for (size_t i = 0; i < r->job_count; i++) {
		if (r->jobs[i].waiting != NULL)
			job_ask(&r->jobs[i]);
		else
			r->jobs[i].name[0] = '\0';
	}
	return 0;
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	channel_end(r);
	ares_library_cleanup();
	for (size_t i = 0; i < r->job_count; i++) {
		r->jobs[i].six_count = r->jobs[i].four_count = 0;
		job_conclude(&r->jobs[i], RESOLVE_LOCAL);
	}
	hosts_free(&r->hosts);
	free(r->jobs);
	free(r);
}

void
resolver_want(struct resolver *r, struct wait *w, int64_t now)
{
	struct timeval tv;

	for (size_t i = 0; i < r->socket_count; i++) {
		if (r->sockets[i].read)
			wait_read(w, r->sockets[i].fd);
		if (r->sockets[i].write)
			wait_write(w, r->sockets[i].fd);
	}
	if (r->asking == 0)
		return;
	/* One more: c-ares rounds down, and would be asked again for the rest of a millisecond. */
	if (ares_timeout(r->channel, NULL, &tv) != NULL)
		wait_until(w, now + (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1);
	for (size_t i = 0; i < r->job_count; i++)
		if (r->jobs[i].pending > 0 && !r->jobs[i].known)
			wait_until(w, r->jobs[i].give_up);
}

void
resolver_run(struct resolver *r, const struct wait *w, int64_t now)
{
	struct socket sockets[SOCKETS]; /* the table changes under c-ares's hands */
	size_t count = r->socket_count;

	r->now = now;
	r->refused = false;
	errno = 0; /* see error_from */
	memcpy(sockets, r->sockets, count * sizeof *sockets);
	for (size_t i = 0; i < count; i++) {
		bool read = wait_can_read(w, sockets[i].fd),
		     write = wait_can_write(w, sockets[i].fd);

		if (read || write)
			ares_process_fd(r->channel, read ? sockets[i].fd : ARES_SOCKET_BAD,
				write ? sockets[i].fd : ARES_SOCKET_BAD);
	}
	if (r->asking == 0)
		return;
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* its timeouts */
	for (size_t i = 0; i < r->job_count; i++) {
		struct resolve_job *job = &r->jobs[i];

		if (job->pending > 0 && !job->known && now >= job->give_up)
			job_conclude(job, graver(job->error, RESOLVE_TIMEOUT));
	}
}

/* --- queries -------------------------------------------------------------------------------------- */

void
resolve_init(struct resolve_query *q)
{
	*q = (struct resolve_query){ 0 };
}

static void
query_fail(struct resolve_query *q, enum resolve_error error)
{
	q->error = error;
	q->done = true;
}

void
resolve_start(
	struct resolver *r, struct resolve_query *q, const char *host, uint16_t port, int64_t now)
{
	size_t len = strlen(host);
	struct resolve_job *job;
	bool ask;

	resolve_init(q);
	q->port = port;
	r->now = now;
	if (len == 0 || len >= NAME_SIZE) {
		query_fail(q, RESOLVE_NO_NAME);
		return;
	}
	q->count = hosts_find(&r->hosts, host, now, q->addrs, RESOLVE_ADDRS);
	if (q->count > 0) {
		for (size_t i = 0; i < q->count; i++)
			q->addrs[i].port = port;
		q->done = true;
		return;
	}
	job = job_find(r, host);
	ask = job == NULL || (job->pending == 0 && now >= job->expires);
	if (job == NULL)
		job = job_take(r);
	if (job == NULL || (ask && r->asking >= r->most)) {
		query_fail(q, RESOLVE_LOCAL);
		return;
	}
	job->used = ++r->tick;
	if (!ask && job->known) {
		query_finish(q, job);
		return;
	}
	memcpy(job->name, host, len + 1); /* a job that was taken gets its new name */
	q->job = job;
	q->next = job->waiting;
	job->waiting = q;
	if (ask)
		job_ask(job);
}

int
resolve_step(const struct resolve_query *q)
{
	if (!q->done)
		return 0;
	return q->error == RESOLVE_OK ? 1 : -1;
}

void
resolve_reset(struct resolve_query *q)
{
	if (q->job != NULL) {
		struct resolve_query **at = &q->job->waiting;

		while (*at != q)
			at = &(*at)->next;
		*at = q->next;
	}
	resolve_init(q);
}

const char *
resolve_error_text(enum resolve_error e)
{
	switch (e) {
	case RESOLVE_OK: break;
	case RESOLVE_NO_NAME: return "there is no such name, or it has no address";
	case RESOLVE_TIMEOUT: return "the name server did not answer in time";
	case RESOLVE_REFUSED: return "the name server gave no usable answer";
	case RESOLVE_LOCAL: return "this machine is too busy to ask its name server";
	}
	return "the name was found";
}
