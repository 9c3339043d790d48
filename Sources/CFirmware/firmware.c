#include "CFirmware.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t image[] = {
#embed "firmware.bin"
};

size_t firmware_image_size(void) { return sizeof image; }

uint8_t firmware_image_byte(size_t offset) { return offset < sizeof image ? image[offset] : 0xFF; }

static const uint8_t option_rom[] = {
#embed "kernel.rom"
};

static const uint8_t init_program[] = {
#embed "init.elf"
};

size_t init_image_size(void) { return sizeof init_program; }

uint8_t init_image_byte(size_t offset) { return offset < sizeof init_program ? init_program[offset] : 0; }

size_t option_rom_size(void) { return sizeof option_rom; }

uint8_t option_rom_byte(size_t offset) { return offset < sizeof option_rom ? option_rom[offset] : 0xFF; }
