// SPDX-License-Identifier: Apache-2.0
// Runs a command and writes what it cost as one JSON line into a file. A process's highest resident
// size counts from before its exec, so whoever starts it must be small: this is.
//
//	measure FILE COMMAND...
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		return 0;
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double begun = now_s();
	pid_t child;
	int status;
	FILE *file;

	if (argc < 3) {
		fprintf(stderr, "usage: measure FILE COMMAND...\n");
		return 2;
	}
	child = fork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
		perror("measure");
		return 127;
	}
	file = fopen(argv[1], "we");
	if (!file) {
		perror(argv[1]);
		return 127;
	}
	fprintf(file, "{\"seconds\":%.6f,\"cpu\":%.6f,\"rss\":%ld}\n", now_s() - begun,
		seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss * 1024);
	if (fclose(file) != 0) {
		perror(argv[1]);
		return 127;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
