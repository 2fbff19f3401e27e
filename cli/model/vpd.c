// SPDX-License-Identifier: GPL-2.0
/* Vital Product Data: a card's name and the keywords of its maker, its serial among them. */
#include "model/vpd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "model/pci.h"
#include "lib/util.h"

enum {
	TAG_LARGE = 0x80, /* set: two bytes of length follow */
	TAG_NAME = 0x82,
	TAG_READ_ONLY = 0x90,
	TAG_WRITABLE = 0x91,
	TAG_END = 0x78, /* small: its lowest three bits are its length */
};

/* Reads a tag. Returns false if it, or what it holds, is not all there. */
static bool take_tag(struct vpd *vpd, unsigned char *tag, size_t *length)
{
	const unsigned char *at = vpd->data + vpd->at;
	size_t rest = vpd->length - vpd->at, header;

	if (!rest)
		return false;
	*tag = at[0];
	header = *tag & TAG_LARGE ? 3 : 1;
	if (rest < header)
		return false;
	*length = *tag & TAG_LARGE ? at[1] | at[2] << 8 : *tag & 7;
	vpd->at += header;
	return *length <= rest - header;
}

/* Reads a keyword of the area. Returns false at its end. */
static bool take_keyword(struct vpd *vpd, struct vpd_item *item)
{
	const unsigned char *at = vpd->data + vpd->at;
	size_t rest = vpd->area_end - vpd->at;

	if (rest < 3 || at[2] > rest - 3)
		return false;
	memcpy(item->name, at, 2);
	item->name[2] = '\0';
	item->data = at + 3;
	item->length = at[2];
	vpd->at += 3 + at[2];
	return true;
}

bool vpd_next(struct vpd *vpd, struct vpd_item *item)
{
	unsigned char tag;
	size_t length;

	while (true) {
		if (vpd->area_end) {
			if (take_keyword(vpd, item))
				return true;
			vpd->at = vpd->area_end;
			vpd->area_end = 0;
		}
		if (!take_tag(vpd, &tag, &length) || (tag & ~7) == TAG_END)
			return false;
		if (tag == TAG_READ_ONLY || tag == TAG_WRITABLE) {
			vpd->area_end = vpd->at + length;
			continue;
		}
		vpd->at += length;
		if (tag == TAG_NAME)
			break;
	}
	*item = (struct vpd_item){ "ID", vpd->data + vpd->at - length, length };
	return true;
}

bool vpd_is_telling(const struct vpd_item *item)
{
	return item->name[0] == 'V' || !strcmp(item->name, "ID") ||
	       !strcmp(item->name, "PN") || !strcmp(item->name, "SN");
}

static bool is_filler(unsigned char byte)
{
	return byte == '\0' || byte == ' ';
}

static char *put_byte(char *text, unsigned char byte)
{
	if (byte < ' ' || byte > '~')
		return text + sprintf(text, "<%02x>", byte);
	*text++ = byte;
	return text;
}

void vpd_text(const struct vpd_item *item, char text[VPD_TEXT_LEN])
{
	size_t length = item->length < VPD_TEXT_BYTES ? item->length : VPD_TEXT_BYTES, i;

	while (length && is_filler(item->data[length - 1]))
		length--;
	for (i = 0; i < length; i++)
		text = put_byte(text, item->data[i]);
	*text = '\0';
}

long vpd_read(const struct dsn_key *key, unsigned char data[VPD_SIZE])
{
	_cleanup_(close_fd) int fd = pci_open(key, "/vpd");
	size_t length = 0;
	char first[4];
	ssize_t got;

	if (fd < 0)
		return -errno;
	do {
		got = pread(fd, data + length, VPD_SIZE - length, length);
		length += got > 0 ? got : 0;
	} while (got > 0 && length < VPD_SIZE);
	if (got < 0 && !length)
		return -errno;
	/* vfio hands the bytes that were read last to the next guest */
	return pread(fd, first, sizeof(first), 0) < 0 ? -errno : (long)length;
}
