#pragma once
#include <stdint.h>

/* The instructions and accesses that Swift cannot express. Addresses are physical. */

static inline uint32_t port_in8(uint16_t port) { uint8_t v; __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port)); return v; }
static inline uint32_t port_in16(uint16_t port) { uint16_t v; __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port)); return v; }
static inline uint32_t port_in32(uint16_t port) { uint32_t v; __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port)); return v; }
static inline void port_out8(uint16_t port, uint32_t v) { __asm__ volatile("outb %b0, %1" ::"a"(v), "Nd"(port)); }
static inline void port_out16(uint16_t port, uint32_t v) { __asm__ volatile("outw %w0, %1" ::"a"(v), "Nd"(port)); }
static inline void port_out32(uint16_t port, uint32_t v) { __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port)); }

static inline uint32_t memory_load8(uint32_t a) { return *(volatile uint8_t *)a; }
static inline uint32_t memory_load16(uint32_t a) { return *(volatile uint16_t *)a; }
static inline uint32_t memory_load32(uint32_t a) { return *(volatile uint32_t *)a; }
static inline void memory_store8(uint32_t a, uint32_t v) { *(volatile uint8_t *)a = (uint8_t)v; }
static inline void memory_store16(uint32_t a, uint32_t v) { *(volatile uint16_t *)a = (uint16_t)v; }
static inline void memory_store32(uint32_t a, uint32_t v) { *(volatile uint32_t *)a = v; }

/* Ranges may overlap. Whole words move first: a string instruction costs per element where it is emulated. */
void memory_copy(uint32_t to, uint32_t from, uint32_t count);
void memory_fill(uint32_t to, uint8_t byte, uint32_t count);

static inline void processor_pause(void) { __asm__ volatile("pause" ::: "memory"); }
static inline void processor_stop(void) { __asm__ volatile("cli; hlt"); }

/* Starts what was loaded; in departures.S. Neither returns. */
__attribute__((noreturn)) void enter_real_mode(uint32_t segment, uint32_t offset, uint32_t data_segment,
                                               uint32_t stack_pointer, uint32_t dx);
__attribute__((noreturn)) void enter_kernel(uint32_t entry, uint32_t eax, uint32_t ebx, uint32_t esi);

/* Code and tables for real mode, all in segment F000; in services.S. */
extern const uint8_t interrupt_stubs[], interrupt_tick[], interrupt_return[];
extern const uint8_t system_configuration[], diskette_parameters[], font[];
static inline uint16_t offset_of_stubs(void) { return (uint16_t)(uint32_t)interrupt_stubs; }
static inline uint16_t offset_of_tick(void) { return (uint16_t)(uint32_t)interrupt_tick; }
static inline uint16_t offset_of_return(void) { return (uint16_t)(uint32_t)interrupt_return; }
static inline uint16_t offset_of_system_configuration(void) { return (uint16_t)(uint32_t)system_configuration; }
static inline uint16_t offset_of_font(void) { return (uint16_t)(uint32_t)font; }
static inline uint16_t offset_of_diskette_parameters(void) { return (uint16_t)(uint32_t)diskette_parameters; }
