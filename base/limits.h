// SPDX-License-Identifier: Apache-2.0
// Every cap on outside input, in one place. Bytes unless the name says otherwise.
#pragma once

#define KIB(n) ((size_t)(n) << 10)
#define MIB(n) ((size_t)(n) << 20)

// What net/http/pprof cuts debug=2 at, without a word (goroutine-dumps.md 2.3).
#define GO_DUMP_CUT_BYTES 67108864

// One line of a dump or a log. Longer ones are damage.
#define LIMIT_LINE KIB(64)
// Distinct traces and stacks of one collection, with their strings.
#define LIMIT_TRACE_TABLE MIB(512)
#define LIMIT_TRACES_COUNT 2000000
#define LIMIT_FRAMES_COUNT 4096 // of one goroutine
#define LIMIT_ANCESTORS_COUNT 64 // of one goroutine
#define LIMIT_LABELS_COUNT 64 // of one goroutine
#define LIMIT_GOROUTINES_COUNT 4000000 // of one snapshot
#define LIMIT_SNAPSHOTS_COUNT 10000 // of one input
#define LIMIT_DAMAGE_COUNT 64 // remembered with place and reason; all are counted

#define LIMIT_PROFILE_PROTO MIB(256) // after decompression
#define LIMIT_PROFILE_MESSAGE MIB(512) // memory that decoding it may take
#define LIMIT_PROFILE_TEXT MIB(2048) // that the frames of all its samples would take as text
#define LIMIT_METRICS MIB(32)
#define LIMIT_METRIC_SERIES_COUNT 200000

// A response body after decompression, unless --max-bytes says otherwise.
#define LIMIT_BODY MIB(80)
#define LIMIT_HEADERS KIB(64)
#define LIMIT_TARGETS_COUNT 5000

#define LIMIT_SETTINGS_FILE MIB(1)
#define LIMIT_JSON_DEPTH_COUNT 64
#define LIMIT_OBSERVATION_LINE MIB(64)
#define LIMIT_INPUT MIB(4096) // of one file given to analyze, after decompression
#define LIMIT_BUNDLE_MEMBERS_COUNT 200000
#define LIMIT_MANIFEST MIB(256)
