// SPDX-License-Identifier: GPL-2.0
/* Rows of named columns, printed as a table, as a list of fields, or as JSON. */
#include "lib/table.h"

#include <ctype.h>
#include <errno.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <string.h>
#include "lib/util.h"

int table_init(struct table *table, const struct column *columns, size_t count)
{
	*table = (struct table){ .columns = columns, .count = count };
	table->rows = json_object_new_array();
	return table->rows ? 0 : -ENOMEM;
}

void table_free(struct table *table)
{
	json_object_put(table->rows);
	table->rows = NULL;
}

int table_row(struct table *table)
{
	size_t i;

	table->row = json_object_new_object();
	if (!table->row)
		return -ENOMEM;
	for (i = 0; i < table->count; i++)
		json_object_object_add(table->row, table->columns[i].name, NULL);
	return json_object_array_add(table->rows, table->row) ? -ENOMEM : 0;
}

void table_text(struct table *table, size_t column, const char *text)
{
	json_object_object_add(table->row, table->columns[column].name,
			       text ? json_object_new_string(text) : NULL);
}

void table_number(struct table *table, size_t column, unsigned long long number)
{
	json_object_object_add(table->row, table->columns[column].name,
			       json_object_new_uint64(number));
}

void table_bool(struct table *table, size_t column, bool value)
{
	json_object_object_add(table->row, table->columns[column].name,
			       json_object_new_boolean(value));
}

void table_object(struct table *table, size_t column, struct json_object *object)
{
	json_object_object_add(table->row, table->columns[column].name, object);
}

static const char *cell_text(struct json_object *row, const char *name)
{
	struct json_object *cell;

	if (!json_object_object_get_ex(row, name, &cell) || !cell)
		return "-";
	if (json_object_is_type(cell, json_type_boolean))
		return json_object_get_boolean(cell) ? "yes" : "no";
	return json_object_get_string(cell);
}

static void drop_table(struct libscols_table **table)
{
	scols_unref_table(*table);
}

static void make_heading(const char *name, char heading[32])
{
	size_t length;

	for (length = 0; name[length] && length < 31; length++)
		heading[length] = toupper((unsigned char)name[length]);
	heading[length] = '\0';
}

/* The heading alone: libsmartcols prints nothing for a table without lines. */
static int print_empty(const struct table *table)
{
	char heading[32];
	size_t i;

	for (i = 0; i < table->count; i++) {
		make_heading(table->columns[i].name, heading);
		printf("%s%s", i ? " " : "", heading);
	}
	puts("");
	return 0;
}

int table_print(const struct table *table)
{
	_cleanup_(drop_table) struct libscols_table *out = scols_new_table();
	struct libscols_line *line;
	size_t i, row;
	char heading[32];

	if (!out)
		return -ENOMEM;
	if (!json_object_array_length(table->rows))
		return print_empty(table);
	for (i = 0; i < table->count; i++) {
		make_heading(table->columns[i].name, heading);
		if (!scols_table_new_column(out, heading, 0,
					    table->columns[i].right ? SCOLS_FL_RIGHT : 0))
			return -ENOMEM;
	}
	for (row = 0; row < json_object_array_length(table->rows); row++) {
		struct json_object *cells = json_object_array_get_idx(table->rows, row);

		line = scols_table_new_line(out, NULL);
		if (!line)
			return -ENOMEM;
		for (i = 0; i < table->count; i++)
			if (scols_line_set_data(line, i,
						cell_text(cells, table->columns[i].name)))
				return -ENOMEM;
	}
	return scols_print_table(out);
}

static void print_cell(const struct column *column, const char *text)
{
	if (column->width)
		printf("%*s ", column->right ? column->width : -column->width, text);
	else
		puts(text);
}

void table_print_heading(const struct column *columns, size_t count)
{
	char heading[32];
	size_t i;

	for (i = 0; i < count; i++) {
		make_heading(columns[i].name, heading);
		print_cell(&columns[i], heading);
	}
}

void table_print_line(const struct table *table)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		print_cell(&table->columns[i],
			   cell_text(table->row, table->columns[i].name));
}

void table_print_fields(const struct table *table)
{
	size_t i, widest = 0;

	for (i = 0; i < table->count; i++)
		if (strlen(table->columns[i].name) > widest)
			widest = strlen(table->columns[i].name);
	for (i = 0; i < table->count; i++)
		printf("%s:%*s %s\n", table->columns[i].name,
		       (int)(widest - strlen(table->columns[i].name)), "",
		       cell_text(table->row, table->columns[i].name));
}

struct json_object *table_take_rows(struct table *table)
{
	struct json_object *rows = table->rows;

	table->rows = NULL;
	return rows;
}

void table_put_row(const struct table *table, struct json_object *object)
{
	json_object_object_foreach(table->row, name, cell)
		json_object_object_add(object, name, json_object_get(cell));
}
