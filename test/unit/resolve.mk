resolve-dnsmasq: build/unit/resolve
	@test/unit/resolve-dnsmasq

TEST_STEPS += resolve-dnsmasq
.PHONY: resolve-dnsmasq
