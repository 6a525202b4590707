// SPDX-License-Identifier: Apache-2.0
// What was read, as the tellers want it.
#include "collector/input/input_tell.h"

#include "collector/form/version.h"

int input_tell(struct input *input, struct report *report, struct tell *tell, struct error *error)
{
	int r = input_report(input, report, error);

	if (r < 0)
		return r;
	*tell = (struct tell){
		.report = report,
		.stacks = input->stacks,
		.last = tell_last(
			report, input->observations, input->observation_count, &input->arena),
		.artifacts = input->evidence,
		.artifact_count = (uint32_t)input->evidence_count,
		.version = parkwatch_version(),
	};
	return tell->last ? 0 : error_no_memory(error, "the last looks");
}
