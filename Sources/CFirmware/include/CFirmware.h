#pragma once
#include <stddef.h>
#include <stdint.h>

/* The image of our own firmware, which scripts/build-firmware makes from Firmware/. */
size_t firmware_image_size(void);

/* One byte of it; all ones outside. */
uint8_t firmware_image_byte(size_t offset);
