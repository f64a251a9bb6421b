# One line a fuzz target: FUZZ_name = what test/fuzz/name.c links; FUZZ_LIBS_name = its libraries.
FUZZ_net = lib/net.c
FUZZ_http = lib/http.c lib/field.c lib/body.c lib/target.c
FUZZ_hello = lib/hello.c lib/target.c
FUZZ_x509 = lib/x509.c lib/der.c lib/names.c lib/net.c
FUZZ_pem = lib/pem.c
FUZZ_chain = lib/chain.c lib/anchors.c lib/signature.c lib/names.c lib/net.c lib/x509.c lib/der.c lib/pem.c
FUZZ_LIBS_chain = -lbearssl
FUZZ_store = lib/pool.c
FUZZ_LIBS_store = -lbearssl
FUZZ_forge = lib/forge.c lib/net.c lib/authority.c lib/encode.c lib/seed.c lib/x509.c lib/der.c lib/pem.c lib/pool.c
FUZZ_LIBS_forge = -lbearssl
FUZZ_uci = lib/uci.c
FUZZ_config = lib/config.c lib/uci.c lib/net.c
FUZZ_list = lib/list.c lib/name.c lib/net.c
FUZZ_relay = lib/relay.c lib/leg.c lib/tls.c lib/http.c lib/field.c lib/body.c lib/target.c lib/pool.c lib/wait.c
FUZZ_LIBS_relay = -lbearssl
