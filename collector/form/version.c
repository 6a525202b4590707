// SPDX-License-Identifier: Apache-2.0
// Which parkwatch this is, read from the program itself.
#include "collector/form/version.h"

#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *parkwatch_version(void)
{
	return PARKWATCH_VERSION;
}

static void to_hex(const unsigned char *bytes, size_t len, char out[static BUILD_ID_MAX])
{
	if (len > (BUILD_ID_MAX - 1) / 2)
		len = (BUILD_ID_MAX - 1) / 2;
	for (size_t i = 0; i < len; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

// The notes of one segment: headers, a name and a description each, padded to four bytes.
static bool find_note(const char *notes, size_t size, char out[static BUILD_ID_MAX])
{
	while (size >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) head;
		size_t whole;

		memcpy(&head, notes, sizeof(head));
		whole = sizeof(head) + padded(head.n_namesz) + padded(head.n_descsz);
		if (whole > size)
			return false;
		if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
			memcmp(notes + sizeof(head), "GNU", 4) == 0) {
			to_hex((const unsigned char *)notes + sizeof(head) + 4, head.n_descsz, out);
			return true;
		}
		notes += whole;
		size -= whole;
	}
	return false;
}

// Called for the program first; a non-zero result ends the walk there.
static int look_for_notes(struct dl_phdr_info *object, size_t size, void *out)
{
	(void)size;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

		if (segment->p_type == PT_NOTE &&
			find_note((const char *)(object->dlpi_addr + segment->p_vaddr),
				segment->p_memsz, out))
			break;
	}
	return 1;
}

void parkwatch_build_id(char out[static BUILD_ID_MAX])
{
	out[0] = '\0';
	(void)dl_iterate_phdr(look_for_notes, out);
}
