/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console_internal.h - a session, as the files of the console share it. */
#ifndef FL_CONSOLE_INTERNAL_H
#define FL_CONSOLE_INTERNAL_H

#include "console.h"
#include "grammar.h"
#include "line_editor.h"
#include "output.h"

#define CONSOLE_COLUMNS  80
#define CONSOLE_ROWS     24
#define CONSOLE_USER_MAX 64
#define CONSOLE_HELD_MAX CONFIG_CONSOLE_LINE
/* Octets that can be typed while a command waits. */
#define CONSOLE_KEPT_MAX     (2 * CONFIG_CONSOLE_LINE)
#define CONSOLE_QUESTION_MAX 96
#define CONSOLE_PLACE_MAX    200
#define CONSOLE_PLACE_SHOWN  40 /* octets of it in the prompt */

enum activity {
	ACTIVITY_EDITING = 1,
	ACTIVITY_PAGING,
	ACTIVITY_REPEATING,
	ACTIVITY_WAITING,
	ACTIVITY_ASKING,
};

/* The configuration being changed. */
struct draft {
	bool open; /* the session is in configuration mode */
	struct arena base_mem, mem;
	struct settings base;          /* what was committed when it began */
	struct settings tree;          /* what it has become */
	uint32_t revision;             /* of base */
	char place[CONSOLE_PLACE_MAX]; /* "link wan1": what is set, deleted and shown is there */
};

/* A text that is typed or pasted line by line, up to Ctrl-D or a line with only a dot. */
struct loading {
	bool on;
	bool full;                                      /* it does not fit the memory */
	bool replaces;                                  /* the draft; else it is added to it */
	enum fl_err (*take)(struct console_call *call); /* not NULL: for a command */
	void *module;
	struct str arg[CONSOLE_ARGS_MAX]; /* of that command */
	size_t nargs;
	struct arena mem;
	char *at;
	size_t n, cap;
};

/* A command that is called again and again, or once more when its result is there. */
struct repeat {
	bool waits; /* once more: output and filters are still those of the first call */
	enum fl_err (*run)(struct console_call *call);
	void *module;
	struct arena mem; /* of the words */
	struct str arg[CONSOLE_ARGS_MAX];
	size_t nargs;
	struct str rest;
	span every;
	mtime due;
};

/* A command that asks. */
struct dialogue {
	bool on;
	char question[CONSOLE_QUESTION_MAX];
	console_answered *answered;
	void *module, *state;
	struct arena mem;
};

struct console {
	struct console_setup setup;
	const struct arena_source *memory;
	char host[FL_NAME_MAX + 1];
	char user[CONSOLE_USER_MAX + 1];
	char from[CONSOLE_USER_MAX + 1]; /* empty: at the machine */
	char prompt[FL_NAME_MAX + CONSOLE_PLACE_SHOWN + 40];
	mtime prompt_due; /* when the countdown in it changes */
	uint16_t columns, rows;
	bool probing;    /* the terminal was asked for its size */
	bool well_known; /* the terminal answered, or its owner spoke for it: it is a real one */
	bool done;
	enum fl_err status;
	enum activity activity;
	mtime now;

	struct keys keys;
	mtime keys_due, idle_due;
	bool after_return; /* a line feed now belongs to the carriage return before it */
	bool type_ahead;   /* there are octets behind the line being run */
	bool rung;         /* the bell, for this input */
	struct line_editor editor;
	size_t line_number; /* of a batch */

	struct arena scratch; /* of the command that runs */
	struct output output;
	struct sink terminal; /* clean text; "\n" becomes what the terminal wants */
	char pending[1024];   /* octets for setup.out */
	size_t npending;
	bool running;
	char held[CONSOLE_HELD_MAX]; /* notices that came at a bad moment */
	size_t nheld;
	size_t lost;                 /* and those there was no room for */
	char kept[CONSOLE_KEPT_MAX]; /* octets for after a command that waits */
	size_t nkept;

	struct console_module builtin[7];
	struct console_module filters[2];
	struct grammar_match match;
	struct str line;         /* the one that runs */
	enum settings_form form; /* SETTINGS_LINES after `| display set` */
	bool as_zone;            /* `| display zone` */
	bool no_pages;
	struct console_call *call; /* the one that runs */
	struct repeat repeat;
	struct dialogue dialogue;
	size_t nopened; /* of setup.opening[] */
	bool opened;    /* they are done: the person has the word */
	struct draft draft;
	struct loading loading;
};

/* ---- console.c: the session ---- */

/* Run a line, which is in c->scratch; what the session does next follows from how it ends. */
void console_run(struct console *c, struct str line);
/* A command at a terminal has ended: what comes next? */
void console_after_command(struct console *c);
/* The person has the word: an empty row, behind the notices that were held back. */
void console_start_editing(struct console *c);
/* The session is done. */
void console_leave(struct console *c);
/* Is the line part of a text that is being loaded?  Then it was taken, and is not to be run. */
bool console_loads_line(struct console *c, struct str line);
/* The text is whole; or it is not to be loaded. */
void console_end_loading(struct console *c);
void console_give_up_loading(struct console *c, const char *why);

/* ---- console_screen.c: what the person sees ---- */

void console_say_error(struct console *c, const char *format, ...) PRINTF_LIKE(2, 3);
/* Clean text for the terminal: where octets go until console_flush() hands them on. */
void console_terminal_put(void *console, const char *text, size_t n);
void console_flush(struct console *c);
/* Show the row that is typed as it is now; begin another one. */
void console_draw(struct console *c);
void console_next_row(struct console *c);
/* The bell, once for an input. */
void console_ring(struct console *c);
/* The pager's word that there is more, or no longer. */
void console_show_more(struct console *c, bool shown);
/* The notices that came at a bad moment. */
void console_show_held(struct console *c);
/* The terminal is this large; 0: it is not known. */
void console_set_size(struct console *c, uint16_t columns, uint16_t rows);
/* Ask it, unless its owner has said. */
void console_ask_size(struct console *c);

/* ---- console_keys.c: which key does what ---- */

void console_keys_input(struct console *c, const uint8_t *octets, size_t n);
void console_take_key(struct console *c, const struct key *key);
/* The question of a command stays without an answer. */
void console_no_answer(struct console *c);
/* Octets for after the command that waits. */
void console_keep_input(struct console *c, const uint8_t *octets, size_t n);

/* ---- console_lines.c ---- */

void console_lines_input(struct console *c, const uint8_t *octets, size_t n);
/* The command of a line has ended, and so has the session when it is to stop at errors. */
void console_line_ended(struct console *c, enum fl_err err);

/* ---- console_run.c: a line is run, completed, explained ---- */

enum fl_err console_run_line(struct console *c, struct str line);
/* A caret under the octet `at` of the line that runs. */
void console_put_caret(struct console *c, const char *at);
/* How `line` could go on, as text for people; and what Tab adds to it. */
void console_show_offers(struct console *c, struct str line);
bool console_complete(struct console *c, struct str line, struct str *insert);
/* Run c->repeat once more. */
void console_run_repeat(struct console *c);
/* A command is waiting for its result. */
bool console_is_waiting(const struct console *c);
/* Call it, or give it up. */
void console_run_waiting(struct console *c);
void console_stop_waiting(struct console *c);

/* ---- dialogue.c ---- */

/* Hand on what was typed; or end without it. */
void dialogue_answer(struct console *c, struct str answer);
void dialogue_give_up(struct console *c);
void dialogue_end(struct console *c);

/* ---- place.c ---- */

/* A statement typed where the session is, as one of the whole draft; `out` lives in c->scratch.
 * FL_EFULL: no memory for it; `out` is unchanged. */
MUST_USE enum fl_err draft_at_place(struct console *c, struct str statement, struct str *out);
bool console_is_edit(const struct console_command *row);

/* ---- session_commands.c, configure.c: the built-in commands ---- */

extern const struct console_command console_session_commands[];
extern const struct console_command console_configure_commands[];
extern const struct console_command console_place_commands[];
extern const struct console_command console_confirm_commands[];
extern const struct console_command console_load_commands[];
extern const struct console_command console_file_commands[];
extern const struct console_command console_filter_commands[];

/* Does the rest of the row run to the end of the line, "|" included? */
bool console_takes_whole_line(const struct console_command *row);
/* Does the command print settings, so that `| display set` can change their form? */
bool console_prints_settings(const struct console_command *row);
bool load_prints_settings(const struct console_command *row);
/* The path, words in full, of the settings that `show PATH` or the like would print; in c->scratch.
 * FL_ENOTSUP: the row prints none.  FL_EFULL: memory. */
MUST_USE enum fl_err console_printed_path(
	struct console *c, const struct console_command *row, struct str rest, struct str *out);
grammar_rest console_settings_rest;

/* One line of what is being loaded.  Once memory does not suffice nothing is kept, but the lines
 * are still those of the text, and none of them is run. */
void loading_add(struct loading *l, struct str line);
/* All lines have come: into the draft with them. */
enum fl_err loading_finish(struct console *c, const struct sink *out);
void loading_drop(struct loading *l);

/* ---- console_run.c: a line of the other mode ---- */

enum fl_err console_run_operational(struct console_call *call);
bool console_is_operational(struct console *c, struct str line);
size_t console_operational_rest(struct console *c, struct str typed, struct str partial,
	struct settings_choice *out, size_t max, bool *end);

void draft_init(struct draft *d, const struct arena_source *memory);
void draft_close(struct draft *d);
/* Close it, and let others have the configuration again. */
void draft_leave(struct console *c);
bool draft_is_changed(const struct console *c);
/* The draft becomes a copy of `from`.  On failure it is as it was. */
enum fl_err draft_replace(struct draft *d, const struct settings *from);
/* A path or statement with the words of the schema in full, where they are clear; in c->scratch. */
struct str console_whole_words(
	struct console *c, const struct settings *tree, struct str statement);
/* How many lines differ. */
size_t console_count_changes(const struct settings *a, const struct settings *b);
enum fl_err console_out_of_memory(const struct sink *out);
/* Prints an error and returns false when there are changes that nobody committed. */
bool draft_may_be_left(struct console *c, const struct sink *out);

#endif
