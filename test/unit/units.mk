# One line a unit test: UNIT_name = what test/unit/name.c links, beside itself, and nothing else.
# That line is the architecture test: a module that starts to call upwards no longer links.
# UNIT_LIBS_name = libraries it needs (-lbearssl, -lcares).
UNIT_pool = lib/base/pool.c
UNIT_uci = lib/base/uci.c
UNIT_config = lib/base/config.c lib/base/uci.c lib/net/net.c
UNIT_log = lib/base/log.c
UNIT_wait = lib/net/wait.c
UNIT_net = lib/net/net.c
UNIT_dial = lib/net/dial.c lib/net/net.c lib/net/wait.c
# heads, and what they are made of
HTTP_PARTS = lib/http/request.c lib/http/response.c lib/http/rewrite.c lib/http/head.c lib/http/field.c lib/net/target.c
UNIT_http = $(HTTP_PARTS)
UNIT_body = lib/http/body.c lib/http/field.c
UNIT_target = lib/net/target.c
UNIT_hello = lib/tls/hello.c lib/net/target.c
UNIT_page = lib/http/page.c $(HTTP_PARTS)
UNIT_LIBS_page = -lbearssl
UNIT_encode = lib/x509/encode.c
UNIT_LIBS_encode = -lbearssl
UNIT_siphash = lib/base/siphash.c
UNIT_name = lib/rules/name.c lib/rules/letters.c
UNIT_index = lib/rules/index.c
UNIT_source = lib/rules/source.c
UNIT_path = lib/rules/path.c
UNIT_list = lib/rules/list.c lib/rules/path.c lib/rules/name.c lib/rules/letters.c lib/net/net.c
UNIT_policy = policy.c policy/load.c policy/why.c lib/base/config.c lib/base/uci.c lib/rules/index.c lib/rules/list.c lib/rules/path.c lib/rules/name.c lib/rules/letters.c lib/base/siphash.c lib/rules/source.c \
	lib/net/net.c lib/base/log.c lib/net/wait.c
UNIT_store = lib/base/pool.c
UNIT_LIBS_store = -lbearssl
UNIT_chain = $(CHAIN_PARTS)
UNIT_LIBS_chain = -lbearssl
UNIT_authority = lib/x509/authority.c lib/x509/encode.c lib/base/seed.c lib/x509/x509.c lib/x509/der.c lib/x509/pem.c lib/base/pool.c $(CURVE_PARTS)
UNIT_LIBS_authority = -lbearssl
UNIT_forge = lib/x509/forge.c lib/net/net.c lib/x509/authority.c lib/x509/encode.c lib/base/seed.c lib/x509/x509.c lib/x509/der.c lib/x509/pem.c lib/base/pool.c $(CURVE_PARTS)
UNIT_LIBS_forge = -lbearssl
UNIT_cert = cert.c lib/base/config.c lib/base/uci.c $(CHAIN_PARTS) lib/x509/authority.c lib/x509/encode.c lib/x509/forge.c lib/rules/name.c lib/rules/letters.c lib/tls/origins.c \
	lib/base/seed.c $(filter-out $(CHAIN_PARTS) lib/x509/encode.c,$(ENGINE_PARTS)) lib/base/siphash.c lib/x509/store.c lib/x509/verify.c lib/net/wait.c
UNIT_LIBS_cert = -lbearssl
UNIT_der = lib/x509/der.c
UNIT_dname = lib/x509/dname.c lib/x509/x509.c lib/x509/der.c
# What ECDSA is verified with.
CURVE_PARTS = lib/curve/ecdsa.c lib/curve/p256.c lib/curve/p384.c lib/curve/p521.c lib/curve/scalar.c lib/curve/words.c lib/curve/rsa.c
# What a chain is collected and judged with.
CHAIN_PARTS = lib/x509/chain.c lib/x509/path.c lib/x509/judge.c lib/x509/policies.c lib/x509/anchors.c lib/x509/dname.c \
	lib/x509/signature.c lib/x509/names.c lib/net/net.c lib/x509/x509.c lib/x509/der.c lib/x509/pem.c lib/base/pool.c \
	$(CURVE_PARTS)
# The engine of TLS 1.3 and 1.2, and what it may call.
ENGINE_PARTS = lib/tls/engine.c lib/tls/message.c lib/tls/shake.c lib/tls/shake_client.c lib/tls/shake_server.c lib/tls/extension.c \
	lib/tls/schedule.c lib/tls/record.c lib/curve/chacha.c lib/tls/ticket.c lib/base/pool.c lib/x509/chain.c lib/x509/x509.c lib/x509/der.c \
	lib/x509/anchors.c lib/x509/dname.c lib/x509/names.c lib/net/net.c lib/x509/pem.c lib/x509/signature.c lib/x509/encode.c \
	lib/curve/x25519.c lib/curve/rsa.c lib/curve/kem.c lib/curve/keccak.c $(CURVE_PARTS)
UNIT_schedule = lib/tls/schedule.c lib/tls/record.c lib/curve/chacha.c lib/base/pool.c
UNIT_LIBS_schedule = -lbearssl
UNIT_engine = $(ENGINE_PARTS)
UNIT_LIBS_engine = -lbearssl
UNIT_cases = $(ENGINE_PARTS)
UNIT_LIBS_cases = -lbearssl
UNIT_leg = $(ENGINE_PARTS) lib/tls/leg.c lib/net/wait.c
UNIT_LIBS_leg = -lbearssl
UNIT_pair = $(ENGINE_PARTS) lib/tls/pair.c lib/tls/leg.c lib/net/wait.c
UNIT_LIBS_pair = -lbearssl
UNIT_relay = $(ENGINE_PARTS) lib/http/relay.c lib/tls/leg.c lib/http/body.c $(HTTP_PARTS) lib/net/wait.c
UNIT_LIBS_relay = -lbearssl
UNIT_listen = lib/net/listen.c lib/net/net.c lib/base/log.c lib/base/process.c lib/net/wait.c
UNIT_hosts = lib/net/hosts.c lib/net/net.c
UNIT_process = lib/base/process.c
UNIT_pem = lib/x509/pem.c lib/x509/anchors.c lib/x509/dname.c lib/x509/x509.c lib/x509/der.c
UNIT_LIBS_pem = -lbearssl
UNIT_origins = lib/tls/origins.c $(ENGINE_PARTS)
UNIT_LIBS_origins = -lbearssl
UNIT_resolve = lib/net/resolve.c lib/net/hosts.c lib/net/net.c lib/net/wait.c
UNIT_LIBS_resolve = -lcares
UNIT_policy_random = $(UNIT_policy)
UNIT_seed = lib/base/pool.c
UNIT_fair = conn/fair.c
UNIT_learned = conn/learned.c
UNIT_door = conn/door.c conn/learned.c $(UNIT_policy) lib/net/listen.c lib/base/process.c
# The machine with all its steps, over sockets, engines, names and certificates of the test's own: below the legs the
# system's calls are the test's, too.
UNIT_machine = $(sort $(wildcard conn/*.c)) $(filter-out lib/base/log.c,$(UNIT_policy)) lib/tls/pair.c lib/tls/leg.c lib/tls/hello.c \
	lib/http/relay.c lib/http/page.c lib/http/body.c $(HTTP_PARTS) lib/base/pool.c lib/x509/digest.c
UNIT_LIBS_machine = -lbearssl $(foreach call,send recv shutdown close setsockopt net_original_dst net_is_own net_is_on_link conn_refuse,-Wl,--wrap=$(call))
UNIT_digest = lib/x509/digest.c
UNIT_LIBS_digest = -lbearssl
UNIT_x25519 = lib/curve/x25519.c lib/base/pool.c
UNIT_x25519_32 = lib/base/pool.c
UNIT_rsa =
UNIT_LIBS_rsa = -lbearssl
UNIT_rsa_32 =
UNIT_LIBS_rsa_32 = -lbearssl
UNIT_keccak = lib/curve/keccak.c
UNIT_kem = lib/curve/keccak.c lib/base/pool.c
UNIT_chacha = lib/base/pool.c
UNIT_chacha_32 = lib/base/pool.c
# The curves, in the form for this CPU and in the one for 32 bits.  Their tests include the curve's own file.
SCALAR_PARTS = lib/curve/scalar.c lib/curve/words.c lib/base/pool.c
UNIT_p256 = $(SCALAR_PARTS)
UNIT_LIBS_p256 = -lbearssl
UNIT_p256_narrow = $(UNIT_p256)
UNIT_LIBS_p256_narrow = -lbearssl
UNIT_p384 = $(SCALAR_PARTS)
UNIT_LIBS_p384 = -lbearssl
UNIT_p384_narrow = $(UNIT_p384)
UNIT_LIBS_p384_narrow = -lbearssl
UNIT_p521 = $(SCALAR_PARTS)
UNIT_LIBS_p521 = -lbearssl
UNIT_p521_narrow = $(UNIT_p521)
UNIT_LIBS_p521_narrow = -lbearssl
UNIT_ecdsa = $(CURVE_PARTS) lib/base/pool.c
UNIT_LIBS_ecdsa = -lbearssl
