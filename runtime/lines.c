// SPDX-License-Identifier: Apache-2.0
// Lines out of input that comes in pieces of any size.
#include "runtime/lines.h"

#include <errno.h>
#include <string.h>

static int hold(struct lines *lines, struct str piece)
{
	size_t room = LIMIT_LINE - lines->held.len;
	size_t taken = piece.len < room ? piece.len : room;

	buf_append(&lines->held, piece.data, taken);
	lines->dropped += piece.len - taken;
	return buf_failed(&lines->held);
}

static void give(struct lines *lines, struct str text, uint64_t length, struct line *line)
{
	*line = (struct line){
		.text = str_head(text, LIMIT_LINE),
		.offset = lines->offset,
		.number = ++lines->number,
		.too_long = length > LIMIT_LINE,
	};
	if (!line->too_long && text.len > 0 && text.data[text.len - 1] == '\r')
		line->text.len--;
	lines->offset += length;
}

static void forget_given(struct lines *lines)
{
	if (!lines->consumed)
		return;
	buf_clear(&lines->held);
	lines->dropped = 0;
	lines->consumed = false;
}

int lines_next(struct lines *lines, struct str *input, struct line *line)
{
	const char *end;
	struct str piece;
	int r;

	forget_given(lines);
	if (input->len == 0)
		return 0;
	end = memchr(input->data, '\n', input->len);
	piece = str_head(*input, end ? (size_t)(end - input->data) : input->len);
	if (!end || lines->held.len > 0) {
		r = hold(lines, piece);
		if (r < 0)
			return r;
	}
	*input = str_skip(*input, piece.len + (end ? 1 : 0));
	if (!end)
		return 0;
	if (lines->held.len > 0) {
		give(lines, buf_str(&lines->held), lines->held.len + lines->dropped, line);
		lines->consumed = true;
	} else {
		give(lines, piece, piece.len, line);
	}
	lines->offset++; // the LF
	return 1;
}

bool lines_last(struct lines *lines, struct line *line)
{
	forget_given(lines);
	if (lines->held.len == 0)
		return false;
	give(lines, buf_str(&lines->held), lines->held.len + lines->dropped, line);
	line->unfinished = true;
	lines->consumed = true;
	return true;
}

void lines_release(struct lines *lines)
{
	buf_release(&lines->held);
	*lines = LINES_INIT;
}
