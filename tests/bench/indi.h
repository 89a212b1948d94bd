/* indi.h: reads INDI's stream of XML, and hands out its vectors of one number. */
#ifndef BENCH_INDI_H
#define BENCH_INDI_H

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <expat.h>

enum { INDI_WORD = 32, INDI_AT_ONCE = 64 << 10 };

struct indi_vector {
	char tag[INDI_WORD], name[INDI_WORD], state[INDI_WORD], number[INDI_WORD];
};

struct indi {
	XML_Parser parser;
	struct indi_vector vector; /* the one being read */
	size_t length;             /* of its number */
	int depth;
	void (*on_vector)(void *arg, const struct indi_vector *vector);
	void *arg;
};

static inline void
indi_on_start(void *arg, const char *tag, const char **attributes)
{
	struct indi *indi = arg;
	struct indi_vector *vector = &indi->vector;

	indi->length = 0;
	if (indi->depth++ != 1)
		return;
	*vector = (struct indi_vector){ 0 };
	snprintf(vector->tag, sizeof vector->tag, "%s", tag);
	for (; *attributes != NULL; attributes += 2) {
		if (strcmp(attributes[0], "name") == 0)
			snprintf(vector->name, sizeof vector->name, "%s", attributes[1]);
		else if (strcmp(attributes[0], "state") == 0)
			snprintf(vector->state, sizeof vector->state, "%s", attributes[1]);
	}
}

static inline void
indi_on_text(void *arg, const char *text, int length)
{
	struct indi *indi = arg;

	if (indi->depth != 3 || indi->length + (size_t)length >= INDI_WORD)
		return;
	memcpy(indi->vector.number + indi->length, text, (size_t)length);
	indi->length += (size_t)length;
}

static inline void
indi_on_end(void *arg, const char *tag)
{
	struct indi *indi = arg;

	(void)tag;
	if (--indi->depth == 1)
		indi->on_vector(indi->arg, &indi->vector);
}

static inline void
indi_init(struct indi *indi, void (*on_vector)(void *, const struct indi_vector *), void *arg)
{
	*indi =
	    (struct indi){ .parser = XML_ParserCreate(NULL), .on_vector = on_vector, .arg = arg };
	if (indi->parser == NULL)
		err(1, "memory");
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 6
	XML_SetReparseDeferralEnabled(indi->parser,
	    XML_FALSE); /* it would wait for more than there is */
#endif
	XML_SetUserData(indi->parser, indi);
	XML_SetElementHandler(indi->parser, indi_on_start, indi_on_end);
	XML_SetCharacterDataHandler(indi->parser, indi_on_text);
	XML_Parse(indi->parser, "<stream>", 8, 0); /* which INDI leaves out */
}

/* Reads once. False at the end of the stream. */
static inline int
indi_read(struct indi *indi, int fd)
{
	void *buffer = XML_GetBuffer(indi->parser, INDI_AT_ONCE);
	ssize_t got = buffer != NULL ? read(fd, buffer, INDI_AT_ONCE) : -1;

	if (got < 0)
		err(1, "read");
	if (XML_ParseBuffer(indi->parser, (int)got, 0) != XML_STATUS_OK)
		errx(1, "%s", XML_ErrorString(XML_GetErrorCode(indi->parser)));
	return got > 0;
}

#endif
