// SPDX-License-Identifier: GPL-2.0
/* The command line: finds the command, reads its options, runs it. */
#include "cmd/command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model/config.h"
#include "lib/message.h"
#include "lib/util.h"
#include "lib/version.h"

static const struct command commands[] = {
	{ "load", cmd_load, "", 0, 0, "kcaw",
	  "hook the kernel; from then on guests read what policy says",
	  "Loads vfio-pci if needed. The default policy is scrub: a serial reads as zeros.\n"
	  "Where programs run already, new ones take over without a gap and rules stay.\n\n"
	  "On a locked-down kernel, as Secure Boot makes it, nothing can be written into a VMM:\n"
	  "there the hook is 'permission'. Serials read as zeros in a VMM that zeroes its\n"
	  "variable before it reads, whatever their rule, except 'pass'.\n" },
	{ "unload", cmd_unload, "", 0, 0, "f",
	  "take the programs and all rules out; guests read the real serials", "" },
	{ "status", cmd_status, "", 0, 0, "q",
	  "whether the programs are in force, and what they count",
	  "guarantee      proven, withheld, vmm-trusted, best-effort or not protected, and on what ground\n"
	  "touched        reads that reached a serial\n"
	  "missed         hook calls that the kernel skipped; with no check, reads may have leaked\n"
	  "repaired       reads that the check corrected after the hook\n"
	  "answered       reads of a serial that did not get to the device\n"
	  "refused        reads that cannot be made safe and were not let begin\n"
	  "wholes         under hook permission: reads of all of config space\n"
	  "wholes_passed  of those, the ones that got the real serial\n"
	  "unchecked      reads that the hook saw and the check did not: must be 0\n"
	  "stops          reads whose process was stopped until its memory was repaired\n"
	  "kills          readers killed because a read could not be made safe\n"
	  "failed_writes  of those, because the buffer could not be written\n"
	  "unkillable     of those, the ones that the kernel refused to kill\n"
	  "late           on a real-time kernel: readers stopped or killed too late: must be 0\n"
	  "uncounted      reads that are missing in the counters of 'dump'\n"
	  "collapsed      events of 'monitor' merged into a later one of the same thread\n"
	  "unsaved        rules that no file in /etc has, which are gone at the next boot\n"
	  "drift          rules for another function than the one that is there\n"
	  "early          devices that are open since before 'load'\n" },
	{ "set", cmd_set, "TARGET VALUE [expect IDS]", 2, 4, "fs",
	  "give a function, a device or all without a rule a value",
	  "TARGET is a function (0000:01:00.0), a device with all its functions (0000:01:00)\n"
	  "or default. VALUE is scrub (zeros), hide (no such capability), pass (the real serial\n"
	  "is shown), or a serial: 02-00-5e-10-00-00-00-01, with colons, or 16 hex digits; zero\n"
	  "is scrub. With 'expect 8086:10d3' the rule is for a function with these ids alone.\n" },
	{ "unset", cmd_unset, "TARGET", 1, 1, "fs",
	  "take a function's or device's rule back", "" },
	{ "apply", cmd_apply, "[FILE...]", 0, INT_MAX, "fpn",
	  "put the rules of the files in force, as one switch",
	  "Each line is a rule as 'set' takes it; # begins a comment. Without FILE these are\n" CONFIG_FILE
	  " and " CONFIG_DIR "/*.conf, in this order, by name, the last rule\n"
	  "for a target counts. - is standard input. A bad line anywhere: nothing changes.\n"
	  "Without FILE, rules from these files go when their line has gone; those that were\n"
	  "set by hand stay.\n" },
	{ "save", cmd_save, "", 0, 0, "",
	  "print the rules in force, as 'apply' reads them", "" },
	{ "get", cmd_get, "BDF", 1, 1, "", "what a guest reads now, and by which rule",
	  "" },
	{ "dump", cmd_dump, "", 0, 0, "", "the default, every rule, and who has read",
	  "" },
	{ "list", cmd_list, "", 0, 0, "r",
	  "the host's functions that have a serial, and what is shown of them", "" },
	{ "check", cmd_check, "", 0, 0, "",
	  "what this host allows, and what 'load' would come to",
	  "Nothing is loaded and nothing is changed. What cannot be seen without root, or\n"
	  "before vfio-pci is loaded, says unknown; 'certain' tells whether that can matter.\n"
	  "Exits with what 'load' would, and with 3 where that would not protect.\n" },
	{ "verify", cmd_verify, "[BDF]", 0, 1, "",
	  "read serials as a VMM does, and compare them with policy",
	  "Opens the function, or every function with a serial that is bound to vfio-pci, by\n"
	  "its IOMMU group. It is reset, as for any VMM, and the reads are counted. A mismatch\n"
	  "never shows the serial.\n\n"
	  "whole    4096 bytes at once        dwords, words, bytes    one after another\n"
	  "qword    the serial at once        preadv                  segments that part it\n\n"
	  "Exits with 0 if all match, 3 if anything of a real serial was readable or nothing is\n"
	  "loaded, and 1 if a function is busy, cannot be opened, or shows something else.\n" },
	{ "metrics", cmd_metrics, "", 0, 0, "t",
	  "the stats of 'status' and 'dump' for Prometheus",
	  "Text format 0.0.4. Where nothing is loaded, dsnctl_loaded is 0 and the exit status\n"
	  "too. dsnctl_guarantee has one sample per level, of which one is 1. The counters have\n"
	  "the names that 'status' gives them.\n" },
	{ "monitor", cmd_monitor, "", 0, 0, "", "who reads serials, as it happens",
	  "A line for each read that reaches a serial, until it is interrupted:\n"
	  "offset, length  in config space; - where it is not known\n"
	  "done            scrubbed, serial, hidden, passed, killed (with its reader),\n"
	  "                stopped (until it is repaired) or refused\n"
	  "repaired        the check corrected the read after the hook\n"
	  "repeats         earlier reads by this thread that have no event of their own\n"
	  "cgroup          of the reader, or its number where it has gone\n"
	  "reason          why it was killed, stopped or refused\n" },
	{ "repair", cmd_repair, "[PID]", 0, 1, "F",
	  "correct the memory of VMMs that were stopped, and let them go on",
	  "A VMM is stopped if the kernel does not let what policy says be written into it, as\n"
	  "while NUMA balancing moves a page. dsnctl-repair.service repairs it within\n"
	  "milliseconds, by 'dsnctl repair --follow'; where that does not run, this does it by\n"
	  "hand, for one process or for all. It gives up if a thread does not stop in 30 s.\n\n"
	  "A VMM whose memory takes no bytes is killed.\n" },
};

/* getopt's letter for each; commands name those they take. */
static const struct {
	char letter;
	const char *spelling;
	const char *does;
} option_table[] = {
	{ 'j', "-j, --json", "print one JSON object" },
	{ 'r', "    --real", "show the real serials as well" },
	{ 'k', "    --hook HOOK",
	  "auto (the default), fexit, kprobe, none or permission" },
	{ 'c', "    --check CHECK",
	  "auto (the default), usage, resume, or off, which is for tests" },
	{ 'a', "    --answer",
	  "answer reads of a serial at once, without asking the device" },
	{ 'w', "    --whole-reads HOW",
	  "what becomes of whole reads under hook permission: refuse (the default), allow" },
	{ 'f', "    --force", "also while a process has a device open" },
	{ 's', "    --save", "keep it in " CONFIG_DIR " for the next boot" },
	{ 'p', "    --prune", "drop all rules that are in none of the files" },
	{ 'n', "    --dry-run",
	  "only print what would change, and exit with 3 if anything" },
	{ 'q', "    --require LEVEL",
	  "exit with 3 if it is less than proven, withheld, vmm-trusted or best-effort" },
	{ 't', "    --textfile FILE",
	  "write to a file, as a whole, for node_exporter's collector" },
	{ 'F', "    --follow", "go on until interrupted, over unload and load" },
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, 'j' },
	{ "real", no_argument, NULL, 'r' },
	{ "hook", required_argument, NULL, 'k' },
	{ "check", required_argument, NULL, 'c' },
	{ "answer", no_argument, NULL, 'a' },
	{ "whole-reads", required_argument, NULL, 'w' },
	{ "force", no_argument, NULL, 'f' },
	{ "save", no_argument, NULL, 's' },
	{ "prune", no_argument, NULL, 'p' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "require", required_argument, NULL, 'q' },
	{ "textfile", required_argument, NULL, 't' },
	{ "follow", no_argument, NULL, 'F' },
	{},
};

static int wrong_usage(const struct command *command)
{
	fprintf(stderr, "try 'dsnctl %s%s--help'\n", command ? command->name : "",
		command ? " " : "");
	return EXIT_USAGE;
}

static void print_help(void)
{
	size_t i;

	puts("Usage: dsnctl COMMAND [OPTION...]\n"
	     "Keep the PCIe Device Serial Numbers of functions assigned to guests from them.\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-7s %-25s  %s\n", commands[i].name, commands[i].operands,
		       commands[i].does);
	puts("\n  --help, COMMAND --help, --version\n\n"
	     "Exit status: 0 done, 1 failed, 2 wrong usage, 3 not protected,\n"
	     "4 this kernel cannot do it.");
}

static void print_command_help(const struct command *command)
{
	size_t i;

	printf("Usage: dsnctl %s%s%s [OPTION...]\n%s.\n", command->name,
	       *command->operands ? " " : "", command->operands, command->does);
	if (*command->help)
		printf("\n%s", command->help);
	puts("");
	for (i = 0; i < ARRAY_SIZE(option_table); i++)
		if (option_table[i].letter == 'j' ||
		    strchr(command->letters, option_table[i].letter))
			printf("  %-18s %s\n", option_table[i].spelling,
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

/* An audit that was cut short must not look whole. */
static int flush_output(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		say_error("cannot write the output: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return status;
}

/* Tells whether the exit status of a command is about a change, not about its output. */
static bool is_change(const struct command *command, const struct options *options)
{
	static int (*const changing[])(const struct options *, int, char **) = {
		cmd_load, cmd_unload, cmd_set, cmd_unset, cmd_apply, cmd_repair,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(changing); i++)
		if (command->run == changing[i])
			return !options->dry_run;
	return false;
}

/* The same for a command that has changed something, which its exit status is about. */
static int flush_report(int status)
{
	if (fflush(stdout) || ferror(stdout))
		say_warning(
			"cannot write the output: %s; the exit status holds all the same",
			strerror(errno));
	return status;
}

/*
 * Fills the places of standard streams that are closed, so that no file of ours gets there
 * and takes what is printed. Writing to them fails as before.
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

/* Known before the first message, so that a wrong option is told as JSON too. */
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
	while ((letter = getopt_long(argc, argv, ":hj", long_options, NULL)) != -1) {
		if (letter == '?' || letter == ':') {
			say_error("%s: %s %s", command->name, argv[optind - 1],
				  letter == ':' ? "needs a value" : "is no option");
			return wrong_usage(command);
		}
		if (letter == 'h') {
			print_command_help(command);
			return EXIT_DONE;
		}
		if (letter != 'j' && !strchr(command->letters, letter)) {
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
		else if (letter == 'q')
			options.require = optarg;
		else if (letter == 't')
			options.textfile = optarg;
		else if (letter == 'F')
			options.follow = true;
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
