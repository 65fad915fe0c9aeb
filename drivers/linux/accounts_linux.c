/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each file is made anew beside the old one and renamed, so that a login meanwhile sees the old or
 * the new accounts.  A user keeps his number as long as his name stays. */
#include "accounts_linux.h"

#include <crypt.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UID_FIRST 2000
#define UID_COUNT 100
#define GROUP     "adm"
#define GROUP_ID  4 /* of adm on Debian, where the system does not say */
/* busybox's login knows no other modern hash; so many rounds take 15 ms on a PC. */
#define HASH_PREFIX "$6$"
#define HASH_ROUNDS 50000

static enum fl_err failed(struct textbuf *why, const char *what, const char *path)
{
	textbuf_printf(why, "%s %s: %s", what, path, strerror(errno));
	return FL_EIO;
}

/* ---- the files as they are ---- */

struct file {
	char path[PATH_MAX];
	char *text; /* ends with a zero octet; NULL: out of memory */
};

static void file_read(struct file *f, const struct accounts_linux *a, const char *name)
{
	FILE *in;
	size_t n = 0, room = 0;
	ssize_t got;

	snprintf(f->path, sizeof(f->path), "%s/%s", a->folder, name);
	f->text = NULL;
	in = fopen(f->path, "re");
	if (!in) {
		f->text = calloc(1, 1);
		return;
	}
	got = getdelim(&f->text, &room, '\0', in);
	n = got > 0 ? (size_t)got : 0;
	if (f->text)
		f->text[n] = '\0';
	else
		f->text = calloc(1, 1);
	fclose(in);
}

/* Field `number` of a line of passwd(5) or shadow(5). */
static struct str field_of(struct str line, unsigned number)
{
	struct str field = str_cut(&line, ':');

	while (number--)
		field = str_cut(&line, ':');
	return field;
}

/* The place among ours that a line of passwd has; -1: it is none of ours. */
static int place_of(struct str line)
{
	uint64_t uid;

	if (!str_to_u64(field_of(line, 2), UID_FIRST + UID_COUNT - 1, &uid) || uid < UID_FIRST)
		return -1;
	return (int)(uid - UID_FIRST);
}

struct taken {
	struct str name[UID_COUNT]; /* empty: the number is free */
};

/* Who of ours is there, and does the system itself have one of the names? */
static enum fl_err look(const struct file *passwd, const struct account *a, size_t n,
	struct taken *out, struct textbuf *why)
{
	struct str rest = str_of(passwd->text);

	*out = (struct taken){0};
	while (rest.n) {
		struct str line = str_cut(&rest, '\n'), name = field_of(line, 0);
		int place = place_of(line);

		if (place >= 0) {
			out->name[place] = name;
			continue;
		}
		for (size_t i = 0; i < n; i++)
			if (str_eq(a[i].name, name) && !str_is(name, "root")) {
				textbuf_printf(why,
					"user %.*s: the system itself has a user of that name",
					STR_ARG(name));
				return FL_EEXIST;
			}
	}
	return FL_OK;
}

/* A number for each of at most UID_COUNT accounts: the one it had, else the first free one. */
static void number_accounts(
	const struct account *a, size_t n, const struct taken *taken, int *place)
{
	struct taken next = {0};

	for (size_t i = 0; i < n; i++) {
		place[i] = -1;
		for (int p = 0; p < UID_COUNT; p++)
			if (str_eq(taken->name[p], a[i].name)) {
				place[i] = p;
				next.name[p] = a[i].name;
			}
	}
	for (size_t i = 0; i < n; i++)
		for (int p = 0; place[i] < 0 && p < UID_COUNT; p++)
			if (!next.name[p].n) {
				place[i] = p;
				next.name[p] = a[i].name;
			}
}

/* ---- the files as they should be ---- */

static const struct account *account_of(const struct account *a, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(a[i].name, name))
			return &a[i];
	return NULL;
}

/* What stands for the password: "*" is the hash of nothing. */
static struct str password_of(const struct account *a)
{
	return a->open ? STR("") : a->hash.n ? a->hash : STR("*");
}

static bool is_ours(const struct taken *taken, struct str name)
{
	for (int p = 0; p < UID_COUNT; p++)
		if (taken->name[p].n && str_eq(taken->name[p], name))
			return true;
	return false;
}

static gid_t group_id(void)
{
	struct group entry, *found = NULL;
	char room[4096];

	return getgrnam_r(GROUP, &entry, room, sizeof(room), &found) == 0 && found ? found->gr_gid
										   : GROUP_ID;
}

static void put_passwd(FILE *out, const struct accounts_linux *accounts, const struct file *old,
	const struct account *a, size_t n, const int *place)
{
	struct str rest = str_of(old->text);

	while (rest.n) {
		struct str line = str_cut(&rest, '\n');

		if (line.n && place_of(line) < 0)
			fprintf(out, "%.*s\n", STR_ARG(line));
	}
	for (size_t i = 0; i < n; i++)
		if (!str_is(a[i].name, "root"))
			fprintf(out, "%.*s:x:%d:%u:Fairlead user:%s/home/%.*s:%s\n",
				STR_ARG(a[i].name), UID_FIRST + place[i], (unsigned)group_id(),
				accounts->folder, STR_ARG(a[i].name), accounts->shell);
}

static void put_shadow(FILE *out, const struct file *old, const struct taken *taken,
	const struct account *a, size_t n)
{
	struct str rest = str_of(old->text);
	const struct account *root = account_of(a, n, STR("root"));

	while (rest.n) {
		struct str line = str_cut(&rest, '\n'), name = field_of(line, 0);

		if (!line.n || is_ours(taken, name) || (root && str_is(name, "root")))
			continue;
		fprintf(out, "%.*s\n", STR_ARG(line));
	}
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%.*s:%.*s:::::::\n", STR_ARG(a[i].name), STR_ARG(password_of(&a[i])));
}

/* ---- writing ---- */

/* The new content of `path`, of which `mode` are the rights; unchanged files are left alone. */
static enum fl_err replace(
	const char *path, const char *old, struct str text, mode_t mode, struct textbuf *why)
{
	char next[PATH_MAX + 8];
	int fd;
	bool good;

	if (str_eq(text, str_of(old)))
		return FL_OK;
	snprintf(next, sizeof(next), "%s.new", path);
	unlink(next);
	fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return failed(why, "write", next);
	good = fchmod(fd, mode) == 0 && write(fd, text.at, text.n) == (ssize_t)text.n &&
	       fsync(fd) == 0;
	close(fd);
	if (good && rename(next, path) == 0)
		return FL_OK;
	failed(why, "write", path);
	unlink(next);
	return FL_EIO;
}

static enum fl_err make_folder(const char *path, struct textbuf *why)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return FL_OK;
	return failed(why, "make", path);
}

static enum fl_err put_keys(
	const struct accounts_linux *accounts, const struct account *a, struct textbuf *why)
{
	struct file old = {.text = NULL};
	char name[64], folder[PATH_MAX];
	char *text = NULL;
	size_t size = 0;
	FILE *out;
	enum fl_err err;

	snprintf(folder, sizeof(folder), "%s/home", accounts->folder);
	err = make_folder(folder, why);
	snprintf(folder, sizeof(folder), "%s/home/%.*s", accounts->folder, STR_ARG(a->name));
	if (!err)
		err = make_folder(folder, why);
	snprintf(folder, sizeof(folder), "%s/home/%.*s/.ssh", accounts->folder, STR_ARG(a->name));
	if (!err)
		err = make_folder(folder, why);
	if (err)
		return err;
	out = open_memstream(&text, &size);
	if (!out)
		return FL_EFULL;
	for (size_t i = 0; i < a->nkeys; i++)
		fprintf(out, "%.*s\n", STR_ARG(a->keys[i]));
	snprintf(name, sizeof(name), "home/%.*s/.ssh/authorized_keys", STR_ARG(a->name));
	file_read(&old, accounts, name);
	err = fclose(out) == 0 && old.text
		      ? replace(old.path, old.text, (struct str){text, size}, 0644, why)
		      : FL_EFULL;
	free(old.text);
	free(text);
	return err;
}

/* The keys of who is not a user any more. */
static void drop_homes(const struct accounts_linux *accounts, const struct account *a, size_t n)
{
	char path[PATH_MAX];
	DIR *homes;
	const struct dirent *e;

	snprintf(path, sizeof(path), "%s/home", accounts->folder);
	homes = opendir(path);
	while (homes && (e = readdir(homes))) {
		if (e->d_name[0] == '.' || account_of(a, n, str_of(e->d_name)))
			continue;
		snprintf(path, sizeof(path), "%s/home/%s/.ssh/authorized_keys", accounts->folder,
			e->d_name);
		unlink(path);
		*strrchr(path, '/') = '\0';
		rmdir(path);
		*strrchr(path, '/') = '\0';
		rmdir(path); /* what he left there stays */
	}
	if (homes)
		closedir(homes);
}

static enum fl_err put_files(const struct accounts_linux *accounts, const struct file *passwd,
	const struct file *shadow, const struct account *a, size_t n, struct textbuf *why)
{
	struct taken taken;
	int place[UID_COUNT];
	char *text[2] = {NULL, NULL};
	size_t size[2];
	FILE *out;
	enum fl_err err = n > UID_COUNT ? FL_EFULL : look(passwd, a, n, &taken, why);

	if (err)
		return err;
	number_accounts(a, n, &taken, place);
	out = open_memstream(&text[0], &size[0]);
	if (out) {
		put_passwd(out, accounts, passwd, a, n, place);
		fclose(out);
	}
	out = open_memstream(&text[1], &size[1]);
	if (out) {
		put_shadow(out, shadow, &taken, a, n);
		fclose(out);
	}
	if (!text[0] || !text[1])
		err = FL_EFULL;
	/* A password without an account lets nobody in; the other way round might. */
	if (!err)
		err = replace(
			shadow->path, shadow->text, (struct str){text[1], size[1]}, 0600, why);
	if (!err)
		err = replace(
			passwd->path, passwd->text, (struct str){text[0], size[0]}, 0644, why);
	free(text[0]);
	free(text[1]);
	return err;
}

static enum fl_err accounts_apply(void *ctx, const struct account *a, size_t n, struct textbuf *why)
{
	const struct accounts_linux *accounts = ctx;
	struct file passwd = {.text = NULL}, shadow = {.text = NULL};
	enum fl_err err = FL_OK;

	if (!accounts->folder)
		return FL_OK;
	drop_homes(accounts, a, n);
	for (size_t i = 0; i < n && !err; i++)
		if (!str_is(a[i].name, "root"))
			err = put_keys(accounts, &a[i], why);
	file_read(&passwd, accounts, "passwd");
	file_read(&shadow, accounts, "shadow");
	if (!err)
		err = passwd.text && shadow.text ? put_files(accounts, &passwd, &shadow, a, n, why)
						 : FL_EFULL;
	free(passwd.text);
	free(shadow.text);
	if (err == FL_EFULL && why->n == 0)
		textbuf_printf(why, "out of memory, or more than %d users", UID_COUNT);
	return err;
}

static enum fl_err accounts_hash(
	void *ctx, struct str password, char out[ACCOUNT_HASH_MAX], struct textbuf *why)
{
	struct crypt_data *d = calloc(1, sizeof(*d));
	char *salt = crypt_gensalt_ra(HASH_PREFIX, HASH_ROUNDS, NULL, 0);
	char phrase[512];
	const char *hash = NULL;
	enum fl_err err = FL_EIO;

	(void)ctx;
	if (d && salt && password.n < sizeof(phrase)) {
		memcpy(phrase, password.at, password.n);
		phrase[password.n] = '\0';
		hash = crypt_r(phrase, salt, d);
		explicit_bzero(phrase, sizeof(phrase));
	}
	if (hash && hash[0] != '*') {
		snprintf(out, ACCOUNT_HASH_MAX, "%s", hash);
		err = FL_OK;
	} else {
		textbuf_printf(why, "crypt: %s", strerror(errno));
	}
	if (d)
		explicit_bzero(d, sizeof(*d));
	free(d);
	free(salt);
	return err;
}

void accounts_linux_open(struct accounts *out, struct accounts_linux *a)
{
	*out = (struct accounts){a, a->folder != NULL, accounts_apply, accounts_hash};
}
