/* A fault in the firmware itself: say so and stop. The 32 gates need no return, so one stub counts them. */

    .section .text.exceptions, "ax"
    .code32
    .globl exceptions
exceptions:
    .rept 32
    call 1f
    .balign 8, 0x90
    .endr
1:  popl %eax
    subl $exceptions, %eax
    shrl $3, %eax
    movl (%esp), %edx           /* the error code or EIP, whichever this vector has on top */
    movl 4(%esp), %ecx
    pushl %ecx
    pushl %edx
    pushl %eax
    call firmware_fault
2:  hlt
    jmp 2b

    .section .rodata.tables, "a"
    .balign 8
idt:
    .set vector, 0
    .rept 32
    .word __exceptions_low + vector * 8
    .word 0x10
    .word 0x8E00
    .word 0x000F
    .set vector, vector + 1
    .endr
idt_end:
    .globl idt_pointer
idt_pointer:
    .word idt_end - idt - 1
    .long idt

    .section .note.GNU-stack, "", @progbits
