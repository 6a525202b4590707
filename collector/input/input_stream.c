// SPDX-License-Identifier: Apache-2.0
// Bytes of unknown content: looked at, then handed to the reader that fits.
#include "base/cleanup.h"
#include "base/file.h"
#include "collector/form/gzip.h"
#include "collector/input/input_parts.h"
#include "collector/observe/observe.h"
#include "runtime/dump.h"
#include "runtime/profile_proto.h"
#include "runtime/profile_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES KIB(64)
#define DEPTH_MAX 3 // gzip in gzip

struct stream {
	struct input_reading *reading;
	unsigned depth;
	struct buf head; // until it is known what it is
	bool decided;
	enum looks looks;
	uint64_t bytes;
	bool full; // the reader has reached a limit and keeps what it has
	// One of these.
	struct dump_reader *dump;
	struct profile_text_reader *text;
	struct profile_proto_reader *proto;
	struct metrics_reader *metrics;
	struct observations_reader *observations;
	struct gzip *gzip;
	struct stream *inner; // behind gzip
	int spool; // of a bundle that cannot be read in place
};

static void stream_free(struct stream **stream)
{
	struct stream *s = *stream;

	if (!s)
		return;
	stream_free(&s->inner);
	dump_reader_free(&s->dump);
	profile_text_reader_free(&s->text);
	profile_proto_reader_free(&s->proto);
	metrics_reader_free(&s->metrics);
	observations_reader_free(&s->observations);
	gzip_free(&s->gzip);
	if (s->spool >= 0)
		(void)close(s->spool);
	buf_release(&s->head);
	free(s);
	*stream = NULL;
}

static struct stream *stream_new(struct input_reading *reading, unsigned depth)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->reading = reading;
	stream->depth = depth;
	stream->head = BUF_INIT(SNIFF_BYTES);
	stream->spool = -1;
	return stream;
}

static int on_process(void *context, const struct process *process)
{
	return input_take_process(context, process);
}

static int on_observation(void *context, const struct observation *observation)
{
	return input_take_observation(context, observation);
}

static int on_state(void *context, const struct observed_state *state)
{
	return input_take_state(context, state);
}

static int stream_feed(struct stream *stream, struct str data, struct error *error);
static int stream_finish(struct stream *stream, struct error *error);

static int feed_inner(void *context, const void *data, size_t len, struct error *error)
{
	return stream_feed(context, (struct str){data, len}, error);
}

static int open_spool(struct error *error)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	if (!folder || !folder[0])
		folder = "/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd >= 0 ? fd
		       : error_set(error, -errno, "create a temporary file in %s: %s", folder,
				 strerror(errno));
}

static int refuse(const struct stream *stream, struct error *error)
{
	const struct input_reading *reading = stream->reading;

	if (stream->looks == LOOKS_FINDINGS)
		return error_set(error, -ENODATA,
			"%.*s holds findings, which are the result: give the bundle, the "
			"observations.jsonl or the dumps that it was made from",
			STR_ARG(reading->path));
	return error_set(error, -ENODATA,
		"%.*s looks like %s: nothing in it tells of goroutines. Give a bundle, goroutine "
		"dumps or profiles, logs that hold dumps, or observations.jsonl",
		STR_ARG(reading->path), looks_name(stream->looks));
}

static int open_observations(struct stream *stream)
{
	const struct observations_handler handler = {
		on_process, on_observation, stream->reading, on_state};

	stream->reading->input->kind = INPUT_OBSERVATIONS;
	stream->observations = observations_reader_new(stream->reading->input->stacks, &handler);
	return stream->observations ? 0 : -ENOMEM;
}

static int open_gzip(struct stream *stream)
{
	uint64_t max = stream->reading->options.max_bytes;

	stream->inner = stream_new(stream->reading, stream->depth + 1);
	if (stream->inner)
		stream->gzip = gzip_new(GZIP_UNPACK, max, (struct sink){feed_inner, stream->inner});
	return stream->gzip ? 0 : -ENOMEM;
}

// Opens the reader for what it looks like.
static int open_reader(struct stream *stream, struct error *error)
{
	struct stacks *stacks = stream->reading->input->stacks;
	bool opened;

	switch (stream->looks) {
	case LOOKS_DUMP:
		opened = (stream->dump = dump_reader_new(stacks, SOURCE_DEBUG2));
		break;
	case LOOKS_LOG:
		opened = (stream->dump = dump_reader_new(stacks, SOURCE_LOG));
		break;
	case LOOKS_PROFILE_TEXT:
		opened = (stream->text = profile_text_reader_new(stacks));
		break;
	case LOOKS_PROFILE_PROTO:
		opened = (stream->proto = profile_proto_reader_new(stacks));
		break;
	case LOOKS_METRICS:
		opened = (stream->metrics = metrics_reader_new(NULL));
		break;
	case LOOKS_OBSERVATIONS:
		opened = open_observations(stream) == 0;
		break;
	case LOOKS_GZIP:
		if (stream->depth >= DEPTH_MAX)
			return refuse(stream, error);
		opened = open_gzip(stream) == 0;
		break;
	case LOOKS_TAR:
		stream->spool = open_spool(error);
		return stream->spool < 0 ? stream->spool : 0;
	default:
		return refuse(stream, error);
	}
	return opened ? 0 : error_no_memory(error, "a reader");
}

static int feed_reader(struct stream *stream, struct str data, struct error *error)
{
	int r;

	if (stream->full || data.len == 0)
		return 0;
	if (stream->gzip)
		return gzip_feed(stream->gzip, data.data, data.len, error);
	if (stream->observations)
		return observations_reader_feed(stream->observations, data.data, data.len, error);
	if (stream->spool >= 0)
		return fd_write_all(stream->spool, data.data, data.len, "a temporary file", error);
	if (stream->dump)
		r = dump_reader_feed(stream->dump, data.data, data.len);
	else if (stream->text)
		r = profile_text_reader_feed(stream->text, data.data, data.len);
	else if (stream->proto)
		r = profile_proto_reader_feed(stream->proto, data.data, data.len);
	else
		r = metrics_reader_feed(stream->metrics, data.data, data.len);
	if (r == -EFBIG) {
		stream->full = true;
		input_warn(stream->reading->input,
			"%.*s holds more than parkwatch reads at once: its end is left out",
			STR_ARG(stream->reading->path));
		return 0;
	}
	return r < 0 ? error_set(error, r, "read %.*s: %s", STR_ARG(stream->reading->path),
			       strerror(-r))
		     : 0;
}

static int decide(struct stream *stream, struct error *error)
{
	int r;

	stream->decided = true;
	stream->looks = sniff(buf_str(&stream->head));
	r = open_reader(stream, error);
	return r < 0 ? r : feed_reader(stream, buf_str(&stream->head), error);
}

static int stream_feed(struct stream *stream, struct str data, struct error *error)
{
	int r;

	if (data.len > stream->reading->options.max_bytes - stream->bytes)
		return error_set(error, -EFBIG, "%.*s exceeds %llu bytes",
			STR_ARG(stream->reading->path),
			(unsigned long long)stream->reading->options.max_bytes);
	stream->bytes += data.len;
	if (!stream->decided) {
		struct str part = str_head(data, SNIFF_BYTES - stream->head.len);

		buf_add(&stream->head, part);
		if (buf_failed(&stream->head))
			return error_no_memory(error, "the beginning of a file");
		if (stream->head.len < SNIFF_BYTES)
			return 0;
		data = str_skip(data, part.len);
		r = decide(stream, error);
		if (r < 0)
			return r;
	}
	return feed_reader(stream, data, error);
}

// A profile.proto does not say whether it is of blocking or of mutexes: its name mostly does.
static void heed_name(const struct input_reading *reading, struct snapshot *snapshot)
{
	struct str name = str_basename(reading->path);

	if (snapshot->source != SOURCE_DEBUG0 ||
		(snapshot->profile != PROFILE_BLOCK && snapshot->profile != PROFILE_MUTEX))
		return;
	if (str_find(name, STR("block")) < name.len)
		snapshot->profile = PROFILE_BLOCK;
	else if (str_find(name, STR("mutex")) < name.len)
		snapshot->profile = PROFILE_MUTEX;
}

static int take_list(struct stream *stream, struct snapshot_list *list, struct error *error)
{
	struct input_reading *reading = stream->reading;
	size_t count = list->count;
	int r;

	for (size_t i = 0; i < count; i++)
		heed_name(reading, list->items[i]);
	r = input_take_snapshots(reading, list);
	snapshot_list_release(list);
	if (r < 0)
		return error_set(
			error, r, "take in %.*s: %s", STR_ARG(reading->path), strerror(-r));
	if (count == 0)
		return error_set(error, -ENODATA,
			"no goroutine dump found in %.*s (%llu bytes of text)",
			STR_ARG(reading->path), (unsigned long long)stream->bytes);
	return 0;
}

static int finish_snapshots(struct stream *stream, struct error *error)
{
	struct snapshot_list list = {0};
	int r;

	if (stream->dump)
		r = dump_reader_finish(stream->dump, &list);
	else if (stream->text)
		r = profile_text_reader_finish(stream->text, &list);
	else
		r = profile_proto_reader_finish(stream->proto, &list, error);
	if (r < 0) {
		snapshot_list_release(&list);
		// Only the reader of profile.proto explains itself.
		if (stream->proto)
			return error_wrap(error, "%.*s", STR_ARG(stream->reading->path));
		return error_set(
			error, r, "read %.*s: %s", STR_ARG(stream->reading->path), strerror(-r));
	}
	return take_list(stream, &list, error);
}

static int finish_metrics(struct stream *stream, struct error *error)
{
	struct metrics metrics;
	int r = metrics_reader_finish(stream->metrics, &metrics);

	if (r == 0)
		r = input_take_metrics(stream->reading, &metrics);
	return r < 0 ? error_set(error, r, "read %.*s: %s", STR_ARG(stream->reading->path),
			       strerror(-r))
		     : 0;
}

static int finish_observations(struct stream *stream, struct error *error)
{
	struct input *input = stream->reading->input;
	struct observations_summary summary;
	int r = observations_reader_finish(stream->observations, &summary, error);

	if (r < 0)
		return r;
	input->lines_skipped += summary.skipped;
	if (summary.damage_count > 0)
		input_warn(input, "%.*s: line %llu: %s%s", STR_ARG(stream->reading->path),
			(unsigned long long)summary.damage[0].line, summary.damage[0].reason,
			summary.damage_count > 1 ? " (and others)" : "");
	if (summary.cut)
		input_warn(
			input, "%.*s ends in the middle of a line", STR_ARG(stream->reading->path));
	return 0;
}

static int finish_gzip(struct stream *stream, struct error *error)
{
	struct error damage = {0};
	int r = gzip_finish(stream->gzip, &damage);

	// What came out before the end is still worth reading.
	if (r < 0)
		input_warn(stream->reading->input, "%.*s: %s", STR_ARG(stream->reading->path),
			damage.text);
	return stream_finish(stream->inner, error);
}

static int stream_finish(struct stream *stream, struct error *error)
{
	int r = 0, fd;

	if (!stream->decided)
		r = decide(stream, error);
	if (r < 0)
		return r;
	if (stream->gzip)
		return finish_gzip(stream, error);
	if (stream->observations)
		return finish_observations(stream, error);
	if (stream->metrics)
		return finish_metrics(stream, error);
	if (stream->spool >= 0) {
		fd = stream->spool;
		stream->spool = -1;
		return input_read_bundle(stream->reading, fd, error);
	}
	return finish_snapshots(stream, error);
}

static enum looks innermost(const struct stream *stream)
{
	return stream->inner ? innermost(stream->inner) : stream->looks;
}

static int pump(struct stream *stream, int fd, struct error *error)
{
	cleanup(free_pointer) char *piece = malloc(PIECE_BYTES);
	int r = piece ? 0 : error_no_memory(error, "a file");

	while (r == 0) {
		ssize_t got = read(fd, piece, PIECE_BYTES);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(error, -errno, "read %.*s: %s",
				STR_ARG(stream->reading->path), strerror(errno));
		if (got == 0)
			break;
		r = stream_feed(stream, (struct str){piece, (size_t)got}, error);
	}
	return r;
}

int input_read_fd(struct input_reading *reading, int fd, enum looks *ret_looks, struct error *error)
{
	cleanup(stream_free) struct stream *stream = stream_new(reading, 0);
	int r = stream ? pump(stream, fd, error) : error_no_memory(error, "a file");

	if (r == 0)
		r = stream_finish(stream, error);
	if (stream)
		*ret_looks = innermost(stream);
	return r;
}

int input_read_member(struct input_reading *reading, const struct bundle_file *file,
	const struct artifact *artifact, struct error *error)
{
	cleanup(stream_free) struct stream *stream = stream_new(reading, 1);
	struct error ignored = {0};
	int r;

	if (!stream)
		return error_no_memory(error, "a member of the bundle");
	r = bundle_read(file, artifact, reading->options.max_bytes,
		(struct sink){feed_inner, stream}, error);
	if (r == 0)
		return stream_finish(stream, error);
	// What came out before the damage is still worth reading, if the caller thinks so.
	if (r == -EBADMSG && reading->options.damaged) {
		int finished = stream_finish(stream, &ignored);

		if (finished == -ENOMEM)
			return error_no_memory(error, "a member of the bundle");
	}
	return r;
}
