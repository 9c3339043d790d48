/* Guests that start at the reset vector, with a flash chip of 64 KiB right below the firmware. */
#include "Macros.inc"

/* 32-bit protected mode with flat segments; the table is read where the reset vector is, below 4 GiB. */
.macro PROTECT name
    .code16
    lgdtl %cs:(table_\name - g_\name)
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    movw $16, %ax
    movw %ax, %ds
    ljmpl $8, $(0xffff0000 + flat_\name - g_\name)
    .balign 8
descriptors_\name:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
table_\name:
    .word 23
    .long 0xffff0000 + descriptors_\name - g_\name
    .code32
flat_\name:
    movl $0xfffe0000, %ebx
.endm

/* What the chip reads as: data, its status while it is asked for it, and data again. */
PROGRAM flash_status, 16
    PROTECT flash_status
    movw $0x3f8, %dx
    movb (%ebx), %al
    outb %al, %dx
    movb $0x70, (%ebx)
    movb (%ebx), %al
    shrb %al                 /* half of it is a letter */
    outb %al, %dx
    movb $0xff, (%ebx)
    movb (%ebx), %al
    outb %al, %dx
    movb $1, %al
    outb %al, $0xf4
1:  jmp 1b
ENDPROGRAM flash_status

/* Goes on in the chip while it gives its status. */
PROGRAM run_status, 16
    PROTECT run_status
    movb $0x70, (%ebx)
    jmpl *%ebx
ENDPROGRAM run_status
