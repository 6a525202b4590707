// SPDX-License-Identifier: Apache-2.0
// "Unknown flag --intervall; nearest known: --interval": the closest of several names.
//
//	struct nearest nearest = {.wanted = name};
//	for (...)
//		nearest_try(&nearest, candidate);
//	if (nearest.best[0]) ...
#pragma once

#include "base/str.h"

#define NEAREST_NAME_MAX 64

struct nearest {
	struct str wanted;
	char best[NEAREST_NAME_MAX + 1]; // "": nothing is close enough to be worth saying
	unsigned distance; // edits, swapped neighbours count once
};

void nearest_try(struct nearest *nearest, struct str candidate);
