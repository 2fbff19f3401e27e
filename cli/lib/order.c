// SPDX-License-Identifier: GPL-2.0
/* The order of many things that each have a number: by its bytes, from the lowest on. */
#include "lib/order.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "lib/util.h"

static unsigned char byte_of(const struct numbered *one, size_t byte)
{
	return one->number >> 8 * byte & 0xff;
}

/* The bits in which they are not all the same; 0 where they are in order already. */
static __u64 differing_bits(const struct numbered *all, size_t count)
{
	bool in_order = true;
	__u64 bits = 0;
	size_t i;

	for (i = 1; i < count; i++) {
		bits |= all[i - 1].number ^ all[i].number;
		in_order &= all[i - 1].number <= all[i].number;
	}
	return in_order ? 0 : bits;
}

/* By one byte; those that have the same stay as they are. */
static void deal(struct numbered *to, const struct numbered *from, size_t count,
		 size_t byte)
{
	size_t places[257] = {}, i;

	for (i = 0; i < count; i++)
		places[byte_of(&from[i], byte) + 1]++;
	for (i = 0; i < 256; i++)
		places[i + 1] += places[i];
	for (i = 0; i < count; i++)
		to[places[byte_of(&from[i], byte)]++] = from[i];
}

int order_by_number(struct numbered *all, size_t count)
{
	__u64 bits = differing_bits(all, count);
	_cleanup_(free_ptr) struct numbered *other = NULL;
	struct numbered *from = all, *to, *swap;
	size_t byte;

	if (!bits)
		return 0;
	to = other = calloc(count, sizeof(*other));
	if (!other)
		return -ENOMEM;
	for (byte = 0; byte < sizeof(bits); byte++) {
		if (!(bits >> 8 * byte & 0xff))
			continue;
		deal(to, from, count, byte);
		swap = from;
		from = to;
		to = swap;
	}
	if (from != all)
		memcpy(all, from, count * sizeof(*all));
	return 0;
}
