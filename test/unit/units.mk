# One line a unit test: UNIT_name = what test/unit/name.c links, beside itself, and nothing else.
# That line is the architecture test: a module that starts to call upwards no longer links.
# UNIT_LIBS_name = libraries it needs (-lbearssl, -lcares).
UNIT_pool = lib/pool.c
UNIT_uci = lib/uci.c
UNIT_config = lib/config.c lib/uci.c lib/net.c
UNIT_log = lib/log.c
UNIT_wait = lib/wait.c
UNIT_net = lib/net.c
UNIT_dial = lib/dial.c lib/net.c lib/wait.c
UNIT_session = lib/session.c lib/pool.c
UNIT_http = lib/http.c
UNIT_hello = lib/hello.c lib/http.c
UNIT_page = lib/page.c lib/http.c
UNIT_LIBS_page = -lbearssl
