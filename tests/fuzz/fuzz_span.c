/* fuzz_span.c: any span is refused with a reason, or prints as one of the same length. */
#include "fuzz.h"

#include <credis/span.h>

static void
check(bool taken, int64_t ms, const struct credis_error *err)
{
	char printed[40];
	int64_t again;

	if (!taken) {
		PROMISE(err->code == CREDIS_EINVAL && err->text[0] != '\0');
		return;
	}
	PROMISE(ms >= 0);
	PROMISE(credis_span_parse(credis_span_print(ms, printed), &again, NULL));
	PROMISE(again == ms);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct credis_error err;
	int64_t ms = -1, short_ms = -1;
	char *text = fuzz_text(bytes, length);

	bool taken = credis_span_parse(text, &ms, &err);
	check(taken, ms, &err);
	bool short_taken = credis_span_parse_short(text, &short_ms, &err);
	check(short_taken, short_ms, &err);
	PROMISE(!taken || (short_taken && short_ms == ms));
	free(text);
	return 0;
}
