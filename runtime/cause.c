// SPDX-License-Identifier: Apache-2.0
// Looks a goroutine up in the table of causes.
#include "runtime/cause.h"

#include "runtime/cause_table.h"

#define LEAF_FRAMES_COUNT 8 // tell what a goroutine waits for

// Where the pattern's text up to its next '%' ends.
static struct str literal(struct str pattern)
{
	return str_head(pattern, str_find_byte(pattern, '%'));
}

static bool matches(struct str pattern, struct str text)
{
	struct str part = literal(pattern);

	if (!str_starts(text, part))
		return false;
	pattern = str_skip(pattern, part.len);
	text = str_skip(text, part.len);
	while (pattern.len > 0) { // at a '%'
		size_t at;

		pattern = str_skip(pattern, 1);
		part = literal(pattern);
		if (part.len == pattern.len)
			return str_ends(text, part);
		at = str_find(text, part);
		if (at == text.len && part.len > 0)
			return false;
		pattern = str_skip(pattern, part.len);
		text = str_skip(text, at + part.len);
	}
	return text.len == 0;
}

static bool any_frame_matches(const struct stack *stack, const char *pattern)
{
	for (uint32_t i = 0; i < stack->frame_count; i++)
		if (matches(str_of(pattern), stack->frames[i].function))
			return true;
	return false;
}

static bool function_fits(const struct stack *stack, enum cause_place place, const char *pattern)
{
	const struct frame *frame;

	if (place == CAUSE_ANY)
		return any_frame_matches(stack, pattern);
	frame = place == CAUSE_SITE ? stack_site(stack) : stack->frames;
	return stack->frame_count > 0 && frame && matches(str_of(pattern), frame->function);
}

static bool functions_fit(const struct cause_rule *rule, const struct stack *stack)
{
	if (!rule->functions[0])
		return true;
	for (size_t i = 0; i < CAUSE_PATTERNS_MAX && rule->functions[i]; i++)
		if (function_fits(stack, rule->place, rule->functions[i]))
			return true;
	return false;
}

// Text profiles do not say that a goroutine waits for a channel. Where a rule names the function,
// it does not need to be told.
static bool wait_fits(const struct cause_rule *rule, enum wait_kind wait)
{
	if (rule->waits == 0 || rule->waits & WAIT_BIT(wait))
		return true;
	return wait == WAIT_UNKNOWN && rule->functions[0] && rule->waits & WAITS_CHANNEL;
}

static bool rule_fits(const struct cause_rule *rule, enum wait_kind wait, const struct stack *stack,
	const struct frame *created_by)
{
	if (!wait_fits(rule, wait) || !functions_fit(rule, stack))
		return false;
	if (rule->without && any_frame_matches(stack, rule->without))
		return false;
	return !rule->created ||
	       (created_by && matches(str_of(rule->created), created_by->function));
}

// Before Go 1.20 (WaitGroup: 1.25) all of package sync waited by the name "semacquire"; sources
// that say nothing still show the function.
static enum wait_kind refine(enum wait_kind wait, const struct stack *stack)
{
	struct str functions[LEAF_FRAMES_COUNT];
	enum wait_kind kind;
	uint32_t count = 0;

	if (wait != WAIT_SEMAPHORE && wait != WAIT_UNKNOWN)
		return wait;
	while (count < stack->frame_count && count < LEAF_FRAMES_COUNT) {
		functions[count] = stack->frames[count].function;
		count++;
	}
	kind = state_kind(state_from_frames(functions, count));
	return kind == WAIT_UNKNOWN ? wait : kind;
}

const struct cause *cause_find(
	enum wait_kind wait, const struct stack *stack, const struct frame *created_by)
{
	wait = refine(wait, stack);
	for (size_t i = 0; i < cause_library_rule_count; i++)
		if (rule_fits(&cause_library_rules[i], wait, stack, created_by))
			return &cause_library_rules[i].cause;
	for (size_t i = 0; i + 1 < cause_rule_count; i++)
		if (rule_fits(&cause_rules[i], wait, stack, created_by))
			return &cause_rules[i].cause;
	return &cause_rules[cause_rule_count - 1].cause;
}

const struct cause *cause_by_id(struct str id)
{
	for (size_t i = 0; i < cause_count(); i++)
		if (str_equal(str_of(cause_at(i)->id), id))
			return cause_at(i);
	return NULL;
}

size_t cause_count(void)
{
	return cause_library_rule_count + cause_rule_count;
}

const struct cause *cause_at(size_t index)
{
	if (index < cause_library_rule_count)
		return &cause_library_rules[index].cause;
	index -= cause_library_rule_count;
	return index < cause_rule_count ? &cause_rules[index].cause : NULL;
}
