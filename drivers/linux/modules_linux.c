/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modules_linux.c - the tables are read whole and cut up where they lie; they stay until the
 * process ends. */
#include "modules_linux.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALIAS_TEXT_MAX 4096 /* of a device; the processor lists all it can do */

/* ---- the tables ---- */

/* The text of a file, ended by a zero and ours to change; NULL: it is not there, or empty. */
static char *text_of(const char *folder, const char *name)
{
	char path[PATH_MAX], *text = MAP_FAILED;
	struct stat st;
	int fd, n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	if (n < 0 || (size_t)n >= sizeof(path) || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return NULL;
	/* One octet more than the file has: zero, on a page of its own if need be. */
	if (fstat(fd, &st) == 0 && st.st_size > 0)
		text = mmap(NULL, (size_t)st.st_size + 1, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (text != MAP_FAILED && read(fd, text, (size_t)st.st_size) != st.st_size) {
		munmap(text, (size_t)st.st_size + 1);
		text = MAP_FAILED;
	}
	close(fd);
	return text == MAP_FAILED ? NULL : text;
}

/* "kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/mbcache.ko" */
static void read_needs(struct modules *m, char *text)
{
	char *line, *colon;

	while (m->modules < MODULES_MAX && (line = strsep(&text, "\n"))) {
		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = '\0';
		m->module[m->modules++] = (struct module){.path = line, .needs = colon + 1};
	}
}

/* "alias PATTERN MODULE"; a pattern has no space. */
static void read_aliases(struct modules *m, char *text)
{
	char *line, *word;

	while (m->aliases < MODULES_ALIASES_MAX && (line = strsep(&text, "\n"))) {
		struct module_alias *a = &m->alias[m->aliases];

		word = strsep(&line, " ");
		if (strcmp(word, "alias") != 0)
			continue;
		a->pattern = strsep(&line, " ");
		a->module = line;
		if (!line)
			continue;
		a->plain = strcspn(a->pattern, "*?[");
		m->aliases++;
	}
}

/* "softdep MODULE pre: WORD..."; "post:" is of no use to us. */
static void read_softs(struct modules *m, char *text)
{
	char *line, *word, *after;

	while (m->softs < MODULES_SOFT_MAX && (line = strsep(&text, "\n"))) {
		struct module_soft *s = &m->soft[m->softs];

		word = strsep(&line, " ");
		if (strcmp(word, "softdep") != 0 || !line)
			continue;
		s->module = strsep(&line, " ");
		if (!line || strncmp(line, "pre: ", 5) != 0)
			continue;
		s->before = line + 5;
		after = strstr(s->before, " post:");
		if (after)
			*after = '\0';
		m->softs++;
	}
}

bool modules_open(struct modules *m)
{
	char *needs = text_of(m->folder, "modules.dep");
	char *aliases = text_of(m->folder, "modules.alias");
	char *softs = text_of(m->folder, "modules.softdep");

	if (needs)
		read_needs(m, needs);
	if (aliases)
		read_aliases(m, aliases);
	if (softs)
		read_softs(m, softs);
	return needs;
}

/* ---- names ---- */

static char plain(char c)
{
	return c == '-' ? '_' : c;
}

/* Is this the name of the module in that file? */
static bool is_name_of(const char *name, const char *path)
{
	const char *at = strrchr(path, '/');

	for (at = at ? at + 1 : path; *name && plain(*name) == plain(*at); name++)
		at++;
	return !*name && *at == '.';
}

static struct module *by_name(struct modules *m, const char *name)
{
	for (struct module *x = m->module; x < m->module + m->modules; x++)
		if (is_name_of(name, x->path))
			return x;
	return NULL;
}

static struct module *by_path(struct modules *m, const char *path)
{
	for (struct module *x = m->module; x < m->module + m->modules; x++)
		if (strcmp(x->path, path) == 0)
			return x;
	return NULL;
}

static bool is_alias(const struct module_alias *a, const char *text)
{
	if (strncmp(a->pattern, text, a->plain) != 0)
		return false;
	return a->pattern[a->plain] ? fnmatch(a->pattern + a->plain, text + a->plain, 0) == 0
				    : text[a->plain] == '\0';
}

/* ---- loading ---- */

bool modules_insert(void *ctx, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool loaded = fd >= 0 && syscall(SYS_finit_module, fd, "", 0) == 0;

	(void)ctx;
	if (fd >= 0)
		close(fd);
	return loaded;
}

/* The kernel would find that out after it has read and checked all of it. */
static bool is_in_kernel(const struct modules *m, const struct module *x)
{
	char path[PATH_MAX];
	const char *name = strrchr(x->path, '/');
	size_t n = (size_t)snprintf(
		path, sizeof(path), "%s/module/%s", m->sysfs, name ? name + 1 : x->path);

	if (n >= sizeof(path))
		return false;
	path[n - strlen(strchr(strrchr(path, '/'), '.'))] = '\0';
	for (char *at = strrchr(path, '/'); *at; at++)
		*at = plain(*at);
	return access(path, F_OK) == 0;
}

static void load(struct modules *m, struct module *x);

/* What has this name, or answers to it. */
static void load_word(struct modules *m, const char *word)
{
	struct module *x = by_name(m, word);

	if (x)
		load(m, x);
	for (size_t i = 0; !x && i < m->aliases; i++)
		if (is_alias(&m->alias[i], word))
			modules_load(m, m->alias[i].module);
}

static void load_soft(struct modules *m, const struct module *x)
{
	char words[256], *rest, *word;

	for (size_t i = 0; i < m->softs; i++) {
		if (!is_name_of(m->soft[i].module, x->path))
			continue;
		snprintf(words, sizeof(words), "%s", m->soft[i].before);
		rest = words;
		while ((word = strsep(&rest, " ")))
			load_word(m, word);
	}
}

/* `x` alone: what it needs is there. */
static void insert(struct modules *m, struct module *x)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", m->folder, x->path);

	if (n > 0 && (size_t)n < sizeof(path))
		m->loaded += m->insert(m->ctx, path);
}

/* `tried` comes first, so that modules that need each other do not go round in circles. */
static void load(struct modules *m, struct module *x)
{
	char needs[2048], *at;

	if (x->tried)
		return;
	x->tried = true;
	if (is_in_kernel(m, x))
		return;
	load_soft(m, x);
	snprintf(needs, sizeof(needs), "%s", x->needs);
	while ((at = strrchr(needs, ' '))) {
		struct module *before = by_path(m, at + 1);

		if (before)
			load(m, before);
		*at = '\0';
	}
	insert(m, x);
}

void modules_load(struct modules *m, const char *name)
{
	struct module *x = by_name(m, name);

	if (x)
		load(m, x);
}

/* ---- hardware ---- */

/* The first octets of a file, ended by a zero; false: there are none. */
static bool read_start(const char *folder, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	int fd, n = snprintf(path, sizeof(path), "%s/%s", folder, name);
	ssize_t got;

	if (n < 0 || (size_t)n >= sizeof(path) || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	got = read(fd, text, size - 1);
	close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	return true;
}

/* What a device says that it is; a memory card says it in its uevent only. */
static void ask_device(struct modules *m, const char *folder)
{
	static const char word[] = "MODALIAS=";
	char text[ALIAS_TEXT_MAX], *said = text;

	if (!read_start(folder, "modalias", text, sizeof(text))) {
		said = read_start(folder, "uevent", text, sizeof(text)) ? strstr(text, word) : NULL;
		if (!said)
			return;
		said += sizeof(word) - 1;
	}
	said[strcspn(said, "\n")] = '\0';
	for (size_t i = 0; i < m->aliases; i++) {
		struct module *x =
			is_alias(&m->alias[i], said) ? by_name(m, m->alias[i].module) : NULL;

		if (x)
			x->asked = true;
	}
}

static void ask_bus(struct modules *m, const char *bus)
{
	char path[PATH_MAX];
	DIR *d = opendir(bus);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		int n = snprintf(path, sizeof(path), "%s/%s", bus, e->d_name);

		if (e->d_name[0] != '.' && n > 0 && (size_t)n < sizeof(path))
			ask_device(m, path);
	}
	if (d)
		closedir(d);
}

void modules_ask_hardware(struct modules *m)
{
	static const char *const alone[] = {"devices/system/cpu", "class/dmi/id"};
	char path[PATH_MAX];
	DIR *d;
	struct dirent *e;

	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", m->sysfs, alone[i]);
		ask_device(m, path);
	}
	snprintf(path, sizeof(path), "%s/bus", m->sysfs);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		int n = snprintf(path, sizeof(path), "%s/bus/%s/devices", m->sysfs, e->d_name);

		if (e->d_name[0] != '.' && n > 0 && (size_t)n < sizeof(path))
			ask_bus(m, path);
	}
	if (d)
		closedir(d);
}

bool modules_load_asked(struct modules *m, const char *folder)
{
	bool any = false;

	for (struct module *x = m->module; x < m->module + m->modules; x++) {
		if (!x->asked || x->tried || strncmp(x->path, folder, strlen(folder)) != 0)
			continue;
		load(m, x);
		any = true;
	}
	return any;
}

bool modules_load_if_asked(struct modules *m, const char *name)
{
	struct module *x = by_name(m, name);

	if (!x || !x->asked || x->tried)
		return false;
	load(m, x);
	return true;
}
