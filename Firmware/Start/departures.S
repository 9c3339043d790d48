/* The ways out of the firmware: into a kernel, or back to real mode. */

    .section .text.services, "ax"
    .code32

/* enter_kernel(entry, eax, ebx, esi): flat 32-bit code, as Linux' boot protocol and Multiboot want it. */
    .globl enter_kernel
enter_kernel:
    movl 4(%esp), %edx
    movl 8(%esp), %eax
    movl 12(%esp), %ebx
    movl 16(%esp), %esi
    movw $0x18, %cx
    movw %cx, %ds
    movw %cx, %es
    movw %cx, %ss
    movl $0x7C00, %esp
    xorl %ebp, %ebp
    xorl %edi, %edi
    ljmpl $0x10, $1f
1:  jmpl *%edx

/* enter_real_mode(segment, offset, data segment, stack pointer, dx) */
    .globl enter_real_mode
enter_real_mode:
    movl 4(%esp), %eax
    movl 8(%esp), %ecx
    movl 12(%esp), %ebx
    movl 16(%esp), %esi
    movl 20(%esp), %edx
    lidtl real_idt_pointer
    movw $0x28, %di
    movw %di, %ds
    movw %di, %es
    movw %di, %fs
    movw %di, %gs
    movw %di, %ss
    ljmpl $0x20, $(1f - 0xF0000)
    .code16
1:  movl %cr0, %edi
    andl $~1, %edi
    movl %edi, %cr0
    ljmpl $0xF000, $(2f - 0xF0000)
2:  movw %bx, %ds
    movw %bx, %es
    movw %bx, %fs
    movw %bx, %gs
    movw %bx, %ss
    movzwl %si, %esp
    pushw $0x0202               /* flags: interrupts on */
    pushw %ax
    pushw %cx
    xorl %eax, %eax
    xorl %ebx, %ebx
    xorl %ecx, %ecx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %ebp, %ebp
    iretw

    .section .rodata.tables, "a"
    .balign 4
    .globl real_idt_pointer
real_idt_pointer:
    .word 0x3FF
    .long 0

    .section .note.GNU-stack, "", @progbits
