/* SPDX-License-Identifier: GPL-2.0 */
/* The commands, and what they exit with. */
#ifndef DSNCTL_COMMAND_H
#define DSNCTL_COMMAND_H

#include <stdbool.h>

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNPROTECTED = 3, /* the programs are not in force */
	EXIT_UNABLE = 4,      /* this kernel cannot do it */
};

struct options {
	bool json;
	bool real;
	bool force;
	bool save;
	bool prune;
	bool dry_run;
	const char *hook;
	const char *check;
	bool answer;
	const char *whole_reads;
	const char *require;
	const char *textfile;
	bool follow;
};

/* `argv` holds the operands alone; their number is within the command's limits. */
struct command {
	const char *name;
	int (*run)(const struct options *options, int argc, char **argv);
	const char *operands; /* as in the usage line */
	int min, max;	      /* operands */
	const char *letters;  /* options besides -j, as in option_table of main.c */
	const char *does;     /* one line, for --help */
	const char *help;     /* the rest of COMMAND --help */
};

int cmd_load(const struct options *options, int argc, char **argv);
int cmd_unload(const struct options *options, int argc, char **argv);
int cmd_status(const struct options *options, int argc, char **argv);
int cmd_set(const struct options *options, int argc, char **argv);
int cmd_unset(const struct options *options, int argc, char **argv);
int cmd_get(const struct options *options, int argc, char **argv);
int cmd_dump(const struct options *options, int argc, char **argv);
int cmd_apply(const struct options *options, int argc, char **argv);
int cmd_save(const struct options *options, int argc, char **argv);
int cmd_monitor(const struct options *options, int argc, char **argv);
int cmd_list(const struct options *options, int argc, char **argv);
int cmd_check(const struct options *options, int argc, char **argv);
int cmd_verify(const struct options *options, int argc, char **argv);
int cmd_metrics(const struct options *options, int argc, char **argv);
int cmd_repair(const struct options *options, int argc, char **argv);

#endif
