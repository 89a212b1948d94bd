# credis: named, typed, documented values for instruments.
#   make            build everything into build/
#   make run        the demo: credisd with its embedded store
#   make test       every test
#   V=1 shows commands; SAN=address,undefined or SAN=thread builds beside the normal tree.

VERSION = 0.1.0
SOMAJOR = 0

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
SBINDIR    ?= $(PREFIX)/sbin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
INSTALL    ?= install

CC     ?= cc
CFLAGS ?= -O2 -g
SAN    ?=
B      := build$(if $(SAN),-$(SAN))

WARN  = -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wpointer-arith \
        -Wwrite-strings -Wundef -Wvla -Wformat=2 -Werror=implicit-function-declaration
BASE  = -std=c11 -D_GNU_SOURCE -DCREDIS_VERSION='"$(VERSION)"' $(WARN) -fPIC \
        -fno-semantic-interposition -MMD -MP \
        $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
LINK  = $(CC) $(CFLAGS) $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN))

# What each ring may see. The compiler enforces it.
pc          = $(shell pkg-config --cflags $(1) 2>/dev/null)
pl          = $(shell pkg-config --libs $(1) 2>/dev/null)
SEE_core       = -Iinclude -Isrc $(call pc,jansson)
SEE_redis      = -Iinclude -Isrc $(call pc,hiredis libevent libevent_openssl openssl)
SEE_client     = -Iinclude -Isrc $(call pc,libevent jansson)
SEE_dispatcher = -Iinclude -Isrc $(call pc,libevent jansson)
SEE_daemon     = -Iinclude $(call pc,libconfig libevent jansson)
SEE_cli        = -Iinclude $(call pc,libconfig libevent jansson)

LIB_RINGS = core redis client dispatcher
LIB_LIBS  = $(call pl,hiredis libevent libevent_openssl openssl jansson) -lm
PROG_LIBS = $(call pl,libconfig libevent jansson) -lm

objects = $(patsubst src/%.c,$(B)/src/%.o,$(wildcard src/$(1)/*.c))
LIB_OBJ = $(foreach ring,$(LIB_RINGS),$(call objects,$(ring)))

Q = $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)	$(2)")

all: $(B)/libcredis.so.$(SOMAJOR) $(B)/libcredis.a $(B)/credisd $(B)/credis

define ring
$(B)/src/$(1)/%.o: src/$(1)/%.c Makefile
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(CC) $(BASE) $$(SEE_$(1)) $(CFLAGS) $(CPPFLAGS) -c -o $$@ $$<
endef
$(foreach r,core redis client dispatcher daemon cli,$(eval $(call ring,$(r))))

$(B)/libcredis.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/libcredis.so.$(SOMAJOR): $(LIB_OBJ) src/libcredis.map
	$(call say,LD,$@)
	$(Q)$(LINK) -shared -Wl,-soname,libcredis.so.$(SOMAJOR) -Wl,--version-script=src/libcredis.map \
	    $(if $(SAN),,-Wl,-z,defs) -o $@ $(LIB_OBJ) $(LIB_LIBS)
	$(Q)ln -sf libcredis.so.$(SOMAJOR) $(B)/libcredis.so

$(B)/credisd: $(call objects,daemon) $(B)/libcredis.so.$(SOMAJOR)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(call objects,daemon) -L$(B) -lcredis -Wl,-rpath,'$$ORIGIN' $(PROG_LIBS)

$(B)/credis: $(call objects,cli) $(B)/libcredis.so.$(SOMAJOR)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(call objects,cli) -L$(B) -lcredis -Wl,-rpath,'$$ORIGIN' $(PROG_LIBS)

# Unit tests: one program a file, linked with the archive so that the inside can be reached.
UNIT = $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
$(B)/tests/unit/%: tests/unit/%.c $(B)/libcredis.a Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -Iinclude -Isrc -Itests/unit $(call pc,cmocka libevent jansson hiredis) $(CFLAGS) \
	    $(if $(SAN),-fsanitize=$(SAN)) -o $@ $< $(B)/libcredis.a $(LIB_LIBS) $(call pl,cmocka)
unit: $(UNIT)

# Fuzz targets: under libFuzzer with CC=clang, or replaying files with tests/fuzz/replay.c.
FUZZ = $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
$(B)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(B)/libcredis.a Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -Iinclude -Isrc $(call pc,libevent jansson libconfig) $(CFLAGS) -o $@ $< tests/fuzz/replay.c \
	    $(B)/libcredis.a $(LIB_LIBS)
fuzz-replay: $(FUZZ)

clean:
	rm -rf build build-*

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all unit fuzz-replay clean
