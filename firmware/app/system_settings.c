/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "system_settings.h"

#include "accounts.h"
#include "config.h"

static const struct setting ntp_columns[] = {
	{
		.name = "ADDRESS",
		.help = "address of a time server",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct ntp_server_conf, address),
		.type = VALUE_ADDR,
	},
	{0},
};

static const struct setting system_rows[] = {
	{
		.name = "host-name",
		.help = "name of this router, in the prompt and in the log",
		.kind = SETTING_VALUE,
		.type = VALUE_NAME,
		.offset = offsetof(struct system_conf, host_name),
		.def = "fairlead",
	},
	{
		.name = "console-idle",
		.help = "a terminal ends after so long without a key; 0s: never",
		.kind = SETTING_VALUE,
		.type = VALUE_SPAN,
		.min = 0,
		.max = 86400000,
		.offset = offsetof(struct system_conf, console_idle),
		.def = "1h",
	},
	{
		.name = "ntp-server",
		.help = "a time server (NTP); of three or more one may be wrong",
		.kind = SETTING_LIST,
		.offset = offsetof(struct system_conf, ntp_servers),
		.columns = ntp_columns,
		.size = sizeof(struct ntp_server_conf),
	},
	{0},
};

static const char *const role_choices[] = {"admin", "operator", NULL};
static const char *const role_help[] = {
	"may change everything", "may look at everything, but not change anything"};

static const struct setting user_columns[] = {
	{
		.name = "NAME",
		.help = "the name that the system knows, as whom the user logs in",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY,
		.type = VALUE_NAME,
		.offset = offsetof(struct user_conf, name),
	},
	{0},
};

/* What both login(1) of the image and SSH servers understand: SHA-256 and SHA-512 of crypt(5). */
static bool parse_hash(struct str text, void *out, struct textbuf *why)
{
	bool good = text.n > 20 && text.n < ACCOUNT_HASH_MAX &&
		    (str_starts(text, STR("$6$")) || str_starts(text, STR("$5$")));

	for (size_t i = 0; i < text.n; i++)
		good &= text.at[i] > ' ' && text.at[i] < 0x7f && text.at[i] != ':';
	if (good)
		*(struct str *)out = text;
	else
		textbuf_printf(why, "is not the hash of a password");
	return good;
}

const char *const ssh_key_types[] = {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com",
	"sk-ecdsa-sha2-nistp256@openssh.com", NULL};

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (int i = 0; i < 64; i++)
		if (digits[i] == c)
			return i;
	return -1;
}

static bool parse_blob(struct str text, void *out, struct textbuf *why)
{
	size_t digits = text.n;
	bool good;

	while (digits && text.n - digits < 2 && text.at[digits - 1] == '=')
		digits--;
	good = text.n >= 64 && text.n <= 2048 && text.n % 4 == 0;
	for (size_t i = 0; i < digits; i++)
		good &= base64_digit(text.at[i]) >= 0;
	if (good)
		*(struct str *)out = text;
	else
		textbuf_printf(why, "is not a whole key");
	return good;
}

/* The octet at `at` of what base64 text stands for. */
static uint8_t decoded(struct str text, size_t at)
{
	size_t digit = at / 3 * 4 + at % 3;
	int high = base64_digit(text.at[digit]), low = base64_digit(text.at[digit + 1]);
	unsigned shift = 2 * (unsigned)(at % 3) + 2;

	return (uint8_t)((unsigned)high << shift | (unsigned)low >> (6 - shift));
}

/* RFC 4253 6.6: a key begins with the length and the name of its type. */
static void ssh_key_check(const void *entry, struct diags *why)
{
	const struct ssh_key_conf *k = entry;
	struct str type = str_of(ssh_key_types[k->type]);
	bool same = decoded(k->blob, 3) == type.n;

	for (size_t i = 0; i < type.n; i++)
		same &= decoded(k->blob, 4 + i) == (uint8_t)type.at[i];
	if (!same)
		diag_error(why, &k->origin, "ssh-key", "copy the whole line of the file .pub",
			"the key is not of type %s", ssh_key_types[k->type]);
}

static const struct setting ssh_key_columns[] = {
	{
		.name = "TYPE",
		.help = "type of the key",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY,
		.type = VALUE_CHOICE,
		.choices = ssh_key_types,
		.offset = offsetof(struct ssh_key_conf, type),
	},
	{
		.name = "KEY",
		.help = "the key, as in the file .pub",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY,
		.type = VALUE_CUSTOM,
		.parse = parse_blob,
		.syntax = "BASE64",
		.offset = offsetof(struct ssh_key_conf, blob),
	},
	{
		.name = "REMARK",
		.help = "whose it is",
		.kind = SETTING_VALUE,
		.type = VALUE_TEXT,
		.max = 200,
		.offset = offsetof(struct ssh_key_conf, remark),
	},
	{0},
};

static const struct setting user_rows[] = {
	{
		.name = "role",
		.help = "what the user may do at the console",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.type = VALUE_CHOICE,
		.choices = role_choices,
		.choice_help = role_help,
		.offset = offsetof(struct user_conf, role),
	},
	{
		.name = "password-hash",
		.help = "the password, hashed for crypt(3); `set password NAME` asks for it",
		.kind = SETTING_VALUE,
		.flags = SETTING_PRIVATE,
		.type = VALUE_CUSTOM,
		.parse = parse_hash,
		.syntax = "$6$SALT$HASH",
		.offset = offsetof(struct user_conf, hash),
	},
	{
		.name = "ssh-key",
		.help = "a public key that lets the user in over SSH",
		.kind = SETTING_LIST,
		.columns = ssh_key_columns,
		.size = sizeof(struct ssh_key_conf),
		.check = ssh_key_check,
		.offset = offsetof(struct user_conf, keys),
	},
	{0},
};

static bool is_login_name(struct str name)
{
	bool good = name.n && name.n <= ACCOUNT_NAME_MAX && name.at[0] >= 'a';

	for (size_t i = 0; i < name.n; i++)
		good &= (name.at[i] >= 'a' && name.at[i] <= 'z') ||
			(name.at[i] >= '0' && name.at[i] <= '9') || name.at[i] == '-' ||
			name.at[i] == '_';
	return good;
}

/* Who administers the router must not be able to lock himself out. */
static void user_check(const void *entry, struct diags *why)
{
	const struct user_conf *u = entry;

	if (str_is(u->name, "root") && u->role != ROLE_ADMIN)
		diag_error(why, &u->origin, "role", "remove the entry", "root is always admin");
	if ((u->hash.n || u->nkeys) && !is_login_name(u->name))
		diag_error(why, &u->origin, NULL,
			"choose a name of small letters, digits, \"-\" and \"_\" that begins "
			"with a letter and is at most 31 long",
			"nobody can log in as \"%.*s\"", STR_ARG(u->name));
}

const struct setting user_setting = {
	.name = "user",
	.help = "somebody at the console; root is admin, whoever is not listed is operator",
	.kind = SETTING_LIST,
	.columns = user_columns,
	.rows = user_rows,
	.size = sizeof(struct user_conf),
	.check = user_check,
};

static void system_check(const void *block, struct diags *why)
{
	const struct system_conf *c = block;

	if (c->nntp_servers > NTP_SERVERS_MAX)
		diag_error(why, &c->ntp_servers[NTP_SERVERS_MAX].origin, NULL, "remove some",
			"there are %zu time servers; at most %d are asked", c->nntp_servers,
			NTP_SERVERS_MAX);
}

const struct setting system_setting = {
	.name = "system",
	.help = "the router itself",
	.kind = SETTING_BLOCK,
	.rows = system_rows,
	.check = system_check,
};
