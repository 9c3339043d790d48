/* From the reset vector to Swift: real mode at the top of 4 GiB, then flat 32-bit code in shadow RAM. */

    .section .text.start, "ax"
    .code16
    .globl reset
reset:
    cli
    cld
    /* CS is still based at 0xFFFF0000, so only offsets into the segment work here. */
    movl $boot_gdt_pointer - 0xF0000, %ebx
    lgdtl %cs:(%bx)
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $0x10, $(shadow + 0xFFF00000)

    .code32
shadow:
    movw $0x18, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    /* 0xC0000 to 0xFFFFF become RAM (the memory controller's PAM registers); this code runs from the ROM above. */
    movl $0x80000090, %eax
    movw $0xCF8, %dx
    outl %eax, %dx
    movw $0xCFC, %dx
    movl $0x33333330, %eax
    outl %eax, %dx
    movl $0x80000094, %eax
    movw $0xCF8, %dx
    outl %eax, %dx
    movw $0xCFC, %dx
    movl $0x00333333, %eax
    outl %eax, %dx
    movl $0xFFFF0000, %esi
    movl $0xF0000, %edi
    movl $0x4000, %ecx
    rep movsl
    ljmpl $0x10, $start

start:
    lgdtl gdt_pointer
    lidtl idt_pointer
    movl $__stack_top, %esp
    movl $__data_load, %esi
    movl $__data_start, %edi
    movl $__data_words, %ecx
    rep movsl
    xorl %eax, %eax
    movl $__bss_start, %edi
    movl $__bss_words, %ecx
    rep stosl
    call firmware_start
    /* It never returns. */
1:  hlt
    jmp 1b

    .section .rodata.tables, "a"
    .balign 8
    .globl gdt_pointer, gdt
gdt:
    .quad 0, 0
    /* Linux wants flat code at 10 and flat data at 18. Accessed bits are set: the first look is into ROM. */
    .quad 0x00CF9B000000FFFF    /* 10: flat code */
    .quad 0x00CF93000000FFFF    /* 18: flat data */
    .quad 0x00009B0F0000FFFF    /* 20: real-mode code in segment F000 */
    .quad 0x000093000000FFFF    /* 28: real-mode data */
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
boot_gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt + 0xFFF00000

    .section .reset, "ax"
    .code16
    .globl _start
_start:
    .byte 0xE9                  /* jmp rel16, backwards through the segment's end */
    .word __reset_distance
    .balign 16, 0x90

    .section .note.GNU-stack, "", @progbits
