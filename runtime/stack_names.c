// SPDX-License-Identifier: Apache-2.0
// Interned strings, label sets and state names; what can be read off the name of a function.
#include "runtime/stack_table.h"

#include "base/limits.h"
#include "runtime/wait.h"

#include <errno.h>
#include <stdlib.h>

int stacks_add_str(struct stacks *stacks, struct str text, struct str *ret_text)
{
	uint64_t hash = hash_bytes(text.data, text.len, stacks->seed);
	uint32_t at = hash_start(&stacks->strings.table, hash);
	uint32_t index;
	struct str copy;
	int r;

	while (hash_next(&stacks->strings.table, hash, &at, &index)) {
		if (str_equal(stacks->strings.items[index], text)) {
			*ret_text = stacks->strings.items[index];
			return 0;
		}
	}
	r = stacks_reserve(stacks, &stacks->strings);
	if (r < 0)
		return r;
	copy = arena_str(&stacks->arena, text);
	if (!copy.data)
		return stacks_no_room(stacks);
	hash_add(&stacks->strings.table, hash, stacks->strings.count);
	stacks->strings.items[stacks->strings.count++] = copy;
	*ret_text = copy;
	return 0;
}

static int compare_labels(const void *a, const void *b)
{
	const struct label *left = a, *right = b;
	int order = str_compare(left->key, right->key);

	return order ? order : str_compare(left->value, right->value);
}

static bool same_labels(struct label_set set, const struct label *labels, uint32_t count)
{
	if (set.count != count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!str_equal(set.labels[i].key, labels[i].key) ||
			!str_equal(set.labels[i].value, labels[i].value))
			return false;
	}
	return true;
}

static int new_label_set(
	struct stacks *stacks, const struct label *labels, uint32_t count, struct label_set *set)
{
	struct label *copies = arena_array(&stacks->arena, count, sizeof(*copies));

	if (!copies)
		return stacks_no_room(stacks);
	for (uint32_t i = 0; i < count; i++) {
		int r = stacks_add_str(stacks, labels[i].key, &copies[i].key);

		if (r == 0)
			r = stacks_add_str(stacks, labels[i].value, &copies[i].value);
		if (r < 0)
			return r;
	}
	*set = (struct label_set){.count = count, .labels = copies};
	return 0;
}

int stacks_add_labels(
	struct stacks *stacks, const struct label *labels, uint32_t count, uint32_t *ret_index)
{
	struct label sorted[LIMIT_LABELS_COUNT];
	uint64_t hash = stacks->seed;
	uint32_t at, index;
	int r;

	if (count == 0) {
		*ret_index = 0;
		return 0;
	}
	if (count > LIMIT_LABELS_COUNT)
		return -EFBIG;
	memcpy(sorted, labels, count * sizeof(*labels));
	qsort(sorted, count, sizeof(*sorted), compare_labels);
	for (uint32_t i = 0; i < count; i++) {
		hash = hash_bytes(sorted[i].key.data, sorted[i].key.len, hash);
		hash = hash_bytes(sorted[i].value.data, sorted[i].value.len, hash);
	}
	at = hash_start(&stacks->labels.table, hash);
	while (hash_next(&stacks->labels.table, hash, &at, &index)) {
		if (same_labels(stacks->labels.items[index], sorted, count)) {
			*ret_index = index;
			return 0;
		}
	}
	r = stacks_reserve(stacks, &stacks->labels);
	if (r == 0)
		r = new_label_set(
			stacks, sorted, count, &stacks->labels.items[stacks->labels.count]);
	if (r < 0)
		return r;
	hash_add(&stacks->labels.table, hash, stacks->labels.count);
	*ret_index = stacks->labels.count++;
	return 0;
}

struct label_set stacks_labels(const struct stacks *stacks, uint32_t index)
{
	if (index == 0 || index >= stacks->labels.count)
		return (struct label_set){0};
	return stacks->labels.items[index];
}

int stacks_add_state(struct stacks *stacks, struct str name, uint16_t *ret_state)
{
	uint16_t known = state_find(name);
	uint64_t hash = hash_bytes(name.data, name.len, stacks->seed);
	uint32_t at = hash_start(&stacks->states.table, hash);
	uint32_t index;
	int r;

	*ret_state = known;
	if (known != STATE_UNKNOWN || name.len == 0)
		return 0;
	while (hash_next(&stacks->states.table, hash, &at, &index)) {
		*ret_state = (uint16_t)(state_known_count() + index);
		if (str_equal(stacks->states.items[index], name))
			return 0;
	}
	*ret_state = STATE_UNKNOWN;
	if (stacks->states.count == STATE_NAMES_MAX)
		return 0;
	r = stacks_reserve(stacks, &stacks->states);
	if (r == 0)
		r = stacks_add_str(stacks, name, &stacks->states.items[stacks->states.count]);
	if (r < 0)
		return r;
	hash_add(&stacks->states.table, hash, stacks->states.count);
	*ret_state = (uint16_t)(state_known_count() + stacks->states.count++);
	return 0;
}

struct str stacks_state_name(const struct stacks *stacks, uint16_t state)
{
	uint32_t index = (uint32_t)state - state_known_count();

	if (state < state_known_count())
		return state_known_name(state);
	return index < stacks->states.count ? stacks->states.items[index] : STR_EMPTY;
}

void stack_key_text(uint64_t key, char out[static STACK_KEY_TEXT])
{
	for (int i = 0; i < 16; i++)
		out[i] = "0123456789abcdef"[key >> (60 - 4 * i) & 15];
	out[16] = '\0';
}

bool stack_key_parse(struct str text, uint64_t *key)
{
	return text.len == STACK_KEY_TEXT - 1 && str_hex_to_u64(text, key) && *key != 0;
}

struct str function_package(struct str function)
{
	size_t end = str_find_byte(function, '[');
	size_t slash = str_find_last_byte(str_head(function, end), '/');
	size_t start = slash >= end ? 0 : slash + 1;
	size_t dot = str_find_byte(str_skip(function, start), '.');

	return str_head(function, start + dot);
}

bool package_is_standard(struct str package)
{
	size_t slash = str_find_byte(package, '/');
	struct str first = str_head(package, slash);

	if (first.len == 0 || str_equal(package, STR("main")) ||
		str_equal(first, STR("command-line-arguments")))
		return false;
	return str_find_byte(first, '.') == first.len;
}

const struct frame *stack_site(const struct stack *stack)
{
	for (uint32_t i = 0; i < stack->frame_count; i++) {
		if (!package_is_standard(function_package(stack->frames[i].function)))
			return &stack->frames[i];
	}
	return stack->frame_count > 0 ? &stack->frames[0] : NULL;
}
