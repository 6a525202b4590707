// SPDX-License-Identifier: Apache-2.0
// What one dump alone says about growth: IDs are handed out in the order of birth, so the survivors
// of a stack, laid along the axis of IDs, show whether they come in evenly (a leak, with a rate per
// birth), all at the start (a pool), or only lately (work in progress). Leak-model 4.1.
#pragma once

#include "model/estimate.h"
#include "model/track.h"

#define ID_AXIS_PARTS 20
#define ID_AXIS_COUNT_MIN 20 // goroutines in the older parts

enum id_shape {
	ID_SHAPE_UNKNOWN, // too few
	ID_SHAPE_EVEN,
	ID_SHAPE_EARLY, // a pool made at the start
	ID_SHAPE_LATE, // young ones only: work in progress
	ID_SHAPE_UNEVEN,
};

struct id_axis {
	enum id_shape shape;
	double p_value; // of evenness
	uint32_t count; // in the parts that were used
	double births; // IDs in those parts
	struct estimate per_birth; // share of all goroutines born that stay in this stack
};

// `max_id`: the largest ID that the process has handed out.
struct id_axis id_axis_of(
	const struct tracked_goroutine *goroutines, uint32_t count, uint64_t max_id);
