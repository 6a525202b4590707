// SPDX-License-Identifier: Apache-2.0
// Reads one goroutine dump again and again with our reader, or only splits it into lines with the
// C library's memchr (the limit), and prints what it found and how fast as one JSON line.
//
//	bench-readers parkwatch|memchr FILE [SECONDS]
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "runtime/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

// As much at a time as an HTTP client hands over.
#define PIECE KIB(64)

struct found {
	uint64_t goroutines;
	uint32_t stacks;
	uint64_t anonymous_bytes; // with all of it still held
};

static uint64_t anonymous_bytes(void)
{
	cleanup(buf_release) struct buf text = BUF_INIT(KIB(16));
	struct str rest, line, number;
	uint64_t kib = 0;

	if (file_read("/proc/self/smaps_rollup", &text, NULL) < 0)
		return 0;
	rest = buf_str(&text);
	while (str_next_line(&rest, &line)) {
		if (!str_starts(line, STR("Anonymous:")))
			continue;
		number = str_trim(str_skip(line, STR("Anonymous:").len));
		(void)str_to_u64(str_cut(&number, ' '), UINT32_MAX, &kib);
	}
	return kib << 10;
}

static int feed(struct dump_reader *reader, struct str dump)
{
	while (dump.len) {
		struct str piece = str_head(dump, PIECE);
		int r = dump_reader_feed(reader, piece.data, piece.len);

		if (r < 0)
			return r;
		dump = str_skip(dump, piece.len);
	}
	return 0;
}

static int with_parkwatch(struct str dump, struct found *ret)
{
	cleanup(stacks_free) struct stacks *stacks = stacks_new(LIMIT_TRACE_TABLE);
	cleanup(dump_reader_free) struct dump_reader *reader = NULL;
	cleanup(snapshot_list_release) struct snapshot_list list = {0};
	int r;

	if (!stacks)
		return -ENOMEM;
	reader = dump_reader_new(stacks, SOURCE_DEBUG2);
	if (!reader)
		return -ENOMEM;
	r = feed(reader, dump);
	if (r < 0)
		return r;
	r = dump_reader_finish(reader, &list);
	if (r < 0)
		return r;
	*ret = (struct found){.stacks = stacks_count(stacks), .anonymous_bytes = anonymous_bytes()};
	for (size_t i = 0; i < list.count; i++)
		ret->goroutines += list.items[i]->goroutine_count;
	return 0;
}

static int with_memchr(struct str dump, struct found *ret)
{
	const char *at = dump.data, *end = at + dump.len;

	*ret = (struct found){0};
	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		at++;
		// Records are separated by an empty line.
		if (at < end && *at == '\n')
			ret->goroutines++;
	}
	ret->goroutines++;
	return 0;
}

static int open_dump(const char *path, struct str *ret)
{
	cleanup(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *data;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	*ret = (struct str){.data = data, .len = (size_t)status.st_size};
	return 0;
}

int main(int argc, char **argv)
{
	struct str dump = STR_EMPTY;
	struct found found = {0};
	double best = 0, seconds = 1, begun;
	bool ours = argc > 1 && strcmp(argv[1], "parkwatch") == 0;
	int r;

	if (argc < 3 || (!ours && strcmp(argv[1], "memchr") != 0) ||
		(argc > 3 && !str_to_double(str_of(argv[3]), &seconds))) {
		fprintf(stderr, "usage: bench-readers parkwatch|memchr FILE [SECONDS]\n");
		return 2;
	}
	r = open_dump(argv[2], &dump);
	// As many passes as fit, at least one; the fastest counts.
	begun = clock_mono_ms();
	while (r == 0 && (best == 0 || clock_mono_ms() - begun < seconds * 1000)) {
		double pass = clock_mono_ms(), speed;

		r = ours ? with_parkwatch(dump, &found) : with_memchr(dump, &found);
		speed = (double)dump.len / (1 << 20) / (clock_mono_ms() - pass) * 1000;
		best = speed > best ? speed : best;
	}
	if (r < 0) {
		fprintf(stderr, "bench-readers: %s: %s\n", argv[2], strerror(-r));
		return 1;
	}
	printf("{\"name\":\"%s\",\"goroutines\":%lu,\"stacks\":%u,\"mib_per_s\":%.1f,"
	       "\"anonymous_bytes\":%lu}\n",
		argv[1], found.goroutines, found.stacks, best, found.anonymous_bytes);
	return 0;
}
