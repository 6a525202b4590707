// SPDX-License-Identifier: Apache-2.0
// What stands between the records of goroutine text, and what it says: where one dump ends and the
// next begins.
#include "runtime/dump_record.h"

// Searches for a repeated ID in one snapshot; each costs a look at all its goroutines.
#define ID_SEARCHES_MAX 64

static bool has_id(struct dump_records *records, uint64_t id)
{
	struct goroutine_iterator at = {0};
	const struct goroutine *goroutine;

	if (records->id_searches == ID_SEARCHES_MAX)
		return false;
	records->id_searches++;
	while ((goroutine = snapshot_next(records->snapshot, &at))) {
		if (goroutine->id == id)
			return true;
	}
	return false;
}

// Whether the record that begins is the first of a further dump. The sections of one crash
// ("-----") repeat goroutine 0 and the goroutine that crashed.
bool dump_opens_snapshot(struct dump_records *records)
{
	bool running = records->goroutine.state == records->running;

	if (!records->snapshot)
		return true;
	if (records->banner)
		return true;
	if (records->crash_goes_on)
		return false;
	if (records->junk && running)
		return true;
	if (records->goroutine.id == 0 || !(records->junk || running))
		return false;
	return has_id(records, records->goroutine.id);
}

static bool is_signal_banner(struct str line)
{
	size_t colon = str_find_byte(line, ':');

	if (colon < 5 || colon > 9 || colon == line.len || !str_starts(line, STR("SIG")))
		return false;
	for (size_t i = 3; i < colon; i++) {
		if (line.data[i] < '0' || line.data[i] > 'Z')
			return false;
	}
	return true;
}

static bool is_fatal_banner(struct str line)
{
	return str_starts(line, STR("panic: ")) || str_starts(line, STR("fatal error: ")) ||
	       str_starts(line, STR("fatal: morestack on "));
}

// Text between records. In a log it tells dumps apart; in a dump it is damage, once for all lines
// one behind another.
void dump_outside_line(struct dump_records *records, struct str line, const struct dump_place *at)
{
	static const char reason[] = "text outside of a record";

	records->junk = true;
	if (str_equal(str_trim(line), STR("-----"))) {
		records->crash_section = true;
	} else if (is_fatal_banner(line)) {
		records->banner = true;
		records->crash_section = records->crash_goes_on = false;
	} else if (is_signal_banner(line)) {
		records->crash_goes_on = records->crash_section;
		records->banner = !records->crash_section;
		records->crash_section = false;
	}
	if (records->source == SOURCE_LOG || records->junk_counted)
		return;
	records->junk_counted = true;
	if (records->snapshot)
		snapshot_add_damage(records->snapshot, at->offset, at->line, reason);
	else if (!records->early.reason)
		records->early = (struct damage){at->offset, at->line, reason};
}

// What ends a record in a log although no blank line stands before it.
bool dump_ends_record(const struct dump_records *records, struct str line)
{
	return records->source == SOURCE_LOG &&
	       (str_equal(line, STR("-----")) || str_equal(line, STR("runtime stack:")) ||
		       is_fatal_banner(line) || is_signal_banner(line));
}
