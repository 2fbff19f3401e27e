// SPDX-License-Identifier: GPL-2.0
/* dsnctl-libvirt: libvirt's hook, which claims serials for VMs as they start. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>
#include "check.h"
#include "domain.h"
#include "run.h"
#include "lib/exit.h"
#include "lib/message.h"
#include "lib/util.h"
#include "lib/version.h"

/* Reads all of standard input, a byte more than is allowed at most. Returns false on error. */
static bool read_input(char **text, size_t *length)
{
	const size_t room = DOMAIN_BYTES + 1;

	*text = malloc(room);
	if (!*text) {
		say_error("out of memory");
		return false;
	}
	*length = fread(*text, 1, room, stdin);
	if (ferror(stdin))
		say_error("cannot read the VM's XML: %s", strerror(errno));
	return !ferror(stdin);
}

/* A VM from standard input, and what to claim for it. */
struct vm {
	struct config config;
	struct domain domain;
	struct claims claims;
};

static void vm_free(struct vm *vm)
{
	config_free(&vm->config);
}

static bool read_domain(struct vm *vm)
{
	_cleanup_(free_ptr) char *text = NULL;
	char error[DOMAIN_ERROR];
	size_t length;

	if (!read_input(&text, &length))
		return false;
	if (domain_parse(text, length, &vm->domain, error))
		return true;
	say_error("the VM's XML: %s", error);
	return false;
}

/* Reads the files, and prints their faults. */
static bool read_files(struct config *config)
{
	bool good = config_read(NULL, 0, config);
	size_t i;

	if (!good && !config->fault_count)
		say_error("out of memory");
	for (i = 0; i < config->fault_count; i++)
		if (!config->faults[i].is_warning)
			say_error("%s", config_fault_text(&config->faults[i]));
	return good;
}

/* A VM without a function of the host is not held by faults of the files. */
static bool read_vm(struct vm *vm)
{
	if (!read_domain(vm))
		return false;
	return !vm->domain.count || (read_files(&vm->config) &&
				     claims_plan(&vm->config, &vm->domain, &vm->claims));
}

/* Checks the lines and the VM early, before anything is set up for it. */
static int on_prepare(void)
{
	_cleanup_(vm_free) struct vm vm = {};

	return read_vm(&vm) ? EXIT_DONE : EXIT_FAILED;
}

/* Checks also that claims can be made here, before data move. */
static int on_arrival(void)
{
	_cleanup_(vm_free) struct vm vm = {};

	if (!read_vm(&vm))
		return EXIT_FAILED;
	if (!vm.claims.claimed || !run_status())
		return EXIT_DONE;
	say_error("dsnctl is not in force here: run 'dsnctl status' on this host");
	return EXIT_FAILED;
}

/* Claims, or drops what idle claims of other VMs show. */
static int on_start(void)
{
	_cleanup_(vm_free) struct vm vm = {};
	int status;

	if (!read_vm(&vm))
		return EXIT_FAILED;
	if (!vm.claims.count)
		return EXIT_DONE;
	status = run_claim(&vm.domain, &vm.claims, false);
	/* a host without dsnctl in force has no claims to drop */
	if (!status || (!vm.claims.claimed && status == EXIT_UNPROTECTED))
		return EXIT_DONE;
	say_error("the VM is not started: its serials could not be claimed");
	return EXIT_FAILED;
}

/* Sends to the journal what libvirt does not show; stderr stays if there is none. */
static void use_journal(void)
{
	int fd = sd_journal_stream_fd("dsnctl-libvirt", LOG_ERR, 0);

	if (fd >= 0)
		dup2(fd, STDERR_FILENO);
	close_fd(&fd);
}

/* Renews the claims of a VM that runs. */
static int renew(void)
{
	_cleanup_(vm_free) struct vm vm = {};

	if (!read_vm(&vm) ||
	    (vm.claims.claimed && run_claim(&vm.domain, &vm.claims, true)))
		say_error("%s: runs with other serials than the files say",
			  *vm.domain.name ? vm.domain.name : "a VM");
	return EXIT_DONE;
}

#define RENEWAL_SECONDS 60

/*
 * Renews claims in a process of its own. Whatever becomes of that, this call must not fail
 * and not hang: libvirt would kill the VM.
 */
static int on_reconnect(void)
{
	pid_t child = fork();

	if (!child) {
		alarm(RENEWAL_SECONDS);
		use_journal();
		_exit(renew());
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return EXIT_DONE;
}

static int on_release(void)
{
	_cleanup_(vm_free) struct vm vm = {};
	int status;

	use_journal();
	if (!read_domain(&vm))
		return EXIT_DONE;
	uuid_format(vm.domain.uuid, vm.claims.uuid);
	status = run_release(&vm.claims);
	if (status && status != EXIT_UNPROTECTED)
		say_error("%s: its claims stay: run 'dsnctl release %s'", vm.domain.name,
			  vm.claims.uuid);
	return EXIT_DONE;
}

/* Calls of libvirt's that matter. */
static const struct {
	const char *operation, *part;
	int (*run)(void);
} calls[] = {
	{ "prepare", "begin", on_prepare },	{ "migrate", "begin", on_arrival },
	{ "restore", "begin", on_arrival },	{ "start", "begin", on_start },
	{ "reconnect", "begin", on_reconnect }, { "attach", "begin", on_reconnect },
	{ "release", "end", on_release },
};

static int on_call(const char *operation, const char *part)
{
	size_t i;

	check_note_call();
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(operation, calls[i].operation) &&
		    !strcmp(part, calls[i].part))
			return calls[i].run();
	return EXIT_DONE;
}

/* Writes FILE:LINE of what counts for a device, or "metadata". */
static void format_source(const struct vm *vm, const struct vm_line *line, char *text,
			  size_t size)
{
	bool is_metadata = line >= vm->domain.metadata_lines &&
			   line < vm->domain.metadata_lines + DOMAIN_DEVICES;

	if (!line || is_metadata)
		snprintf(text, size, "%s", line ? "metadata" : "-");
	else
		snprintf(text, size, "%s:%u", vm->config.files[line->file], line->line);
}

/* Writes the serial that a claim will show; bits that are the card's are XX. */
static void format_serial(const struct vm *vm, size_t device, char text[SERIAL_LEN])
{
	const struct vm_value *value = &vm->claims.lines[device]->value;
	struct derivation derivation;

	value_format(&value->rule, text);
	if (!value->is_derived)
		return;
	memcpy(derivation.uuid, vm->domain.uuid, sizeof(derivation.uuid));
	strcpy(derivation.label, vm_label(&vm->domain.devices[device].vm));
	serial_format(derive_serial(&vm->config.key, &derivation), text);
	if (value->keeps)
		strcpy(text + strlen("00-00-00-00-00-00-"), "XX-XX");
}

static void print_device(const struct vm *vm, size_t device)
{
	const struct vm_line *line = vm->claims.lines[device];
	char serial[SERIAL_LEN] = "-", source[512];

	if (line)
		format_serial(vm, device, serial);
	format_source(vm, line, source, sizeof(source));
	printf("%-12s  %-23s  %s  %s\n", vm->claims.bdfs[device], serial,
	       vm->claims.values[device], source);
}

/* Reads the key if no line of the files needed it; the metadata may. */
static bool read_key(struct vm *vm)
{
	char error[SITE_KEY_ERROR];

	if (vm->config.key_state != KEY_UNREAD || config_site_key(&vm->config.key, error))
		return true;
	say_error("%s", error);
	return false;
}

/* Prints what a VM would claim, and changes nothing. */
static int print_plan(void)
{
	_cleanup_(vm_free) struct vm vm = {};
	size_t i;

	if (!read_vm(&vm) || !read_key(&vm))
		return EXIT_FAILED;
	for (i = 0; i < vm.claims.count; i++)
		print_device(&vm, i);
	return EXIT_DONE;
}

static int usage(FILE *to, int status)
{
	fputs("Usage: dsnctl-libvirt NAME OPERATION PART EXTRA <XML    as libvirt's hook\n"
	      "       dsnctl-libvirt --plan <XML                       print what it would claim\n"
	      "       dsnctl-libvirt --check                           does libvirt call the hook?\n"
	      "       dsnctl-libvirt --help, --version\n",
	      to);
	return status;
}

int main(int argc, char **argv)
{
	const char *option = argc == 2 ? argv[1] : "";

	if (!strcmp(option, "--help") || !strcmp(option, "-h"))
		return usage(stdout, EXIT_DONE);
	if (!strcmp(option, "--version"))
		return puts("dsnctl-libvirt " DSNCTL_VERSION) < 0;
	if (!strcmp(option, "--check"))
		return check_print();
	if (!strcmp(option, "--plan"))
		return print_plan();
	if (argc < 4)
		return usage(stderr, EXIT_USAGE);
	return on_call(argv[2], argv[3]);
}
