/* SPDX-License-Identifier: GPL-2.0 */
/* A config space to be answered by tests/hostile/module, and how it is put together. */
#ifndef SPACE_H
#define SPACE_H

#include <stdbool.h>
#include <stdint.h>

#define SPACE 4096
#define EXTENDED 0x100
#define E1000E_FIRST 0xc8 /* where the device's own capabilities begin */
#define ID_VPD 0x03

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
	unsigned int vpd,
		vpd_length;    /* where VPD is, and how long it is with what abuts it */
	unsigned int vpd_more; /* where another one is */
	bool vpd_odd;	       /* it is not one capability, whole and aligned */
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

/* Answers `length` bytes with `byte` where the device does otherwise. */
void space_answer(struct space *space, unsigned int at, unsigned int length,
		  uint8_t byte);
/* VPD, the first of the capabilities; its data register has bytes from 0xc0 on. */
void space_vpd(struct space *space, unsigned int at, unsigned int next);

/* Makes it what the device's config space is from now on. */
void space_install(const struct space *space);
void space_set(const char *name, unsigned int number);
void space_watch(unsigned int at);
unsigned int space_counter(const char *name);

#endif
