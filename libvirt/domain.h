/* SPDX-License-Identifier: GPL-2.0 */
/* A VM as libvirt describes it in XML: its UUID, its name, its PCI functions, its metadata. */
#ifndef DSNCTL_DOMAIN_H
#define DSNCTL_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include "model/vm.h"
#include "dsn_contract.h"

#define DOMAIN_NAMESPACE "urn:x-dsnctl:vm:1"
#define DOMAIN_BYTES (1 << 20) /* of the XML, at most */
#define DOMAIN_DEPTH 32
#define DOMAIN_DEVICES 64
#define DOMAIN_ERROR 256

struct domain_device {
	struct vm_device vm;
	bool has_bdf;
	const char *fault; /* of a name, which then is empty; NULL if there is none */
};

struct domain {
	__u8 uuid[16];
	char name[DSN_CLAIM_NAME]; /* cut; empty if it is no name for a claim */
	struct domain_device devices[DOMAIN_DEVICES]; /* PCI functions of the host */
	size_t count;
	struct vm_line metadata_lines[DOMAIN_DEVICES];
	struct vm_lines metadata; /* what the VM's metadata ask for */
};

/* Reads the XML. Returns false with the fault in `error`. */
bool domain_parse(const char *xml, size_t length, struct domain *domain,
		  char error[DOMAIN_ERROR]);

#endif
