// SPDX-License-Identifier: GPL-2.0
/* A model of the config space that a guest may see. */
#include "model.h"

#include <string.h>

#define HOPS ((SPACE - EXTENDED) / 4)
#define UNKNOWN_FROM 0xfe /* vfio's marks for bytes that belong to no capability */

/* vfio's copy: what it has read when it opened the device. */
struct copy {
	struct space space;
	uint8_t owner[SPACE]; /* low byte of the capability's ID */
};

static unsigned int next_of(uint32_t header)
{
	unsigned int next = header >> 20 & 0xffc;

	return next < EXTENDED ? 0 : next;
}

/* Returns a length like vfio's: 0 for what it hides, -1 if it cannot read that far. */
static int length_of(const struct space *space, unsigned int at)
{
	switch (space_dword(space, at) & 0xffff) {
	case ID_AER:
		return 44;
	case ID_DSN:
		return 12;
	case ID_POWER:
		return 16;
	case ID_ARI:
	case ID_LTR:
		return 8;
	case ID_VENDOR:
		return at + 8 > SPACE ? -1 : (int)(space_dword(space, at + 4) >> 20);
	}
	return 0;
}

/* Returns whether vfio can do it within its copy. */
static bool copy_chain(struct copy *copy, const struct space *from)
{
	unsigned int at = EXTENDED, before = 0, hops, shown = 0;

	for (hops = 0; at && hops < HOPS; hops++) {
		uint32_t header = space_dword(from, at);
		unsigned int next = next_of(header);
		int length = length_of(from, at);
		bool hidden = !length;

		if (length < 0)
			return false;
		if (hidden && before) {
			space_put(&copy->space, before,
				  (space_dword(&copy->space, before) & 0x003fffff) |
					  (header & 0xffc00000));
			at = next;
			continue;
		}
		if (hidden)
			length = 4;
		if (at + length > SPACE)
			return false;
		memset(copy->owner + at, header & 0xff, length);
		memcpy(copy->space.bytes + at, from->bytes + at, length);
		if (hidden)
			space_put(&copy->space, at, header & 0xffc00000);
		else
			shown++;
		before = at;
		at = next;
	}
	if (!shown)
		space_put(&copy->space, EXTENDED, 0);
	return true;
}

/*
 * Returns true if a walk along the copy comes to a header that vfio has not copied whole.
 */
static bool leads_away(const struct copy *copy)
{
	unsigned int at = EXTENDED, hops, i;

	for (hops = 0; at && hops < HOPS; hops++) {
		for (i = 0; i < 4; i++)
			if (copy->owner[at + i] >= UNKNOWN_FROM)
				return true;
		at = next_of(space_dword(&copy->space, at));
	}
	return false;
}

static void note_dsn(struct model *model, unsigned int at)
{
	unsigned int i;

	for (i = 0; i < model->dsns; i++)
		if (model->dsn[i] == at)
			return;
	if (model->dsns < MODEL_DSNS)
		model->dsn[model->dsns++] = at;
	for (i = 0; i < 4; i++)
		model->header[at + i] = 1 + i;
	for (i = 0; i < 8 && at + 4 + i < SPACE; i++)
		model->body[at + 4 + i] |= 1 << i;
}

/* The device's own chain, which is what a guest walks along where vfio lets it. */
static void find_dsns(struct model *model, const struct space *space)
{
	unsigned int at = EXTENDED, hops;

	if (space->size <= EXTENDED)
		return;
	for (hops = 0; at && hops < HOPS; hops++) {
		uint32_t header = space_dword(space, at);

		memset(model->chain + at, true, 4);
		if ((header & 0xffff) == ID_DSN)
			note_dsn(model, at);
		at = next_of(header);
	}
	model->hops = hops;
	model->loops = at;
}

/* Data reads as end tags; all of what is not one capability, whole and aligned, as zeros. */
static void note_vpd(struct model *model, const struct space *space)
{
	if (!space->vpd)
		return;
	model->vpd_shown = space->vpd_odd ? 0 : 0x78;
	if (space->vpd_odd) {
		memset(model->vpd + space->vpd, true, space->vpd_length);
		return;
	}
	memset(model->vpd + space->vpd + 4, true, 4);
	if (space->vpd_more)
		memset(model->vpd + space->vpd_more + 4, true, 4);
}

void model_make(struct model *model, const struct space *opened, const struct space *now)
{
	static struct copy copy;
	unsigned int i;

	memset(model, 0, sizeof(*model));
	memset(&copy, 0, sizeof(copy));
	memset(copy.owner + EXTENDED, 0xff, SPACE - EXTENDED);
	model->opens = true;
	if (!opened->no_express && space_dword(opened, EXTENDED))
		model->opens = copy_chain(&copy, opened);
	/* VPD data over the chain's beginning: a guest may write what it likes there */
	model->closed = leads_away(&copy) || opened->vpd == 0xfc;
	memcpy(model->copied, copy.space.bytes, SPACE);
	for (i = EXTENDED; i < SPACE; i++)
		model->known[i] = copy.owner[i] < UNKNOWN_FROM;
	note_vpd(model, opened);
	find_dsns(model, opened);
	if (now != opened)
		find_dsns(model, now);
}

static bool serial_byte(uint8_t which, uint64_t serial, uint8_t got)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		if (which & 1 << i && got == (uint8_t)(serial >> (8 * i)))
			return true;
	return false;
}

/*
 * ID and version are gone, the next pointer is there: the device's, or vfio's, which leaves
 * out what it hides, and is not what it shows where two DSNs have no gap between them.
 */
static bool hidden_byte(const struct model *model, unsigned int at, uint8_t native,
			uint8_t got)
{
	static const uint8_t next[] = { 0, 0, 0xc0, 0xff };
	uint8_t kept = next[model->header[at] - 1];

	return got == (native & kept) || got == (model->copied[at] & kept);
}

bool model_allows(const struct model *model, enum policy policy, uint64_t serial,
		  unsigned int at, uint8_t native, uint8_t got)
{
	if (policy == PASS)
		return got == native;
	if (model->vpd[at])
		return got == model->vpd_shown;
	if (at < EXTENDED)
		return got == native;
	/* a broken chain: zeros, or what a sound one shows of bytes that vfio has copied */
	if (model->closed && (!got || !model->known[at]))
		return !got;
	if (model->body[at])
		return policy == SERIAL ? serial_byte(model->body[at], serial, got)
					: !got;
	if (policy == HIDE && model->header[at])
		return hidden_byte(model, at, native, got);
	return got == native;
}
