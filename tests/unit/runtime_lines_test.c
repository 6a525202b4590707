// SPDX-License-Identifier: Apache-2.0
// Lines out of pieces: the same lines at the same places, wherever the input was cut.
#include "runtime/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add_line(struct buf *out, const struct line *line)
{
	buf_printf(out, "%d@%d%s%s[%.*s]", (int)line->number, (int)line->offset,
		line->too_long ? "!" : "", line->unfinished ? "~" : "", STR_ARG(line->text));
}

static void read_in_pieces(struct str text, size_t piece, struct buf *out)
{
	struct lines lines = LINES_INIT;
	struct line line;

	while (text.len > 0) {
		struct str input = str_head(text, piece);

		text = str_skip(text, input.len);
		while (lines_next(&lines, &input, &line) > 0)
			add_line(out, &line);
		assert_int_equal(input.len, 0);
	}
	if (lines_last(&lines, &line))
		add_line(out, &line);
	assert_false(lines_last(&lines, &line));
	lines_release(&lines);
}

static void lines_have_their_place_however_the_input_is_cut(void **state)
{
	static const char text[] = "one\n\ntwo\r\n\r\nthree";

	(void)state;
	for (size_t piece = 1; piece <= sizeof text; piece++) {
		struct buf out = BUF_INIT(4096);

		read_in_pieces(str_of(text), piece, &out);
		assert_string_equal(buf_text(&out), "1@0[one]2@4[]3@5[two]4@10[]5@12~[three]");
		buf_release(&out);
	}
}

static void nothing_follows_a_last_line_feed(void **state)
{
	struct buf out = BUF_INIT(4096);

	(void)state;
	read_in_pieces(STR("a\n"), 1, &out);
	read_in_pieces(STR(""), 1, &out);
	assert_string_equal(buf_text(&out), "1@0[a]");
	buf_release(&out);
}

static void too_long_lines_are_cut_and_marked_alike_in_pieces_and_whole(void **state)
{
	static const size_t pieces[] = {1000, 65536, 65537, SIZE_MAX};
	struct buf text = BUF_INIT(MIB(1));

	(void)state;
	for (size_t i = 0; i < LIMIT_LINE + 10; i++)
		buf_add_byte(&text, 'x');
	buf_add_text(&text, "\nnext\n");
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct buf out = BUF_INIT(MIB(1));

		read_in_pieces(buf_str(&text), pieces[i], &out);
		assert_int_equal(out.len, LIMIT_LINE + strlen("1@0![]2@65547[next]"));
		assert_true(str_ends(buf_str(&out), STR("x]2@65547[next]")));
		buf_release(&out);
	}
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_have_their_place_however_the_input_is_cut),
		cmocka_unit_test(nothing_follows_a_last_line_feed),
		cmocka_unit_test(too_long_lines_are_cut_and_marked_alike_in_pieces_and_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
