// SPDX-License-Identifier: GPL-2.0
/* The XML of VMs: what is taken from it, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libvirt/domain.h"
#include "lib/util.h"

#define VM "7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07"
#define HEAD "<domain type='kvm' id='3'><name>build-7</name><uuid>" VM "</uuid>"
#define SOURCE                                                                           \
	"<source><address domain='0x0000' bus='0x21' slot='0x02' function='0x3'/></source>"
#define SLOT "<address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>"
#define HOSTDEV                                                                          \
	"<hostdev mode='subsystem' type='pci' managed='yes'>" SOURCE SLOT "</hostdev>"
#define DEVICES(list) HEAD "<devices>" list "</devices></domain>"
#define METADATA(serials)                                                                \
	HEAD "<metadata><x:vm xmlns:x='" DOMAIN_NAMESPACE "'>" serials                   \
	     "</x:vm></metadata></domain>"

static struct domain domain;
static char error[DOMAIN_ERROR];

static void taken(const char *xml)
{
	if (!domain_parse(xml, strlen(xml), &domain, error))
		fail_msg("%s: %s", xml, error);
}

static void refused(const char *xml, const char *because)
{
	if (domain_parse(xml, strlen(xml), &domain, error))
		fail_msg("taken: %.500s", xml);
	if (!strstr(error, because))
		fail_msg("%s: want %s", error, because);
}

static void a_host_device(void **state)
{
	const struct domain_device *device = domain.devices;

	(void)state;
	taken(DEVICES("<hostdev mode='subsystem' type='pci' managed='yes'>"
		      "<driver name='vfio'/>" SOURCE "<alias name='ua-nic0'/>"
		      "<rom enabled='no'/>" SLOT "</hostdev>"
		      "<memballoon model='none'/>"));
	assert_string_equal(domain.name, "build-7");
	assert_int_equal(domain.uuid[0], 0x7c);
	assert_int_equal(domain.count, 1);
	assert_int_equal(device->vm.key.bus, 0x21);
	assert_int_equal(device->vm.key.devfn, 2 << 3 | 3);
	assert_int_equal(device->vm.key.scope, DSN_SCOPE_FUNCTION);
	assert_string_equal(device->vm.names[VM_ALIAS], "alias ua-nic0");
	assert_string_equal(device->vm.names[VM_MAC], "");
	assert_string_equal(device->vm.names[VM_SLOT], "slot 0000:01:00");
	assert_null(device->fault);
}

static void an_interface(void **state)
{
	(void)state;
	taken(DEVICES(
		"<interface type='hostdev' managed='yes'><mac address='52:54:00:AB:34:56'/>"
		"<source><address type='pci' domain='0x0001' bus='0x21' slot='0x02' function='0x3'/></source>"
		"<alias name='hostdev0'/>" SLOT "</interface>"));
	assert_int_equal(domain.count, 1);
	assert_int_equal(domain.devices->vm.key.domain, 1);
	assert_string_equal(domain.devices->vm.names[VM_ALIAS], "");
	assert_string_equal(domain.devices->vm.names[VM_MAC], "mac 52:54:00:ab:34:56");
}

static void what_is_no_function_of_the_host(void **state)
{
	(void)state;
	taken(DEVICES(
		"<interface type='network'><mac address='52:54:00:12:34:56'/>"
		"<source network='pool'/>" SLOT "</interface>"
		"<hostdev mode='subsystem' type='usb'><source><address bus='1' device='2'/></source></hostdev>"
		"<hostdev mode='subsystem' type='mdev'><source><address uuid='" VM
		"'/></source></hostdev>"
		"<interface type='hostdev'><mac address='52:54:00:12:34:56'/></interface>" HOSTDEV));
	assert_int_equal(domain.count, 1);
	taken(HEAD "<metadata>" HOSTDEV "</metadata></domain>");
	assert_int_equal(domain.count, 0);
	taken(HEAD "<devices xmlns='urn:other'>" HOSTDEV "</devices></domain>");
	assert_int_equal(domain.count, 0);
}

static void a_bad_name_is_no_fault_yet(void **state)
{
	(void)state;
	taken(DEVICES("<hostdev type='pci'>" SOURCE "<alias name='ua-a b'/>" SLOT
		      "</hostdev>"));
	assert_int_equal(domain.count, 1);
	assert_non_null(domain.devices->fault);
}

static void a_long_name_is_cut(void **state)
{
	(void)state;
	taken("<domain><name>"
	      "123456789 123456789 123456789 123456789 123456789 123456789 12\xc3\xa4"
	      "</name><uuid>" VM "</uuid></domain>");
	assert_int_equal(strlen(domain.name), 62);
}

#define SPACES "                                                                "

static void metadata(void **state)
{
	(void)state;
	taken(METADATA("<x:serial>\n derive\n</x:serial>"
		       "<x:serial device='ua-nic1'>02-00-5e-10-00-00-00-01</x:serial>"
		       "<x:serial device='slot:0000:01:00'>hide</x:serial>"));
	assert_int_equal(domain.metadata.count, 3);
	assert_true(domain.metadata.lines[0].value.is_derived);
	assert_string_equal(domain.metadata.lines[1].device, "alias ua-nic1");
	assert_true(domain.metadata.lines[1].value.rule.serial == 0x02005e1000000001);
	assert_memory_equal(domain.metadata.lines[1].uuid, domain.uuid, 16);
	assert_int_equal(domain.metadata.lines[2].value.rule.policy, DSN_HIDE);
	taken(HEAD
	      "<metadata><x:vm xmlns:x='urn:other'><x:serial>pass</x:serial></x:vm></metadata></domain>");
	assert_int_equal(domain.metadata.count, 0);
	refused(METADATA("<x:serial>pass</x:serial>"), "pass: not for a VM");
	refused(METADATA("<x:serial device='ua-nic1'>00-15-4d-12-34-56-10-ff</x:serial>"),
		"only locally administered");
	refused(METADATA("<x:serial device='ua-nic1'>03-00-5e-10-00-00-00-01</x:serial>"),
		"only locally administered");
	refused(METADATA("<x:serial>02-00-5e-10-00-00-00-01</x:serial>"),
		"one serial for all");
	refused(METADATA("<x:serial>derive keep 16</x:serial>"), "cannot keep bits");
	refused(METADATA("<x:serial>derive" SPACES SPACES SPACES SPACES
			 "keep 16</x:serial>"),
		"more than 255 bytes");
	refused(METADATA("<x:serial device='hostdev0'>derive</x:serial>"),
		"not a device");
	refused(METADATA("<x:serial device=''>derive</x:serial>"), "the device is none");
	refused(METADATA("<x:serial/>"), "has no value");
	refused(METADATA("<x:serial>hide</x:serial><x:serial>scrub</x:serial>"),
		"two serials");
	refused(METADATA("<x:serial>a b c d e f g h i j k</x:serial>"),
		"a: not a serial");
}

static void what_is_no_domain(void **state)
{
	(void)state;
	refused("", "line 1: no element found");
	refused("derive", "line 1: ");
	refused(HEAD, "no element found");
	refused("<domain/>", "has no UUID");
	refused("<domain><uuid>" VM "x</uuid></domain>", "not a UUID");
	refused("<domain><uuid>00000000-0000-0000-0000-000000000000</uuid></domain>",
		"all zeros");
	refused("<!DOCTYPE domain [<!ENTITY a 'b'>]>" DEVICES(""), "document type");
	refused(DEVICES("<hostdev type='pci'><source><address bus='1'/></source></hostdev>"),
		"has no PCI address");
	refused(DEVICES("<hostdev type='pci'><source><address domain='0' bus='0x100' slot='0' function='0'/></source></hostdev>"),
		"has no PCI address");
	refused("<domain xmlns='urn:x'><uuid>" VM "</uuid></domain>", "has no UUID");
}

/* Repeats a text between a head and a tail. The caller frees it. */
static char *repeated(const char *head, const char *text, int times, const char *tail)
{
	char *xml = malloc(strlen(head) + strlen(text) * times + strlen(tail) + 1), *end;

	for (end = stpcpy(xml, head); times; times--)
		end = stpcpy(end, text);
	strcpy(end, tail);
	return xml;
}

static void limits(void **state)
{
	_cleanup_(free_ptr) char *many = NULL, *more = NULL, *deep = NULL, *large = NULL;

	(void)state;
	many = repeated(HEAD "<devices>", HOSTDEV, DOMAIN_DEVICES, "</devices></domain>");
	taken(many);
	assert_int_equal(domain.count, DOMAIN_DEVICES);
	more = repeated(HEAD "<devices>", HOSTDEV, DOMAIN_DEVICES + 1,
			"</devices></domain>");
	refused(more, "more than 64 host devices");
	deep = repeated("<domain>", "<a>", DOMAIN_DEPTH, "");
	refused(deep, "nested deeper than 32");
	large = repeated("<domain>", " ", DOMAIN_BYTES, "</domain>");
	refused(large, "larger than 1 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_device),
		cmocka_unit_test(an_interface),
		cmocka_unit_test(what_is_no_function_of_the_host),
		cmocka_unit_test(a_bad_name_is_no_fault_yet),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(metadata),
		cmocka_unit_test(what_is_no_domain),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
