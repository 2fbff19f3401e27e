/* SPDX-License-Identifier: GPL-2.0 */
/* The table of commands and their options. */
#ifndef DSNCTL_COMMAND_H
#define DSNCTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include "dsn_contract.h"
#include "lib/exit.h"

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
	const char *vmm[DSN_MAX_VMMS];
	size_t vmms;
	const char *require;
	const char *textfile;
	bool follow;
	bool add;
	const char *name;
	bool verbose;
};

/* `argv` holds only the operands; their number is within the command's limits. */
struct command {
	const char *name;
	int (*run)(const struct options *options, int argc, char **argv);
	const char *operands; /* as in the usage line, or NULL */
	int min, max;	      /* operands */
	const char
		*letters; /* options besides -j, as in option_table of main.c, or NULL */
	const char *does; /* an imperative phrase, for --help */
	const char *help; /* more lines for COMMAND --help, or NULL */
	void (*more)(void); /* prints the last of them, or NULL */
};

struct config;

/* config_read(), which prints the faults. */
bool read_config(char *const files[], size_t count, struct config *config);

/* Print the counters, for --help. */
void help_status(void);
void help_metrics(void);

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
int cmd_derive(const struct options *options, int argc, char **argv);
int cmd_claim(const struct options *options, int argc, char **argv);
int cmd_release(const struct options *options, int argc, char **argv);
int cmd_plan(const struct options *options, int argc, char **argv);
int cmd_repair(const struct options *options, int argc, char **argv);

#endif
