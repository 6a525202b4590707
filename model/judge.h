// SPDX-License-Identifier: Apache-2.0
// The judge: observations in, report out. `collect`, `analyze` and the daemon all use this and
// nothing else, so that the same observations give the same findings, number for number.
//
//	struct judge *judge = judge_new(stacks, &parameters);
//	r = judge_process(judge, &process);		// before its first tick; repeated when more
// is known 	r = judge_observe(judge, &observation);		// in the order of each target's seq
//	r = judge_report(judge, &report, error);	// at any time; the judge goes on
//	report_release(&report);
//	judge_free(&judge);
//
// Nothing of an observation is kept by reference except its stacks.
#pragma once

#include "model/finding.h"
#include "model/state.h"

struct judge_parameters {
	double interval_s; // nominal; 0: from the ticks
	double memory_limit_bytes; // 0: from the process
	double goroutine_limit; // 0: none
	double share_of_qps; // forecast down to this share; default 0.5
};

struct judge;

struct judge *judge_new(struct stacks *stacks, const struct judge_parameters *parameters);
int judge_process(struct judge *judge, const struct process *process);
int judge_observe(struct judge *judge, const struct observation *observation);
// One observation is enough for a first answer: the ID axis gives a rate per birth, and per second
// once the process start is known (leak-model 4.1).
int judge_report(struct judge *judge, struct report *report, struct error *error);
void judge_free(struct judge **judge);

// What the judge remembers of one target: saved here and restored there, perhaps in another process
// with another table of stacks, the same later observations give the same report bit for bit. The
// parameters are not part of it: they are given to each judge.
uint32_t judge_target_count(const struct judge *judge);
struct str judge_target_name(const struct judge *judge, uint32_t index); // ordered by name
uint64_t judge_target_seq(const struct judge *judge, uint32_t index); // of its next line
// 0 or -ENOMEM; a form of writing that fails tells that itself.
int judge_save(const struct judge *judge, uint32_t index, struct state_io *io);
// Before the target's first tick here; `seq` is that of its next line. What the judge knew of the
// target is replaced, unless it knows the lines up to `seq` itself (STATE_KNOWN). 0, -ENOMEM, or a
// STATE_ condition, which leaves the judge as it was.
int judge_restore(struct judge *judge, struct str name, uint64_t seq, struct state_io *io);
