#pragma once
#include <stddef.h>
#include <stdint.h>

/* The image of our own firmware, which scripts/build-firmware makes from Firmware/. */
size_t firmware_image_size(void);

/* One byte of it; all ones outside. */
uint8_t firmware_image_byte(size_t offset);

/* The option ROM that starts a kernel for a BIOS that cannot do that itself. */
size_t option_rom_size(void);
uint8_t option_rom_byte(size_t offset);

/* The first process of a guest that runs a command. */
size_t init_image_size(void);
uint8_t init_image_byte(size_t offset);
