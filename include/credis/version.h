/* version.h: which libcredis this is. */
#ifndef CREDIS_VERSION_H
#define CREDIS_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

/* The library's version at run time, "0.1.0". Since 0.1. */
const char *credis_version(void);

#ifdef __cplusplus
}
#endif
#endif
