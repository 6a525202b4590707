// SPDX-License-Identifier: Apache-2.0
// Lists of goroutine IDs as differences, in text and in memory.
#include "collector/observe/observations_ids.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_CAPACITY 64
#define NUMBER_MAX ((uint64_t)1 << 53) // of a list of runs

static void add_number(struct buf *out, uint64_t number)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	buf_append(out, digits + n, sizeof(digits) - n);
}

void ids_format(const uint64_t *ids, size_t count, struct buf *out)
{
	uint64_t last = 0;

	for (size_t i = 0, run; i < count; i += run + 1) {
		for (run = 0; i + run + 1 < count && ids[i + run + 1] == ids[i] + run + 1;)
			run++;
		if (i > 0)
			buf_add_byte(out, ',');
		add_number(out, ids[i] - last);
		if (run > 0) {
			buf_add_byte(out, '+');
			add_number(out, run);
		}
		last = ids[i] + run;
	}
}

int id_list_add(struct id_list *list, uint64_t id)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : FIRST_CAPACITY;
		uint64_t *ids = reallocarray(list->ids, capacity, sizeof(*ids));

		if (!ids)
			return -ENOMEM;
		list->ids = ids;
		list->capacity = capacity;
	}
	list->ids[list->count++] = id;
	return 0;
}

void id_list_release(struct id_list *list)
{
	free(list->ids);
	*list = (struct id_list){0};
}

// One "17" or "1041+2" behind `last`.
static int parse_item(struct str item, bool first, uint64_t last, size_t room, struct id_list *list)
{
	struct str number = str_cut(&item, '+');
	uint64_t step, run = 0, id;

	if (!str_to_u64(number, UINT64_MAX - last, &step) || (!first && step == 0))
		return -EINVAL;
	id = last + step;
	// A '+' with nothing behind it leaves the item empty as well: tell it by the number's end.
	if (item.len == 0 && item.data != number.data + number.len)
		return -EINVAL;
	if (item.len > 0 && (!str_to_u64(item, UINT64_MAX - id, &run) || run == 0))
		return -EINVAL;
	if (run >= room)
		return -EINVAL;
	for (uint64_t i = 0; i <= run; i++)
		if (id_list_add(list, id + i) < 0)
			return -ENOMEM;
	return 0;
}

int ids_parse(struct str text, size_t max, struct id_list *list)
{
	size_t begin = list->count;
	bool first = true;

	if (text.len > 0 && text.data[text.len - 1] == ',')
		return -EINVAL;
	while (text.len > 0) {
		uint64_t last = first ? 0 : list->ids[list->count - 1];
		size_t room = max - (list->count - begin);
		int r = parse_item(str_cut(&text, ','), first, last, room, list);

		if (r < 0) {
			list->count = begin;
			return r;
		}
		first = false;
	}
	return 0;
}

void runs_format(const uint64_t *numbers, size_t count, struct buf *out)
{
	uint64_t last = 0;

	for (size_t i = 0, run; i < count; i += run) {
		for (run = 1; i + run < count && numbers[i + run] == numbers[i];)
			run++;
		if (i > 0)
			buf_add_byte(out, ',');
		if (numbers[i] < last)
			buf_add_byte(out, '-');
		add_number(out, numbers[i] < last ? last - numbers[i] : numbers[i] - last);
		if (run > 1) {
			buf_add_byte(out, '*');
			add_number(out, run);
		}
		last = numbers[i];
	}
}

// One "7*3" behind `last`.
static int parse_run(struct str item, uint64_t *last, uint64_t *run)
{
	struct str number = str_cut(&item, '*');
	bool down = number.len > 0 && number.data[0] == '-';
	bool repeats = item.data != number.data + number.len;
	uint64_t step;

	if (!str_to_u64(str_skip(number, down), down ? *last : NUMBER_MAX - *last, &step))
		return -EINVAL;
	*last = down ? *last - step : *last + step;
	*run = 1;
	return !repeats || (str_to_u64(item, UINT32_MAX, run) && *run > 0) ? 0 : -EINVAL;
}

int runs_parse(struct str text, uint64_t *numbers, size_t count)
{
	uint64_t last = 0, run;
	size_t filled = 0;

	if (text.len > 0 && text.data[text.len - 1] == ',')
		return -EINVAL;
	while (text.len > 0) {
		if (parse_run(str_cut(&text, ','), &last, &run) < 0 || run > count - filled)
			return -EINVAL;
		while (run-- > 0)
			numbers[filled++] = last;
	}
	return filled == count ? 0 : -EINVAL;
}

void ids_pack(const uint64_t *ids, size_t count, struct buf *packed)
{
	uint64_t last = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t step = ids[i] - last;

		while (step >= 0x80) {
			buf_add_byte(packed, (char)(step | 0x80));
			step >>= 7;
		}
		buf_add_byte(packed, (char)step);
		last = ids[i];
	}
}

int ids_unpack(struct str packed, struct id_list *list)
{
	uint64_t id = 0, step = 0;
	unsigned shift = 0;

	for (size_t i = 0; i < packed.len; i++) {
		unsigned char byte = (unsigned char)packed.data[i];

		step |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80)
			continue;
		id += step;
		if (id_list_add(list, id) < 0)
			return -ENOMEM;
		step = 0;
		shift = 0;
	}
	return 0;
}

int ids_missing(const struct id_list *a, const struct id_list *b, struct id_list *list)
{
	size_t i = 0;

	for (size_t j = 0; j < b->count; j++) {
		while (i < a->count && a->ids[i] < b->ids[j])
			i++;
		if (i < a->count && a->ids[i] == b->ids[j])
			continue;
		if (id_list_add(list, b->ids[j]) < 0)
			return -ENOMEM;
	}
	return 0;
}
