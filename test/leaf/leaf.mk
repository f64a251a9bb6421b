# Leaves: what they are accepted by, what they cost the flash, and power cuts on real flash file systems.
LEAF_SRC = $(UNIT_cert)

build/leaf/mint: test/leaf/mint.c $(LEAF_SRC) lib/base/log.c $(wildcard lib/*/*.h *.h)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) -lbearssl

build/leaf/wear: test/bench/wear.c $(LEAF_SRC) lib/base/log.c $(wildcard lib/*/*.h *.h)
	@mkdir -p $(@D)
	$(CC) $(OWN_CFLAGS) $(CFLAGS) -Wl,--wrap=pwrite,--wrap=fsync -o $@ $(filter %.c,$^) -lbearssl -lm

# Leaves and CA through every TLS library that this machine has.
leaf: build/leaf/mint
	@test/leaf/accept.sh build/leaf/mint

# Days of simulated browsing; bytes and erase blocks written.
bench-wear: build/leaf/wear
	@rm -rf build/leaf/wear.d && mkdir -p build/leaf/wear.d
	@cp /etc/ssl/certs/ca-certificates.crt build/leaf/wear.d/bundle.pem
	@build/leaf/wear build/leaf/wear.d

TEST_STEPS += leaf
.PHONY: leaf bench-wear

# 20 power cuts on JFFS2 and 20 on UBIFS, in an emulated router; some minutes. CUTS=n, FLASH="nor block ubi".
build/leaf/writer: test/leaf/writer.c lib/x509/store.c lib/base/pool.c lib/x509/store.h lib/base/pool.h
	@mkdir -p $(@D)
	@$(MAKE) --no-print-directory TARGET=mipsel-uclibc toolchain
	build/mipsel-uclibc/cc $(OWN_CFLAGS) -Os -static -isystem build/mipsel-uclibc/include \
		-Lbuild/mipsel-uclibc/lib -o $@ $(filter %.c,$^) -lbearssl

powercut: build/leaf/writer
	@test/powercut.sh build/leaf/writer

.PHONY: powercut
