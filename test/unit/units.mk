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
UNIT_authority = lib/authority.c lib/encode.c lib/seed.c lib/x509.c lib/der.c lib/pem.c lib/pool.c
UNIT_LIBS_authority = -lbearssl
UNIT_forge = lib/forge.c lib/net.c lib/authority.c lib/encode.c lib/seed.c lib/x509.c lib/der.c lib/pem.c lib/pool.c
UNIT_LIBS_forge = -lbearssl
UNIT_cert = cert.c lib/anchors.c lib/authority.c lib/chain.c lib/der.c lib/encode.c lib/forge.c lib/name.c lib/names.c lib/net.c lib/pem.c lib/pool.c lib/seed.c lib/session.c lib/signature.c lib/siphash.c lib/store.c lib/verify.c lib/wait.c lib/x509.c
UNIT_LIBS_cert = -lbearssl
UNIT_der = lib/der.c
# What TLS legs are tested with: the collector of chains and what it calls, a writer of certificates.
TLS_PARTS = lib/tls.c lib/pool.c lib/chain.c lib/anchors.c lib/der.c lib/names.c lib/net.c lib/pem.c lib/signature.c \
	lib/x509.c lib/encode.c
UNIT_tls = $(TLS_PARTS) lib/session.c lib/hello.c lib/http.c
UNIT_LIBS_tls = -lbearssl
UNIT_leg = $(TLS_PARTS) lib/leg.c lib/wait.c
UNIT_LIBS_leg = -lbearssl
UNIT_pem = lib/pem.c lib/anchors.c lib/x509.c lib/der.c
UNIT_LIBS_pem = -lbearssl
UNIT_origins = lib/origins.c lib/pool.c
