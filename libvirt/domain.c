// SPDX-License-Identifier: GPL-2.0
/* A VM as libvirt describes it in XML: its UUID, its name, its PCI functions, its metadata. */
#include "domain.h"

#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model/claim.h"
#include "lib/text.h"
#include "lib/util.h"

#define STEP 64 /* bytes of an element's name that can matter */

/* The XML is read once, with the path of the element that is being read. */
struct reader {
	XML_Parser parser;
	struct domain *domain;
	char *error;
	bool failed, has_uuid;
	char path[DOMAIN_DEPTH * STEP];
	int depth;
	char text[256]; /* of the element, cut */
	size_t length;
	bool is_cut;
	char device[LABEL_LEN]; /* as metadata spell it */
	bool is_device;		/* within a function of the host */
};

static void __attribute__((format(printf, 2, 3)))
fail(struct reader *reader, const char *format, ...)
{
	va_list args;

	if (reader->failed)
		return;
	va_start(args, format);
	vsnprintf(reader->error, DOMAIN_ERROR, format, args);
	va_end(args);
	reader->failed = true;
	XML_StopParser(reader->parser, XML_FALSE);
}

static const char *attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (!strcmp(attributes[0], name))
			return attributes[1];
	return NULL;
}

/* Reads a number as libvirt writes it, 0x0000. Returns false if it is none, or too large. */
static bool number(const char **attributes, const char *name, unsigned long limit,
		   unsigned long *value)
{
	const char *text = attribute(attributes, name);
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*value = strtoul(text, &end, 0);
	return !*end && *value <= limit;
}

struct address {
	unsigned long domain, bus, slot, function;
};

static bool take_address(const char **attributes, struct address *address)
{
	return number(attributes, "domain", 0xffffffff, &address->domain) &&
	       number(attributes, "bus", 0xff, &address->bus) &&
	       number(attributes, "slot", 0x1f, &address->slot) &&
	       number(attributes, "function", 7, &address->function);
}

/* Takes the function of the host. */
static void take_source(struct reader *reader, struct domain_device *device,
			const char **attributes)
{
	struct address at;

	if (!take_address(attributes, &at)) {
		fail(reader, "a host device has no PCI address");
		return;
	}
	device->vm.key = (struct dsn_key){
		.domain = at.domain,
		.bus = at.bus,
		.devfn = at.slot << 3 | at.function,
		.scope = DSN_SCOPE_FUNCTION,
	};
	device->has_bdf = true;
}

/* Takes a name as lines for VMs spell it. */
static void take_name(struct domain_device *device, enum vm_name name, const char *text)
{
	const char *fault = vm_device_parse(text, device->vm.names[name]);

	if (fault)
		device->fault = fault;
}

/* Takes the slot that the guest sees. */
static void take_slot(struct domain_device *device, const char **attributes)
{
	const char *type = attribute(attributes, "type");
	char text[sizeof("slot:00000000:01:00")];
	struct address at;

	if (!type || strcmp(type, "pci") || !take_address(attributes, &at))
		return;
	snprintf(text, sizeof(text), "slot:%04lx:%02lx:%02lx", at.domain, at.bus,
		 at.slot);
	take_name(device, VM_SLOT, text);
}

static void take_mac(struct domain_device *device, const char **attributes)
{
	const char *address = attribute(attributes, "address");
	char text[sizeof("mac:52:54:00:12:34:56 ")], *at;

	snprintf(text, sizeof(text), "mac:%s", address ? address : "");
	for (at = text; *at; at++)
		if (*at >= 'A' && *at <= 'F')
			*at |= 'a' - 'A';
	take_name(device, VM_MAC, text);
}

/* Takes an alias that the VM's owner gave; libvirt's own are numbers of positions. */
static void take_alias(struct domain_device *device, const char **attributes)
{
	const char *name = attribute(attributes, "name");

	if (name && !strncmp(name, "ua-", 3))
		take_name(device, VM_ALIAS, name);
}

/* Begins a function of the host if the element is one. */
static void begin_device(struct reader *reader, const char *path, const char **attributes)
{
	const char *type = attribute(attributes, "type");
	bool is_hostdev = !strcmp(path, "/hostdev");

	if (!is_hostdev && strcmp(path, "/interface"))
		return;
	if (!type || strcmp(type, is_hostdev ? "pci" : "hostdev"))
		return;
	if (reader->domain->count == DOMAIN_DEVICES) {
		fail(reader, "has more than %d host devices", DOMAIN_DEVICES);
		return;
	}
	reader->domain->devices[reader->domain->count++] = (struct domain_device){};
	reader->is_device = true;
}

/* Takes a part of a function of the host; `path` is below the function. */
static void take_part(struct reader *reader, const char *path, const char **attributes)
{
	struct domain_device *device =
		&reader->domain->devices[reader->domain->count - 1];

	if (!strcmp(path, "/source/address"))
		take_source(reader, device, attributes);
	else if (!strcmp(path, "/address"))
		take_slot(device, attributes);
	else if (!strcmp(path, "/mac"))
		take_mac(device, attributes);
	else if (!strcmp(path, "/alias"))
		take_alias(device, attributes);
}

/* Returns what is wrong with a value that the VM's owner may choose, or NULL. */
static const char *owner_fault(const struct vm_value *value)
{
	if (value->keeps)
		return "metadata cannot keep bits of a real serial: that is for a 'vm' line of dsnctl.conf";
	if (value->rule.policy == DSN_SERIAL && !value->is_derived &&
	    (value->rule.serial >> 56 & 3) != 2)
		return "metadata take only locally administered serials, with the bit 02 set and 01 clear in the first byte";
	return NULL;
}

/* Takes one <serial> of the metadata, in the words of a line for a VM. */
static void take_serial(struct reader *reader)
{
	struct vm_lines *metadata = &reader->domain->metadata;
	char uuid[] = "ffffffff-ffff-ffff-ffff-ffffffffffff", error[RULE_ERROR];
	char *words[VM_WORDS + 1] = { "vm", uuid }, *rest = reader->text, *word;
	const char *fault;
	struct vm_line line;
	int count = 2;

	if (reader->is_cut) {
		fail(reader, "metadata: a serial of more than %zu bytes",
		     sizeof(reader->text) - 1);
		return;
	}
	if (*reader->device) {
		words[count++] = "device";
		words[count++] = reader->device;
	}
	while ((word = strsep(&rest, " \t\r\n")) && count <= VM_WORDS)
		if (*word)
			words[count++] = word;
	if (!vm_line_parse(words, count, &line, error)) {
		fail(reader, "metadata: %s", error);
		return;
	}
	fault = owner_fault(&line.value);
	if (fault)
		fail(reader, "%s", fault);
	else if (metadata->count == DOMAIN_DEVICES)
		fail(reader, "metadata have more than %d serials", DOMAIN_DEVICES);
	else if (vm_line_find(metadata, line.uuid, line.device))
		fail(reader, "metadata have two serials for one device");
	else
		metadata->lines[metadata->count++] = line;
}

static const char devices_path[] = "/domain/devices";
static const char serial_path[] =
	"/domain/metadata/" DOMAIN_NAMESPACE " vm/" DOMAIN_NAMESPACE " serial";

static void begin_serial(struct reader *reader, const char **attributes)
{
	const char *device = attribute(attributes, "device");

	if (device && (!*device || strlen(device) >= sizeof(reader->device)))
		fail(reader,
		     "metadata: the device is none (want ua-NAME, mac:ADDRESS or slot:ADDRESS)");
	else
		strcpy(reader->device, device ? device : "");
}

/* Lengthens the path. A name that can be none of ours is a question mark. */
static void descend(struct reader *reader, const char *name)
{
	bool is_odd = strlen(name) >= STEP - 1 || strchr(name, '/');

	strcat(strcat(reader->path, "/"), is_odd ? "?" : name);
	reader->depth++;
	reader->length = 0;
	reader->is_cut = false;
}

static void on_start(void *data, const char *name, const char **attributes)
{
	struct reader *reader = data;
	size_t length = strlen(devices_path);
	const char *below;

	if (reader->failed)
		return;
	if (reader->depth == DOMAIN_DEPTH) {
		fail(reader, "elements are nested deeper than %d", DOMAIN_DEPTH);
		return;
	}
	descend(reader, name);
	if (!strcmp(reader->path, serial_path))
		begin_serial(reader, attributes);
	if (strncmp(reader->path, devices_path, length) || reader->path[length] != '/')
		return;
	below = strchr(reader->path + length + 1, '/');
	if (!below)
		begin_device(reader, reader->path + length, attributes);
	else if (reader->is_device)
		take_part(reader, below, attributes);
}

static void on_text(void *data, const char *text, int length)
{
	struct reader *reader = data;
	size_t room = sizeof(reader->text) - 1 - reader->length;

	if ((size_t)length > room) {
		reader->is_cut = true;
		length = room;
	}
	memcpy(reader->text + reader->length, text, length);
	reader->length += length;
}

/* Cuts spaces and newlines off both ends of the text. */
static char *trimmed(struct reader *reader)
{
	static const char blank[] = " \t\r\n";
	char *text = reader->text + strspn(reader->text, blank), *end;

	end = text + strlen(text);
	while (end > text && strchr(blank, end[-1]))
		*--end = '\0';
	return text;
}

static void take_uuid(struct reader *reader)
{
	const char *fault = uuid_parse(trimmed(reader), reader->domain->uuid);

	reader->has_uuid = true;
	if (fault)
		fail(reader, "the VM's UUID: %s", fault);
}

static void take_vm_name(struct reader *reader)
{
	char *name = reader->domain->name;

	snprintf(name, DSN_CLAIM_NAME, "%.*s",
		 (int)text_fit(reader->text, DSN_CLAIM_NAME - 1), reader->text);
	if (claim_name_fault(name))
		*name = '\0';
}

static void end_device(struct reader *reader)
{
	reader->is_device = false;
	if (!reader->domain->devices[reader->domain->count - 1].has_bdf)
		reader->domain->count--; /* libvirt chooses it later */
}

static void on_end(void *data, const char *name)
{
	struct reader *reader = data;

	(void)name;
	if (reader->failed)
		return;
	reader->text[reader->length] = '\0';
	if (!strcmp(reader->path, "/domain/uuid"))
		take_uuid(reader);
	else if (!strcmp(reader->path, "/domain/name"))
		take_vm_name(reader);
	else if (!strcmp(reader->path, serial_path))
		take_serial(reader);
	*strrchr(reader->path, '/') = '\0';
	if (reader->is_device && !strcmp(reader->path, devices_path))
		end_device(reader);
	reader->depth--;
	reader->length = 0;
	reader->is_cut = false;
}

/* Refuses what can define entities; libvirt writes none. */
static void on_doctype(void *data, const char *name, const char *system,
		       const char *public, int has_internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_internal;
	fail(data, "has a document type, which libvirt does not write");
}

/* Gives the VM's UUID to what its metadata ask for. */
static void finish(struct reader *reader)
{
	struct vm_lines *metadata = &reader->domain->metadata;
	size_t i;

	for (i = 0; i < metadata->count; i++)
		memcpy(metadata->lines[i].uuid, reader->domain->uuid,
		       sizeof(reader->domain->uuid));
}

static void free_parser(XML_Parser *parser)
{
	XML_ParserFree(*parser);
}

bool domain_parse(const char *xml, size_t length, struct domain *domain,
		  char error[DOMAIN_ERROR])
{
	_cleanup_(free_parser) XML_Parser parser = XML_ParserCreateNS(NULL, ' ');
	struct reader reader = { .parser = parser, .domain = domain, .error = error };

	*domain = (struct domain){};
	domain->metadata.lines = domain->metadata_lines;
	if (!parser || length > DOMAIN_BYTES) {
		snprintf(error, DOMAIN_ERROR, "%s",
			 parser ? "is larger than 1 MiB" : "out of memory");
		return false;
	}
	XML_SetUserData(parser, &reader);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	XML_SetStartDoctypeDeclHandler(parser, on_doctype);
	if (XML_Parse(parser, xml, length, XML_TRUE) != XML_STATUS_OK)
		fail(&reader, "line %lu: %s", XML_GetCurrentLineNumber(parser),
		     XML_ErrorString(XML_GetErrorCode(parser)));
	else if (!reader.has_uuid)
		fail(&reader, "has no UUID");
	finish(&reader);
	return !reader.failed;
}
