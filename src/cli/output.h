/* output.h: how answers look: one struct of functions for text, one for JSON.
 * Verbs say what; only these know how it is written. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <credis/client.h>

#include <stdbool.h>
#include <stdio.h>

struct table;

/* How a reading is to look. */
struct style {
	enum credis_form form; /* CREDIS_BINARY, or CREDIS_ASCII for what people read */
	bool terse, timestamp, ktl;
	bool qualified; /* names with their service */
	bool raw;       /* terse values go nowhere near a terminal */
};

enum written { WRITTEN_SENT, WRITTEN_DONE };

struct output {
	void (*table)(FILE *to, const struct table *table, bool titles);
	void (*description)(FILE *to, const char *service, const struct credis_keyword *keyword);
	void (*reading)(FILE *to, const struct style *style, const struct credis_reading *reading);

	/* before a write, and after it; 'reading' is NULL where there is no answer */
	void (*writing)(FILE *to, const char *name, const char *text, const char *how);
	void (*written)(FILE *to, const struct style *style, enum written how, const char *service,
	    const char *keyword, const struct credis_reading *reading);

	/* a past value, whose sequence is not known */
	void (*past)(FILE *to, const struct style *style, const struct credis_reading *reading);

	/* a line of a monitor, and what happens to the monitor itself: "gap", "restored", "gone" */
	void (*change)(FILE *to, const struct style *style, const struct credis_reading *reading);
	void (
	    *event)(const char *event, const char *service, const char *keyword, const char *text);

	void (*error)(const char *service, const char *keyword, const struct credis_error *err);
};

extern const struct output output_text;
extern const struct output output_json;

#endif
