#include <credis/serial.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Arguments: a serializer, a text. Prints what is stored, and what is read back, as bytes are. */
int
main(int argc, char **argv)
{
	enum credis_serializer serializer;
	struct credis_error err;
	size_t length, back = 0;
	char *stored, *text = NULL;

	if (argc != 3 || !credis_serializer_find(argv[1], &serializer))
		return 2;
	stored = credis_serialize(serializer, argv[2], strlen(argv[2]), &length, &err);
	if (stored != NULL)
		text = credis_deserialize(serializer, stored, length, &back, &err);
	if (text == NULL)
		fprintf(stderr, "%s\n", err.text);
	else
		printf("%zu bytes, read back as %s\n", length, text);
	free(stored);
	free(text);
	return text != NULL ? 0 : 1;
}
