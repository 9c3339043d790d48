/* A guest that starts as a kernel, in 64-bit mode: it says the first five bytes of the first file of fw_cfg. */
#include "Macros.inc"
PROGRAM first_file, 64
    movw $0x510, %dx
    movw $0x20, %ax
    outw %ax, %dx
    movl $5, %ecx
1:  movw $0x511, %dx
    inb %dx, %al
    movw $0x3f8, %dx
    outb %al, %dx
    loop 1b
    movb $1, %al
    outb %al, $0xf4
2:  jmp 2b
ENDPROGRAM first_file
