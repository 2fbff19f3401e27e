// SPDX-License-Identifier: GPL-2.0
/* A serial that belongs to a VM: made from the VM's UUID and a label, and nothing of the host. */
#include "model/derive.h"

#include <stdbool.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>
#include "lib/util.h"

/* Compares a text with a pattern, in which x is a hex digit in lower case. */
static bool fits(const char *text, const char *pattern)
{
	for (; *pattern; text++, pattern++)
		if (*pattern == 'x' ? !*text || !strchr("0123456789abcdef", *text)
				    : *text != *pattern)
			return false;
	return !*text;
}

static bool is_plain(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")];
}

static bool is_alias(const char *name)
{
	return !strncmp(name, "ua-", 3) && is_plain(name + 3);
}

static bool is_mac(const char *name)
{
	return fits(name, "xx:xx:xx:xx:xx:xx");
}

static bool is_slot(const char *name)
{
	return fits(name, "xxxx:xx:0x") || fits(name, "xxxx:xx:1x");
}

/* Labels of two words. Each name has one spelling, so that it gives one serial. */
static const struct {
	const char *kind;
	bool (*is)(const char *name);
	const char *fault;
} kinds[] = {
	{ "alias", is_alias,
	  "'alias' wants the device's alias in libvirt, which begins with ua-, as in 'alias ua-nic0'" },
	{ "mac", is_mac,
	  "'mac' wants six bytes in lower case, as in 'mac 52:54:00:12:34:56'" },
	{ "slot", is_slot,
	  "'slot' wants the slot that the guest sees, without function and in lower case, as in 'slot 0000:01:00'" },
};

#define NOT_A_LABEL                                                                      \
	"not a label (want 'alias ua-NAME', 'mac ADDRESS', 'slot ADDRESS', or a name of letters, digits, '.', '_' and '-')"

/* Returns the kind whose word the text begins with, or -1. */
static int kind_of(const char *text)
{
	size_t length = strcspn(text, " "), i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].kind) == length &&
		    !strncmp(text, kinds[i].kind, length))
			return i;
	return -1;
}

/* Returns what is wrong with a whole label, or NULL. */
static const char *label_fault(const char *label)
{
	int kind = kind_of(label);

	if (strlen(label) >= LABEL_LEN)
		return "a label has 64 characters at most";
	if (kind >= 0)
		return label[strlen(kinds[kind].kind)] &&
				       kinds[kind].is(strchr(label, ' ') + 1)
			       ? NULL
			       : kinds[kind].fault;
	if (is_alias(label))
		return "write 'alias' before it: names that begin with ua- are libvirt's";
	/* `expect` goes on with the rule */
	if (!is_plain(label) || label[0] == '-' || !strcmp(label, "expect"))
		return NOT_A_LABEL;
	return NULL;
}

const char *uuid_parse(const char *text, __u8 uuid[16])
{
	static const __u8 none[16];
	const char *at = text;
	int i, high, low;

	for (i = 0; i < 16; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *at++ != '-')
			break;
		high = hex_digit(at[0]);
		low = high < 0 ? -1 : hex_digit(at[1]);
		if (low < 0)
			break;
		uuid[i] = high << 4 | low;
		at += 2;
	}
	if (i < 16 || *at)
		return "not a UUID (want 32 hex digits as in 7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07)";
	return memcmp(uuid, none, sizeof(none)) ? NULL : "all zeros is the UUID of no VM";
}

const char *derivation_parse(char *const words[], int count,
			     struct derivation *derivation, int *used)
{
	char label[2 * LABEL_LEN];
	const char *fault;
	bool is_two;

	*used = 0;
	if (count < 2)
		return "has no label (want UUID LABEL)";
	fault = uuid_parse(words[0], derivation->uuid);
	if (fault)
		return fault;
	*used = 1;
	is_two = kind_of(words[1]) >= 0 && !strchr(words[1], ' ') && count > 2;
	snprintf(label, sizeof(label), "%s%s%s", words[1], is_two ? " " : "",
		 is_two ? words[2] : "");
	fault = label_fault(label);
	if (fault)
		return fault;
	strcpy(derivation->label, label);
	*used = is_two ? 3 : 2;
	return NULL;
}

char *uuid_format(const __u8 uuid[16], char text[UUID_LEN])
{
	int i;

	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		text += sprintf(text, "%02x", uuid[i]);
	}
	return text;
}

char *derivation_format(const struct derivation *derivation, char text[DERIVATION_LEN])
{
	text = uuid_format(derivation->uuid, text);
	*text++ = ' ';
	return stpcpy(text, derivation->label);
}

void hmac_sha256(const void *key, size_t key_length, const void *message, size_t length,
		 __u8 digest[HMAC_LEN])
{
	__u8 inner[SHA256_BLOCK_LENGTH] = {}, outer[SHA256_BLOCK_LENGTH];
	SHA2_CTX context;
	size_t i;

	SHA256Init(&context);
	if (key_length > sizeof(inner)) {
		SHA256Update(&context, key, key_length);
		SHA256Final(inner, &context);
		SHA256Init(&context);
	} else {
		memcpy(inner, key, key_length);
	}
	for (i = 0; i < sizeof(inner); i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	SHA256Update(&context, inner, sizeof(inner));
	SHA256Update(&context, message, length);
	SHA256Final(digest, &context);
	SHA256Init(&context);
	SHA256Update(&context, outer, sizeof(outer));
	SHA256Update(&context, digest, HMAC_LEN);
	SHA256Final(digest, &context);
}

/* Texts that are used with their NUL, so that none is the start of another. */
static const char serial_purpose[] = "dsnctl serial 1", key_purpose[] = "dsnctl key id";

static __u64 first_bytes(const __u8 digest[HMAC_LEN], int count)
{
	__u64 value = 0;
	int i;

	for (i = 0; i < count; i++)
		value = value << 8 | digest[i];
	return value;
}

__u64 derive_own_bits(__u64 serial)
{
	__u64 middle;

	serial = (serial & ~(3ULL << 56)) | 2ULL << 56;
	middle = serial >> 24 & 0xffff;
	/* numbers made from MAC addresses have this middle */
	if (middle == 0xffff || middle == 0xfffe)
		serial ^= 0x80ULL << 32;
	return serial;
}

__u64 derive_serial(const struct site_key *key, const struct derivation *derivation)
{
	char message[sizeof(serial_purpose) + sizeof(derivation->uuid) + LABEL_LEN];
	size_t label = strlen(derivation->label);
	__u8 digest[HMAC_LEN];
	char *end;

	end = mempcpy(message, serial_purpose, sizeof(serial_purpose));
	end = mempcpy(end, derivation->uuid, sizeof(derivation->uuid));
	end = mempcpy(end, derivation->label, label);
	hmac_sha256(key->bytes, key->length, message, end - message, digest);
	return derive_own_bits(first_bytes(digest, 8));
}

__u32 site_key_id(const struct site_key *key)
{
	__u8 digest[HMAC_LEN];

	hmac_sha256(key->bytes, key->length, key_purpose, sizeof(key_purpose), digest);
	return first_bytes(digest, 4);
}
