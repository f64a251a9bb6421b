/* process: hardening, dropping root for good, signals through the pipe. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/wait.h>
#include "lib/base/process.h"

enum { NOBODY = 65534, OTHER = 12345, FLOOD = 100000 }; /* FLOOD: more than a pipe holds */

/* Runs a case in a child, since what it does can't be undone.  What fails there is counted here. */
static void
in_child(void (*test)(void))
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		check_failed = 0;
		test();
		_exit(check_failed != 0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* --- hardening --------------------------------------------------------------------------- */

static void
harden(void)
{
	struct rlimit r = { 64, 0 };
	struct sigaction pipe_action;

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &r);
	process_harden();
	getrlimit(RLIMIT_NOFILE, &r);
	CHECK_INT(r.rlim_cur, r.rlim_max < FD_SETSIZE ? r.rlim_max : FD_SETSIZE);
	getrlimit(RLIMIT_CORE, &r);
	CHECK_INT(r.rlim_cur, 0);
	CHECK_INT(r.rlim_max, 0);
	CHECK_INT(prctl(PR_GET_DUMPABLE), 0);
	CHECK_INT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	sigaction(SIGPIPE, NULL, &pipe_action);
	CHECK(pipe_action.sa_handler == SIG_IGN);
}

/* A reload that is asked for before there is a handler: nobody dies of it, and it is not lost. */
static void
harden_holds_signals(void)
{
	struct process_signals s;

	process_harden();
	raise(SIGHUP);
	raise(SIGUSR1);
	CHECK(process_catch_signals() >= 0);
	s = process_signals();
	CHECK(s.reload && s.count && !s.stop);
}

/* A shell that allows more descriptors than select can bear: those would be accepted only to be refused. */
static void
harden_many(void)
{
	struct rlimit r;

	getrlimit(RLIMIT_NOFILE, &r);
	if (r.rlim_max <= FD_SETSIZE) {
		printf("process: harden_many skipped: the limit of descriptors is %lld\n",
			(long long)r.rlim_max);
		fflush(stdout);
		return;
	}
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	process_harden();
	getrlimit(RLIMIT_NOFILE, &r);
	CHECK_INT(r.rlim_cur, FD_SETSIZE);
}

/* --- dropping root ------------------------------------------------------------------------- */

static char err[PROCESS_ERROR];

/* None of the ways back works. */
static void
check_dropped(uid_t uid, gid_t gid)
{
	uid_t r, e, s;
	gid_t groups[8];

	CHECK(getresuid(&r, &e, &s) == 0 && r == uid && e == uid && s == uid);
	CHECK(getresgid(&r, &e, &s) == 0 && r == gid && e == gid && s == gid);
	CHECK(getgroups(8, groups) == 1 && groups[0] == gid);
	CHECK(setuid(0) != 0 && seteuid(0) != 0 && setreuid(0, 0) != 0 && setresuid(0, 0, 0) != 0);
	CHECK(setgid(0) != 0 && setegid(0) != 0 && setgroups(0, NULL) != 0);
	CHECK(open("/proc/self/mem", O_RDWR) < 0); /* not dumpable: its files are root's */
	CHECK_INT(prctl(PR_GET_DUMPABLE), 0);
}

static void
drop_by_name(void)
{
	gid_t many[3] = { 0, 4, 20 };

	setgroups(3, many);
	process_harden();
	CHECK_INT(process_drop("nobody", err), 0);
	check_dropped(NOBODY, getgid());
	CHECK(getgid() != 0);
	CHECK_INT(process_drop("nobody", err), 0); /* no root any more: nothing to do */
}

static void
drop_by_number(void)
{
	CHECK_INT(process_drop("12345", err), 0);
	check_dropped(OTHER, OTHER);
}

static void
drop_refused(void)
{
	static const char *const users[] = { "root", "0", "", "no-such-user-here", "-1", "+5", " 5",
		"5x", "0x10", "4294967296", "4294967295", "99999999999999999999" };

	for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
		*err = '\0';
		CHECK_INT(process_drop(users[i], err), -1);
		CHECK(strstr(err, users[i]) != NULL && strstr(err, "is no other user") != NULL);
		CHECK(getuid() == 0 && geteuid() == 0);
	}
	/* A long name does not run over. */
	{
		static char name[1000];

		memset(name, 'u', sizeof name - 1);
		CHECK_INT(process_drop(name, err), -1);
		CHECK(strlen(err) < PROCESS_ERROR);
	}
}

static void
test_drop(void)
{
	if (geteuid() != 0) {
		printf("process: test_drop skipped: needs root\n");
		CHECK_INT(process_drop("nobody", err), 0);
		return;
	}
	in_child(drop_by_name);
	in_child(drop_by_number);
	in_child(drop_refused);
}

/* --- signals -------------------------------------------------------------------------------- */

static bool
is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void
signals(void)
{
	int fd = process_catch_signals();
	struct process_signals s;

	CHECK(fd >= 0 && !is_readable(fd));
	s = process_signals();
	CHECK(!s.reload && !s.stop && !s.count);
	raise(SIGHUP);
	CHECK(is_readable(fd));
	s = process_signals();
	CHECK(s.reload && !s.stop && !s.count && !is_readable(fd));
	raise(SIGUSR1);
	s = process_signals();
	CHECK(!s.reload && !s.stop && s.count);
	raise(SIGTERM);
	s = process_signals();
	CHECK(!s.reload && s.stop && !s.count);
	raise(SIGINT);
	raise(SIGHUP);
	raise(SIGUSR1);
	s = process_signals();
	CHECK(s.reload && s.stop && s.count && !is_readable(fd));
	s = process_signals();
	CHECK(!s.reload && !s.stop && !s.count);
	/* A flood does not block the handler, and the last kind is not lost behind it. */
	for (int i = 0; i < FLOOD; i++)
		raise(SIGHUP);
	raise(SIGTERM);
	s = process_signals();
	CHECK(s.reload && s.stop && !is_readable(fd));
	/* errno is the interrupted code's. */
	errno = ENOENT;
	for (int i = 0; i < FLOOD; i++)
		raise(SIGUSR1);
	CHECK_INT(errno, ENOENT);
	/* Not for programs that are started by us. */
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

/* Told by the name that the kernel has for it, which a child inherits. */
static void
test_twin(void)
{
	char name[32], go;
	int fds[2];
	pid_t child;

	snprintf(name, sizeof name, "twin-%ld", (long)getpid());
	CHECK(prctl(PR_SET_NAME, name) == 0 && pipe(fds) == 0);
	CHECK(!process_has_twin());
	child = fork();
	if (child == 0) {
		close(fds[1]);
		_exit(read(fds[0], &go, 1) != 0); /* until the other end is closed */
	}
	CHECK(process_has_twin());
	close(fds[0]);
	close(fds[1]);
	CHECK(waitpid(child, NULL, 0) == child);
	CHECK(!process_has_twin());
}

int
main(void)
{
	in_child(harden);
	in_child(harden_holds_signals);
	in_child(harden_many);
	test_twin();
	test_drop();
	in_child(signals);
	return check_done("process");
}
