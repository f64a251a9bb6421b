/* wait: a descriptor outside of the set is refused, an error is no answer, the earliest moment wins. */
#include "check.h"
#include "lib/net/wait.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

static void
test_refuses(void)
{
	/* The words around the sets tell whether anything was written outside of them. */
	struct {
		unsigned char before[256];
		struct wait w;
		unsigned char after[256];
	} x;
	static const int bad[] = { -1, INT32_MIN, FD_SETSIZE, FD_SETSIZE + 1, FD_SETSIZE + 500,
		INT32_MAX };

	memset(&x, 0x55, sizeof x);
	wait_init(&x.w);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK(!wait_fits(bad[i]));
		CHECK(!wait_read(&x.w, bad[i]) && !wait_write(&x.w, bad[i]));
		CHECK(!wait_can_read(&x.w, bad[i]) && !wait_can_write(&x.w, bad[i]));
	}
	CHECK_INT(x.w.highest, -1);
	CHECK(wait_fits(0) && wait_fits(FD_SETSIZE - 1));
	CHECK(wait_read(&x.w, FD_SETSIZE - 1) && wait_can_read(&x.w, FD_SETSIZE - 1));
	CHECK_INT(x.w.highest, FD_SETSIZE - 1);
	for (size_t i = 0; i < sizeof x.before; i++)
		if (x.before[i] != 0x55 || x.after[i] != 0x55)
			CHECK_INT(i, -1);
}

static void
test_ready(void)
{
	struct wait w;
	int p[2];

	if (pipe(p) != 0)
		exit(2);
	wait_init(&w);
	CHECK(wait_read(&w, p[0]) && wait_write(&w, p[1]));
	CHECK_INT(wait_run(&w, wait_clock()), 0);
	CHECK(!wait_can_read(&w, p[0]) && wait_can_write(&w, p[1]));
	CHECK(!wait_can_read(&w, p[1])); /* was not asked for */

	CHECK_INT(write(p[1], "x", 1), 1);
	wait_init(&w);
	wait_read(&w, p[0]);
	CHECK_INT(wait_run(&w, wait_clock()), 0);
	CHECK(wait_can_read(&w, p[0]) && !wait_can_write(&w, p[1]));

	close(p[1]);
	close(p[0]);
	wait_init(&w);
	wait_read(&w, p[0]);
	CHECK_INT(wait_run(&w, wait_clock()), -1);
	CHECK_INT(errno, EBADF);
	CHECK(!wait_can_read(&w, p[0]));
}

static void
test_moment(void)
{
	int64_t start = wait_clock();
	struct wait w;

	wait_init(&w);
	wait_until(&w, start + 60000);
	wait_until(&w, start + 30);
	wait_until(&w, INT64_MAX);
	CHECK_INT(wait_run(&w, start), 0);
	CHECK(wait_clock() - start >= 29 && wait_clock() - start < 30000);

	start = wait_clock();
	for (int i = 0; i < 3; i++) {
		static const int64_t past[] = { 0, INT64_MIN, -1 };

		wait_init(&w);
		wait_until(&w, past[i]);
		CHECK_INT(wait_run(&w, start), 0);
	}
	CHECK(wait_clock() - start < 30000);
}

static void
on_alarm(int sig)
{
	(void)sig;
}

/* A signal ends the wait, even one of years, and leaves empty sets. */
static void
test_signal(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
	struct wait w;
	int p[2];

	if (pipe(p) != 0)
		exit(2);
	sigaction(SIGALRM, &sa, NULL);
	for (int i = 0; i < 2; i++) {
		wait_init(&w);
		wait_read(&w, p[0]);
		if (i > 0)
			wait_until(&w, INT64_MAX - 1);
		setitimer(ITIMER_REAL, &soon, NULL);
		CHECK_INT(wait_run(&w, wait_clock()), -1);
		CHECK_INT(errno, EINTR);
		CHECK(!wait_can_read(&w, p[0]));
	}
	close(p[0]);
	close(p[1]);
}

int
main(void)
{
	test_refuses();
	test_ready();
	test_moment();
	test_signal();
	return check_done("wait");
}
