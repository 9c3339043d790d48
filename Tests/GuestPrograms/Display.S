/* Guests that draw, started as kernels in 64-bit mode with the framebuffer at 0xFD000000. */
#include "Macros.inc"

/* Draws pixel 10, moves the framebuffer to 0xE0000000, and draws there what it finds: pixel 11 is pixel 10, pixel 12
   what is where the framebuffer was, pixel 13 the SMBIOS anchor. Then runs code from video memory, changes it, runs
   it again, and exits with what it gave. */
PROGRAM draw_and_move, 64
    movl $0x90000, %esp
    movl $0xFD000000, %esi
    movl $0x00112233, 40(%rsi)
    movl $0x8000F010, %eax
    movw $0xcf8, %dx
    outl %eax, %dx
    movl $0xE0000000, %eax
    movw $0xcfc, %dx
    outl %eax, %dx
    movl $0xE0000000, %edi
    movl 40(%rdi), %eax
    movl %eax, 44(%rdi)
    movl 40(%rsi), %eax
    movl %eax, 48(%rdi)
    movl 0xF0000, %eax
    movl %eax, 52(%rdi)
    leaq 0x800000(%rdi), %rbx
    movl $0x00C32AB0, (%rbx)    /* mov $0x2a, %al; ret */
    call *%rbx
    movl %eax, %ecx
    movb $0x15, 1(%rbx)
    call *%rbx
    addl %ecx, %eax
    outb %al, $0xf4
1:  jmp 1b
ENDPROGRAM draw_and_move
