/* Files of tests. */
#ifndef LGSTORE_TESTS_FILES_H
#define LGSTORE_TESTS_FILES_H

#include "json.h"

/* The files in `folder` whose names end so, in order of their names: fills `out` with paths to be freed and
 * gives their number. Ends the program when the folder can't be read or holds more than `most`. */
size_t files_ending(const char *folder, const char *ending, char **out, size_t most);
/* Appends a whole file; 0 when it can't be read. */
int file_read(const char *path, text_t *out);
/* Removes a folder with the files in it. */
void remove_folder(const char *folder);

#endif
