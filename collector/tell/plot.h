// SPDX-License-Identifier: Apache-2.0
// Plots as inline SVG: lines, points and bands over two axes with labelled ticks.
//
// Colours, fonts and both colour schemes come from the page's style sheet by class; here is only
// geometry. The size is bounded whatever the number of points: lines keep the lowest and highest
// value of each column, points and bands are thinned evenly.
#pragma once

#include "base/buf.h"

enum plot_mark {
	PLOT_LINE,
	PLOT_DASHED,
	PLOT_POINTS,
	PLOT_BAND, // between y and high
};

struct plot_series {
	enum plot_mark mark;
	unsigned colour; // 1 to 4: classes c1 to c4 of the style sheet
	const char *name; // for the legend; NULL: not in it
	size_t count;
	const double *x, *y, *high; // NAN is a gap; high for PLOT_BAND only
};

struct plot {
	const char *id; // unique in the page
	struct str title, description; // said to those who cannot see it; escaped here
	const char *x_label, *y_label; // with units
	bool x_is_time; // x is wall clock milliseconds
	bool y_from_zero;
	struct str note; // written into the plot, e.g. the slope of the line; escaped here
	bool note_right; // at the right edge, for falling courses
	double marker_x; // a vertical line; NAN: none
	const char *marker_label;
	const struct plot_series *series; // drawn in this order
	size_t series_count;
};

// Whether there are two different points to draw.
bool plot_worthwhile(const struct plot *plot);
// The SVG, and a legend when more than one series has a name.
void plot_write(struct buf *out, const struct plot *plot);
