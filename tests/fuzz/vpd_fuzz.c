// SPDX-License-Identifier: GPL-2.0
/* Any bytes as VPD: items that lie within them, as text for any terminal, and an end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "model/vpd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct vpd_item *item)
{
	char text[VPD_TEXT_LEN];
	size_t i;

	vpd_text(item, text);
	for (i = 0; text[i]; i++)
		if (text[i] < ' ' || text[i] > '~')
			abort();
	if (i >= sizeof(text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vpd vpd = { .data = data, .length = size };
	struct vpd_item item;
	size_t count = 0;

	while (vpd_next(&vpd, &item)) {
		if (item.data < data || item.data + item.length > data + size ||
		    vpd.at > size || count++ > size)
			abort();
		vpd_is_telling(&item);
		check_text(&item);
	}
	return 0;
}
