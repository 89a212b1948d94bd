/* table.h: uthash, told to survive a failed allocation.
 * After HASH_ADD… an element whose hh.tbl is NULL was not added. */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#endif
