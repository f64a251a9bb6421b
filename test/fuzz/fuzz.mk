# One line a fuzz target: FUZZ_name = what test/fuzz/name.c links; FUZZ_LIBS_name = its libraries.
FUZZ_net = lib/net/net.c
FUZZ_http = lib/http/http.c lib/http/field.c lib/http/body.c lib/net/target.c
FUZZ_hello = lib/tls/hello.c lib/net/target.c
FUZZ_x509 = lib/x509/x509.c lib/x509/der.c lib/x509/names.c lib/x509/dname.c lib/x509/policies.c lib/net/net.c
FUZZ_pem = lib/x509/pem.c
FUZZ_chain = $(CHAIN_PARTS)
FUZZ_LIBS_chain = -lbearssl
FUZZ_store = lib/base/pool.c
FUZZ_LIBS_store = -lbearssl
FUZZ_forge = $(CURVE_PARTS) lib/x509/forge.c lib/net/net.c lib/x509/authority.c lib/x509/encode.c lib/base/seed.c lib/x509/x509.c lib/x509/der.c lib/x509/pem.c lib/base/pool.c
FUZZ_LIBS_forge = -lbearssl
FUZZ_uci = lib/base/uci.c
FUZZ_config = lib/base/config.c lib/base/uci.c lib/net/net.c
FUZZ_path = lib/rules/path.c
FUZZ_list = lib/rules/list.c lib/rules/path.c lib/rules/name.c lib/rules/letters.c lib/net/net.c
FUZZ_relay = lib/curve/bear.c lib/curve/chacha.c lib/tls/bear_rsa.c $(CURVE_PARTS) lib/http/relay.c lib/tls/leg.c lib/tls/tls.c lib/tls/session.c lib/http/http.c lib/http/field.c lib/http/body.c lib/net/target.c lib/base/pool.c lib/net/wait.c
FUZZ_LIBS_relay = -lbearssl
