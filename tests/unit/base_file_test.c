// SPDX-License-Identifier: Apache-2.0
// Files are whole or absent, also when the disk is full.
#include "base/file.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static int enter_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/parkwatch-test-XXXXXX");
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int count_entries(void)
{
	DIR *open_folder = opendir(folder);
	int count = 0;

	assert_non_null(open_folder);
	for (struct dirent *entry; (entry = readdir(open_folder));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(open_folder);
	return count;
}

static int leave_folder(void **state)
{
	(void)state;
	(void)unlink("out");
	(void)unlink("pipe");
	(void)rmdir("sub");
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void commit_makes_the_whole_file_with_its_mode(void **state)
{
	struct error error = {0};
	struct buf content = BUF_INIT(100);
	struct stat status;
	struct file file;
	mode_t before = umask(0077);

	(void)state;
	assert_int_equal(file_create(&file, "out", 0644, &error), 0);
	assert_int_equal(file_write(&file, "hello ", 6, &error), 0);
	assert_int_equal(access("out", F_OK), -1);
	assert_int_equal(file_write(&file, "world", 5, &error), 0);
	assert_int_equal(file_commit(&file, &error), 0);
	assert_int_equal(file.written, 11);
	file_discard(&file);
	file_discard(&file);
	umask(before);
	assert_int_equal(stat("out", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	assert_int_equal(file_read("out", &content, &error), 0);
	assert_string_equal(buf_text(&content), "hello world");
	assert_int_equal(count_entries(), 1);
	buf_release(&content);
}

static void discard_leaves_nothing_and_keeps_the_old_file(void **state)
{
	struct error error = {0};
	struct buf content = BUF_INIT(100);
	struct file file;

	(void)state;
	assert_int_equal(file_create(&file, "out", 0600, &error), 0);
	assert_int_equal(file_write(&file, "new", 3, &error), 0);
	file_discard(&file);
	assert_int_equal(count_entries(), 1);
	assert_int_equal(file_read("out", &content, &error), 0);
	assert_string_equal(buf_text(&content), "hello world");
	buf_release(&content);
}

static void a_full_disk_is_told_and_leaves_nothing(void **state)
{
	struct rlimit limit, small;
	struct error error = {0};
	struct file file;
	char piece[4096] = {0};
	int r;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 1000;
	assert_int_equal(file_create(&file, "full", 0600, &error), 0);
	(void)sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	r = file_write(&file, piece, sizeof(piece), &error);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(r, -EFBIG);
	assert_non_null(strstr(error.text, "write full"));
	file_discard(&file);
	assert_int_equal(access("full", F_OK), -1);
	assert_int_equal(count_entries(), 1);
}

static void what_is_no_file_is_not_replaced(void **state)
{
	static const char *const names[] = {
		"sub", "sub/", ".", "..", "", "/", "/dev/null", "pipe", "absent/out"};
	struct stat status;

	(void)state;
	assert_int_equal(mkdir("sub", 0700), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct error error = {0};
		struct file file;

		if (file_create(&file, names[i], 0600, &error) >= 0)
			fail_msg("\"%s\" was opened", names[i]);
		assert_true(error.code < 0 && error.text[0] != '\0');
		file_discard(&file);
	}
	assert_int_equal(stat("/dev/null", &status), 0);
	assert_true(S_ISCHR(status.st_mode));
}

static void enospc_of_a_descriptor_is_told(void **state)
{
	struct error error = {0};
	cleanup(close_fd) int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(fd_write_all(fd, "x", 1, "standard output", &error), -ENOSPC);
	assert_string_equal(error.text, "write standard output: No space left on device");
}

static void a_closed_pipe_is_told_as_such(void **state)
{
	struct error error = {0};
	int ends[2];

	(void)state;
	(void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	assert_int_equal(fd_write_all(ends[1], "x", 1, "standard output", &error), -EPIPE);
	assert_non_null(strstr(error.text, "closed pipe"));
	close(ends[1]);
}

static void *drain(void *end)
{
	char piece[777];

	while (read(*(int *)end, piece, sizeof(piece)) > 0)
		;
	return NULL;
}

static void a_full_non_blocking_pipe_is_waited_for(void **state)
{
	static char big[1 << 20];
	struct error error = {0};
	pthread_t reader;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(pthread_create(&reader, NULL, drain, &ends[0]), 0);
	assert_int_equal(fd_write_all(ends[1], big, sizeof(big), "pipe", &error), 0);
	close(ends[1]);
	pthread_join(reader, NULL);
	close(ends[0]);
}

static void reading_stops_at_the_maximum(void **state)
{
	struct error error = {0};
	struct buf exact = BUF_INIT(11), small = BUF_INIT(10);

	(void)state;
	assert_int_equal(file_read("out", &exact, &error), 0);
	assert_int_equal(exact.len, 11);
	assert_int_equal(file_read("out", &small, &error), -EFBIG);
	assert_non_null(strstr(error.text, "longer than 10 bytes"));
	assert_int_equal(file_read("absent", &small, &error), -ENOENT);
	buf_clear(&small);
	assert_int_equal(file_read("/tmp", &small, &error), -EISDIR);
	buf_release(&exact);
	buf_release(&small);
}

static void a_dash_reads_standard_input(void **state)
{
	struct error error = {0};
	struct buf content = BUF_INIT(100);
	int saved = dup(STDIN_FILENO), ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "piped", 5), 5);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	assert_int_equal(file_read("-", &content, &error), 0);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(ends[0]);
	assert_string_equal(buf_text(&content), "piped");
	buf_release(&content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commit_makes_the_whole_file_with_its_mode),
		cmocka_unit_test(discard_leaves_nothing_and_keeps_the_old_file),
		cmocka_unit_test(a_full_disk_is_told_and_leaves_nothing),
		cmocka_unit_test(what_is_no_file_is_not_replaced),
		cmocka_unit_test(enospc_of_a_descriptor_is_told),
		cmocka_unit_test(a_closed_pipe_is_told_as_such),
		cmocka_unit_test(a_full_non_blocking_pipe_is_waited_for),
		cmocka_unit_test(reading_stops_at_the_maximum),
		cmocka_unit_test(a_dash_reads_standard_input),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
