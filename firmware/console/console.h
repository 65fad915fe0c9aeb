/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console.h - a session at the serial line: keys in, text out.  Pure: the same code serves a UART,
 * a pseudo-terminal over a Unix socket, and a test.
 *
 * Commands are rows of tables that the modules own (*_console.c); help, completion and the manual
 * come from the same rows.  A grammar word in capitals is an argument: "show link NAME".
 *
 * Everything that a command prints is made harmless on its way: a control octet other than a
 * newline comes out as "\x1b", so that no text from outside can command the terminal.  A command
 * that fails has said why, in a line that begins with "error: ". */
#ifndef FL_CONSOLE_H
#define FL_CONSOLE_H

#include "bytes.h"
#include "err.h"
#include "mtime.h"
#include "settings.h"
#include "text.h"

#define CONSOLE_ARGS_MAX 8
/* Octets in one line; longer ones are refused whole. */
#define CONSOLE_LINE_MAX     CONFIG_CONSOLE_LINE
#define CONSOLE_OPENINGS_MAX 2

struct console;

/* One running command. */
struct console_call {
	void *module;                      /* what the command table was registered with */
	const struct console_command *row; /* NULL where it goes on after a wait */
	struct console *session;
	mtime now;
	struct str arg[CONSOLE_ARGS_MAX]; /* the words that stand for capitals, in order */
	size_t nargs;
	struct str rest; /* of a row that ends in "NAME...": the rest of the line as typed, may
			  * be empty */
	const struct sink *out; /* goes through the pager */
	bool json;              /* `| display json`, of a row with CONSOLE_JSON */
	void *state;            /* of a dialogue: as console_ask() was given it */
};

/* Where a command can be typed.  CONSOLE_CHANGES is added to one that changes something: the role
 * `operator` does not have it. */
enum console_mode {
	CONSOLE_OPERATE = 1,
	CONSOLE_CONFIGURE = 2,
	CONSOLE_ANY = 3,
	CONSOLE_CHANGES = 4,
	CONSOLE_OPERATE_CHANGES = 5,
	CONSOLE_ANY_CHANGES = 7,
	/* Its first line is a heading, or says that there is nothing: `| count` leaves it out. */
	CONSOLE_HEADED = 8,
	CONSOLE_OPERATE_HEADED = 9,
	CONSOLE_ANY_HEADED = 11,
	/* Its first word must be spelled out: a beginning of it means other commands. */
	CONSOLE_SPELLED = 16,
	/* It can print JSON as well. */
	CONSOLE_JSON = 32,
	CONSOLE_CONFIGURE_JSON = 34,
	CONSOLE_OPERATE_HEADED_JSON = 41,
	CONSOLE_ANY_JSON = 35,
	CONSOLE_ANY_HEADED_JSON = 43,
	/* It prints a zone as a master file. */
	CONSOLE_ZONE = 64,
	CONSOLE_OPERATE_ZONE = 65,
	CONSOLE_ANY_ZONE = 67
};

/* What may stand for a capital word: called with an index that rises from 0 until it returns false.
 */
typedef bool console_words(void *module, size_t index, struct settings_choice *out);

struct console_command {
	const char *grammar; /* "show link NAME"; NULL ends a table */
	const char *help;    /* one line without a full stop */
	enum console_mode mode;
	/* FL_OK, or the command failed and has said why.  The result is the exit status of a
	 * one-shot. */
	enum fl_err (*run)(struct console_call *call);
	console_words *words; /* completion of the last capital word, or NULL */
};

/* For a command: there is no link, policy, ... of this name.  Those there are, as the completion of
 * its row knows them, are the cure.  FL_ENOENT. */
enum fl_err console_no_such(const struct console_call *call, const char *kind, struct str name);
/* The cure alone, where the rest has been said. */
void console_put_choices(const struct console_call *call);

struct console_module {
	const struct console_command *commands;
	void *module;
};

/* Texts that people keep on the router: a name without "/" is in its own folder, else it is a path.
 * On failure `why` says what failed. */
struct console_files {
	void *ctx;
	enum fl_err (*read)(void *ctx, struct str path, struct arena *mem, struct bytes *out,
		struct textbuf *why);
	/* Atomically; in place of a regular file, of nothing else. */
	enum fl_err (*write)(void *ctx, struct str path, struct bytes content, struct textbuf *why);
	enum fl_err (*remove)(void *ctx, struct str path, struct textbuf *why);
	/* The names in the folder, sorted; false: there are not so many. */
	bool (*name)(void *ctx, size_t index, char *out, size_t cap, uint64_t *size);
};

struct console_commit {
	const struct settings *candidate;
	struct str user, source, comment;
	/* In which "confirm" must come, or the old tree comes back; 0: for good. */
	unsigned minutes;
	const struct console *session; /* that has not to wait for one with a claim; NULL: any */
	/* By the button: no claim stands in its way, nor that no admin has a password then. */
	bool unlocks;
};

/* What the session needs of the router's configuration; app implements it. */
struct console_config {
	void *ctx;
	/* The committed tree and its revision; valid until the next commit. */
	const struct settings *(*committed)(void *ctx, uint32_t *revision);
	/* Check, save, apply.  On failure nothing changed and `out` was told all mistakes. */
	enum fl_err (*commit)(void *ctx, const struct console_commit *what, const struct sink *out);
	/* Only check. */
	enum fl_err (*check)(void *ctx, const struct settings *candidate, const struct sink *out);
	/* The tree `back` revisions before the committed one (0: the committed one), copied into
	 * `mem`. */
	enum fl_err (*revision)(void *ctx, uint32_t back, struct arena *mem, struct settings *out);
	/* One line a revision, newest first: number, time, user, comment. */
	void (*revisions)(void *ctx, const struct sink *out);
	/* Keep what a commit with minutes has put in force.  NULL where that is not offered. */
	enum fl_err (*confirm)(void *ctx, struct str user, const struct sink *out);
	/* Until the old tree comes back; 0: nothing waits.  May be NULL. */
	span (*confirm_left)(void *ctx);
	/* Could a change from one to the other cut off who is there over the network?  May be NULL.
	 */
	bool (*may_cut_off)(void *ctx, const struct settings *from, const struct settings *to);
	/* The configuration is for this session alone from now on.  FL_EPERM: another one has it,
	 * which `out` was told; `user` empty: only ask.  NULL where that is not offered. */
	enum fl_err (*claim)(
		void *ctx, const struct console *session, struct str user, const struct sink *out);
	void (*release)(void *ctx, const struct console *session);
	const struct console_files *files; /* NULL: there are none */
};

struct console_setup {
	const struct console_module *modules; /* ends with commands NULL */
	const struct console_config *config;  /* NULL: nothing can be configured here */
	const struct arena_source *memory;    /* for the candidate */
	struct sink out; /* octets for the terminal; may not be called back into the session */
	struct str host, user; /* for the prompt and the history of commits; copied */
	struct str
		from; /* where he comes from over the network; empty: he is at the machine; copied
		       */
	struct str source;      /* of commits: "terminal", "batch"; lives as long as the session */
	bool interactive;       /* echo, prompt, editing, pager; else one line in, its output out */
	uint16_t columns, rows; /* 0: ask the terminal, 80 x 24 until it answers */
	bool read_only;         /* the role `operator` */
	bool any_file;          /* may name files outside of the router's own folder: he is root */
	/* Not interactive: */
	bool stops_at_error; /* a batch: the first error ends the session */
	bool one_line;       /* one command: the session is done behind it */
	span idle; /* interactive: the session ends after so long without a key; 0: never */
	/* Interactive: commands that run before the first prompt, one after the other.  The
	 * session ends with one that fails and is marked so. */
	struct console_opening {
		const char *line; /* NULL: no more */
		bool must_work;
	} opening[CONSOLE_OPENINGS_MAX];
};

/* The draft of a session; NULL: it is not in configuration mode. */
const struct settings *console_draft(const struct console *c);
/* The same, for a command that changes it. */
struct settings *console_draft_to_change(struct console *c);

/* NULL: out of memory.  The session is the caller's until console_close(). */
struct console *console_open(const struct console_setup *setup, mtime now);
void console_close(struct console *c);
/* Octets from the terminal, any octets.  Not interactive: lines; Ctrl-D (4) in place of a line ends
 * the input, and a line that it cuts off is not run. */
void console_input(struct console *c, mtime now, const void *octets, size_t n);
/* A line for the person at the terminal that comes from elsewhere (a log line): shown above the
 * line that is being typed, which stays whole. */
void console_notice(struct console *c, struct str text);
/* The router is called `host` from now on, and the prompt says so. */
void console_set_host(struct console *c, struct str host);
/* Who types may change things, or may not any more; not while a command runs.  What he was changing
 * is gone then, and he is told. */
void console_set_read_only(struct console *c, bool read_only);
/* The session ends, and says why. */
void console_end(struct console *c, const char *why);
/* May the session read or write this file?  No: `out` was told. */
bool console_may_name_file(const struct console *c, struct str path, const struct sink *out);
/* Who types. */
struct str console_user(const struct console *c);
/* The session was left by `exit`, or a one-shot is done. */
bool console_is_done(const struct console *c);
/* The result of the last command. */
enum fl_err console_status(const struct console *c);
/* When console_tick() wants to be called (idle time-out, escape key, `monitor`); MTIME_NEVER: not.
 */
mtime console_next_due(const struct console *c);
void console_tick(struct console *c, mtime now);
/* For a command that is running: call `run` with the same words as soon as it returns, and then
 * every `every`, and redraw: makes `monitor links` of `show links`.  Ends with any key.  Where
 * there is no terminal `run` is called once. */
void console_repeat(struct console *c, span every, enum fl_err (*run)(struct console_call *call));
/* For a command: what follows, up to Ctrl-D or a line with only a dot, is a text and no commands.
 * `take` gets it whole, as the command that `call` is, with the text in `rest`; where it did not
 * fit the memory rest.at is NULL, and there are no arguments. */
void console_read_text(struct console_call *call, enum fl_err (*take)(struct console_call *call));
/* For `take`: the text is not needed any more, and its memory is.  `rest` and the words are gone.
 */
void console_forget_text(struct console *c);
/* For a command whose result is not there yet: call `run` with the same words after `delay`.  The
 * command lasts until a call returns without waiting again, and its result is that call's.  What is
 * typed meanwhile is kept for afterwards; Ctrl-C at a terminal ends the command. */
void console_wait(struct console *c, span delay, enum fl_err (*run)(struct console_call *call));

/* ---- dialogues: commands that ask ---- */

/* What was answered, without blanks around it unless it was hidden. */
typedef enum fl_err console_answered(struct console_call *call, struct str answer);

/* For a command that is running: show `question`, short and ending with a blank, where the prompt
 * would be, and call `answered` with the line that is typed; it may ask again.  The line goes into
 * no history, and where `hidden` it is not shown.  The dialogue ends with a call that does not ask;
 * its result is the command's.  Ctrl-C, or Ctrl-D in place of an answer, ends it as well: nobody is
 * called then, so that nothing may be done before the last answer, and what is in `state` must be
 * in console_dialogue_mem(), which goes with the dialogue.  The words of the line are gone when an
 * answer comes.  FL_ENOTSUP, which has been told: there is no terminal to ask at. */
enum fl_err console_ask(struct console *c, const char *question, bool hidden,
	console_answered *answered, void *state);
struct arena *console_dialogue_mem(struct console *c);

#endif
