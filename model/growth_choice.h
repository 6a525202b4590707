// SPDX-License-Identifier: Apache-2.0
// What kind of growth the totals show: models of leak-model 1.4, fitted and compared by AICc.
//
//	none        G = c
//	time        G = c + r t
//	load        G = c + lambda N
//	recovering  G = c + lambda N - mu A
//	saturating  G = c + b (1 - e^(-t / theta))      theta: log grid and golden section
//	step        G = c + b [t >= s]                  s: over the points; counts as 3 parameters
//
// L (requests in service), and QPS smoothed over 5 and 30 minutes, are further columns of all where
// they explain something: what load holds is no growth.
#pragma once

#include "model/growth_points.h"

#define GROWTH_AICC_KEEP 2.0 // a further column or bend must gain this much
#define GROWTH_AICC_NONE 10.0 // "none" is kept unless beaten by this much
#define GROWTH_QPS_CV 0.25 // below it time and requests are the same column

enum growth_kind {
	GROWTH_UNKNOWN, // too few points
	GROWTH_NONE,
	GROWTH_TIME,
	GROWTH_LOAD,
	GROWTH_INSEPARABLE, // grows; the load is too steady to tell with what
	GROWTH_RECOVERING,
	GROWTH_SATURATING,
	GROWTH_STEP,
	GROWTH_KINDS,
};

// "none", "time", "load", "load or time", "recovering", "saturating", "step"; NULL when unknown.
const char *growth_kind_name(enum growth_kind kind);

struct growth_model {
	struct growth_columns columns; // the constant first, then what the kind is about
	struct regression fit; // of `columns`; its aicc counts what was searched as well, and is
			       // INFINITY when the model does not apply
};

struct growth_choice {
	enum growth_kind kind;
	enum growth_kind driver; // among none, time, load and inseparable: as if it were a line
	struct growth_model models[GROWTH_KINDS]; // none, time, load, recovering, saturating, step
	double load_variation; // NAN
};

// At least GROWTH_POINTS_MIN points. Sets points->power to what the data speak for.
void growth_choose(struct growth_points *points, struct growth_choice *choice);
// Whether a richer fit gains more than `least`. Residuals that remember their predecessor tell as
// much as fewer independent ones would (leak-model 2.4), so the gain counts for less by as much.
bool growth_beats(const struct regression *rich, const struct regression *plain, double least);
// Only the line of `kind` (time or load), with its power, without load columns: earlier lives.
void growth_line(struct growth_points *points, enum growth_kind kind, struct growth_model *model);
