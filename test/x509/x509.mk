# The chain check as a whole: `make x509` runs the suite of known chains, a bounded slice of the differential
# run, and the machine's own roots.  `make x509 PROGRAM=./sluice` takes the real program for the first two.
TEST_STEPS += x509
X509_SRC = lib/verify.c lib/chain.c lib/anchors.c lib/signature.c lib/names.c lib/net.c lib/x509.c lib/der.c lib/pem.c
X509_PAIRS ?= 60
X509_FLIPS ?= 40
ROOTS ?= /etc/ssl/certs/ca-certificates.crt
PROGRAM ?= build/x509/verify

build/x509/%: test/x509/%.c $(X509_SRC) test/unit/mint.h $(wildcard lib/*.h)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) -Wno-override-init -O2 -g -o $@ $(filter %.c,$^) -lbearssl

# The driver once more with sanitizers: the suite goes through both.
build/x509/verify-san: test/x509/verify.c $(X509_SRC) $(wildcard lib/*.h)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) -O1 -g $(SAN) -o $@ $(filter %.c,$^) -lbearssl

x509: build/x509/verify build/x509/verify-san build/x509/mint
	@rc=0; \
	/usr/bin/python3 test/x509/suite.py $(PROGRAM) || rc=1; \
	/usr/bin/python3 test/x509/suite.py build/x509/verify-san || rc=1; \
	/usr/bin/python3 test/x509/differential.py $(PROGRAM) build/x509/mint $(X509_PAIRS) $(X509_FLIPS) || rc=1; \
	if [ -f $(ROOTS) ]; then build/x509/verify roots $(ROOTS) || rc=1; \
	else echo "skip - x509-roots: no $(ROOTS)"; fi; \
	exit $$rc

# Figures, not a test: BUNDLE of roots, CHAIN.pem, NAME, TIME.
x509-bench: build/x509/bench
	build/x509/bench $(ROOTS) $(CHAIN) $(NAME) $(TIME)

.PHONY: x509 x509-bench
