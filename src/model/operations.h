/* operations.h: reading a row of the table of operations. */
#ifndef MODEL_OPERATIONS_H
#define MODEL_OPERATIONS_H

#include <credis/model.h>

#include <stdbool.h>
#include <stddef.h>

/* One word of 'arguments'; nothing is terminated. */
struct operation_word {
	const char *text;
	size_t length;
	size_t name_length; /* without default and dots */
	bool key;
	bool given;           /* by the caller */
	bool several;         /* any number from one */
	const char *standard; /* its default, or NULL */
	size_t standard_length;
};

/* The next word from '*at'; false after the last. */
bool operation_word(const char **at, struct operation_word *word);

bool operation_model_exists(const char *model, struct credis_error *err);

#endif
