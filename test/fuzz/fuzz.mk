# One line a fuzz target: FUZZ_name = what test/fuzz/name.c links; FUZZ_LIBS_name = its libraries.
FUZZ_net = lib/net.c
FUZZ_http = lib/http.c
FUZZ_hello = lib/hello.c lib/http.c
