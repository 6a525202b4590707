// SPDX-License-Identifier: Apache-2.0
// The judge's clock over several headers.
#include "collector/observe/observations.h"

struct observations_clock observations_clock_begin(int64_t wall_ms, double mono_ms)
{
	return (struct observations_clock){.first_wall_ms = wall_ms, .first_mono_ms = mono_ms};
}

void observations_clock_restart(struct observations_clock *clock, int64_t wall_ms, double mono_ms)
{
	clock->shift_ms = clock->last_mono_ms - mono_ms;
	if (wall_ms >= 0 && clock->first_wall_ms >= 0) {
		double shift =
			(double)(wall_ms - clock->first_wall_ms) - (mono_ms - clock->first_mono_ms);

		// A wall clock that was set back must not turn time around.
		clock->shift_ms = fmax(clock->shift_ms, shift);
	}
}
