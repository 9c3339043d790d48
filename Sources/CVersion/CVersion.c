#include "CVersion.h"

const char *const swboot_version = SWBOOT_VERSION;
