# credis: named, typed, documented values for instruments.
#   make            build everything into build/
#   make run        the demo: credisd with its embedded store and a telescope
#   make test       every test; ends with "N passed, N failed"
#   make install    PREFIX, DESTDIR; make uninstall takes away again, but not the configuration
#   make fuzz       every fuzz target for FUZZ_SECONDS under libFuzzer
#   make soak       clients at work while everything fails, for SECONDS; SEED replays one
#   make campaigns  ten of them, ten minutes each, and one table of all
#   make bench      credisd beside Redis and a null dispatcher: a table, and tests/bench/throughput.svg
#   make systest    the end-to-end tests under both kinds of sanitizer, some under valgrind
#   make format, make lint, make packages (what Debian has to offer for all of this)
#   V=1 shows commands; SAN=address,undefined or SAN=thread builds beside the normal tree.

VERSION = 0.1.0
SOMAJOR = 0

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
SBINDIR    ?= $(PREFIX)/sbin
LIBDIR     ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
COMPDIR    ?= $(PREFIX)/share
INSTALL    ?= install
# Found beside the build tree and, installed, beside bin/ and sbin/; empty for distributions.
RPATH      ?= $$ORIGIN:$$ORIGIN/../lib

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
pc = $(shell pkg-config --cflags $(1) 2>/dev/null)
pl = $(shell pkg-config --libs $(1) 2>/dev/null)
SEE_core       := -Iinclude -Isrc $(call pc,jansson)
SEE_redis      := -Iinclude -Isrc $(call pc,hiredis libevent libevent_openssl openssl)
SEE_model      := -Iinclude -Isrc $(call pc,libevent)
SEE_client     := -Iinclude -Isrc $(call pc,libevent jansson)
SEE_dispatcher := -Iinclude -Isrc $(call pc,libevent jansson)
SEE_daemon     := -Iinclude $(call pc,libconfig libevent jansson)
SEE_cli        := -Iinclude $(call pc,libconfig libevent jansson expat)

LIB_RINGS = core redis model client dispatcher
LIB_LIBS  := $(call pl,hiredis libevent libevent_openssl openssl jansson) -lm
PROG_LIBS := $(call pl,libconfig libevent jansson) -lm

objects = $(patsubst src/%.c,$(B)/src/%.o,$(wildcard src/$(1)/*.c))
LIB_OBJ = $(foreach ring,$(LIB_RINGS),$(call objects,$(ring)))

comma := ,
Q = $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)	$(2)")

NEEDS = hiredis libevent libevent_openssl openssl jansson libconfig expat

all: $(B)/libcredis.so.$(SOMAJOR) $(B)/libcredis.a $(B)/credisd $(B)/credis

$(B)/needs: Makefile
	$(Q)mkdir -p $(B)
	$(Q)pkg-config --exists --print-errors $(NEEDS) && touch $@ || \
	    { echo "make packages installs what is missing"; exit 1; } >&2

define ring
$(B)/src/$(1)/%.o: src/$(1)/%.c Makefile | $(B)/needs
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(CC) $(BASE) $$(SEE_$(1)) $(CFLAGS) $(CPPFLAGS) -c -o $$@ $$<
endef
$(foreach r,core redis model client dispatcher daemon cli,$(eval $(call ring,$(r))))

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
	$(Q)$(LINK) -o $@ $(call objects,daemon) -L$(B) -lcredis $(if $(RPATH),-Wl$(comma)-rpath$(comma)'$(RPATH)') $(PROG_LIBS)

$(B)/credis: PROG_LIBS += $(call pl,expat)
$(B)/credis: $(call objects,cli) $(B)/libcredis.so.$(SOMAJOR)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(call objects,cli) -L$(B) -lcredis $(if $(RPATH),-Wl$(comma)-rpath$(comma)'$(RPATH)') $(PROG_LIBS)

# Unit tests: one program a file, linked with the archive so that the inside can be reached.
UNIT = $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
$(B)/tests/unit/%: tests/unit/%.c $(B)/libcredis.a Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -Iinclude -Isrc -Itests/unit $(call pc,cmocka libevent jansson hiredis) $(CFLAGS) \
	    $(if $(SAN),-fsanitize=$(SAN)) $(UNIT_MORE) -o $@ $< $(B)/libcredis.a $(LIB_LIBS) $(call pl,cmocka)
# Those that fail allocations, of our own code only (fail_alloc.h).
$(B)/tests/unit/%_memory: UNIT_MORE = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup
unit: $(UNIT) programs

# Fuzz targets: with FUZZER=1 and clang under libFuzzer, otherwise replaying files (replay.c).
FUZZ = $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_MAIN = $(if $(FUZZER),-fsanitize=fuzzer,tests/fuzz/replay.c)
$(B)/tests/fuzz/fuzz_config: FUZZ_MORE = $(filter-out %/main.o,$(call objects,daemon))
$(B)/tests/fuzz/fuzz_config: $(call objects,daemon)
$(B)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(B)/libcredis.a Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -Iinclude -Isrc $(call pc,libevent jansson libconfig) $(CFLAGS) -o $@ $< \
	    $(FUZZ_MAIN) $(FUZZ_MORE) $(B)/libcredis.a $(LIB_LIBS) $(PROG_LIBS)
fuzz-replay: $(FUZZ)

# The load of the fault campaign (tests/storm): a program like any user's.
$(B)/tests/storm/client: tests/storm/client.c $(B)/libcredis.so.$(SOMAJOR) Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -Iinclude $(call pc,libevent) $(CFLAGS) -o $@ $< -L$(B) -lcredis \
	    -Wl,-rpath,'$$ORIGIN/../..' $(call pl,libevent)
storm: $(B)/tests/storm/client

# Programs that the end-to-end tests drive, on the public headers alone.
PROGRAMS = $(patsubst %.c,$(B)/%,$(wildcard tests/e2e/programs/*.c))
$(B)/tests/e2e/programs/%: tests/e2e/programs/%.c $(B)/libcredis.so.$(SOMAJOR) Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -Iinclude $(call pc,libevent) $(CFLAGS) -o $@ $< -L$(B) -lcredis \
	    -Wl,-rpath,'$$ORIGIN/../../..' $(call pl,libevent)
programs: $(PROGRAMS)

# The bench's own programs (tests/bench): raw wire, nothing of credis in them; and the library beside hiredis.
$(B)/tests/bench/%: tests/bench/%.c tests/bench/wire.h Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(CFLAGS) -o $@ $<
$(B)/tests/bench/library: tests/bench/library.c $(B)/libcredis.so.$(SOMAJOR) Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -Iinclude -Itests/unit $(call pc,hiredis) $(CFLAGS) -o $@ $< -L$(B) -lcredis \
	    -Wl,-rpath,'$$ORIGIN/../..' $(call pl,hiredis)
$(B)/tests/bench/watch: tests/bench/watch.c tests/bench/wire.h $(B)/libcredis.so.$(SOMAJOR) Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -Iinclude $(call pc,libevent) $(CFLAGS) -o $@ $< -L$(B) -lcredis \
	    -Wl,-rpath,'$$ORIGIN/../..' $(call pl,libevent)
# The same by libraries (others.c): credis', what INDI takes, and MQTT's where it is there; and who owns the values.
OTHERS = credis_load indi_load indi_null $(if $(call pl,libmosquitto),mqtt_load mqtt_null)
$(B)/tests/bench/%_load: tests/bench/%_load.c tests/bench/others.c $(wildcard tests/bench/*.h) Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -Iinclude $(call pc,libevent) $(CFLAGS) -o $@ $< tests/bench/others.c $(OTHER_LIBS) \
	    $(call pl,libevent)
$(B)/tests/bench/%_null: tests/bench/%_null.c $(wildcard tests/bench/*.h) Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(CFLAGS) -o $@ $< $(OTHER_LIBS)
$(B)/tests/bench/credis_load: $(B)/libcredis.so.$(SOMAJOR)
$(B)/tests/bench/credis_%: OTHER_LIBS = -L$(B) -lcredis -Wl,-rpath,'$$ORIGIN/../..'
$(B)/tests/bench/indi_%: OTHER_LIBS = $(call pl,expat)
$(B)/tests/bench/mqtt_%: OTHER_LIBS = $(call pl,libmosquitto)
bench-programs: $(addprefix $(B)/tests/bench/,null load watch library $(OTHERS))

# Whatever needs Debian's packages installs them first and then starts make anew, because pkg-config
# may not have been there when this file was read.
FUZZ_SECONDS ?= 60
SECONDS ?= 600
PYTEST = /usr/bin/python3 -m pytest
jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
again = $(MAKE) --no-print-directory
everything = $(again) $(jobs) $(1) all unit storm bench-programs fuzz-replay

packages:
	@.ci/packages build run test lint fuzz

run:
	@.ci/packages build run
	@$(again) $(jobs) all
	@etc/demo $(B)

test:
	@.ci/packages build run test
	@$(call everything)
	@$(call everything,SAN=address$(comma)undefined)
	@tests/run

fuzz:
	@.ci/packages build fuzz
	@$(again) $(jobs) CC=clang FUZZER=1 SAN=fuzzer-no-link,address,undefined B=build-fuzz fuzz-replay
	@tests/run --build build-fuzz --seconds $(FUZZ_SECONDS) fuzz

soak:
	@.ci/packages build run test
	@$(again) $(jobs) all storm
	@tests/storm/campaign.py --build $(B) --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(STORM)

# Six on one server, four on a pair that Redis Sentinel leads.
campaigns:
	@.ci/packages build run test
	@$(again) $(jobs) all storm
	$(Q)rm -f $(B)/figures
	$(Q)for seed in 1 2 3 4 5 6 "7 --sentinel" "8 --sentinel" "9 --sentinel" "10 --sentinel"; do \
	    tests/storm/campaign.py --build $(B) --seconds 600 --figures $(B)/figures --seed $$seed; done
	$(Q)tests/storm/summary.py $(B)/figures

# BENCH=--short: one placement, a few seconds.
bench:
	@.ci/packages build run test
	@$(again) $(jobs) all bench-programs
	@tests/bench/run.py --build $(B) $(BENCH)
	@tests/bench/counts.py --build $(B) $(BENCH)
	@tests/bench/monitors.py --build $(B) $(BENCH)
	@tests/bench/others.py --build $(B) $(BENCH)
	@tests/bench/keywords.py --build $(B) $(BENCH)
	@tests/bench/cauldron.py --build $(B) $(BENCH)
	@$(B)/tests/bench/library

systest:
	@.ci/packages build run test
	@$(call everything,SAN=address$(comma)undefined)
	@$(call everything,SAN=thread)
	@tests/run --build build-address,undefined unit system
	@tests/run --build build-thread unit system
	@$(again) $(jobs) all && tests/run valgrind

lint:
	@.ci/packages build run test lint
	@$(again) $(jobs) B=build-lint CFLAGS="-O2 -g -Werror" all unit
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --suppress=varFuncNullUB \
	    --include=/usr/include/$(shell $(CC) -print-multiarch)/sys/queue.h \
	    --error-exitcode=1 -Iinclude -Isrc src
	clang-format --dry-run -Werror $(FORMATTED)
	! mandoc -Tlint -Wstyle man/*.[1-8] | grep -v -e "referenced manual not found" -e "outdated mandoc.db"

FORMATTED = $(wildcard include/credis/*.h src/*/*.[ch] tests/unit/*.[ch] tests/fuzz/*.[ch] \
    tests/storm/*.c tests/e2e/programs/*.c man/*.c)
format:
	clang-format -i $(FORMATTED)

# What goes where: "directory mode file…", shared by install and uninstall.
MANPAGES = $(wildcard man/*.[1-8])
define INSTALLED
$(BINDIR) 755 $(B)/credis
$(SBINDIR) 755 $(B)/credisd
$(LIBEXECDIR)/credis 755 $(wildcard etc/drivers/*)
$(INCLUDEDIR)/credis 644 $(wildcard include/credis/*.h)
$(COMPDIR)/bash-completion/completions 644 $(wildcard src/cli/completions/credis)
$(COMPDIR)/zsh/site-functions 644 $(wildcard src/cli/completions/_credis)
$(COMPDIR)/fish/vendor_completions.d 644 $(wildcard src/cli/completions/credis.fish)
$(foreach page,$(MANPAGES),$(MANDIR)/man$(subst .,,$(suffix $(page))) 644 $(page)
)
endef
export INSTALLED
LIBRARY = $(DESTDIR)$(LIBDIR)/libcredis.so
PCFILE  = $(DESTDIR)$(LIBDIR)/pkgconfig/libcredis.pc
UNIT_FILE = $(DESTDIR)$(UNITDIR)/credisd.service
CONFDIR = $(DESTDIR)$(SYSCONFDIR)/credis

# Configuration that is there already stays as it is, and a services.d of the site's own stays free
# of demos.
install: all
	$(Q)echo "$$INSTALLED" | while read -r dir mode files; do for file in $$files; do \
	    $(INSTALL) -D -m $$mode $$file $(DESTDIR)$$dir/$${file##*/} || exit 1; done; done
	$(Q)$(INSTALL) -D -m 644 $(B)/libcredis.so.$(SOMAJOR) $(LIBRARY).$(VERSION)
	$(Q)ln -sf libcredis.so.$(VERSION) $(LIBRARY).$(SOMAJOR)
	$(Q)ln -sf libcredis.so.$(SOMAJOR) $(LIBRARY)
	$(Q)mkdir -p $(dir $(PCFILE)) $(dir $(UNIT_FILE))
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	    -e 's|@VERSION@|$(VERSION)|' src/libcredis.pc.in >$(PCFILE)
	$(Q)sed 's|/usr/sbin/credisd|$(SBINDIR)/credisd|g' systemd/credisd.service >$(UNIT_FILE)
	$(Q)for file in credisd.conf credis.conf; do test -e $(CONFDIR)/$$file || \
	    $(INSTALL) -D -m 644 etc/$$file $(CONFDIR)/$$file; done
	$(Q)test -e $(CONFDIR)/services.d || for file in etc/services.d/*.conf; do \
	    $(INSTALL) -D -m 644 $$file $(CONFDIR)/services.d/$${file##*/} && \
	    sed -i 's|"\.\./drivers/|"$(LIBEXECDIR)/credis/|' $(CONFDIR)/services.d/$${file##*/}; done

uninstall:
	$(Q)echo "$$INSTALLED" | while read -r dir mode files; do for file in $$files; do \
	    rm -f $(DESTDIR)$$dir/$${file##*/}; done; done
	$(Q)rm -f $(LIBRARY) $(LIBRARY).$(SOMAJOR) $(LIBRARY).$(VERSION) $(PCFILE) $(UNIT_FILE)
	$(Q)rmdir $(DESTDIR)$(INCLUDEDIR)/credis $(DESTDIR)$(LIBEXECDIR)/credis 2>/dev/null || true

clean:
	rm -rf build build-*

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all unit programs storm bench-programs bench fuzz-replay packages run test fuzz soak campaigns systest lint format install uninstall clean
