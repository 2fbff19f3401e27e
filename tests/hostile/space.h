/* SPDX-License-Identifier: GPL-2.0 */
/* A config space to be answered by tests/hostile/module, and how it is put together. */
#ifndef SPACE_H
#define SPACE_H

#include <stdbool.h>
#include <stdint.h>

#define SPACE 4096
#define EXTENDED 0x100

enum {
	ID_AER = 0x0001, /* 44 bytes */
	ID_DSN = 0x0003,
	ID_POWER = 0x0004,  /* 16 bytes */
	ID_RCRB = 0x000a,   /* vfio hides it */
	ID_VENDOR = 0x000b, /* says its length itself */
	ID_ARI = 0x000e,    /* 8 bytes */
	ID_LTR = 0x0018,    /* 8 bytes */
	ID_UNKNOWN = 0x7ff0,
};

struct space {
	uint8_t bytes[SPACE];
	uint8_t mask[SPACE]; /* where not 0, these bytes answer, elsewhere the device */
	unsigned int size;
	bool no_express; /* vfio finds no PCI Express capability */
};

/* Bytes that no serial has, and no chain. */
void space_init(struct space *space);
uint32_t space_dword(const struct space *space, unsigned int at);
void space_put(struct space *space, unsigned int at, uint32_t dword);
void space_header(struct space *space, unsigned int at, unsigned int id,
		  unsigned int version, unsigned int next);
/* A DSN; the bytes of its serial are first, first + 1, …: serials have 0xc0 and above. */
void space_dsn(struct space *space, unsigned int at, unsigned int next, uint8_t first);
void space_vendor(struct space *space, unsigned int at, unsigned int next,
		  unsigned int length);

/* Makes it what the device's config space is from now on. */
void space_install(const struct space *space);
void space_watch(unsigned int at);
unsigned int space_counter(const char *name);

#endif
