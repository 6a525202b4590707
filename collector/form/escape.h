// SPDX-License-Identifier: Apache-2.0
// Text from a target, made safe for where it goes: one function per sink.
//
// Function names, labels, paths and error texts come from programs that may lie. Everywhere,
// control characters (ESC, DEL, C1), bidirectional controls and bytes that are no UTF-8 are shown
// instead of sent: \n \r \t, \x1b, \u{202E}, \xff. What else is escaped depends on the sink.
#pragma once

#include "base/buf.h"

// One line on a terminal, or in plain text.
void escape_terminal(struct buf *out, struct str text);
// The same, shortened in the middle to `columns` characters with "..." when it is longer.
void escape_terminal_short(struct buf *out, struct str text, size_t columns);
// HTML text and quoted attribute values alike; line feeds and tabs stay.
void escape_html(struct buf *out, struct str text);
// XML 1.0 text and quoted attribute values (JUnit); line feeds and tabs stay, as references.
void escape_xml(struct buf *out, struct str text);
// Inside the quotes of a JSON string, also inside <script>: < > & are \u003c and so on. Bytes that
// are no UTF-8 become U+FFFD.
void escape_json(struct buf *out, struct str text);
// Markdown text in a paragraph or a table cell.
void escape_markdown(struct buf *out, struct str text);
// A Markdown code span, with the backticks that it needs.
void escape_markdown_code(struct buf *out, struct str text);
