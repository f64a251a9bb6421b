/*
 * command: the command line, and the commands that are not the daemon.  See command.h.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cert.h"
#include "policy.h"
#include "start.h"
#include "lib/base/log.h"
#include "lib/net/net.h"

#ifndef SLUICE_VERSION
#define SLUICE_VERSION "0"
#endif

const char command_version[] = SLUICE_VERSION;

/* Of a command; too large for the stack of a router. */
static struct config config;

static int
command_fail(const char *why)
{
	log_line(LOG_LEVEL_ERROR, "%s", why);
	return 1;
}

/* `sluice -t`: refuses what the daemon would refuse, and then prints the configuration in effect. */
static int
check(const char *file, command_fits *fits)
{
	char err[CONFIG_ERROR];
	struct policy *policy;

	if (config_read(&config, file, err) != 0 || fits(&config, err) != 0 ||
		start_check(&config, &policy, err) != 0)
		return command_fail(err);
	policy_warn(policy);
	config_print(&config);
	policy_free(policy);
	return fflush(stdout) == 0 ? 0 : 1;
}

/* The next time that it is `at` here ("mon 22:00", "22:00"), today's included.  Returns 0 or -1. */
static int
find_moment(const char *at, int64_t *now)
{
	int day, minute;
	time_t t = (time_t)*now;
	struct tm tm;

	if (config_parse_moment(at, &day, &minute) != 0 || localtime_r(&t, &tm) == NULL)
		return -1;
	if (day >= 0)
		tm.tm_mday += (day - tm.tm_wday + 7) % 7;
	tm.tm_hour = minute / 60;
	tm.tm_min = minute % 60;
	tm.tm_sec = 0;
	tm.tm_isdst = -1; /* mktime finds out; it makes 32 May the first of June, too */
	t = mktime(&tm);
	*now = (int64_t)t;
	return t != (time_t)-1 ? 0 : -1;
}

static int
why(const char *file, const char *url, const char *address, const char *at)
{
	struct policy_client client = { .now = (int64_t)time(NULL) };
	char err[CONFIG_ERROR];
	struct policy *policy;
	int status;

	if (at != NULL && find_moment(at, &client.now) != 0) {
		snprintf(err, sizeof err, "--at '%s': expected 'mon 22:00' or '22:00'", at);
		return command_fail(err);
	}
	if (net_addr_parse(&client.addr, address, strlen(address)) != 0) {
		snprintf(err, sizeof err, "'%s' is no address", address);
		return command_fail(err);
	}
	if (config_read(&config, file, err) != 0)
		return command_fail(err);
	/* Nobody asked what the lists hold. */
	log_open(false, LOG_LEVEL_ERROR);
	policy = policy_load(&config, err, sizeof err);
	if (policy == NULL)
		return command_fail(err);
	status = policy_why(policy, &config, &client, url);
	policy_free(policy);
	return status;
}

static int
print_ca(const char *file)
{
	char err[CONFIG_ERROR];

	if (config_read(&config, file, err) != 0)
		return command_fail(err);
	return cert_print_ca(&config, (int64_t)time(NULL));
}

static int
usage(FILE *to)
{
	fputs("sluice " SLUICE_VERSION ", an HTTPS-inspecting forward proxy\n"
	      "  sluice -c FILE                  run in the foreground (-l: log to syslog)\n"
	      "  sluice -t -c FILE               check the configuration and print it\n"
	      "  sluice why -c FILE [--at 'mon 22:00'] HOST[/PATH] [CLIENT-IP]\n"
	      "  sluice verify TRUSTED.pem CHAIN.pem NAME|- TIME\n"
	      "  sluice ca -c FILE               print the CA certificate\n"
	      "  sluice --version\n",
		to);
	return to == stdout ? 0 : 2;
}

struct arguments {
	const char *file; /* of -c; NULL: none */
	const char *at;   /* of --at; NULL: none */
	bool only_check, to_syslog;
	const char *rest[2]; /* what is no option */
	int rest_count;
};

/* Options as getopt(3) reads them, which uClibc-ng can't link without its locale.  False: bad usage. */
static bool
read_arguments(struct arguments *a, char **argv)
{
	for (; *argv != NULL; argv++) {
		const char *option = *argv;

		if (strcmp(option, "--at") == 0) {
			a->at = *++argv;
			if (a->at == NULL)
				return false;
			continue;
		}
		if (*option != '-') {
			if (a->rest_count == 2)
				return false;
			a->rest[a->rest_count++] = option;
			continue;
		}
		while (*++option != '\0') {
			if (*option == 't')
				a->only_check = true;
			else if (*option == 'l')
				a->to_syslog = true;
			else if (*option != 'c')
				return false;
			if (*option != 'c')
				continue;
			a->file = option[1] != '\0' ? option + 1 : *++argv;
			if (a->file == NULL)
				return false;
			break;
		}
	}
	return a->file != NULL;
}

int
command_run(struct command *c, int argc, char **argv, command_fits *fits)
{
	const char *command = argc > 1 && argv[1][0] != '-' ? argv[1] : "";
	struct arguments a = { 0 };

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("sluice " SLUICE_VERSION) < 0;
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return usage(stdout);
	if (strcmp(command, "verify") == 0)
		return argc == 6 ? cert_verify(argv[2], argv[3], argv[4], argv[5]) : usage(stderr);
	if (!read_arguments(&a, argv + (*command != '\0' ? 2 : 1)))
		return usage(stderr);
	if (a.at != NULL && strcmp(command, "why") != 0)
		return usage(stderr);
	if (strcmp(command, "ca") == 0 && a.rest_count == 0)
		return print_ca(a.file);
	if (strcmp(command, "why") == 0 && a.rest_count > 0)
		return why(a.file, a.rest[0], a.rest_count == 2 ? a.rest[1] : "127.0.0.1", a.at);
	if (*command != '\0' || a.rest_count != 0)
		return usage(stderr);
	if (a.only_check)
		return check(a.file, fits);
	c->file = a.file;
	c->to_syslog = a.to_syslog;
	return -1;
}
