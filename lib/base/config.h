/*
 * config: the UCI file of sluice, read and checked.
 *
 * Owns no more than the struct it fills.  Every option is checked here, with file:line in the message;
 * a struct config that config_read has filled is valid.  Opens no list, binds nothing, makes no key.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/log.h"
#include "lib/net/net.h"

enum {
	CONFIG_PATH = 256, /* bytes of a file name with its NUL */
	CONFIG_LISTENS = 16,
	CONFIG_CLIENTS = 64, /* ranges in `list client` of main */
	CONFIG_PORTS = 32,
	CONFIG_LISTS = 64,
	CONFIG_LIST_CLIENTS = 16,
	CONFIG_LIST_HOURS = 4,
	CONFIG_OPTIONS = 32,       /* kinds of option in the main section */
	CONFIG_EXTRA = 512,        /* bytes of options that are the init script's */
	CONFIG_FILE_MAX = 1 << 20, /* bytes of the configuration file */
	CONFIG_ERROR = 512         /* bytes of an error message */
};

enum config_action {
	CONFIG_BLOCK,
	CONFIG_INSPECT,
	CONFIG_TUNNEL,
	CONFIG_ALLOW
}; /* weakest last at equal length */
enum config_invalid {
	CONFIG_INVALID_BLOCK,
	CONFIG_INVALID_UNTRUSTED,
	CONFIG_INVALID_TUNNEL,
	CONFIG_INVALID_ALLOW
};
enum config_tls { CONFIG_TLS_12, CONFIG_TLS_13 };
enum config_uninspectable { CONFIG_UNINSPECTABLE_TUNNEL, CONFIG_UNINSPECTABLE_BLOCK };

struct config_listen {
	char device[16];      /* "br-lan": all its addresses; "" if addr says where */
	struct net_addr addr; /* with device: only the port counts */
	bool transparent;     /* for connections that a firewall redirects */
	unsigned line;
};

struct config_hours {
	uint8_t days; /* bit 0 Sunday ... bit 6 Saturday: the days on which it begins */
	uint16_t from,
		to; /* minutes after midnight; to <= from: over midnight; 0 and 1440: all day */
};

struct config_list {
	char name[64];
	enum config_action action;
	char file[CONFIG_PATH];
	struct net_range clients[CONFIG_LIST_CLIENTS]; /* none: everyone */
	size_t client_count;
	struct config_hours hours[CONFIG_LIST_HOURS]; /* none: always */
	size_t hours_count;
	unsigned line, file_line; /* of the section, and of its `option file` */
};

struct config {
	char file[CONFIG_PATH];
	struct config_listen listens[CONFIG_LISTENS];
	size_t listen_count;
	struct net_range clients[CONFIG_CLIENTS]; /* none: net_is_local_client decides */
	size_t client_count;
	uint16_t connect_ports[CONFIG_PORTS], http_ports[CONFIG_PORTS];
	size_t connect_port_count, http_port_count;
	bool private_upstream, inspect;
	char ca_bundle[CONFIG_PATH], ca_cert[CONFIG_PATH], ca_key[CONFIG_PATH], cache[CONFIG_PATH];
	char clock_stamp[CONFIG_PATH]; /* "": not used */
	char distrust[CONFIG_PATH];    /* "": not used */
	char user[64];                 /* to become when started as root; default "nobody" */
	char resolver[256]; /* "addr:port,..." joined from `list resolver`; "": /etc/resolv.conf */
	enum log_level log_level; /* option log 'error|warn|info|debug', default info */
	bool log_query;           /* option log_query: URLs in the log keep their query string */
	enum config_invalid invalid_upstream;
	enum config_uninspectable uninspectable;
	enum config_tls tls_min; /* the least version, on both legs */
	bool post_quantum;       /* X25519MLKEM768 is offered and taken */
	unsigned cache_kib, connections, memory_kib;
	unsigned answer_timeout; /* seconds without a byte, for an origin's answer */
	unsigned tunnel_timeout; /* likewise, for a tunnel or a WebSocket */
	struct config_list lists[CONFIG_LISTS];
	size_t list_count;
	char extra[CONFIG_EXTRA]; /* the init script's options, as lines of such a file */
	unsigned lines
		[CONFIG_OPTIONS]; /* where options of the main section are set: see config_line */
};

/*
 * Reads and checks `path`.  Returns 0, or -1 with "file:line: what was found, what was expected" in err.
 * Unknown options and sections are errors; `option enabled` and other package-only ones that the init
 * script uses (enabled, jail, zone ...) are accepted by name, kept and printed, and not looked at.
 */
int config_read(struct config *c, const char *path, char err[CONFIG_ERROR]);

/* The line in which `option` of the main section was set last; 0: it has its default. */
unsigned config_line(const struct config *c, const char *option);

/*
 * For an option whose fault shows only where it is used: writes "file:line: option: " and the sentence to err
 * ("file: option: " for a default), and returns -1.  The arguments may lie in err.
 */
int config_refuse(const struct config *c, const char *option, char err[CONFIG_ERROR],
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Prints the configuration in effect, defaults included, as a UCI file that config_read takes again. */
void config_print(const struct config *c);

/* "mon 22:00", or "22:00" alone (*day is -1 then): a day, 0 Sunday, and minutes after midnight.  0 or -1. */
int config_parse_moment(const char *text, int *day, int *minute);

/* Is this client allowed to use the proxy at all? */
bool config_allows_client(const struct config *c, const struct net_addr *client);

#endif
