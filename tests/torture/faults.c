// SPDX-License-Identifier: Apache-2.0
// A library to preload that makes one call of a program fail: the N-th allocation, or the N-th
// write, fsync, rename, close or open.
//
//	FAULT_KIND   malloc | write | fsync | rename | close | openat
//	FAULT_AT     which call fails, from 1
//	FAULT_ERRNO  ENOSPC | EIO | EINTR | ENOMEM | short (a write that takes one byte)
//	FAULT_SEEN   a file that gets one line at the end: how many such calls there were,
//		     whether one failed (1 or 0), how many allocations were never freed
//
// Only calls from the program itself count, not those that libraries make for themselves: the
// libraries' own answers to failure are not ours to test. A close that fails does close.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIVE_SLOTS 65536 // of a table; three quarters are used at most

static struct {
	char kind[16];
	unsigned long at;
	int code;
	bool shortened;
	char seen[256];
} plan;

static atomic_ulong calls;
static atomic_bool failed;
static uintptr_t program_begin, program_end;

// The allocations of the program that live: open addressing, 0 is free.
static uintptr_t live[LIVE_SLOTS];
static size_t live_count;
static atomic_flag live_lock = ATOMIC_FLAG_INIT;

#define EXPORT __attribute__((visibility("default")))

static int find_program(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	// The first object is the program.
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
			continue;
		program_begin = info->dlpi_addr + part->p_vaddr;
		program_end = program_begin + part->p_memsz;
	}
	return 1;
}

static int code_of(const char *name)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EINTR", EINTR}, {"ENOMEM", ENOMEM}};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(name, codes[i].name) == 0)
			return codes[i].code;
	return EIO;
}

static size_t live_slot(uintptr_t address)
{
	return (size_t)((address >> 4) * 0x9e3779b97f4a7c15u >> 40) % LIVE_SLOTS;
}

static size_t live_find(uintptr_t address)
{
	size_t at = live_slot(address);

	while (live[at] && live[at] != address)
		at = (at + 1) % LIVE_SLOTS;
	return at;
}

static void live_begin(void *memory)
{
	while (atomic_flag_test_and_set(&live_lock))
		continue;
	if (memory && live_count < LIVE_SLOTS / 4 * 3) {
		live[live_find((uintptr_t)memory)] = (uintptr_t)memory;
		live_count++;
	}
	atomic_flag_clear(&live_lock);
}

// What stood behind the one that goes moves up, so that each is found from its own slot.
static void live_close_gap(size_t gap)
{
	for (size_t at = (gap + 1) % LIVE_SLOTS; live[at]; at = (at + 1) % LIVE_SLOTS) {
		size_t home = live_slot(live[at]);

		if ((at - home) % LIVE_SLOTS < (at - gap) % LIVE_SLOTS)
			continue;
		live[gap] = live[at];
		live[at] = 0;
		gap = at;
	}
}

static void live_end(void *memory)
{
	size_t at;

	while (atomic_flag_test_and_set(&live_lock))
		continue;
	at = live_find((uintptr_t)memory);
	if (memory && live[at]) {
		live[at] = 0;
		live_count--;
		live_close_gap(at);
	}
	atomic_flag_clear(&live_lock);
}

// getenv does not allocate, so that this may run before the program's first call.
__attribute__((constructor)) static void begin(void)
{
	const char *kind = getenv("FAULT_KIND"), *at = getenv("FAULT_AT");
	const char *code = getenv("FAULT_ERRNO"), *seen = getenv("FAULT_SEEN");

	(void)dl_iterate_phdr(find_program, NULL);
	if (kind)
		(void)snprintf(plan.kind, sizeof(plan.kind), "%s", kind);
	if (seen)
		(void)snprintf(plan.seen, sizeof(plan.seen), "%s", seen);
	plan.at = at ? strtoul(at, NULL, 10) : 0;
	plan.code = code_of(code ? code : "");
	plan.shortened = code && strcmp(code, "short") == 0;
}

__attribute__((destructor)) static void end(void)
{
	char line[64];
	int fd, len;

	if (!plan.seen[0])
		return;
	fd = (int)syscall(SYS_openat, AT_FDCWD, plan.seen, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	len = snprintf(line, sizeof(line), "%lu %d %zu\n", atomic_load(&calls),
		atomic_load(&failed), live_count);
	(void)!syscall(SYS_write, fd, line, len);
	(void)syscall(SYS_close, fd);
}

static bool is_ours(const void *caller)
{
	return (uintptr_t)caller >= program_begin && (uintptr_t)caller < program_end;
}

static bool is_turn(const char *kind, const void *caller)
{
	if (strcmp(plan.kind, kind) != 0 || !is_ours(caller))
		return false;
	if (atomic_fetch_add(&calls, 1) + 1 != plan.at)
		return false;
	atomic_store(&failed, true);
	return true;
}

#define CALLER __builtin_return_address(0)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void __libc_free(void *memory);

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

static void *allocated(void *memory, const void *caller)
{
	if (is_ours(caller))
		live_begin(memory);
	return memory;
}

static void *reallocated(void *memory, size_t size, const void *caller)
{
	void *moved;

	live_end(memory);
	moved = __libc_realloc(memory, size);
	(void)allocated(moved || size == 0 ? moved : memory, caller);
	return moved;
}

EXPORT void *malloc(size_t size)
{
	return is_turn("malloc", CALLER) ? no_memory() : allocated(__libc_malloc(size), CALLER);
}

EXPORT void *calloc(size_t count, size_t size)
{
	return is_turn("malloc", CALLER) ? no_memory()
					 : allocated(__libc_calloc(count, size), CALLER);
}

EXPORT void *realloc(void *memory, size_t size)
{
	return is_turn("malloc", CALLER) ? no_memory() : reallocated(memory, size, CALLER);
}

EXPORT void *reallocarray(void *memory, size_t count, size_t size)
{
	size_t total;

	if (is_turn("malloc", CALLER) || __builtin_mul_overflow(count, size, &total))
		return no_memory();
	return reallocated(memory, total, CALLER);
}

EXPORT void free(void *memory)
{
	live_end(memory);
	__libc_free(memory);
}

EXPORT char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy =
		is_turn("malloc", CALLER) ? no_memory() : allocated(__libc_malloc(size), CALLER);

	return copy ? memcpy(copy, text, size) : NULL;
}

EXPORT char *strndup(const char *text, size_t max)
{
	size_t len = strnlen(text, max);
	char *copy =
		is_turn("malloc", CALLER) ? no_memory() : allocated(__libc_malloc(len + 1), CALLER);

	if (!copy)
		return NULL;
	copy[len] = '\0';
	return memcpy(copy, text, len);
}

static int fail(void)
{
	errno = plan.code;
	return -1;
}

EXPORT ssize_t write(int fd, const void *data, size_t len)
{
	if (is_turn("write", CALLER)) {
		if (!plan.shortened)
			return fail();
		len = len > 1 ? 1 : len;
	}
	return syscall(SYS_write, fd, data, len);
}

EXPORT int fsync(int fd)
{
	return is_turn("fsync", CALLER) ? fail() : (int)syscall(SYS_fsync, fd);
}

EXPORT int rename(const char *from, const char *to)
{
	return is_turn("rename", CALLER)
		       ? fail()
		       : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

EXPORT int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	return is_turn("rename", CALLER)
		       ? fail()
		       : (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 0);
}

EXPORT int close(int fd)
{
	bool turn = is_turn("close", CALLER);
	int r = (int)syscall(SYS_close, fd);

	return turn ? fail() : r;
}

static int open_at(int folder, const char *path, int flags, unsigned mode, const void *caller)
{
	return is_turn("openat", caller) ? fail()
					 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

EXPORT int open(const char *path, int flags, ...)
{
	va_list arguments;
	unsigned mode;

	va_start(arguments, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, unsigned) : 0;
	va_end(arguments);
	return open_at(AT_FDCWD, path, flags, mode, CALLER);
}

EXPORT int openat(int folder, const char *path, int flags, ...)
{
	va_list arguments;
	unsigned mode;

	va_start(arguments, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, unsigned) : 0;
	va_end(arguments);
	return open_at(folder, path, flags, mode, CALLER);
}

// With 64-bit file offsets the compiler calls these.
EXPORT int open64(const char *path, int flags, ...) __attribute__((alias("open")));
EXPORT int openat64(int folder, const char *path, int flags, ...) __attribute__((alias("openat")));
// Fortified calls without a mode.
EXPORT int __open_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0, CALLER);
}

EXPORT int __open64_2(const char *path, int flags) __attribute__((alias("__open_2")));

EXPORT int __openat_2(int folder, const char *path, int flags)
{
	return open_at(folder, path, flags, 0, CALLER);
}

EXPORT int __openat64_2(int folder, const char *path, int flags)
	__attribute__((alias("__openat_2")));
