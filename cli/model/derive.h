/* SPDX-License-Identifier: GPL-2.0 */
/* A serial that belongs to a VM: made from the VM's UUID and a label, and nothing of the host. */
#ifndef DSNCTL_DERIVE_H
#define DSNCTL_DERIVE_H

#include <stddef.h>
#include <linux/types.h>

#define UUID_LEN sizeof("7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07")
#define LABEL_LEN 65 /* with the NUL */
#define DERIVATION_LEN (UUID_LEN + LABEL_LEN)

struct derivation {
	__u8 uuid[16];
	char label[LABEL_LEN]; /* empty: there is no derivation */
};

/* The site's key; without one its length is 0. */
struct site_key {
	__u8 bytes[32];
	size_t length;
};

#define DERIVATION_WORDS 3 /* at most: UUID, and a label of one or two words */

/*
 * Reads UUID and LABEL from the first words. Returns NULL, or what is wrong with
 * words[*used]; without an error *used is the number of words read.
 */
const char *derivation_parse(char *const words[], int count,
			     struct derivation *derivation, int *used);

/* Reads a UUID. Returns NULL or the fault. */
const char *uuid_parse(const char *text, __u8 uuid[16]);

/* Write what derivation_parse() reads, and the UUID alone. Return the end. */
char *derivation_format(const struct derivation *derivation, char text[DERIVATION_LEN]);
char *uuid_format(const __u8 uuid[16], char text[UUID_LEN]);

/* Makes the serial, as the manual specifies it: locally administered, never 0 or all ones. */
__u64 derive_serial(const struct site_key *key, const struct derivation *derivation);

/* Identifies a key without showing it. */
__u32 site_key_id(const struct site_key *key);

#define HMAC_LEN 32

/* HMAC-SHA256 (RFC 2104). */
void hmac_sha256(const void *key, size_t key_length, const void *message, size_t length,
		 __u8 digest[HMAC_LEN]);

/* Sets the bits that a serial of our own has; see the manual. */
__u64 derive_own_bits(__u64 serial);

#endif
