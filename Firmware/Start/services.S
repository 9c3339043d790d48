/* Interrupts in real mode: each enters Swift with the caller's registers in memory, and returns by IRET. */

    .section .text.services, "ax"
    .code16

/* Vectors 00 to 1F, then 70 to 77, eight bytes each. */
    .globl interrupt_stubs
    .balign 8
interrupt_stubs:
    .set vector, 0
    .rept 40
    .balign 8, 0x90
    pushw $(vector + (vector >> 5) * 0x50)
    jmp enter
    .set vector, vector + 1
    .endr

/* What firmware_service sees: es ds edi esi ebp esp ebx edx ecx eax vector ip cs flags. */
enter:
    pushal
    pushw %ds
    pushw %es
    cld
again:
    cli
    movw %ss, %si
    movzwl %sp, %ebx
    movzwl %si, %eax
    shll $4, %eax
    addl %ebx, %eax
    movl $gdt_pointer - 0xF0000, %ecx
    lgdtl %cs:(%ecx)
    movl $idt_pointer - 0xF0000, %ecx
    lidtl %cs:(%ecx)
    movl %cr0, %ecx
    orb $1, %cl
    movl %ecx, %cr0
    ljmpl $0x10, $1f
    .code32
1:  movw $0x18, %cx
    movw %cx, %ds
    movw %cx, %es
    movw %cx, %ss
    movl $__stack_top, %esp
    pushl %esi                  /* the caller's stack, which C functions preserve in these two registers */
    pushl %ebx
    pushl %eax
    call firmware_service
    addl $4, %esp
    popl %ebx
    popl %esi
    lidtl real_idt_pointer
    movw $0x28, %cx
    movw %cx, %ds
    movw %cx, %es
    movw %cx, %ss
    ljmpl $0x20, $(2f - 0xF0000)
    .code16
2:  movl %cr0, %ecx
    andl $~1, %ecx
    movl %ecx, %cr0
    ljmpl $0xF000, $(3f - 0xF0000)
3:  movw %si, %ss
    movl %ebx, %esp
    testb %al, %al
    jz 4f
    /* The answer is not there yet: sleep until something happens, then ask again. */
    sti
    hlt
    jmp again
4:  popw %es
    popw %ds
    popal
    addw $2, %sp
    iretw

/* IRQ 0, 18.2 times a second: the clock in the BIOS data area, then the hook for programs. */
    .globl interrupt_tick
interrupt_tick:
    pushw %ds
    pushl %eax
    xorw %ax, %ax
    movw %ax, %ds
    incl 0x46C
    cmpl $0x1800B0, 0x46C
    jb 1f
    movl $0, 0x46C
    movb $1, 0x470
1:  int $0x1C
    movb $0x20, %al
    outb %al, $0x20
    popl %eax
    popw %ds
    .globl interrupt_return
interrupt_return:
    iretw

    .section .rodata.tables, "a"
/* INT 15h AH=C0: an AT with two interrupt controllers, a clock and an extended BIOS data area. */
    .globl system_configuration, diskette_parameters
system_configuration:
    .word 8
    .byte 0xFC, 0, 1, 0x64, 0, 0, 0, 0
/* Boot sectors copy and change these, whatever they boot from. */
diskette_parameters:
    .byte 0xDF, 0x02, 0x25, 0x02, 0x12, 0x1B, 0xFF, 0x6C, 0xF6, 0x0F, 0x08

/* The letters of code page 437, as the display model draws them. */
    .globl font
    .balign 16
font:
    .incbin "font.bin"

    .section .note.GNU-stack, "", @progbits
