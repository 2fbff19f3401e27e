/* SPDX-License-Identifier: GPL-2.0 */
/* A line for a VM, whichever functions it gets: vm default|UUID [device DEVICE] VALUE. */
#ifndef DSNCTL_VM_H
#define DSNCTL_VM_H

#include <stdbool.h>
#include <stddef.h>
#include "model/derive.h"
#include "model/key.h"
#include "model/rule.h"
#include "dsn_contract.h"

struct vm_value {
	struct dsn_rule rule; /* its serial is 0 if it is to be derived */
	bool is_derived;
	bool keeps; /* the low 16 bits of a derived serial are those of the real one */
};

struct vm_line {
	__u8 uuid[16];		/* zeros: of any VM */
	char device[LABEL_LEN]; /* as a label; empty: any device */
	struct vm_value value;
	unsigned int file, line; /* as in struct config_entry */
};

struct vm_lines {
	struct vm_line *lines;
	size_t count;
};

#define VM_WORDS 7 /* at most: vm UUID device DEVICE derive keep 16 */

/* Reads a line from its words, the first being "vm". Returns false with the fault in `error`. */
bool vm_line_parse(char *const words[], int count, struct vm_line *line,
		   char error[RULE_ERROR]);

/* Reads DEVICE as a label. Returns NULL or the fault. */
const char *vm_device_parse(const char *text, char device[LABEL_LEN]);

/* Reads VALUE. Returns the number of words, or 0 with the fault of *bad in *fault. */
int vm_value_parse(char *const words[], int count, struct vm_value *value,
		   const char **bad, const char **fault);

/* Returns the line of exactly this VM and device, or NULL. */
struct vm_line *vm_line_find(const struct vm_lines *lines, const __u8 uuid[16],
			     const char *device);

enum vm_name { VM_ALIAS, VM_MAC, VM_SLOT, VM_NAMES };

/* A function that a VM has, with its names as labels; a name that it lacks is empty. */
struct vm_device {
	struct dsn_key key;
	char names[VM_NAMES][LABEL_LEN];
};

/*
 * Returns the line that counts, or NULL: the device's in the files, the VM's there, then
 * likewise in the VM's metadata, then the default. Of a device's names the alias counts
 * first, then the MAC address, then the slot.
 */
const struct vm_line *vm_choose(const struct vm_lines *files,
				const struct vm_lines *metadata, const __u8 uuid[16],
				const struct vm_device *device);

/* The name that a derived serial is made from, or NULL if the device has none. */
const char *vm_label(const struct vm_device *device);

/* Puts the low bits of the real serial in place of those of a derived one. */
__u64 vm_keep_real(__u64 derived, __u64 real);

#define VM_KEEP " keep 16"
#define VM_CLAIM_LEN (sizeof("derive:" VM_KEEP) + LABEL_LEN)

/* Writes the value as `dsnctl claim` takes it. Returns false if there is no label for it. */
bool vm_claim_format(const struct vm_value *value, const struct vm_device *device,
		     char text[VM_CLAIM_LEN]);

#endif
