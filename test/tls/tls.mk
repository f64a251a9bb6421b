# tls.mk: the TLS engine beside other makes of TLS.  `make peers`.
TEST_STEPS += peers
DRIVER_SRC = $(filter-out lib/x509/encode.c,$(ENGINE_PARTS)) lib/base/seed.c

build/tls/driver: build/san/test/tls/driver.o $(DRIVER_SRC:%.c=build/san/%.o)
	@mkdir -p $(@D)
	$(CC) $(SAN) -o $@ $^ -lbearssl

peers: build/tls/driver
	@test/tls/peers.py

# Four more makes, which take a minute and are skipped where they are not installed: by hand.
peers-more: build/tls/driver
	@test/tls/peers_more.py

.PHONY: peers peers-more

build/tls/shim: build/san/test/bogo/shim.o $(DRIVER_SRC:%.c=build/san/%.o)
	@mkdir -p $(@D)
	$(CC) $(SAN) -o $@ $^ -lbearssl

# BoringSSL's runner; a target of its own, since it fetches a source package and takes a minute.
bogo: build/tls/shim
	@test/bogo/run

.PHONY: bogo
