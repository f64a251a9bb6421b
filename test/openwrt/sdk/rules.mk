# A stand-in for OpenWrt's rules.mk: what our package Makefiles use of it, for `make openwrt-package`.
# TARGET_CC, TARGET_LDFLAGS, STAGE (the staged tree) and BUILD_DIR come from the caller.
INCLUDE_DIR = $(TOPDIR)/include
PKG_BUILD_DIR = $(BUILD_DIR)/$(PKG_NAME)-$(PKG_VERSION)
STAGING_DIR = $(BUILD_DIR)/staging
TARGET_CFLAGS = -Os
CP = cp -fpR
INSTALL_DIR = install -d -m0755
INSTALL_BIN = install -m0755
INSTALL_DATA = install -m0644
INSTALL_CONF = install -m0600
