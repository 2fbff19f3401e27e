// SPDX-License-Identifier: GPL-2.0
/* A line for a VM, whichever functions it gets: vm default|UUID [device DEVICE] VALUE. */
#include "model/vm.h"

#include <stdio.h>
#include <string.h>
#include "lib/text.h"
#include "lib/util.h"

#define VALUES "want scrub, hide, derive or a serial"

/* Words of a device in a line, and of the label that it is. */
static const struct {
	const char *prefix, *kind;
	bool is_part; /* the prefix belongs to the name */
} spellings[] = {
	{ "ua-", "alias ", true },
	{ "mac:", "mac ", false },
	{ "slot:", "slot ", false },
};

const char *vm_device_parse(const char *text, char device[LABEL_LEN])
{
	char uuid[] = "ffffffff-ffff-ffff-ffff-ffffffffffff", label[2 * LABEL_LEN];
	char *words[] = { uuid, label };
	struct derivation derivation;
	const char *fault;
	size_t i, length;
	int used;

	for (i = 0; i < ARRAY_SIZE(spellings); i++) {
		length = strlen(spellings[i].prefix);
		if (strncmp(text, spellings[i].prefix, length))
			continue;
		snprintf(label, sizeof(label), "%s%s", spellings[i].kind,
			 text + (spellings[i].is_part ? 0 : length));
		fault = derivation_parse(words, 2, &derivation, &used);
		if (!fault)
			strcpy(device, derivation.label);
		return fault;
	}
	return "not a device of a VM (want ua-NAME, mac:ADDRESS or slot:ADDRESS)";
}

/* Reads what follows `derive`. Returns the number of words, or 0. */
static int take_keep(char *const words[], int count, struct vm_value *value,
		     const char **bad, const char **fault)
{
	if (!count || strcmp(words[0], "keep"))
		return 1;
	value->keeps = true;
	if (count > 1 && !strcmp(words[1], "16"))
		return 3;
	*bad = words[count > 1];
	*fault = "wants 'keep 16', the low bits that are those of the real serial";
	return 0;
}

int vm_value_parse(char *const words[], int count, struct vm_value *value,
		   const char **bad, const char **fault)
{
	*value = (struct vm_value){};
	*bad = words[0];
	if (!strcmp(words[0], "derive")) {
		value->is_derived = true;
		value->rule.policy = DSN_SERIAL;
		return take_keep(words + 1, count - 1, value, bad, fault);
	}
	*fault = value_parse(words[0], &value->rule);
	if (!*fault && value->rule.policy == DSN_PASS)
		*fault =
			"not for a VM, which may get another card: use a rule of the function";
	return *fault ? 0 : 1;
}

static bool wrong(char error[RULE_ERROR], const char *word, const char *fault)
{
	snprintf(error, RULE_ERROR, "%.*s: %s", (int)text_fit(word, 64), word, fault);
	return false;
}

/* Reads default or UUID, and maybe a device. Returns the number of words, or 0. */
static int take_vm(char *const words[], int count, struct vm_line *line,
		   char error[RULE_ERROR])
{
	bool is_default = !strcmp(words[0], "default");
	const char *fault = is_default ? NULL : uuid_parse(words[0], line->uuid);

	if (fault)
		return wrong(error, words[0], fault);
	if (count < 2 || strcmp(words[1], "device"))
		return 1;
	if (is_default)
		return wrong(error, "default", "takes no device: it is for all VMs");
	if (count < 3)
		return wrong(error, "device",
			     "wants ua-NAME, mac:ADDRESS or slot:ADDRESS");
	fault = vm_device_parse(words[2], line->device);
	return fault ? wrong(error, words[2], fault) : 3;
}

bool vm_line_parse(char *const words[], int count, struct vm_line *line,
		   char error[RULE_ERROR])
{
	const char *bad, *fault;
	int at, used;

	*line = (struct vm_line){};
	if (!rule_words_are_plain(words, count, error))
		return false;
	if (count < 2)
		return wrong(error, "vm", "wants 'default' or the UUID of a VM");
	used = take_vm(words + 1, count - 1, line, error);
	if (!used)
		return false;
	at = 1 + used;
	if (at == count)
		return wrong(error, words[at - 1], "has no value (" VALUES ")");
	used = vm_value_parse(words + at, count - at, &line->value, &bad, &fault);
	if (!used)
		return wrong(error, bad, fault);
	if (at + used < count)
		return wrong(
			error, words[at + used],
			"nothing may follow the value: vpd, gaps and expect are of the function's own rule");
	if (line->value.rule.policy == DSN_SERIAL && !line->value.is_derived &&
	    !*line->device)
		return wrong(
			error, words[at],
			"is one serial for all devices of a VM, which could not tell them apart: name the device, or use derive");
	return true;
}

struct vm_line *vm_line_find(const struct vm_lines *lines, const __u8 uuid[16],
			     const char *device)
{
	size_t i;

	for (i = 0; i < lines->count; i++)
		if (!memcmp(lines->lines[i].uuid, uuid, 16) &&
		    !strcmp(lines->lines[i].device, device))
			return &lines->lines[i];
	return NULL;
}

/* Finds the line of the VM's device, or else that of the VM. */
static const struct vm_line *find_own(const struct vm_lines *lines, const __u8 uuid[16],
				      const struct vm_device *device)
{
	const struct vm_line *line = NULL;
	int i;

	for (i = 0; !line && i < VM_NAMES; i++)
		if (*device->names[i])
			line = vm_line_find(lines, uuid, device->names[i]);
	return line ? line : vm_line_find(lines, uuid, "");
}

const struct vm_line *vm_choose(const struct vm_lines *files,
				const struct vm_lines *metadata, const __u8 uuid[16],
				const struct vm_device *device)
{
	static const __u8 any[16];
	const struct vm_line *line = find_own(files, uuid, device);

	if (!line)
		line = find_own(metadata, uuid, device);
	return line ? line : vm_line_find(files, any, "");
}

const char *vm_label(const struct vm_device *device)
{
	int i;

	for (i = 0; i < VM_NAMES; i++)
		if (*device->names[i])
			return device->names[i];
	return NULL;
}

__u64 vm_keep_real(__u64 derived, __u64 real)
{
	return (derived & ~0xffffULL) | (real & 0xffff);
}

bool vm_claim_format(const struct vm_value *value, const struct vm_device *device,
		     char text[VM_CLAIM_LEN])
{
	const char *label = vm_label(device);

	if (!value->is_derived) {
		value_format(&value->rule, text);
		return true;
	}
	if (!label)
		return false;
	snprintf(text, VM_CLAIM_LEN, "derive:%s%s", label, value->keeps ? VM_KEEP : "");
	return true;
}
