// SPDX-License-Identifier: Apache-2.0
// show: which goroutines are meant.
#include "collector/commands/show.h"

#include <strings.h>

static bool matches(const regex_t *pattern, struct str text)
{
	regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)text.len};

	return regexec(pattern, text.data, 1, &range, REG_STARTEND) == 0;
}

bool frame_is_own(const struct frame *frame)
{
	return !package_is_standard(function_package(frame->function));
}

static bool any_frame(const struct show_filter *filter, const struct sitter *sitter)
{
	bool found = !filter->function, own = !filter->user;

	for (uint32_t i = 0; i < sitter->frame_count && !(found && own); i++) {
		found = found || matches(filter->function, sitter->frames[i].function);
		own = own || frame_is_own(&sitter->frames[i]);
	}
	return found && own;
}

bool show_place_passes(const struct show_filter *filter, const struct sitter *sitter)
{
	if (!any_frame(filter, sitter))
		return false;
	return !filter->created_by ||
	       (sitter->created_by->function.len > 0 &&
		       matches(filter->created_by, sitter->created_by->function));
}

static bool equal_ignoring_case(struct str a, struct str b)
{
	return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

// "chan receive" means "chan receive (nil chan)" as well; a kind's name means all of its states.
static bool is_wait(struct str wanted, struct str name, uint16_t state)
{
	if (equal_ignoring_case(wanted, name) ||
		equal_ignoring_case(wanted, str_of(wait_kind_name(state_kind(state)))))
		return true;
	return name.len > wanted.len && name.data[wanted.len] == ' ' &&
	       name.data[wanted.len + 1] == '(' &&
	       equal_ignoring_case(wanted, str_head(name, wanted.len));
}

static bool wait_passes(
	const struct show_filter *filter, const struct stacks *stacks, uint16_t state)
{
	struct str name = stacks_state_name(stacks, state);

	for (uint32_t i = 0; i < filter->wait_count; i++) {
		if (is_wait(filter->waits[i], name, state))
			return true;
	}
	return filter->wait_count == 0;
}

static bool id_passes(const struct show_filter *filter, uint64_t id)
{
	for (uint32_t i = 0; i < filter->id_count; i++) {
		if (filter->ids[i] == id)
			return true;
	}
	return filter->id_count == 0;
}

static bool has_label(struct label_set set, const struct label *wanted)
{
	for (uint32_t i = 0; i < set.count; i++) {
		if (str_equal(set.labels[i].key, wanted->key) &&
			str_equal(set.labels[i].value, wanted->value))
			return true;
	}
	return false;
}

static bool labels_pass(
	const struct show_filter *filter, const struct stacks *stacks, uint32_t labels)
{
	struct label_set set = stacks_labels(stacks, labels);

	for (uint32_t i = 0; i < filter->label_count; i++) {
		if (!has_label(set, &filter->labels[i]))
			return false;
	}
	return true;
}

bool show_passes(
	const struct show_filter *filter, const struct stacks *stacks, const struct sitter *sitter)
{
	return 60.0 * sitter->minutes >= filter->min_age_s &&
	       wait_passes(filter, stacks, sitter->state) && id_passes(filter, sitter->id) &&
	       (filter->label_count == 0 || labels_pass(filter, stacks, sitter->labels));
}
