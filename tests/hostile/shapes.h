/* SPDX-License-Identifier: GPL-2.0 */
/* Config spaces that no device should have. */
#ifndef SHAPES_H
#define SHAPES_H

#include "space.h"

struct shape {
	const char *name;
	void (*make)(struct space *space);
	void (*later)(struct space *space); /* what changes between open and read */
	bool rescan;			    /* the kernel has to find the device anew */
	bool guest_writes;		    /* zeros over the first header, after open */
	bool refused;			    /* vfio does not open it */
	bool unreached; /* has a serial, of bytes from UNREACHED on, that no chain leads to */
};

#define SERIAL_FIRST 0xc0 /* bytes that only serials have */
#define SERIAL_LAST 0xef
#define UNREACHED 0xb0
#define UNREACHED_LAST 0xb7

extern const struct shape shapes[];
extern const unsigned int shape_count;

/* These make vfio write behind its copy: run them in a machine of their own. */
extern const struct shape dangerous_shapes[];
extern const unsigned int dangerous_shape_count;

#endif
