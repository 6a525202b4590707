// SPDX-License-Identifier: Apache-2.0
// Taking label values out of a profile.proto, on the wire: everything else keeps its bytes.
//
// A label refers to its value by an index into the table of strings. Labels whose key matches get
// the index of a new string, "<redacted>"; their old values, unless something else refers to them,
// become empty strings.
#include "base/cleanup.h"
#include "collector/bundle/redact_parts.h"

#include <errno.h>
#include <stdlib.h>

// Field numbers of the public profile.proto.
enum {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_MAPPING = 3,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING = 6,
	PROFILE_DROP_FRAMES = 7,
	PROFILE_KEEP_FRAMES = 8,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_SAMPLE_TYPE = 14,
	SAMPLE_LABEL = 3,
	LABEL_KEY = 1,
	LABEL_STR = 2,
	LABEL_NUM_UNIT = 4,
};

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct field {
	uint64_t number;
	unsigned type;
	uint64_t value; // varint
	struct str bytes; // length-delimited
	struct str raw; // tag and all
};

struct profile_strings {
	struct str *strings;
	size_t count, capacity;
	uint8_t *used; // by something else than a label that goes
	uint8_t *secret; // by a label that goes
};

static void profile_strings_release(struct profile_strings *table)
{
	free(table->strings);
	free(table->used);
	free(table->secret);
}

static bool take_varint(struct str *text, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 64 && text->len > 0; shift += 7) {
		unsigned char byte = (unsigned char)text->data[0];

		*text = str_skip(*text, 1);
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool take_bytes(struct str *text, uint64_t len, struct str *bytes)
{
	if (len > text->len)
		return false;
	*bytes = str_head(*text, (size_t)len);
	*text = str_skip(*text, (size_t)len);
	return true;
}

static bool take_field(struct str *text, struct field *field)
{
	struct str begin = *text;
	uint64_t tag, len;
	bool right;

	*field = (struct field){0};
	if (!take_varint(text, &tag))
		return false;
	field->number = tag >> 3;
	field->type = tag & 7;
	switch (field->type) {
	case WIRE_VARINT:
		right = take_varint(text, &field->value);
		break;
	case WIRE_FIXED64:
		right = take_bytes(text, 8, &field->bytes);
		break;
	case WIRE_FIXED32:
		right = take_bytes(text, 4, &field->bytes);
		break;
	case WIRE_BYTES:
		right = take_varint(text, &len) && take_bytes(text, len, &field->bytes);
		break;
	default:
		right = false;
	}
	field->raw = str_head(begin, begin.len - text->len);
	return right && field->number > 0;
}

static void put_varint(struct buf *out, uint64_t value)
{
	while (value >= 0x80) {
		buf_add_byte(out, (char)(value | 0x80));
		value >>= 7;
	}
	buf_add_byte(out, (char)value);
}

static void put_bytes(struct buf *out, uint64_t number, struct str bytes)
{
	put_varint(out, number << 3 | WIRE_BYTES);
	put_varint(out, bytes.len);
	buf_add(out, bytes);
}

static int gather_strings(struct str message, struct profile_strings *table)
{
	struct field field;

	while (message.len > 0) {
		if (!take_field(&message, &field))
			return -EBADMSG;
		if (field.number != PROFILE_STRING || field.type != WIRE_BYTES)
			continue;
		if (table->count == table->capacity) {
			size_t capacity = table->capacity ? 2 * table->capacity : 256;
			struct str *strings =
				reallocarray(table->strings, capacity, sizeof(*strings));

			if (!strings)
				return -ENOMEM;
			table->strings = strings;
			table->capacity = capacity;
		}
		table->strings[table->count++] = field.bytes;
	}
	table->used = calloc(table->count + 1, 1);
	table->secret = calloc(table->count + 1, 1);
	return table->used && table->secret ? 0 : -ENOMEM;
}

static void mark(uint8_t *marks, const struct profile_strings *table, uint64_t index)
{
	if (index < table->count)
		marks[index] = 1;
}

// Which labels of a message go; the last value of a repeated field counts.
static bool read_label(const struct redact *redact, const struct profile_strings *table,
	struct str label, uint64_t *key, uint64_t *value, bool *goes)
{
	struct field field;

	*key = *value = 0;
	while (label.len > 0) {
		if (!take_field(&label, &field))
			return false;
		if (field.type == WIRE_VARINT && field.number == LABEL_KEY)
			*key = field.value;
		if (field.type == WIRE_VARINT && field.number == LABEL_STR)
			*value = field.value;
		if (field.type == WIRE_VARINT && field.number == LABEL_NUM_UNIT)
			mark(table->used, table, field.value);
	}
	*goes = *value != 0 && *key < table->count && redact_label(redact, table->strings[*key]);
	return true;
}

// Each value that a label gives, also those that a later one overrides.
static void mark_values(uint8_t *marks, const struct profile_strings *table, struct str label)
{
	struct field field;

	while (label.len > 0 && take_field(&label, &field))
		if (field.type == WIRE_VARINT && field.number == LABEL_STR)
			mark(marks, table, field.value);
}

static int mark_labels(const struct redact *redact, struct profile_strings *table,
	struct str sample, uint64_t *count)
{
	struct field field;
	uint64_t key, value;
	bool goes;

	while (sample.len > 0) {
		if (!take_field(&sample, &field))
			return -EBADMSG;
		if (field.number != SAMPLE_LABEL || field.type != WIRE_BYTES)
			continue;
		if (!read_label(redact, table, field.bytes, &key, &value, &goes))
			return -EBADMSG;
		mark(table->used, table, key);
		mark_values(goes ? table->secret : table->used, table, field.bytes);
		*count += goes;
	}
	return 0;
}

// Every number in these messages may be an index of a string: at worst one too many is kept.
static int mark_numbers(struct profile_strings *table, struct str message)
{
	struct field field;

	while (message.len > 0) {
		if (!take_field(&message, &field))
			return -EBADMSG;
		if (field.type == WIRE_VARINT)
			mark(table->used, table, field.value);
	}
	return 0;
}

static void mark_packed(struct profile_strings *table, struct str packed)
{
	uint64_t index;

	while (packed.len > 0 && take_varint(&packed, &index))
		mark(table->used, table, index);
}

// Which fields of a Function or Mapping name strings: others are counters and addresses.
static int mark_named(
	struct profile_strings *table, struct str message, uint64_t first, uint64_t last)
{
	struct field field;

	while (message.len > 0) {
		if (!take_field(&message, &field))
			return -EBADMSG;
		if (field.type == WIRE_VARINT && field.number >= first && field.number <= last)
			mark(table->used, table, field.value);
	}
	return 0;
}

static int mark_field(const struct redact *redact, struct profile_strings *table,
	const struct field *field, uint64_t *count)
{
	if (field->type == WIRE_VARINT) {
		if (field->number == PROFILE_DROP_FRAMES || field->number == PROFILE_KEEP_FRAMES ||
			field->number == PROFILE_COMMENT ||
			field->number == PROFILE_DEFAULT_SAMPLE_TYPE)
			mark(table->used, table, field->value);
		return 0;
	}
	if (field->type != WIRE_BYTES)
		return 0;
	switch (field->number) {
	case PROFILE_SAMPLE:
		return mark_labels(redact, table, field->bytes, count);
	case PROFILE_SAMPLE_TYPE:
	case PROFILE_PERIOD_TYPE:
		return mark_numbers(table, field->bytes);
	case PROFILE_MAPPING:
		return mark_named(table, field->bytes, 5, 6); // filename, build_id
	case PROFILE_FUNCTION:
		return mark_named(table, field->bytes, 2, 4); // name, system_name, filename
	case PROFILE_COMMENT:
		mark_packed(table, field->bytes);
		return 0;
	default:
		return 0;
	}
}

static void put_label(struct str label, uint64_t redacted, struct buf *out)
{
	struct field field;

	while (label.len > 0 && take_field(&label, &field))
		if (field.number != LABEL_STR)
			buf_add(out, field.raw);
	put_varint(out, LABEL_STR << 3 | WIRE_VARINT);
	put_varint(out, redacted);
}

static int put_sample(const struct redact *redact, const struct profile_strings *table,
	const struct field *sample, struct buf *out)
{
	cleanup(buf_release) struct buf text = BUF_INIT(2 * sample->bytes.len + KIB(1));
	struct str rest = sample->bytes;
	uint64_t key, value;
	struct field field;
	bool goes;

	while (rest.len > 0 && take_field(&rest, &field)) {
		cleanup(buf_release) struct buf label = BUF_INIT(field.bytes.len + 32);

		if (field.number != SAMPLE_LABEL || field.type != WIRE_BYTES ||
			!read_label(redact, table, field.bytes, &key, &value, &goes) || !goes) {
			buf_add(&text, field.raw);
			continue;
		}
		put_label(field.bytes, table->count, &label);
		put_bytes(&text, SAMPLE_LABEL, buf_str(&label));
		if (buf_failed(&label))
			return -ENOMEM;
	}
	put_bytes(out, PROFILE_SAMPLE, buf_str(&text));
	return buf_failed(&text) ? -ENOMEM : 0;
}

static int rewrite(const struct redact *redact, const struct profile_strings *table,
	struct str message, struct buf *out)
{
	struct field field;
	size_t index = 0;
	int r = 0;

	while (message.len > 0 && r == 0 && take_field(&message, &field)) {
		if (field.number == PROFILE_SAMPLE && field.type == WIRE_BYTES) {
			r = put_sample(redact, table, &field, out);
		} else if (field.number == PROFILE_STRING && field.type == WIRE_BYTES) {
			bool goes = table->secret[index] && !table->used[index];

			put_bytes(out, PROFILE_STRING, goes ? STR_EMPTY : field.bytes);
			index++;
		} else {
			buf_add(out, field.raw);
		}
	}
	put_bytes(out, PROFILE_STRING, STR(REDACTED));
	return r < 0 || buf_failed(out) ? -ENOMEM : 0;
}

int redact_profile(const struct redact *redact, struct str message, struct buf *out,
	struct redact_counts *counts)
{
	cleanup(profile_strings_release) struct profile_strings table = {0};
	struct str rest = message;
	struct field field;
	uint64_t count = 0;
	int r = gather_strings(message, &table);

	while (rest.len > 0 && r == 0) {
		if (!take_field(&rest, &field))
			return -EBADMSG;
		r = mark_field(redact, &table, &field, &count);
	}
	if (r < 0)
		return r;
	if (table.count == 0)
		return -EBADMSG;
	if (count == 0)
		return 0;
	r = rewrite(redact, &table, message, out);
	counts->labels += count;
	return r < 0 ? r : 1;
}
