/* SPDX-License-Identifier: GPL-2.0 */
/* Rows of named columns, printed as a table, as a list of fields, or as JSON. */
#ifndef DSNCTL_TABLE_H
#define DSNCTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <json-c/json.h>

/* A column of a table. One array of them serves every way of printing. */
struct column {
	const char *name; /* the JSON key, and in capitals the heading */
	bool right;	  /* aligned to the right */
	int width;	  /* the minimum, for table_print_line(); 0 for the last column */
};

/* An array of JSON objects. A row's keys are the columns' names. */
struct table {
	const struct column *columns;
	size_t count;
	struct json_object *rows;
	struct json_object *row; /* the one being filled */
};

int table_init(struct table *table, const struct column *columns, size_t count);
void table_free(struct table *table);
int table_row(struct table *table);

/* Fill the cell `column` of the row. NULL text is null in JSON and "-" in print. */
void table_text(struct table *table, size_t column, const char *text);
void table_number(struct table *table, size_t column, unsigned long long number);
void table_bool(struct table *table, size_t column, bool value);
/* For JSON only, which takes the reference. */
void table_object(struct table *table, size_t column, struct json_object *object);

/* Returns 0 or -errno. */
int table_print(const struct table *table);
/* Print rows one by one: a heading, then the last row, in the columns' widths. */
void table_print_heading(const struct column *columns, size_t count);
void table_print_line(const struct table *table);
/* Prints only the last row, one field a line. */
void table_print_fields(const struct table *table);

/* Moves the rows out of the table, for use in a larger object. */
struct json_object *table_take_rows(struct table *table);

/* Adds the last row's cells to the object. */
void table_put_row(const struct table *table, struct json_object *object);

#endif
