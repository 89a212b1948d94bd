/* answers.c: answers come as they come and are printed in the order of the questions. */
#include "answers.h"

#include "memory.h"
#include "session.h"

#include <stdbool.h>

struct answer {
	FILE *to; /* into 'text' */
	char *text;
	size_t length;
	bool ended;
};

struct answers {
	struct session *session;
	size_t count;
	size_t next; /* to print */
	struct answer *all;
};

struct answers *
answers_new(struct session *session, size_t count)
{
	struct answers *answers = must(calloc(1, sizeof *answers));

	answers->session = session;
	answers->count = count;
	answers->all = must(calloc(count + 1, sizeof *answers->all));
	return answers;
}

static void
close_answer(struct answer *answer)
{
	if (answer->to != NULL && fclose(answer->to) != 0)
		must(NULL);
	answer->to = NULL;
}

void
answers_free(struct answers *answers)
{
	for (size_t i = answers->next; i < answers->count; i++) {
		close_answer(&answers->all[i]);
		free(answers->all[i].text);
	}
	free(answers->all);
	free(answers);
}

FILE *
answers_open(struct answers *answers, size_t n)
{
	struct answer *answer = &answers->all[n];

	if (answer->to == NULL)
		answer->to = must(open_memstream(&answer->text, &answer->length));
	return answer->to;
}

void
answers_end(struct answers *answers, size_t n)
{
	close_answer(&answers->all[n]);
	answers->all[n].ended = true;
	while (answers->next < answers->count && answers->all[answers->next].ended) {
		struct answer *answer = &answers->all[answers->next++];

		if (answer->text != NULL)
			fwrite(answer->text, 1, answer->length, session_out(answers->session));
		free(answer->text);
	}
}

size_t
answers_missing(const struct answers *answers)
{
	return answers->next;
}
