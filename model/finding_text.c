// SPDX-License-Identifier: Apache-2.0
// The words of a finding.
#include "model/finding_text.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

bool has_own_code(const struct stack *stack)
{
	const struct frame *site = stack ? stack_site(stack) : NULL;

	return site && !package_is_standard(function_package(site->function));
}

// The frame to look at: the innermost that is not the standard library's; for goroutines that a
// library owns, who started them.
static struct frame site_of(const struct assessment *a)
{
	const struct frame *site = a->seen->stack ? stack_site(a->seen->stack) : NULL;
	const struct frame *creator = &a->seen->created_by;

	if (!has_own_code(a->seen->stack) && creator->function.len > 0 &&
		!package_is_standard(function_package(creator->function)))
		return *creator;
	return site ? *site : (struct frame){0};
}

static int add_advice(struct finding *finding, struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int add_advice(struct finding *finding, struct arena *arena, const char *format, ...)
{
	va_list arguments;
	struct str kept;

	if (finding->advice_count == FINDING_ADVICE_MAX)
		return 0;
	va_start(arguments, format);
	kept = arena_vprintf(arena, format, arguments);
	va_end(arguments);
	if (!kept.data)
		return -ENOMEM;
	finding->advice[finding->advice_count++] = kept;
	return 0;
}

static int advise(const struct assessment *a, struct arena *arena, struct finding *finding)
{
	if (a->class != CLASS_FILLING)
		return 0;
	return add_advice(finding, arena,
		"Compare with the size at which this pool or cache was full before, or give it a "
		"limit.");
}

// The proof comes first: it has no false positives.
static int fill_because(const struct assessment *a, struct arena *arena, struct finding *finding)
{
	char text[sizeof(a->because) + 160], proven[COUNT_TEXT_MAX];

	count_format((double)finding->proven, "", proven);
	if (finding->proven > 0)
		(void)snprintf(text, sizeof(text),
			"The runtime proves that %s of them can never run again "
			"(goroutineleak).%s%s",
			proven, a->because[0] ? " " : "", a->because);
	else
		(void)snprintf(text, sizeof(text), "%s", a->because);
	finding->because = arena_str(arena, str_of(text));
	finding->decides = arena_str(arena, str_of(a->decides));
	finding->holder = a->holder ? *a->holder : (struct frame){0};
	return finding->because.data && finding->decides.data ? 0 : -ENOMEM;
}

static void add_missing(struct finding *finding, bool missing, const char *what)
{
	if (missing && finding->missing_count < FINDING_MISSING_MAX)
		finding->missing[finding->missing_count++] = what;
}

// A class that is known says more than the place where they wait.
static const struct cause *cause_of(const struct assessment *a, const struct frame *creator)
{
	if (a->class == CLASS_CONTENTION)
		return cause_by_id(STR("lock-contended"));
	if (a->class == CLASS_BACKLOG || a->class == CLASS_SLOW_DEPENDENCY)
		return cause_by_id(STR("dependency-slow"));
	return cause_find(a->wait, a->seen->stack, creator);
}

int finding_fill_text(const struct assessment *a, struct arena *arena, struct finding *finding)
{
	const struct frame *creator =
		a->seen->created_by.function.len > 0 ? &a->seen->created_by : NULL;

	finding->site = site_of(a);
	if (a->seen->stack)
		finding->cause = cause_of(a, creator);
	add_missing(finding, isnan(a->target->life->born_t_s), "process_start");
	add_missing(finding, !a->target->has_requests, "requests");
	add_missing(finding, !a->tracked, "goroutine_ids");
	add_missing(finding, !a->seen->wait_count, "wait_reasons");
	add_missing(finding, isnan(a->target->series.last.rss_bytes), "resident_memory");
	if (fill_because(a, arena, finding) < 0)
		return -ENOMEM;
	return advise(a, arena, finding);
}
