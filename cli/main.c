// SPDX-License-Identifier: GPL-2.0
/* The command line: finds the command, reads its options, runs it. */
#include "cmd/command.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model/config.h"
#include "model/derive.h"
#include "model/rule.h"
#include "model/sitekey.h"
#include "lib/message.h"
#include "lib/util.h"
#include "lib/version.h"

static const struct command commands[] = {
	{ .name = "load",
	  .run = cmd_load,
	  .letters = "kcawV",
	  .does = "hook the kernel: from now on guests read what the rules say",
	  .help = "Loads vfio-pci if needed. The default is scrub: a serial reads as zeros, and VPD as\n"
		  "empty. If programs are loaded already, new ones take over without a gap, and the\n"
		  "rules stay.\n\n"
		  "With kernel lockdown, as under Secure Boot, nothing can be written into a VMM and the\n"
		  "hook is 'permission': serials read as zeros in a VMM that zeroes its variable before\n"
		  "it reads, whatever their rule, except 'pass'.\n" },
	{ .name = "unload",
	  .run = cmd_unload,
	  .letters = "f",
	  .does = "remove the programs and all rules: guests read the real serials" },
	{ .name = "status",
	  .run = cmd_status,
	  .letters = "q",
	  .does = "print what is guaranteed, and the counters",
	  .help = "guarantee      proven, withheld, vmm-trusted, best-effort or not protected\n"
		  "ground         why it is that level, and not a higher one\n"
		  "unsaved        rules that no file in /etc has: gone at the next boot\n"
		  "drift          rules ignored because the function has other ids\n"
		  "early          functions opened before 'load': the real serial may be known\n",
	  .more = help_status },
	{ .name = "set",
	  .run = cmd_set,
	  .operands = "TARGET VALUE [vpd VPD] [gaps GAPS] [expect IDS]",
	  .min = 2,
	  .max = RULE_WORDS,
	  .letters = "fs",
	  .does = "set the rule of a function, a device or the default",
	  .help = "TARGET is a function (0000:01:00.0), a device with all its functions (0000:01:00)\n"
		  "or default. VALUE is scrub (zeros), hide (no such capability), pass (the real serial),\n"
		  "'derive UUID LABEL' (the serial that 'dsnctl derive' prints) or a serial:\n"
		  "02-00-5e-10-00-00-00-01, with colons, or 16 hex digits; zero is scrub.\n"
		  "VPD, which may hold a serial too, is empty, hide (no such capability) or pass; empty\n"
		  "if nothing is said, and pass after pass. GAPS, what no capability names, is pass or zero.\n"
		  "With 'expect 8086:10d3' the rule applies only to a function with these ids. Under\n"
		  "--save a pass without it gets the ids of the card that is there.\n" },
	{ .name = "unset",
	  .run = cmd_unset,
	  .operands = "TARGET",
	  .min = 1,
	  .max = 1,
	  .letters = "fs",
	  .does = "remove the rule of a function or a device" },
	{ .name = "apply",
	  .run = cmd_apply,
	  .operands = "[FILE...]",
	  .max = INT_MAX,
	  .letters = "fpn",
	  .does = "put the rules of files in force, all at once",
	  .help = "Each line is a rule as 'set' takes it; # begins a comment. Without FILE the files are\n" CONFIG_FILE
		  " and " CONFIG_DIR "/*.conf, in this order, by name; the last rule\n"
		  "for a target counts. - is standard input. If any line is bad, nothing changes.\n"
		  "Without FILE, a rule from these files is removed once its line is gone; rules set by\n"
		  "hand stay.\n" },
	{ .name = "save",
	  .run = cmd_save,
	  .does = "print the rules in force as 'apply' reads them" },
	{ .name = "get",
	  .run = cmd_get,
	  .operands = "BDF",
	  .min = 1,
	  .max = 1,
	  .does = "print what a guest reads, and by which rule" },
	{ .name = "dump",
	  .run = cmd_dump,
	  .does = "print the default, each rule, and the last readers" },
	{ .name = "list",
	  .run = cmd_list,
	  .letters = "r",
	  .does = "list the functions that have a serial or VPD, and what guests read" },
	{ .name = "derive",
	  .run = cmd_derive,
	  .operands = "UUID LABEL",
	  .min = 2,
	  .max = DERIVATION_WORDS,
	  .does = "print the serial that belongs to a VM, the same on every host",
	  .help = "UUID is the VM's. LABEL tells its functions apart: 'alias ua-nic0' (libvirt's user\n"
		  "alias), 'mac 52:54:00:12:34:56', 'slot 0000:01:00' (where the guest sees it), or a\n"
		  "name such as nic0. The same UUID and label give the same serial wherever the key is\n"
		  "the same: " SITE_KEY_RUN ", else " SITE_KEY_FILE ", or none if there\n"
		  "is neither. Nothing has to be loaded.\n"
		  "dsnctl(8), DERIVED SERIALS, has the computation.\n" },
	{ .name = "claim",
	  .run = cmd_claim,
	  .operands = "UUID BDF VALUE [BDF VALUE]...",
	  .min = 3,
	  .max = INT_MAX,
	  .letters = "fAN",
	  .does = "set the rules of functions for the run of one VM",
	  .help = "VALUE is scrub, hide, a serial, derive:LABEL (the serial of this VM and a label, or\n"
		  "'derive:LABEL keep 16' with the low bits of the real one), or none, which claims\n"
		  "nothing. A claim covers the function's own rule until 'release'; 'set', 'apply' and\n"
		  "'save' leave it alone. What the VM had claimed before and is not named now is\n"
		  "released, unless it is open. A claim of another VM whose device nobody has open is\n"
		  "taken over.\n" },
	{ .name = "release",
	  .run = cmd_release,
	  .operands = "UUID",
	  .min = 1,
	  .max = 1,
	  .letters = "f",
	  .does = "end all claims of a VM: the rules that they covered count again" },
	{ .name = "plan",
	  .run = cmd_plan,
	  .operands = "UUID BDF [DEVICE...]...",
	  .min = 2,
	  .max = INT_MAX,
	  .does = "print what a VM with these functions is to claim",
	  .help = "Goes by the 'vm' lines of " CONFIG_FILE " and " CONFIG_DIR
		  "/*.conf, and changes\n"
		  "nothing. After a BDF come the names that the function has in the VM: its alias in\n"
		  "libvirt (ua-nic0), mac:52:54:00:12:34:56, slot:0000:01:00. More functions with their\n"
		  "names may follow. Prints for each the value, what it is derived from, and the line.\n" },
	{ .name = "check",
	  .run = cmd_check,
	  .letters = "v",
	  .does = "print what 'load' would give on this host",
	  .help = "Loads nothing and changes nothing. A row is 'unknown' if it cannot be seen without\n"
		  "root or before vfio-pci is loaded; 'certain' reports whether that can matter. Exits\n"
		  "like 'load', or with 3 if that would not protect.\n" },
	{ .name = "verify",
	  .run = cmd_verify,
	  .operands = "[BDF]",
	  .max = 1,
	  .does = "read serials and VPD as a VMM does, and compare them with the rules",
	  .help = "Opens the function, or every function with a serial or VPD that is bound to vfio-pci,\n"
		  "by /dev/vfio/devices or its IOMMU group. It is reset, as for any VMM, and the reads\n"
		  "are counted. A real serial is never printed.\n\n"
		  "whole    4096 bytes at once        dwords, words, bytes    one after another\n"
		  "qword    the serial at once        preadv                  segments that split it\n"
		  "vpd      dwords, bytes, across: its data, by addresses that are written as by a guest\n"
		  "gaps     under 'gaps zero': capabilities that vfio unlinks\n\n"
		  "Exits with 0 if all match, 3 if anything that the rules hide was readable or nothing\n"
		  "is loaded, and 1 if a function is busy, cannot be opened, or shows something else.\n" },
	{ .name = "metrics",
	  .run = cmd_metrics,
	  .letters = "t",
	  .does = "print the counters for Prometheus",
	  .help = "Text format 0.0.4. If nothing is loaded, dsnctl_loaded is 0 and the exit status too.\n",
	  .more = help_metrics },
	{ .name = "monitor",
	  .run = cmd_monitor,
	  .does = "print each read of a serial as it happens",
	  .help = "Prints a line for each read that reaches a serial, until interrupted:\n\n"
		  "offset, length  in config space; - if not known\n"
		  "done            scrubbed, serial, hidden, passed, killed (with its reader),\n"
		  "                stopped (until it is repaired) or refused\n"
		  "repaired        the check corrected the read after the hook\n"
		  "repeats         earlier reads by this thread that have no event of their own\n"
		  "cgroup          of the reader, or its number if it is gone\n"
		  "reason          why it was killed, stopped or refused\n" },
	{ .name = "repair",
	  .run = cmd_repair,
	  .operands = "[PID]",
	  .max = 1,
	  .letters = "F",
	  .does = "correct the memory of stopped VMMs, and continue them",
	  .help = "A VMM is stopped if the kernel cannot write into it what the rules say, as while\n"
		  "NUMA balancing moves a page. dsnctl-repair.service repairs it within milliseconds,\n"
		  "by 'dsnctl repair --follow'; without that service, run this for one process or for\n"
		  "all. It gives up if a thread does not stop within 30 s.\n\n"
		  "A VMM whose memory takes no bytes is killed.\n" },
};

/* getopt's letter for each option; a command names those that it takes. */
static const struct {
	char letter;
	const char *spelling;
	const char *does;
} option_table[] = {
	{ 'j', "-j, --json", "print one JSON object" },
	{ 'v', "-v, --verbose", "print the rows that are ok too" },
	{ 'r', "    --real", "print the real serials and VPD too" },
	{ 'k', "    --hook HOOK",
	  "auto (the default), fexit, kprobe, none or permission" },
	{ 'c', "    --check CHECK",
	  "auto (the default), usage, resume, or off, which is for tests" },
	{ 'a', "    --answer",
	  "answer reads of a serial at once, without asking the device" },
	{ 'w', "    --whole-reads HOW",
	  "known (the default), refuse or allow: whole reads of config space" },
	{ 'V', "    --vmm PATH",
	  "an executable that is known, in place of QEMU; may be repeated" },
	{ 'f', "    --force", "do it even while a process has a device open" },
	{ 's', "    --save", "do it in " CONFIG_DIR " too, for the next boot" },
	{ 'p', "    --prune", "remove the rules that are in no file" },
	{ 'n', "    --dry-run",
	  "only print what would change; exit with 3 if anything would" },
	{ 'q', "    --require LEVEL",
	  "exit with 3 below proven, withheld, vmm-trusted or best-effort" },
	{ 't', "    --textfile FILE",
	  "write to a file, as a whole, for node_exporter's collector" },
	{ 'A', "    --add", "keep what else the VM has claimed" },
	{ 'N', "    --name NAME", "the VM's name, for people" },
	{ 'F', "    --follow", "go on until interrupted, over unload and load" },
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, 'j' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "real", no_argument, NULL, 'r' },
	{ "hook", required_argument, NULL, 'k' },
	{ "check", required_argument, NULL, 'c' },
	{ "answer", no_argument, NULL, 'a' },
	{ "whole-reads", required_argument, NULL, 'w' },
	{ "vmm", required_argument, NULL, 'V' },
	{ "force", no_argument, NULL, 'f' },
	{ "save", no_argument, NULL, 's' },
	{ "prune", no_argument, NULL, 'p' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "require", required_argument, NULL, 'q' },
	{ "textfile", required_argument, NULL, 't' },
	{ "follow", no_argument, NULL, 'F' },
	{ "add", no_argument, NULL, 'A' },
	{ "name", required_argument, NULL, 'N' },
	{},
};

static const char *or_none(const char *text)
{
	return text ? text : "";
}

static int wrong_usage(const struct command *command)
{
	fprintf(stderr, "try 'dsnctl %s%s--help'\n", command ? command->name : "",
		command ? " " : "");
	return EXIT_USAGE;
}

#define OPERANDS_WIDTH 25

/* Prints a command with its operands; if these are long, what it does goes below them. */
static void print_summary(const struct command *command)
{
	const char *operands = or_none(command->operands);

	printf("  %-7s %-*s", command->name, OPERANDS_WIDTH, operands);
	if (strlen(operands) > OPERANDS_WIDTH)
		printf("\n%*s", OPERANDS_WIDTH + 10, "");
	printf("  %s\n", command->does);
}

static void print_help(void)
{
	size_t i;

	puts("Usage: dsnctl COMMAND [OPTION...]\n"
	     "Hide the PCIe Device Serial Numbers of assigned functions from guests.\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		print_summary(&commands[i]);
	puts("\n  --help, COMMAND --help, --version\n\n"
	     "Exit status: 0 done, 1 failed, 2 wrong usage, 3 not protected,\n"
	     "4 this kernel cannot do it, 5 what is loaded cannot be seen from here.");
}

static bool takes(const struct command *command, char letter)
{
	return letter == 'j' || strchr(or_none(command->letters), letter);
}

static void print_command_help(const struct command *command)
{
	size_t i;

	printf("Usage: dsnctl %s%s%s [OPTION...]\n%c%s.\n", command->name,
	       command->operands ? " " : "", or_none(command->operands),
	       toupper(command->does[0]), command->does + 1);
	if (command->help)
		printf("\n%s", command->help);
	if (command->more)
		command->more();
	puts("");
	for (i = 0; i < ARRAY_SIZE(option_table); i++)
		if (takes(command, option_table[i].letter))
			printf("  %-21s  %s\n", option_table[i].spelling,
			       option_table[i].does);
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* Fails if output was lost: an audit that was cut short must not look whole. */
static int flush_output(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		say_error("cannot write the output: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return status;
}

/* Returns true if a command's exit status is about a change, not about its output. */
static bool is_change(const struct command *command, const struct options *options)
{
	static int (*const changing[])(const struct options *, int, char **) = {
		cmd_load,  cmd_unload, cmd_set,	  cmd_unset,
		cmd_apply, cmd_repair, cmd_claim, cmd_release,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(changing); i++)
		if (command->run == changing[i])
			return !options->dry_run;
	return false;
}

/* Warns if output was lost after a change; the exit status is about the change. */
static int flush_report(int status)
{
	if (fflush(stdout) || ferror(stdout))
		say_warning(
			"cannot write the output: %s; the exit status holds all the same",
			strerror(errno));
	return status;
}

/*
 * Opens /dev/null in place of closed standard streams, so that no other file gets their
 * numbers and what is printed. Writing to them fails as before.
 */
static void fill_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Looks for --json before the first message: a wrong option is reported as JSON too. */
static bool wants_json(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "-j") || !strcmp(argv[i], "--json"))
			return true;
	return false;
}

/* Sets *changed if the command was run to change something. */
static int run(const struct command *command, int argc, char **argv, bool *changed)
{
	struct options options = { .json = wants_json(argc, argv) };
	int letter;

	message_start(command->name, options.json);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":hjv", long_options, NULL)) != -1) {
		if (letter == '?' || letter == ':') {
			say_error("%s: %s %s", command->name, argv[optind - 1],
				  letter == ':' ? "needs a value" : "is no option");
			return wrong_usage(command);
		}
		if (letter == 'h') {
			print_command_help(command);
			return EXIT_DONE;
		}
		if (!takes(command, letter)) {
			say_error("%s: does not take that option", command->name);
			return wrong_usage(command);
		}
		if (letter == 'r')
			options.real = true;
		else if (letter == 'f')
			options.force = true;
		else if (letter == 's')
			options.save = true;
		else if (letter == 'p')
			options.prune = true;
		else if (letter == 'n')
			options.dry_run = true;
		else if (letter == 'k')
			options.hook = optarg;
		else if (letter == 'c')
			options.check = optarg;
		else if (letter == 'a')
			options.answer = true;
		else if (letter == 'w')
			options.whole_reads = optarg;
		else if (letter == 'V' && options.vmms == DSN_MAX_VMMS) {
			say_error("--vmm %s: at most %d are possible", optarg,
				  DSN_MAX_VMMS);
			return EXIT_USAGE;
		} else if (letter == 'V')
			options.vmm[options.vmms++] = optarg;
		else if (letter == 'q')
			options.require = optarg;
		else if (letter == 't')
			options.textfile = optarg;
		else if (letter == 'F')
			options.follow = true;
		else if (letter == 'A')
			options.add = true;
		else if (letter == 'N')
			options.name = optarg;
		else if (letter == 'v')
			options.verbose = true;
	}
	argc -= optind;
	argv += optind;
	if (argc < command->min) {
		say_error("%s: want %s", command->name, command->operands);
		return wrong_usage(command);
	}
	if (argc > command->max) {
		say_error("%s: unexpected '%s'", command->name, argv[command->max]);
		return wrong_usage(command);
	}
	*changed = is_change(command, &options);
	return command->run(&options, argc, argv);
}

int main(int argc, char **argv)
{
	const struct command *command;
	bool changed = false;
	int status;

	fill_standard_streams();
	if (argc < 2) {
		say_error("no command");
		return wrong_usage(NULL);
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help();
		return flush_output(EXIT_DONE);
	}
	if (!strcmp(argv[1], "--version")) {
		puts("dsnctl " DSNCTL_VERSION);
		return flush_output(EXIT_DONE);
	}
	command = find_command(argv[1]);
	if (!command) {
		say_error("%s: not a command", argv[1]);
		return wrong_usage(NULL);
	}
	argv[1] = argv[0];
	status = run(command, argc - 1, argv + 1, &changed);
	message_finish(status);
	return changed ? flush_report(status) : flush_output(status);
}
