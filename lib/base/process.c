/*
 * process: limits, privileges, signals.  See process.h.
 */
#include "lib/base/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

static int pipe_read = -1, pipe_write = -1;

/* Those that ask a daemon for something; whoever sends them can't know that it has only just begun. */
static void
process_hold_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	(void)sigprocmask(how, &set, NULL);
}

void
process_harden(void)
{
	struct rlimit none = { 0, 0 }, files;

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	process_hold_signals(SIG_BLOCK);
	/* Lowered too: one past FD_SETSIZE would be accepted only to be refused, and hides the shortage. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < FD_SETSIZE ? files.rlim_max : FD_SETSIZE;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* Looks `user` up, or takes it as a number, in which case the group has the same one. */
static bool
process_find_user(const char *user, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(user);
	char *end;
	unsigned long number;

	if (pw != NULL) {
		*uid = pw->pw_uid;
		*gid = pw->pw_gid;
		return true;
	}
	errno = 0;
	number = strtoul(user, &end, 10);
	if (errno != 0 || *user < '0' || *user > '9' || *end != '\0' || number > INT32_MAX)
		return false;
	*uid = (uid_t)number;
	*gid = (gid_t)number;
	return true;
}

int
process_drop(const char *user, char err[PROCESS_ERROR])
{
	uid_t uid;
	gid_t gid;

	if (geteuid() != 0)
		return 0;
	if (!process_find_user(user, &uid, &gid) || uid == 0) {
		snprintf(err, PROCESS_ERROR,
			"started as root, and '%s' is no other user of this system", user);
		return -1;
	}
	if (setgroups(1, &gid) != 0 || setgid(gid) != 0 || setuid(uid) != 0) {
		snprintf(err, PROCESS_ERROR, "can't become user '%s': %s", user, strerror(errno));
		return -1;
	}
	if (setuid(0) == 0 || geteuid() != uid || getegid() != gid) {
		snprintf(err, PROCESS_ERROR, "user '%s' could become root again", user);
		return -1;
	}
	/* Changing user may have made the process readable again. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return 0;
}

/* The name of a process as the kernel knows it, in out[16] with its newline.  False: there is none. */
static bool
process_name(const char *pid, char out[18])
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, out, 17);
		close(fd);
	}
	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

bool
process_has_twin(void)
{
	char own[18], other[18];
	DIR *proc = process_name("self", own) ? opendir("/proc") : NULL;
	const struct dirent *entry;
	long self = (long)getpid();
	bool found = false;

	while (proc != NULL && !found && (entry = readdir(proc)) != NULL)
		found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			strtol(entry->d_name, NULL, 10) != self &&
			process_name(entry->d_name, other) && strcmp(own, other) == 0;
	if (proc != NULL)
		closedir(proc);
	return found;
}

/* A full pipe loses nothing: the byte of this signal's kind is then in it already, or the loop is about to
 * look at the flags anyway. */
static volatile sig_atomic_t signal_reload, signal_stop, signal_count;

static void
process_on_signal(int number)
{
	int saved = errno;
	ssize_t n;

	if (number == SIGHUP)
		signal_reload = 1;
	else if (number == SIGUSR1)
		signal_count = 1;
	else
		signal_stop = 1;
	n = write(pipe_write, "", 1);
	(void)n;
	errno = saved;
}

int
process_catch_signals(void)
{
	static const int numbers[] = { SIGHUP, SIGTERM, SIGINT, SIGUSR1 };
	struct sigaction action = { .sa_handler = process_on_signal, .sa_flags = SA_RESTART };
	int fds[2];

	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0)
		return -1;
	pipe_read = fds[0];
	pipe_write = fds[1];
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (sigaction(numbers[i], &action, NULL) != 0)
			return -1;
	process_hold_signals(SIG_UNBLOCK);
	return pipe_read;
}

struct process_signals
process_signals(void)
{
	struct process_signals s = { false, false, false };
	char drain[64];

	while (read(pipe_read, drain, sizeof drain) > 0)
		continue;
	/* Cleared before they are acted on: one that comes meanwhile sets the flag and the pipe again. */
	if (signal_reload) {
		signal_reload = 0;
		s.reload = true;
	}
	if (signal_stop) {
		signal_stop = 0;
		s.stop = true;
	}
	if (signal_count) {
		signal_count = 0;
		s.count = true;
	}
	return s;
}
