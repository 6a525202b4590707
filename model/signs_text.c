// SPDX-License-Identifier: Apache-2.0
// What the sixteen rows mean: a table.
#include "model/signs.h"

#include <errno.h>
#include <stdio.h>

#define READING_MAX 900

const char *sign_name(enum sign_kind kind)
{
	static const char *const names[] = {
		[SIGN_GOROUTINES] = "goroutines",
		[SIGN_HEAP] = "heap",
		[SIGN_BLOCK] = "block delay",
		[SIGN_MUTEX] = "mutex delay",
	};

	return names[kind];
}

// What it means together, what to look at first, what it is not.
static const char *const sentences[SIGN_ROWS] = {
	"Nothing grows: goroutines, heap and waiting all stay level. If it is slow all the same, "
	"look outside this process first: what it calls, its CPU limit, the network. It is no leak "
	"that this time could show, and no lock.",

	"Locks are waited for longer, while goroutines and heap stay level: those who wait still "
	"get through. Look first at what the holder of the first lock does while it has it. It is "
	"no leak: nothing gathers.",

	"Goroutines wait longer for one another (channels, wait groups), and do not gather. Look "
	"first at who is slow to send or to receive: what it calls, or too few workers. It is no "
	"lock and no leak; a pool with less to do looks the same.",

	"Goroutines wait longer for locks and for one another, and do not gather. Look first at "
	"the "
	"holder of the first lock: those on channels often wait for somebody who waits for it. It "
	"is no leak: the waits end.",

	"The heap grows and goroutines do not: what is kept is data, in a cache, a map or a slice "
	"that nobody empties. Look first at two heap profiles and what differs between them. It is "
	"no goroutine leak and no contention.",

	"The heap grows and locks are waited for longer, at a level number of goroutines: "
	"something "
	"behind a lock grows, and each pass over it takes longer. Look first at the loops under "
	"the "
	"first lock, then at the heap profile. It is no goroutine leak.",

	"The heap grows and goroutines wait longer for one another, without gathering: work piles "
	"up as data, in a queue or a buffer. Look first at who empties it. It is no goroutine leak "
	"and no lock.",

	"The heap and all waits grow, at a level number of goroutines: a pool is full, and work "
	"piles up before it as data. Look first at the holder of the first lock, then at what the "
	"workers wait for. It is no goroutine leak: their number is capped.",

	"Goroutines gather and hold hardly any memory, and the waits that end are no longer than "
	"before: these do not end, or there is more load. Look first at the first finding; no "
	"profile of waits shows them. It is no contention.",

	"Goroutines gather and locks are waited for longer: a queue before a lock. Look first at "
	"the "
	"holder of the first lock, then at the stack that waits for it. It is no leak as long as "
	"the waits end: the queue goes when the holder is quick again.",

	"Goroutines gather and wait longer for one another, and get through: a consumer, or what "
	"they call, is slow. Look first at whom they wait for, not at who starts them. It is no "
	"lock, and no leak alone: a leak's waits never end.",

	"Goroutines gather and wait longer, for locks and for one another: often one slow holder "
	"keeps both waiting. Look first at the holder of the first lock, then at who waits on "
	"channels for those behind it. It is no leak alone: these waits end.",

	"Goroutines gather and keep memory with them, and the waits that end are no longer than "
	"before: as a leak does. Look first at the first finding. It is no contention; a cache "
	"with "
	"a goroutine for each entry looks the same while it fills.",

	"Goroutines and heap grow and locks are waited for longer: a queue before a lock whose "
	"members hold memory, or a leak that makes something behind a lock longer. Look first at "
	"the holder of the first lock, then at the first finding. It is not memory alone: "
	"more of it shortens no wait.",

	"Goroutines and heap grow and they wait longer for one another: requests pile up with all "
	"they hold, before something slow. Look first at what they wait for: its latency, its "
	"pool. "
	"It is no lock; what stays when that is quick again is a leak.",

	"Everything grows: goroutines, heap, the waits for locks and for one another. It is "
	"overload, or one holder that stops everybody. Look first at the holder of the first lock, "
	"then at the load. It is not memory alone: a larger limit only buys time.",
};

// The same for goroutines and heap, where nothing is known of waits.
static const char *const without_waits[4] = {
	"Neither goroutines nor heap grow. If it is slow, waiting is what to look at next.",
	"The heap grows and goroutines do not: what is kept is data, in a cache, a map or a slice "
	"that nobody empties. Look first at two heap profiles and what differs between them. It is "
	"no goroutine leak.",
	"Goroutines gather and hold hardly any memory: a leak, a queue or more load. Look first at "
	"the first finding.",
	"Goroutines gather and keep memory with them, as a leak does, and as a queue before "
	"something slow does. Look first at the first finding.",
};

// The same where nothing is known of memory: goroutines, block delay, mutex delay.
static const char *const without_heap[8] = {
	"Neither goroutines nor waits grow.",
	"Locks are waited for longer, at a level number of goroutines. Look first at the holder of "
	"the first lock.",
	"Goroutines wait longer for one another, and do not gather. Look first at who is slow to "
	"send or to receive.",
	"All waits grow, at a level number of goroutines. Look first at the holder of the first "
	"lock.",
	"Goroutines gather, and the waits that end are no longer than before: these do not end, or "
	"there is more load. Look first at the first finding.",
	"Goroutines gather and locks are waited for longer: a queue before a lock. Look first at "
	"the "
	"holder of the first lock.",
	"Goroutines gather and wait longer for one another, and get through. Look first at whom "
	"they "
	"wait for.",
	"Goroutines gather and wait longer, for locks and for one another. Look first at the "
	"holder "
	"of the first lock.",
};

const char *signs_sentence(unsigned row)
{
	return sentences[row % SIGN_ROWS];
}

unsigned signs_row(const struct signs *signs, bool *whole)
{
	unsigned row = 0;

	*whole = true;
	for (int i = 0; i < SIGNS; i++) {
		row = 2 * row + (signs->sign[i].state == SIGN_UP);
		*whole = *whole && signs->sign[i].state != SIGN_NOT_KNOWN;
	}
	return row;
}

struct text {
	char bytes[READING_MAX];
	size_t len;
};

static void add(struct text *text, const char *more)
{
	int written =
		snprintf(text->bytes + text->len, sizeof(text->bytes) - text->len, "%s", more);

	text->len += (size_t)written;
	if (text->len >= sizeof(text->bytes))
		text->len = sizeof(text->bytes) - 1;
}

static void add_known(struct text *text, const struct signs *signs)
{
	bool first = true;

	for (int i = 0; i < SIGNS; i++) {
		if (signs->sign[i].state == SIGN_NOT_KNOWN)
			continue;
		add(text, first ? "Known: " : ", ");
		add(text, sign_name((enum sign_kind)i));
		add(text, signs->sign[i].state == SIGN_UP ? " up" : " not up");
		first = false;
	}
	add(text, ".");
}

// "Not known: block delay and mutex delay (the profile is empty: its rate is not set)."
static void add_unknown(struct text *text, const struct signs *signs)
{
	const char *why = NULL;

	for (int i = 0; i < SIGNS; i++) {
		const struct sign *sign = &signs->sign[i];

		if (sign->state != SIGN_NOT_KNOWN)
			continue;
		if (why && why != sign->why) {
			add(text, " (");
			add(text, why);
			add(text, ")");
		}
		add(text, why ? ", " : " Not known: ");
		add(text, sign_name((enum sign_kind)i));
		why = sign->why;
	}
	add(text, " (");
	add(text, why);
	add(text, ").");
}

static bool is_known(const struct signs *signs, enum sign_kind kind)
{
	return signs->sign[kind].state != SIGN_NOT_KNOWN;
}

static bool by_resident(const struct signs *signs)
{
	const struct sign *heap = &signs->sign[SIGN_HEAP];

	return heap->state != SIGN_NOT_KNOWN && heap->from &&
	       str_equal(str_of(heap->from), STR(SIGN_FROM_RESIDENT));
}

// A sentence that claims nothing of what is not known, or NULL. Longer waits for locks mean the
// same whatever the block profile says; shorter ones do not.
static const char *sentence_of_known(const struct signs *signs, unsigned row)
{
	bool heap = is_known(signs, SIGN_HEAP), block = is_known(signs, SIGN_BLOCK);
	bool mutex = is_known(signs, SIGN_MUTEX);

	if (!is_known(signs, SIGN_GOROUTINES))
		return NULL;
	if (heap && block && mutex)
		return signs_sentence(row);
	if (heap)
		return signs->sign[SIGN_MUTEX].state == SIGN_UP ? signs_sentence(row)
								: without_waits[row / 4];
	return block && mutex ? without_heap[(row & 8) / 2 + (row & 3)] : NULL;
}

int signs_reading(const struct signs *signs, struct arena *arena, struct str *reading)
{
	struct text text = {.len = 0};
	bool whole, waits = is_known(signs, SIGN_BLOCK) || is_known(signs, SIGN_MUTEX);
	unsigned row = signs_row(signs, &whole);
	const char *sentence;

	*reading = STR_EMPTY;
	if (!is_known(signs, SIGN_GOROUTINES) && !is_known(signs, SIGN_HEAP) && !waits)
		return 0;
	sentence = sentence_of_known(signs, row);
	if (sentence)
		add(&text, sentence);
	else
		add_known(&text, signs);
	if (!whole)
		add_unknown(&text, signs);
	if (by_resident(signs))
		add(&text, " Resident memory stands in for the heap; it holds stacks as well.");
	*reading = arena_str(arena, str_of(text.bytes));
	return reading->data ? 0 : -ENOMEM;
}
