# tocsin: build, test, install. `make help` lists the targets.
STD      := -std=c11 -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
CFLAGS   ?= -O2 -g
FLAVOUR  ?= release
PREFIX   ?= /usr/local
DESTDIR  ?=

EXTRA.release :=
EXTRA.asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
EXTRA.tsan    := -O1 -fsanitize=thread -fno-omit-frame-pointer
EXTRA.fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
LINK.asan     := -fsanitize=address,undefined
LINK.tsan     := -fsanitize=thread
LINK.fuzz     := -fsanitize=address,undefined

LIBS := -lcsv -lopenblas -lsqlite3 -lutf8proc -ljansson -lz -lzstd -lpthread -lm

ifeq ($(FLAVOUR),release)
B := build
else
B := build/$(FLAVOUR)
endif

COMPILE := $(CC) $(STD) $(WARN) $(CFLAGS) $(EXTRA.$(FLAVOUR)) -ffp-contract=off -fno-math-errno -Isrc -MMD -MP
SRC     := $(wildcard src/*/*.c)
OBJ     := $(SRC:%.c=$(B)/obj/%.o)
LIB     := $(B)/libtocsin.a

TOOLS      := $(patsubst tools/%.c,$(B)/%,$(wildcard tools/*.c))
UNIT       := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c))
PROP       := $(patsubst tests/prop/%.c,$(B)/prop/%,$(wildcard tests/prop/*.c))
FAULT      := $(patsubst tests/fault/%.c,$(B)/fault/%,$(wildcard tests/fault/*.c))

.PHONY: all tools unit help clean FORCE
all: $(B)/tocsin

$(B)/tocsin: $(B)/obj/src/main.o $(LIB)
	$(CC) $(LINK.$(FLAVOUR)) $(LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(OBJ)
	@rm -f $@
	ar rcs $@ $^

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

$(B)/flags: FORCE
	@mkdir -p $(B); echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' > $@

# Makers' programs and tests, one file each, linked with the library.
tools: $(TOOLS)
$(TOOLS): $(B)/%: $(B)/obj/tools/%.o $(LIB)
	$(CC) $(LINK.$(FLAVOUR)) $(LDFLAGS) -o $@ $^ $(LIBS)

unit: $(UNIT) $(PROP) $(FAULT)
$(UNIT) $(PROP) $(FAULT): $(B)/%: $(B)/obj/tests/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(LINK.$(FLAVOUR)) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

clean:
	rm -rf build

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
