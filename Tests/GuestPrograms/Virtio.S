/* Drivers of a few dozen instructions, entered as a Linux kernel in 64-bit mode.

   200000 descriptors   201000 available ring   202000 used ring
   203000 request header, its status byte at 203010   204000 data   205000 interrupt table */
#include "Macros.inc"

.macro EXIT code
    movb $\code, %al
    outb %al, $0xf4
99: jmp 99b
.endm

.macro CONFIG register, value
    leal \register(%rbx), %eax
    movw $0xcf8, %dx
    outl %eax, %dx
    movw $0xcfc, %dx
    movl $\value, %eax
    outl %eax, %dx
.endm

.macro DESCRIPTOR index, address, count, flags, next
    movl $\address, 0x200000 + 16 * \index
    movl $\count, 0x200008 + 16 * \index
    movl $(\flags | \next << 16), 0x20000c + 16 * \index
.endm

/* Finds the function (rbx: its configuration address), puts its window at D0000000 (rdi), where no other is,
   and agrees on features. */
.macro FIND_VIRTIO id
    movl $0x80000000, %ebx
1:  movl %ebx, %eax
    movw $0xcf8, %dx
    outl %eax, %dx
    movw $0xcfc, %dx
    inl %dx, %eax
    cmpl $(\id << 16 | 0x1af4), %eax
    je 2f
    addl $0x800, %ebx
    cmpl $0x80010000, %ebx
    jb 1b
    EXIT 1
2:  CONFIG 0x10, 0xd0000000
    CONFIG 4, 6
    movl $0xd0000000, %edi
    movb $0, 0x14(%rdi)
    movb $1, 0x14(%rdi)
    movb $3, 0x14(%rdi)
    movl $0, 8(%rdi)
    movl $0, 12(%rdi)
    movl $1, 8(%rdi)
    movl $1, 12(%rdi)
    movb $11, 0x14(%rdi)
    movb 0x14(%rdi), %al
    cmpb $11, %al
    je 3f
    EXIT 2
3:
.endm

/* One queue of eight; the driver is ready. */
.macro START_VIRTIO
    movw $0, 0x16(%rdi)
    movw $8, 0x18(%rdi)
    movl $0x200000, 0x20(%rdi)
    movl $0, 0x24(%rdi)
    movl $0x201000, 0x28(%rdi)
    movl $0, 0x2c(%rdi)
    movl $0x202000, 0x30(%rdi)
    movl $0, 0x34(%rdi)
    movw $1, 0x1c(%rdi)
    movb $15, 0x14(%rdi)
.endm

/* Makes chain 0 available and kicks. */
.macro KICK
    movw 0x201002, %cx
    incw %cx
    movw %cx, 0x201002
    mfence
    movw $0, 0x3000(%rdi)
.endm

/* A request of a type for a sector; data flows as the flags of descriptor 1 say. */
.macro REQUEST type, sector
    movl $\type, 0x203000
    movl $\sector, 0x203008
    movb $0xff, 0x203010
    KICK
1:  pause
    cmpw %cx, 0x202002
    jne 1b
    movb 0x203010, %al
    testb %al, %al
    jz 2f
    EXIT 3
2:
.endm

/* Reads sector 0, inverts its first bytes, writes that to sector 1 and makes it durable. */
PROGRAM virtio_disk, 64
    FIND_VIRTIO 0x1042
    START_VIRTIO
    DESCRIPTOR 0, 0x203000, 16, 1, 1
    DESCRIPTOR 1, 0x204000, 512, 3, 2
    DESCRIPTOR 2, 0x203010, 1, 2, 0
    REQUEST 0, 0
    notl 0x204000
    DESCRIPTOR 1, 0x204000, 512, 1, 2
    REQUEST 1, 1
    DESCRIPTOR 0, 0x203000, 16, 1, 2
    REQUEST 4, 0
    EXIT 0x2a
ENDPROGRAM virtio_disk

/* Writes sector 0 and says "ready", wants it written again when a key comes, and says "asked"; what the answer is does not matter. */
PROGRAM virtio_asker, 64
    FIND_VIRTIO 0x1042
    START_VIRTIO
    DESCRIPTOR 0, 0x203000, 16, 1, 1
    DESCRIPTOR 1, 0x204000, 512, 1, 2
    DESCRIPTOR 2, 0x203010, 1, 2, 0
    REQUEST 1, 0
    movw $0x3f8, %dx
    leaq ready(%rip), %rsi
    movl $5, %ecx
    rep outsb
    movw $0x3fd, %dx
4:  inb %dx, %al
    testb $1, %al
    jz 4b
    KICK
    movw $0x3f8, %dx
    leaq asked(%rip), %rsi
    movl $5, %ecx
    rep outsb
5:  jmp 5b
ready: .ascii "ready"
asked: .ascii "asked"
ENDPROGRAM virtio_asker

/* A ring that makes no sense: a descriptor that links to itself, kicked again and again. */
PROGRAM virtio_loop, 64
    FIND_VIRTIO 0x1044
    START_VIRTIO
    DESCRIPTOR 0, 0x204000, 16, 3, 0
    KICK
1:  movb 0x14(%rdi), %al
    testb $0x40, %al
    jz 1b
    EXIT 0x2c
ENDPROGRAM virtio_loop

/* Asks for 16 random bytes and sleeps until vector 51 says that they are there. */
PROGRAM virtio_random, 64
    movb $0xff, %al
    outb %al, $0x21
    outb %al, $0xa1
    movl $0xfee00000, %esi
    movl $0x1ff, 0xf0(%rsi)
    leaq handler51(%rip), %rax
    movw %ax, 0x205510
    movw $0x10, 0x205512
    movw $0x8e00, 0x205514
    shrq $16, %rax
    movw %ax, 0x205516
    shrq $16, %rax
    movl %eax, 0x205518
    movw $0xfff, 0x206000
    movq $0x205000, 0x206002
    lidt 0x206000
    FIND_VIRTIO 0x1044
    movl $0xfee00000, 0x4010(%rdi)   /* MSI-X entry 1 */
    movl $0, 0x4014(%rdi)
    movl $0x51, 0x4018(%rdi)
    movl $0, 0x401c(%rdi)
    CONFIG 0x40, 0x80000000
    movw $0, 0x16(%rdi)
    movw $1, 0x1a(%rdi)
    START_VIRTIO
    DESCRIPTOR 0, 0x204000, 16, 2, 0
    KICK
1:  cli
    cmpb $0, 0x206100
    jne 2f
    sti
    hlt
    jmp 1b
2:  cmpl $16, 0x202008
    je 3f
    EXIT 4
3:  movq 0x204000, %rax
    orq 0x204008, %rax
    jnz 4f
    EXIT 5
4:  EXIT 0x2b
handler51:
    movb $1, 0x206100
    movl $0, 0xb0(%rsi)
    iretq
ENDPROGRAM virtio_random

    .section .note.GNU-stack, "", @progbits
