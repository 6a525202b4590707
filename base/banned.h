// SPDX-License-Identifier: Apache-2.0
// Functions that this project does not use, as compile errors. The build includes this file before
// every source; the headers that declare them come first, so that only our own calls are hit.
#pragma once

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(function, instead) function##_is_banned_use_##instead

// Copies without a bound.
#undef strcpy
#define strcpy(to, from) BANNED(strcpy, struct_buf)
#undef strcat
#define strcat(to, from) BANNED(strcat, struct_buf)
#undef strncpy
#define strncpy(to, from, size) BANNED(strncpy, struct_buf)
#undef strncat
#define strncat(to, from, size) BANNED(strncat, struct_buf)
#undef sprintf
#define sprintf(...) BANNED(sprintf, buf_printf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf, buf_vprintf)
#undef gets
#define gets(to) BANNED(gets, file_read)

// Hidden state, shared between threads and callers.
#undef strtok
#define strtok(text, separators) BANNED(strtok, str_cut)
#undef localtime
#define localtime(time) BANNED(localtime, clock_format)
#undef gmtime
#define gmtime(time) BANNED(gmtime, gmtime_r)

// Numbers read without a ceiling or an error.
#undef atoi
#define atoi(text) BANNED(atoi, str_to_i64)
#undef atol
#define atol(text) BANNED(atol, str_to_i64)
#undef atoll
#define atoll(text) BANNED(atoll, str_to_i64)
#undef sscanf
#define sscanf(...) BANNED(sscanf, str_cut_and_str_to_u64)

// Races with other processes, shells, handlers of unknown semantics.
#undef mktemp
#define mktemp(name) BANNED(mktemp, file_create)
#undef popen
#define popen(command, mode) BANNED(popen, no_shell_at_all)
// Ordinary words as well, so that a member may have the name: the call itself is the error.
int system(const char *command) __attribute__((unavailable("banned: no shell at all")));
void (*signal(int number, void (*handler)(int)))(int)
	__attribute__((unavailable("banned: use sigaction")));
