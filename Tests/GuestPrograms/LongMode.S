/* Guests that the host starts in 64-bit mode, with the tables of LongMode.swift. */
#include "Macros.inc"

/* Reports the qword at each address in rsi, rdi and r8. */
PROGRAM read_three, 64
    movl (%rsi), %eax
    outl %eax, $0xe4
    movl (%rdi), %eax
    outl %eax, $0xe4
    movl (%r8), %eax
    outl %eax, $0xe4
    STOP
ENDPROGRAM read_three

PROGRAM memory_widths, 64    /* rdi: device memory */
    movabsq $0x8877665544332211, %rax
    movb %al, (%rdi)
    movw %ax, 2(%rdi)
    movl %eax, 4(%rdi)
    movq %rax, 8(%rdi)
    movzbl 0x11(%rdi), %eax
    outl %eax, $0xe4
    movzwl 0x12(%rdi), %eax
    outl %eax, $0xe4
    movl 0x14(%rdi), %eax
    outl %eax, $0xe4
    movq 0x18(%rdi), %rax
    outl %eax, $0xe4
    shrq $32, %rax
    outl %eax, $0xe4
    STOP
ENDPROGRAM memory_widths

/* The CPUID lets whoever rings the bell run on a host that has one processor, and timers that do not interrupt guests, as Bochs' do not. */
PROGRAM ring_doorbell, 64    /* rdi: a doorbell in every width; then waits for a sign in RAM */
    movb $1, (%rdi)
    movw $2, (%rdi)
    movl $3, (%rdi)
1:  cpuid
    cmpl $0, 0x700
    je 1b
    STOP
ENDPROGRAM ring_doorbell

PROGRAM split_access, 64     /* rdi: the last four bytes of a page of device memory */
    movabsq $0x8877665544332211, %rax
    movq %rax, (%rdi)
    movq (%rdi), %rax
    outl %eax, $0xe4
    shrq $32, %rax
    outl %eax, $0xe4
    STOP
ENDPROGRAM split_access

PROGRAM high_memory, 64      /* rsi, rdi: two places above 4 GiB */
    movl $0x600df00d, %eax
    movq %rax, (%rsi)
    movl $0x12345678, %ecx
    movq %rcx, (%rdi)
    movq (%rsi), %rax
    outl %eax, $0xe4
    movq (%rdi), %rax
    outl %eax, $0xe4
    STOP
ENDPROGRAM high_memory

/* Silences the PIC, turns the local APIC (rdi) on and leads vector 0x41 to a handler. */
.macro EXPECT_MESSAGE handler
    movb $0xff, %al
    outb %al, $0x21
    outb %al, $0xa1
    movl $0xfee00000, %edi
    movl $0x1ff, 0xf0(%rdi)
    leaq \handler(%rip), %rax     /* gate 0x41 of the table at 0x3000 */
    movw %ax, 0x3410
    movw $0x10, 0x3412
    movw $0x8e00, 0x3414
    shrq $16, %rax
    movw %ax, 0x3416
.endm

/* Reports a byte and gives the sign in RAM that the program waits for. */
.macro HANDLER name, byte
\name:
    movb $\byte, %al
    outb %al, $0xe0
    movl $1, 0x700
    movl $0, 0xb0(%rdi)
    iretq
.endm

PROGRAM message_interrupt, 64
    EXPECT_MESSAGE handler1
    movb $0x41, %al
    outb %al, $0xec          /* the recorder sends a message with this vector */
    sti
1:  cmpl $0, 0x700
    je 1b
    STOP
    HANDLER handler1, 0x99
ENDPROGRAM message_interrupt

PROGRAM timer_pin, 64
    EXPECT_MESSAGE handler5
    movl $0xfec00000, %esi   /* the I/O APIC's pin 2: vector 0x41, for processor 0 */
    movl $0x15, (%rsi)
    movl $0, 0x10(%rsi)
    movl $0x14, (%rsi)
    movl $0x41, 0x10(%rsi)
    movb $1, %al
    outb %al, $0xea          /* the recorder raises its line */
    sti
1:  cmpl $0, 0x700
    je 1b
    STOP
    HANDLER handler5, 0x77
ENDPROGRAM timer_pin

/* A device that is served at the second interrupt only, and then asks once more. Reports each time that it asked: some
   KVMs end an interrupt as soon as they deliver it, and then one more comes from a device that is already served. */
PROGRAM level_line, 64
    EXPECT_MESSAGE handler6
    movl $0xfec00000, %esi   /* the I/O APIC's pin 5: vector 0x41, level-triggered, for processor 0 */
    movl $0x1b, (%rsi)
    movl $0, 0x10(%rsi)
    movl $0x1a, (%rsi)
    movl $0x8041, 0x10(%rsi)
    xorl %ebx, %ebx
    sti
1:  movb $1, %al
    movb %al, 0x700
    outb %al, $0xea          /* the recorder raises its line */
2:  cmpb $0, 0x700
    jne 2b
    cmpl $3, %ebx
    jb 1b
    STOP
handler6:
    cmpb $0, 0x700
    je 3f
    incl %ebx
    movl %ebx, %eax
    outb %al, $0xe0
    cmpl $1, %ebx
    je 3f
    movb $0, %al
    outb %al, $0xea          /* the recorder is served */
    movb %al, 0x700
3:  movl $0, 0xb0(%rdi)
    iretq
ENDPROGRAM level_line

PROGRAM hammer_chips, 64     /* ecx: how often any value goes anywhere in the I/O APIC and the PIC */
    movl $0xfec00000, %esi
    movl $0x2545f491, %eax
1:  imull $1664525, %eax, %eax
    addl $1013904223, %eax
    movl %eax, %edx
    shrl $26, %edx
    movl %edx, (%rsi)
    movl %eax, %edx
    andl $~0x700, %edx       /* as plain interrupts: an NMI or INIT would be the end of it */
    movl %edx, 0x10(%rsi)
    outb %al, $0x20
    outb %al, $0x21
    outb %al, $0xa0
    outb %al, $0xa1
    xorb $0xa5, %al
    outb %al, $0xea          /* the recorder's line goes up, mostly */
    decl %ecx
    jnz 1b
    STOP
ENDPROGRAM hammer_chips

PROGRAM start_second, 64
    movl $0xfee00000, %edi
    movl $0x1ff, 0xf0(%rdi)
    movl $0x01000000, 0x310(%rdi)
    movl $0x00004500, 0x300(%rdi)
    movl $200, %ecx
1:  pause
    decl %ecx
    jnz 1b
    movl $0x01000000, 0x310(%rdi)
    movl $0x00004608, 0x300(%rdi)
2:  movl 0x700, %eax
    testl %eax, %eax
    jz 2b
    outl %eax, $0xe4
    STOP
ENDPROGRAM start_second

/* What the second processor finds at 0x8000. */
PROGRAM second, 16
    xorw %ax, %ax
    movw %ax, %ds
    movw %cs, %ax
    outw %ax, $0xe0
    movl $0x2222, 0x700
1:  jmp 1b
ENDPROGRAM second

/* Sleeps as the second processor halts with interrupts off, and then wakes that one by a non-maskable interrupt. */
PROGRAM wake_deaf, 64
    EXPECT_MESSAGE handler9
    movl $0x01000000, 0x310(%rdi)
    movl $0x00004500, 0x300(%rdi)
    movl $0x00004608, 0x300(%rdi)
1:  cmpl $1, 0x700
    jne 1b
    movl $0x41, 0x320(%rdi)  /* the local timer: vector 0x41, once, in 0.6 seconds */
    movl $0xb, 0x3e0(%rdi)
    movl $600000000, 0x380(%rdi)
    sti
    hlt
    movl $0x01000000, 0x310(%rdi)
    movl $0x00004400, 0x300(%rdi)
2:  cmpl $2, 0x700
    jne 2b
    movb $0x4e, %al
    outb %al, $0xe0
    STOP
handler9:
    movl $0, 0xb0(%rdi)
    iretq
ENDPROGRAM wake_deaf

/* What the second processor finds at 0x8000. */
PROGRAM deaf, 16
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw $(1f - g_deaf + 0x8000), 0x8
    movw %ax, 0xa
    movw $0x7000, %sp
    movw %ax, %ss
    movl $1, 0x700
2:  hlt
    jmp 2b
1:  movl $2, 0x700
    iretw
ENDPROGRAM deaf

/* A software KVM knows none of these; reports the x87 control and status words, a sum and a count of bits. */
PROGRAM unemulated, 64
    fninit
    fwait
    fnstcw (%rsi)
    movzwl (%rsi), %eax
    outl %eax, $0xe4
    movl $40, (%rsi)
    fildl (%rsi)
    movl $2, (%rsi)
    fiaddl (%rsi)
    fistpl (%rsi)
    fwait
    movl (%rsi), %eax
    outl %eax, $0xe4
    movl $0xf00f, %ebx
    popcntl %ebx, %eax
    outl %eax, $0xe4
    STOP
ENDPROGRAM unemulated

/* Nothing that the software processor has either. */
PROGRAM unknown, 64
    .byte 0xc5, 0xf8, 0x77    /* vzeroupper */
    STOP
ENDPROGRAM unknown


/* Is stopped and moved at each write to a port, a hundred times. It adds up in XMM registers, has an interrupt pending for
   a while, and halts once. Reports the sum, DR1, LSTAR and the base of GS. */
PROGRAM moving, 64
    EXPECT_MESSAGE handler7
    movl $0xc0000101, %ecx
    movl $0x1234, %eax
    xorl %edx, %edx
    wrmsr
    xorl %ebx, %ebx
    movq %rbx, %xmm0
1:  movl %ebx, %eax
    movq %rax, %xmm1
    paddq %xmm1, %xmm0
    outb %al, $0xe0
    cmpl $30, %ebx
    jne 2f
    movb $0x41, %al
    outb %al, $0xec          /* pending from here, as interrupts are off */
2:  cmpl $40, %ebx
    jne 3f
    movl $0, 0x700
    sti
6:  cmpl $0, 0x700
    je 6b
    cli
3:  cmpl $50, %ebx
    jne 4f
    xorl %eax, %eax
    movl %eax, 0x700
    outb %al, $0xe2          /* whoever reads this sends an interrupt when the processor is halted */
5:  sti
    hlt
    cli
    cmpl $0, 0x700
    je 5b
4:  incl %ebx
    cmpl $100, %ebx
    jb 1b
    movq %xmm0, %rax
    outl %eax, $0xe4
    movq %dr1, %rax
    outl %eax, $0xe4
    movl $0xc0000082, %ecx
    rdmsr
    outl %eax, $0xe4
    movl $0xc0000101, %ecx
    rdmsr
    outl %eax, $0xe4
    STOP
    HANDLER handler7, 0x99
ENDPROGRAM moving

    .section .note.GNU-stack, "", @progbits
