// SPDX-License-Identifier: Apache-2.0
// Bundles: whole or absent, the same bytes for the same members, and no changed byte unnoticed.
//
// Each bit of a bundle is flipped and each length is cut: PARKWATCH_FLIP_KIB sets the size of what
// is in that bundle. The default of 1 takes about two seconds on two idle cores; 200, which is the
// soak's, is 1.7 million verifications: four minutes of processor time.
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "collector/bundle/bundle.h"
#include "collector/bundle/verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define WALL_MS 1763694951123
#define MEMBERS 8
#define FLIP_MEMBERS 2 // the fewer, the shorter the manifest that each verification reads
#define FLIP_PROCESSES 2

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/parkwatch-bundle-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static void remove_all(const char *path)
{
	DIR *entries = opendir(path);
	struct dirent *entry;
	char full[512];

	while (entries && (entry = readdir(entries))) {
		(void)snprintf(full, sizeof(full), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			(void)unlink(full);
	}
	if (entries)
		(void)closedir(entries);
	(void)rmdir(path);
}

static int remove_folder(void **state)
{
	(void)state;
	remove_all(folder);
	return 0;
}

static const char *in_folder(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

// How many names are in the folder, the hidden ones as well.
static int count_names(void)
{
	DIR *entries = opendir(folder);
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(entries)))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	(void)closedir(entries);
	return count;
}

static struct str noise(size_t len, uint64_t seed)
{
	static char bytes[KIB(256)];

	for (size_t i = 0; i < len; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = (char)(seed >> 56);
	}
	return (struct str){bytes, len};
}

// A bundle with `members` dumps of `kib` KiB in all, and what goes with them; they come in an order
// that is not that of the bundle.
static void write_bundle(const char *path, int members, size_t kib, struct bundle_result *result)
{
	struct error error = {0};
	struct bundle *bundle;
	struct artifact facts = ARTIFACT_INIT;
	json_t *head = json_pack("{s:{s:s}}", "tool", "name", "parkwatch");

	assert_int_equal(bundle_create(&bundle, path, WALL_MS, &error), 0);
	assert_int_equal(bundle_add(bundle, "errors.jsonl", 0, STR(""), NULL, &error), 0);
	for (int i = members; i > 0; i--) {
		char member[100];

		(void)snprintf(member, sizeof(member),
			"targets/shop/gateway-7f/app/%04d-20261121T031551Z/goroutine.txt", i);
		facts.target = STR("shop/gateway-7f/app");
		facts.kind = STR("goroutine");
		facts.duration_ms = 12.5;
		facts.http_status = 200;
		assert_int_equal(
			bundle_add(bundle, member, BUNDLE_GZIP,
				noise(kib * 1024 / (size_t)members + (size_t)i, (uint64_t)i),
				&facts, &error),
			0);
	}
	assert_int_equal(bundle_add(bundle, "report.html", 0, STR("<html>"), NULL, &error), 0);
	assert_int_equal(bundle_add(bundle, "findings.json", 0, STR("{}\n"), NULL, &error), 0);
	assert_int_equal(
		bundle_add(bundle, "observations.jsonl", BUNDLE_GZIP, STR("{}\n"), NULL, &error),
		0);
	assert_int_equal(bundle_finish(bundle, head, result, &error), 0);
	json_decref(head);
	bundle_free(&bundle);
}

static struct str read_whole(const char *path, struct buf *buf)
{
	struct error error = {0};

	*buf = BUF_INIT(MIB(16));
	assert_int_equal(file_read(path, buf, &error), 0);
	return buf_str(buf);
}

static void a_whole_bundle_verifies(void **state)
{
	struct bundle_result result;
	struct verified verified;
	struct error error = {0};
	struct stat status;
	int fd;

	(void)state;
	write_bundle(in_folder("a.tar"), MEMBERS, 8, &result);
	assert_int_equal(count_names(), 1); // no spool is left
	assert_int_equal(stat(in_folder("a.tar"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(status.st_size, result.size);
	fd = open(in_folder("a.tar"), O_RDONLY);
	assert_int_equal(verify_fd(fd, &verified, &error), 0);
	(void)close(fd);
	assert_string_equal(verified.sha256, result.sha256);
	assert_int_equal(verified.size, result.size);
	assert_int_equal(verified.members, 14);
}

static void the_same_members_give_the_same_bytes(void **state)
{
	struct bundle_result a, b;

	(void)state;
	write_bundle(in_folder("a.tar"), MEMBERS, 8, &a);
	write_bundle(in_folder("b.tar"), MEMBERS, 8, &b);
	assert_string_equal(a.sha256, b.sha256);
}

static size_t flip_kib(void)
{
	const char *text = getenv("PARKWATCH_FLIP_KIB");
	uint64_t kib;

	return text && str_to_u64(str_of(text), 4096, &kib) ? (size_t)kib : 1;
}

// The first bit that may be flipped, of those in every FLIP_PROCESSES-th byte; none: 8 * len.
static size_t first_unnoticed(const struct buf *bundle, size_t first_byte)
{
	for (size_t i = first_byte; i < bundle->len; i += FLIP_PROCESSES) {
		for (size_t bit = 0; bit < 8; bit++) {
			int r;

			bundle->data[i] ^= (char)(1 << bit);
			r = verify_memory(buf_str(bundle), NULL, NULL);
			bundle->data[i] ^= (char)(1 << bit);
			if (r != -EBADMSG)
				return 8 * i + bit;
		}
	}
	return 8 * bundle->len;
}

static pid_t start_flipping(const struct buf *bundle, size_t first_byte, int out)
{
	pid_t child = fork();
	size_t bit;

	if (child == 0) {
		bit = first_unnoticed(bundle, first_byte);
		_exit(write(out, &bit, sizeof(bit)) == sizeof(bit) ? 0 : 1);
	}
	assert_true(child > 0);
	return child;
}

static void every_flipped_bit_is_noticed(void **state)
{
	struct bundle_result result;
	pid_t children[FLIP_PROCESSES];
	struct str whole;
	struct buf copy;
	int ends[2];

	(void)state;
	write_bundle(in_folder("flip.tar"), FLIP_MEMBERS, flip_kib(), &result);
	whole = read_whole(in_folder("flip.tar"), &copy);
	assert_int_equal(verify_memory(whole, NULL, NULL), 0);
	assert_int_equal(pipe(ends), 0);
	for (size_t i = 0; i < FLIP_PROCESSES; i++)
		children[i] = start_flipping(&copy, i, ends[1]);
	(void)close(ends[1]);
	for (size_t i = 0; i < FLIP_PROCESSES; i++) {
		size_t bit;

		assert_int_equal(read(ends[0], &bit, sizeof(bit)), sizeof(bit));
		if (bit < 8 * whole.len)
			fail_msg("bit %zu of byte %zu may be flipped", bit % 8, bit / 8);
	}
	for (size_t i = 0; i < FLIP_PROCESSES; i++)
		assert_int_equal(waitpid(children[i], NULL, 0), children[i]);
	(void)close(ends[0]);
	buf_release(&copy);
}

static void every_cut_and_every_addition_is_noticed(void **state)
{
	struct bundle_result result;
	struct str whole;
	struct buf copy;

	(void)state;
	write_bundle(in_folder("cut.tar"), FLIP_MEMBERS, flip_kib(), &result);
	whole = read_whole(in_folder("cut.tar"), &copy);
	for (size_t len = 0; len < whole.len; len++)
		if (verify_memory(str_head(whole, len), NULL, NULL) != -EBADMSG)
			fail_msg("it may be cut at %zu", len);
	buf_add_byte(&copy, '\0');
	assert_int_equal(verify_memory(buf_str(&copy), NULL, NULL), -EBADMSG);
	buf_release(&copy);
}

static void messages_name_the_member_and_the_offset(void **state)
{
	struct bundle_result result;
	struct error error = {0};
	struct bundle_file file;
	const struct artifact *artifact;
	struct str whole;
	struct buf copy;

	(void)state;
	write_bundle(in_folder("m.tar"), MEMBERS, 8, &result);
	whole = read_whole(in_folder("m.tar"), &copy);
	assert_int_equal(bundle_open(&file, in_folder("m.tar"), &error), 0);
	artifact = bundle_find(&file, STR("findings.json"));
	assert_non_null(artifact);
	copy.data[artifact->offset] ^= 1;
	assert_int_equal(verify_memory(whole, NULL, &error), -EBADMSG);
	assert_non_null(strstr(error.text, "findings.json"));
	copy.data[artifact->offset] ^= 1;
	copy.data[artifact->offset + 100] = 1; // padding
	assert_int_equal(verify_memory(whole, NULL, &error), -EBADMSG);
	assert_non_null(strstr(error.text, "padding behind of findings.json"));
	bundle_close(&file);
	buf_release(&copy);
}

static int append(void *context, const void *data, size_t len, struct error *error)
{
	(void)error;
	buf_append(context, data, len);
	return buf_failed(context);
}

static void members_are_read_by_offset(void **state)
{
	struct bundle_result result;
	struct bundle_file file;
	struct error error = {0};
	struct buf text = BUF_INIT(MIB(1));
	const struct artifact *artifact;

	(void)state;
	write_bundle(in_folder("r.tar"), MEMBERS, 8, &result);
	assert_int_equal(bundle_open(&file, in_folder("r.tar"), &error), 0);
	assert_int_equal(file.manifest.created_ms, WALL_MS);
	assert_int_equal(file.manifest.artifact_count, 12);
	artifact = &file.manifest.artifacts[3];
	assert_true(
		str_equal(artifact->path, STR("targets/shop/gateway-7f/app/0001-20261121T031551Z"
					      "/goroutine.txt.gz")));
	assert_true(str_equal(artifact->kind, STR("goroutine")));
	assert_int_equal(artifact->http_status, 200);
	assert_true(artifact->duration_ms == 12.5);
	assert_true(isnan(artifact->first_byte_ms));
	assert_int_equal(
		bundle_read(&file, artifact, MIB(1), (struct sink){append, &text}, &error), 0);
	assert_int_equal(text.len, artifact->raw_size);
	assert_true(str_equal(buf_str(&text), noise(text.len, 1)));
	buf_clear(&text);
	assert_int_equal(
		bundle_read(&file, artifact, 100, (struct sink){append, &text}, &error), -EFBIG);
	bundle_close(&file);
	buf_release(&text);
}

static void wrong_and_doubled_paths_are_refused(void **state)
{
	static const char *const wrong[] = {"", "/etc/passwd", "a/../b", "a//b", "./a", "a/", "..",
		"manifest.json", "SHA256SUMS", "a\nb", "a b", "a\\b", "\xff"};
	struct error error = {0};
	struct bundle *bundle;
	struct bundle_entry *entry;

	(void)state;
	assert_int_equal(bundle_create(&bundle, in_folder("w.tar"), WALL_MS, &error), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bundle_entry_open(bundle, wrong[i], 0, &entry, &error), -EINVAL);
	assert_int_equal(bundle_entry_open(bundle, "a/b", 0, &entry, &error), 0);
	assert_int_equal(bundle_add(bundle, "a/b", 0, STR("x"), NULL, &error), -EEXIST);
	bundle_entry_drop(&entry);
	assert_int_equal(bundle_add(bundle, "a/b", 0, STR("x"), NULL, &error), 0);
	bundle_free(&bundle);
	assert_int_equal(count_names(), 0); // nothing under the final name, no spool
}

static void names_of_targets_become_parts_of_paths(void **state)
{
	static const struct {
		const char *name, *part;
	} cases[] = {
		{"gateway-7f", "gateway-7f"},
		{"..", "..~"},
		{".", ".~"},
		{"", "~"},
		{"a/b", "a_b~"},
		{"a_b", "a_b"},
		{"a\x1b[31m", "a__31m~"},
	};
	char out[BUNDLE_COMPONENT_MAX], other[BUNDLE_COMPONENT_MAX], name[300];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(bundle_path_component(str_of(cases[i].name), 40, out), 0);
		assert_memory_equal(out, cases[i].part, strlen(cases[i].part));
		assert_true(strlen(out) <= 40);
	}
	memset(name, 'x', sizeof(name));
	for (size_t len = 35; len < 300; len++) {
		assert_int_equal(bundle_path_component((struct str){name, len}, 40, out), 0);
		assert_true(strlen(out) <= 40);
		assert_int_equal(bundle_path_component((struct str){name, len - 1}, 40, other), 0);
		assert_string_not_equal(out, other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_whole_bundle_verifies, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			the_same_members_give_the_same_bytes, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			every_flipped_bit_is_noticed, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			every_cut_and_every_addition_is_noticed, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			messages_name_the_member_and_the_offset, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			members_are_read_by_offset, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			wrong_and_doubled_paths_are_refused, make_folder, remove_folder),
		cmocka_unit_test(names_of_targets_become_parts_of_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
