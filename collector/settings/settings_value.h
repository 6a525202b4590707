// SPDX-License-Identifier: Apache-2.0
// What the settings file needs of settings.c beyond setting one value from one text.
#pragma once

#include "collector/settings/settings.h"

// Append one pattern, which is checked and copied.
int settings_add_pattern(
	struct settings *settings, const struct setting *row, struct str text, struct error *error);
// Append one target; its URLs are checked, its strings must live in the settings' arena.
int settings_add_target(
	struct settings *settings, const struct target_setting *target, struct error *error);
// `origin.place` is copied.
int settings_remember_origin(struct settings *settings, const struct setting *row,
	struct setting_origin origin, struct error *error);
