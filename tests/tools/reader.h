/* SPDX-License-Identifier: GPL-2.0 */
/* Reads of a serial in several shapes, each byte checked, by a process that may be killed. */
#ifndef READER_H
#define READER_H

#include "vfio_device.h"

#include <stdatomic.h>

#define PAGE 4096
#define FILL 0xa5 /* in no serial of the tests */
#define CANNOT 3  /* exit status: this device or this kernel has no such thing */

/* A way to read: an offset in the capability's body, or all of config space, from 0. */
struct shape {
	const char *name;
	unsigned int in_body, length, parts;
};

/* Shared with the child, which the tested program may kill. */
struct shared {
	atomic_ulong reads, wrong, shown_real, resets, killed;
	atomic_uint finished; /* readers that came to their end */
	atomic_bool stop;
};

/* The device that is read, and the serial that the rules show. */
struct target {
	struct vfio_device device;
	const char *bdf;
	uint8_t real[CONFIG_SIZE];
	uint64_t serial;
	unsigned int dsn;
	bool may_vanish; /* zeros are right too */
};

extern struct target target;
extern struct shared *shared;

/* Exits if there is no such shape. */
const struct shape *find_shape(const char *name);
off_t start_of(const struct shape *shape);

/* Returns bytes read or -errno. */
ssize_t read_as(const struct shape *shape, uint8_t *to);

/* Counts the serial's bytes of one read as right or wrong. */
void check_read(const struct shape *shape, const uint8_t *bytes);

/* Reads and checks; exits if the read fails. */
void read_once(const struct shape *shape, uint8_t *to);

/*
 * Runs in a child, and reports reads and the child's end on stdout; arguments 1 to 3 are BDF,
 * IMAGE and SERIAL. Returns an exit status: 1 if a read was wrong or the child was killed.
 */
int run_watched(int (*run)(int argc, char **argv), int argc, char **argv);

#endif
