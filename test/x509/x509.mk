# The chain check as a whole: `make x509` runs the suite of known chains, a bounded slice of the differential
# run, and the machine's own roots, with `sluice verify`; the suite once more with sanitizers.
TEST_STEPS += x509
X509_SRC = lib/x509/verify.c $(CHAIN_PARTS)
X509_PAIRS ?= 60
X509_FLIPS ?= 40
ROOTS ?= /etc/ssl/certs/ca-certificates.crt
PROGRAM ?= ./sluice

build/x509/%: test/x509/%.c $(X509_SRC) test/unit/mint.h $(wildcard lib/*/*.h)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) -Wno-override-init -O2 -g -o $@ $(filter %.c,$^) -lbearssl

# The driver once more with sanitizers: the suite goes through both.
build/x509/verify-san: test/x509/verify.c $(X509_SRC) $(wildcard lib/*/*.h)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) -O1 -g $(SAN) -o $@ $(filter %.c,$^) -lbearssl

x509: sluice build/x509/verify build/x509/verify-san build/x509/mint
	@rc=0; \
	/usr/bin/python3 test/x509/suite.py $(PROGRAM) || rc=1; \
	/usr/bin/python3 test/x509/suite.py build/x509/verify-san || rc=1; \
	/usr/bin/python3 test/x509/differential.py $(PROGRAM) build/x509/mint $(X509_PAIRS) $(X509_FLIPS) || rc=1; \
	if [ -f $(ROOTS) ]; then build/x509/verify roots $(ROOTS) || rc=1; \
	else echo "skip - x509-roots: no $(ROOTS)"; fi; \
	exit $$rc

# Figures, not a test: of chains that are made, or of CHAIN.pem for NAME at TIME under ROOTS.
x509-bench: build/x509/bench
	@if [ -n "$(CHAIN)" ]; then build/x509/bench $(ROOTS) $(CHAIN) $(NAME) $(TIME); \
	else test/x509/made.sh build/x509/bench; fi

# The same fuzz targets under AFL++, AFL_SECS each; what it finds stays in build/afl/.
AFL_SECS ?= 60
build/afl/%: test/fuzz/%.c $(X509_SRC) $(wildcard lib/*/*.h)
	@mkdir -p $(@D)
	AFL_QUIET=1 AFL_USE_ASAN=1 AFL_USE_UBSAN=1 afl-clang-fast $(OWN_CFLAGS) -O1 -g -fsanitize=fuzzer \
		-o $@ $(filter %.c,$^) -lbearssl

x509-afl: build/afl/x509 build/afl/chain build/afl/pem
	@rc=0; for t in x509 chain pem; do \
		AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
		AFL_NO_AFFINITY=1 afl-fuzz -i test/fuzz/corpus/$$t -o build/afl/$$t.out -V $(AFL_SECS) -m none \
			-- build/afl/$$t >build/afl/$$t.log 2>&1; \
		n=$$(find build/afl/$$t.out/default/crashes build/afl/$$t.out/default/hangs -name 'id*' 2>/dev/null | wc -l); \
		[ -f build/afl/$$t.out/default/fuzzer_stats ] || n=1; \
		if [ "$$n" -eq 0 ]; then echo "afl-$$t: 1 passed, 0 failed"; \
		else echo "afl-$$t: 0 passed, 1 failed"; rc=1; fi; done; exit $$rc

.PHONY: x509 x509-bench x509-afl
