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
UNIT_encode = lib/encode.c
UNIT_LIBS_encode = -lbearssl
UNIT_siphash = lib/siphash.c
UNIT_name = lib/name.c
UNIT_index = lib/index.c
UNIT_source = lib/source.c
UNIT_list = lib/list.c lib/name.c lib/net.c
UNIT_policy = policy.c lib/config.c lib/uci.c lib/index.c lib/list.c lib/name.c lib/siphash.c lib/source.c \
	lib/net.c lib/log.c lib/wait.c
UNIT_store = lib/pool.c
UNIT_LIBS_store = -lbearssl
UNIT_chain = lib/chain.c lib/anchors.c lib/signature.c lib/names.c lib/net.c lib/x509.c lib/der.c lib/pem.c
UNIT_LIBS_chain = -lbearssl
