// SPDX-License-Identifier: Apache-2.0
// JUnit XML.
#include "collector/tell/junit.h"

#include "collector/form/escape.h"

static void attribute(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, " %s=\"", name);
	escape_xml(out, value);
	buf_add_text(out, "\"");
}

static void write_case(struct buf *out, const struct junit_case *one)
{
	buf_add_text(out, "    <testcase");
	attribute(out, "classname", one->class_name);
	attribute(out, "name", one->name);
	if (!one->failed) {
		buf_add_text(out, "/>\n");
		return;
	}
	buf_add_text(out, ">\n      <failure");
	attribute(out, "message", one->message);
	buf_add_text(out, ">");
	escape_xml(out, one->text);
	buf_add_text(out, "</failure>\n    </testcase>\n");
}

void junit_write(struct buf *out, const char *suite, const struct junit_case *cases, size_t count)
{
	size_t failures = 0;

	for (size_t i = 0; i < count; i++)
		failures += cases[i].failed;
	buf_printf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites tests=\"%zu\" failures=\"%zu\">\n"
		"  <testsuite name=\"%s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
		"skipped=\"0\">\n",
		count, failures, suite, count, failures);
	for (size_t i = 0; i < count; i++)
		write_case(out, &cases[i]);
	buf_add_text(out, "  </testsuite>\n</testsuites>\n");
}
