# A stand-in for OpenWrt's package.mk: `make metadata` prints what the build would read, `make stage` runs the
# package's own recipes into STAGE.
define BuildPackage
metadata:
	@: $$(info Version: $$(PKG_VERSION)-r$$(PKG_RELEASE))
	@: $$(info Source: $$(PKG_SOURCE) $$(PKG_SOURCE_URL) $$(PKG_HASH))
	@: $$(info License: $$(PKG_LICENSE) $$(PKG_LICENSE_FILES))
	@: $$(info Maintainer: $$(PKG_MAINTAINER))
	@: $$(info $$(Package/$(1)))
	@: $$(info $$(Package/$(1)/conffiles))

stage:
	$$(call Build/Prepare)
	$$(call Build/Configure)
	$$(call Build/Compile)
	$$(call Package/$(1)/install,$$(STAGE))
.PHONY: metadata stage
endef
