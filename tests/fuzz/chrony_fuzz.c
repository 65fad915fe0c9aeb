/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of chronyd: of any octets, and a server is one only where the line says so. */
#include "chrony.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str line = {(const char *)data, n};
	struct chrony_said said = {0};
	char text[IP_TEXT_MAX];

	switch (chrony_news_of(line, &said)) {
	case CHRONY_FOLLOWS:
		if (!memmem(data, n, "Selected source ", 16) || !ip_addr_size(said.server.family) ||
			ip_addr_text(&said.server, text)[0] == '\0')
			abort();
		break;
	case CHRONY_SET:
		if (!memmem(data, n, " stepped by ", 12) ||
			llabs(said.ahead_us) / 1000000 > UINT32_MAX)
			abort();
		break;
	case CHRONY_NOTHING:
	case CHRONY_BEGINS:
	case CHRONY_LOST:
		break;
	}
	return 0;
}
