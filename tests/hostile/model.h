/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of the config space that a guest may see, written from what vfio-pci does and
 * what dsnctl promises, independent of the code under test.
 */
#ifndef MODEL_H
#define MODEL_H

#include "space.h"

#define MODEL_DSNS 64

enum policy { PASS, SCRUB, SERIAL, HIDE };

struct model {
	bool opens;  /* vfio opens the device, and stays within its copy */
	bool closed; /* the chain leads where vfio has no copy: nothing may be shown */
	unsigned int dsn[MODEL_DSNS], dsns; /* in the device's own chain */
	unsigned int hops;		    /* of the device's own chain */
	bool loops;
	uint8_t body[SPACE];   /* one bit for each byte of a serial that this may be */
	bool chain[SPACE];     /* the headers of the device's own chain */
	uint8_t copied[SPACE]; /* vfio's copy */
	bool known[SPACE];     /* bytes that vfio has copied, by its map */
	uint8_t header[SPACE]; /* of a DSN: 1 + which byte */
	bool vpd[SPACE];       /* bytes of VPD that show `vpd_shown` */
	uint8_t vpd_shown;     /* unless policy is PASS */
};

/* `opened`: as vfio found it; `now`: as it is read. */
void model_make(struct model *model, const struct space *opened, const struct space *now);

/*
 * Returns true if policy lets a guest read `got` at `at`, where the device has `native`.
 */
bool model_allows(const struct model *model, enum policy policy, uint64_t serial,
		  unsigned int at, uint8_t native, uint8_t got);

#endif
