/* expr_functions.c: the arithmetic of expressions, one row a function.
 * Knows numbers only; what is not finite is the evaluator's business. */
#include "core/expr_code.h"

#include "core/error.h"

#include <math.h>
#include <string.h>

static double
add(double a, double b)
{
	return a + b;
}

static double
subtract(double a, double b)
{
	return a - b;
}

static double
multiply(double a, double b)
{
	return a * b;
}

static double
divide(double a, double b)
{
	return a / b;
}

const struct expr_function expr_add = { "+", NULL, add, false };
const struct expr_function expr_subtract = { "-", NULL, subtract, false };
const struct expr_function expr_multiply = { "*", NULL, multiply, false };
const struct expr_function expr_divide = { "/", NULL, divide, false };
const struct expr_function expr_remainder = { "%", NULL, fmod, false };

static const struct expr_function functions[] = {
	{ "abs", fabs, NULL, false },
	{ "min", NULL, fmin, true },
	{ "max", NULL, fmax, true },
	{ "round", round, NULL, false },
	{ "floor", floor, NULL, false },
	{ "ceil", ceil, NULL, false },
	{ "sqrt", sqrt, NULL, false },
	{ "sin", sin, NULL, false },
	{ "cos", cos, NULL, false },
	{ "tan", tan, NULL, false },
	{ "asin", asin, NULL, false },
	{ "acos", acos, NULL, false },
	{ "atan", atan, NULL, false },
	{ "atan2", NULL, atan2, false },
	{ "log", log, NULL, false },
	{ "exp", exp, NULL, false },
	{ "pow", NULL, pow, false },
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

const struct expr_function *
expr_function_find(const char *name, size_t length)
{
	for (size_t i = 0; i < FUNCTIONS; i++)
		if (strlen(functions[i].name) == length &&
		    memcmp(functions[i].name, name, length) == 0)
			return &functions[i];
	return NULL;
}

const char *
expr_function_nearest(const char *name)
{
	const char *names[FUNCTIONS + 1] = { NULL };

	for (size_t i = 0; i < FUNCTIONS; i++)
		names[i] = functions[i].name;
	return error_nearest(name, names);
}
